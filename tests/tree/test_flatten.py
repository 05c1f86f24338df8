"""Trees in JAX's own functions."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt


class Affine(jt.Tree):
    kernel: jax.Array = jt.node()
    bias: jax.Array = jt.node()

    def __init__(self, size=2):
        self.kernel = jnp.ones((size, size))
        self.bias = jnp.zeros(size)
        self.size = size

    def __call__(self, x):
        return x @ self.kernel + self.bias


class Stack(jt.Tree):
    def __init__(self, depth=2):
        self.layers = [Affine() for _ in range(depth)]
        self.extra = {"head": Affine(), "tail": (Affine(),)}

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Wide(jt.Tree):
    """Three children, where most classes have two."""

    a: float = jt.node(1.0)
    b: float = jt.node(2.0)
    c: float = jt.node(3.0)


class Unusual(jt.Tree):
    def __init__(self):
        raise AssertionError("JAX must not call __init__")


def test_unflatten_runs_no_code_of_the_class():
    tree = object.__new__(Unusual)
    tree.part = Wide()
    assert jax.tree.map(lambda x: -x, tree).part.c == -3.0


@pytest.mark.parametrize("cls", [Wide, Affine, Stack, jt.Tree])
def test_rebuilt_object_has_the_class_the_fields_and_the_structure(cls):
    tree = cls()
    leaves, treedef = jax.tree.flatten(tree)
    rebuilt = treedef.unflatten(leaves)
    assert type(rebuilt) is type(tree)
    assert jax.tree.structure(rebuilt) == treedef
    assert all(a is b for a, b in zip(jax.tree.leaves(rebuilt), leaves, strict=True))
    assert jt.to_dict(rebuilt).keys() == jt.to_dict(tree).keys()


def test_paths():
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(Stack(1))]
    assert paths == [
        ".extra['head'].kernel",
        ".extra['head'].bias",
        ".extra['tail'][0].kernel",
        ".extra['tail'][0].bias",
        ".layers[0].kernel",
        ".layers[0].bias",
    ]


def test_objects_keep_what_jax_puts_into_them():
    marker = object()
    rebuilt = jax.tree.map(lambda _: marker, Affine())
    assert rebuilt.kernel is marker and rebuilt.bias is marker and rebuilt.size == 2


def test_object_that_was_filled_with_other_things_keeps_its_structure():
    shape = jax.eval_shape(lambda: Stack())
    assert jax.tree.structure(shape) == jax.tree.structure(Stack())
    specs = jax.tree.map(lambda _: 0, Stack(), is_leaf=lambda x: isinstance(x, Affine))
    assert specs.layers == [0, 0]
    assert jax.tree.structure(specs) == jax.tree.structure(jax.tree.map(lambda x: x, specs))


def test_jit_grad_vmap_scan():
    x = jnp.ones((3, 2))
    model = Stack()
    expected = model(x)
    assert jnp.array_equal(jax.jit(Stack.__call__)(model, x), expected)
    grads = jax.grad(lambda model: model(x).sum())(model)
    assert type(grads) is Stack and float(grads.layers[1].bias.sum()) == 6
    many = jax.vmap(lambda scale: jax.tree.map(lambda w: w * scale, model))(jnp.arange(3.0))
    assert many.layers[0].kernel.shape == (3, 2, 2)
    out = jax.vmap(Stack.__call__, in_axes=(jt.map(lambda _: 0, model), None))(many, x)
    assert jnp.array_equal(out[1], expected)

    def step(model, _):
        return jax.tree.map(lambda w: w + 1, model), model.layers[0].bias

    last, biases = jax.lax.scan(step, model, length=3)
    assert float(last.layers[0].bias[0]) == 3 and biases[:, 0].tolist() == [0, 1, 2]


def test_second_call_of_a_jitted_function_does_not_trace():
    traces = []

    @jax.jit
    def step(model, x):
        traces.append(0)
        model.layers[0].bias += 1
        return model, model(x)

    model = Stack()
    for _ in range(3):
        model, _ = step(model, jnp.ones(2))
    step(Stack(), jnp.ones(2))
    assert len(traces) == 1 and float(model.layers[0].bias[0]) == 3
    model.layers.append(Affine())
    step(model, jnp.ones(2))
    assert len(traces) == 2


def test_subclasses_are_structures_of_their_own():
    class Other(Wide):
        pass

    with pytest.raises(ValueError, match="test_flatten.Wide"):
        jax.tree.map(lambda a, b: a, Wide(), Other())


def test_pytrees_of_others_inside_a_tree():
    tree = Wide()
    tree.a = jax.tree_util.Partial(print, 5.0)
    tree.b = None
    assert jax.tree.leaves(tree) == [5.0, 3.0]
    assert jax.tree.map(lambda x: 2 * x, tree).a.args == (10.0,)


def test_sub_tree_that_jax_made_can_be_changed_and_put_back():
    tree = jax.tree.map(lambda x: x, Stack())
    tree.layers[0].size = 5
    tree.layers[0] = Affine(3)
    tree.extra["new"] = Affine(1)
    rebuilt = jax.tree.map(lambda x: x, tree)
    assert rebuilt.layers[0].size == 3 and rebuilt.extra["new"].size == 1
