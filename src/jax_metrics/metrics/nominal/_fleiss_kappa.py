"""Fleiss' kappa: the agreement of several raters."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, one_of
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._contingency import check_size, integer_array
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._sized_function import sized_function
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.state import Total, highest, lowest
from jax_metrics.metrics.state import state as declared

_FORMS = {"counts": (2, "[subjects, categories]"), "probs": (3, "[subjects, categories, raters]")}
_HIGHEST, _LOWEST = highest(jnp.int32), lowest(jnp.int32)


class RatingsFunction(Protocol):
    """The function of a metric of ratings."""

    __name__: str

    def __call__(
        self,
        ratings: Any,
        sample_weight: Any = None,
        *,
        mask: Any = None,
        num_categories: int | None = None,
        mode: str = "counts",
    ) -> jax.Array:
        """The value of one batch."""
        ...


class FleissKappa(Metric):
    """How much more often several raters agree than by chance, at most 1.

    `(p - e) / (1 - e)`, where p is the fraction of pairs of raters that agree on a subject, and e
    is the sum of the squared fractions of the categories. NaN where all ratings are the same
    category, before the first update, with a single rater, and if subjects have different numbers
    of raters. The state consists of sums, so ratings are not kept.

    Args:
        num_categories: The number of categories.
        mode: `"counts"`: how many raters chose each category, integers `[subjects, categories]`;
            `"probs"`: the scores that each rater gave, `[subjects, categories, raters]`, where the
            largest score decides the category.
        **options: See `Metric`.

    Raises:
        ValueError: If the mode is unknown, or `num_categories` is smaller than 1.

    Source: Fleiss, Measuring Nominal Scale Agreement among Many Raters, 1971.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> ratings = jnp.array([[3, 0], [2, 1], [0, 3], [1, 2]])
        >>> print(f"{jm.metrics.FleissKappa(num_categories=2)(ratings=ratings):.4f}")
        0.3333
        >>> print(f"{jm.metrics.fleiss_kappa(ratings, num_categories=2):.4f}")
        0.3333
    """

    higher_is_better = True
    bounds = (-1, 1)
    subjects: Total
    squares: Total
    counts: Total
    fewest: jax.Array = declared("min")
    most: jax.Array = declared("max")

    def __init__(self, *, num_categories: int, mode: str = "counts", **options: Unpack[Common]):
        super().__init__(**options)
        one_of("mode", mode, tuple(_FORMS))
        check_size(num_categories=num_categories)
        self.mode = mode
        self.subjects = Total.zeros((), self.dtype)
        self.squares = Total.zeros((), self.dtype)
        self.counts = Total.zeros((num_categories,), self.dtype)
        self.fewest = jnp.array(_HIGHEST, jnp.int32)
        self.most = jnp.array(_LOWEST, jnp.int32)

    def update(self, *, ratings: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with the ratings of some subjects.

        Args:
            ratings: Counts or scores; see `FleissKappa`.
            sample_weight: The weight of each subject.
            mask: Booleans: false excludes a subject.
        """
        counts = self._counted(ratings)
        weight = weights(counts.shape[:1], sample_weight, mask, self.dtype)
        counts, included = where_weighted(counts, weight), weight != 0
        raters = counts.sum(-1)
        fewest = jnp.where(included, raters, _HIGHEST).min(initial=_HIGHEST)
        most = jnp.where(included, raters, _LOWEST).max(initial=_LOWEST)
        rules = (
            Rule((counts >= 0).all(-1), "ratings must not be negative."),
            Rule(
                (raters == most) | ~included,
                "ratings must be of as many raters for each subject. Mask the others.",
            ),
        )
        numbers = counts.astype(self.dtype)
        scale = weight.astype(self.dtype)[:, None]
        self.subjects += weight.sum()
        self.squares += (numbers**2 * scale).sum() + check_rules(rules).astype(self.dtype)
        self.counts += (numbers * scale).sum(0)
        self.fewest = jnp.minimum(self.fewest, fewest)
        self.most = jnp.maximum(self.most, most)

    def _counted(self, ratings: Any) -> jax.Array:
        """How many raters chose each category, `[subjects, categories]`."""
        categories = self.counts.high.shape[0]
        array = as_float("ratings", ratings)
        ndim, form = _FORMS[self.mode]
        if array.ndim != ndim or array.shape[1] != categories:
            raise ValueError(
                f"ratings must be {form} with mode={self.mode!r} and num_categories={categories}, "
                f"but their shape is {list(array.shape)}."
            )
        if self.mode == "counts":
            return integer_array("ratings", ratings)
        chosen = array.argmax(1)
        return (chosen[:, None] == jnp.arange(categories)[:, None]).sum(-1, dtype=jnp.int32)

    def compute(self) -> jax.Array:
        """The value of kappa."""
        subjects, raters = self.subjects.value, self.most.astype(self.dtype)
        all_ratings = subjects * raters
        agreeing = (self.squares.value - all_ratings) / (all_ratings * (raters - 1))
        expected = ((self.counts.value / all_ratings) ** 2).sum()
        value = divide(agreeing - expected, 1 - expected, jnp.nan)
        invalid = (self.fewest != self.most) | (raters < 2)
        return jnp.where(invalid, jnp.nan, value)


fleiss_kappa: RatingsFunction = sized_function(
    FleissKappa,
    "fleiss_kappa",
    ("num_categories",),
    lambda given, _: {"num_categories": (*jnp.shape(given["ratings"]), 1, 1)[1]},
)
