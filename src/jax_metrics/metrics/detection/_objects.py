"""The labels of the objects of images, and checks of their other values."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics.inputs import as_labels, weights


def labels_of_objects(
    target: Any,
    preds: Any,
    sample_weight: Any,
    mask: Any,
    num_classes: int | None,
    needed: tuple[Sequence[str], Sequence[str]],
) -> tuple[jax.Array, jax.Array, jax.Array, list[Rule]]:
    """The labels of targets and predictions, `[images, objects]`; -1 where there is no object.

    Args:
        target: A dict of arrays `[images, objects, ...]`.
        preds: Likewise.
        sample_weight: The weight of each image, `[images]`, or None.
        mask: Which images count, `[images]`, or None.
        num_classes: Number of classes, if there is a limit to labels.
        needed: The keys that targets and predictions need.

    Returns:
        Both labels, in which masked images have no objects; the weight of each image, 0 if it is
        masked; and the rules that check that labels are classes.

    Raises:
        TypeError: If they are not dicts.
        ValueError: If a key is missing, or a shape does not fit.
    """
    found: list[jax.Array] = []
    weight = jnp.zeros(0)
    rules = []
    for name, objects, keys in (("target", target, needed[0]), ("preds", preds, needed[1])):
        _check_keys(name, objects, keys)
        labels = as_labels(f"labels of {name}", objects["labels"])
        if labels.ndim != 2:
            raise ValueError(
                f"labels of {name} must be [images, objects], but their shape is "
                f"{list(labels.shape)}. Give a list of dicts for images without padding."
            )
        for key in keys:
            if jnp.shape(objects[key])[:2] != labels.shape:
                raise ValueError(
                    f"{key} of {name} must begin with the shape of labels, {list(labels.shape)}, "
                    f"but their shape is {list(jnp.shape(objects[key]))}."
                )
        weight = weights(labels.shape[:1], sample_weight, mask)
        labels = jnp.where(weights(labels.shape[:1], None, mask)[:, None] == 0, -1, labels)
        if num_classes is not None:
            message = (
                f"{name} has labels outside of 0 to {num_classes - 1}; give the number of classes "
                "as `num_classes`."
            )
            rules.append(Rule((labels < num_classes) | (weight == 0)[:, None], message))
        found.append(labels)
    if len(found[0]) != len(found[1]):
        raise ValueError(
            "target and preds must have the same number of images, but have "
            f"{len(found[0])} and {len(found[1])}."
        )
    return found[0], found[1], weight, rules


def rule_of_boxes(name: str, corners: jax.Array, exists: jax.Array, box_format: str) -> Rule:
    """The rule that the boxes of objects are boxes, which may be empty.

    Args:
        name: Whose boxes they are.
        corners: The boxes by their corners, `[images, objects, 4]`.
        exists: Which objects exist, `[images, objects]`.
        box_format: The format in which they were given.
    """
    holds = (jnp.isfinite(corners).all(-1)) & (corners[..., :2] <= corners[..., 2:]).all(-1)
    return Rule(
        holds | ~exists,
        f"boxes of {name} must be finite numbers that float32 does not round, with x1 <= x2 and "
        f"y1 <= y2, or sizes that are not negative. Is box_format={box_format!r} right?",
    )


def rule_of_masks(name: str, area: jax.Array, exists: jax.Array) -> Rule:
    """The rule that the masks of objects are binary, whose area is NaN if they are not."""
    return Rule(
        ~jnp.isnan(area) | ~exists,
        f"masks of {name} must hold 0 and 1. Threshold probabilities: `masks > 0.5`.",
    )


def rule_of_keypoints(name: str, keypoints: jax.Array, exists: jax.Array) -> Rule:
    """The rule that keypoints are finite, except those of the target that are not labelled."""
    finite = jnp.isfinite(keypoints[..., :2]).all(-1)
    if name == "target":
        finite = (finite | (keypoints[..., 2] <= 0)) & ~jnp.isnan(keypoints[..., 2])
    return Rule(
        finite.all(-1) | ~exists,
        f"keypoints of {name} must be finite numbers; those of the target that are not labelled "
        "have a visibility of 0.",
    )


def _check_keys(name: str, objects: Any, keys: Sequence[str]) -> None:
    if not isinstance(objects, Mapping):
        raise TypeError(
            f"{name} must be a dict of arrays, or a list of dicts, one for each image; got a "
            f"{type(objects).__name__}."
        )
    for key in keys:
        if key not in objects:
            raise ValueError(f"{name} needs {key!r}; it has {', '.join(map(repr, objects))}.")
