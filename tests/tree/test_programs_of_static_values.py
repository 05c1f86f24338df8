"""Compiled functions follow the static values of the Trees they are given."""

import types

import jax
import jax.numpy as jnp
import numpy as np
from static_values import Box, Counter, scaled, structure, with_vjp

import jax_metrics.tree as jt
from jax_metrics.tree import layout_of


def test_second_call_does_not_compile():
    counter = Counter()
    tree = Box([1, {"a": np.ones(2)}])
    for _ in range(4):
        tree = counter(tree)
    counter(Box([1, {"a": np.ones(2)}]))
    assert counter.traces == 1


def test_toggling_a_static_field_compiles_twice_in_all():
    counter, tree = Counter(), Box(True)
    for value in (True, False, True, False, True):
        tree.value = value
        tree = counter(tree)
        assert tree.value is value
    assert counter.traces == 2


def test_trees_in_a_static_field_are_compared_by_value():
    class Owner(jt.Tree):
        part: Box = jt.static()

        def __init__(self, n):
            self.part = Box(n)

    assert jax.tree.structure(Owner(1)) == jax.tree.structure(Owner(1))
    assert jax.tree.structure(Owner(1)) != jax.tree.structure(Owner(2))
    assert jax.tree.leaves(Owner(1)) == []


def test_a_quantizer_keeps_its_own_derivative_rule():
    class Quantizer(jt.Tree):
        w: jax.Array = jt.node(1.0)

        def __init__(self, scale):
            self.quantize = with_vjp(scale)

    @jax.jit
    def gradient(tree):
        return jax.grad(lambda w: tree.quantize(w))(tree.w)

    assert [float(gradient(Quantizer(scale))) for scale in (1.0, 100.0)] == [1.0, 100.0]


def test_a_loop_over_a_dict_follows_its_order():
    class Pipeline(jt.Tree):
        def __init__(self, **ops):
            self.ops = ops

    @jax.jit
    def run(tree, x):
        for op in tree.ops.values():
            x = op(x)
        return x

    def double(x):
        return 2 * x

    def increase(x):
        return x + 1

    assert float(run(Pipeline(a=double, b=increase), 1.0)) == 3
    assert float(run(Pipeline(b=increase, a=double), 1.0)) == 4


def test_functions_of_jax_may_close_over_equal_containers():
    def make():
        return jax.tree_util.Partial(jax.vmap(scaled, in_axes=[0, None], out_axes=[0]))

    assert structure(make()) == structure(make())


def test_a_comparison_of_equal_layouts_is_made_once():
    comparisons = []

    class Compared:
        def __eq__(self, other):
            comparisons.append(other)
            return True

        def __hash__(self):
            return 1

    first, second = layout_of(Box(Compared())), layout_of(Box(Compared()))
    comparisons.clear()
    assert first == second and first == second
    assert len(comparisons) == 1


def test_arrays_of_jax_inside_an_object_are_compared_by_identity():
    array = jnp.ones(2)
    assert structure(types.SimpleNamespace(a=array)) == structure(types.SimpleNamespace(a=array))
    other = types.SimpleNamespace(a=jnp.ones(2))
    assert structure(types.SimpleNamespace(a=array)) != structure(other)
