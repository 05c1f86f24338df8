"""Silero's detector with its trained weights, and in torch as its layers are described."""

import jax
import numpy as np
import pytest
from pretrained_packages import assert_layers_close, data_file
from speech import speech

import jax_metrics as jm

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

CLOSE = {"rtol": 1e-4, "atol": 1e-6}
functional = torch.nn.functional


@pytest.fixture(scope="module")
def path():
    return data_file("silero-vad", "silero_vad_16k.safetensors")


def wave(rate=16000):
    silence = np.zeros(rate, np.float32)
    return np.concatenate([silence, speech(2, rate), silence, speech(1, rate, seed=1)])


def reference(weights, sound, rate):
    """Probabilities and the outputs of all layers, chunk by chunk, with the state carried on."""
    chunk, context = rate * 32 // 1000, rate * 4 // 1000
    sound = functional.pad(torch.tensor(sound), (context, -len(sound) % chunk))
    cell = torch.nn.LSTMCell(128, 128)
    cell.load_state_dict(
        {name[10:]: value for name, value in weights.items() if name.startswith("lstm_cell")}
    )
    state, probabilities, layers = None, [], []
    with torch.no_grad():
        for begin in range(0, len(sound) - context, chunk):
            x = sound[None, None, begin : begin + context + chunk]
            x = functional.pad(x, (0, context), mode="reflect")
            basis = weights["stft_conv.weight"]
            x = functional.conv1d(x, basis, stride=basis.shape[-1] // 2)
            real, imaginary = x.chunk(2, dim=1)
            outputs = [(real**2 + imaginary**2).sqrt()]
            for number, stride in enumerate((1, 2, 2, 1), 1):
                weight, bias = weights[f"conv{number}.weight"], weights[f"conv{number}.bias"]
                outputs.append(functional.conv1d(outputs[-1], weight, bias, stride, 1).relu())
            state = cell(outputs[-1][..., 0], state)
            x = functional.conv1d(
                state[0][..., None].relu(), weights["final_conv.weight"], weights["final_conv.bias"]
            )
            probabilities.append(x.sigmoid().item())
            layers.append(outputs)
    return np.array(probabilities), [torch.cat(one) for one in zip(*layers, strict=True)]


def random_weights(rate):
    generator = torch.Generator().manual_seed(0)
    window = rate * 16 // 1000
    shapes = {
        "stft_conv.weight": (window + 2, 1, window), "conv1.weight": (128, window // 2 + 1, 3),
        "conv2.weight": (64, 128, 3), "conv3.weight": (64, 64, 3), "conv4.weight": (128, 64, 3),
        "conv1.bias": (128,), "conv2.bias": (64,), "conv3.bias": (64,), "conv4.bias": (128,),
        "lstm_cell.weight_ih": (512, 128), "lstm_cell.weight_hh": (512, 128),
        "lstm_cell.bias_ih": (512,), "lstm_cell.bias_hh": (512,),
        "final_conv.weight": (1, 128, 1), "final_conv.bias": (1,),
    }  # fmt: skip
    return {
        name: torch.randn(shape, generator=generator) / max(1, np.prod(shape[1:])) ** 0.5
        for name, shape in shapes.items()
    }


# The package has no trained weights for 8 kHz in this form.
@pytest.mark.parametrize(("rate", "trained"), [(16000, True), (16000, False), (8000, False)])
def test_every_layer_and_the_probabilities(path, tmp_path, rate, trained):
    if not trained:
        path = tmp_path / "a.pth"
        torch.save(random_weights(rate), path)
    weights = safetensors.load_file(path) if trained else random_weights(rate)
    expected, layers = reference(weights, wave(rate), rate)
    model = jm.models.from_pretrained(path, jm.models.SileroVAD(rate))
    np.testing.assert_allclose(jax.jit(lambda m, x: m(x))(model, wave(rate)), expected, **CLOSE)

    chunk, context = model.chunk_size, model.context_size
    padded = np.pad(wave(rate), (context, -len(wave(rate)) % chunk))
    begins = np.arange(len(expected))[:, None] * chunk
    chunks = padded[begins + np.arange(context + chunk)]

    @jax.jit
    def outputs(model, chunks):
        # The frames of the transform are told by those that the encoder sees.
        found = [model.spectrum(chunks)]
        for conv in model.encoder:
            found.append(jax.nn.relu(conv(found[-1])))
        return found

    found = [np.moveaxis(x, -1, 1) for x in outputs(model, chunks)]
    assert_layers_close(found, layers)


def test_where_speech_is(path):
    model = jm.models.from_pretrained(path, jm.models.SileroVAD())
    sound = wave()
    found = jm.models.speech_timestamps(model(sound), samples=len(sound))
    assert len(found) == 2 and found[1].end == len(sound)
    np.testing.assert_allclose(np.array([part.start for part in found]), [16000, 64000], atol=2400)
    np.testing.assert_allclose(found[0].end, 48000, atol=4800)


def test_a_stream(path):
    model = jm.models.from_pretrained(path, jm.models.SileroVAD())
    sounds = np.stack([wave(), wave()[::-1]])

    @jax.jit
    def step(model, chunk):
        probability = model.stream(chunk)
        return model, probability

    streaming, found = model.start_stream(2), []
    for begin in range(0, sounds.shape[1] - 511, 512):
        streaming, probability = step(streaming, sounds[:, begin : begin + 512])
        found.append(probability)
    expected = model(sounds)[:, : len(found)]
    np.testing.assert_allclose(np.stack(found, axis=1), expected, **CLOSE)


def test_written_weights_are_those_that_were_read(path, tmp_path):
    model = jm.models.from_pretrained(path, jm.models.SileroVAD())
    jm.models.save_pretrained(model, tmp_path)
    written, read = (safetensors.load_file(p) for p in (tmp_path / "model.safetensors", path))
    assert written.keys() == read.keys()
    for name in read.keys() - {"lstm_cell.bias_ih", "lstm_cell.bias_hh"}:
        assert torch.equal(written[name], read[name])
    total = [one["lstm_cell.bias_ih"] + one["lstm_cell.bias_hh"] for one in (written, read)]
    assert torch.equal(*total)
