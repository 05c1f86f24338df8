"""jax.tree_util: modules are ordinary pytrees, with paths."""

import jax
import jax.numpy as jnp
import pytest
from jax import tree_util

import jax_metrics as jm


def test_map_with_path_names_every_leaf(model):
    named = tree_util.tree_map_with_path(lambda path, _: tree_util.keystr(path), model)
    assert named.layers[0].kernel == ".layers[0].kernel"
    assert named.layers[1].mean == ".layers[1].mean"
    assert named.layers[3].rng == ".layers[3].rng"
    path, _ = tree_util.tree_leaves_with_path(model)[0]
    assert path == (
        tree_util.GetAttrKey("layers"),
        tree_util.SequenceKey(0),
        tree_util.GetAttrKey("kernel"),
    )
    assert tree_util.keystr(path, simple=True, separator="/") == "layers/0/kernel"


def test_paths_of_a_dict_of_modules():
    class Net(jm.Module):
        def __init__(self):
            self.parts = {"b": jm.Linear(1), "a": jm.Linear(1)}

        def __call__(self, x):
            return self.parts["a"](self.parts["b"](x))

    net = Net().init(0, jnp.ones((1, 2)))
    paths = [tree_util.keystr(path) for path, _ in tree_util.tree_leaves_with_path(net)]
    assert paths[0].startswith(".parts['a']") and paths[-1].startswith(".parts['b']")


def test_flatten_orders_agree(model):
    leaves, structure = jax.tree.flatten(model)
    with_paths, same = tree_util.tree_flatten_with_path(model)
    assert structure == same and hash(structure) == hash(same)
    assert all(a is b for a, (_, b) in zip(leaves, with_paths, strict=True))
    assert jax.tree.structure(structure.unflatten(leaves)) == structure


def test_transpose_and_broadcast(mlp):
    pairs = jax.tree.map(lambda leaf: (leaf, 2 * leaf), mlp)
    structure = jax.tree.structure(mlp)
    once, twice = jax.tree.transpose(structure, jax.tree.structure((0, 0)), pairs)
    assert once.layers[0].kernel is mlp.layers[0].kernel
    assert (twice.layers[2].bias == 2 * mlp.layers[2].bias).all()
    filled = jax.tree.broadcast(1, mlp)
    assert jax.tree.leaves(filled) == [1] * 4 and jax.tree.structure(filled) == structure


def test_an_error_of_two_structures_names_the_place(mlp):
    other = jm.copy(mlp)
    other.layers.append(jm.Linear(1))
    with pytest.raises(ValueError, match=r"\.layers"):
        jax.tree.map(lambda a, b: a, mlp, other)


def test_the_mode_is_part_of_the_structure(mlp):
    assert jax.tree.structure(mlp) != jax.tree.structure(mlp.eval())
    assert jax.tree.structure(mlp.eval().train()) == jax.tree.structure(mlp)


def test_reduce_and_all(mlp):
    total = jax.tree.reduce(lambda n, leaf: n + leaf.size, mlp, 0)
    assert total == sum(leaf.size for _, leaf in mlp.named_parameters())
    assert jax.tree.all(jax.tree.map(lambda leaf: bool(jnp.isfinite(leaf).all()), mlp))
