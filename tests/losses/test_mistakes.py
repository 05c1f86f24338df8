"""Mistakes of beginners with losses: what is typed, and what they are told."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import losses
from jax_metrics.losses import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    Crossentropy,
    Dice,
    GeneralizedCrossentropy,
    GeneralizedDice,
    Huber,
    JensenShannon,
    KLDivergence,
    MeanSquaredError,
)

Y = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3, dtype=int)[Y]
LOGITS = np.float32([[2.0, -1.0, 0.5], [0.1, 3.0, -2.0], [1.0, -0.5, 0.0], [0.0, -1.0, 2.0]])
SOFTMAX = np.asarray(jax.nn.softmax(LOGITS))
LOG_SOFTMAX = np.asarray(jax.nn.log_softmax(LOGITS))
B = np.array([0, 1, 1, 0])
P = np.float32([0.1, 0.8, 0.6, 0.3])
NO_LOGITS = {"from_logits": False}


class Squared(losses.Loss):
    def call(self, target, preds):
        return (target - preds) ** 2


class Shifted(losses.Loss):
    per_example = ("target", "preds", "shift")

    def call(self, target, preds, shift):
        return (target - preds - shift) ** 2


class NotReturned(losses.Loss):
    def call(self, target, preds):
        pass


class NoCall(losses.Loss):
    pass


class NotAnnotated(losses.Loss):
    rate = 1.0

    def call(self, target, preds):
        return self.rate * (target - preds)


class Rate(losses.Loss):
    rate: float = 1.0
    flag: bool = False

    def call(self, target, preds):
        return self.rate * (target - preds)


MISTAKES = {
    # Line 5: shapes [n] and [n, 1]
    "target [n, 1]": (
        lambda: MeanSquaredError()(target=P[:, None], preds=P),
        ValueError,
        r"target \[4, 1\], preds \[4\]. Write `target\[..., 0\]`",
    ),
    "target [n, 1], binary": (
        lambda: Crossentropy(binary=True)(target=B[:, None], preds=LOGITS[:, 0]),
        ValueError,
        r"Write `target\[..., 0\]`",
    ),
    "target [n, 1] for scores": (
        lambda: Crossentropy()(target=Y[:, None], preds=LOGITS),
        ValueError,
        r"Write `target\[..., 0\]`",
    ),
    "target [n, 1], own loss": (
        lambda: Squared()(target=P[:, None], preds=P),
        ValueError,
        r"must have the same shape, but got target \[4, 1\], preds \[4\]. Write `target\[..., 0\]`",
    ),
    "preds [n, 1], own loss, traced": (
        lambda: jax.jit(lambda t, p: Squared()(target=t, preds=p))(P, P[:, None]),
        ValueError,
        r"Write `preds\[..., 0\]`",
    ),
    "a further argument per example": (
        lambda: Shifted()(target=P, preds=P, shift=P[:, None]),
        ValueError,
        r"target \[4\], shift \[4, 1\]. Write `shift\[..., 0\]`",
    ),
    "one score for all examples, own loss": (
        lambda: Squared()(target=P[:, None], preds=P[None, :]),
        ValueError,
        r"target \[4, 1\], preds \[1, 4\]. Nothing is broadcast",
    ),
    # Line 5b: targets that can be read in two ways
    "several labels of an example": (
        lambda: Crossentropy()(target=np.float32([[1, 1, 0]]), preds=LOGITS[:1]),
        ValueError,
        "rows that sum to 2, more than 1: .* give `binary=True`",
    ),
    "one score for each label": (
        lambda: Crossentropy()(target=B, preds=P),
        ValueError,
        "one score per label, use the option `binary=True`",
    ),
    "classes first, as in PyTorch": (
        lambda: Crossentropy()(target=np.zeros((1, 2, 5), int), preds=np.zeros((1, 3, 2, 5))),
        ValueError,
        r"The classes are the last axis: write `jnp.moveaxis\(preds, 1, -1\)`",
    ),
    "three classes to a loss of two": (
        lambda: losses.Hinge()(target=Y, preds=LOGITS[:, 0]),
        ValueError,
        "target holds 2, but must hold two classes, .* such as `Crossentropy`",
    ),
    # Line 6: labels
    "labels out of range": (
        lambda: Crossentropy()(target=Y + 1, preds=LOGITS),
        ValueError,
        "target holds the label 3, but preds has 3 classes, 0 to 2",
    ),
    "labels as floats": (
        lambda: Crossentropy()(target=np.float32(Y), preds=LOGITS),
        TypeError,
        r"Labels must be integers, .* Write `target.astype\(int\)`",
    ),
    # Own losses
    "the losses not returned": (
        lambda: NotReturned()(target=P, preds=P),
        TypeError,
        "`call` of NotReturned returned None. Return the losses",
    ),
    "no call": (
        lambda: NoCall()(target=P, preds=P),
        NotImplementedError,
        "NoCall has no method `call`",
    ),
    "an option without a type": (
        lambda: NotAnnotated(rate=2.0),
        TypeError,
        "NotAnnotated has no option `rate`: .* Write `rate: float = ...`",
    ),
    # Functions
    "misspelt option of a function": (
        lambda: losses.huber(P, P, dleta=2.0),
        TypeError,
        "huber has no argument 'dleta'. Did you mean `delta`",
    ),
    "logits=True, function": (
        lambda: losses.crossentropy(Y, LOGITS, logits=True),
        TypeError,
        "Did you mean `preds` or `from_logits`",
    ),
    "a third array by position, function": (
        lambda: losses.mean_squared_error(P, P, P),
        TypeError,
        "takes only `target`, `preds` by position; got an array, an array, an array",
    ),
    "a mask, function": (
        lambda: losses.mean_absolute_error(P, P, mask=P),
        TypeError,
        "no argument 'mask': it returns the losses of all .* class of the loss takes `mask`",
    ),
    "preds missing, function": (
        lambda: losses.ctc(P),
        TypeError,
        r"ctc needs `preds`, as in `ctc\(target=..., preds=...\)`",
    ),
    "misspelt option of a penalty": (
        lambda: jm.regularizers.l2(P, filter=jm.Parameter),
        TypeError,
        "l2 has no argument 'filter'. Did you mean `filters`",
    ),
    # Line 7: logits and probabilities
    "logits, from_logits=False": (
        lambda: Crossentropy(**NO_LOGITS)(target=Y, preds=LOGITS),
        ValueError,
        "preds must be probabilities from 0 to 1 with `from_logits=False`, but got 2. If .* "
        "give `from_logits=True`",
    ),
    "logits, one-hot target": (
        lambda: Crossentropy(**NO_LOGITS)(target=ONE_HOT, preds=LOGITS),
        ValueError,
        "but got 2",
    ),
    "logits, binary": (
        lambda: Crossentropy(binary=True, **NO_LOGITS)(target=B, preds=LOGITS[:, 0] - 1),
        ValueError,
        "but got -0.9",
    ),
    "logits, function": (
        lambda: losses.crossentropy(Y, LOGITS, from_logits=False),
        ValueError,
        "but got 2",
    ),
    "logits, binary focal": (
        lambda: BinaryFocalCrossentropy(**NO_LOGITS)(target=B, preds=LOGITS[:, 0]),
        ValueError,
        "but got 2",
    ),
    "logits, categorical focal": (
        lambda: CategoricalFocalCrossentropy(**NO_LOGITS)(target=Y, preds=LOGITS),
        ValueError,
        "but got 2",
    ),
    "logits, generalized": (
        lambda: GeneralizedCrossentropy(**NO_LOGITS)(target=Y, preds=LOGITS),
        ValueError,
        "but got 2",
    ),
    "logits, Dice": (
        lambda: Dice(**NO_LOGITS)(target=Y[None], preds=LOGITS[None]),
        ValueError,
        "but got 2",
    ),
    "logits, binary Dice": (
        lambda: Dice(binary=True, **NO_LOGITS)(target=B[None], preds=LOGITS[None, :, 0]),
        ValueError,
        "but got 2",
    ),
    "logits, generalized Dice": (
        lambda: GeneralizedDice(**NO_LOGITS)(target=Y[None], preds=LOGITS[None]),
        ValueError,
        "but got 2",
    ),
    "logits, KLDivergence": (
        lambda: KLDivergence()(target=SOFTMAX, preds=LOGITS),
        ValueError,
        "preds must be logarithms of probabilities, .*but got 3. .*jax.nn.log_softmax",
    ),
    "probabilities, KLDivergence": (
        lambda: KLDivergence()(target=SOFTMAX, preds=SOFTMAX),
        ValueError,
        "if they are probabilities, give `log_preds=False`",
    ),
    "logarithms, KLDivergence": (
        lambda: KLDivergence(log_preds=False)(target=SOFTMAX, preds=LOG_SOFTMAX),
        ValueError,
        "preds must be probabilities from 0 to 1 with `log_preds=False`, .* give `log_preds=True`",
    ),
    "logarithms as target, KLDivergence": (
        lambda: KLDivergence()(target=LOG_SOFTMAX, preds=LOG_SOFTMAX),
        ValueError,
        "target must be probabilities .* give `log_target=True`",
    ),
    "logits, JensenShannon": (
        lambda: JensenShannon()(target=SOFTMAX, preds=LOGITS),
        ValueError,
        "preds must be logarithms of probabilities",
    ),
    # Line 8: what JAX cannot take
    "string labels": (
        lambda: Crossentropy()(target=np.array(["a", "b"]), preds=LOGITS[:2]),
        TypeError,
        r"Crossentropy got a NumPy array of dtype <U1 as target, .* `np.unique\(target, ",
    ),
    "None": (
        lambda: MeanSquaredError()(target=P, preds=None),
        TypeError,
        "MeanSquaredError got None as preds",
    ),
    # Line 11: swapped
    "swapped labels and scores": (
        lambda: Crossentropy()(target=SOFTMAX, preds=Y),
        TypeError,
        "preds must be scores, floats, but are int.* Were target and preds swapped",
    ),
    "swapped one-hot": (
        lambda: CategoricalFocalCrossentropy()(target=LOGITS, preds=ONE_HOT),
        TypeError,
        "Were target and preds swapped",
    ),
    # Line 18b: options
    "logits=True": (
        lambda: Crossentropy(logits=True),
        TypeError,
        "Crossentropy has no argument 'logits'. Did you mean `from_logits`",
    ),
    "an own option, misspelt": (
        lambda: Rate(rat=2.0),
        TypeError,
        "Rate has no argument 'rat'. Did you mean `rate`",
    ),
    "a number as a string": (
        lambda: Huber(delta="1"),
        TypeError,
        "delta of Huber must be a number, but is the str '1'",
    ),
    "a flag as a string": (
        lambda: Rate(flag="yes"),
        TypeError,
        "flag of Rate must be a boolean, but is the str 'yes'",
    ),
    "weights of examples as an option": (
        lambda: MeanSquaredError(weight=jnp.ones(3)),
        TypeError,
        "weight of MeanSquaredError must be a number",
    ),
    "class weights as a dict": (
        lambda: Crossentropy(class_weights={0: 1.0, 1: 2.0, 2: 1.0})(target=Y, preds=LOGITS),
        TypeError,
        r"must be a sequence of 3 numbers, .* `\[class_weights\[label\] for label in range\(3\)\]`",
    ),
    "an option by position": (
        lambda: Huber(2.0),
        TypeError,
        "Huber takes no arguments by position, but got 1. Give options by name: reduction=...",
    ),
    "a penalty as a string": (
        lambda: jm.regularizers.L2("0.1"),
        TypeError,
        "l2 of L2 must be a number",
    ),
    "reduction": (
        lambda: MeanSquaredError(reduction="avg"),
        ValueError,
        "There is no reduction 'avg'. Choose one of 'none'",
    ),
    "arrays by position": (
        lambda: MeanSquaredError()(P, P),
        TypeError,
        r"takes arguments by name only, as in `loss\(target=..., preds=...",
    ),
    "y_pred": (
        lambda: MeanSquaredError()(target=P, y_pred=P),
        TypeError,
        "called with 'y_pred', but it takes .* Did you mean `preds`",
    ),
    "a masked array": (
        lambda: MeanSquaredError()(target=np.ma.array([1.0], mask=[True]), preds=np.ones(1)),
        TypeError,
        r"target is a masked array of NumPy.*`np.ma.getdata\(target\)`, and a mask of those that",
    ),
    "a masked array of weights": (
        lambda: MeanSquaredError()(
            target=P, preds=P, sample_weight=np.ma.array(np.ones(len(P)), mask=np.ones(len(P)))
        ),
        TypeError,
        "sample_weight is a masked array of NumPy, whose mask JAX does not have",
    ),
    "a mask of 0 and 1": (
        lambda: MeanSquaredError()(target=P, preds=P, mask=B),
        TypeError,
        r"mask must be boolean, .* `mask.astype\(bool\)`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_mistake_is_told(mistake):
    call, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=message):
        call()


FUNCTIONS = [
    function
    for module in (losses, jm.regularizers)
    for name, function in vars(module).items()
    if inspect.isfunction(function) and not name.startswith("_")
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions_name_what_they_take(function):
    first = next(iter(inspect.signature(function).parameters))
    with pytest.raises(TypeError, match=f"{function.__name__} has no argument 'none'.* {first}"):
        function(none=1)


def test_shapes_that_are_broadcast_on_purpose():
    class Pairs(Squared):
        same_shape = False

    assert Pairs(reduction="none")(target=P, preds=P[:, None]).shape == (4, 4)
    assert Squared(reduction="none")(target=0.0, preds=P).shape == (4,)
    column = Squared(reduction="none")(target=P[:, None], preds=LOGITS)
    assert column.shape == (4, 3)

    class Chosen(losses.Loss):
        def call(self, target, preds):
            return -jnp.take_along_axis(preds, target[:, None], -1)[:, 0]

    assert Chosen(reduction="none")(target=Y[:3], preds=LOGITS[:3]).shape == (3,)
    assert Squared(on="a")(target={"a": P}, preds={"a": P}) == 0
