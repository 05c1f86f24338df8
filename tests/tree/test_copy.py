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
    twin = how(owner)
    assert twin is not owner and type(twin) is Owner
    assert jax.tree.structure(twin) == jax.tree.structure(owner)
    assert jt.layout_of(twin) is jt.layout_of(owner)
    same = jax.tree.map(jnp.array_equal, twin, owner)
    assert all(jax.tree.leaves(same))
    twin.sizes = [5]
    assert owner.sizes == [1, [2]]


@pytest.mark.parametrize("how", [jt.copy, copy.deepcopy])
def test_deep_copies_have_their_own_trees_and_containers(how):
    owner = Owner()
    twin = how(owner)
    twin.parts[0].x = None
    twin.parts[1][0].label = "twin"
    twin.parts.append(Leaf())
    twin.pair["a"][0] = 5.0
    twin.sizes[1].append(3)
    assert jt.to_dict(owner)["pair"] == {"a": [1.0]} and owner.sizes == [1, [2]]
    assert len(owner.parts) == 2 and owner.parts[0].x is not None
    assert not hasattr(owner.parts[1][0], "label")


def test_arrays_are_shared_by_ours():
    owner = Owner()
    assert jt.copy(owner).parts[0].x is owner.parts[0].x


def test_shallow_copy_shares_inner_trees_only():
    owner = Owner()
    twin = owner.copy(shallow=True)
    assert twin.parts is not owner.parts and twin.parts[0] is owner.parts[0]
    assert twin.pair["a"] is not owner.pair["a"]


def test_copy_of_other_pytrees():
    tree = {"a": [Leaf()], "b": (1, None, jt.NOTHING)}
    twin = jt.copy(tree)
    assert twin["a"][0] is not tree["a"][0] and twin["b"] == tree["b"]
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
    twin = owner.copy()
    assert twin.sizes == [1, [2], 7] and len(twin.parts) == 3
