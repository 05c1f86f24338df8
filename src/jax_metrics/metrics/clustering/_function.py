"""Functions of clusters, which count the labels of their batch."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.arguments import refuse_masked
from jax_metrics.metrics._sized_function import sized_function

V = TypeVar("V", covariant=True)


class LabelsFunction(Protocol[V]):
    """The function of a metric that compares clusters with classes."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        sample_weight: Any = None,
        mask: Any = None,
        **options: Any,
    ) -> V:
        """The value of one batch."""
        ...


class DataFunction(Protocol[V]):
    """The function of a metric of data in clusters."""

    __name__: str

    def __call__(
        self,
        data: Any,
        labels: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        **options: Any,
    ) -> V:
        """The value of one batch."""
        ...


def function_of_labels(metric: Callable[..., Any], name: str) -> Any:
    """The function of a metric, which outside of traced code counts the labels of its batch."""
    counted = {"target": "num_classes", "preds": "num_clusters"}

    def sizes(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
        if missing < set(counted.values()) or not given.keys() >= counted.keys():
            return {}
        return _all_numbered(given, counted)

    return sized_function(metric, name, counted.values(), sizes)


def function_of_data(metric: Callable[..., Any], name: str) -> Any:
    """The function of a metric, where the sizes of the state are those of the batch."""

    def sizes(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
        rows, features = (*jnp.shape(given["data"]), 1, 1)[:2]
        found = {"capacity": max(rows, 1), "num_features": max(features, 1)}
        if "num_clusters" in missing and "labels" in given:
            found |= _all_numbered(given, {"labels": "num_clusters"})
        return found

    return sized_function(metric, name, ("capacity", "num_features", "num_clusters"), sizes)


def _all_numbered(given: dict[str, Any], counted: dict[str, str]) -> dict[str, Any]:
    """The arguments with labels as integers from 0 on, and the options with their numbers."""
    found: dict[str, Any] = {}
    for name, option in counted.items():
        found[name], found[option] = _numbered(name, given[name], option)
    return found


def _numbered(name: str, labels: Any, option: str) -> tuple[np.ndarray, int]:
    """The labels as integers from 0 on, and their number.

    The number is rounded up to a power of two, so that few programs are compiled; empty rows of a
    contingency matrix do not matter.

    Raises:
        TypeError: If the labels are traced, or a masked array.
    """
    if isinstance(labels, Tracer):
        raise TypeError(
            f"The number of labels of {name} must be given in traced code, as `{option}=`, with "
            "labels from 0 on."
        )
    refuse_masked(name, labels)
    known, numbers = np.unique(np.asarray(labels), return_inverse=True)
    size = max(len(known), 1)
    return numbers.reshape(np.shape(labels)).astype(np.int32), 1 << (size - 1).bit_length()
