"""The bases of speech metrics that other packages compute on the host, signal by signal."""

import importlib
from collections.abc import Callable
from typing import Any, ClassVar, Unpack

import jax
import numpy as np

from jax_metrics.arguments import pair, positive
from jax_metrics.metrics._reduced_mean import ReducedMean, ReducedOptions
from jax_metrics.metrics.inputs import weights


def optional_package(name: str, metric: type, install: str) -> Any:
    """An optional package.

    Args:
        name: The name of its module.
        metric: The metric that needs it.
        install: What to install.

    Raises:
        ImportError: If it is missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{metric.__name__} computes its value with the package {name.split('.')[0]!r}, which "
            f"cannot be imported ({error}). Install it: `pip install {install}`."
        ) from error


class BySignal(ReducedMean):
    """The base of metrics that compute the values of signals `[time]` one by one.

    They run on the host, and cannot be traced. A weight or a mask has one entry for each signal;
    signals of weight 0 are skipped. For copies of the metric, as in `BootStrapper`, weights have a
    further leading axis. NaN before the first update.

    Args:
        fs: The sampling rate in Hz.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Attributes:
        outputs: The names of the values of a signal, for a dict of means; empty for a single value.
    """

    jittable = False
    _weighs_copies = True
    higher_is_better = True
    outputs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, fs: int, **options: Unpack[ReducedOptions]):
        super().__init__(outputs=(len(self.outputs),) if self.outputs else (), **options)
        positive(fs=fs)
        self.fs = fs

    def add_signals(
        self, function: Callable[..., Any], signals: tuple[Any, ...], sample_weight: Any, mask: Any
    ) -> None:
        """Adds the value of each signal to the mean.

        Args:
            function: Maps one signal `[time]` from each of the arrays to the value.
            signals: Arrays `[..., time]` of one shape.
            sample_weight: The weight of each signal.
            mask: Booleans: false excludes a signal.
        """
        arrays = [np.asarray(jax.device_get(one), np.float64) for one in signals]
        if not arrays[0].ndim:
            raise ValueError("Signals must be [..., time], but have no axes.")
        shape = arrays[0].shape[:-1]
        outputs = (len(self.outputs),) if self.outputs else ()
        copies = self.total.high.ndim > len(outputs)

        def weight(sample_weight: Any) -> jax.Array:
            return weights(shape, sample_weight, mask, self.dtype)

        weight_of_all = jax.vmap(weight)(sample_weight) if copies else weight(sample_weight)[None]
        included = (np.asarray(weight_of_all) != 0).any(0)
        values = np.zeros((*shape, *outputs), np.float32)
        for index in map(tuple, np.argwhere(included)):
            values[index] = function(*(one[index] for one in arrays))
        if not copies:
            self.add(values, sample_weight, mask)
            return

        def added(metric: Any, sample_weight: Any) -> Any:
            metric.add(values, sample_weight, mask)
            return metric

        updated = jax.vmap(added)(self, sample_weight)
        self.total, self.weight = updated.total, updated.weight

    def compute(self) -> Any:
        """The mean, the sum, or each value; a dict by name where a signal has several values."""
        values = super().compute()
        if not self.outputs:
            return values
        return {name: values[..., i] for i, name in enumerate(self.outputs)}


class Comparing(BySignal):
    """The base of metrics that compare signals `[..., time]`; a subclass defines `value_of`."""

    def value_of(self, target: np.ndarray, preds: np.ndarray) -> Any:
        """The value of one signal."""
        raise TypeError(f"{type(self).__name__} must define `value_of`.")

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        self.add_signals(self.value_of, pair(target, preds), sample_weight, mask)


class WithoutReference(BySignal):
    """The base of metrics of signals `[..., time]` alone; a subclass defines `value_of`."""

    def value_of(self, signal: np.ndarray) -> Any:
        """The value of one signal."""
        raise TypeError(f"{type(self).__name__} must define `value_of`.")

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch of signals."""
        self.add_signals(self.value_of, (values,), sample_weight, mask)
