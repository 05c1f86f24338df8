"""Regions: the pixels of each class in each sample, and their overlap in target and predictions."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.classification import Outcomes
from jax_metrics.metrics.counts import bincount
from jax_metrics.metrics.inputs import LabelBatch, Labels, weights


def check_has_pixels(batch: LabelBatch, labels: Labels) -> None:
    """Checks that samples have pixels.

    Raises:
        ValueError: If they have none.
    """
    if batch.target.ndim < (2 if labels.num_labels is None else 3):
        raise ValueError(
            "target must have an axis of samples and one or more of pixels, but its shape is "
            f"{list(batch.target.shape)}. Write `target[None]` and `preds[None]` for one sample."
        )


def outcomes_of_samples(batch: LabelBatch, labels: Labels) -> Outcomes:
    """True and false positives and negatives of each class in each sample, `[samples, classes]`.

    A binary batch has a single class, the positive one.
    """
    check_has_pixels(batch, labels)
    target, preds, weight, _ = batch
    samples, pixels = target.shape[0], math.prod(target.shape[1:])
    if labels.num_classes is None:
        count = labels.num_labels or 1
        target, preds, weight = (
            x.reshape(samples, pixels // count, count) for x in (target, preds, weight)
        )
        true, predicted = target == 1, preds == 1
        cells = (true & predicted, ~true & predicted, true & ~predicted, ~true & ~predicted)
        return Outcomes(*((cell * weight).sum(1) for cell in cells))
    classes = labels.num_classes
    target, preds, weight = (x.reshape(samples, pixels) for x in (target, preds, weight))
    first = jnp.arange(samples)[:, None] * classes

    def per_class(label: jax.Array, weight: jax.Array) -> jax.Array:
        return bincount(first + label, weight, samples * classes).reshape(samples, classes)

    right = target == preds
    wrong = jnp.where(right, 0, weight)
    tp = per_class(target, jnp.where(right, weight, 0))
    fp, fn = per_class(preds, wrong), per_class(target, wrong)
    return Outcomes(tp, fp, fn, weight.sum(1, keepdims=True) - tp - fp - fn)


def regions(labels: jax.Array, kind: Labels, valid: jax.Array) -> jax.Array:
    """The region of each class in each sample, booleans `[samples, classes, ...]`.

    Args:
        labels: Labels as `Labels` reads them.
        kind: How they were read.
        valid: Which pixels count, of the same shape.
    """
    if kind.num_labels is not None:
        return jnp.moveaxis((labels == 1) & valid, -1, 1)
    if kind.num_classes is None:
        return ((labels == 1) & valid)[:, None]
    classes = jnp.arange(kind.num_classes).reshape(-1, *(1,) * (labels.ndim - 1))
    return (labels[:, None] == classes) & valid[:, None]


def weights_of_samples(samples: int, sample_weight: Any) -> jax.Array:
    """The weights of samples, `[samples]`.

    Raises:
        ValueError: If there is not one for each sample.
    """
    if sample_weight is not None and jnp.ndim(sample_weight) > 1:
        raise ValueError(
            f"sample_weight of shape {jnp.shape(sample_weight)} must have one number for each "
            f"sample, [{samples}], and not for each pixel; a mask may exclude pixels."
        )
    return weights((samples,), sample_weight)
