"""Class labels, as integers or one-hot, and their checks."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_metrics.arguments import as_array, as_float, widened


def target_and_scores(target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
    """Target and scores as arrays, the latter as floats; narrow integers of the target as int32.

    Raises:
        TypeError: If the target holds floats and the scores are integers, as after swapping them.
    """
    target, scores = as_array("target", target), jnp.asarray(preds)
    if jnp.issubdtype(target.dtype, jnp.floating) and scores.dtype.kind in "biu":
        raise TypeError(
            f"preds must be scores, floats, but are {scores.dtype}, while target is {target.dtype}."
            " Were target and preds swapped? If not, write `preds.astype(float)`."
        )
    return widened(target), as_float("preds", preds)


def is_sparse(target: jax.Array, preds: jax.Array) -> bool:
    """Whether the targets are integer labels `[...]` for scores `[..., classes]`, not one-hot.

    Raises:
        ValueError: If the shapes fit neither form, or there are fewer than two classes.
        TypeError: If the targets have the shape of labels but are not integers.
    """
    shapes = f"got target {list(target.shape)} {target.dtype}, preds {list(preds.shape)}"
    if preds.ndim == 0 or preds.shape[-1] < 2:
        raise ValueError(
            f"preds must be [..., classes] with at least two classes, but {shapes}. For a "
            "single score of two classes, use the option `binary=True` of losses that have it."
        )
    is_integer = jnp.issubdtype(target.dtype, jnp.integer)
    if target.ndim == preds.ndim - 1 and target.shape == preds.shape[:-1]:
        if not is_integer:
            raise TypeError(
                f"Labels must be integers, but {shapes}. Write `target.astype(int)`, or give "
                "probabilities of the shape of preds."
            )
        return True
    if target.shape == preds.shape and not (is_integer and preds.ndim == 1):
        return False
    expected = f"integer labels {list(preds.shape[:-1])} or probabilities {list(preds.shape)}"
    hint = "For one score per label, use the option `binary=True` of losses that have it."
    if target.ndim == preds.ndim and target.shape[-1:] == (1,):
        hint = "Write `target[..., 0]` to drop the last axis."
    elif preds.ndim > 2 and target.shape == (preds.shape[0], *preds.shape[2:]):
        hint = "The classes are the last axis: write `jnp.moveaxis(preds, 1, -1)`."
    raise ValueError(f"target must be {expected}, but {shapes}. {hint}")


def check_labels(
    labels: jax.Array, classes: int, *, ignored: jax.Array | None = None
) -> jax.Array | None:
    """Marks labels that are not classes; None if all are, which is known only outside of `jit`.

    Raises:
        ValueError: If some are not, outside of `jit`.
    """
    wrong = (labels < 0) | (labels >= classes)
    wrong = wrong if ignored is None else wrong & ~ignored
    if isinstance(wrong, Tracer):
        return wrong
    if bool(wrong.any()):
        first = int(labels[jnp.unravel_index(jnp.argmax(wrong), wrong.shape)])
        raise ValueError(
            f"target holds the label {first}, but preds has {classes} classes, 0 to {classes - 1}. "
            "Leave out placeholder labels with `ignore_index`, where a loss has it, or with `mask`."
        )
    return None


def nan_where(wrong: jax.Array | None, values: jax.Array) -> jax.Array:
    """The values with NaN for wrong labels, as nothing can be raised under `jit`."""
    return values if wrong is None else jnp.where(wrong, jnp.nan, values)


def either(one: jax.Array | None, other: jax.Array | None) -> jax.Array | None:
    """Where one of two masks is true; None is false everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return one | other


def class_labels(target: Any, preds: Any) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    """Integer labels `[...]` and scores `[..., classes]`, and a mask of wrong labels or None.

    Raises:
        TypeError: If the labels are not integers.
        ValueError: If a shape does not fit.
    """
    target, preds = target_and_scores(target, preds)
    if not is_sparse(target, preds):
        raise ValueError(
            f"This loss takes integer labels {list(preds.shape[:-1])}, not probabilities: write "
            "`target.argmax(-1)`."
        )
    wrong = check_labels(target, preds.shape[-1])
    return target if wrong is None else jnp.where(wrong, 0, target), preds, wrong


def one_hot_target(target: Any, preds: Any) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    """Probabilities and scores, both `[..., classes]`, and a mask `[...]` of wrong labels or None.

    Raises:
        TypeError: If there is one label per example, but not as integers.
        ValueError: If a shape does not fit.
    """
    target, preds = target_and_scores(target, preds)
    if not is_sparse(target, preds):
        return as_float("target", target), preds, None
    wrong = check_labels(target, preds.shape[-1])
    return jax.nn.one_hot(target, preds.shape[-1], dtype=preds.dtype), preds, wrong


def at_label(scores: jax.Array, labels: jax.Array) -> jax.Array:
    """The score `[...]` of each label, out of scores `[..., classes]`."""
    return jnp.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
