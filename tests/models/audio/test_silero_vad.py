"""Silero's detector with random weights: whole sounds, streams, and what cannot be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import SileroVAD


def filled(rate):
    """The model with random values, which takes no compilation."""
    model = SileroVAD(rate)
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()).eval())
    rng = np.random.default_rng(0)
    draw = lambda leaf: jnp.asarray(rng.normal(size=leaf.shape).astype(np.float32) / 8)  # noqa: E731
    return jax.tree.map(draw, shapes)


@pytest.fixture(scope="module")
def model():
    return filled(16000)


def sound(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32) / 4


whole = jax.jit(lambda model, wave: model(wave))


@jax.jit
def step(model, chunk):
    probability = model.stream(chunk)
    return model, probability


def test_initialization_and_shapes():
    model = SileroVAD()
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    # The file has 309,633 numbers: of its two biases of the LSTM cell, only the sum is here.
    assert jm.num_parameters(shapes) == 309_633 - 512
    assert SileroVAD.preset("8k").chunk_size == 256 and SileroVAD.preset("16k").context_size == 64


@pytest.mark.slow
@pytest.mark.parametrize("batch", [(), (2,)])
def test_a_stream_is_the_whole_in_parts(model, batch):
    wave = sound(*batch, 1100)
    expected = whole(model, wave)
    assert expected.shape == (*batch, 3)
    padded = np.concatenate([wave, np.zeros((*batch, 436), np.float32)], axis=-1)
    streaming = model.start_stream(batch)
    for i in range(3):
        streaming, found = step(streaming, padded[..., i * 512 : (i + 1) * 512])
        np.testing.assert_allclose(found, expected[..., i], rtol=1e-4, atol=1e-6)
    # Another sound begins anew, and the model itself has seen nothing.
    again = step(streaming.start_stream(batch), padded[..., :512])[1]
    np.testing.assert_allclose(again, expected[..., 0], rtol=1e-4, atol=1e-6)
    assert model.context is None


def test_no_chunk_sees_what_comes_later(model):
    wave = sound(1536)
    changed = np.concatenate([wave[:1024], sound(1536)[:512] + 1])
    np.testing.assert_allclose(
        whole(model, wave)[:2], whole(model, changed)[:2], rtol=1e-5, atol=1e-7
    )


@pytest.mark.slow
def test_silence_has_finite_gradients(model):
    wave = np.concatenate([np.zeros((2, 4, 64)), sound(2, 4, 512)], axis=-1, dtype=np.float32)
    wave[0] = 0
    gradient, spectrum = jax.grad(
        lambda x: (model.spectrum(x).sum(), model.spectrum(x)), has_aux=True
    )(wave)
    assert jnp.isfinite(gradient).all() and not spectrum[0].any() and (spectrum[1] > 0).any()


def test_the_state_of_a_stream_is_of_its_own_kind(model):
    streaming = model.start_stream(3)
    assert [leaf.shape for leaf in jax.tree.leaves(streaming.caches())] == [
        (3, 64), (3, 128), (3, 128)
    ]  # fmt: skip
    assert jm.equal(streaming.lstm, model.lstm) and model.carry is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda model: SileroVAD(44100), "`sample_rate` is 8000 or 16000 samples a second; got 44"),
        (lambda model: model.stream(sound(512)), "The stream was not started: `model = model.st"),
        (lambda model: model.start_stream(2).stream(sound(512)), r"the shape \(2, 512\); got \(51"),
        (lambda model: model.start_stream().stream(sound(500)), r"\(512,\); got \(500,\). Start a"),
        (lambda model: model(np.zeros(512, np.int16)), "`wave` must be floats.*int16.* by 32768"),
        (lambda model: model.start_stream().stream(np.zeros(512, np.int16)), "`chunk` must be flo"),
        (lambda model: SileroVAD.preset("44k"), "SileroVAD has the presets '16k', '8k'; got '44k'"),
    ],
)
def test_mistakes(model, call, text):
    with pytest.raises((TypeError, ValueError, RuntimeError), match=text):
        call(model)
