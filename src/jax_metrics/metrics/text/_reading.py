"""How metrics of strings read targets and predictions, and which examples count."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics.inputs import weights


def as_list(name: str, values: Any) -> list[Any]:
    """The examples as a list: those of a sequence or an array, or a single string.

    Raises:
        TypeError: If it is none of these.
    """
    if isinstance(values, str):
        return [values]
    if isinstance(values, np.ndarray) and values.ndim:
        return values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, bytes):
        raise TypeError(
            f"{name} must be a string or a sequence of strings, but is a {type(values).__name__}."
        )
    return list(values)


def read_pairs(target: Any, preds: Any, *, several: bool) -> tuple[list[Any], list[Any]]:
    """The targets and predictions, one of each for each example; not yet checked to be strings.

    Args:
        target: A string for each prediction; if `several`, or the references of each.
        preds: A string for each example; or a single one.
        several: Whether an example may have several references. Then the strings of a sequence are
            all references of a prediction that is a single string.

    Raises:
        TypeError: If they are no sequences.
        ValueError: If their numbers differ.
    """
    targets = as_list("target", target)
    if several and isinstance(preds, str) and not isinstance(target, str):
        targets = [targets] if all(isinstance(one, str) for one in targets) else targets
    predictions = as_list("preds", preds)
    if len(targets) != len(predictions):
        each = "an entry, a string or a list of references," if several else "a string"
        raise ValueError(
            f"target must have {each} for each prediction; got {len(targets)} for "
            f"{len(predictions)}."
        )
    return targets, predictions


def check_string(name: str, index: int, value: Any) -> str:
    """The value, if it is a string.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name}[{index}] must be a string, but is a {type(value).__name__}.")
    return value


def check_references(index: int, value: Any) -> list[str]:
    """The references of an example, if there is at least one; a single string is the only one.

    Raises:
        TypeError: If one is not a string.
        ValueError: If there is none.
    """
    if isinstance(value, str):
        return [value]
    references = as_list(f"target[{index}]", value)
    if not references:
        raise ValueError(f"target[{index}] has no reference; give at least one string.")
    return [check_string(f"target[{index}]", i, one) for i, one in enumerate(references)]


def example_weights(
    size: int, sample_weight: Any, mask: Any, copies: tuple[int, ...] = ()
) -> np.ndarray | None:
    """The weight of each example, `[*copies, examples]`; None if all count the same.

    Args:
        size: The number of examples.
        sample_weight: Weights `[*copies, examples]`, or None.
        mask: Booleans `[examples]`, or None.
        copies: The shape of copies of the metric that have their own weights.

    Raises:
        ValueError: If a shape does not match.
        TypeError: If the mask is not boolean.
    """
    if sample_weight is None and mask is None:
        return None
    if copies:
        of_copy = functools.partial(weights, (size,), mask=mask)
        return np.asarray(jax.vmap(of_copy)(jnp.asarray(sample_weight)), np.float64)
    return np.asarray(weights((size,), sample_weight, mask), np.float64)
