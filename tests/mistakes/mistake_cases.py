"""What the tables of mistakes share: a model, inputs, and how a row is checked."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((4, 3))
WIDE = jnp.ones((4, 7))
IMAGES = jnp.ones((1, 4, 4, 3))
SEQUENCE = jnp.ones((2, 5, 4))


class Net(jm.Module):
    """A model with state, made in the usual way."""

    def __init__(self):
        self.layers = [jm.Linear(2), jm.BatchNorm()]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def sequential() -> Any:
    return jm.Sequential(jm.Linear(2), jax.nn.relu).init(0, X)


class Mistake(NamedTuple):
    """A mistake, and four parts of what is told: an empty one is in the line that raises."""

    title: str
    make: Callable[[], Any]
    kind: type
    expected: str
    received: str
    where: str
    remedy: str


def ids(rows: Any) -> list[str]:
    names = (getattr(row[0], "__name__", "") for row in rows)
    return [name.replace("<lambda>", "call") for name in names]


def assert_told(mistake: Any, kind: type, text: str) -> None:
    """Makes a mistake; a warning must be located in these files."""
    if issubclass(kind, Warning):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            mistake()
        found = [w for w in told if issubclass(w.category, kind) and text in str(w.message)]
        assert found, [str(w.message) for w in told]
        assert Path(found[0].filename).parent == Path(__file__).parent
    else:
        with pytest.raises(kind, match=re.escape(text)):
            mistake()
