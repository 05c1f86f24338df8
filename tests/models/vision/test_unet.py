"""U-Net: sizes of the paper, padding, modes, and surgery."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

IMAGES = np.random.default_rng(0).normal(size=(2, 11, 13, 2)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "parameters"),
    [("original", 388, 31_030_658), ("same_size", 572, 31_036_546)],
)
def test_presets(name, size, parameters):
    """The paper's network maps 572 x 572 pixels to 388 x 388."""
    model, image = jm.models.UNet.preset(name), jnp.zeros((1, 572, 572, 1))
    model, logits = jax.eval_shape(lambda: (lambda m: (m, m.eval()(image)))(model.init(0, image)))
    assert logits.shape == (1, size, size, 2)
    assert jm.num_parameters(model) == parameters


@pytest.fixture(scope="module")
def model():
    return jm.models.UNet(3, width=4, depth=2).init(0, IMAGES)


@jax.jit
def step(model, images):
    features = model.features(images)
    logits = model(images)
    return model, features, logits


@pytest.mark.slow
def test_the_output_has_the_size_of_the_input(model):
    trained, features, logits = step(model, IMAGES)
    assert features.shape == (2, 11, 13, 4) and logits.shape == (2, 11, 13, 3)
    norm = trained.features.down[0][1]
    assert not jnp.allclose(norm.mean, model.features.down[0][1].mean)
    still, _, after = step(trained.eval(), IMAGES)
    assert jm.equal(still, trained.eval()) and not np.allclose(after, logits)


@pytest.mark.parametrize(("depth", "smallest"), [(1, 18), (2, 44), (4, 188)])
def test_the_smallest_images(depth, smallest):
    model = jm.models.UNet(2, width=2, depth=depth, padding="VALID", norm=None)
    assert model.smallest_size() == smallest
    (image,) = model.example_inputs().args
    logits = jax.eval_shape(lambda x: model.init(0, x)(x), image)
    assert logits.shape[0] == 1 and min(logits.shape[1:3]) in (1, 2, 4)
    assert jm.models.UNet(2, width=2, depth=depth).smallest_size() == 2**depth


@pytest.mark.slow
def test_another_head_and_other_norms(model):
    head = jm.Conv(7, (1, 1)).init(1, jnp.zeros((1, 1, 1, 4)))
    shape = jax.eval_shape(lambda m, x: m.eval()(x), model.replace(head=head), IMAGES).shape
    assert shape == (2, 11, 13, 7)
    grouped = jm.models.UNet(None, width=4, depth=1, norm=lambda: jm.nn.GroupNorm(2))
    assert jax.eval_shape(lambda x: grouped.init(0, x)(x), IMAGES).shape == (2, 11, 13, 4)


@pytest.mark.slow
def test_gradients_are_finite(model):
    gradients, _ = jax.jit(jm.grad(lambda model, x: (model(x) ** 2).mean()))(model, IMAGES)
    leaves = jax.tree.leaves(gradients.parameters())
    assert all(np.isfinite(leaf).all() and np.abs(leaf).max() > 0 for leaf in leaves)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jm.models.UNet(2, padding="same"), "'SAME' or 'VALID' for `padding`; got 'same'"),
        (lambda: jm.models.UNet(2, depth=0), "`depth` of at least 1; got 0"),
        (
            lambda: jm.models.UNet(2, depth=2, padding="VALID").init(0, IMAGES),
            r"44 x 44 pixels and more; got \(2, 11, 13, 2\)",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
