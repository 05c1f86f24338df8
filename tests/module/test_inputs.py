import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.mark.parametrize(
    ("value", "args", "kwargs"),
    [
        (1, (1,), {}),
        (None, (None,), {}),
        ([1, 2], ([1, 2],), {}),
        ((), (), {}),
        ((1, 2), (1, 2), {}),
        ({"a": 1}, (), {"a": 1}),
        (jm.Inputs({"a": 1}), ({"a": 1},), {}),
    ],
)
def test_from_value(value, args, kwargs):
    inputs = jm.Inputs.from_value(value)
    assert (inputs.args, inputs.kwargs) == (args, kwargs)


def test_reprs():
    assert repr(jm.Inputs(1, a="b")) == "Inputs(1, a='b')"
    assert repr(jm.Initializer(abs)) == "Initializer"
    assert repr(jm.Named("x", 1)) == "Named('x', 1)"


def test_an_initializer_is_its_function():
    key = jax.random.key(0)
    assert jm.Initializer(lambda key: (key, 1))(key) == (key, 1)


def test_named_is_a_pytree_with_its_name_in_the_structure():
    named = jm.Named("x", {"a": jnp.ones(2)})
    doubled = jax.jit(lambda n: jax.tree.map(lambda v: 2 * v, n))(named)
    assert doubled.name == "x" and (doubled.value["a"] == 2).all()
    assert jax.tree.structure(named) != jax.tree.structure(jm.Named("y", named.value))
    ((path, _),) = jax.tree_util.tree_leaves_with_path(named)
    assert jax.tree_util.keystr(path) == ".value['a']"
