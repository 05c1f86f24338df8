"""Models that the mistakes are made with."""

import jax
import pytest
from mistake_cases import Net, X

import jax_metrics as jm


@pytest.fixture(scope="module")
def model():
    return Net().init(0, X)


@pytest.fixture(scope="module")
def sequential():
    return jm.Sequential(jm.Linear(2), jax.nn.relu).init(0, X)
