"""A sound that is like speech: pulses of a voice, through the resonances of vowels."""

import numpy as np
from scipy.signal import lfilter

VOWELS = [(730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480)]


def speech(seconds, rate=16000, seed=0):
    """The sound, float32 `[samples]` between -1 and 1."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 2.5 * times)
    pulses = np.diff(np.floor(np.cumsum(pitch / rate)), prepend=0)
    source = lfilter([1], [1, -0.97], pulses) + rng.normal(size=len(times)) * 0.003
    syllable, sound = int(0.12 * rate), np.zeros(len(times))
    for begin in range(0, len(times), syllable):
        part = source[max(0, begin - rate // 10) : begin + syllable]
        count = len(source[begin : begin + syllable])
        for frequency, width in zip(VOWELS[rng.integers(4)], (80, 100, 140), strict=True):
            radius = np.exp(-np.pi * width / rate)
            angle = 2 * np.pi * frequency / rate
            part = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], part)
        sound[begin : begin + count] = part[-count:] * (0.3 + 0.7 * np.hanning(count))
    return (sound / np.abs(sound).max() * 0.6).astype(np.float32)
