"""VAE: the bound, its parts as logs, samples, modes and training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

IMAGES = np.random.default_rng(0).uniform(size=(4, 8, 4, 1)).astype(np.float32)


def make(**options):
    return jm.models.VAE((8, 4, 1), latents=2, widths=(3, 4), **options).init(0, IMAGES)


@jax.jit
def call(model, images):
    output = model(images)
    return model, output


@pytest.mark.slow
def test_the_loss_is_in_the_logs():
    model, logits = call(make(beta=3.0), IMAGES)
    assert logits.shape == IMAGES.shape
    assert float(model.nll) == pytest.approx(-float(model.log_likelihood(IMAGES, logits).mean()))
    mean, log_variance = model.encode(IMAGES)
    kl = 0.5 * (mean**2 + jnp.exp(log_variance) - log_variance - 1).sum(-1)
    assert float(model.kl) == pytest.approx(3 * float(kl.mean()), rel=1e-5)
    logged = jm.metrics.AuxLosses(model)
    values = logged(aux_losses=model)
    assert {name: float(value) for name, value in values.items()} == pytest.approx(
        {"nll": float(model.nll), "kl": float(model.kl)}
    )
    assert float(logged.total_loss()) == pytest.approx(float(model.nll + model.kl))


@pytest.mark.slow
def test_training_samples_and_evaluation_does_not():
    model, first = call(make(), IMAGES)
    model, second = call(model, IMAGES)
    assert not np.allclose(first, second)
    for settled in (model.eval(), model.freeze()):
        still, third = call(settled, IMAGES)
        expected = still.decode(still.encode(IMAGES)[0])
        np.testing.assert_allclose(third, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_samples():
    images = make().sample(3, 5)
    assert images.shape == (5, 8, 4, 1) and 0 < images.min() and images.max() < 1
    np.testing.assert_array_equal(images, make().sample(jax.random.key(3), 5))
    assert make(likelihood="gaussian").sample(3, 5).shape == (5, 8, 4, 1)


@pytest.mark.slow
def test_the_bound_grows_with_the_samples():
    model = make(likelihood="gaussian").eval()
    bound = jax.jit(lambda model, x, key, n: model.elbo(x, key, num_samples=n), static_argnums=3)
    ones = np.mean([bound(model, IMAGES, i, 1) for i in range(20)], axis=0)
    mean, log_variance = model.encode(IMAGES)
    kl = 0.5 * (mean**2 + jnp.exp(log_variance) - log_variance - 1).sum(-1)
    # What the bound takes off is the divergence, in the mean over the latents.
    plain = model.log_likelihood(IMAGES, model.decode(mean)) - kl
    np.testing.assert_allclose(ones, plain, atol=1.0)
    assert (bound(model, IMAGES, 0, 200) >= ones - 0.05).all()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_nats_of_models_in_16_bits(dtype):
    """Of what the layers of 16 bits return, all that is added up is exact."""
    model = make(likelihood="gaussian", dtype=dtype, param_dtype=dtype)
    model.mean.bias, model.log_variance.bias = (jnp.array(x, dtype) for x in ([5, -9], [-3, 1]))
    model.log_deviation = jnp.array(-2.3, dtype)
    model.decoder[0].kernel *= 0  # what is decoded does not depend on the latents
    model, decoded = call(model.eval(), IMAGES)
    mean, log_variance, decoded, log_scale = (
        np.asarray(x, np.float64) for x in (*model.encode(IMAGES), decoded, model.log_deviation)
    )
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(-1)
    square = ((IMAGES - decoded) / np.exp(log_scale)) ** 2
    nll = (0.5 * square + log_scale + 0.5 * np.log(2 * np.pi)).sum((1, 2, 3))
    assert model.kl.dtype == model.nll.dtype == np.float32
    np.testing.assert_allclose([model.kl, model.nll], [kl.mean(), nll.mean()], rtol=1e-3)
    noise = np.float64(jax.random.normal(jax.random.split(jax.random.key(0), 1)[0], mean.shape))
    latents = mean + np.exp(log_variance / 2) * noise
    bound = 0.5 * (noise**2 - latents**2 + log_variance).sum(-1) - nll
    found = jax.jit(lambda model: model.elbo(IMAGES, 0))(model)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, bound, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_step_lowers_the_loss(likelihood):
    model = make(likelihood=likelihood)
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)

    @jax.jit
    def step(model, optimizer, images):
        def loss_fn(model, images):
            model(images)
            return model.nll + model.kl

        (loss, model), gradients = jm.value_and_grad(loss_fn)(model, images)
        return optimizer.update(gradients, model), optimizer, loss

    losses = []
    for _ in range(40):
        model, optimizer, loss = step(model, optimizer, IMAGES)
        losses.append(float(loss))
    assert np.isfinite(losses).all() and np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3


@pytest.mark.parametrize("name", jm.models.VAE.presets)
def test_presets(name):
    model = jm.models.VAE.preset(name)
    inputs = model.example_inputs()
    output = jax.eval_shape(lambda: model.init(0, inputs).eval()(*inputs.args))
    assert output.shape == (1, *model.image_shape)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: jm.models.VAE((8, 4, 1), latents=2, widths=(3, 4, 5)),
            r"3 `widths` .* divisible by 8; got the `image_shape` \(8, 4, 1\)",
        ),
        (
            lambda: jm.models.VAE((8, 4, 1), latents=2, likelihood="normal"),
            "'bernoulli' or 'gaussian' for `likelihood`; got 'normal'",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
