"""Updates as compiled programs, which return whether a check failed."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jax_metrics.metrics._check_modes import Mode, current_mode, notice
from jax_metrics.metrics._checks import (
    Collecting,
    Raising,
    collecting,
    current_recorder,
    record,
    recorded_by,
    with_outcome,
)
from jax_metrics.metrics._explain import explain_update
from jax_metrics.tree import copy, running_trace


def jit_inline(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a compiled program, which is inlined in traced code."""
    return jax.jit(f, inline=True)


def run_by(
    f: Callable[..., Any], *, may_defer: bool = True, by_parts: bool = False
) -> Callable[[Any, Any], Any]:
    """The function of a metric and inputs, compiled if the metric is jittable, with its checks.

    If it raises, the metric is not changed.

    Args:
        f: The function; it returns the metric, or anything that a compiled program can return.
        may_defer: Whether a failed check may raise later, at `compute` of the metric.
        by_parts: Whether parts of the metric may run as programs of their own.
    """
    together = with_outcome(f, per_rule=False)
    one_by_one = with_outcome(f, per_rule=True)

    collected = jit_inline(collecting(f, per_rule=False))

    @jax.jit
    def program(metric: Any, inputs: Any) -> tuple[Any, jax.Array | None]:
        result, outcome = together(metric, inputs)
        return result, outcome.failed()

    @jax.jit
    def exact_program(metric: Any, inputs: Any) -> Any:
        result, outcome = one_by_one(metric, inputs)
        return result, outcome.failed(), outcome

    @jit_inline
    def unchecked_program(metric: Any, inputs: Any) -> Any:
        with recorded_by(None):
            return f(metric, inputs)

    def in_trace(metric: Any, inputs: Any) -> Any:
        recorder = current_recorder()
        if isinstance(recorder, Collecting) and recorder.per_rule:
            return f(metric, inputs)
        if not isinstance(recorder, Collecting):
            return unchecked_program(metric, inputs)
        result, checks = collected(metric, inputs)
        for one in checks:
            record((), one.value)
        return result

    def run(metric: Any, inputs: Any) -> Any:
        try:
            traced = running_trace() is not None
            split = by_parts and not traced and metric._updates_by_parts(inputs)
            if not metric.jittable or split:
                with recorded_by(None if _mode() == "never" else Raising()):
                    return f(copy(metric), inputs)
            if traced:
                return in_trace(metric, inputs)
            mode = _mode()
            if mode == "compute" and may_defer:
                result, failed, outcome = exact_program(metric, inputs)
                if failed is not None:
                    notice(metric, failed, outcome)
                return result
            result, failed = program(metric, inputs)
            # `bool` takes five times as long as NumPy.
            if failed is not None and mode != "never" and np.asarray(failed):
                message = exact_program(metric, inputs)[2].message()
                if message is not None:
                    raise ValueError(message)
            return result
        except Exception as error:
            explain_update(metric, inputs, error)
            raise

    return run


def _mode() -> Mode:
    # Within an update that is not traced, nothing is left to wait for.
    return "update" if isinstance(current_recorder(), Raising) else current_mode()
