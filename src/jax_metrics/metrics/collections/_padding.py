"""Pads batches to known sizes, so that a smaller last batch does not recompile."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics._routing import Inputs


def as_sizes(sizes: int | Sequence[int] | None, metrics: Sequence[Metric]) -> tuple[int, ...]:
    """The sizes to pad to, in ascending order; empty if batches are not to be padded.

    Raises:
        ValueError: If a size is smaller than 1.
        TypeError: If a metric takes no mask, so that it would count the padding.
    """
    if sizes is None:
        return ()
    ordered = tuple(sorted({sizes} if isinstance(sizes, int) else set(sizes)))
    if not ordered or ordered[0] < 1:
        raise ValueError(f"pad_to needs sizes of at least 1, but is {sizes!r}.")
    for metric in metrics:
        if "mask" not in metric.signature.parameters and metric.per_example != ():
            raise TypeError(
                f"pad_to pads batches and masks the padding, but {type(metric).__name__} takes no "
                "`mask`. Put it into another collection."
            )
    return ordered


def padded(inputs: Inputs, sizes: tuple[int, ...]) -> Inputs:
    """The arguments padded to the smallest size that they fit into, with a mask.

    There is always a mask, so that full batches and remainders share a program. The padding is done
    on the host: on the device it would be a program for each size.

    Raises:
        ValueError: If arrays differ in their number of examples, or have too many.
    """
    lengths = {np.shape(leaf)[0] for leaf in jax.tree.leaves(inputs) if np.ndim(leaf)}
    if not lengths:
        return inputs
    if len(lengths) > 1:
        raise ValueError(
            "pad_to pads the first axis of all arrays, the examples, but they have "
            f"{' and '.join(map(str, sorted(lengths)))}. Give all arguments the same number."
        )
    (length,) = lengths
    size = next((size for size in sizes if size >= length), None)
    if size is None:
        raise ValueError(
            f"A batch of {length} examples is larger than the largest size of pad_to={sizes}. Add "
            "a larger one."
        )

    def pad(leaf: Any) -> Any:
        if not np.ndim(leaf) or size == length:
            return leaf
        array = np.asarray(leaf)
        rest = np.zeros((size - length, *array.shape[1:]), array.dtype)
        return np.concatenate([array, rest])

    args, kwargs = jax.tree.map(pad, inputs)
    if kwargs.get("mask") is None:
        kwargs["mask"] = np.arange(size) < length
    return args, kwargs
