"""The spec of each array of a tree: rules, declarations, and state that follows its parameter."""

import re
from collections.abc import Mapping
from typing import Any

from jax.sharding import PartitionSpec

from jax_metrics.sharding._errors import raise_problems
from jax_metrics.sharding._leaves import Leaf, array_leaves
from jax_metrics.sharding._rules import Rules, label
from jax_metrics.sharding._specs import partition_spec, resolve, resolve_leading, spread
from jax_metrics.tree import nearest

_MOST_SHOWN = 4
_STEP = re.compile(r"(?=[.\[])")


def specs(tree: Any, mesh: Any, rules: Rules, leading: tuple[Any, ...]) -> dict[str, PartitionSpec]:
    """The specs of the arrays in a tree, by path.

    Raises:
        ShardingError: If anything does not fit.
    """
    problems: list[str] = []
    if rules.spread is not None and rules.spread.axis not in mesh.shape:
        problems.append(f"`fsdp` was made for another mesh, with the axis {rules.spread.axis!r}")
    leaves = list(array_leaves(tree, len(leading)))
    matcher = _Matcher(rules)
    found: dict[str, PartitionSpec] = {}
    for leaf in leaves:
        if leaf.follows is None:
            found[leaf.path] = _spec(leaf, mesh, rules, leading, matcher, problems)
    _follow(leaves, found, problems)
    paths = [leaf.own_path for leaf in leaves if leaf.follows is None]
    raise_problems([*problems, *matcher.unused(paths)], tree, mesh)
    return found


def _spec(
    leaf: Leaf,
    mesh: Any,
    rules: Rules,
    leading: tuple[Any, ...],
    matcher: "_Matcher",
    problems: list[str],
) -> PartitionSpec:
    key, spec = matcher.match(leaf)
    if key is None and leaf.is_parameter and rules.spread is None and leaf.size >= rules.threshold:
        problems.append(
            f"no rule matches the large parameter `{leaf.path}`, shape {leaf.shape}. Give it one; "
            "None has it on each device. Or raise `threshold`"
        )
    axes = resolve(spec, leaf, mesh, rules, f"the rule {key}", problems)
    keeps_whole = key is not None and spec is None
    over = rules.spread
    if over is not None and over.axis in mesh.shape and leaf.is_parameter and not keeps_whole:
        axes = spread(axes, leaf, mesh, over, problems)
    axes = resolve_leading(leading, leaf, axes, mesh, rules, problems)
    return partition_spec(axes, mesh)


class _Matcher:
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
                shown = ", ".join(f"`{path}`" for path in paths[:_MOST_SHOWN])
                more = ", ..." if len(paths) > _MOST_SHOWN else ""
                hint = nearest(key, paths) if isinstance(key, str) else ""
                problems.append(f"{what} {name} matches nothing; there are: {shown}{more}{hint}")
        return problems


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


def _follow(leaves: list[Leaf], found: dict[str, PartitionSpec], problems: list[str]) -> None:
    """Gives state that is kept by the path of a parameter the spec of that parameter."""
    by_end: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        if leaf.follows is None:
            for start in _STEP.finditer(leaf.path):
                by_end.setdefault(leaf.path[start.start() :], []).append(leaf)
    for leaf in leaves:
        if leaf.follows is None:
            continue
        parameters = by_end.get(leaf.follows, [])
        specs = {found[p.path] for p in parameters if p.shape == leaf.shape}
        if not parameters and leaf.shape:
            problems.append(
                f"`{leaf.path}` belongs to the parameter `{leaf.follows}`, which is not in the "
                "tree. Shard both together: `shard((model, optimizer), mesh, rules)`"
            )
        elif len(specs) > 1:
            problems.append(
                f"`{leaf.path}` may belong to several parameters, with different specs: "
                f"{', '.join(f'`{p.path}`' for p in parameters)}. Shard each with its own model"
            )
        found[leaf.path] = specs.pop() if specs else PartitionSpec()
