"""The features of sounds: where tones lie, how they are scaled, and lengths."""

import numpy as np
import pytest

import jax_metrics as jm

TIME = np.arange(1600) / 16_000


def features(samples, **options):
    return np.asarray(jm.models.log_mel_spectrogram(samples, length=1600, **options))


def test_a_tone_lies_in_its_band():
    tones = np.stack([np.sin(2 * np.pi * hertz * TIME) for hertz in (300, 1000, 4000)])
    found = features(tones)
    assert found.shape == (3, 10, 80) and found.dtype == np.float32
    # Up to 1000 Hz the bands have the same width; 80 bands share 0 to 45.2 mel.
    bands = found[:, 5].argmax(-1)
    mels = [300 * 3 / 200, 15, 15 + 27 * np.log(4) / np.log(6.4)]
    expected = np.array(mels) / (15 + 27 * np.log(8) / np.log(6.4)) * 81 - 1
    np.testing.assert_allclose(bands, expected, atol=1)


@pytest.mark.slow
def test_the_range_is_two_and_doubling_adds_log10_4_over_4():
    noise = np.random.default_rng(0).normal(size=1600).astype(np.float32) * 0.1
    found = features(noise)
    np.testing.assert_allclose(features(2 * noise) - found, np.log10(4) / 4, atol=1e-4)
    tone = np.sin(2 * np.pi * 1000 * TIME)
    assert np.ptp(features(tone)) == pytest.approx(2, abs=1e-5)
    # Each sound of a batch has its own loudest band.
    both = features(np.stack([tone, tone / 10]))
    assert np.ptp(both, axis=(1, 2)) == pytest.approx([2, 2], abs=1e-4)


def test_silence_and_lengths():
    np.testing.assert_array_equal(features(np.zeros(10)), np.full((10, 80), -1.5, np.float32))
    long = np.sin(2 * np.pi * 500 * np.arange(3200) / 16_000)
    np.testing.assert_array_equal(features(long), features(long[:1600]))
    assert jm.models.log_mel_spectrogram(long, length=None, num_mels=9).shape == (20, 9)
    with pytest.raises(ValueError, match=r"more than 200 samples, half a window; got shape \(9,\)"):
        jm.models.log_mel_spectrogram(np.zeros(9), length=None)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.int32, np.bool_, np.complex64])
def test_samples_on_another_scale(dtype):
    with pytest.raises(TypeError, match=f"`samples` must be .*; got {np.dtype(dtype)}.*by 32768"):
        features(np.zeros(512, dtype))
