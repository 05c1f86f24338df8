"""`Association`: the base of metrics of the association of two nominal variables."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, one_of, same_shape
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._contingency import ContingencyMetric, check_size
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import weights

NAN_STRATEGIES = ("replace", "drop")


class AssociationOptions(Common, total=False):
    """The options of `Association`."""

    num_classes: int
    nan_strategy: str
    nan_replace_value: float


class CorrectedOptions(AssociationOptions, total=False):
    """The options of metrics with a bias correction."""

    bias_correction: bool


class Association(ContingencyMetric):
    """The base of metrics of the association of two nominal variables.

    The variables are `target` and `preds`: categories from 0 to `num_classes - 1`, `[examples]`,
    which may be floats with NaN for missing categories; or scores, `[examples, num_classes]`, where
    the largest score decides the category. The state is the contingency matrix,
    `[num_classes, num_classes]`; categories that never occur do not count. A sample weight of n
    counts as n examples.

    Args:
        num_classes: The number of categories.
        nan_strategy: `"replace"` replaces a missing category by `nan_replace_value`, `"drop"`
            leaves the example out.
        nan_replace_value: The category that replaces missing ones.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is unknown, or `num_classes` is smaller than 1.
    """

    higher_is_better = True
    bounds = (0, 1)

    def __init__(
        self,
        *,
        num_classes: int,
        nan_strategy: str = "replace",
        nan_replace_value: float = 0.0,
        **options: Unpack[Common],
    ):
        check_size(num_classes=num_classes)
        one_of("nan_strategy", nan_strategy, NAN_STRATEGIES)
        super().__init__(num_classes, num_classes, **options)
        self.nan_strategy = nan_strategy
        self.nan_replace_value = nan_replace_value

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch.

        Args:
            target: Categories, `[examples]`, or scores, `[examples, num_classes]`.
            preds: Categories or scores of the same number of examples.
            sample_weight: The weight of each example.
            mask: Booleans: false excludes an example.
        """
        first, second = self._categories("target", target), self._categories("preds", preds)
        same_shape(target=first, preds=second)
        weight = weights(first.shape, sample_weight, mask)
        if self.nan_strategy == "drop":
            weight = jnp.where(jnp.isnan(first) | jnp.isnan(second), 0, weight)
        rules, labels = [], []
        for name, values in (("target", first), ("preds", second)):
            values = jnp.where(jnp.isnan(values), self.nan_replace_value, values)
            holds = (values == jnp.floor(values)) | (weight == 0)
            rules.append(Rule(holds, _WHOLE.format(name=name)))
            labels.append(values.astype(jnp.int32))
        self.count(labels[0], labels[1], weight, *rules)

    def _categories(self, name: str, values: Any) -> jax.Array:
        """The categories as floats; for scores, the category with the largest score."""
        array = as_float(name, values)
        if array.ndim < 2:
            return array
        classes = self.matrix.high.shape[0]
        if array.ndim > 2 or array.shape[1] != classes:
            raise ValueError(
                f"{name} must be categories, [examples], or scores, [examples, "
                f"num_classes={classes}], but its shape is {list(array.shape)}."
            )
        return array.argmax(-1).astype(array.dtype)


_WHOLE = (
    "{name} must hold whole numbers, the categories. Scores have the shape [examples, num_classes]."
)


def used(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The numbers of rows and columns that are not empty."""
    cells = matrix != 0
    return cells.any(1).sum(), cells.any(0).sum()


def phi_squared(matrix: jax.Array, *, continuity: bool) -> jax.Array:
    """Chi-squared over the number of examples, `sum((p - a * b)**2 / (a * b))`.

    Args:
        matrix: The contingency matrix.
        continuity: Whether each count of a 2-by-2 table is moved by half an example towards the
            count expected under independence (Yates' correction).
    """
    joint = matrix / matrix.sum()
    expected = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    difference = abs(joint - expected)
    rows, columns = used(matrix)
    if continuity:
        moved = jnp.maximum(difference - 0.5 / matrix.sum(), 0)
        difference = jnp.where((rows == 2) & (columns == 2), moved, difference)
    value = divide(difference**2, expected, 0.0).sum()
    return jnp.where((rows < 2) | (columns < 2), 0, value)


def corrected(
    matrix: jax.Array, *, bias_correction: bool
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Phi squared, and the numbers of rows and of columns minus 1, corrected for bias.

    Source: Bergsma, A Bias-correction for Cramér's V and Tschuprow's T, 2013.
    """
    phi = phi_squared(matrix, continuity=bias_correction)
    rows, columns = (number - 1.0 for number in used(matrix))
    if not bias_correction:
        return phi, rows, columns
    others = matrix.sum() - 1
    phi = jnp.maximum(0, phi - rows * columns / others)
    return phi, rows - rows**2 / others, columns - columns**2 / others
