"""`state`: declares an array as state of a metric, and how two such arrays are merged."""

from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.arguments import names_arguments
from jax_metrics.metrics.state._accumulator import Accumulator, merge_leading_axis
from jax_metrics.module import MetricState, Rng


class Reduced(MetricState):
    """The kind of a state that is an array.

    Attributes:
        merge: Merges two arrays into one.
        neutral: Maps an array to one of the same shape that changes nothing when merged.
    """

    merge: ClassVar[Callable[[Any, Any], Any]]
    neutral: ClassVar[Callable[[Any], Any]]


def lowest(dtype: Any) -> float | int:
    """Minus infinity, or the smallest integer."""
    return -float("inf") if jnp.issubdtype(dtype, jnp.floating) else int(jnp.iinfo(dtype).min)


def highest(dtype: Any) -> float | int:
    """Infinity, or the largest integer."""
    return float("inf") if jnp.issubdtype(dtype, jnp.floating) else int(jnp.iinfo(dtype).max)


_REDUCTIONS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "sum": (jnp.add, jnp.zeros_like),
    "max": (jnp.maximum, lambda x: jnp.full_like(x, lowest(x.dtype))),
    "min": (jnp.minimum, lambda x: jnp.full_like(x, highest(x.dtype))),
}
_KINDS = {
    name: type(
        name.capitalize(), (Reduced,), {"merge": staticmethod(m), "neutral": staticmethod(n)}
    )
    for name, (m, n) in _REDUCTIONS.items()
}


@names_arguments
def state(
    reduction: str | Callable[[Any, Any], Any], neutral: Callable[[Any], Any] | None = None
) -> Any:
    """Declares an array as state of a metric; an `Accumulator` needs no declaration.

    Resetting, merging, reducing over devices and checkpoints then work.

    Args:
        reduction: `"sum"`, `"max"` or `"min"`; or an associative and commutative function that
            merges two arrays into one.
        neutral: Needed with a function: maps an array to one that changes nothing when merged.

    Raises:
        TypeError: If the reduction is neither a string nor a function.
        ValueError: If the reduction is unknown, or a function is given without `neutral`.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Largest(jm.Metric):
        ...     largest: jax.Array = jm.metrics.state("max")
        ...     def __init__(self):
        ...         self.largest = jnp.array(-jnp.inf)
        ...     def update(self, values):
        ...         self.largest = jnp.maximum(self.largest, values.max())
        ...     def compute(self):
        ...         return self.largest
        >>> float(Largest().update(jnp.array([1.0, 5.0])).compute())
        5.0
    """
    if callable(reduction):
        if neutral is None:
            raise ValueError(
                "A state with its own merge function needs `neutral=`, a function that returns "
                "an array that changes nothing when merged, as `jnp.zeros_like` does for a sum."
            )
        methods = {"merge": staticmethod(reduction), "neutral": staticmethod(neutral)}
        return type("Merged", (Reduced,), methods).node()
    if not isinstance(reduction, str):
        raise TypeError(
            "`jm.metrics.state` declares an array in the class body and takes its reduction, as in "
            f'`total: jax.Array = jm.metrics.state("sum")`; got a {type(reduction).__name__}. The '
            "array itself is assigned in `__init__`."
        )
    if reduction not in _KINDS:
        raise ValueError(
            f"Unknown reduction {reduction!r}: expected one of {', '.join(map(repr, _KINDS))}, or "
            "a function of two arrays."
        )
    return _KINDS[reduction].node()


def neutral_state(value: Any, kind: type) -> Any:
    """The initial state, of the same shape."""
    if isinstance(value, Accumulator):
        return value.neutral()
    return kind.neutral(value) if issubclass(kind, Reduced) else value


def merged_states(value: Any, other: Any, kind: type) -> Any:
    """Two states merged into one; two random keys become a third."""
    if isinstance(value, Accumulator):
        return value.merged(other)
    if issubclass(kind, Rng):
        return jax.random.fold_in(value, jax.random.bits(other))
    return kind.merge(value, other) if issubclass(kind, Reduced) else value


def reduced_state(value: Any, kind: type) -> Any:
    """The states along the leading axis merged into one; of random keys, the first."""
    if isinstance(value, Accumulator):
        return merge_leading_axis(value)
    if issubclass(kind, Rng):
        return value[0]
    if not issubclass(kind, Reduced):
        return value
    merged, _ = jax.lax.scan(lambda a, b: (kind.merge(a, b), None), value[0], value[1:])
    return merged


def gathered_state(value: Any, kind: type, axis_name: Any) -> Any:
    """The states of all devices along the mapped axis, stacked along a new leading axis.

    Everything else, such as the weights of an inner model, is the same on all devices and stays
    unchanged.

    Each device writes into its own slot of an array of zeros, and these arrays are summed. Unlike
    with `all_gather`, JAX then knows that the result is the same on all devices.
    """
    if not (isinstance(value, Accumulator) or issubclass(kind, Reduced | Rng)):
        return value
    count, index = jax.lax.axis_size(axis_name), jax.lax.axis_index(axis_name)

    def gather(leaf: jax.Array) -> jax.Array:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = gather(jax.random.key_data(leaf))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        # Booleans cannot be summed.
        dtype = jnp.uint8 if leaf.dtype == bool else leaf.dtype
        slots = jnp.zeros((count, *leaf.shape), dtype)
        return jax.lax.psum(slots.at[index].set(leaf.astype(dtype)), axis_name).astype(leaf.dtype)

    return jax.tree.map(gather, value)
