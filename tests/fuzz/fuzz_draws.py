"""Random numbers that are hard on a metric: ties, offsets, constants, extremes, few bits."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from fuzz_subject import ROWS, Generator

FLOATS = ("float32", "float32", "float32", "bfloat16", "float16", "float64")
INTEGERS = ("int32", "int32", "int64", "int8", "uint8", "int16", "uint32", "uint64")


def float_dtype(rng: Generator) -> Any:
    """A floating dtype; NumPy's float64 becomes float32 in JAX."""
    return jnp.dtype(str(rng.choice(FLOATS)))


def integer_dtype(rng: Generator) -> Any:
    """An integer dtype."""
    return np.dtype(str(rng.choice(INTEGERS)))


def as_dtype(values: Any, dtype: Any) -> np.ndarray:
    """The values in a dtype that JAX keeps: float64 only holds numbers of float32."""
    values = np.asarray(values)
    if jnp.issubdtype(dtype, jnp.floating):
        limit = float(jnp.finfo(jnp.float32 if dtype == np.float64 else dtype).max)
        finite = np.clip(values, -limit, limit)
        values = np.where(np.isinf(values), values, finite).astype(np.float32)
    if dtype == jnp.bfloat16:  # in a loop, XLA converts its denormal numbers to zeros in float32
        values = np.where(abs(values) < np.finfo(np.float32).tiny, 0, values)
    return values.astype(dtype)


def numbers(rng: Generator, *shape: int) -> np.ndarray:
    """Numbers of both signs, in float64."""
    normal = rng.normal(size=shape)
    kind = rng.integers(10)
    if kind == 0:
        return rng.integers(-3, 4, shape) / 2  # ties
    if kind == 1:
        return np.full(shape, rng.choice([0.0, -0.0, 1.0, 0.1, -1e6, 1e-30, 3e30]))
    if kind == 2:
        return normal + rng.choice([1e4, -1e6, 1e7])
    if kind == 3:
        return normal * 10.0 ** rng.integers(-18, 19)
    if kind == 4:
        return normal * 10.0 ** rng.integers(-30, 31)
    if kind == 5:
        return normal * 10.0 ** rng.integers(-8, 9, shape)  # of very different sizes
    if kind == 6:
        return np.where(rng.random(shape) < 0.7, rng.choice([0.0, -0.0, 1.0]), normal)
    return normal


def nearby(rng: Generator, values: np.ndarray) -> np.ndarray:
    """Predictions of these values: equal, close, or unrelated."""
    kind = rng.integers(6)
    if kind == 0:
        return values.copy()
    if kind == 1:
        return values * (1 + 1e-3 * rng.normal(size=values.shape))
    if kind == 2:
        return np.where(rng.random(values.shape) < 0.5, values, rng.permutation(values))
    if kind == 3:
        return rng.permutation(values)
    if kind == 4:
        return values + rng.normal(size=values.shape) * (np.abs(values).max() or 1)
    return numbers(rng, *values.shape)


def probabilities(rng: Generator, *shape: int) -> np.ndarray:
    """Numbers from 0 to 1."""
    kind = rng.integers(7)
    if kind == 0:
        return rng.integers(0, 5, shape) / 4
    if kind == 1:
        return np.full(shape, rng.choice([0.0, 0.25, 0.5, 1.0]))
    if kind == 2:
        return rng.beta(1, 200, shape)
    if kind == 3:
        return 1 - np.float32(2.0) ** -rng.integers(1, 25, shape)
    if kind == 4:
        extremes = np.array([0.0, -0.0, 1e-30, 1e-7, 0.5, 1 - 2.0**-24, 1.0, 1e-40])
        return rng.choice(extremes, shape)
    return rng.random(shape)


def logits(rng: Generator, *shape: int) -> np.ndarray:
    """Logits, some of them far from 0."""
    kind = rng.integers(6)
    if kind == 0:
        return rng.integers(-3, 4, shape) / 2
    if kind == 1:
        return rng.normal(size=shape) * 30
    if kind == 2:
        return rng.choice(np.array([0.0, -0.0, 1e-30, 30.0, 31.0, -90.0, 1e4, -1e4, 1e9]), shape)
    return rng.normal(size=shape) * 2


def simplex(rng: Generator, *shape: int) -> np.ndarray:
    """Probabilities that sum to 1 over the last axis."""
    kind = rng.integers(5)
    if kind == 0:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if kind == 1:
        counts = rng.integers(0, 4, shape) + np.eye(shape[-1], dtype=int)[0]
        return counts / counts.sum(-1, keepdims=True)
    return rng.dirichlet(np.full(shape[-1], rng.choice([0.2, 1.0, 5.0])), shape[:-1])


def labels(rng: Generator, classes: int, *shape: int) -> np.ndarray:
    """Class labels; some classes may be absent."""
    kind = rng.integers(4)
    if kind == 0:
        return np.full(shape, rng.integers(classes))
    if kind == 1:
        return rng.choice(rng.integers(0, classes, 2), shape)
    return rng.integers(0, classes, shape)


def sample_weights(rng: Generator) -> np.ndarray:
    """Weights of examples, some of them zero."""
    kind = rng.integers(5)
    if kind == 0:
        return np.ones(ROWS, np.float32)
    if kind == 1:
        return rng.integers(0, 4, ROWS).astype(np.float32)
    if kind == 2:
        return np.float32(10.0 ** rng.integers(-4, 5, ROWS))
    if kind == 3:
        return np.where(rng.random(ROWS) < 0.8, 0, rng.uniform(0.5, 2, ROWS)).astype(np.float32)
    return rng.uniform(0.1, 2, ROWS).astype(np.float32)


def masks(rng: Generator) -> np.ndarray:
    """Masks of examples, from none to all."""
    return rng.random(ROWS) < rng.choice([0.0, 0.3, 0.8, 1.0])
