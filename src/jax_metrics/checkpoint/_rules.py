"""Rules that convert the state of another library: functions from state dicts to state dicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._patterns import Pattern

State = dict[str, Any]
Rule = Callable[[State], State]


def rename(pattern: str, name: str) -> Rule:
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

    return lambda state: _collected((new_name(name), value) for name, value in state.items())


def transpose(pattern: str, axes: Sequence[int] | None = None) -> Rule:
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
    return _each(pattern, lambda value: np.transpose(value, axes), f"transpose({pattern!r}, ...)")


def reshape(pattern: str, shape: Sequence[int]) -> Rule:
    """A rule that gives the entries that match a pattern another shape.

    Args:
        pattern: As in `rename`.
        shape: The shape, in which one axis may be -1.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> rule = jm.checkpoint.reshape("query.bias", (2, -1))
        >>> rule({"query.bias": np.ones(8)})["query.bias"].shape
        (2, 4)
    """
    return _each(pattern, lambda value: np.reshape(value, shape), f"reshape({pattern!r}, {shape})")


def skip(*patterns: str) -> Rule:
    """A rule that removes the entries that match one of the patterns.

    Args:
        *patterns: As in `rename`.

    Example:
        >>> import jax_metrics as jm
        >>> jm.checkpoint.skip("{*rest}.num_batches_tracked")({"bn.num_batches_tracked": 3})
        {}
    """
    compiled = [Pattern(pattern) for pattern in patterns]
    return lambda state: {
        name: value
        for name, value in state.items()
        if all(pattern.match(name) is None for pattern in compiled)
    }


def split(pattern: str, names: Sequence[str], axis: int = 0) -> Rule:
    """A rule that splits the entries that match a pattern into equal parts.

    Args:
        pattern: As in `rename`.
        names: The names of the parts, with the same variables.
        axis: The axis to split along.

    Raises:
        ValueError: As in `rename`.
        CheckpointError: When applied, if the axis cannot be split into equal parts.

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

    def rule(state: State) -> State:
        found: list[tuple[str, Any]] = []
        for name, value in state.items():
            values = source.match(name)
            if values is None:
                found.append((name, value))
                continue
            parts = _applied(
                lambda array: np.split(array, len(targets), axis),
                value,
                name,
                f"split({pattern!r})",
            )
            found.extend(zip([target.fill(values) for target in targets], parts, strict=True))
        return _collected(found)

    return rule


def merge(
    patterns: Sequence[str],
    name: str,
    how: Literal["concatenate", "stack", "sum"] = "concatenate",
    axis: int = 0,
) -> Rule:
    """A rule that merges the entries that match several patterns into one.

    Args:
        patterns: One for each part, in order, with the same variables.
        name: The new name.
        how: Whether the parts are concatenated, stacked along a new axis, or added.
        axis: The axis along which they are concatenated or stacked.

    Raises:
        ValueError: As in `rename`, or if `how` is another word.
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

    return rule


def rename_all(state: Mapping[str, Any], names: Any) -> State:
    """The state with the names of `load_state_dict(rename=...)`."""
    if names is None:
        return dict(state)
    if callable(names):
        return _collected((str(names(name)), value) for name, value in state.items())
    for pattern, name in names.items():
        state = rename(pattern, name)(dict(state))
    return dict(state)


def _each(pattern: str, change: Callable[[Any], Any], rule: str) -> Rule:
    compiled = Pattern(pattern)
    return lambda state: {
        name: value if compiled.match(name) is None else _applied(change, value, name, rule)
        for name, value in state.items()
    }


def _applied(change: Callable[[Any], Any], value: Any, name: str, rule: str) -> Any:
    try:
        return change(value if isinstance(value, list) else np.asarray(value))
    except ValueError as error:
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
