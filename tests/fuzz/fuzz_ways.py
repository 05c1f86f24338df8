"""The ways to update a metric with the same examples, which must all lead to the same value."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from fuzz_peers import options_of
from fuzz_subject import PARTS, Arrays, Case, Subject

from jax_metrics import metrics
from jax_metrics.tree import copy


def _parts(inputs: Any) -> Any:
    """The examples in batches, `[PARTS, rows, ...]`."""
    return jax.tree.map(lambda x: x.reshape(PARTS, -1, *x.shape[1:]), inputs)


def _part(inputs: Any, index: int) -> Any:
    return jax.tree.map(lambda x: x[index], _parts(inputs))


def _at_once(metric: Any, inputs: Arrays) -> Any:
    return copy(metric).update(**inputs).compute()


def _called(metric: Any, inputs: Arrays) -> Any:
    return copy(metric)(**inputs)


def _in_batches(metric: Any, inputs: Arrays) -> Any:
    metric = copy(metric)
    for index in range(PARTS):
        metric = metric.update(**_part(inputs, index))
    return metric.compute()


def _scanned(metric: Any, inputs: Arrays) -> Any:
    def step(metric: Any, batch: Arrays) -> tuple[Any, None]:
        return metric.update(**batch), None

    return jax.lax.scan(step, copy(metric), _parts(inputs))[0].compute()


def _merged(metric: Any, inputs: Arrays) -> Any:
    first, second, third = (copy(metric).update(**_part(inputs, index)) for index in range(PARTS))
    return (first + second).merge_state(third).compute()


def _reduced(metric: Any, inputs: Arrays) -> Any:
    batches = jax.vmap(lambda batch: metric.batch_updates(**batch))(_parts(inputs))
    return batches.reduce().compute()


def _eager(metric: Any, inputs: Arrays) -> Any:
    return copy(metric).update(**inputs).compute()


def _with_empty_batches(metric: Any, inputs: Arrays) -> Any:
    metric = copy(metric)
    empty = jax.tree.map(lambda x: x[:0], inputs)
    return metric.update(**empty).update(**inputs).update(**empty).compute()


def _padded(metric: Any, inputs: Arrays) -> Any:
    mask = inputs.get("mask")
    rest = {name: x for name, x in inputs.items() if name != "mask"}
    size = jax.tree.leaves(rest)[0].shape[0]
    mask = np.ones(size, bool) if mask is None else mask
    return copy(metric).update(**jax.tree.map(_pad, rest), mask=_pad(mask)).compute()


def _pad(x: Any) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype == bool:
        filler: Any = False
    else:
        filler = np.nan if jnp.issubdtype(x.dtype, jnp.inexact) else 100
    return np.concatenate([x, np.full((4, *x.shape[1:]), filler).astype(x.dtype)])


FUNCTIONS = {
    name.replace("_", ""): value
    for name, value in vars(metrics).items()
    if inspect.isfunction(value) and hasattr(value, "__signature__")
}


def function_of(subject: Subject) -> Callable[..., Any] | None:
    """The function of the metric with its options, or None if it has none.

    Without the capacity, which is that of the batch by default.
    """
    name, options = options_of(subject.code)
    function = FUNCTIONS.get(getattr(metrics, name).name.replace("_", ""))
    options.pop("capacity", None)
    return None if function is None else functools.partial(function, **options)


WAYS: dict[str, Callable[[Any, Arrays], Any]] = {
    "at once": jax.jit(_at_once),
    "called": jax.jit(_called),
    "in batches": jax.jit(_in_batches),
    "scanned": jax.jit(_scanned),
    "merged": jax.jit(_merged),
    "reduced": jax.jit(_reduced),
    "eager": _eager,
    "with empty batches": _with_empty_batches,
    "padded": _padded,
    "function": lambda metric, inputs: metric(**inputs),
}
WHOLE = ("at once", "called", "eager", "padded", "function")  # without a split


def value(way: str, subject: Subject, metric: Any, case: Case) -> Any:
    """The value that one way leads to."""
    metric = function_of(subject) if way == "function" else metric
    return WAYS[way](metric, case.inputs())
