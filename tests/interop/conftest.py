"""A model with every kind of leaf, and one of parameters alone."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.fixture(scope="session")
def x() -> jax.Array:
    return jax.random.normal(jax.random.key(1), (8, 3))


@pytest.fixture(scope="session")
def made(x: jax.Array) -> dict[str, jm.Module]:
    layers = jm.Linear(16), jm.BatchNorm(), jax.nn.relu, jm.Dropout(0.5), jm.Linear(2)
    return {
        "mlp": jm.Sequential(jm.Linear(16), jnp.tanh, jm.Linear(2)).init(0, x),
        "model": jm.Sequential(*layers).init(0, x),
    }


@pytest.fixture
def mlp(made: dict[str, jm.Module]) -> jm.Module:
    """Parameters only: it can be differentiated as a whole."""
    return jm.copy(made["mlp"])


@pytest.fixture
def model(made: dict[str, jm.Module]) -> jm.Module:
    """With Parameters, BatchStats and a random key."""
    return jm.copy(made["model"])


def _bare_mlp(params, x: jax.Array) -> jax.Array:
    first, second = params
    return jnp.tanh(x @ first["kernel"] + first["bias"]) @ second["kernel"] + second["bias"]


@pytest.fixture(scope="session")
def bare_mlp():
    """What `mlp` computes, of the dicts that `bare_params` gives."""
    return _bare_mlp


@pytest.fixture(scope="session")
def bare_params():
    """The arrays of `mlp`, or of its gradient, as plain dicts."""
    return lambda mlp: [
        {"kernel": mlp.layers[i].kernel, "bias": mlp.layers[i].bias} for i in (0, 2)
    ]


def _assert_equal(actual, expected, exact: bool) -> None:
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(actual), jax.tree.leaves(expected), strict=True
    ):
        if isinstance(a, jax.Array) and jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            a, b = jax.random.key_data(a), jax.random.key_data(b)
        a, b = jnp.asarray(a), jnp.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype), jax.tree_util.keystr(path)
        close = (a == b) if exact else jnp.isclose(a, b, rtol=1e-5, atol=1e-6)
        assert close.all(), jax.tree_util.keystr(path)


@pytest.fixture(scope="session")
def assert_same():
    """Fails unless two trees have the same treedef and leaves that are equal to the bit."""
    return lambda actual, expected: _assert_equal(actual, expected, exact=True)


@pytest.fixture(scope="session")
def assert_close():
    """Fails unless two trees have the same treedef and leaves that are close."""
    return lambda actual, expected: _assert_equal(actual, expected, exact=False)
