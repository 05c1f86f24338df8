"""`roc`: the function, which may drop the points of a curve that lie between others."""

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.metrics._sized_function import renamed
from jax_metrics.metrics.curves._at_thresholds import confusion_matrix_at_thresholds
from jax_metrics.metrics.curves._curves import ROC, Characteristic
from jax_metrics.metrics.curves._function import function_of_scores


class RocFunction(Protocol):
    """The type of `roc`."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        sample_weight: Any = None,
        mask: Any = None,
        thresholds: int | Sequence[float] | None = None,
        capacity: int | None = None,
        num_classes: int | None = None,
        num_labels: int | None = None,
        from_logits: bool = False,
        ignore_index: int | None = None,
        class_axis: int = -1,
        drop_intermediate: bool = False,
    ) -> Characteristic:
        """The curve of one batch."""
        ...


def _with_dropping(whole: Any) -> Any:
    def function(*args: Any, drop_intermediate: bool = False, **options: Any) -> Any:
        if not drop_intermediate:
            return whole(*args, **options)
        if options.get("num_classes") is not None or options.get("num_labels") is not None:
            raise ValueError(
                "drop_intermediate=True returns one curve, since those of classes or labels would "
                "differ in length. Call `roc` with the scores of one class and whether it is the "
                "target."
            )
        if any(isinstance(x, Tracer) for x in (*args, *options.values())):
            raise TypeError(
                "The number of points that drop_intermediate=True leaves depends on the values, "
                "which are unknown in traced code, such as under `jax.jit`. Leave it out there."
            )
        return _without_intermediate(confusion_matrix_at_thresholds(*args, **options))

    parameter = inspect.Parameter(
        "drop_intermediate", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool
    )
    parameters = [*whole.__signature__.parameters.values(), parameter]
    function = renamed(function, whole, parameters)
    function.__module__ = __name__
    function.__doc__ = f"""{whole.__doc__}
With `drop_intermediate=True` it leaves out points that do not change the curve: repeated ones, and
points whose steps from the previous and to the next point are the same. The shape then depends on
the values, so this is not for traced code.
"""
    return function


def _without_intermediate(counts: Any) -> Characteristic:
    tn, fp, fn, tp, thresholds = (np.asarray(x)[::-1] for x in counts)
    positive, negative = (tp + fn)[:1], (fp + tn)[:1]
    new = np.append(True, (np.diff(tp) != 0) | (np.diff(fp) != 0))
    tp, fp, thresholds = tp[new], fp[new], thresholds[new]
    turns = (np.diff(tp, 2) != 0) | (np.diff(fp, 2) != 0)
    kept = np.concatenate([[True], turns, [True]])[: len(tp)]
    fp, tp = (np.append(np.zeros(1, x.dtype), x[kept]) for x in (fp, tp))
    with np.errstate(invalid="ignore"):  # NaN without positive or negative examples
        rates = fp / negative, tp / positive
    infinity = np.full(1, np.inf, thresholds.dtype)
    return Characteristic(
        *(jnp.asarray(x) for x in (*rates, np.append(infinity, thresholds[kept])))
    )


roc: RocFunction = _with_dropping(function_of_scores(ROC, "roc"))
