"""The small value types."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics.tree as jt


def test_nothing_is_a_node_without_leaves():
    assert jax.tree.leaves([jt.NOTHING, 1]) == [1]
    assert jax.tree.map(lambda x: x, jt.NOTHING) is jt.NOTHING
    assert jt.Nothing() == jt.NOTHING != None  # noqa: E711
    assert len({jt.Nothing(), jt.NOTHING}) == 1
    assert repr(jt.NOTHING) == "Nothing" and repr(jt.MISSING) == "MISSING"


def test_hashable_compares_by_identity():
    value = np.zeros(2)
    box = jt.Hashable(value)
    assert box == jt.Hashable(value) and hash(box) == hash(jt.Hashable(value))
    assert box != jt.Hashable(np.zeros(2))
    assert repr(jt.Hashable([1])) == "Hashable([1])"
    with pytest.raises(AttributeError, match="Hashable is immutable: cannot set 'value'"):
        box.value = 1


@pytest.mark.parametrize("value, is_one", [(jnp.ones(1), True), (np.ones(1), True), ([1], False)])
def test_array_like(value, is_one):
    assert isinstance(value, jt.ArrayLike) == is_one


def test_field_info_repr_says_what_it_is():
    class Point(jt.Tree):
        x: int = jt.node(1)

    [info] = [*jt.to_dict(Point(), field_info=True).values()]
    text = "FieldInfo(name='x', value=1, kind=NoneType, module=Point, path='.x')"
    assert repr(info) == text
