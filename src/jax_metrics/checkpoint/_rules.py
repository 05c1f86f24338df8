"""Rules that convert the state of another library: functions from state dicts to state dicts."""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._deferred import Deferred
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._inverse import InvertibleRule, State
from jax_metrics.checkpoint._patterns import Pattern

_NONE: Mapping[str, Any] = types.MappingProxyType({})


@names_arguments
def rename(pattern: str, name: str) -> InvertibleRule:
    """A rule that gives the entries that match a pattern another name.

    Args:
        pattern: A name in which `{i}` stands for one part, and `{*rest}` for any number of parts.
        name: The new name, with the same variables.

    Raises:
        ValueError: If a pattern is malformed, or the name has other variables.

    Example:
        >>> import jax_metrics as jm
        >>> rule = jm.checkpoint.rename("bert.layer.{i}.{*rest}", "layers.{i}.{*rest}")
        >>> rule({"bert.layer.0.dense.weight": 1.0})
        {'layers.0.dense.weight': 1.0}
    """
    source, target = Pattern(pattern), Pattern(name)
    target.check_variables(source.variables)

    def new_name(name: str) -> str:
        values = source.match(name)
        return name if values is None else target.fill(values)

    return InvertibleRule(
        lambda state: _collected((new_name(name), value) for name, value in state.items()),
        f"rename({pattern!r}, {name!r})",
        _lost(source, [target]) or (lambda: rename(name, pattern)),
    )


@names_arguments
def transpose(pattern: str, axes: Sequence[int] | None = None) -> InvertibleRule:
    """A rule that transposes the entries that match a pattern.

    Args:
        pattern: As in `rename`.
        axes: The order of the axes; by default they are reversed.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> rule = jm.checkpoint.transpose("conv.weight", (2, 3, 1, 0))
        >>> rule({"conv.weight": np.ones((8, 3, 5, 5))})["conv.weight"].shape
        (5, 5, 3, 8)
    """
    given = "" if axes is None else f", {tuple(axes)}"
    back = None if axes is None else [int(i) for i in np.argsort([i % len(axes) for i in axes])]
    return _each(
        pattern,
        lambda value: np.transpose(value, axes),
        f"transpose({pattern!r}{given})",
        lambda: transpose(pattern, back),
    )


@names_arguments
def reshape(
    pattern: str, shape: Sequence[int], *, before: Sequence[int] | None = None
) -> InvertibleRule:
    """A rule that gives the entries that match a pattern another shape.

    Args:
        pattern: As in `rename`.
        shape: The shape, in which one axis may be -1.
        before: The original shape, in which one axis may be -1; the inverse of the rule needs it.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> rule = jm.checkpoint.reshape("query.bias", (2, -1))
        >>> rule({"query.bias": np.ones(8)})["query.bias"].shape
        (2, 4)
    """
    unknown = "it does not know the shape before. Give that as `before=`."
    return _each(
        pattern,
        lambda value: np.reshape(value, shape),
        f"reshape({pattern!r}, {shape})",
        unknown if before is None else (lambda: reshape(pattern, before, before=shape)),
    )


@names_arguments
def skip(
    *patterns: str,
    defaults: Mapping[str, Any] | Callable[[State], Mapping[str, Any]] = _NONE,
) -> InvertibleRule:
    """A rule that removes the entries that match one of the patterns.

    Args:
        *patterns: As in `rename`.
        defaults: The entries that the inverse of the rule puts back: a dict, or a function from the
            state to a dict. By default, none.

    Example:
        >>> import jax_metrics as jm
        >>> jm.checkpoint.skip("{*rest}.num_batches_tracked")({"bn.num_batches_tracked": 3})
        {}
    """
    compiled = [Pattern(pattern) for pattern in patterns]

    def put_in(state: State) -> State:
        added = defaults(state) if callable(defaults) else defaults
        return _collected([*state.items(), *added.items()])

    text = f"skip({', '.join(map(repr, patterns))})"
    rule = InvertibleRule(
        lambda state: {
            name: value
            for name, value in state.items()
            if all(pattern.match(name) is None for pattern in compiled)
        },
        text,
        lambda: InvertibleRule(put_in, f"{text}.inverse()", lambda: rule),
    )
    return rule


