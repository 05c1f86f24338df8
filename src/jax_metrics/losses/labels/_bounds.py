"""Checks that scores are probabilities where these are expected, and not where logits are."""

import warnings

import jax
import numpy as np
from jax.core import Tracer

from jax_metrics.tree import user_line

# Rounding of 16 bits, as in probabilities that were computed in bfloat16.
_SLACK = 2**-7


def check_probabilities(
    probabilities: jax.Array,
    used: jax.Array | None = None,
    *,
    name: str = "preds",
    option: str = "from_logits=False",
) -> jax.Array | None:
    """Marks values that are not probabilities; None if all are, known only outside of `jit`.

    Args:
        probabilities: The values.
        used: Those among them that the loss depends on, which are marked; by default all.
        name: The name of the argument.
        option: The option that makes them probabilities.

    Raises:
        ValueError: If some are none, outside of `jit`.
    """
    # With constants in a traced function, the comparison is traced though the values are not.
    outside = _is_outside(probabilities)
    if isinstance(outside, Tracer):
        return outside if used is None else _is_outside(used)
    if outside.any():
        first = float(probabilities[outside][0])
        raise ValueError(
            f"{name} must be probabilities from 0 to 1 with `{option}`, but got {first:g}. If "
            f"they are not, give `{option.replace('False', 'True')}`; or apply `jax.nn.softmax`, "
            "of a single score `jax.nn.sigmoid`."
        )
    return None


def _is_outside(probabilities: jax.Array) -> jax.Array:
    return (probabilities < -_SLACK) | (probabilities > 1 + _SLACK)


def check_log_probabilities(name: str, values: jax.Array, option: str) -> jax.Array | None:
    """Marks logarithms of probabilities that are above 0; None if none is, as above.

    Raises:
        ValueError: If some are, outside of `jit`.
    """
    above = values > _SLACK
    if isinstance(above, Tracer):
        return above
    if bool(above.any()):
        raise ValueError(
            f"{name} must be logarithms of probabilities, at most 0, with `{option}`, but "
            f"got {float(values.max()):g}. If they are logits, apply `jax.nn.log_softmax`; if "
            f"they are probabilities, give `{option.replace('True', 'False')}`."
        )
    return None


def warn_of_probabilities(logits: jax.Array, *, has_option: bool = True) -> None:
    """Warns if logits of classes look like probabilities: all rows are, and sum to 1.

    It warns outside of `jit` only, and not of rows of 0 and 1 alone.

    Args:
        logits: The logits, `[..., classes]`.
        has_option: Whether the loss has the option `from_logits`.
    """
    if isinstance(logits, Tracer) or not logits.size or not logits.is_fully_addressable:
        return
    if any(device.platform != "cpu" for device in logits.devices()):
        # One row is nearly always enough, which avoids the transfer of all.
        if not _are_probabilities(np.asarray(logits[(0,) * (logits.ndim - 1)])):
            return
    values = np.asarray(logits)
    if _are_probabilities(values[(0,) * (logits.ndim - 1)]) and _are_probabilities(values):
        path, line = user_line()
        option = "Give `from_logits=False`; or leave out" if has_option else "Leave out"
        warnings.warn_explicit(
            "preds look like probabilities, since all rows sum to 1, but are read as logits. "
            f"{option} the softmax of the model, which is more exact.",
            UserWarning,
            path,
            line,
        )


def _are_probabilities(rows: np.ndarray) -> bool:
    """Whether all rows are from 0 to 1 and sum to 1, and not all of them are of 0 and 1 alone."""
    if rows.min() < 0 or rows.max() > 1 or abs(rows.sum(-1) - 1).max() > 1e-3:
        return False
    return rows.ndim == 1 or bool(((rows > 0) & (rows < 1)).any())
