import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import Stack

X = jax.random.normal(jax.random.key(1), (6, 4))


class Block(jm.Module):
    """Parameters, statistics, a key, an own State and a field Initializer."""

    count: jax.Array = jm.State.node()
    noise: jax.Array = jm.Parameter.node()

    def __init__(self, width=4, dtype=None):
        self.count = jnp.array(0)
        self.noise = jm.Initializer(lambda key: jax.random.normal(key, (width,)))
        self.linear = jm.Linear(width, dtype=dtype)
        self.norm = jm.BatchNorm(dtype=dtype)
        self.dropout = jm.Dropout(0.3)

    def __call__(self, x, scale=1.0):
        self.count += 1
        return x + scale * self.dropout(jnp.tanh(self.norm(self.linear(x)))) + self.noise


def loop(layers, x, **options):
    for layer in layers:
        x = layer(x, **options)
    return x


def plain(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf


def assert_close(a, b, atol=2e-5):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(plain(x), plain(y), atol=atol)


@pytest.fixture(scope="module")
def model():
    return Stack(Block(), 5).init(0, X)


@pytest.mark.slow
def test_every_leaf_is_stacked_and_layers_differ(model):
    assert {leaf.shape[0] for leaf in jax.tree.leaves(model)} == {5}
    assert len(jnp.unique(model.layer.noise)) == model.layer.noise.size
    assert len(jnp.unique(model.layer.linear.kernel)) == model.layer.linear.kernel.size
    assert len({str(plain(key)) for key in model.layer.dropout.rng}) == 5
    assert model.layer.count.tolist() == [1] * 5  # the call of `init`, as for a plain layer


@pytest.mark.slow
def test_a_layer_is_what_init_gives_for_its_key():
    keys = jax.random.split(jax.random.key(0), 3)
    stack = Stack(Block(), 3).init(0, X)
    assert_close(stack[0], Block().init(keys[0], X))


@pytest.mark.parametrize(
    ("remat", "unroll", "mode"),
    [
        (None, 1, "train"),
        pytest.param(True, 2, "train", marks=pytest.mark.slow),
        ("dots_saveable", 1, "eval"),
        pytest.param(None, 2, "freeze", marks=pytest.mark.slow),
    ],
)
def test_equals_the_loop(model, remat, unroll, mode):
    stack = Stack.of(list(getattr(model, mode)()), remat=remat, unroll=unroll)
    layers = list(stack)

    def by_stack(stack):
        y = stack(X, scale=0.5)
        return (y**2).mean(), (y, stack)

    def by_loop(layers):
        y = loop(layers, X, scale=0.5)
        return (y**2).mean(), (y, layers)

    split = [layer.parameters() for layer in layers]
    grads, (y, after) = jax.jit(jax.grad(lambda p, m: by_stack(m.merge(p)), has_aux=True))(
        stack.parameters(), stack
    )
    expected_grads, (expected, expected_after) = jax.jit(
        jax.grad(
            lambda p, ls: by_loop([m.merge(q) for m, q in zip(ls, p, strict=True)]), has_aux=True
        )
    )(split, layers)
    assert_close(y, expected)
    assert_close([*after], expected_after)
    kernels = [grads.layer.linear.kernel[i] for i in range(5)]
    assert_close(kernels, [g.linear.kernel for g in expected_grads])
    moved = not np.allclose(after.layer.norm.mean, stack.layer.norm.mean)
    assert moved == (mode == "train")


def test_the_number_of_equations_does_not_grow_with_n():
    def equations(n):
        stack = jax.eval_shape(lambda: Stack(Block(), n).init(0, X))

        def step(params, stack):
            return jax.grad(lambda p, m: ((m := m.merge(p))(X).sum(), m), has_aux=True)(
                params, stack
            )

        return str(jax.make_jaxpr(step)(stack.parameters(), stack)).count(" = ")

    assert equations(2) == equations(64)


@pytest.mark.slow
def test_init_under_jit_eval_shape_and_vmap(model):
    assert_close(jax.jit(lambda: Stack(Block(), 5).init(0, X))(), model)
    shapes = jax.eval_shape(lambda: Stack(Block(), 5).init(0, X))
    assert shapes.layer.linear.kernel.shape == (5, 4, 4)
    keys = jax.random.split(jax.random.key(0), 2)
    ensemble = jax.vmap(lambda key: Stack(Block(), 3).init(key, X))(keys)
    y, _ = jax.vmap(lambda m: (m(X), m))(ensemble.eval())
    second = jax.tree.map(lambda leaf: leaf[1], ensemble)
    np.testing.assert_allclose(y[1], loop(list(second.eval()), X), atol=1e-5)


def test_init_without_inputs_initializes_fields_of_each_layer():
    stack = Stack(Block(), 3).init(0)
    assert len(jnp.unique(stack.layer.noise)) == 12
    assert stack.initialized and stack.layer.initialized


@pytest.mark.slow
def test_init_finds_it_inside_of_models_and_of_each_other():
    model = jm.Sequential(jm.Linear(4), Stack(Stack(Block(), 2), 3)).init(0, X)
    inner = model.layers[1].layer
    assert inner.layer.linear.kernel.shape == (3, 2, 4, 4)
    assert len(jnp.unique(inner.layer.noise)) == 24
    y = model.eval()(X)
    layers = [layer for stack in model.layers[1].eval() for layer in stack]
    np.testing.assert_allclose(y, loop(layers, model.layers[0](X)), atol=1e-5)


def test_a_pretrained_layer_keeps_its_values_but_not_its_key():
    layer = Block().init(3, X)
    stack = Stack(layer, 3).init(0, X)
    for i in range(3):
        assert_close(stack[i].parameters(), layer.parameters())
    assert len({str(plain(key)) for key in stack.layer.dropout.rng}) == 3


def test_reading(model):
    assert len(model) == 5
    assert len(list(model)) == 5
    assert_close(model[-1], model[4])
    assert_close(next(reversed(model)), model[4])
    assert len(model[1:3]) == 2
    assert_close(model[1:3][0], model[1])
    with pytest.raises(IndexError, match="has 5 layers; there is no number 5"):
        model[5]
    with pytest.raises(RuntimeError, match="no values yet. Call"):
        Stack(Block(), 2)[0]


def test_reverse_runs_the_last_layer_first(model):
    backwards = Stack.of(list(model.eval()), reverse=True)
    np.testing.assert_allclose(backwards(X), loop(reversed(model.eval()), X), atol=1e-5)


def test_bfloat16_layers_bring_the_input_to_their_dtype():
    stack = Stack(jm.Linear(4, dtype=jnp.bfloat16), 3).init(0, X)
    assert stack(X).dtype == jnp.bfloat16
    expected = loop(list(stack), X)
    assert (stack(X) == expected).all()


def test_state_that_is_not_returned_is_reported(model):
    with pytest.warns(jm.LostStateWarning):
        jax.eval_shape(lambda m: m(X), model)


def test_no_retrace(model):
    step = jax.jit(lambda m: (m(X), m))
    _, model = step(model)
    step(model)
    assert step._cache_size() == 1


def test_tabulate_shows_what_is_inside(model):
    table = model.tabulate(X)
    (row,) = (line for line in table.splitlines() if ".layer.linear" in line)
    assert "kernel: float32[5,4,4]" in row and row.count("float32[6,4]") == 2


def test_an_optimizer_step(model):
    import optax

    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    changed = optimizer.update(grads, model)
    np.testing.assert_allclose(changed.layer.noise, model.layer.noise - 0.1, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Stack(jnp.tanh, 2), TypeError, "Stack expected a module.*jm.Lambda"),
        (lambda: Stack(Block(), 0), ValueError, "at least one layer.*got 0"),
        (
            lambda: Stack(jm.Linear(3), 2).init(0, X),
            TypeError,
            r"This Linear takes float32\[6, 4\] and returns float32\[6, 3\]",
        ),
        (
            lambda: Stack.of([jm.Linear(n).init(0, X) for n in (3, 4)]),
            ValueError,
            "layer 1 differs from layer 0",
        ),
        (lambda: Stack(Block(), 2)(X), RuntimeError, "Stack was called before it was init"),
        (lambda: Stack(Block(), 2, remat="no").init(0, X)(X), ValueError, "no policy 'no'"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
