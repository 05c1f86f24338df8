"""The examples of a batch: how many there are, which of them count, and random numbers for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.inputs import as_labels, weights


class Examples(NamedTuple):
    """What the arguments of an update say of its examples.

    Attributes:
        sizes: The sizes of the first axes of arguments; empty if all of them are single numbers.
        sample_weight: Weights, or None.
        mask: Booleans, or None.
        queries: The argument `indexes` of retrieval metrics: the query of each document, or None.
    """

    sizes: tuple[int, ...]
    sample_weight: jax.Array | None
    mask: jax.Array | None
    queries: jax.Array | None

    def size(self, wrapper: Metric) -> int:
        """The number of examples.

        Raises:
            ValueError: If there are only single numbers; the message names the wrapper.
        """
        if not self.sizes:
            raise ValueError(
                f"{type(wrapper).__name__} needs examples, along the first axis of the arguments, "
                "but got only single numbers. Give arrays or lists, such as `[value]`."
            )
        return self.sizes[0]

    def included(self, size: int) -> jax.Array:
        """Which examples count, `[size]`; which documents if there are queries, in their shape."""
        if self.queries is not None:
            return weights(self.queries.shape, self.sample_weight, self.mask) != 0
        return included_examples(size, sample_weight=self.sample_weight, mask=self.mask)

    def drawn(self, draw: Callable[..., jax.Array], key: jax.Array, size: int) -> jax.Array:
        """A random number for each example, `[size]`, or for each query, in the shape of `queries`.

        The number of a query depends on the key and the query alone, so that its documents have the
        same number, in whichever batches they are.

        Args:
            draw: A function of a key and a shape.
            key: A random key.
            size: The number of examples.
        """
        if self.queries is None:
            return draw(key, (size,))
        keys = jax.vmap(lambda query: jax.random.fold_in(key, query))(self.queries.reshape(-1))
        return jax.vmap(lambda key: draw(key, ()))(keys).reshape(self.queries.shape)


def read_examples(metric: Metric, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Examples:
    """The examples of a batch, given as arguments of `update` of the metric, under its names."""
    args, received = metric._unprepared(args, kwargs)
    given = {**dict(zip(metric.signature.parameters, args, strict=False)), **received}
    number = metric._number_of_examples(given)
    sample_weight, mask = (
        None if x is None else jnp.asarray(x)
        for x in (given.pop("sample_weight", None), given.pop("mask", None))
    )
    queries = given.get("indexes")
    sizes = (size for value in given.values() for size in sizes_of(value))
    return Examples(
        tuple(sizes) if number is None else (number,),
        sample_weight,
        mask,
        None if queries is None else as_labels("indexes", queries).astype(jnp.uint32),
    )


def sizes_of(argument: Any) -> Iterator[int]:
    """The sizes of the first axes of the arrays in an argument; of a list of others, its length."""
    arrays = [leaf for leaf in jax.tree.leaves(argument) if np.ndim(leaf)]
    if isinstance(argument, list | tuple) and not arrays:
        yield len(argument)
    for array in arrays:
        yield np.shape(array)[0]


def check_weights_repeat(wrapper: str, metric: Metric) -> None:
    """Checks that an example of weight two counts like two examples, in all parts of a metric.

    Raises:
        ValueError: If it does not.
    """
    if not metric.weights_repeat:
        raise ValueError(
            f"{wrapper} gives an example that is drawn twice a weight of two, but to this "
            f"{type(metric).__name__}, this is not the same as two examples: its `weights_repeat` "
            "is False. Choose other options, such as "
            '`reduction="mean_over_weights"`, or `aggregation="median"` instead of a function.'
        )
    parts = jax.tree.leaves(metric, is_leaf=lambda x: isinstance(x, Metric) and x is not metric)
    for part in parts:
        if isinstance(part, Metric):
            check_weights_repeat(wrapper, part)


def times(one: jax.Array, other: jax.Array) -> jax.Array:
    """The product of two arrays, where the shape of one is a prefix of that of the other."""
    axes = max(one.ndim, other.ndim)
    one, other = (x.reshape(x.shape + (1,) * (axes - x.ndim)) for x in (one, other))
    return one * other


def included_examples(size: int, **weights: Any) -> jax.Array:
    """Which examples count: those with an element that all weights and masks include, `[size]`.

    Args:
        size: The number of examples.
        **weights: Weights and masks, `[size, ...]`, numbers, or None. Their shapes are prefixes of
            one another.

    Raises:
        ValueError: If a shape does not fit.
    """
    included = jnp.ones(size, bool)
    for name, weight in weights.items():
        if weight is None:
            continue
        nonzero = jnp.asarray(weight) != 0
        shared = min(nonzero.ndim, included.ndim)
        if nonzero.shape[:shared] != included.shape[:shared]:
            raise ValueError(
                f"{name} of shape {nonzero.shape} does not fit a batch of {size} examples."
            )
        if nonzero.ndim > included.ndim:
            included = included.reshape(included.shape + (1,) * (nonzero.ndim - included.ndim))
        else:
            nonzero = nonzero.reshape(nonzero.shape + (1,) * (included.ndim - nonzero.ndim))
        included = included & nonzero
    return included.any(tuple(range(1, included.ndim)))


def has_examples(metric: Metric, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> jax.Array:
    """Whether a batch, as the arguments of `update` of the metric, has an example that counts."""
    examples = read_examples(metric, args, kwargs)
    if 0 in examples.sizes:
        return jnp.zeros((), bool)
    given = {"sample_weight": examples.sample_weight, "mask": examples.mask}
    shapes = [x.shape for x in given.values() if x is not None and x.ndim]
    return included_examples(shapes[0][0] if shapes else 1, **given).any()
