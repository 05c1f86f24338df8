"""Metrics of metrics, and collections."""

import fuzz_draws as draws
import numpy as np
from fuzz_loss_numbers import huber
from fuzz_subject import PARTS, ROWS, Generator, Subject

SPLIT = ("in batches", "scanned")
SIZE = ROWS // PARTS


def _values(rng: Generator):
    dtype = draws.float_dtype(rng)
    return lambda rng: {"values": draws.as_dtype(rng.normal(size=ROWS) * 100, dtype)}


def _outputs(rng: Generator):
    dtype = draws.float_dtype(rng)
    return lambda rng: {
        n: draws.as_dtype(rng.normal(size=(ROWS, 2)), dtype) for n in ("target", "preds")
    }


def _running(make: str, value):
    """Over the last updates; merged, the updates of the other one come later."""

    def subject(rng: Generator) -> Subject:
        window = int(rng.choice([1, 2, 5]))
        return Subject(
            f"jm.metrics.{make}window={window})",
            _values(rng),
            lambda values, sample_weight: value(values[-window * SIZE :]),
            atol=1e-4,
            ways=(*SPLIT, "merged", "reduced"),
            weighted=False,
            masked=False,
        )

    return subject


def min_max(rng: Generator) -> Subject:
    def reference(values, sample_weight):
        means = [values[:end].mean() for end in range(SIZE, ROWS + 1, SIZE)]
        return {"raw": means[-1], "min": min(means), "max": max(means)}

    code = "jm.metrics.MinMax(jm.metrics.Mean())"
    return Subject(
        code, _values(rng), reference, atol=1e-4, ways=SPLIT, weighted=False, masked=False
    )


def classwise(rng: Generator) -> Subject:
    def draw(rng: Generator):
        return {n: draws.labels(rng, 3, ROWS) for n in ("target", "preds")}

    def reference(target, preds, sample_weight):
        chosen = [(preds == c) * sample_weight for c in range(3)]
        return {
            f"recall_{c}": (own * (target == c)).sum() / own.sum() if own.sum() else 0.0
            for c, own in enumerate(chosen)
        }

    code = (
        "jm.metrics.Classwise(jm.metrics.Precision(num_classes=3, average=None), prefix='recall_')"
    )
    return Subject(code, draw, reference)


def _squares(target, preds, sample_weight):
    return np.average((target - preds) ** 2, axis=0, weights=sample_weight)


def multioutput(rng: Generator) -> Subject:
    code = "jm.metrics.Multioutput(jm.metrics.MeanSquaredError(), num_outputs=2)"
    return Subject(code, _outputs(rng), _squares)


def transformed(rng: Generator) -> Subject:
    code = "jm.metrics.Transformed(jm.metrics.MeanSquaredError(num_outputs=2), preds=jnp.negative)"

    def reference(target, preds, sample_weight):
        return _squares(target, -preds, sample_weight)

    return Subject(code, _outputs(rng), reference)


def multitask(rng: Generator) -> Subject:
    def draw(rng: Generator):
        return {
            n: {t: rng.normal(size=ROWS).astype("float32") for t in "ab"}
            for n in ("target", "preds")
        }

    def reference(target, preds, sample_weight):
        return {t: _squares(target[t], preds[t], sample_weight) for t in "ab"}

    code = "jm.metrics.Multitask({t: jm.metrics.MeanSquaredError() for t in 'ab'})"
    return Subject(code, draw, reference)


def metrics(rng: Generator) -> Subject:
    def reference(target, preds, sample_weight):
        mse = _squares(target, preds, sample_weight).mean()
        return {"mean_squared_error": mse, "mean_squared_error2": mse, "root/a": np.sqrt(mse)}

    both = "[jm.metrics.MeanSquaredError(), jm.metrics.MeanSquaredError()"
    code = f"jm.metrics.Metrics({both}, {{'root': {{'a': jm.metrics.RootMeanSquaredError()}}}}])"
    return Subject(code, _outputs(rng), reference)


def _losses(target, preds, sample_weight):
    weight = sample_weight[:, None]
    return {
        "mae": (weight * abs(target - preds)).sum() / weight.sum() / 2,
        "huber": (weight * huber(target, preds, 1.0)).mean(),
    }


LOSSES = (
    "[jm.losses.MeanAbsoluteError(name='mae', reduction='mean_over_weights'), jm.losses.Huber()]"
)


def losses(rng: Generator) -> Subject:
    # Examples of weight zero count in the mean of Huber's loss.
    return Subject(f"jm.metrics.Losses({LOSSES})", _outputs(rng), _losses, weighted=False)


def loss_and_logs(rng: Generator) -> Subject:
    def reference(target, preds, sample_weight):
        values = _losses(target, preds, sample_weight)
        loss = sum(values.values())
        mse = _squares(target, preds, sample_weight).mean()
        return loss, {"loss": loss, **values}, {"mean_squared_error": mse}

    code = f"jm.metrics.LossAndLogs({LOSSES}, jm.metrics.MeanSquaredError())"
    return Subject(code, _outputs(rng), reference, weighted=False)


FAMILY = {
    "Running": _running("Running(jm.metrics.Max(), ", np.max),
    "RunningMean": _running("RunningMean(", np.mean),
    "RunningSum": _running("RunningSum(", np.sum),
    "MinMax": min_max,
    "Classwise": classwise,
    "Multioutput": multioutput,
    "Transformed": transformed,
    "Multitask": multitask,
    "Metrics": metrics,
    "Losses": losses,
    "LossAndLogs": loss_and_logs,
}