@names_arguments
def split(
    pattern: str,
    names: Sequence[str],
    axis: int = 0,
    *,
    sizes: Sequence[int] | None = None,
    keep_axis: bool = True,
) -> InvertibleRule:
    """A rule that splits the entries that match a pattern into parts.

    Args:
        pattern: As in `rename`.
        names: The names of the parts, with the same variables.
        axis: The axis to split along.
        sizes: The sizes of the parts along this axis; by default they are equal.
        keep_axis: Whether the parts keep the axis. If not, it has one element for each part.

    Raises:
        ValueError: As in `rename`, or if the numbers of sizes and names differ.
        CheckpointError: When applied, if the axis cannot be split like this.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> names = ["{*to}.query", "{*to}.key", "{*to}.value"]
        >>> rule = jm.checkpoint.split("{*to}.in_proj_bias", names)
        >>> sorted(rule({"attention.in_proj_bias": np.ones(12)}))
        ['attention.key', 'attention.query', 'attention.value']
    """
    source, targets = Pattern(pattern), [Pattern(name) for name in names]
    for target in targets:
        target.check_variables(source.variables)
    _check_sizes(sizes, names)

    def parts_of(array: np.ndarray) -> list[np.ndarray]:
        if not keep_axis:
            if array.shape[axis] != len(targets):
                raise ValueError(f"axis {axis} has not {len(targets)} elements")
            return list(np.moveaxis(array, axis, 0))
        if sizes is None:
            return np.split(array, len(targets), axis)
        if sum(sizes) != array.shape[axis]:
            raise ValueError(f"axis {axis} has not {' + '.join(map(str, sizes))} elements")
        return np.split(array, np.cumsum(sizes)[:-1], axis)

    def rule(state: State) -> State:
        found: list[tuple[str, Any]] = []
        for name, value in state.items():
            values = source.match(name)
            if values is None:
                found.append((name, value))
                continue
            parts = _applied(parts_of, value, name, f"split({pattern!r})")
            found.extend(zip([target.fill(values) for target in targets], parts, strict=True))
        return _collected(found)

    how = "concatenate" if keep_axis else "stack"
    return InvertibleRule(
        rule,
        f"split({pattern!r}, {list(names)})",
        _lost(source, targets) or (lambda: merge(names, pattern, how, axis, sizes=sizes)),
    )


@names_arguments
def merge(
    patterns: Sequence[str],
    name: str,
    how: Literal["concatenate", "stack", "sum"] = "concatenate",
    axis: int = 0,
    *,
    sizes: Sequence[int] | None = None,
) -> InvertibleRule:
    """A rule that merges the entries that match several patterns into one.

    Its inverse splits the array again. The inverse of a sum gives the whole sum to the first part,
    and zeros to the others.

    Args:
        patterns: One for each part, in order, with the same variables.
        name: The new name.
        how: Whether the parts are concatenated, stacked along a new axis, or added.
        axis: The axis along which they are concatenated or stacked.
        sizes: The sizes of the concatenated parts, for the inverse of the rule; by default they are
            equal.

    Raises:
        ValueError: As in `rename`; if `how` is none of these; or if the numbers of sizes and
            patterns differ.
        CheckpointError: When applied, if a part is missing, or the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> rule = jm.checkpoint.merge(["bias_ih_l{i}", "bias_hh_l{i}"], "bias.{i}", "sum")
        >>> rule({"bias_ih_l0": np.ones(2), "bias_hh_l0": np.ones(2)})
        {'bias.0': array([2., 2.])}
    """
    ways: dict[str, Callable[[list[Any]], Any]] = {
        "concatenate": lambda parts: np.concatenate(parts, axis),
        "stack": lambda parts: np.stack(parts, axis),
        "sum": lambda parts: np.sum(np.stack(parts), axis=0, dtype=parts[0].dtype),
    }
    if how not in ways:
        raise ValueError(f"`how` is one of {', '.join(map(repr, ways))}; got {how!r}.")
    sources, target = [Pattern(pattern) for pattern in patterns], Pattern(name)
    for source in sources:
        target.check_variables(source.variables)
    _check_sizes(sizes, patterns)

    def rule(state: State) -> State:
        rest, groups = dict(state), dict[str, dict[int, str]]()
        for index, source in enumerate(sources):
            for entry in state:
                values = source.match(entry)
                if values is not None:
                    groups.setdefault(target.fill(values), {})[index] = entry
        merged = []
        for new_name, entries in groups.items():
            lacking = [patterns[index] for index in range(len(sources)) if index not in entries]
            if lacking:
                raise CheckpointError(
                    f"merge(..., {name!r}) found {', '.join(map(repr, entries.values()))} for "
                    f"`{new_name}`, but nothing that matches {', '.join(map(repr, lacking))}."
                )
            parts = [np.asarray(rest.pop(entries[index])) for index in range(len(sources))]
            merged.append((new_name, _applied(ways[how], parts, new_name, f"merge(..., {name!r})")))
        return _collected([*rest.items(), *merged])

    def undo() -> InvertibleRule:
        if how == "sum":
            return _first_and_zeros(name, patterns, merging)
        return split(name, patterns, axis, sizes=sizes, keep_axis=how == "concatenate")

    lost = next((text for source in sources if (text := _lost(source, [target]))), None)
    merging = InvertibleRule(rule, f"merge({list(patterns)}, {name!r}, {how!r})", lost or undo)
    return merging


