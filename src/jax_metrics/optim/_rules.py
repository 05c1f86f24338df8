"""Rules that choose parameters: by path, by kind or class of module, or by a function."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from jax_metrics.module import TreePart
from jax_metrics.optim._flat import parameter_fields
from jax_metrics.optim._optimizer_errors import listed
from jax_metrics.tree import FieldInfo, nearest, trees_with_paths

One = str | type | Callable[[FieldInfo], bool]
Rule = One | tuple[One, ...]


class Place(NamedTuple):
    """A parameter, and the modules that hold it.

    Attributes:
        field: The field; its `module` is the innermost one.
        classes: The classes of all modules around it.
    """

    field: FieldInfo
    classes: tuple[type, ...]


def places(tree: Any) -> dict[str, Place]:
    """The parameters of a tree by path, frozen ones too."""
    modules = [(path, type(part)) for path, part in trees_with_paths(tree)]
    return {
        field.path: Place(
            field, tuple(cls for path, cls in modules if _is_within(field.path, path))
        )
        for field in parameter_fields(tree)
    }


def check_rule(rule: Any, where: str) -> None:
    """Checks that a value can be a rule.

    Raises:
        TypeError: If it is neither a path, a class nor a function.
    """
    for one in rule if isinstance(rule, tuple) else (rule,):
        if not isinstance(one, str) and not callable(one):
            raise TypeError(
                f"{where} takes paths such as `'.head'`, classes of modules, kinds, and functions "
                f"of a `FieldInfo`; got {one!r}."
            )


def as_rules(rules: Any, where: str) -> list[Any]:
    """A rule, or several, as a list.

    Raises:
        TypeError: If one is not a rule.
    """
    several = list(rules) if isinstance(rules, list | tuple) else [rules]
    for rule in several:
        check_rule(rule, where)
    return several


def matches(rule: Rule, place: Place) -> bool:
    """Whether a rule chooses a parameter; a tuple, whether one of its rules does."""
    if isinstance(rule, tuple):
        return any(matches(one, place) for one in rule)
    if isinstance(rule, str):
        dotted = rule if rule[:1] in (".", "[", "*") else f".{rule}"
        if "*" not in rule:
            return _is_within(place.field.path, dotted)
        pattern = ".*".join(re.escape(part) for part in dotted.split("*"))
        return re.fullmatch(rf"{pattern}([.\[].*)?", place.field.path) is not None
    if isinstance(rule, type):
        if issubclass(rule, TreePart):
            return issubclass(place.field.kind, rule)
        return any(issubclass(cls, rule) for cls in place.classes)
    return bool(rule(place.field))


def check_used(rules: list[Any], found: dict[str, Place], where: str) -> None:
    """Checks that each rule chooses a parameter.

    Raises:
        ValueError: Naming the rules that choose none.
    """
    unused = [rule for rule in rules if not any(matches(rule, p) for p in found.values())]
    if unused:
        paths = [*found, *(path[: path.rfind(".")] for path in found)]
        hints = [nearest(rule, paths) for rule in unused if isinstance(rule, str)]
        raise ValueError(
            f"{where}: no parameter matches {', '.join(map(name_of, unused))}."
            f"{''.join(hints)} The parameters are {listed(list(found))}."
        )


def name_of(rule: Any) -> str:
    """A rule as messages and labels show it: a path, `...`, or the name of a class or function."""
    if rule is ...:
        return "..."
    if isinstance(rule, tuple):
        return " or ".join(map(name_of, rule))
    return rule if isinstance(rule, str) else getattr(rule, "__name__", type(rule).__name__)


def _is_within(path: str, outer: str) -> bool:
    rest = path.removeprefix(outer)
    return path.startswith(outer) and rest[:1] in ("", ".", "[")
