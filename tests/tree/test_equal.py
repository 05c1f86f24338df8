"""Comparison of pytrees by value."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


class Point(jm.Module):
    x: jax.Array = jm.Parameter.node()

    def __init__(self, x, label="a"):
        self.x = x
        self.label = label


class Other(Point):
    pass


class Stateful(jm.Module):
    x: jax.Array = jm.State.node()

    def __init__(self, x, label="a"):
        self.x = x
        self.label = label


ONE = np.ones(2, np.float32)


def scaled(factor):
    return jm.Sequential(jnp.sin, lambda x: factor * x)


@pytest.mark.parametrize(
    "a, b",
    [
        (Point(ONE), Point(jnp.ones(2))),
        (Point(ONE).replace(label=[1, 2]), Point(ONE).replace(label=[1, 2])),
        (scaled(2), scaled(2)),
        ({"a": 1, "b": (True, "text", None)}, {"b": (True, "text", None), "a": 1}),
        (float("nan"), float("nan")),
        (np.array([np.nan, np.inf, 0.0]), np.array([np.nan, np.inf, -0.0])),
        (jax.random.key(3), jax.random.key(3)),
        (jax.ShapeDtypeStruct((2,), jnp.int32), jax.ShapeDtypeStruct((2,), jnp.int32)),
        (np.array([1, 2], "int4"), np.array([1, 2], "int4")),
        (np.float32(2), jnp.float32(2)),
        (jm.NOTHING, jm.NOTHING),
    ],
)
def test_equal(a, b):
    assert jm.equal(a, b)


@pytest.mark.parametrize(
    "a, b",
    [
        (Point(ONE), Other(ONE)),
        (Point(ONE), Stateful(ONE)),
        (Point(ONE), Point(ONE, "b")),
        (Point(ONE), Point(ONE).eval()),
        (Point(ONE), Point(ONE).freeze()),
        (Point(ONE), Point(jm.NOTHING)),
        (Point(ONE), Point(2 * ONE)),
        (Point(ONE), Point(np.ones((2, 1), np.float32))),
        (Point(ONE), Point(ONE.astype("bfloat16"))),
        (Point(ONE), Point("text")),
        (scaled(2), scaled(3)),
        ({"a": 1}, {"b": 1}),
        ([1], (1,)),
        (1, 1.0),
        (1, True),
        ("a", "b"),
        (np.array([np.nan, 1.0]), np.array([1.0, np.nan])),
        (jax.random.key(3), jax.random.key(4)),
        (jax.random.key(3), jax.random.key(3, impl="rbg")),
        (jax.ShapeDtypeStruct((2,), jnp.int32), jax.ShapeDtypeStruct((3,), jnp.int32)),
    ],
)
def test_unequal(a, b):
    assert not jm.equal(a, b, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64"])
def test_tolerances(dtype):
    a, b = np.array([1, 100], dtype), np.array([1, 104], dtype)
    assert not jm.equal(a, b)
    assert not jm.equal(a, b, rtol=0.03) and jm.equal(a, b, rtol=0.05)
    assert not jm.equal(a, b, atol=3) and jm.equal(a, b, atol=5)


def test_integers_must_be_equal():
    assert not jm.equal(np.array([100]), np.array([101]), rtol=0.1, atol=10)


def test_a_model_that_crossed_jit():
    model = jm.Sequential(jm.Linear(2), jm.BatchNorm(), jm.Dropout(0.5)).init(0, jnp.ones((1, 3)))
    assert jm.equal(model, jax.jit(lambda model: model)(model))
    assert model != jm.copy(model)
    moved = jm.copy(model)
    moved(jnp.ones((4, 3)))
    assert not jm.equal(model, moved, rtol=1.0)


def test_traced_values_are_not_known():
    with pytest.raises(TypeError, match="compares values, but in a function that JAX traces"):
        jax.jit(lambda x: jm.equal(x, x))(jnp.ones(2))
