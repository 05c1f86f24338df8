"""Several outputs along the last axis: checks of their number, and averages of their values."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of, positive

Multioutput = str | Sequence[float]
MULTIOUTPUT = ("raw_values", "uniform_average")


def outputs_shape(num_outputs: int | None) -> tuple[int, ...]:
    """The shape of the values of all outputs; empty without `num_outputs`.

    Raises:
        ValueError: If `num_outputs` is not greater than 0.
    """
    if num_outputs is None:
        return ()
    positive(num_outputs=num_outputs)
    return (num_outputs,)


def ends_with_outputs(shape: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """Checks that an array has the outputs along its last axis.

    Raises:
        ValueError: If it does not.
    """
    if outputs and shape[-1:] != outputs:
        raise ValueError(
            f"target and preds of shape {list(shape)} do not have num_outputs={outputs[0]} along "
            "the last axis."
        )


def rows_of_outputs(shape: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """Checks that an array is `[batch]`, or `[..., *outputs]` if there are several outputs.

    Raises:
        ValueError: If it is not.
    """
    ends_with_outputs(shape, outputs)
    if not outputs and len(shape) != 1:
        raise ValueError(
            f"target and preds must be [batch], but their shape is {list(shape)}. Give "
            "`num_outputs` if outputs lie along the last axis; write `.reshape(-1)` to treat all "
            "elements as one output."
        )


def checked_multioutput(
    multioutput: Any, names: tuple[str, ...], num_outputs: int | None
) -> str | tuple[float, ...]:
    """How the values of outputs are averaged: a name, or the weights, which sum to 1.

    Raises:
        ValueError: If the name is unknown, or the weights do not fit the outputs.
    """
    if isinstance(multioutput, str):
        one_of("multioutput", multioutput, names)
        return multioutput
    weights = np.asarray(multioutput, np.float64)
    if weights.shape != (num_outputs,):
        raise ValueError(
            f"multioutput must be one of {', '.join(map(repr, names))}, or a weight for each of "
            f"num_outputs={num_outputs} outputs, but its shape is {list(weights.shape)}."
            + (" Give `num_outputs`, the length of the last axis." if num_outputs is None else "")
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError(
            "The weights of multioutput must be finite, not negative, and not all 0, but are "
            f"{weights.tolist()}."
        )
    return tuple((weights / weights.sum()).tolist())


def averaged_outputs(values: jax.Array, multioutput: str | tuple[float, ...]) -> jax.Array:
    """The values of outputs, `[num_outputs]`, or their average; a single value as it is."""
    if multioutput == "raw_values" or values.ndim == 0:
        return values
    if multioutput == "uniform_average":
        return values.mean(-1)
    return (values * jnp.asarray(multioutput, values.dtype)).sum(-1)
