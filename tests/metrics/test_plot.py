"""What plots contain; not how they look."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import jax_metrics as jm


class Points(NamedTuple):
    fpr: jax.Array
    tpr: jax.Array


class Given(jm.Metric):
    """A metric with a given value."""

    value: Any = jm.node()

    def __init__(self, value, form="value"):
        self.value = value
        type(self).plot_form = form

    def compute(self):
        return self.value


def heights(ax):
    return [bar.get_height() for bar in ax.patches]


def test_a_number_is_a_bar():
    figure, ax = jm.metrics.Mean(name="loss").update(3.0).plot()
    assert heights(ax) == [3.0] and ax.get_title() == "loss" and ax.figure is figure


def test_classes_and_dicts_are_bars_with_names():
    _, ax = Given(jnp.arange(3.0)).plot(labels=["a", "b", "c"])
    assert heights(ax) == [0, 1, 2]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]
    metrics = jm.metrics.Metrics([jm.metrics.Max(), jm.metrics.Min()])
    _, ax = metrics.update(jnp.array([1.0, 5.0])).plot()
    assert heights(ax) == [5, 1]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["max", "min"]


def test_labels_of_bars_differ():
    with pytest.raises(ValueError, match=r"labels must differ .* 'a' is repeated in \['a', 'a'\]"):
        Given(jnp.arange(2.0)).plot(labels=["a", "a"])


def test_a_history_is_a_line_for_each_number():
    _, ax = jm.metrics.Mean().plot([jnp.array(3.0), jnp.array(2.0), 1.0])
    assert [list(line.get_ydata()) for line in ax.lines] == [[3, 2, 1]]
    _, ax = Given(None).plot([{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}])
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert ax.get_legend() is not None and ax.get_xlabel() == "epoch"


@pytest.mark.parametrize("classes", [1, 2])
def test_a_curve_for_each_class(classes):
    x = jnp.linspace(0, 1, 5)
    value = Points(x, x**2) if classes == 1 else Points(jnp.stack([x, x]), jnp.stack([x, x**2]))
    _, ax = Given(value, ("fpr", "tpr")).plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("fpr", "tpr")
    assert len(ax.lines) == classes
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), x**2)


def test_a_matrix_has_a_number_in_each_cell():
    matrix = jnp.array([[3.0, 1.0], [0.0, 0.25]])
    _, ax = Given(matrix, "matrix").plot(labels=["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["3", "1", "0", "0.25"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "target")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["cat", "dog"]


def test_a_matrix_for_each_label():
    figure, axes = Given(jnp.ones((3, 2, 2)), "matrix").plot(labels=["a", "b", "c"])
    assert axes.shape == (2, 2) and not axes[1, 1].axison
    assert [ax.get_title() for ax in axes.flat[:3]] == ["given a", "given b", "given c"]
    assert figure is axes[0, 0].figure


def test_bounds_are_shown():
    bounded = Given(jnp.array(0.25))
    bounded.bounds = (-1, 1)
    _, ax = bounded.plot()
    low, high = ax.get_ylim()
    assert low <= -1 and high >= 1
    curve = Given(Points(jnp.array([0.25]), jnp.array([0.5])), ("fpr", "tpr"))
    curve.bounds = (0, 1)
    _, ax = curve.plot()
    assert all(low <= 0 and high >= 1 for low, high in (ax.get_xlim(), ax.get_ylim()))


def test_given_axes_are_drawn_into():
    figure, ax = plt.subplots()
    assert jm.metrics.Mean().update(1.0).plot(ax=ax) == (figure, ax)
    assert heights(ax) == [1.0]


def test_metrics_know_their_form():
    target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.1, 0.4, 0.5, 0.8])
    curves = {
        jm.metrics.ROC: ("fpr", "tpr"),
        jm.metrics.PrecisionRecallCurve: ("recall", "precision"),
    }
    for cls, names in curves.items():
        _, ax = cls(thresholds=5).update(target=target, preds=preds).plot()
        assert (ax.get_xlabel(), ax.get_ylabel()) == names and len(ax.lines) == 1
    metric = jm.metrics.ConfusionMatrix().update(target=target, preds=preds)
    _, ax = metric.plot()
    assert [text.get_text() for text in ax.texts] == ["2", "0", "1", "1"]
