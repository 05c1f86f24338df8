"""Pickles keep the structure, in this process and in another one."""

import functools
import os
import pickle
import subprocess
import sys
import textwrap

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


def scaled(x, by):
    return x * by


@jt.dataclass
class Leaf(jt.Tree):
    w: jax.Array = Weight.node(default_factory=lambda: jnp.ones(2))
    size: int = 3


class Owner(jt.Tree, jt.Extensions):
    def __init__(self):
        self.parts = {"a": [Leaf(), Leaf(size=4)]}
        self.table = np.arange(3)
        self.activation = functools.partial(scaled, by=2)
        self.gelu = jax.nn.gelu
        self.functions = {"negative": jnp.negative}

    @jt.compact
    def __call__(self):
        return Leaf(size=5)


class Frozen(jt.ImmutableTree):
    leaf: Leaf = jt.node(default_factory=Leaf)


def made():
    tree = Owner()
    tree()
    return tree.update_field_metadata("table", kind=Weight)


HOW = [(pickle, protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]


@pytest.mark.parametrize("module, protocol", [*HOW, (cloudpickle, None)])
@pytest.mark.parametrize("make", [Leaf, Owner, Frozen, made])
def test_round_trip(module, protocol, make):
    tree = make()
    restored = pickle.loads(module.dumps(tree, protocol))
    assert type(restored) is type(tree)
    assert jt.layout_of(restored) is jt.layout_of(tree)
    assert all(jax.tree.leaves(jax.tree.map(jnp.array_equal, restored, tree)))
    assert jax.tree.structure(jax.tree.map(lambda x: x, restored)) == jax.tree.structure(make())


def test_pickle_of_an_object_that_jax_made():
    tree = jax.tree.map(lambda x: 2 * x, Owner())
    restored = pickle.loads(pickle.dumps(tree))
    assert jax.tree.structure(restored) == jax.tree.structure(Owner())
    assert restored.parts["a"][0].w.tolist() == [2.0, 2.0]


def test_jitted_function_does_not_trace_again_for_an_unpickled_object():
    traces = []
    step = jax.jit(lambda tree: traces.append(0) or tree)
    step(made())
    step(pickle.loads(pickle.dumps(made())))
    step(cloudpickle.loads(cloudpickle.dumps(made())))
    assert len(traces) == 1


def test_unpickled_objects_can_be_used():
    tree = pickle.loads(pickle.dumps(made()))
    assert tree().size == 5 and tree() is tree.leaf
    tree.parts["a"].append(Leaf())
    assert len(jax.tree.leaves(tree)) == 4
    with pytest.raises(jt.MutabilityError):
        pickle.loads(pickle.dumps(Frozen())).leaf = None


def run(code, *args, cwd):
    """Runs the code in a fresh interpreter, where hashes of strings are others."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


MODEL = """
import functools, jax, numpy as np
import jax_metrics.tree as jt

class Weight(jt.KindMixin):
    pass

def scaled(x, by):
    return x * by

class Leaf(jt.Tree):
    w: float = Weight.node(1.0)
    def __init__(self, size):
        self.size, self.options = size, {"a": [1, 2.5], "b": "text"}

@jt.dataclass
class Data(jt.ImmutableTree):
    w: float
    made: list = jt.node(default_factory=list)
    late: float = Weight.node(init=False)
    other: "Leaf | None" = None

    @jt.toplevel_mutable
    def scaled(self, by):
        self.w *= by
        return self

class Owner(jt.Tree):
    late: float = jt.node()

    def __init__(self):
        self.parts = [Leaf(1), (Leaf(2),), Data(2.0)]
        self.table, self.call = np.arange(3), functools.partial(scaled, by=2)
        self.square = lambda x: scaled(x, x)

    @jt.compact
    def __call__(self):
        return Leaf(3)
"""
COMPARE = """
import pickle, sys, jax
fresh = jax.tree.structure
with open(sys.argv[1], "rb") as file:
    tree = pickle.load(file)
other = type(tree)()
other()
print(fresh(other) == fresh(tree), hash(fresh(other)) == hash(fresh(tree)))
print(hasattr(other, "late"), hasattr(other.parts[2], "late"), other.parts[2].scaled(4.0).w)
print(tree.call(3), tree.square(3), jax.tree.map(lambda x: 2 * x, tree).parts[1][0].w)
traces = []
step = jax.jit(lambda tree: traces.append(0) or tree)
step(tree), step(other), print(len(traces))
"""
EXPECTED = ["True", "True", "False", "False", "8.0", "6", "9", "2.0", "1"]


@pytest.mark.slow
def test_class_of_main_by_cloudpickle_in_another_process(tmp_path):
    write = """
        import cloudpickle, sys
        tree = Owner()
        tree()
        with open(sys.argv[1], "wb") as file:
            cloudpickle.dump(tree, file)
    """
    path = tmp_path / "tree.pkl"
    run(MODEL + textwrap.dedent(write), path, cwd=tmp_path)
    assert run(COMPARE, path, cwd=tmp_path) == EXPECTED


@pytest.mark.slow
def test_class_of_a_module_by_pickle_in_another_process(tmp_path):
    source = MODEL.replace("        self.square = lambda x: scaled(x, x)\n", "")
    (tmp_path / "model.py").write_text(source)
    write = """
        import model, pickle, sys
        tree = model.Owner()
        tree()
        with open(sys.argv[1], "wb") as file:
            pickle.dump(tree, file)
    """
    path = tmp_path / "tree.pkl"
    run("import sys; sys.path.insert(0, '.')" + textwrap.dedent(write), path, cwd=tmp_path)
    code = "import sys; sys.path.insert(0, '.')" + COMPARE.replace("tree.square(3)", "9")
    assert run(code, path, cwd=tmp_path) == EXPECTED
