"""`find_nan` names the first array that is NaN or infinite, wherever it is made."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType

import jax_metrics as jm
from jax_metrics.training import find_nan

X = jnp.ones((2, 3))
F16 = jm.nn.Policy(jnp.float32, jnp.float16, output=jnp.float32)


def sequential(*layers, x=X):
    return jm.Sequential(*layers).init(0, x)


def found(*args, **options):
    """What a search finds, in short."""
    bad = find_nan(*args, **options)
    return bad and (bad.phase, bad.path, bad.name)


class Trap(jm.Module):
    """The value is fine, and its gradient is NaN."""

    def __init__(self):
        self.linear = jm.Linear(3, use_bias=False)

    def __call__(self, x):
        y = self.linear(x)
        return jnp.where(y > 1e9, jnp.sqrt(y - 1e9), 1.0)


class Between(jm.Module):
    """The code between two calls divides 0 by 0."""

    def __init__(self):
        self.inner = jm.Sequential(jm.Linear(3), jm.Lambda(lambda y: y - y))
        self.head = jm.Linear(2)

    def __call__(self, x):
        y = self.inner(x)
        return self.head(y / y)


class Grows(jm.Module):
    def __init__(self):
        self.linear = jm.Linear(3)

    def __call__(self, x):
        return jnp.exp(self.linear(x) ** 2 + 50)


# -- the quick ones, one of a kind ---------------------------------------------------------------


def test_nothing_is_bad():
    model = sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5), jnp.tanh)
    before = jm.copy(model, arrays=True)
    assert find_nan(model, X) is None
    assert jm.equal(model, before)  # keys and statistics too


def test_a_parameter():
    model = sequential(jm.Linear(3), jm.Linear(2))
    model = model.at[".layers[1].kernel"].apply(lambda k: k.at[2, 1].set(jnp.inf))
    bad = find_nan(model, X)
    assert (bad.phase, bad.path, bad.module, bad.name) == (
        "forward",
        ".layers[1]",
        "Linear",
        "parameter kernel",
    )
    assert (bad.nan, bad.inf, bad.position, bad.shape) == (0, 1, (2, 1), (3, 2))
    assert [(b.path, b.name) for b in bad.later][0] == (".layers[1]", "output")
    assert str(bad).splitlines() == [
        "forward pass: the parameter kernel of `.layers[1]` (Linear) is bad.",
        "  1 infinite in float32[3,2], the first at [2, 1]",
        "  It is part of the model, before any computation: look where it came from.",
        "  Then: output of `.layers[1]` (Linear).",
    ]


class Scaled(jm.Module):
    conv_scale: jax.Array = jm.Parameter.node()
    conv2: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.conv, self.conv_scale, self.conv2 = jm.Linear(1), jnp.ones(1), jnp.ones(1)

    def __call__(self, x):
        return self.conv(x) * self.conv_scale + self.conv2


@pytest.mark.parametrize("name", ["conv_scale", "conv2"])
def test_a_parameter_whose_name_begins_as_that_of_a_module(name):
    model = Scaled().init(0, X).replace(**{name: jnp.full(1, jnp.nan)})
    bad = find_nan(model, X)
    assert (bad.path, bad.module, bad.name) == ("", "Scaled", f"parameter {name}")


def test_an_input():
    model = sequential(jm.Linear(3))
    x = np.ones((2, 3), np.float32)
    x[1, 2] = np.nan
    bad = find_nan(model, jm.Inputs(inputs=x))
    assert (bad.path, bad.name, bad.nan, bad.position) == ("", "input inputs", 1, (1, 2))
    assert "of the model (Sequential) is bad" in str(bad) and "It was given so" in str(bad)


def test_an_output():
    model = sequential(jm.Linear(3), lambda x: jnp.log(-jnp.abs(x) - 1), jm.Linear(2))
    bad = find_nan(model, X)
    assert (bad.path, bad.name, bad.nan) == (".layers[1]", "output", 6)
    assert "so its own code made it." in str(bad)


def test_code_between_calls():
    bad = find_nan(sequential(Between()), X)
    assert (bad.path, bad.name, bad.caller) == (".layers[0].head", "input 0", ".layers[0]")
    assert "so code in the call of `.layers[0]` made it." in str(bad)


def test_a_layer_of_a_stack():
    bad = find_nan(jm.nn.Stack(jm.nn.Remat(Grows()), 4).init(0, X), X)
    assert (bad.path, bad.name, bad.call, bad.calls) == (".layer.layer", "output", 1, 4)
    assert "`.layer.layer` (Grows), call 1 of 4 is bad" in str(bad)


def test_the_gradient_of_an_input():
    bad = find_nan(sequential(jm.Linear(3), jnp.abs, jnp.sqrt), jnp.zeros((2, 3)))
    assert (bad.phase, bad.path, bad.name) == ("backward", ".layers[2]", "gradient of input 0")
    assert "its own code made it. Often it is the derivative of a square root" in str(bad)


def test_the_gradient_of_an_output():
    bad = find_nan(sequential(Trap()), X)
    assert (bad.phase, bad.path, bad.name) == (
        "backward",
        ".layers[0].linear",
        "gradient of output",
    )
    assert "code in the call of `.layers[0]` made it." in str(bad)


def test_the_loss():
    model = sequential(jm.Linear(3))
    bad = find_nan(model, X, loss=lambda model, x: (jnp.log(0 * model(x).sum()), "aux"))
    assert (bad.phase, bad.path, bad.name, bad.position) == ("forward", "", "loss", ())
    assert "so the function of the loss made it" in str(bad)


def test_later_programs_have_no_checks():
    @jax.jit
    def inner(layer, x):
        return layer(x)

    class Outer(jm.Module):
        def __init__(self):
            self.layer = jm.Linear(3).init(0, X)

        def __call__(self, x):
            return jnp.log(inner(self.layer, x) * 0 - 1)

    model = Outer()
    bad = find_nan(model, X)
    assert (bad.path, bad.name) == ("", "output")
    program = jax.jit(lambda model, x: model(x)).lower(model, X).as_text()
    assert "callback" not in program
    assert found(model, X * jnp.nan) == ("forward", "", "input 0")


def test_mistakes():
    model = sequential(jm.Linear(3))
    with pytest.raises(TypeError, match="expected a Module first; got a function. Wrap a function"):
        find_nan(lambda x: x, X)
    with pytest.raises(TypeError, match="takes as `loss` a function of the model .* got a float"):
        find_nan(model, X, loss=1.0)
    message = r"needs a `loss` that returns a scalar.* returned float32\[2, 3\]. Reduce"
    with pytest.raises(TypeError, match=message):
        find_nan(model, X, loss=lambda model, x: model(x))


class Slope(jm.Module):
    """A derivative in forward mode, inside of a call."""

    def __init__(self):
        self.linear = jm.Linear(3)

    def __call__(self, x):
        return jax.jvp(lambda x: self.linear(x), (x,), (x,))[1]


def test_forward_mode_inside_of_a_call():
    model = sequential(Slope())
    with pytest.raises(TypeError, match="differentiates in forward mode.* Pass `backward=False`"):
        find_nan(model, X)
    assert find_nan(model, X, backward=False) is None


# -- many kinds of models ------------------------------------------------------------------------


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


@pytest.mark.slow
@pytest.mark.parametrize("name", FORWARD)
def test_forward(name):
    make, x, place = FORWARD[name]
    assert found(make(), x) == ("forward", *place)


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name):
    make, x, place = BACKWARD[name]
    assert found(make(), x) == ("backward", *place)
    assert found(make(), x, backward=False) is None


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_transformer_with_dropout():
    model = jm.nn.TransformerEncoder(attention(), 2, scan=True).init(0, X[None])
    assert find_nan(model, X[None]) is None
    feed_forward = ".layers.layer.feed_forward"
    model = model.at[f"{feed_forward}.linear2.kernel"].apply(lambda k: k.at[1].set(3e38))
    model = model.at[f"{feed_forward}.linear1.bias"].apply(lambda b: b + 10)
    bad = find_nan(model, X[None])
    assert (bad.path, bad.name, bad.call) == (f"{feed_forward}.linear2", "output", 1)


@pytest.mark.slow
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
