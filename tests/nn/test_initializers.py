import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.nn import initializers as reference

from jax_metrics.nn import initializers

SCALED = ["glorot_uniform", "glorot_normal", "lecun_uniform", "lecun_normal", "he_uniform"]
SCALED += ["he_normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal"]
CASES = [(name, (), {}) for name in SCALED]
CASES += [(name, (), {"in_axis": 0, "out_axis": (1, 2)}) for name in SCALED]
CASES += [(name, (-1, -2, 0, jnp.bfloat16), {}) for name in SCALED]
CASES += [
    ("variance_scaling", (2.0, "fan_out", "normal"), {}),
    ("variance_scaling", (1.0, "fan_avg", "uniform"), {"batch_axis": (0,), "dtype": "float16"}),
    ("variance_scaling", (1.0, "fan_in", "truncated_normal", -1, -2), {}),
    ("constant", (3,), {}),
    ("constant", (2.5, jnp.bfloat16), {}),
    ("normal", (), {}),
    ("normal", (0.5, jnp.bfloat16), {}),
    ("truncated_normal", (), {}),
    ("truncated_normal", (0.5,), {"lower": -1.0, "upper": 0.5}),
    ("uniform", (), {}),
    ("uniform", (), {"scale": 3.0}),
    ("orthogonal", (), {}),
    ("orthogonal", (2.0, 0), {}),
    ("delta_orthogonal", (), {}),
    ("delta_orthogonal", (2.0,), {}),
]
SHAPE = (3, 4, 5)
KEY = jax.random.key(3)


def name_of(case):
    name, args, kwargs = case
    return f"{name}-{args}-{kwargs}"


@pytest.fixture(params=CASES, ids=name_of)
def pair(request):
    name, args, kwargs = request.param
    return getattr(initializers, name)(*args, **kwargs), getattr(reference, name)(*args, **kwargs)


@pytest.mark.parametrize("dtype", [(), (jnp.float32,)], ids=["default", "float32"])
def test_values_are_those_of_jax(pair, dtype):
    value, expected = (make(KEY, SHAPE, *dtype) for make in pair)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(np.asarray(value), np.asarray(expected))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_they_compare_hash_and_pickle(case):
    name, args, kwargs = case
    one, other = (getattr(initializers, name)(*args, **kwargs) for _ in range(2))
    assert one == other and hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != initializers.constant(7.0)


@pytest.mark.parametrize("name", ["zeros", "ones"])
def test_zeros_and_ones(name):
    made = getattr(initializers, f"{name}_init")()
    assert made is getattr(initializers, name)
    expected = getattr(jnp, name)(SHAPE, jnp.bfloat16)
    np.testing.assert_array_equal(made(KEY, SHAPE, jnp.bfloat16), expected)
    assert pickle.loads(pickle.dumps(made)) is made


def test_the_usual_arguments_are_left_out():
    assert initializers.he_normal() == initializers.he_normal(-2, -1, ())
    assert initializers.he_normal() != initializers.he_normal(-1, -2)
    assert initializers.xavier_uniform() == initializers.glorot_uniform()


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (initializers.he_normal(), "he_normal()"),
        (initializers.he_normal(in_axis=0), "he_normal(in_axis=0)"),
        (initializers.normal(0.5), "normal(stddev=0.5)"),
        (
            initializers.variance_scaling(1.0, "fan_in", "normal", out_axis=0),
            "variance_scaling(scale=1.0, mode='fan_in', distribution='normal', out_axis=0)",
        ),
    ],
    ids=["plain", "axis", "value", "scaling"],
)
def test_they_print_like_the_call_that_makes_them(made, text):
    assert repr(made) == text


def test_all_of_jax_are_there():
    theirs = {name for name in dir(reference) if not name.startswith("_")} - {"Initializer"}
    assert theirs <= set(dir(initializers))