def _first_and_zeros(name: str, patterns: Sequence[str], undo: InvertibleRule) -> InvertibleRule:
    """The inverse of a sum: all of it as the first part, and zeros as the others."""
    source, targets = Pattern(name), [Pattern(pattern) for pattern in patterns]

    def rule(state: State) -> State:
        found: list[tuple[str, Any]] = []
        for entry, value in state.items():
            values = source.match(entry)
            if values is None:
                found.append((entry, value))
                continue
            array = np.asarray(value)
            found.append((targets[0].fill(values), array))
            found.extend((target.fill(values), np.zeros_like(array)) for target in targets[1:])
        return _collected(found)

    return InvertibleRule(rule, f"{undo}.inverse()", lambda: undo)


def rename_all(state: Mapping[str, Any], names: Any) -> State:
    """The state with the names of `load_state_dict(rename=...)`."""
    if names is None:
        return dict(state)
    if callable(names):
        return _collected((str(names(name)), value) for name, value in state.items())
    for pattern, name in names.items():
        state = rename(pattern, name)(dict(state))
    return dict(state)


def _each(
    pattern: str,
    change: Callable[[Any], Any],
    text: str,
    undo: Callable[[], InvertibleRule] | str,
) -> InvertibleRule:
    compiled = Pattern(pattern)
    return InvertibleRule(
        lambda state: {
            name: value if compiled.match(name) is None else _changed(change, value, name, text)
            for name, value in state.items()
        },
        text,
        undo,
    )


def _lost(source: Pattern, targets: Sequence[Pattern]) -> str | None:
    """Why names made from the variables of the source do not tell what these were."""
    for target in targets:
        if lost := sorted(source.variables - target.variables):
            return (
                f"{target.text!r} does not say what {{{lost[0]}}} of {source.text!r} was. Use "
                "every variable in the new name."
            )
    return None


def _check_sizes(sizes: Sequence[int] | None, names: Sequence[str]) -> None:
    if sizes is not None and len(sizes) != len(names):
        raise ValueError(f"`sizes` has one size for each of the {len(names)} parts; got {sizes}.")


def _changed(change: Callable[[Any], Any], value: Any, name: str, rule: str) -> Any:
    if isinstance(value, Deferred):
        return _applied(lambda _: value.then(change), value.stand_in, name, rule)
    return _applied(change, value, name, rule)


def _applied(change: Callable[[Any], Any], value: Any, name: str, rule: str) -> Any:
    try:
        return change(value if isinstance(value, list) else np.asarray(value))
    except (ValueError, IndexError) as error:
        shapes = [np.shape(part) for part in value] if isinstance(value, list) else np.shape(value)
        raise CheckpointError(
            f"{rule} does not fit `{name}` with shape {shapes}: {error}."
        ) from error


def _collected(entries: Iterable[tuple[str, Any]]) -> State:
    found: State = {}
    for name, value in entries:
        if name in found:
            raise CheckpointError(
                f"A rule gives two entries the name `{name}`. Skip one of them, or give them "
                "different names."
            )
        found[name] = value
    return found
