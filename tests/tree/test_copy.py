"""`copy`, and Python's own `copy.copy` and `copy.deepcopy`."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics.tree as jt


class Leaf(jt.Tree, jt.Extensions):
    x: jax.Array = jt.node()

    def __init__(self):
        self.x = jnp.ones(2)
        self.table = np.arange(3)


class Owner(jt.Tree, jt.Extensions):
    pair: dict = jt.node(default_factory=lambda: {"a": [1.0]})

    def __init__(self):
        self.parts = [Leaf(), (Leaf(),)]
        self.sizes = [1, [2]]
        self.callback = print


@pytest.mark.parametrize("how", [jt.copy, Owner.copy, copy.copy, copy.deepcopy])
def test_copy_has_the_same_structure_and_values(how):
    owner = Owner()
    copied = how(owner)
    assert copied is not owner and type(copied) is Owner
    assert jax.tree.structure(copied) == jax.tree.structure(owner)
    assert jt.layout_of(copied) is jt.layout_of(owner)
    same = jax.tree.map(jnp.array_equal, copied, owner)
    assert all(jax.tree.leaves(same))
    copied.sizes = [5]
    assert owner.sizes == [1, [2]]


@pytest.mark.parametrize("how", [jt.copy, copy.deepcopy])
def test_deep_copies_have_their_own_trees_and_containers(how):
    owner = Owner()
    copied = how(owner)
    copied.parts[0].x = None
    copied.parts[1][0].label = "copied"
    copied.parts.append(Leaf())
    copied.pair["a"][0] = 5.0
    copied.sizes[1].append(3)
    assert jt.to_dict(owner)["pair"] == {"a": [1.0]} and owner.sizes == [1, [2]]
    assert len(owner.parts) == 2 and owner.parts[0].x is not None
    assert not hasattr(owner.parts[1][0], "label")


def test_arrays_are_shared_by_ours():
    owner = Owner()
    assert jt.copy(owner).parts[0].x is owner.parts[0].x


def test_shallow_copy_shares_inner_trees_only():
    owner = Owner()
    copied = owner.copy(shallow=True)
    assert copied.parts is not owner.parts and copied.parts[0] is owner.parts[0]
    assert copied.pair["a"] is not owner.pair["a"]


def test_copy_of_other_pytrees():
    tree = {"a": [Leaf()], "b": (1, None, jt.NOTHING)}
    copied = jt.copy(tree)
    assert copied["a"][0] is not tree["a"][0] and copied["b"] == tree["b"]
    assert jt.copy(3) == 3


@pytest.mark.parametrize("how", [jt.copy, copy.copy, copy.deepcopy])
def test_copies_of_immutable_trees(how):
    class Frozen(jt.ImmutableTree):
        x: float = jt.node(1.0)

    assert how(Frozen()).x == 1.0
    with pytest.raises(jt.MutabilityError):
        how(Frozen()).x = 2.0


def test_change_in_place_before_the_copy_is_seen():
    owner = Owner()
    jax.tree.structure(owner)
    owner.sizes.append(7)
    owner.parts.append(Leaf())
    copied = owner.copy()
    assert copied.sizes == [1, [2], 7] and len(copied.parts) == 3
