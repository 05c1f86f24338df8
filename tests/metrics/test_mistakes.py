"""Mistakes of beginners with metrics and collections: what is typed, and what they are told."""

import gc
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import losses, metrics
from jax_metrics.metrics import AUROC, Accuracy, F1Score, LogLoss, Mean, MeanSquaredError, Metrics

Y = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3, dtype=int)[Y]
SCORES = np.float32([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
B = np.array([0, 1, 1, 0])
P = np.float32([0.1, 0.8, 0.6, 0.3])
LOGITS = np.float32([-2.0, 1.5, 0.5, -1.0])
MASK = np.array([True, True, True, False])


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


class Unmasked(jm.Metric):
    def __init__(self):
        self.error = metrics.Total()

    def update(self, target, preds):
        self.error += abs(target - preds).sum()

    def compute(self):
        return self.error.value


class Nested(Unmasked):
    def __init__(self):
        super().__init__()
        self.on = "a"


class NeedsNone(Unmasked):
    per_example = ()


class Tensor:
    """Looks like one of PyTorch."""

    __module__ = "torch"

    def detach(self):
        return self


def own_loss(target, preds):
    return jnp.mean(abs(target - preds))


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
        r"Metrics got a NumPy array of dtype datetime64\[D\] as values, .* array of numbers",
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
        r"`update` of Branching needs the values of arrays, in values at .*test_mistakes.py:\d+.* "
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
    # Line 11: swapped
    "swapped scores and labels": (
        lambda: Accuracy()(target=SCORES, preds=Y),
        TypeError,
        "while preds are int.*swapped",
    ),
    "swapped probabilities": (
        lambda: AUROC()(target=P, preds=B),
        TypeError,
        "Were target and preds swapped",
    ),
    "given by position": (
        lambda: Accuracy().update(B, P),
        TypeError,
        "takes no arguments by position, but got 2. Give them by name: target=..., preds=...",
    ),
    # Lines 18 and 18b: options
    "wrong num_classes": (
        lambda: Accuracy(num_classes=4)(target=Y, preds=SCORES),
        ValueError,
        r"expected \(4, 4\), with scores of 4 classes",
    ),
    "missing num_classes": (
        lambda: F1Score()(target=Y, preds=SCORES),
        ValueError,
        "the metric is binary; give `num_classes` or `num_labels`",
    ),
    "num_classes as a string": (
        lambda: Accuracy(num_classes="10"),
        TypeError,
        "num_classes of Accuracy must be an integer or None, but is the str '10'",
    ),
    "num_classes as a float": (
        lambda: Accuracy(num_classes=10.0),
        TypeError,
        "must be an integer or None, but is the float 10.0",
    ),
    "a flag as a string": (
        lambda: Accuracy(from_logits="no"),
        TypeError,
        "from_logits of Accuracy must be a boolean, but is the str 'no'",
    ),
    "a number as a string": (
        lambda: Accuracy(threshold="0.5"),
        TypeError,
        "threshold of Accuracy must be a number",
    ),
    "a string as a number": (
        lambda: Accuracy(average=3),
        TypeError,
        "average of Accuracy must be a string or None, but is the int 3",
    ),
    "n_classes": (
        lambda: Accuracy(n_classes=3),
        TypeError,
        "Accuracy has no argument 'n_classes'. Did you mean `num_classes`",
    ),
    "an option of another metric": (
        lambda: F1Score(beta=2.0),
        TypeError,
        "F1Score has no argument 'beta'",
    ),
    "misspelt option of a function": (
        lambda: metrics.accuracy(B, P, num_clases=3),
        TypeError,
        "accuracy has no argument 'num_clases'. Did you mean `num_classes`",
    ),
    "options by position": (
        lambda: Accuracy(3),
        TypeError,
        "Accuracy takes no arguments by position, but got 1. Give options by name: average=...",
    ),
    "misspelt average": (
        lambda: Accuracy(average="marco"),
        ValueError,
        "average must be one of 'micro', 'macro'",
    ),
    "predictions": (
        lambda: Accuracy()(target=B, predictions=P),
        TypeError,
        "called with 'predictions', but it takes .* Did you mean `preds`",
    ),
    "y_true": (
        lambda: MeanSquaredError().update(y_true=P, preds=P),
        TypeError,
        "'y_true', but it takes .* Did you mean `target`",
    ),
    "weight": (
        lambda: Accuracy()(target=B, preds=P, weight=P),
        TypeError,
        "Did you mean `sample_weight`",
    ),
    "loss for values, in a collection": (
        lambda: Metrics([Mean()]).update(loss=1.0),
        TypeError,
        "Nothing in this Metrics takes 'loss'; it takes values, .* Did you mean `values`",
    ),
    "a mask of 0 and 1": (
        lambda: Accuracy()(target=B, preds=P, mask=np.array([1, 1, 1, 0])),
        TypeError,
        r"mask must be boolean, .* Write `mask.astype\(bool\)`",
    ),
    # Line 19: a class for an object
    "a class in a collection": (
        lambda: Metrics([Accuracy]),
        TypeError,
        r"got the class Accuracy \(create an object of it: `Accuracy\(...\)`\)",
    ),
    "a class alone": (lambda: Metrics(Accuracy), TypeError, "got the class Accuracy"),
    "a class in a wrapper": (
        lambda: metrics.Running(Mean),
        TypeError,
        r"metric of Running must be a Metric, but is the class Mean. .* `Mean\(...\)`",
    ),
    "a class of losses": (
        lambda: metrics.Losses([losses.Crossentropy]),
        TypeError,
        "Expected a Loss or a function, .* got the class Crossentropy",
    ),
    "a loss among metrics": (
        lambda: Metrics([losses.MeanSquaredError()]),
        TypeError,
        "got the loss mean_squared_error .*belongs in `jm.metrics.Losses`",
    ),
    "a metric among losses": (
        lambda: metrics.Losses([Accuracy()]),
        TypeError,
        "got the metric accuracy .*belongs in `jm.metrics.Metrics`",
    ),
    "None in a collection": (lambda: Metrics([None]), TypeError, "Expected a Metric, .* got None"),
    # A mask that a member of a collection does not take
    "a mask, own metric": (
        lambda: Metrics([Accuracy(), Unmasked()]).update(target=B, preds=P, mask=MASK),
        TypeError,
        r"Metrics got `mask`, but its member 'unmasked' \(Unmasked\) takes none: .* count masked "
        r"ones. Let it take `mask`, .* set `per_example = \(\)` in its class",
    ),
    "a mask, in structures": (
        lambda: Metrics([Accuracy(on="a"), Nested()]).update(
            target={"a": B}, preds={"a": P}, mask=MASK
        ),
        TypeError,
        r"its member 'nested' \(Nested\) takes none",
    ),
    "a mask, traced": (
        lambda: jax.jit(lambda m, mask: m.update(target=B, preds=P, mask=mask))(
            Metrics({"a": Accuracy(), "b": Unmasked()}), MASK
        ),
        TypeError,
        r"member 'b' \(Unmasked\) takes none",
    ),
    "weights, own metric": (
        lambda: Metrics([Accuracy(), Unmasked()]).update(target=B, preds=P, sample_weight=P),
        TypeError,
        "Metrics got `sample_weight`, .* would weight them alike",
    ),
    "a mask, own loss": (
        lambda: metrics.Losses([losses.MeanSquaredError(), own_loss]).update(
            target=P, preds=P, mask=MASK
        ),
        TypeError,
        r"Losses got `mask`, but its member 'own_loss' \(own_loss\) takes none.* "
        r"`per_example = \(\)` on it",
    ),
    "a mask, LossAndLogs": (
        lambda: metrics.LossAndLogs(losses.MeanSquaredError(), [Unmasked()]).update(
            target=P, preds=P, mask=MASK
        ),
        TypeError,
        "Metrics got `mask`, but its member 'unmasked'",
    ),
    "a mask, expression": (
        lambda: (Accuracy() / Unmasked()).update(target=B, preds=P, mask=MASK),
        TypeError,
        "Expression got `mask`, but its member 'unmasked'",
    ),
    "two of a name": (
        lambda: Metrics([{"mean": Mean()}, {"mean": Mean()}]),
        ValueError,
        "Two of them are called 'mean'",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_mistake_is_told(mistake):
    call, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=message):
        call()


# Line 2c: a metric that a jitted function does not return
@pytest.mark.parametrize("metric", [Mean(), Metrics([Mean()])], ids=["Mean", "Metrics"])
def test_lost_updates(metric):
    @jax.jit
    def step(metric, values):
        metric.update(values=values)
        return values.sum()

    @jax.jit
    def closed_over(values):
        metric.update(values=values)
        return values.sum()

    name = type(metric).__name__
    with pytest.warns(jm.LostStateWarning, match=f"Return the {name} from the function") as warned:
        step(metric, P)
        gc.collect()
    assert warned[0].filename == __file__
    with pytest.raises(jm.LeakedStateError, match=f"Pass the {name} to the function"):
        closed_over(P)
    assert np.isnan(metric.compute() if name == "Mean" else metric.compute()["mean"])


def test_an_error_names_the_member():
    members = Metrics({"all": Accuracy(num_classes=3), "some": {"top": Accuracy(num_classes=4)}})
    with pytest.raises(ValueError, match=r"expected \(4, 4\)") as raised:
        members.update(target=Y, preds=SCORES)
    assert "This was in the member 'some/top' of Metrics." in raised.value.__notes__


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


def test_a_metric_of_its_own_keywords():
    class Bounds(Mean):
        def __init__(self, **bounds: float):
            super().__init__()
            self.bounds = bounds

    assert Bounds(low=1.0, high=2.0).bounds == {"low": 1.0, "high": 2.0}

    class Passing(Accuracy):
        def __init__(self, **options):
            super().__init__(**options)

    assert Passing(num_classes=3).labels.num_classes == 3
    with pytest.raises(TypeError, match="Passing has no argument 'numclasses'. Did you mean `num_"):
        Passing(numclasses=3)


def test_options_of_other_types_pass():
    class Kept(Mean):
        def __init__(self, kind: object, rate: float, size: "int", names: list[str] | None = None):
            super().__init__()
            self.options = (kind, size, names)

    assert Kept(int, np.float32(1), "many", names=["a"]).options == (int, "many", ["a"])
    assert Kept(None, jnp.ones(()), 2, None).options == (None, 2, None)
    with pytest.raises(TypeError, match="rate of Kept must be a number, but is the NoneType None"):
        Kept(1, rate=None, size=2)


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


def test_members_that_need_no_mask():
    members = {
        "accuracy": Accuracy(),
        "none": NeedsNone(),
        "loss": Mean(),
        "reduced": metrics.Reduce(),
        "top": metrics.Max(),
        "total": metrics.Sum(),
        "last": metrics.LastValue(),
        "spread": metrics.Std(),
        "rate": metrics.Throughput(),
    }
    collection = Metrics(members)
    for value, count in ((3.0, 3), (1.0, 1), (9.0, 0)):
        collection.update(
            target=B, preds=P, mask=np.arange(4) < count, values=value, count=4, seconds=1.0
        )
    value = collection.compute(as_floats=True)
    # A mean of a batch counts as often as the mask leaves examples, other values once.
    assert value["loss"] == value["reduced"] == 2.5
    assert value["top"] == 3 and value["total"] == 4 and value["last"] == 1
    assert value["spread"] == 1 and value["rate"] == 4
    assert value["accuracy"] == 1


def test_a_function_that_needs_no_mask():
    def largest(preds):
        return preds.max()

    largest.per_example = ()
    collection = metrics.Losses([losses.MeanSquaredError(), largest])
    assert collection(target=P, preds=P, mask=MASK)["largest"] == P.max()


def test_a_mean_next_to_weights():
    collection = Metrics({"accuracy": Accuracy(), "loss": Mean(), "top": metrics.Max()})
    for value, weight in ((1.0, [1.0, 1.0, 0.0, 0.0]), (4.0, [0.5, 0.0, 0.0, 0.5])):
        weights = np.float32(weight)
        collection.update(target=B, preds=P, sample_weight=weights, values=value)
    value = collection.compute_logs()
    assert value["loss"] == 2 and value["top"] == 4
    # A value of its own weight has that one.
    assert Mean().update(1.0, sample_weight=2.0).update(4.0).compute() == 2
    assert metrics.Sum().update(3.0, sample_weight=2.0).compute() == 6


def test_logs_are_python_numbers():
    collection = Metrics({"loss": Mean(), "confusion": metrics.ConfusionMatrix()})
    collection.update(values=0.5, target=B, preds=B)
    logs = collection.compute_logs()
    assert list(logs) == ["loss", "confusion"]
    assert type(logs["loss"]) is float and type(logs["confusion"]) is np.ndarray
    assert collection.compute(as_floats=True).keys() == logs.keys()
    assert type(Mean().update(1).compute_logs()["mean"]) is float
    total = metrics.Losses(losses.MeanSquaredError()).update(target=P, preds=P)
    assert total.compute_logs() == {"mean_squared_error": 0.0}
    traced = jax.jit(lambda m: (m.compute(as_floats=True), m.compute_logs()))(collection)
    assert isinstance(traced[0]["loss"], jax.Array) and traced[1]["loss"] == 0.5


PUBLIC = [
    value
    for value in vars(metrics).values()
    if inspect.isclass(value) and issubclass(value, jm.Metric)
]


@pytest.mark.parametrize("cls", PUBLIC, ids=lambda cls: cls.__name__)
def test_a_call_has_the_signature_of_update(cls):
    called = inspect.signature(cls.__call__).parameters
    assert called == inspect.signature(cls.update).parameters
    options = inspect.signature(cls).parameters
    keywords = [p for p in options.values() if p.kind is p.VAR_KEYWORD]
    assert not keywords or cls is metrics.Transformed
    assert all(
        p.annotation is not p.empty
        for p in (*called.values(), *options.values())
        if p.name != "self"
    )


def test_signatures_of_objects():
    assert list(inspect.signature(Mean()).parameters) == ["values", "sample_weight", "mask"]
    renamed = Accuracy().rename_arguments(target="y")
    assert list(inspect.signature(renamed).parameters) == ["y", "preds", "sample_weight", "mask"]
    assert inspect.signature(metrics.accuracy).return_annotation is jax.Array
    together = Metrics([Mean(), renamed])
    assert {"y", "values"} <= inspect.signature(together).parameters.keys()
