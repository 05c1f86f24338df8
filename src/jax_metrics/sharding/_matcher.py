"""Which rule an array matches, and which rules match nothing."""

import re
from collections.abc import Mapping
from typing import Any

from jax_metrics.sharding._leaves import Leaf
from jax_metrics.sharding._rules import Rules, label

_MOST_SHOWN = 4


class Matcher:
    """Finds the rule of an array, and remembers which rules matched."""

    def __init__(self, rules: Rules):
        self.rules = rules.rules
        self.used: set[Any] = set()
        self.hidden: set[Any] = set()  # matched only what earlier rules took

    def match(self, leaf: Leaf) -> tuple[str | None, Any]:
        """The name of the rule and its spec; None for the name if nothing matches."""
        chosen: tuple[str | None, Any] = (None, None)
        for key, value in self.rules.items():
            if key is ...:
                continue
            for name, used, spec in _matches(key, value, leaf):
                if chosen[0] is None:
                    chosen = name, spec
                    self.used.add(used)
                else:
                    self.hidden.add(used)
        if chosen[0] is None and leaf.declared is not None:
            return f"of the field {type(leaf.owners[-1][1]).__name__}", leaf.declared
        if chosen[0] is None and ... in self.rules and leaf.is_parameter:
            return label(...), self.rules[...]
        return chosen

    def matches(self, leaf: Leaf) -> bool:
        """Whether a rule other than `...` matches."""
        return any(
            _matches(key, value, leaf) for key, value in self.rules.items() if key is not ...
        )

    def unused(self, paths: list[str]) -> list[str]:
        """Problems: the rules that matched nothing."""
        problems = []
        for key, value in self.rules.items():
            if key is ...:
                continue
            inner = value if isinstance(value, Mapping) else (None,)
            for pattern in inner:
                used = (key, pattern)
                what = "the class" if isinstance(key, type) else "the pattern"
                name = label(key) if pattern is None else f"{label(key)}: {pattern!r}"
                if used in self.used:
                    continue
                if used in self.hidden:
                    problems.append(
                        f"{what} {name} matches only what rules before it match too; put it first"
                    )
                    continue
                problems.append(f"{what} {name} matches nothing; {_there(paths)}")
        return problems


def _there(paths: list[str]) -> str:
    if not paths:
        return (
            "there are no arrays. Initialize a model as it is sharded, with "
            "`jm.sharding.init(model, key, inputs, mesh, rules)`"
        )
    shown = ", ".join(f"`{path}`" for path in paths[:_MOST_SHOWN])
    return f"there are: {shown}{', ...' if len(paths) > _MOST_SHOWN else ''}"


def _matches(key: Any, value: Any, leaf: Leaf) -> list[tuple[str, tuple[Any, Any], Any]]:
    """For each rule of this entry that matches: its name, what marks it as used, and the spec."""
    if isinstance(key, str):
        matched = re.fullmatch(key, leaf.own_path) or re.fullmatch(key, leaf.path)
        return [(label(key), (key, None), value)] if matched else []
    owners = [path for path, owner in leaf.owners if isinstance(owner, key)]
    if not isinstance(value, Mapping):
        matched = owners or issubclass(leaf.kind, key)
        return [(label(key), (key, None), value)] if matched else []
    if not owners:
        return []
    inside = leaf.path[len(owners[-1]) :].removeprefix(".")
    return [
        (f"{label(key)}: {pattern!r}", (key, pattern), spec)
        for pattern, spec in value.items()
        if re.fullmatch(pattern, inside)
    ]
