"""Weights in packages of the index: their data files are read, their code is never imported."""

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest


def data_file(package, name):
    """The path of a file of a package; the test is skipped where that is not installed."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed: see tests/parity/pretrained-requirements.txt")
    (found,) = [file for file in files if file.match(name)]
    return Path(str(found.locate()))


def assert_layers_close(found, expected):
    """Compares the outputs of layers; what is absolutely tolerated is small beside their size."""
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        ours, theirs = np.asarray(ours, np.float32), theirs.float().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


def error_of(found, exact):
    """The root of the mean squared difference, relative to the size of the exact values."""
    found, exact = np.asarray(found, np.float64), np.asarray(exact, np.float64)
    return np.sqrt(np.mean((found - exact) ** 2) / np.mean(exact**2))
