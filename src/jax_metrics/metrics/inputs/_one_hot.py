"""One-hot arrays where labels are expected: they would count as labels of the classes 0 and 1."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule

# Fewer examples, and those of two classes, may well look one-hot and be labels.
_LEAST_EXAMPLES, _LEAST_CLASSES = 8, 3


def not_one_hot(
    target: jax.Array, preds: jax.Array, weight: jax.Array, num_classes: int
) -> tuple[Rule, ...]:
    """The rules that labels are not one-hot along the last or the second axis, if they could be.

    Args:
        target: Integers.
        preds: Integers of the same shape.
        weight: Weights of the same shape; examples with weight 0 are not looked at.
        num_classes: The number of classes.
    """
    axes = {axis % target.ndim for axis in (-1, 1)} if target.ndim > 1 else set[int]()
    if num_classes < _LEAST_CLASSES:
        return ()
    return tuple(
        _rule(target, preds, weight, axis)
        for axis in sorted(axes)
        if target.shape[axis] == num_classes
    )


def _rule(target: jax.Array, preds: jax.Array, weight: jax.Array, axis: int) -> Rule:
    counts = (weight != 0).all(axis)
    one_hot = jnp.ones((), bool)
    for labels in (target, preds):
        # The smallest, the largest and the sum are those of one 1 and zeros.
        single = (labels.min(axis) == 0) & (labels.max(axis) == 1) & (labels.sum(axis) == 1)
        one_hot &= (single | ~counts).all()
    one_hot &= counts.sum() >= _LEAST_EXAMPLES
    return Rule(
        jnp.broadcast_to(~one_hot, target.shape),
        f"target and preds look one-hot along axis {axis}, but must be labels. Give "
        f"`target.argmax({axis})` and `preds.argmax({axis})`; for the IoU of regions, "
        "`OneHotMeanIoU` takes one-hot arrays with the classes last.",
    )
