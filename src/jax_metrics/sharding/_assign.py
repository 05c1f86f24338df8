"""The spec of each array of a tree: rules, declarations, and state that follows its parameter."""

import re
from typing import Any

from jax.sharding import PartitionSpec

from jax_metrics.optim import spec_of_state
from jax_metrics.sharding._arguments import check_mesh
from jax_metrics.sharding._errors import raise_problems
from jax_metrics.sharding._leaves import Leaf, array_leaves
from jax_metrics.sharding._matcher import Matcher
from jax_metrics.sharding._rules import Rules
from jax_metrics.sharding._specs import partition_spec, resolve, resolve_leading, spread

_STEP = re.compile(r"(?=[.\[])")


def specs(tree: Any, mesh: Any, rules: Rules, leading: tuple[Any, ...]) -> dict[str, PartitionSpec]:
    """The specs of the arrays in a tree, by path.

    Raises:
        TypeError: If `mesh` is not a mesh.
        ShardingError: If anything does not fit.
    """
    check_mesh(mesh)
    problems: list[str] = []
    if rules.spread is not None and rules.spread.axis not in mesh.shape:
        problems.append(f"`fsdp` was made for another mesh, with the axis {rules.spread.axis!r}")
    leaves = list(array_leaves(tree, len(leading)))
    matcher = Matcher(rules)
    found: dict[str, PartitionSpec] = {}
    for leaf in leaves:
        if leaf.follows is None:
            found[leaf.path] = _spec(leaf, mesh, rules, leading, matcher, problems)
    _follow(leaves, found, mesh, len(leading), problems)
    paths = [leaf.own_path for leaf in leaves if leaf.follows is None]
    raise_problems([*problems, *matcher.unused(paths)], tree, mesh)
    return found


def _spec(
    leaf: Leaf,
    mesh: Any,
    rules: Rules,
    leading: tuple[Any, ...],
    matcher: Matcher,
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


def _follow(
    leaves: list[Leaf],
    found: dict[str, PartitionSpec],
    mesh: Any,
    leading: int,
    problems: list[str],
) -> None:
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
        alike = [p for p in parameters if p.shape == leaf.shape] or parameters
        given = [spec_of_state(leaf.shape, p.shape, found[p.path], leading) for p in alike]
        specs = {spec for spec in given if spec is not None}
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
        whole = partition_spec([()] * len(leaf.shape), mesh)
        found[leaf.path] = specs.pop() if specs else whole
