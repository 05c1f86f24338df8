"""`find_nan` names the first array that is NaN or infinite, wherever it is made."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.training import find_nan

X = jnp.ones((2, 3))


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


@pytest.mark.slow
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


@pytest.mark.slow
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
    with pytest.raises(TypeError, match="MeanSquaredError...; got the class MeanSquaredError."):
        find_nan(model, X, X, loss=jm.losses.MeanSquaredError)
    for models in ({"a": model}, [model], (model, model)):
        with pytest.raises(TypeError, match="got a (dict|list|tuple). Make the models fields of o"):
            find_nan(models, X)
    message = r"needs a `loss` that returns a scalar.* returned float32\[2, 3\]. Reduce"
    with pytest.raises(TypeError, match=message):
        find_nan(model, X, loss=lambda model, x: model(x))


class Slope(jm.Module):
    """A derivative in forward mode, inside of a call."""

    def __init__(self):
        self.linear = jm.Linear(3)

    def __call__(self, x):
        return jax.jvp(lambda x: self.linear(x), (x,), (x,))[1]


@pytest.mark.slow
def test_forward_mode_inside_of_a_call():
    model = sequential(Slope())
    with pytest.raises(TypeError, match="differentiates in forward mode.* Pass `backward=False`"):
        find_nan(model, X)
    assert find_nan(model, X, backward=False) is None


@pytest.mark.parametrize(
    "batch",
    [
        (X, X),
        ((X, X),),
        ({"x": X, "y": X},),
        (X, X, np.ones(2, bool)),
        ({"x": X, "y": X, "mask": X > 0},),
    ],
    ids=["inputs and targets", "tuple", "dict", "mask", "dict with a mask"],
)
def test_the_loss_of_fit(batch):
    model, loss = sequential(jm.Linear(3)), jm.losses.MeanSquaredError()
    assert find_nan(model, *batch, loss=loss, backward=False) is None
    infinite = jm.losses.MeanSquaredError(weight=jnp.inf)
    assert found(model, *batch, loss=infinite, backward=False) == ("forward", "", "loss")


def test_a_loss_without_targets_is_told():
    with pytest.raises(
        TypeError, match="A loss needs batches of inputs, targets and perhaps a mask"
    ):
        find_nan(sequential(jm.Linear(3)), X, loss=jm.losses.MeanSquaredError())


class Penalized(jm.Module):
    """Logs a loss that its output does not depend on."""

    penalty: jax.Array = jm.LossLog.node()
    penalty_of: Any = jm.static()

    def __init__(self, penalty):
        self.penalty_of = penalty
        self.linear = jm.Linear(3)

    def __call__(self, x):
        y = self.linear(x)
        self.penalty = jnp.mean(self.penalty_of(y))
        return y


LOSSES = {
    "loss": jm.losses.MeanSquaredError(),
    "function": lambda model, x, y: jnp.mean((model(x) - y) ** 2),
    "with aux": lambda model, x, y: (jnp.mean((model(x) - y) ** 2), {}),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_that_a_module_logs(loss):
    model = sequential(Penalized(lambda y: jnp.log(-(y**2) - 1)))
    bad = find_nan(model, X, X, loss=loss)
    place = bad.phase, bad.path, bad.module, bad.name
    assert place == ("forward", ".layers[0]", "Penalized", "logged loss penalty")
    assert [later.name for later in bad.later] == ["loss"]
    assert "its own code made it" in str(bad)


def test_the_gradient_of_a_loss_that_a_module_logs():
    model = sequential(Penalized(lambda y: jnp.sqrt(0 * y)))
    bad = find_nan(model, X, X, loss=LOSSES["loss"])
    assert (bad.phase, bad.path, bad.name) == (
        "backward",
        ".layers[0].linear",
        "gradient of output",
    )
    stacked = jm.nn.Stack(Penalized(lambda y: y**2), 2).init(0, X)
    assert find_nan(stacked, X, X, loss=LOSSES["loss"]) is None
