"""Edit distance of padded token ids, as a compiled program."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import check_lengths, equals, explaining, one_of, refuse_truncation
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._reduced_mean import (
    buffer_of_values,
    function_of_values,
    kept_values,
    number_of_examples,
    overflow_of,
)
from jax_metrics.metrics.inputs import times_weight, weights
from jax_metrics.metrics.state import Buffer, Total
from jax_metrics.metrics.text._edit_distance import check_cost


@explaining("it returns the distances of all pairs. `TokenEditDistance` takes `{name}`.")
def edit_distances(
    target: Any,
    preds: Any,
    *,
    target_length: Any = None,
    preds_length: Any = None,
    substitution_cost: int = 1,
) -> jax.Array:
    """The edit distance of each pair of rows of token ids.

    It goes along the antidiagonals of the table, whose cells do not depend on each other: `n + m`
    steps, and memory for three diagonals.

    Args:
        target: Integers, `[batch, n]`.
        preds: Integers, `[batch, m]`.
        target_length: How many of the ids of each row count, `[batch]`; by default all.
        preds_length: Likewise.
        substitution_cost: The cost of a substitution, an integer.

    Returns:
        The distances, int32 `[batch]`; under `jit` -1 where a length is outside of its row.

    Raises:
        ValueError: If the shapes do not fit; or, outside of `jit`, if a length is outside of its
            row.
        TypeError: If they are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[1, 2, 3, 0]]), jnp.array([[2, 3, 4]])
        >>> jm.metrics.edit_distances(target, preds, target_length=jnp.array([3]))
        Array([2], dtype=int32)
    """
    target, preds = _read(target, preds)
    target_length, outside = check_lengths("target_length", target_length, target)
    preds_length, beyond = check_lengths("preds_length", preds_length, preds)
    of_rows = jax.vmap(_distance, (0, 0, 0, 0, None))
    lengths = target_length.astype(jnp.int32), preds_length.astype(jnp.int32)
    distances = of_rows(target, preds, *lengths, check_cost(substitution_cost))
    for wrong in (outside, beyond):
        distances = distances if wrong is None else jnp.where(wrong, -1, distances)
    return distances


def _read(target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
    target, preds = _as_ids("target", target), _as_ids("preds", preds)
    if len(target) != len(preds):
        raise ValueError(
            f"target and preds must have the same number of rows, but have {len(target)} and "
            f"{len(preds)}."
        )
    return target, preds


def _as_ids(name: str, ids: Any) -> jax.Array:
    refuse_truncation(**{name: ids})
    ids = jnp.asarray(ids)
    if not jnp.issubdtype(ids.dtype, jnp.integer):
        raise TypeError(
            f"{name} must hold token ids, integers, but is {ids.dtype}. For strings use "
            "`EditDistance` or `WordErrorRate`."
        )
    if ids.ndim != 2:
        raise ValueError(f"{name} must be [batch, tokens], but has shape {ids.shape}.")
    return ids


def _equal(ids: jax.Array, others: jax.Array) -> jax.Array:
    """Where ids are equal; -1 is not 2**32 - 1, although both are the same in 32 bits."""
    return (ids == others) & ((ids < 0) == (others < 0))


def _distance(
    target: jax.Array, preds: jax.Array, target_length: Any, preds_length: Any, cost: Any
) -> jax.Array:
    """The distance of two rows; cell `i` of diagonal `k` is about `i` targets and `k - i` preds."""
    if len(preds) < len(target):  # the diagonals are as long as the first row
        target, target_length, preds, preds_length = preds, preds_length, target, target_length
    n, m = len(target), len(preds)
    cells, length = jnp.arange(n + 1), target_length + preds_length
    # In reverse order, the predictions that meet the targets on a diagonal are a slice. Cells off
    # the table are computed, too, but no cell on the table reads them.
    margin = jnp.zeros(n, preds.dtype)
    line = jnp.concatenate([margin, preds[::-1], margin])

    def step(carry: Any, k: jax.Array) -> tuple[Any, None]:
        before, last, found = carry
        met = jax.lax.dynamic_slice(line, (n + m + 1 - k,), (n,))
        replaced = before[:-1] + jnp.where(_equal(target, met), 0, cost)
        edited = jnp.minimum(last[:-1], last[1:]) + 1
        new = jnp.concatenate([k[None], jnp.minimum(replaced, edited)])
        new = jnp.where(cells == k, k, new)  # nothing is predicted
        return (last, new, jnp.where(k == length, new[target_length], found)), None

    # Within `shard_map` the carry must differ from device to device like the inputs do.
    nothing = 0 * (target.sum() + preds.sum() + length).astype(jnp.int32)
    zeros = jnp.zeros(n + 1, jnp.int32) + nothing
    diagonals = jnp.arange(2, n + m + 1, dtype=jnp.int32)
    carry = zeros, zeros + 1, jnp.minimum(length, 1) + nothing
    return jax.lax.scan(step, carry, diagonals)[0][2]


class TokenEditDistance(Metric):
    """The edit distance of rows of token ids, of fixed shapes; see `edit_distances`.

    Target is integers `[batch, n]` and predictions `[batch, m]`. The rest of a row after its last
    token is padding. `sample_weight` and `mask` have one entry for each row. The state is two sums.

    Args:
        pad_id: The id of the padding, which may only be at the end of a row; None if there is none.
        substitution_cost: The cost of a substitution, an integer.
        reduction: `"mean"` over the rows; `"sum"`; or `"rate"`, the sum per target token, which is
            the word error rate if tokens are words; or `"none"` for the distance of each row, as in
            `ReducedMean`. Mean and rate are NaN before the first update.
        capacity: The maximum number of rows, only for `"none"`.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[1, 2, 3, -1]]), jnp.array([[2, 3, 4]])
        >>> float(jm.metrics.TokenEditDistance(pad_id=-1)(target=target, preds=preds))
        2.0
        >>> rate = jm.metrics.token_edit_distance(target, preds, pad_id=-1, reduction="rate")
        >>> round(float(rate), 4)
        0.6667
    """

    higher_is_better = False
    bounds = (0, None)
    total: Total
    length: Total
    distances: Buffer | None

    def __init__(
        self,
        *,
        pad_id: int | None = None,
        substitution_cost: int = 1,
        reduction: str = "mean",
        capacity: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("reduction", reduction, ("mean", "sum", "rate", "none"))
        self.pad_id = pad_id
        self.substitution_cost = check_cost(substitution_cost)
        self.reduction = reduction
        if reduction == "none":
            self.weights_repeat = False
        self.distances = buffer_of_values(self, f"{reduction=}", reduction == "none", capacity)
        self.total, self.length = Total(dtype=self.dtype), Total(dtype=self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of rows; see `TokenEditDistance` for shapes."""
        target, preds = _read(target, preds)
        weight = weights(target.shape[:1], sample_weight, mask, self.dtype)
        rules, lengths = [], {}
        for name, ids in (("target", target), ("preds", preds)):
            token = jnp.ones(ids.shape, bool) if self.pad_id is None else ~equals(ids, self.pad_id)
            lengths[f"{name}_length"] = token.sum(1, dtype=jnp.int32)
            at_end = token[:, :-1] | ~token[:, 1:]
            message = f"{name} has padding, `pad_id`, before a token; pad rows at their end."
            rules.append(Rule(at_end.all(1) | (weight == 0), message))
        distance = edit_distances(
            target, preds, **lengths, substitution_cost=self.substitution_cost
        )
        fault = check_rules(rules)
        if self.distances is not None:
            self.distances = self.distances.extended(distance + fault, weight != 0)
            return
        count = lengths["target_length"] if self.reduction == "rate" else jnp.ones_like(distance)
        self.total += Total.sum(times_weight(distance, weight), dtype=self.dtype)
        self.total = self.total.marked(fault)
        self.length += Total.sum(times_weight(count, weight), dtype=self.dtype)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more rows than the capacity; false without one."""
        return overflow_of(self.distances)

    def compute(self) -> jax.Array:
        """The mean, the sum, the rate, or each distance."""
        if self.distances is not None:
            return kept_values(self.distances)
        if self.reduction == "sum":
            return self.total.value
        return self.total.value / self.length.value


token_edit_distance = function_of_values(TokenEditDistance, number_of_examples)
