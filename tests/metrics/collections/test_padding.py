"""A collection pads batches to known sizes, so that remainders do not compile anew."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Accuracy, Max, Mean, MeanSquaredError, Metrics, Throughput

rng = np.random.default_rng(0)
TARGET = rng.integers(0, 3, 21)
PREDS = rng.normal(size=(21, 3)).astype(np.float32)
PARTS = [slice(0, 8), slice(8, 16), slice(16, 19), slice(19, 21)]


class Unmasked(jm.Metric):
    def update(self, values):
        pass


def counting():
    """A new class of metrics, and a list that grows when one of them is traced."""
    traces = []

    class Traced(Mean):
        def update(self, values, mask=None):
            traces.append(1)
            super().update(values, mask=mask)

    return Traced, traces


@pytest.mark.parametrize("place", [np.asarray, jnp.asarray])
def test_remainders_share_the_program_of_full_batches(place):
    cls, traces = counting()
    metrics = Metrics({"accuracy": Accuracy(num_classes=3), "mean": cls()}, pad_to=8)
    for part in PARTS:
        metrics.update(target=place(TARGET[part]), preds=place(PREDS[part]), values=PREDS[part, 0])
        metrics.reset() if part == PARTS[0] else None
    assert len(traces) == 1
    rest = slice(8, 21)
    expected = np.mean(PREDS[rest].argmax(-1) == TARGET[rest])
    np.testing.assert_allclose(metrics.compute()["accuracy"], expected, rtol=1e-6)


def test_several_sizes_a_mask_and_calls():
    cls, traces = counting()
    metrics = Metrics({"mean": cls(), "max": Max()}, pad_to=[8, 4])
    values = rng.normal(size=8).astype(np.float32)
    for length in (3, 4, 2, 8, 7):
        batch = values[:length]
        result = metrics.update(values=batch, mask=batch > 0).reset()(values=batch)
        np.testing.assert_allclose(result["mean"], batch.mean(), rtol=1e-5)
        np.testing.assert_allclose(result["max"], batch.max(), rtol=1e-6)
    masked = metrics.reset().update(values=values[:3], mask=values[:3] > 0).compute()
    np.testing.assert_allclose(masked["mean"], values[:3][values[:3] > 0].mean(), rtol=1e-5)
    assert len(traces) == 2  # one of each size


def test_positional_arguments_structures_and_traced_code():
    metrics = Metrics([Mean()], pad_to=4)
    assert metrics.update(np.ones(3)).compute()["mean"] == 1
    nested = Metrics({"a": MeanSquaredError(on="x")}, pad_to=4)
    value = nested(target={"x": np.ones(2)}, preds={"x": np.zeros(2)})
    assert value["a"] == 1
    traced = jax.jit(lambda metrics, values: metrics.update(values=values))(metrics, np.ones(9))
    assert traced.compute()["mean"] == 1
    assert metrics.update(values=2.0).compute()["mean"] == 1.25


def test_scalars_alone_are_not_padded():
    assert Metrics([Mean()], pad_to=4).update(values=3.0).compute()["mean"] == 3


def test_scalars_next_to_padded_arrays():
    metrics = Metrics({"mse": MeanSquaredError(), "loss": Mean(), "rate": Throughput()}, pad_to=4)
    for size, loss in ((4, 1.0), (1, 6.0)):
        arrays = {"target": np.zeros(size), "preds": np.ones(size)}
        metrics.update(**arrays, values=loss, count=size, seconds=1.0)
    value = metrics.compute()
    assert value["mse"] == 1 and value["loss"] == 2 and value["rate"] == 2.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Metrics([Mean()], pad_to=0), ValueError, "sizes of at least 1, but is 0"),
        (lambda: Metrics([Mean()], pad_to=[]), ValueError, r"at least 1, but is \[\]"),
        (lambda: Metrics([Unmasked()], pad_to=4), TypeError, "but Unmasked takes no `mask`"),
        (
            lambda: Metrics([Mean()], pad_to=(4, 2)).update(np.ones(5)),
            ValueError,
            r"5 examples is larger than the largest size of pad_to=\(2, 4\)",
        ),
        (
            lambda: Metrics([Mean()], pad_to=4).update(np.ones(3), sample_weight=np.ones(2)),
            ValueError,
            "the examples, but they have 2 and 3",
        ),
        (
            lambda: Metrics([Mean()], pad_to=4).merge_state(Metrics([Mean()])),
            ValueError,
            r"options differ: pad_to is \(4,\) and \(\)",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_it_is_kept_in_copies():
    assert jm.copy(Metrics([Mean()], pad_to=4)).pad_to == (4,)
