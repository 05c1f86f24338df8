"""How target and predictions of a classification are read: as binary, as classes or as labels.

Options and shapes decide, never values, so that every batch is read in the same way.
"""

from typing import Any, NamedTuple, TypedDict

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import IDS, Index, between, equals, numbered
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics.inputs._largest import largest
from jax_metrics.metrics.inputs._one_hot import not_one_hot
from jax_metrics.metrics.inputs._weights import weights


class LabelOptions(TypedDict, total=False):
    """The options of metrics that compare labels; see `Labels` and `Metric`."""

    num_classes: int | None
    num_labels: int | None
    threshold: float
    from_logits: bool
    top_k: int
    ignore_index: int | None
    class_axis: int
    pos_label: int
    name: str | None
    on: Index | None
    dtype: Any


class LabelBatch(NamedTuple):
    """Target and predicted labels of a batch, ready to be counted.

    Attributes:
        target: Integers; `[...]` for binary and classes, `[..., num_labels]` for labels.
        preds: Integers of the same shape.
        weight: Weights of the same shape; integers without sample weights.
        rules: Conditions on all values whose weight is not zero, yet to be checked.
    """

    target: jax.Array
    preds: jax.Array
    weight: jax.Array
    rules: tuple[Rule, ...]


class Labels(NamedTuple):
    """How to read target and predictions: the options of `Accuracy` and other metrics of labels.

    - Binary, with neither `num_classes` nor `num_labels`: target 0 or 1, `[...]`; predictions of
      the same shape, either 0 and 1 as integers or booleans, or floats, which are compared with the
      threshold. Floats `[n, m]` are refused, since the target may as well be one-hot or have `m`
      labels.
    - Classes, with `num_classes`: target integers `[...]`; predictions either classes, `[...]`, or
      scores `[..., num_classes]` as floats, of which the largest is the predicted class.
    - Labels, which are not mutually exclusive, with `num_labels`: target 0 or 1,
      `[..., num_labels]`; predictions of the same shape, read as in the binary case.

    Attributes:
        num_classes: Number of classes, exactly one of which is correct.
        num_labels: Number of labels, each of which is 0 or 1.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        top_k: The target counts as predicted if its score is among the k largest; otherwise the
            class with the largest score is the predicted one.
        ignore_index: Examples with this target are ignored. It need not be a class.
        class_axis: The axis of the classes in scores, or of the labels in target and predictions.
        pos_label: Which label of a binary target is the positive one, 1 or 0.
    """

    num_classes: int | None = None
    num_labels: int | None = None
    threshold: float = 0.5
    from_logits: bool = False
    top_k: int = 1
    ignore_index: int | None = None
    class_axis: int = -1
    pos_label: int = 1

    def checked(self) -> "Labels":
        """These options, if they are consistent.

        Raises:
            ValueError: If they are not.
        """
        if self.num_classes is not None and self.num_labels is not None:
            raise ValueError(
                "Give either `num_classes`, if exactly one class is correct, or `num_labels`, if "
                f"several labels may be; got {self.num_classes} and {self.num_labels}."
            )
        if self.num_classes is not None and self.num_classes < 2:
            raise ValueError(
                f"num_classes must be at least 2, but is {self.num_classes}. For a binary target "
                "leave it out."
            )
        if self.num_labels is not None and self.num_labels < 1:
            raise ValueError(f"num_labels must be at least 1, but is {self.num_labels}.")
        if not 1 <= self.top_k <= (self.num_classes or 1):
            raise ValueError(
                f"top_k must lie between 1 and num_classes; got top_k={self.top_k} and "
                f"num_classes={self.num_classes}."
            )
        if self.pos_label not in (0, 1) or (self.pos_label == 0 and self.shape):
            raise ValueError(
                f"pos_label is 1 or 0, for a binary target; got {self.pos_label!r}, "
                f"num_classes={self.num_classes} and num_labels={self.num_labels}. To average over "
                "some of the classes, give `labels=[...]`."
            )
        between(0, 1, threshold=self.threshold)
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a value for each class or label; empty for binary."""
        size = self.num_classes or self.num_labels
        return () if size is None else (size,)

    def compare(
        self, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> LabelBatch:
        """Target and predictions as labels; conditions on their values are returned as rules.

        Raises:
            ValueError: If shapes do not match.
            TypeError: If a dtype is not allowed.
        """
        refuse_swapped(target, preds)
        given, preds = jnp.asarray(target), jnp.asarray(preds)
        are_scores = jnp.issubdtype(preds.dtype, jnp.floating)
        given, preds = self.with_classes_last(given, preds, are_scores)
        target = as_labels("target", given)
        if not are_scores:
            preds = as_labels("preds", preds)
        self.check_shapes(target, preds, are_scores)
        weight = weights(target.shape, sample_weight, mask)
        if self.ignore_index is not None:
            weight = jnp.where(equals(given, self.ignore_index), 0, weight)
        rules = ()
        if self.num_classes is not None and not are_scores:
            rules = not_one_hot(target, preds, weight, self.num_classes)
        target, target_rule = self.replace_unknown("target", target, weight)
        if not are_scores:
            preds, rule = self.replace_unknown("preds", preds, weight)
        elif self.num_classes is None:
            preds, rule = self._above_threshold(preds, weight)
        else:
            preds, rule = self._predicted_class(preds, target, weight)
        if self.pos_label == 0:
            target, preds = 1 - target, 1 - preds
        return LabelBatch(target, preds, weight, (target_rule, rule, *rules))

    def with_classes_last(
        self, target: jax.Array, preds: jax.Array, are_scores: bool
    ) -> tuple[jax.Array, jax.Array]:
        """Target and predictions with the axis of the classes or labels moved to the end.

        Raises:
            ValueError: If there is no such axis.
        """
        if self.class_axis == -1 or not self.shape:
            return target, preds
        arrays = {"preds": preds} if are_scores or self.num_labels is not None else {}
        if self.num_labels is not None:
            arrays["target"] = target
        for name, array in arrays.items():
            if not -array.ndim <= self.class_axis < array.ndim:
                raise ValueError(f"{name} of shape {array.shape} has no axis {self.class_axis}.")
        moved = {n: jnp.moveaxis(array, self.class_axis, -1) for n, array in arrays.items()}
        return moved.get("target", target), moved.get("preds", preds)

    def check_shapes(self, target: jax.Array, preds: jax.Array, are_scores: bool) -> None:
        """Checks that the shapes match each other and the options.

        Args:
            target: Labels.
            preds: Labels or scores.
            are_scores: Whether the predictions are scores.

        Raises:
            ValueError: If they do not.
            TypeError: If `top_k` needs scores, but the predictions are labels.
        """
        expected = target.shape
        if self.num_classes is not None and are_scores:
            expected = (*target.shape, self.num_classes)
        if preds.shape != expected:
            raise ValueError(
                f"preds of shape {preds.shape} and dtype {preds.dtype} do not fit a target of "
                f"shape {target.shape}: expected {expected}{self._explanation(are_scores)}."
                f"{_hint(target.shape, preds.shape, expected)}"
            )
        if are_scores and self.num_classes is None and self.num_labels is None:
            _refuse_one_hot(target.shape)
        if self.num_labels is not None and target.shape[-1:] != (self.num_labels,):
            raise ValueError(
                f"target of shape {target.shape} has no last axis of num_labels={self.num_labels}."
            )
        if self.top_k > 1 and not are_scores:
            raise TypeError(
                f"top_k={self.top_k} needs scores, floats of shape {(*expected, self.num_classes)};"
                f" preds are {preds.dtype}."
            )

    def _explanation(self, are_scores: bool) -> str:
        if self.num_classes is not None:
            return f", with scores of {self.num_classes} classes along the last axis" * are_scores
        if self.num_labels is not None:
            return f", with {self.num_labels} labels along the last axis"
        return ", since the metric is binary; give `num_classes` or `num_labels` if it is not"

    def replace_unknown(
        self, name: str, labels: jax.Array, weight: jax.Array
    ) -> tuple[jax.Array, Rule]:
        """The labels, with 0 in place of unknown ones; and the rule that those have weight zero."""
        classes = 2 if self.num_classes is None else self.num_classes
        inside = (labels >= 0) & (labels < classes)
        rule = Rule(
            inside | (weight == 0),
            f"{name} has labels outside of 0 to {classes - 1}. Mask them, name one with "
            "`ignore_index`, or give the number of classes as `num_classes`.",
        )
        return jnp.where(inside, labels, 0), rule

    def _above_threshold(self, preds: jax.Array, weight: jax.Array) -> tuple[jax.Array, Rule]:
        # 16 bits would round the threshold, and probabilities on both of its sides to it.
        preds = preds.astype(jnp.promote_types(preds.dtype, jnp.float32))
        if self.from_logits:
            preds = jax.nn.sigmoid(preds)
        rule = Rule(
            ((preds >= 0) & (preds <= 1)) | (weight == 0),
            "preds must be probabilities from 0 to 1. If they are logits, give `from_logits=True`.",
        )
        return (preds > self.threshold).astype(jnp.int32), rule

    def _predicted_class(
        self, preds: jax.Array, target: jax.Array, weight: jax.Array
    ) -> tuple[jax.Array, Rule]:
        predicted, score = largest(preds)
        rule = Rule(~jnp.isnan(score) | (weight == 0), "preds must be numbers, but some are NaN.")
        if self.top_k == 1:
            return predicted, rule
        target_score = jnp.take_along_axis(preds, target[..., None], -1)
        is_earlier = jnp.arange(preds.shape[-1]) < target[..., None]
        rank = ((preds > target_score) | ((preds == target_score) & is_earlier)).sum(-1)
        return jnp.where(rank < self.top_k, target, predicted), rule


def refuse_swapped(target: Any, preds: Any) -> None:
    """Checks that the target does not hold floats, like scores, while the predictions hold labels.

    Raises:
        TypeError: If they do.
    """
    dtypes = [jnp.asarray(values).dtype for values in (target, preds)]
    if jnp.issubdtype(dtypes[0], jnp.floating) and not jnp.issubdtype(dtypes[1], jnp.inexact):
        raise TypeError(
            f"target must hold labels, integers or booleans, but is {dtypes[0]}, while preds are "
            f"{dtypes[1]}. Were target and preds swapped? One-hot rows become labels by "
            "`target.argmax(-1)`."
        )


def _refuse_one_hot(shape: tuple[int, ...]) -> None:
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"target looks one-hot: it has the shape of the scores, {list(shape)}. If it is, give "
            f"`target.argmax(-1)`, with `num_classes={shape[1]}` for the metric. If several of the "
            f"{shape[1]} labels may be 1, give `num_labels={shape[1]}` to the metric. If each "
            "element is an example of its own, give `target.ravel()` and `preds.ravel()`."
        )


def _hint(target: tuple[int, ...], preds: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """How to fix shapes that do not fit; empty if they do not look like a known mistake."""
    if target == (*preds, 1) or (target[-1:] == (1,) and target[:-1] == preds[:-1]):
        return " Write `target[..., 0]` to drop the last axis."
    if preds == (*target, 1):
        return " Write `preds[..., 0]` to drop the last axis."
    if len(preds) > 2 and target == (preds[0], *preds[2:]):
        return (
            " The classes are the last axis: write `jnp.moveaxis(preds, 1, -1)`, or give "
            "`class_axis=1`."
        )
    if target == preds:
        return " If the target is one-hot, give `target.argmax(-1)`."
    if preds == (*target, 2) and expected == target:
        return " Of the scores of two classes, give those of class 1: `preds[..., 1]`."
    if target[:-1] == preds:
        return " Were target and preds swapped? If the target is one-hot, give `target.argmax(-1)`."
    return ""


# What arguments hold that are not labels.
_WHAT = {"indexes": "ids", "groups": "ids", "clicks": "0 and 1", "ratings": "counts"}


def _for_floats(name: str) -> str:
    """What to give instead of floats."""
    if name in IDS:
        return f"Number them from 0: {numbered(name)}."
    if name in _WHAT:
        return f"Write `{name}.astype(int)` for whole numbers."
    return f"One-hot rows become labels by `{name}.argmax(-1)`."


def as_labels(name: str, labels: Any) -> jax.Array:
    """Integers or booleans as int32; values that do not fit into it are clipped.

    Raises:
        TypeError: If they are floats.
    """
    labels = jnp.asarray(labels)
    if labels.dtype != bool and not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(
            f"{name} must hold {_WHAT.get(name, 'labels')}, integers or booleans, but is "
            f"{labels.dtype}. {_for_floats(name)}"
        )
    if not np.can_cast(labels.dtype, np.int32):
        low, high = jnp.iinfo(jnp.int32).min, jnp.iinfo(jnp.int32).max
        labels = labels.clip(max(low, jnp.iinfo(labels.dtype).min), high)
    return labels.astype(jnp.int32)
