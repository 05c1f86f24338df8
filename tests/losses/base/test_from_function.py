"""Classes made from functions: one list of options, true signatures, one code path."""

import inspect
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses
from jax_metrics.losses import Terms
from jax_metrics.losses.base import from_function, values_of_terms
from jax_metrics.tree import snake_case

CLASSES = [
    value
    for value in vars(losses).values()
    if inspect.isclass(value) and issubclass(value, losses.Loss) and value is not losses.Loss
]
BASE_OPTIONS = ["reduction", "weight", "on", "name"]
ZEROS = {"target": jnp.zeros(2), "preds": jnp.zeros(2)}


def scaled(target, preds, *, shift, factor=2.0, mask=None):
    return factor * (preds - target + shift)


class Scaled(from_function(scaled, "shift", "mask"), init=False):
    """A loss of a function without annotations."""


@values_of_terms
def positive_part(target, preds, *, factor: float = 1.0) -> Terms:
    """The positive errors."""
    return Terms(factor * (preds - target), mask=preds > target)


class PositivePart(from_function(positive_part), init=False):
    pass


def function_of(cls):
    name = {"NTXent": "ntxent"}.get(cls.__name__, snake_case(cls.__name__))
    return getattr(losses, name.removeprefix("mean_"))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_options_and_arguments_are_those_of_the_function(cls):
    options = dict(inspect.signature(cls.__init__).parameters)
    assert list(options)[:5] == ["self", *BASE_OPTIONS]
    own = {name: p for name, p in list(options.items())[5:]}
    call = dict(list(inspect.signature(cls.call).parameters.items())[1:])
    together = {**call, **own}
    parameters = inspect.signature(function_of(cls)).parameters
    assert len(together) == len(call) + len(own)
    assert {n: p.default for n, p in together.items()} == {
        n: p.default for n, p in parameters.items()
    }
    assert all(p.kind is p.KEYWORD_ONLY for p in list(options.values())[1:])


def test_an_argument_with_a_default_and_one_without():
    assert list(Scaled().signature.parameters) == [
        "target", "preds", "shift", "mask", "sample_weight"
    ]  # fmt: skip
    assert float(Scaled(factor=3)(**ZEROS, shift=1.0)) == 3
    with pytest.raises(TypeError, match="Scaled needs the argument 'shift'"):
        Scaled()(**ZEROS)
    with pytest.raises(TypeError, match="Scaled has no argument 'shift'"):
        Scaled(shift=1.0)


def test_terms_reach_the_class_and_values_the_function():
    arguments = {"target": jnp.zeros(3), "preds": jnp.array([2.0, -1.0, 4.0])}
    np.testing.assert_array_equal(positive_part(**arguments), [2, 0, 4])
    assert float(PositivePart(factor=2)(**arguments)) == 6
    assert inspect.signature(positive_part).return_annotation is jax.Array
    assert positive_part.__name__ == "positive_part" and "positive errors" in positive_part.__doc__


def test_static_and_picklable():
    loss = pickle.loads(pickle.dumps(Scaled(factor=3)))
    assert loss == Scaled(factor=3.0) and hash(loss) == hash(Scaled(factor=3.0))
    assert repr(loss) == "Scaled(factor=3.0)"
    assert pickle.loads(pickle.dumps(losses.crossentropy)) is losses.crossentropy


def test_subclasses_add_options_and_extend_the_call():
    class Halved(Scaled):
        offset: float = 0.0

        def call(self, target, preds, shift=0.0):
            return super().call(target, preds, shift=shift) / 2 + self.offset

    assert float(Halved(offset=1, factor=4)(**ZEROS, shift=1.0)) == 3


def test_functions_take_traced_options():
    slope = jax.grad(lambda q: losses.quantile(jnp.ones(()), jnp.zeros(()), q=q))(0.5)
    assert float(slope) == 1
    temperature = jax.jit(lambda t: losses.ntxent(jnp.arange(2), jnp.eye(2), temperature=t))(1.0)
    np.testing.assert_array_equal(temperature, [0, 0])
