"""Draws the values of a history over the steps. matplotlib is imported when something is drawn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_FEW = 30  # points that are marked
_PARTS_OF_DATA = ("train/", "val/", "test/")


def plot_history(
    series: Mapping[str, tuple[np.ndarray, np.ndarray]], names: str | Sequence[str] | None, ax: Any
) -> tuple[Any, np.ndarray]:
    """Draws steps and values by name; names of the same quantity share axes.

    Raises:
        KeyError: If there is no such name.
        ValueError: If there is nothing to draw, or another number of axes.
    """
    groups: dict[str, list[str]] = {}
    for name in series:
        groups.setdefault(_quantity(name), []).append(name)
    chosen = list(groups) if names is None else [names] if isinstance(names, str) else list(names)
    curves = {name: [name] for name in series} | groups
    if missing := [name for name in chosen if name not in curves]:
        raise KeyError(
            f"The history has no {missing[0]!r} to draw, but {list(groups)} and the single curves "
            f"{list(series)}."
        )
    if not chosen:
        raise ValueError("The history has no values to draw; log some first.")
    figure, axes = _new_axes(len(chosen)) if ax is None else _given_axes(ax, len(chosen))
    for one, base in zip(axes, chosen, strict=True):
        for name in curves[base]:
            steps, values = series[name]
            one.plot(steps, values, label=name, marker="o" if len(steps) <= _FEW else None)
        one.set(xlabel="step", title=base)
        if curves[base] != [base]:
            one.legend()
    return figure, axes


def _quantity(name: str) -> str:
    """What a value measures: its name up to a slash, without the part of the data in front."""
    for part in _PARTS_OF_DATA:
        name = name.removeprefix(part) or name
    return name.partition("/")[0] or name


def _new_axes(count: int) -> tuple[Any, np.ndarray]:
    import matplotlib.pyplot as plt

    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    figure, axes = plt.subplots(
        rows, columns, layout="constrained", squeeze=False, figsize=(5.5 * columns, 4 * rows)
    )
    for unused in axes.flat[count:]:
        unused.set_axis_off()
    return figure, axes.ravel()[:count]


def _given_axes(ax: Any, count: int) -> tuple[Any, np.ndarray]:
    axes = np.ravel(ax)
    if len(axes) != count:
        raise ValueError(f"Expected {count} axes, one for each name to draw; got {len(axes)}.")
    return axes[0].figure, axes
