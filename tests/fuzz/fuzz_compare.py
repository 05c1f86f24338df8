"""Compares a value in float32 with one in float64."""

from typing import Any

import jax
import numpy as np
from fuzz_subject import Arrays, Case, Subject

LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).tiny)  # XLA takes smaller numbers for 0


def included(case: Case) -> np.ndarray:
    """Which examples count."""
    size = jax.tree.leaves(case.arguments)[0].shape[0]
    mask = np.ones(size, bool) if case.mask is None else case.mask
    return mask if case.sample_weight is None else mask & (case.sample_weight != 0)


def expected_value(subject: Subject, case: Case) -> tuple[Any, Any]:
    """The value of the reference, and the absolute tolerance; of no examples that of a metric."""
    if not included(case).any():
        return subject.pick(subject.make().compute()), 0.0
    arguments = reference_arguments(subject, case)
    with np.errstate(all="ignore"):
        value = subject.reference(**arguments)
        atol = subject.atol(**arguments) if callable(subject.atol) else subject.atol
    return value, atol


def reference_arguments(subject: Subject, case: Case) -> Arrays:
    """The arguments of a reference: the examples that count, with their weights, in 64 bits."""
    rows = included(case)
    weight = np.ones(len(rows)) if case.sample_weight is None else case.sample_weight
    arguments = jax.tree.map(lambda x: in_64_bits(x[rows], subject.denormals), case.arguments)
    return {**arguments, "sample_weight": weight[rows].astype(float)}


def in_64_bits(x: np.ndarray, denormals: bool = False) -> np.ndarray:
    """The numbers that a program in float32 sees."""
    if x.dtype == bool:
        return x.astype(int)
    if np.issubdtype(x.dtype, np.integer):
        return x.astype(int)
    x = x.astype(float)
    return np.where((abs(x) < SMALLEST) & (not denormals), np.copysign(0, x), x)


def differs(found: Any, expected: Any, rtol: float, atol: Any) -> bool:
    """Whether a value is not the expected one; NaN equals NaN, and infinity equals infinity."""
    ours, theirs = (jax.tree.leaves(value) for value in (found, expected))
    if len(ours) != len(theirs):
        return True
    return any(not _close(one, other, rtol, atol) for one, other in zip(ours, theirs, strict=True))


def _close(found: Any, expected: Any, rtol: float, atol: Any) -> bool:
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        return False
    with np.errstate(all="ignore"):
        close = np.isclose(found, expected, rtol=rtol, atol=atol, equal_nan=True)
        close |= np.isinf(found) & (abs(expected) > LARGEST / 100)  # a sum may overflow
        close |= (abs(expected) < SMALLEST) & (abs(found) <= SMALLEST)
    return bool((close & (np.isnan(found) == np.isnan(expected))).all())
