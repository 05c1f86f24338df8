"""Plots of the values of metrics: bars, histories, confusion matrices, curves.

matplotlib is imported only when something is drawn.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_metrics.arguments import distinct

# How a value is drawn: `"value"`, `"matrix"`, or a curve with two fields of the value as x and y.
Form = str | tuple[str, str]


def plot(
    value: Any,
    form: Form = "value",
    *,
    name: str = "",
    bounds: tuple[float | None, float | None] = (None, None),
    labels: Sequence[str] | None = None,
    ax: Any = None,
) -> tuple[Any, Any]:
    """Draws a value.

    Args:
        value: The value of a metric, or a list of values, one for each epoch.
        form: `"value"`, `"matrix"`, or the names of the fields with x and y of a curve.
        name: The name of the metric.
        bounds: See `Metric`: bars and curves are shown over the whole range.
        labels: Names of the classes.
        ax: The axes to draw into, or an array of axes, one for each label of a multilabel matrix;
            by default those of a new figure.

    Returns:
        The figure and the axes.
    """
    value = _as_numpy(value)
    if form == "matrix":
        return _matrices(value, name, labels, ax)
    figure, ax = _axes(ax)
    if isinstance(form, tuple):
        x, y = (getattr(value, field) for field in form)
        _curves(ax, x, y, labels)
        _show(ax, [(bound, bound) for bound in bounds if bound is not None])
        ax.set(xlabel=form[0], ylabel=form[1], title=name)
    elif isinstance(value, list):
        _history(ax, value, name, labels)
    else:
        _values(ax, value, name, labels)
        _show(ax, [(0, bound) for bound in bounds if bound is not None])
    return figure, ax


def _as_numpy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _as_numpy(one) for name, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_as_numpy, value))
    if isinstance(value, list | tuple):
        return [_as_numpy(one) for one in value]
    return np.asarray(value)


def _axes(ax: Any) -> tuple[Any, Any]:
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained") if ax is None else (ax.figure, ax)


def _show(ax: Any, points: list[tuple[float, float]]) -> None:
    """Widens the limits of the axes to show the points."""
    if points:
        ax.update_datalim(points)
        ax.autoscale_view()


def _values(ax: Any, value: Any, name: str, labels: Sequence[str] | None) -> None:
    """Bars, one for each number."""
    numbers = _named(value, name, labels)
    bars = ax.bar(list(numbers), list(numbers.values()))
    ax.bar_label(bars, fmt="%.4g")
    ax.set(title=name)
    if len(numbers) > 6:
        ax.tick_params(axis="x", rotation=90)


def _history(ax: Any, values: list[Any], name: str, labels: Sequence[str] | None) -> None:
    """A line for each number, over the epochs."""
    rows = [_named(value, name, labels) for value in values]
    for line in rows[0] if rows else ():
        ax.plot([row[line] for row in rows], marker="o", label=line)
    ax.set(xlabel="epoch", title=name)
    if rows and len(rows[0]) > 1:
        ax.legend()


def _named(value: Any, name: str, labels: Sequence[str] | None) -> dict[str, float]:
    """The numbers in a value, by name."""
    if isinstance(value, Mapping):
        return {
            inner if label == inner else f"{inner} {label}": number
            for inner, one in value.items()
            for label, number in _named(one, inner, labels).items()
        }
    numbers = np.asarray(value)
    if numbers.ndim == 0:
        return {name: numbers.item()}
    names = distinct("labels", range(numbers.size) if labels is None else labels)
    return dict(zip(names, numbers.reshape(-1).tolist(), strict=True))


def _curves(ax: Any, x: np.ndarray, y: np.ndarray, labels: Sequence[str] | None) -> None:
    """One curve, or one for each class."""
    x, y = np.atleast_2d(x), np.atleast_2d(y)
    names = map(str, range(len(x))) if labels is None else labels
    for name, one, other in zip(names, x, y, strict=True):
        ax.plot(one, other, label=name)
    if len(x) > 1:
        ax.legend()


def _matrices(
    value: np.ndarray, name: str, labels: Sequence[str] | None, ax: Any
) -> tuple[Any, Any]:
    if value.ndim == 2:
        figure, ax = _axes(ax)
        _matrix(ax, value, name, labels)
        return figure, ax
    if ax is None:
        import matplotlib.pyplot as plt

        columns = math.ceil(math.sqrt(len(value)))
        figure, ax = plt.subplots(
            math.ceil(len(value) / columns), columns, layout="constrained", squeeze=False
        )
        for unused in ax.flat[len(value) :]:
            unused.set_axis_off()
    names = map(str, range(len(value))) if labels is None else labels
    for label, one, part in zip(names, value, np.ravel(ax), strict=False):
        _matrix(part, one, f"{name} {label}", None)
    return np.ravel(ax)[0].figure, ax


def _matrix(ax: Any, matrix: np.ndarray, name: str, labels: Sequence[str] | None) -> None:
    """A heat map with the number in each cell, rows for the target."""
    names = list(map(str, range(len(matrix))) if labels is None else labels)
    ax.imshow(matrix, cmap="Blues", vmin=0)
    ax.set(title=name, xlabel="predicted", ylabel="target")
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    for (row, column), number in np.ndenumerate(matrix):
        text = f"{number:.0f}" if float(number).is_integer() else f"{number:.2f}"
        color = "white" if number > matrix.max() / 2 else "black"
        ax.text(column, row, text, ha="center", va="center", color=color)
