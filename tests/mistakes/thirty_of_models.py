"""Mistakes in making, initializing and keeping a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from mistake_cases import Mistake, Net, X, sequential

import jax_metrics as jm
from jax_metrics import metrics

ADAM = optax.adam(1e-3)


def holding(make: Callable[[], Any], name: str = "w") -> Callable[[], Any]:
    """A module that assigns what is made to a field, and is initialized."""

    class Holder(jm.Module):
        def __init__(self):
            setattr(self, name, make())

        def __call__(self, x):
            return x

    return lambda: Holder().init(0, X)


def array_without_a_kind():
    class Scale(jm.Module):
        factor: jax.Array = jm.node()

        def __init__(self):
            self.factor, self.layer = jnp.ones(3), jm.Linear(2)

        def __call__(self, x):
            return self.layer(self.factor * x)

    jm.Optimizer(ADAM).init(Scale().init(0, X))


def layer_made_in_a_call():
    class Inline(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Inline().init(0, X)


def compact_with_a_branch():
    class Deep(jm.Module):
        deep = True

        @jm.compact
        def __call__(self, x):
            return jm.Linear(2)(jm.Linear(3)(x)) if self.deep else jm.Linear(2)(x)

    deep = Deep().init(0, X)
    deep.deep = False
    deep(X)


def mutable_default():
    class Model(jm.Module):
        def __init__(self, layers=[]):  # noqa: B006
            self.layers = layers

    Model().layers.append(jm.Linear(2))
    jax.tree.leaves(Model())


def result_not_assigned():
    model = sequential()
    model.eval()


def misspelt_attribute():
    model = Net().init(0, X)
    model.trainin = False


def shared_layer():
    layer = jm.Linear(3)
    jm.Sequential(layer, layer).init(0, X)


def after_donation():
    model = jax.tree.map(jnp.array, sequential())
    jax.tree.map(lambda array: array.delete(), model)
    model(X)


MISTAKES = [
    Mistake(
        "`init` forgotten",
        lambda: Net()(X),
        RuntimeError,
        "before it was initialized",
        "was called",
        ".layers[0] (Linear)",
        "Call `model = model.init(key, inputs)`",
    ),
    Mistake(
        "a shape in place of inputs",
        lambda: jm.Linear(2).init(0, (4, 3)),
        TypeError,
        "an example of the inputs",
        "with the integers 4, 3",
        "the Linear",
        "`init(key, jnp.ones((4, 3)))`",
    ),
    Mistake(
        "the key forgotten",
        lambda: jm.Linear(2).init(X),
        TypeError,
        "Expected a random key or an integer seed",
        "got an array of float32[4, 3]",
        "`init(",
        "as in `init(42, ...)`",
    ),
    Mistake(
        "a layer made in a call, without `compact`",
        layer_made_in_a_call,
        RuntimeError,
        "is not a part of it, so its parameters would be lost",
        "Linear was made in a call",
        "of Inline",
        "decorate the method that makes it with `@jm.compact`",
    ),
    Mistake(
        "a branch in a compact method",
        compact_with_a_branch,
        jm.CompactError,
        "made 2 sub-modules in its first run",
        "asked for 1 of them now; left over: linear2: Linear",
        "Deep.__call__",
        "make them in `__init__`",
    ),
    Mistake(
        "one layer in two places",
        shared_layer,
        jm.SharingError,
        "In a pytree these are two modules",
        "The same Linear",
        "at .layers[0] and at .layers[1]",
        "`model = jm.tie(model, '.layers[0]', '.layers[1]')`",
    ),
    Mistake(
        "sizes of inputs, as in PyTorch",
        lambda: jm.Linear(3, 4),
        TypeError,
        "takes only `features` by position",
        "got 3, 4",
        "Linear",
        "The size of the inputs is not given: `init` infers it",
    ),
    Mistake(
        "a class in place of a layer",
        lambda: jm.Sequential(jm.Linear, jax.nn.relu),
        TypeError,
        "needs modules and functions",
        "got the class Linear",
        "Sequential needs modules and functions, but got the class Linear at position 0",
        "Create an object, as in `jm.Linear(...)`",
    ),
    Mistake(
        "a function in a list of modules",
        holding(lambda: [jm.Linear(2), jax.nn.relu], "layers"),
        TypeError,
        "accepts only arrays as leaves",
        "is the function `relu`",
        "Holder.layers[1]",
        "Write `jm.Lambda(relu)`",
    ),
    Mistake(
        "an array in a field that is not declared",
        holding(lambda: X),
        jm.StaticFieldError,
        "is a static field",
        "holds a JAX array, float32[4,3]",
        "Holder.w",
        "`w: jax.Array = jm.Parameter.node()`",
    ),
    Mistake(
        "an array with a kind, as in PyTorch",
        holding(lambda: jm.Parameter(X)),
        TypeError,
        "is a kind of fields, which has no objects",
        "Parameter",
        "",
        "assign the value in `__init__`: `self.w = array`",
    ),
    Mistake(
        "an array that is declared without a kind",
        array_without_a_kind,
        UserWarning,
        "The optimizer does not train",
        "the field has no kind",
        ".factor (Scale.factor)",
        "`factor: jax.Array = jm.Parameter.node()`",
    ),
    Mistake(
        "a set of modules",
        holding(lambda: {jm.Linear(2)}),
        jm.StaticFieldError,
        "cannot be a part of a pytree",
        "is a set of modules",
        "Holder.w",
        "Keep a list: `self.w = [...]`",
    ),
    Mistake(
        "a generator of modules",
        holding(lambda: (jm.Linear(2) for _ in range(2))),
        jm.StaticFieldError,
        "can be read only once",
        "holds a generator",
        "Holder.w",
        "Keep a list: `self.w = list(...)`",
    ),
    Mistake(
        "a mutable default",
        mutable_default,
        TypeError,
        "which all objects of the class would share",
        "is the list that is a default of `__init__`",
        "Model.layers",
        "`self.layers = [] if layers is None else layers`",
    ),
    Mistake(
        "a field with the name of a method",
        holding(lambda: [jm.Linear(2)], "train"),
        TypeError,
        "`train` is a method of Module",
        "is a field",
        "Holder.train",
        "Give the field another name, such as `train_`",
    ),
    Mistake(
        "an attribute misspelt",
        misspelt_attribute,
        UserWarning,
        "it has `training`",
        "`trainin`",
        "Net has no attribute",
        "Write `model = model.train()` or `model = model.eval()`",
    ),
    Mistake(
        "a model that is not returned from `jit`",
        lambda: jax.jit(lambda model, x: model(x))(Net().init(0, X), X),
        jm.LostStateWarning,
        "the copy that JAX made",
        "were assigned inside a traced function",
        "BatchNorm.mean and .var (at .layers[1])",
        "as in `return loss, model`",
    ),
    Mistake(
        "a model as the jitted function",
        lambda: jax.jit(Net().init(0, X))(X),
        jm.LeakedStateError,
        "would hold a dead value once the trace ends",
        "would be assigned a traced value, float32[2]",
        "BatchNorm.mean (at .layers[1] of the Net)",
        "as in `def f(model, x): ...; return result, model`",
    ),
    Mistake(
        "a metric that is not returned from `jit`",
        lambda: jax.jit(lambda m, x: m.update(x).compute())(metrics.Mean(), X),
        jm.LostStateWarning,
        "the copy that JAX made",
        "were assigned inside a traced function",
        "Mean.total and .weight",
        "as in `return loss, metric`",
    ),
    Mistake(
        "the result of `eval` is not assigned",
        result_not_assigned,
        jm.UnusedResultWarning,
        "returns a new Sequential",
        "the result is not used",
        "`model.eval(...)`",
        "Write `model = model.eval(...)`",
    ),
    Mistake(
        "a model that is used after donation",
        after_donation,
        RuntimeError,
        "it was donated to a compiled function",
        "holds a deleted array",
        ".layers[0] (Linear) holds a deleted array at .kernel",
        "Use the model that this function returned",
    ),
]
