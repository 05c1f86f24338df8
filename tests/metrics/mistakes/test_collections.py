"""Mistakes with collections: members, masks, and updates that are lost."""

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import losses, metrics
from jax_metrics.metrics import Accuracy, Mean, Metrics

Y = np.array([0, 1, 2, 1])
SCORES = np.float32([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
B = np.array([0, 1, 1, 0])
P = np.float32([0.1, 0.8, 0.6, 0.3])
MASK = np.array([True, True, True, False])


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


def own_loss(target, preds):
    return jnp.mean(abs(target - preds))


MISTAKES = {
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
    "metrics one by one": (
        lambda: Metrics(Accuracy(), Accuracy()),
        TypeError,
        r"takes 1 argument by position, .* a list or a dict: `Metrics\(\[a, b\]\)`",
    ),
    "metrics by keyword": (
        lambda: Metrics(accuracy=Accuracy()),
        TypeError,
        r"no argument `accuracy`. .* a list or a dict: .* `Metrics\(\{\"name\": a\}\)`",
    ),
    "None in a collection": (lambda: Metrics([None]), TypeError, "Expected a Metric, .* got None"),
    # A mask that a member of a collection does not take
    "a mask, own metric": (
        lambda: Metrics([Accuracy(), Unmasked()]).update(target=B, preds=P, mask=MASK),
        TypeError,
        r"Metrics got `mask`, but its member 'unmasked' \(Unmasked\) takes none: .* count masked "
        r"ones. Let it take `mask`, .* set `per_example = \(\)` in its class",
    ),
    "a mask, own metric alone": (
        lambda: Unmasked().update(target=B, preds=P, mask=MASK),
        TypeError,
        "Unmasked was called with 'mask', .* To use it, give the class a parameter `mask`",
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


@pytest.mark.slow
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
