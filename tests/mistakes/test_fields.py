"""Mistakes with fields: kinds, names, defaults, and assignments."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest
from mistake_cases import X, assert_told, ids

import jax_metrics as jm


def holding(name: str, value: Any, *, attribute: bool = False) -> Any:
    """A mistake: a module that assigns a value to a field, and is initialized."""

    def mistake(_, __):
        class Holder(jm.Module):
            def __init__(self):
                setattr(self, name, value())

            def __call__(self, x):
                return x

        Holder().init(0, X)

    return mistake


def kind_by_name(_, __):
    jm.node(kind="param")


def array_without_a_kind(_, __):
    class Scale(jm.Module):
        factor: jax.Array = jm.node()

        def __init__(self):
            self.factor = jnp.ones(3)
            self.layer = jm.Linear(2)

        def __call__(self, x):
            return self.layer(self.factor * x)

    jm.Optimizer(optax.sgd(0.1)).init(Scale().init(0, X))


def array_in_a_metric(_, __):
    class Count(jm.Metric):
        def __init__(self):
            self.total = jnp.zeros(())

        def update(self, values):
            return self

        def compute(self):
            return self.total

    Count().update(X)


def method_as_a_declared_field(_, __):
    class Model(jm.Module):
        train: float = jm.node(1.0)

    Model()


def module_in_the_class_body(_, __):
    class Model(jm.Module):
        layer = jm.Linear(2)

    Model()


def modules_in_the_class_body(_, __):
    class Model(jm.Module):
        layers = [jm.Linear(2)]  # noqa: RUF012 - the mistake

    Model()


def module_as_a_default(_, __):
    @jm.dataclass
    class Model(jm.Module):
        layer: jm.Linear = jm.node(jm.Linear(2))

    Model()


def list_as_a_default_of_init(_, __):
    class Model(jm.Module):
        def __init__(self, layers=[]):  # noqa: B006 - the mistake
            self.layers = layers

    Model()


def list_of_the_class(_, __):
    class Model(jm.Module):
        layers = []  # noqa: RUF012 - the mistake

        def __init__(self):
            self.layers.append(jm.Linear(2))

    Model()


def list_as_a_default_of_a_field(_, __):
    jm.node([])


def misspelt_mode(model, _):
    jm.copy(model).trainin = False


def misspelt_argument(_, sequential):
    jm.copy(sequential).layers[0].feature = 3


def option_of_a_metric(_, __):
    metric = jm.metrics.Accuracy(num_classes=3)
    jax.tree.leaves(metric)
    metric.num_classes = 4


def misspelt_option_of_a_metric(_, __):
    metric = jm.metrics.Accuracy(num_classes=3)
    jax.tree.leaves(metric)
    metric.num_clases = 4


def module_as_a_default_of_init(_, __):
    class Model(jm.Module):
        def __init__(self, head=jm.Linear(2)):  # noqa: B008 - the mistake
            self.head = head

    Model()


def modules_in_a_tuple_as_a_default(_, __):
    class Model(jm.Module):
        def __init__(self, *, layers=(jm.Linear(2),)):  # noqa: B008 - the mistake
            self.layers = layers

    Model()


def mode_as_an_attribute(model, _):
    jm.copy(model).training = False


def frozen_as_an_attribute(model, _):
    jm.copy(model).frozen = True


def option_of_optax(_, __):
    jm.Optimizer(optax.adam(1e-3)).learning_rate = 1e-5


def counter_in_python(_, __):
    class Counting(jm.Module):
        def __init__(self):
            self.step = 0

        def __call__(self, x):
            self.step += 1
            return x

    @jax.jit
    def call(model, x):
        return model(x), model

    model = Counting()
    for _ in range(3):
        _, model = call(model, X)


FIELDS = [
    (holding("w", lambda: X), jm.StaticFieldError, "`w: jax.Array = jm.Parameter.node()`, or"),
    (array_in_a_metric, jm.StaticFieldError, '`total: jax.Array = jm.metrics.state("sum")`'),
    (kind_by_name, TypeError, "The kind of a field is a class, as in `jm.node(kind=jm.Parameter)`"),
    (array_without_a_kind, UserWarning, "The optimizer does not train .factor (Scale.factor)"),
    (array_without_a_kind, UserWarning, "`factor: jax.Array = jm.Parameter.node()`"),
    (holding("w", lambda: jm.Parameter(X)), TypeError, "Parameter is a kind of fields, which has"),
    (holding("w", lambda: jm.State(X)), TypeError, "`w: jax.Array = jm.State.node()`"),
    (holding("w", lambda: jm.Parameter.node(X)), jm.StaticFieldError, "was assigned a declaration"),
    (holding("w", lambda: jm.node(X)), jm.StaticFieldError, "`self.w = array`"),
    (holding("w", lambda: jm.field(X)), TypeError, "needs `node=True`, for a child of the pytree"),
    (holding("w", lambda: {jm.Linear(2)}), jm.StaticFieldError, "Holder.w is a set of modules"),
    (
        holding("w", lambda: (jm.Linear(n) for n in (1, 2))),
        jm.StaticFieldError,
        "Holder.w holds a generator, which can be read only once",
    ),
    (holding("w", lambda: map(jm.Linear, (1, 2))), jm.StaticFieldError, "`self.w = list(...)`"),
    (
        holding("w", lambda: {"a": jm.Linear(2), 1: jm.Linear(2)}),
        TypeError,
        "Holder.w holds a dict with the keys 'a', 1, which JAX cannot sort",
    ),
    (
        holding("layers", lambda: [jm.Linear(2), jax.nn.relu]),
        TypeError,
        "beside modules. There it is a leaf of the pytree",
    ),
    (
        holding("layers", lambda: [jm.Linear(2), jax.nn.relu]),
        TypeError,
        "Write `jm.Lambda(relu)`, or make `layers` a `jm.Sequential`",
    ),
    (
        holding("layers", lambda: {"a": (jm.Linear(2), lambda x: x)}),
        TypeError,
        "Holder.layers['a'][1] is a function, <function",
    ),
    (
        holding("layers", lambda: [jm.Linear(2), "relu"]),
        TypeError,
        "Holder.layers[1] is the string 'relu', beside modules",
    ),
    (
        holding("layers", lambda: [jm.Linear(2), jm.Linear]),
        TypeError,
        "Holder.layers[1] is the class Linear, beside modules. There it is a leaf of the pytree, "
        "and `jax.jit` accepts only arrays as leaves. Make a module of it: `Linear(...)`",
    ),
    (method_as_a_declared_field, TypeError, "Model.train is a field, but `train` is a method"),
    *(
        (holding(name, lambda: [jm.Linear(2)]), TypeError, f"but `{name}` is a method of")
        for name in ("train", "eval", "init", "copy", "update", "parameters", "filter")
    ),
    (holding("name", lambda: 3), TypeError, "Holder.name is the name of the module, a string"),
    (holding("training", lambda: 1), AttributeError, "`training` of Holder cannot be assigned"),
    (holding("at", lambda: 1), AttributeError, "A field of your own needs another name"),
    (mode_as_an_attribute, AttributeError, "Write `model = model.train()` or `model = model.eval"),
    (frozen_as_an_attribute, AttributeError, "Write `model = model.freeze()`"),
    (module_in_the_class_body, TypeError, "Model.layer is a Linear in the class body"),
    (modules_in_the_class_body, TypeError, "Model.layers is a list in the class body"),
    (module_as_a_default, ValueError, "`default_factory=lambda: Linear(...)`"),
    (list_as_a_default_of_init, TypeError, "Model.layers is the list that is a default of `__init"),
    (module_as_a_default_of_init, TypeError, "Model.head is the Linear that is a default of `__i"),
    (modules_in_a_tuple_as_a_default, TypeError, "`self.layers = (...) if layers is None else"),
    (list_of_the_class, TypeError, "Write `self.layers = []` in `__init__` first"),
    (list_as_a_default_of_a_field, ValueError, "Write `default_factory=lambda: []` instead"),
    (misspelt_mode, UserWarning, "Net has no attribute `trainin`"),
    (misspelt_mode, UserWarning, "`model = model.eval()`"),
    (misspelt_argument, UserWarning, "it has `features`. Did you mean `features`?"),
    (option_of_a_metric, UserWarning, "`num_classes` is an option of the constructor of Accuracy"),
    (misspelt_option_of_a_metric, UserWarning, "its constructor takes `num_classes`. Did you"),
    (option_of_optax, AttributeError, "and then `optimizer.learning_rate = 1e-5`"),
    (counter_in_python, UserWarning, "Counting.step is a Python number"),
    (counter_in_python, UserWarning, "declare `step: jax.Array = jm.State.node()`"),
]


@pytest.mark.parametrize(("mistake", "kind", "text"), FIELDS, ids=ids(FIELDS))
def test_fields(mistake, kind, text, model, sequential):
    assert_told(lambda: mistake(model, sequential), kind, text)
