import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import Policy, Stack

X = jax.random.normal(jax.random.key(1), (4, 8))
F32, BF16, F16 = (jnp.dtype(d) for d in (jnp.float32, jnp.bfloat16, jnp.float16))


class Scale(jm.Module):
    """A module of a user, with Parameters and state and no argument `dtype`."""

    w: jax.Array = jm.Parameter.node()
    calls: jax.Array = jm.State.node()

    def __init__(self):
        self.calls = jnp.array(0)

    def __call__(self, x):
        if self.initializing():
            self.w = jnp.linspace(0.5, 1.5, x.shape[-1])
        self.calls += 1
        self.seen = (str(x.dtype), str(self.w.dtype))
        return x * self.w


def model():
    inner = jm.Sequential(jm.Linear(8), jm.LayerNorm())
    return jm.Sequential(
        jm.MLP([8, 8]), Scale(), jm.BatchNorm(), jm.nn.MultiHeadAttention(2), Stack(inner, 2)
    )


def dtypes(tree):
    return {leaf.dtype for leaf in jax.tree.leaves(tree)}


@pytest.mark.slow
@pytest.mark.parametrize("before_init", [True, False])
@pytest.mark.parametrize(
    ("param", "compute", "output"), [(F32, BF16, F32), (BF16, BF16, BF16), (F32, F32, F16)]
)
def test_dtypes_of_parameters_activations_and_outputs(before_init, param, compute, output):
    policy = Policy(param, compute, output=output)
    m = policy.apply(model()).init(0, X) if before_init else policy.apply(model().init(0, X))
    assert m(X).dtype == output
    assert m.layers[1].seen == (str(compute), str(compute))
    assert m.layers[1].w.dtype == m.layers[0].linear.kernel.dtype == param
    assert dtypes(m.layers[4].layer.layers[0].parameters()) == {param}
    assert dtypes(m.layers[2].parameters()) == dtypes(m.layers[2].batch_stats()) == {F32}
    calls = int(m.layers[1].calls)
    m(X)
    assert m.layers[1].calls == calls + 1
    params = m.parameters()
    grads = jax.grad(lambda p: m.eval().merge(p)(X).astype(F32).sum())(params)
    assert dtypes(grads.layers[0]) == {param}
    assert jax.tree.map(jnp.dtype, grads.layers[1].w.dtype) == param


@pytest.mark.slow
def test_products_are_in_the_compute_dtype_and_norms_and_softmax_in_float32():
    m = Policy(F32, BF16).apply(model().init(0, X)).eval()
    lines = str(jax.make_jaxpr(lambda m, x: (m(x), m))(m, X)).splitlines()
    products = [line for line in lines if "= dot_general" in line]
    full = [line for line in products if ":bf16" not in line.split("=")[0]]
    assert len(products) == 9 and len(full) == 1  # the values weighted by the softmax
    for name in ("rsqrt", "exp"):
        found = [line for line in lines if f"= {name} " in line]
        assert found and all(":f32" in line.split("=")[0] for line in found)


def test_unless_said_otherwise():
    policy = Policy(BF16, keep=None, float32_softmax=False)
    m = policy.apply(model().init(0, X)).eval()
    assert dtypes(m.parameters()) == {BF16}
    lines = str(jax.make_jaxpr(lambda m, x: (m(x), m))(m, X)).splitlines()
    assert all(":bf16" in line.split("=")[0] for line in lines if "= exp " in line)


@pytest.mark.slow
@pytest.mark.parametrize("keep", [Scale, (Scale, jm.Linear), lambda m: isinstance(m, Scale)])
def test_keep(keep):
    m = Policy(BF16, keep=keep).apply(model().init(0, X)).eval()
    m(X)
    assert m.layers[1].seen == ("float32", "float32")
    assert m.layers[1].w.dtype == F32
    assert m.layers[1](X).dtype == BF16
    assert dtypes(m.layers[2].parameters()) == {BF16}


def test_float32_changes_nothing_and_a_second_policy_takes_the_place_of_the_first():
    m = model().init(0, X).eval()
    twice = Policy(F32).apply(Policy(F32, BF16, output=F16).apply(m))
    np.testing.assert_allclose(twice(X), m(X), atol=1e-6)
    assert twice(X).dtype == F32
    assert m.layers[0].linear.dtype is None  # the original is as it was


def test_integers_keys_and_modules_among_the_inputs_stay_as_they_are():
    class Reader(jm.Module):
        def __call__(self, numbers, key, layer, *, flag):
            assert numbers.dtype == jnp.int32 and flag == "a"
            assert isinstance(layer, jm.Linear) and layer.kernel.dtype == F32
            return jax.random.normal(key, (2,)), numbers

    layer = jm.Linear(3).init(0, X)
    reader = Policy(F32, BF16).apply(Reader().init(0))
    y, numbers = reader(jnp.array([1, 2]), jax.random.key(0), layer, flag="a")
    assert (y.dtype, numbers.dtype) == (BF16, jnp.int32)


@pytest.mark.slow
def test_it_passes_through_jit_and_trains():
    import optax

    m = Policy(F32, BF16, output=F32).apply(jm.MLP([16, 1])).init(0, X)
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(m)
    y = X[:, :1] * 2

    @jax.jit
    def step(m, optimizer):
        value, grads = jax.value_and_grad(lambda m: jnp.mean((m(X) - y) ** 2))(m)
        return value, optimizer.update(grads, m), optimizer

    first, m, optimizer = step(m, optimizer)
    for _ in range(50):
        last, m, optimizer = step(m, optimizer)
    assert last < first / 3
    assert step._cache_size() == 1
    assert m.linear.kernel.dtype == F32


def test_tabulate_shows_it():
    table = Policy(BF16, F32).apply(jm.MLP([4]).init(0, X)).tabulate(X)
    (row,) = (line for line in table.splitlines() if ".linear" in line)
    assert "bfloat16, computes in float32" in row


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Policy(jnp.int32), "floating dtype for `param`.*int32"),
        (lambda: Policy(F32, "half a float"), "floating dtype for `compute`"),
        (lambda: Policy(F32, keep=3), "Policy expected for `keep` a class"),
        (lambda: Policy(F32).apply({}), "expected a Module; got a dict"),
    ],
)
def test_errors(make, text):
    with pytest.raises(TypeError, match=text):
        make()
