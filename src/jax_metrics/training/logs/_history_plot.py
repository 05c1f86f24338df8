"""Draws the values of a history over the steps. matplotlib is imported when something is drawn."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_FEW = 30  # points that are marked


def plot_history(
    series: Mapping[str, tuple[np.ndarray, np.ndarray]], names: Sequence[str] | None, ax: Any
) -> tuple[Any, np.ndarray]:
    """Draws steps and values by name; names with the same last part share axes.

    Raises:
        KeyError: If there is no such name.
        ValueError: If there is nothing to draw, or another number of axes.
    """
    groups: dict[str, list[str]] = {}
    for name in series:
        groups.setdefault(_last_part(name), []).append(name)
    chosen = list(groups) if names is None else list(names)
    if missing := [name for name in chosen if name not in groups]:
        raise KeyError(f"The history has no {missing[0]!r} to draw, but {list(groups)}.")
    if not chosen:
        raise ValueError("The history has no values to draw; log some first.")
    figure, axes = _new_axes(len(chosen)) if ax is None else _given_axes(ax, len(chosen))
    for one, base in zip(axes, chosen, strict=True):
        for name in groups[base]:
            steps, values = series[name]
            one.plot(steps, values, label=name, marker="o" if len(steps) <= _FEW else None)
        one.set(xlabel="step", title=base)
        if groups[base] != [base]:
            one.legend()
    return figure, axes


def _last_part(name: str) -> str:
    return name.rpartition("/")[-1]


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
