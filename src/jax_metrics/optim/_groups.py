"""`groups`: a transformation for each part of the parameters."""

from collections.abc import Mapping
from types import EllipsisType
from typing import Any

import optax

from jax_metrics.arguments import names_arguments
from jax_metrics.optim._rules import (
    Place,
    Rule,
    check_rule,
    check_used,
    matches,
    name_of,
    places,
)
from jax_metrics.optim._seen_tree import seen
from jax_metrics.optim._transformation import is_transformation, with_extra_args


@names_arguments
def groups(
    transformations: Mapping[Rule | EllipsisType, Any],
) -> optax.GradientTransformationExtraArgs:
    """Applies to each parameter the transformation of the group that it belongs to.

    It is `optax.partition` with rules instead of labels. Each parameter must belong to exactly one
    group. `...` is the group of all parameters that no other rule matches.

    Args:
        transformations: By rule. A rule is a path such as `".head"`, with everything inside, or
            with `*` for any characters, as in `"*.kernel"`; a class of modules, with everything
            inside; a kind; a function of a `FieldInfo`; a tuple of rules, for any of them; or `...`
            for the rest. `optax.set_to_zero()` keeps the parameters of a group as they are.

    Returns:
        A transformation for a `jm.Optimizer`, alone or inside of others.

    Raises:
        TypeError: If a rule is none of these, or a value is not a transformation.
        ValueError: If there are no groups; in `Optimizer.init`, if a parameter has no group or
            several, or a rule matches no parameter.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(4), jm.BatchNorm()).init(0, jnp.ones((1, 2)))
        >>> by_part = jm.optim.groups({jm.BatchNorm: optax.sgd(1.0), ...: optax.adam(1e-3)})
        >>> optimizer = jm.Optimizer(by_part).init(model)
        >>> grads = model.map(jnp.ones_like, jm.Parameter)
        >>> optimizer.update(grads, model)[1].bias
        Array([-1., -1., -1., -1.], dtype=float32)
    """
    if not isinstance(transformations, Mapping) or not transformations:
        raise ValueError(
            "groups takes a dict from rules to transformations, as in "
            "`jm.optim.groups({'.head': optax.adam(1e-3), ...: optax.sgd(1e-4)})`; "
            f"got {transformations!r}."
        )
    rules = [rule for rule in transformations if rule is not ...]
    for rule in rules:
        check_rule(rule, "groups")
    for rule, value in transformations.items():
        if not is_transformation(value):
            raise TypeError(
                f"groups: the value for {name_of(rule)} must be an optax transformation, such as "
                f"`optax.adam(1e-3)`; got a {type(value).__name__}."
            )
    labels = _labels(list(transformations))
    rest = labels[list(transformations).index(...)] if ... in transformations else None
    by_label = dict(zip(labels, transformations.values(), strict=True))
    label_of = {rule: label for rule, label in zip(transformations, labels, strict=True)}

    def label_params(params: dict[str, Any]) -> dict[str, str]:
        now = seen("groups")
        found = places(now.tree)
        if now.initial:
            check_used(rules, found, "groups")
        chosen = {
            path: [label_of[rule] for rule in rules if matches(rule, found[path])]
            for path, value in params.items()
            if not isinstance(value, optax.MaskedNode)  # of a group around this one
        }
        _check_one_each(chosen, found, has_rest=rest is not None)
        return {path: next(iter(chosen.get(path, ())), rest or labels[0]) for path in params}

    return optax.partition({k: with_extra_args(v) for k, v in by_label.items()}, label_params)


def _labels(rules: list[Any]) -> list[str]:
    """A label for each rule; equal names get numbers."""
    names = [name_of(rule) for rule in rules]
    return [
        name if names.count(name) == 1 else f"{name}#{names[:i].count(name) + 1}"
        for i, name in enumerate(names)
    ]


def _check_one_each(chosen: dict[str, list[str]], found: dict[str, Place], has_rest: bool) -> None:
    problems = [
        f"{path} ({type(found[path].field.module).__name__}) "
        + (f"matches {' and '.join(names)}" if names else "matches no rule")
        for path, names in chosen.items()
        if len(names) > 1 or not (names or has_rest)
    ]
    if problems:
        raise ValueError(
            f"groups: each parameter must belong to one group, but {'; '.join(problems)}. Make "
            "the rules narrower, or add `...: transformation` for all that no other rule matches."
        )
