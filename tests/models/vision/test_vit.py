"""ViT: sizes, presets, modes, surgery, and other image sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

IMAGES = np.random.default_rng(0).normal(size=(2, 8, 12, 3)).astype(np.float32)
SIZES = {"width": 8, "num_layers": 2, "num_heads": 2, "patch_size": 4, "image_size": (8, 12)}


@jax.jit
def outputs(model, images):
    return model.features(images), model(images)


@pytest.fixture(scope="module")
def model():
    return jm.models.ViT(**SIZES, num_classes=5).init(0, IMAGES).eval()


# The papers round to millions; these are the numbers of transformers and torchvision.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("vit_ti_16", 5_717_416),
        pytest.param("vit_s_16", 22_050_664, marks=pytest.mark.slow),
        pytest.param("vit_b_16", 86_567_656, marks=pytest.mark.slow),
        pytest.param("vit_b_32", 88_224_232, marks=pytest.mark.slow),
        pytest.param("vit_l_16", 304_326_632, marks=pytest.mark.slow),
        pytest.param("vit_l_32", 306_535_400, marks=pytest.mark.slow),
        pytest.param("vit_h_14", 632_045_800, marks=pytest.mark.slow),
    ],
)
def test_numbers_of_parameters(name, parameters):
    model = jm.models.ViT.preset(name)
    model = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(model) == parameters


@pytest.mark.slow
def test_shapes_and_the_class_token(model):
    tokens, logits = outputs(model, IMAGES)
    assert tokens.shape == (2, 1 + 2 * 3, 8) and logits.shape == (2, 5)
    np.testing.assert_allclose(logits, model.head(tokens[:, 0]), rtol=1e-5, atol=1e-6)
    assert model.features.class_token.shape == (8,)
    # The patches are read row by row, and each counts.
    other = IMAGES.copy()
    other[:, 4:, 8:] += 1
    changed = outputs(model, other)[0]
    assert not np.allclose(changed, tokens, atol=1e-3)


@pytest.mark.slow
def test_the_mean_of_the_patches_and_a_representation():
    model = jm.models.ViT(
        **SIZES, num_classes=None, pooling="mean", representation_features=6
    ).init(0, IMAGES)
    tokens, vectors = outputs(model.eval(), IMAGES)
    expected = jnp.tanh(model.representation(tokens[:, 1:].mean(1)))
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-6)
    assert vectors.shape == (2, 6)


@pytest.mark.slow
def test_another_head(model):
    body = model.features
    new = model.replace(head=jm.Linear(3).init(1, jnp.zeros((1, 8))))
    assert new.features is body or jm.equal(new.features, body)
    assert outputs(new, IMAGES)[1].shape == (2, 3)
    frozen = new.replace(features=new.features.freeze())
    gradients = jm.grad(lambda model, x: (model(x) ** 2).mean())(frozen, IMAGES)[0]
    assert {leaf.shape for leaf in jax.tree.leaves(gradients.parameters())} >= {(8, 3), (3,)}


@pytest.mark.slow
def test_dropout_obeys_the_mode():
    model = jm.models.ViT(**SIZES, num_classes=5, dropout_rate=0.5).init(0, IMAGES)
    assert not np.allclose(model(IMAGES), model(IMAGES))
    still = model.eval()
    np.testing.assert_array_equal(outputs(still, IMAGES)[1], outputs(still, IMAGES)[1])


@pytest.mark.slow
def test_gradients_are_finite_and_reach_everything(model):
    loss = jax.jit(jm.grad(lambda model, x: (model(x) ** 2).mean()))
    gradients, _ = loss(model.train(), IMAGES)
    leaves = jax.tree.leaves(gradients.parameters())
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    # A bias of the keys has no effect: softmax ignores what all keys have in common.
    names = jm.state_dict(gradients.parameters())
    still = [name for name, leaf in names.items() if not np.abs(leaf).max() > 1e-9]
    assert all(name.endswith("key.bias") for name in still)


@pytest.mark.slow
def test_other_image_sizes(model):
    same = model.with_image_size((8, 12))
    np.testing.assert_allclose(outputs(same, IMAGES)[1], outputs(model, IMAGES)[1], rtol=1e-5)
    larger = model.with_image_size(16)
    assert larger.features.positions.embedding.shape == (17, 8)
    assert larger.features.image_size == (16, 16) and model.features.image_size == (8, 12)
    table, wide = model.features.positions.embedding, larger.features.positions.embedding
    np.testing.assert_array_equal(wide[0], table[0])
    grid = jax.image.resize(table[1:].reshape(2, 3, 8), (4, 4, 8), "cubic", antialias=False)
    np.testing.assert_allclose(wide[1:], grid.reshape(16, 8), rtol=1e-5, atol=1e-6)
    assert outputs(larger, np.zeros((1, 16, 16, 3), np.float32))[1].shape == (1, 5)
    with pytest.raises(ValueError, match="cuts an image into whole patches"):
        model.with_image_size(10)


@pytest.mark.slow
def test_computation_in_bfloat16():
    model = jm.models.ViT(**SIZES, num_classes=5, dtype=jnp.bfloat16).init(0, IMAGES)
    tokens, logits = jax.eval_shape(outputs, model, IMAGES)
    assert tokens.dtype == logits.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(model.parameters())} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jm.models.ViT.preset("vit_b_8"), "has the presets 'vit_ti_16', .*; got 'vit_b_8'"),
        (lambda: jm.models.ViT(8, 2, 2, image_size=30), r"whole patches; got `image_size` \(30, 3"),
        (lambda: jm.models.ViT(8, 2, 2, pooling="cls"), "'token' or 'mean' for `pooling`; got 'cl"),
        (
            lambda: jm.models.ViT(**SIZES).init(0, np.zeros((1, 8, 8, 3), np.float32)),
            r"made for images \[batch..., 8, 12, channels\]; got \(1, 8, 8, 3\). Pass",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_batch_of_no_images(model):
    features, logits = outputs(model, IMAGES[:0])
    assert features.shape[0] == 0 and logits.shape == (0, 5)
