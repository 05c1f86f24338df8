"""Targets and predictions that do not fit a metric, or JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import metrics
from jax_metrics.metrics import AUROC, Accuracy, F1Score, LogLoss, Mean, MeanSquaredError, Metrics

Y = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3, dtype=int)[Y]
SCORES = np.float32([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
B = np.array([0, 1, 1, 0])
P = np.float32([0.1, 0.8, 0.6, 0.3])
LOGITS = np.float32([-2.0, 1.5, 0.5, -1.0])


class Within(metrics.MeanOf):
    def values(self, target, preds):
        return abs(target - preds) < 0.5


class Branching(metrics.MeanOf):
    def values(self, target, preds):
        return target - preds if (target > 0).all() else target


class WithNumPy(metrics.MeanOf):
    def values(self, target, preds):
        return np.abs(target - preds)


class Selecting(metrics.MeanOf):
    def values(self, target, preds):
        return preds[target > 0]


class Converting(Mean):
    def compute(self):
        return float(super().compute())


class NoUpdate(jm.Metric):
    def compute(self):
        return jnp.zeros(())


class NotSummed(jm.Metric):
    def __init__(self):
        self.error = metrics.Total()

    def update(self, target, preds):
        self.error += abs(target - preds)

    def compute(self):
        return self.error.value


class Tensor:
    """Looks like one of PyTorch."""

    __module__ = "torch"

    def detach(self):
        return self


MISTAKES = {
    # Line 5: shapes [n] and [n, 1]
    "target [n, 1], MSE": (
        lambda: MeanSquaredError()(target=P[:, None], preds=P),
        ValueError,
        r"target \[4, 1\], preds \[4\]. Write `target\[..., 0\]`",
    ),
    "target [n, 1], Accuracy": (
        lambda: Accuracy()(target=B[:, None], preds=P),
        ValueError,
        r"Write `target\[..., 0\]` to drop",
    ),
    "preds [n, 1], Accuracy": (
        lambda: Accuracy()(target=B, preds=P[:, None]),
        ValueError,
        r"Write `preds\[..., 0\]` to drop",
    ),
    "preds [n, 1], own MeanOf": (
        lambda: Within()(target=P, preds=P[:, None]),
        ValueError,
        r"target \[4\], preds \[4, 1\]. Write `preds\[..., 0\]`",
    ),
    "target [n, 1] for scores [n, C]": (
        lambda: Accuracy(num_classes=3)(target=Y[:, None], preds=SCORES),
        ValueError,
        r"Write `target\[..., 0\]` to drop",
    ),
    # Line 5b: one-hot targets
    "one-hot, Accuracy": (
        lambda: Accuracy()(target=ONE_HOT, preds=SCORES),
        ValueError,
        r"looks one-hot: .* `target.argmax\(-1\)`, with `num_classes=3` .* `num_labels=3`",
    ),
    "one-hot, booleans": (
        lambda: F1Score()(target=ONE_HOT > 0, preds=SCORES),
        ValueError,
        "target looks one-hot",
    ),
    "one-hot, AUROC": (
        lambda: AUROC()(target=ONE_HOT, preds=SCORES),
        ValueError,
        "target looks one-hot",
    ),
    "one-hot, LogLoss": (
        lambda: LogLoss()(target=ONE_HOT, preds=SCORES),
        ValueError,
        "target looks one-hot",
    ),
    "one-hot, traced": (
        lambda: jax.jit(metrics.accuracy)(ONE_HOT, SCORES),
        ValueError,
        "target looks one-hot",
    ),
    "one-hot with num_classes": (
        lambda: Accuracy(num_classes=3)(target=ONE_HOT, preds=SCORES),
        ValueError,
        r"If the target is one-hot, give `target.argmax\(-1\)`",
    ),
    "one-hot for predicted labels": (
        lambda: Accuracy(num_classes=3)(target=ONE_HOT, preds=Y),
        ValueError,
        r"swapped\? If the target is one-hot, give `target.argmax\(-1\)`",
    ),
    "one-hot floats": (
        lambda: Accuracy()(target=np.float32(ONE_HOT), preds=SCORES),
        TypeError,
        r"is float32. One-hot rows become labels by `target.argmax\(-1\)`",
    ),
    "ids beyond 32 bits": (
        lambda: metrics.retrieval_precision(B, P, indexes=np.full(len(B), 2**40)),
        OverflowError,
        r"to int32. Number them from 0, as `np.unique\(indexes, return_inverse=True\)\[1\]`",
    ),
    "ids as floats": (
        lambda: metrics.retrieval_precision(B, P, indexes=np.zeros(len(B), np.float32)),
        TypeError,
        r"indexes must hold ids, .* Number them from 0: `np.unique\(indexes, return_inverse=True\)",
    ),
    "groups as floats": (
        lambda: metrics.ByGroup(Accuracy(), num_groups=2)(target=B, preds=P, groups=np.float32(B)),
        TypeError,
        r"groups must hold ids, .* Number them from 0: `np.unique\(groups, return_inverse=True\)",
    ),
    "labels beyond 32 bits": (
        lambda: Accuracy()(target=np.full(len(B), 2**40), preds=P),
        OverflowError,
        r"numbers, give floats, .* labels or ids, number them from 0, as `np.unique\(target, ",
    ),
    "clicks as floats": (
        lambda: metrics.ClickThroughRate()(np.float32(B)),
        TypeError,
        r"clicks must hold 0 and 1, integers or booleans, but is .* Write `clicks.astype\(int",
    ),
    "scores of two classes, AUROC": (
        lambda: AUROC()(target=B, preds=np.stack([1 - P, P], -1)),
        ValueError,
        r"Of the scores of two classes, give those of class 1: `preds\[..., 1\]`",
    ),
    "classes first, as in PyTorch": (
        lambda: Accuracy(num_classes=3)(
            target=np.zeros((1, 2, 5), int), preds=np.zeros((1, 3, 2, 5), np.float32)
        ),
        ValueError,
        r"The classes are the last axis: write `jnp.moveaxis\(preds, 1, -1\)`",
    ),
    # Lines 6 and 7b: values out of range
    "labels out of range": (
        lambda: Accuracy(num_classes=3)(target=Y + 1, preds=SCORES),
        ValueError,
        "target has labels outside of 0 to 2",
    ),
    "logits to Accuracy": (
        lambda: Accuracy()(target=B, preds=LOGITS),
        ValueError,
        "preds must be probabilities .* give `from_logits=True`",
    ),
    "logits to AUROC": (
        lambda: AUROC()(target=B, preds=LOGITS),
        ValueError,
        "preds must be probabilities .* give `from_logits=True`",
    ),
    "logits to KLDivergence": (
        lambda: metrics.KLDivergence(log_prob=True)(target=np.log(SCORES), preds=3 * SCORES),
        ValueError,
        "must hold logarithms of probabilities, at most 0. .* apply `jax.nn.log_softmax`",
    ),
    "logarithms to KLDivergence": (
        lambda: metrics.KLDivergence()(target=np.log(SCORES), preds=np.log(SCORES)),
        ValueError,
        "must hold probabilities: .* give `log_prob=True`",
    ),
    # Line 8: what JAX cannot take
    "string labels": (
        lambda: Accuracy(num_classes=2)(target=np.array(["a"]), preds=np.array(["b"])),
        TypeError,
        r"Accuracy got a NumPy array of dtype <U1 as target, .* `np.unique\(target, .*jittable",
    ),
    "a list of strings": (
        lambda: Accuracy(num_classes=2)(target=["a"], preds=["b"]),
        TypeError,
        r"got a str as target\[0\], which JAX cannot take. .* sets `jittable = False`",
    ),
    "an array of objects": (
        lambda: Mean()(np.array(["a", None], object)),
        TypeError,
        r"Mean got a NumPy array of dtype object as values, .* `np.unique\(values, ",
    ),
    "an empty array of objects": (
        lambda: Mean()(np.array([], object)),
        TypeError,
        "dtype object as values, which JAX cannot take. Give an array of numbers",
    ),
    "a tensor of PyTorch": (
        lambda: Mean()(Tensor()),
        TypeError,
        r"Mean got a torch.Tensor as values, .* `values.detach\(\).cpu\(\).numpy\(\)`",
    ),
    "an object": (
        lambda: Mean()(object()),
        TypeError,
        r"Mean got a object as values, .* Give `np.asarray\(values\)`",
    ),
    "dates": (
        lambda: Metrics([Mean()]).update(values=np.array(["2026-01-01"], "datetime64[D]")),
        TypeError,
        r"Metrics got a NumPy array of dtype datetime64\[D\] as values, .* the days since a date",
    ),
    "a masked array": (
        lambda: Mean()(np.ma.array([1.0, 2.0], mask=[False, True])),
        TypeError,
        r"is a masked array of NumPy, whose mask JAX does not have.*`~np.ma.getmaskarray\(",
    ),
    "a masked array of clusters": (
        lambda: metrics.rand_score(np.ma.array([1, 2], mask=[True, False]), np.array([1, 2])),
        TypeError,
        "target is a masked array of NumPy",
    ),
    "a masked array that is padded": (
        lambda: Metrics([Mean()], pad_to=4).update(values=np.ma.array([1.0], mask=[True])),
        TypeError,
        "values is a masked array of NumPy",
    ),
    "no update": (
        lambda: NoUpdate()(target=P, preds=P),
        TypeError,
        "it takes no arguments: its `update` is not defined",
    ),
    "an array for a number": (
        lambda: NotSummed()(target=P, preds=P),
        ValueError,
        r"A Total of the shape \[\] cannot add an array of the shape \[4\]. Sum it first",
    ),
    "an array as the declaration of state": (
        lambda: metrics.state(jnp.zeros(3)),
        TypeError,
        r'takes its reduction, as in `total: jax.Array = jm.metrics.state\("sum"\)`; got',
    ),
    "None": (
        lambda: Accuracy()(target=None, preds=P),
        TypeError,
        "Accuracy got None as target. Give an array",
    ),
    "None, function": (
        lambda: metrics.accuracy(B, None),
        TypeError,
        "Accuracy got None as preds. Give an array",
    ),
    "if in an update": (
        lambda: Branching()(target=P, preds=P),
        TypeError,
        r"`update` of Branching needs the values of arrays, in values at .*test_inputs.py:\d+.* "
        "Use `jnp.where` .* `jittable = False`",
    ),
    "if in an update, in a collection": (
        lambda: Metrics([Branching()]).update(target=P, preds=P),
        TypeError,
        "`update` of Branching needs the values of arrays",
    ),
    "NumPy in an update": (
        lambda: WithNumPy().update(target=P, preds=P),
        TypeError,
        "`update` of WithNumPy needs the values",
    ),
    "x[mask] in an update": (
        lambda: Selecting().update(target=P, preds=P),
        TypeError,
        r"`x\[mask\]` do not work",
    ),
    "float in compute": (
        lambda: Converting().update(1.0).compute(),
        TypeError,
        "`compute` of Converting needs the values of arrays, in compute at",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_mistake_is_told(mistake):
    call, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=message):
        call()


def test_the_error_of_jax_is_the_cause():
    with pytest.raises(TypeError) as raised:
        Branching()(target=P, preds=P)
    assert isinstance(raised.value.__cause__, jax.errors.TracerBoolConversionError)
    with pytest.raises(TypeError) as raised:
        Mean()("a")
    assert "abstract array" in str(raised.value.__cause__)


def test_an_eager_metric_takes_what_jax_cannot():
    class Longest(jm.Metric):
        jittable = False

        def __init__(self):
            self.longest = metrics.Max()

        def update(self, *, words):
            self.longest.update(float(max(map(len, words))))

        def compute(self):
            return self.longest.compute()

    assert Longest()(words=["a", "bcd"]) == 3


@pytest.mark.slow
def test_what_is_declared_stays_silent():
    several = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]])
    assert metrics.accuracy(several, SCORES, num_labels=3) == 8 / 12
    assert metrics.accuracy(Y, SCORES) == 0.5
    # Labels of sequences, of images, and of a single column are no one-hot rows.
    assert metrics.accuracy(ONE_HOT, ONE_HOT) == 1
    assert metrics.accuracy(ONE_HOT[None], SCORES[None]) == 8 / 12
    assert metrics.accuracy(B[:, None], P[:, None]) == 1
    assert metrics.accuracy(ONE_HOT.ravel(), SCORES.ravel()) == 8 / 12


def test_shapes_that_are_broadcast_on_purpose():
    class Pairs(Within):
        same_shape = False

    assert Pairs()(target=P, preds=P[:, None]) == 10 / 16

    class Chosen(metrics.MeanOf):
        def values(self, target, preds):
            return jnp.take_along_axis(preds, target[:, None], -1)[:, 0]

    np.testing.assert_allclose(Chosen()(target=Y, preds=SCORES), 0.45, rtol=1e-6)
    square = {"target": Y[:3], "preds": SCORES[:3]}  # as many examples as classes
    np.testing.assert_allclose(Chosen()(**square), 1.7 / 3, rtol=1e-6)
    assert Within()(target=0.0, preds=P) == 0.5
