"""CLIP: sizes, the end of a text, vectors of length one, and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

IMAGES = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)
TOKENS = np.array([[1, 5, 9, 0], [1, 9, 0, 0]])


def make(**options):
    sizes = {
        "image_width": 8, "image_layers": 1, "image_heads": 2, "patch_size": 4, "image_size": 8,
        "text_width": 12, "text_layers": 2, "text_heads": 3, "vocabulary": 10, "max_length": 6,
    }  # fmt: skip
    return jm.models.CLIP(5, **sizes, **options).init(0, (IMAGES, TOKENS))


@pytest.fixture(scope="module")
def model():
    return make()


@jax.jit
def outputs(model, images, tokens):
    return model.encode_image(images), model.encode_text(tokens), model(images, tokens)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("vit-b-32", 151_277_313),
        pytest.param("vit-b-16", 149_620_737, marks=pytest.mark.slow),
        pytest.param("vit-l-14", 427_616_513, marks=pytest.mark.slow),
        pytest.param("vit-l-14-336", 427_944_193, marks=pytest.mark.slow),
    ],
)
def test_numbers_of_parameters(name, parameters):
    model = jm.models.CLIP.preset(name)
    model = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(model) == parameters


@pytest.mark.slow
def test_logits_are_scaled_cosines(model):
    image, text, logits = outputs(model, IMAGES, TOKENS)
    assert image.shape == (3, 5) and text.shape == (2, 5) and logits.shape == (3, 2)
    unit = model.encode_image(IMAGES, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-5)
    cosine = unit @ model.encode_text(TOKENS, normalize=True).T
    np.testing.assert_allclose(logits, cosine / 0.07, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_what_stands_behind_the_end_has_no_influence(model):
    other = np.array([[1, 5, 9, 7], [1, 9, 3, 2]])
    np.testing.assert_allclose(
        outputs(model, IMAGES, TOKENS)[1], outputs(model, IMAGES, other)[1], rtol=1e-5, atol=1e-6
    )
    named = make(end_token=5)  # the same parameters
    hidden = named.text(TOKENS[:1])
    np.testing.assert_array_equal(named.text.pool(hidden, TOKENS[:1]), hidden[:, 1])


@pytest.mark.slow
def test_gradients_reach_both_towers(model):
    def loss_fn(model, images, tokens):
        logits = model(images[:2], tokens)
        return jm.losses.crossentropy(jnp.arange(2), logits).mean()

    gradients, _ = jax.jit(jm.grad(loss_fn))(model, IMAGES, TOKENS)
    names = jm.state_dict(gradients.parameters())
    assert all(np.isfinite(leaf).all() for leaf in names.values())
    still = [name for name, leaf in names.items() if not np.abs(leaf).max() > 1e-9]
    assert all(name.endswith("key.bias") for name in still) and "logit_scale" in names


def test_a_tower_can_be_taken_out(model):
    classifier = jm.Sequential(model.image, jm.Lambda(lambda x: x[:, 0]), jm.Linear(4))
    head = jax.eval_shape(lambda x: classifier.init(0, x)(x), IMAGES)
    assert head.shape == (3, 4)


def test_a_text_that_is_too_long(model):
    with pytest.raises(ValueError, match="has 6 positions, from 0; got a sequence that goes to 6"):
        model.encode_text(np.zeros((1, 7), int))
