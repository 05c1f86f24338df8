"""Where speech begins and ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jax_metrics.models import speech_timestamps

CHUNK = 512


def chunks(found):
    return [(start / CHUNK, end / CHUNK) for start, end in found]


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([0.1] * 5 + [0.9] * 10 + [0.1] * 5, {}, [(5, 15)]),
        ([0.9] * 10, {}, [(0, 10)]),
        ([], {}, []),
        ([0.1] * 20, {}, []),
        ([0.5] * 10, {}, [(0, 10)]),
        # Between the threshold and the margin below it, speech goes on, but does not begin.
        ([0.4] * 5 + [0.9] * 8 + [0.4] * 7, {}, [(5, 20)]),
        ([0.9] * 8 + [0.4] * 7, {"margin": 0.05}, [(0, 8)]),
        # The end of speech is never below what a probability can reach.
        ([0.9] * 10 + [0.0] * 10, {"threshold": 0.15}, [(0, 10)]),
        ([0.9] * 10 + [0.005] * 10, {"threshold": 0.1, "margin": 0.5}, [(0, 10)]),
        ([0.9] * 10 + [0.02] * 10, {"threshold": 0.1}, [(0, 20)]),
        # A pause of 0.1 seconds is a little longer than three chunks.
        ([0.9] * 10 + [0.1] * 3 + [0.9] * 10, {}, [(0, 23)]),
        ([0.9] * 10 + [0.1] * 6 + [0.9] * 10, {}, [(0, 10), (16, 26)]),
        ([0.9] * 10 + [0.1] * 6 + [0.9] * 10, {"min_silence": 0.3}, [(0, 26)]),
        ([0.9] * 10 + [0.1] * 3 + [0.4] * 2 + [0.1] * 3, {}, [(0, 10)]),
        # Speech that is too short.
        ([0.1] * 9 + [0.9] * 4 + [0.1] * 9, {}, []),
        ([0.1] * 9 + [0.9] * 4 + [0.1] * 9, {"min_speech": 0.1}, [(9, 13)]),
        ([0.9] * 10, {"threshold": 0.95}, []),
    ],
)
def test_parts(values, options, expected):
    assert chunks(speech_timestamps(values, padding=0.0, **options)) == expected


def test_padding():
    values = [0.1] * 10 + [0.9] * 10 + [0.1] * 6 + [0.9] * 10 + [0.1] * 10
    assert chunks(speech_timestamps(values, padding=0.032)) == [(9, 21), (25, 37)]
    # Neighbours share what is between them, and nothing goes beyond the sound.
    assert chunks(speech_timestamps(values, padding=10.0)) == [(0, 23), (23, 46)]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_positions_of_samples(rate):
    found = speech_timestamps([0.9] * 10, sample_rate=rate, samples=9 * rate * 32 // 1000 + 7)
    assert found == [(0, 9 * rate * 32 // 1000 + 7)]


@given(
    arrays.arrays(np.float32, st.integers(0, 60), elements=st.floats(0, 1, width=32)),
    st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.5),
)  # fmt: skip
def test_parts_are_in_order_and_do_not_overlap(values, speech, silence, padding):
    found = speech_timestamps(values, min_speech=speech, min_silence=silence, padding=padding)
    edges = [edge for part in found for edge in part]
    assert edges == sorted(edges) and all(0 <= edge <= len(values) * CHUNK for edge in edges)
    covered = np.zeros(len(values) * CHUNK, bool)
    for start, end in found:
        assert end > start and not covered[start:end].any()
        covered[start:end] = True
    # Without a shortest part, each chunk at the threshold is in one.
    if speech == 0:
        assert covered.reshape(-1, CHUNK).all(axis=1)[values >= 0.5].all()


@pytest.mark.parametrize(
    ("values", "options", "text"),
    [
        (np.zeros((2, 3)), {}, r"those of one sound, shape \[chunks\]; got shape \(2, 3\)"),
        ([0.5], {"sample_rate": 44100}, "`sample_rate` is 8000 or 16000 samples a second; got 44"),
    ],
)
def test_mistakes(values, options, text):
    with pytest.raises(ValueError, match=text):
        speech_timestamps(values, **options)
