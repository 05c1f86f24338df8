"""From a rule to the `PartitionSpec` of one array, with the problems on the way."""

import math
from typing import Any

from jax.sharding import AxisType, PartitionSpec

from jax_metrics.sharding._leaves import Leaf
from jax_metrics.sharding._rules import Rules, Spread
from jax_metrics.tree import nearest

Axes = tuple[str, ...]


def resolve(
    spec: Any, leaf: Leaf, mesh: Any, rules: Rules, origin: str, problems: list[str]
) -> list[Axes]:
    """The axes of the mesh for each own axis of an array; adds what does not fit to `problems`."""
    whole: list[Axes] = [()] * len(leaf.own_shape)
    if spec is None:
        return whole
    entries = list(spec)
    if entries[:1] == [...]:
        entries[:1] = [None] * (len(whole) - len(entries) + 1)
    named = [_mesh_axes(entry, mesh, rules, origin, problems) for entry in entries]
    if len(entries) != len(whole):
        added = f" after {leaf.leading} that Stack or vmap added" if leaf.leading else ""
        problems.append(
            f"{origin} is for arrays of {_axes(len(entries))}, {tuple(spec)}; `{leaf.path}` with "
            f"shape {leaf.shape} has {_axes(len(whole))}{added}. Write None for an axis "
            "that is not split, or `...` in front for any number of them"
        )
        return whole
    used = [axis for axes in named for axis in axes]
    if twice := _doubled(used):
        problems.append(
            f"{origin} uses the mesh axis {twice} twice in {tuple(spec)}; an axis can split only "
            "one axis of an array"
        )
        return whole
    _check_sizes(named, leaf, leaf.leading, mesh, origin, problems)
    return named


def resolve_leading(
    leading: tuple[Any, ...],
    leaf: Leaf,
    axes: list[Axes],
    mesh: Any,
    rules: Rules,
    problems: list[str],
) -> list[Axes]:
    """The axes of the mesh for all axes of an array: those in front, and its own."""
    origin = "`leading`"
    named = [_mesh_axes(entry, mesh, rules, origin, problems) for entry in leading[: leaf.leading]]
    _check_sizes(named, leaf, 0, mesh, origin, problems)
    complete = named + [()] * (leaf.leading - len(named)) + axes
    if twice := _doubled([axis for names in complete for axis in names]):
        problems.append(
            f"{origin} uses the mesh axis {twice}, which already splits another axis of "
            f"`{leaf.path}`"
        )
    return complete


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _doubled(axes: list[str]) -> str:
    return ", ".join(repr(axis) for axis in dict.fromkeys(axes) if axes.count(axis) > 1)


def _check_sizes(
    named: list[Axes], leaf: Leaf, first: int, mesh: Any, origin: str, problems: list[str]
) -> None:
    for number, axes in enumerate(named, start=first):
        parts = math.prod(mesh.shape[axis] for axis in axes)
        if leaf.shape[number] % parts:
            problems.append(
                f"{origin} splits axis {number} of `{leaf.path}`, shape {leaf.shape}, over "
                f"{' and '.join(map(repr, axes))}, but {leaf.shape[number]} does not divide into "
                f"{parts} equal parts"
            )


def _mesh_axes(entry: Any, mesh: Any, rules: Rules, origin: str, problems: list[str]) -> Axes:
    axes: Axes = ()
    for name in (entry,) if isinstance(entry, str) else entry or ():
        if name in rules.axes:
            meant = rules.axes[name]
            names = (meant,) if isinstance(meant, str) else tuple(meant or ())
        else:
            names = (name,)
        for axis in names:
            if axis in mesh.shape:
                axes += (axis,)
                continue
            known = [*rules.axes, *mesh.shape]
            problems.append(
                f"{origin} names the axis {axis!r}, which is neither an axis of the mesh nor in "
                f"`axes`.{nearest(axis, known)}".rstrip(".")
            )
    return axes


def spread(
    axes: list[Axes], leaf: Leaf, mesh: Any, over: Spread, problems: list[str]
) -> list[Axes]:
    """The axes, with the largest axis of the array that is whole yet split too."""
    if leaf.size < over.min_size or any(over.axis in names for names in axes):
        return axes
    parts = mesh.shape[over.axis]
    whole = [
        number
        for number, size in enumerate(leaf.own_shape)
        if not axes[number] and not size % parts
    ]
    if not whole:
        problems.append(
            f"no axis of `{leaf.path}`, shape {leaf.shape}, can be split into the {parts} equal "
            f"parts of {over.axis!r}. Give it a rule, with None to have it on each device, or "
            "raise `min_size`"
        )
        return axes
    chosen = max(whole, key=lambda number: leaf.own_shape[number])
    return [(over.axis,) if number == chosen else names for number, names in enumerate(axes)]


def partition_spec(axes: list[Axes], mesh: Any) -> PartitionSpec:
    """The spec of an array, as JAX writes those of results, so that a step's results fit the step.

    With Explicit axes it has an entry for each axis; otherwise it ends with the last split one.
    """
    entries = [names[0] if len(names) == 1 else names or None for names in axes]
    if AxisType.Explicit not in mesh.axis_types:
        while entries and entries[-1] is None:
            entries.pop()
    return PartitionSpec(*entries)
