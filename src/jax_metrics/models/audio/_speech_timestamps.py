"""Start and end of speech, from the probabilities of chunks."""

from typing import Any, NamedTuple

import numpy as np


class Speech(NamedTuple):
    """A segment of audio with speech: `wave[start:end]`."""

    start: int
    end: int


def speech_timestamps(
    probabilities: Any,
    *,
    sample_rate: int = 16000,
    samples: int | None = None,
    threshold: float = 0.5,
    margin: float = 0.15,
    min_speech: float = 0.25,
    min_silence: float = 0.1,
    padding: float = 0.03,
) -> list[Speech]:
    """The segments of audio with speech, as sample positions.

    Speech starts with a chunk at or above the threshold. It ends where the probability falls more
    than a margin below the threshold, and does not reach the threshold again within `min_silence`.

    Args:
        probabilities: The output of `SileroVAD` for one recording, shape `[chunks]`.
        sample_rate: That of the model.
        samples: The length of the recording; None: that of all chunks.
        threshold: The probability at or above which a chunk is speech.
        margin: How far below the threshold speech ends, but not below a probability of 0.01.
        min_speech: Seconds; shorter segments are dropped.
        min_silence: Seconds; shorter pauses are part of the speech.
        padding: Seconds to add on both sides, where there is room.

    Raises:
        ValueError: If the probabilities have another shape, or the rate is not supported.

    Example:
        >>> import jax_metrics as jm
        >>> probabilities = [0.1] * 10 + [0.9] * 20 + [0.1] * 10
        >>> jm.models.speech_timestamps(probabilities, padding=0.0)
        [Speech(start=5120, end=15360)]
    """
    values = np.asarray(probabilities, np.float64)
    if values.ndim != 1:
        raise ValueError(
            f"`probabilities` are those of one sound, shape [chunks]; got shape {values.shape}."
        )
    if sample_rate not in (8000, 16000):
        raise ValueError(f"`sample_rate` is 8000 or 16000 samples a second; got {sample_rate}.")
    chunk = sample_rate * 32 // 1000
    length = len(values) * chunk if samples is None else samples
    low = max(threshold - margin, 0.01)  # as the original has it; no probability is below 0
    found = _parts(values, threshold, low, min_silence * sample_rate / chunk)
    parts = [(begin * chunk, min(end * chunk, length)) for begin, end in found]
    parts = [(begin, end) for begin, end in parts if end - begin > min_speech * sample_rate]
    return _padded(parts, int(padding * sample_rate), length)


def _parts(values: np.ndarray, high: float, low: float, pause: float) -> list[tuple[int, int]]:
    """Begins and ends of speech, as numbers of chunks."""
    found: list[tuple[int, int]] = []
    begin = end = None
    for position, value in enumerate(values):
        if value >= high:
            begin, end = position if begin is None else begin, None
        elif begin is not None and value < low:
            end = position if end is None else end
            if position - end >= pause:
                found.append((begin, end))
                begin = end = None
    if begin is not None:
        found.append((begin, len(values)))
    return found


def _padded(parts: list[tuple[int, int]], room: int, length: int) -> list[Speech]:
    """The parts with room on both sides; two neighbours share what is between them."""
    found = []
    for index, (begin, end) in enumerate(parts):
        before = parts[index - 1][1] if index else None
        after = parts[index + 1][0] if index + 1 < len(parts) else None
        left = begin if before is None else (begin - before) - (begin - before) // 2
        right = length - end if after is None else (after - end) // 2
        found.append(Speech(begin - min(room, left), end + min(room, right)))
    return found
