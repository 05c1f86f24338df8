"""`find_nan` in many kinds of models: foreign ones, loops, branches, 16 bits, meshes."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType

import jax_metrics as jm
from jax_metrics.training import find_nan

pytestmark = pytest.mark.slow

X = jnp.ones((2, 3))
F16 = jm.nn.Policy(jnp.float32, jnp.float16, output=jnp.float32)


def sequential(*layers, x=X):
    return jm.Sequential(*layers).init(0, x)


def found(*args, **options):
    """What a search finds, in short."""
    bad = find_nan(*args, **options)
    return bad and (bad.phase, bad.path, bad.name)


@jm.compact_module
def Compact(x):
    return jm.Linear(2)(jnp.log(jm.Linear(3)(x) * 0 - 1))


class LinenLog(linen.Module):
    @linen.compact
    def __call__(self, x):
        return jnp.log(linen.Dense(3)(x) * 0 - 1)


class Loop(jm.Module):
    """A recurrent layer whose third output is NaN."""

    def __init__(self):
        self.cell = jm.nn.GRUCell(3).init(0, (jnp.zeros((2, 3)), X))
        self.log = jm.Sequential(lambda x: jnp.log(1.5 - x))

    def __call__(self, x):
        def step(carry, x):
            carry, y = self.cell(carry, x)
            return carry, y * self.log(x)

        return jax.lax.scan(step, jnp.zeros((2, 3)), x)[1]


class Mapped(jm.Module):
    def __init__(self):
        self.layer = jm.Sequential(jm.Linear(3), jnp.log)

    def __call__(self, x):
        return jax.vmap(lambda row: self.layer(row))(x)


class Branches(jm.Module):
    def __init__(self):
        self.first = jm.Linear(3).init(0, X)
        self.second = jm.Sequential(jm.Linear(3), lambda x: x / 0).init(0, X)

    def __call__(self, x):
        return jax.lax.cond(x.sum() > 0, lambda: self.first(x), lambda: self.second(x))


class Force(jm.Module):
    """The gradient of a norm, inside of a call."""

    def __init__(self):
        self.linear = jm.Linear(3, use_bias=False)

    def __call__(self, x):
        return jax.grad(lambda x: jnp.linalg.norm(self.linear(x)))(x)


class Norm(jm.Module):
    weight: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.weight = jnp.zeros(3)

    def __call__(self, x):
        return x / (1 + jnp.linalg.norm(self.weight))


STEPS = jnp.array([0.0, 1, 2, 0])[:, None, None] * jnp.ones((4, 2, 3))
FORWARD = {
    "std of zero": (
        lambda: sequential(jm.Linear(3), jm.BatchNorm(epsilon=0.0), jm.Linear(2)),
        X,
        (".layers[1]", "output"),
    ),
    "compact": (lambda: Compact().init(0, X), X, (".linear", "input 0")),
    "linen": (
        lambda: sequential(jm.Linear(3), jm.nn.FlaxModule(LinenLog())),
        X,
        (".layers[1]", "output"),
    ),
    "loop": (Loop, STEPS, (".log.layers[0]", "output")),
    "recurrent": (
        lambda: sequential(jm.nn.LSTM(3), jm.nn.GRU(2), jnp.arccosh, x=STEPS),
        STEPS,
        (".layers[2]", "output"),
    ),
    "vmap": (lambda: Mapped().init(0, X), -X, (".layer.layers[1]", "output")),
    "branch": (Branches, -X, (".second.layers[1]", "output")),
    "float16, in the cast": (
        lambda: F16.apply(jm.MLP([4, 2]).init(0, X)),
        X * 1e6,
        (".linear", "input 0"),
    ),
    "float16, overflow": (
        lambda: F16.apply(sequential(lambda x: x * x, jm.Linear(3))),
        X * 300,
        (".layers[0]", "output"),
    ),
    "gradient inside": (lambda: sequential(Force()), X * 0, (".layers[0]", "output")),
    "statistics": (
        lambda: sequential(jm.BatchNorm()).at[".layers[0].mean"].set(jnp.full(3, jnp.nan)),
        X,
        (".layers[0]", "state mean"),
    ),
}


@pytest.mark.parametrize("name", FORWARD)
def test_forward(name):
    make, x, place = FORWARD[name]
    assert found(make(), x) == ("forward", *place)


def test_a_step_in_time():
    bad = find_nan(Loop(), STEPS)
    assert (bad.call, bad.calls) == (2, 4)


class Root(jm.Module):
    """The square root of what comes out of a layer that gives zeros."""

    def __init__(self, layer):
        self.layer = layer

    def __call__(self, x):
        return jnp.sqrt(jnp.abs(self.layer(x)))


def attention():
    return jm.nn.TransformerEncoderLayer(1, mlp_features=4, dropout_rate=0.5, norm_first=True)


ZERO_KERNEL = {"kernel_init": jm.nn.initializers.zeros}
BACKWARD = {
    "nested": (
        lambda: Root(jm.Linear(3, **ZERO_KERNEL)).init(0, X),
        X,
        (".layer", "gradient of output"),
    ),
    "remat": (
        lambda: jm.nn.Remat(sequential(jm.Linear(3, **ZERO_KERNEL), jnp.abs, jnp.sqrt)).init(0, X),
        X,
        (".layer.layers[2]", "gradient of input 0"),
    ),
    "norm of a parameter": (Norm, X, ("", "gradient of parameter weight")),
    "no parameters": (lambda: sequential(jnp.sqrt), X * 0, (".layers[0]", "gradient of input 0")),
    "vmap": (
        lambda: jm.Sequential(jm.Linear(3, **ZERO_KERNEL), MappedRoot()).init(0, X),
        X,
        (".layers[1].root.layers[0]", "gradient of input 0"),
    ),
    "overflow in float16": (
        lambda: F16.apply(sequential(jm.Linear(3), lambda x: x * 2e3, lambda x: x * 2e3)),
        X * 1e-5,
        (".layers[1]", "gradient of input 0"),
    ),
}


class MappedRoot(jm.Module):
    def __init__(self):
        self.root = jm.Sequential(jnp.sqrt)

    def __call__(self, x):
        return jax.vmap(lambda row: self.root(row))(x)


@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name):
    make, x, place = BACKWARD[name]
    assert found(make(), x) == ("backward", *place)
    assert found(make(), x, backward=False) is None


def test_the_layer_of_a_stack_whose_gradient_is_bad():
    class Layer(jm.Module):
        """The square root of 0 in the layer whose scale is 0."""

        scale: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.scale = jnp.ones(3)

        def __call__(self, x):
            return x + jnp.sqrt(jnp.abs(x * self.scale))

    stack = jm.nn.Stack.of([Layer().init(0) for _ in range(4)])
    stack = stack.at[".layer.scale"].apply(lambda s: s.at[1].set(0))
    bad = find_nan(stack, X)
    # The gradient of `scale` alone is bad as well, but arrives at the end.
    assert (bad.phase, bad.path, bad.name) == ("backward", ".layer", "gradient of input 0")
    assert (bad.call, bad.calls) == (1, 4)


def test_parts_copies_and_other_models_in_the_loss():
    model = sequential(jm.Linear(3), jnp.log)
    teacher = jm.Sequential(jnp.sqrt)

    def through_a_part(model, x):
        return model.layers[1](-jnp.abs(model.layers[0](x))).sum()

    assert found(model, X, loss=through_a_part) == ("forward", ".layers[1]", "output")
    loss = lambda model, x: model.eval()(x * 0 - 1).sum()  # noqa: E731
    model = model.at[".layers[0].kernel"].apply(jnp.abs)
    assert found(model, X, loss=loss) == ("forward", ".layers[1]", "output")

    class Student(jm.Module):
        def __init__(self):
            self.linear = jm.Linear(3)

        def __call__(self, x):
            return self.linear(x)

    student = Student().init(0, X)
    loss = lambda model, x: (model(x) - teacher(-x)).sum()  # noqa: E731
    assert found(student, X, loss=loss) == ("forward", "Sequential.layers[0]", "output")


def test_a_transformer_with_dropout():
    model = jm.nn.TransformerEncoder(attention(), 2, scan=True).init(0, X[None])
    assert find_nan(model, X[None]) is None
    feed_forward = ".layers.layer.feed_forward"
    model = model.at[f"{feed_forward}.linear2.kernel"].apply(lambda k: k.at[1].set(3e38))
    model = model.at[f"{feed_forward}.linear1.bias"].apply(lambda b: b + 10)
    bad = find_nan(model, X[None])
    assert (bad.path, bad.name, bad.call) == (f"{feed_forward}.linear2", "output", 1)


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
def test_a_model_on_a_mesh(kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)
    model = sequential(jm.Linear(4), jnp.abs, jnp.sqrt, x=jnp.ones((8, 3)))
    rules = {".*kernel": (None, "model"), ".*bias": ("model",)}
    x = jax.device_put(jnp.zeros((8, 3)), jax.NamedSharding(mesh, jax.P("data")))
    with jax.set_mesh(mesh):
        model = jm.sharding.shard(model, mesh, rules)
        bad = find_nan(model, x)
        assert (bad.path, bad.name, bad.inf) == (".layers[2]", "gradient of input 0", 32)
        assert find_nan(model, x + 1) is None
