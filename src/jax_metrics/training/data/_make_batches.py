"""`batches`: batches of one shape, with a mask, from arrays or another loader."""

from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.sharding import check_sharding
from jax_metrics.training.data._array_batches import ArrayBatches
from jax_metrics.training.data._batches import Batches
from jax_metrics.training.data._examples import as_examples, with_mask
from jax_metrics.training.data._loader_batches import LoaderBatches
from jax_metrics.training.data._order import seed_of
from jax_metrics.tree import as_whole


@names_arguments
def batches(
    arrays: Any,
    size: int | None = None,
    *,
    shuffle: Any = None,
    drop_last: bool = False,
    prefetch: int = 2,
    sharding: jax.sharding.Sharding | None = None,
    mask_name: str = "mask",
) -> Batches:
    """Batches of examples, on the device, all of the same shape.

    Iterating over the result yields the batches of one epoch; iterating again, those of the next
    epoch. The last batch of an epoch is padded with repeated examples, and the mask of shape
    `[size]` is False there: pass it to layers, losses and metrics. Since all shapes are equal, a
    step is compiled once.

    `state` holds the position: set it on new batches of the same arrays, and they continue with
    exactly the next batch, even with another `prefetch`, number of processes, or size.

    Args:
        arrays: A dict or tuple of arrays, with the examples along the first axis; then a batch is a
            dict with the entry `mask`, or a tuple with the mask at its end. Or an iterable that
            yields such batches: a loader of grain or PyTorch, a list.
        size: The number of examples of a batch. For an iterable, None means that of its first
            batch.
        shuffle: A random key or an integer. Each epoch has a different order, which depends on it.
            None keeps the order. An iterable has its own order.
        drop_last: Whether to leave out examples at the end of an epoch that fill no batch.
        prefetch: How many batches are put on the device ahead of the one in use.
        sharding: Where the batches go, such as `NamedSharding(mesh, PartitionSpec("data"))`; None:
            the default device. With several processes, all of them pass the same arrays and the
            size of the global batch, and each loads its part. If it is an iterable, each process
            has its own, and their batches are joined: `size` is then the size of one part, and all
            processes must have the same number of batches.
        mask_name: The entry for the mask, if the batches are dicts.

    Raises:
        TypeError: If an array has a dtype that JAX does not have, such as strings or dates, or is a
            masked one of NumPy; or an argument is of another type.
        ValueError: If the numbers of examples differ, there are none, a number is out of range, or
            a batch does not split over the devices; while iterating, if processes differ.
        OverflowError: While iterating, if integers or floats of 64 bits do not fit into JAX's 32.

    Example:
        >>> import jax, numpy as np
        >>> import jax_metrics as jm
        >>> data = {"x": np.arange(10.0), "y": np.arange(10)}
        >>> for batch in jm.training.batches(data, 4):
        ...     print(batch["y"], batch["mask"])
        [0 1 2 3] [ True  True  True  True]
        [4 5 6 7] [ True  True  True  True]
        [8 9 8 9] [ True  True False False]
        >>> x, y, mask = next(iter(jm.training.batches((data["x"], data["y"]), 4, shuffle=0)))
    """
    size = None if size is None else _whole("size", size)
    if size is not None and size < 1:
        raise ValueError(f"`size` expected at least one example a batch; got {size}.")
    prefetch = _whole("prefetch", prefetch)
    if prefetch < 0:
        raise ValueError(f"`prefetch` expected at least 0 batches; got {prefetch}.")
    if not isinstance(drop_last, bool | np.bool_):
        raise TypeError(f"`drop_last` expected True or False; got {drop_last!r}.")
    if not isinstance(mask_name, str):
        raise TypeError(
            f"`mask_name` expected the name of the entry with the mask, a string; got "
            f"{mask_name!r}. Every batch has a mask, which is True for all examples of a full one."
        )
    if sharding is not None:
        check_sharding(sharding)
    options = {"prefetch": prefetch, "sharding": sharding, "mask_name": mask_name}
    if not isinstance(arrays, dict | tuple | np.ndarray | jax.Array):
        if shuffle is not None:
            raise ValueError(
                "`shuffle` is for arrays, and these batches come from an iterable: shuffle there, "
                "or pass a dict or tuple of arrays."
            )
        if not hasattr(arrays, "__iter__") and not hasattr(arrays, "__getitem__"):
            raise TypeError(
                "Expected a dict or tuple of arrays, or an iterable of batches; got "
                f"{type(arrays).__name__}."
            )
        return LoaderBatches(arrays, size, drop_last, **options)
    examples, length = as_examples(arrays, "arrays")
    if size is None:
        raise TypeError("Pass the number of examples of a batch, as in `batches(arrays, 32)`.")
    if length == 0 or (drop_last and length < size):
        raise ValueError(
            f"{length} examples fill no batch"
            + (f" of {size}, and `drop_last` leaves out the others." if length else ".")
        )
    with_mask(examples, np.zeros(size, bool), mask_name)  # raises early
    return ArrayBatches(examples, length, size, seed_of(shuffle), drop_last, **options)


def _whole(name: str, value: Any) -> int:
    whole = as_whole(value)
    if whole is None:
        raise TypeError(f"`{name}` expected an integer; got {value!r}.")
    return whole
