"""Metrics of predicted numbers that keep sums."""

import fuzz_draws as draws
import numpy as np
from fuzz_subject import ROWS, Generator, Subject, code_of
from scipy.special import rel_entr


def pairs(rng: Generator, outputs: int | None, positive: bool = False):
    """Draws of targets and predictions of one dtype, some of them integers."""
    shape = (ROWS,) if outputs is None else (ROWS, outputs)
    if rng.random() < 0.15:
        low, dtype = (1, "uint8") if positive else (-9, str(rng.choice(["int32", "int64", "int8"])))
        return lambda rng: {
            name: rng.integers(low, 10, shape).astype(dtype) for name in ("target", "preds")
        }
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        target = draws.numbers(rng, *shape)
        preds = draws.nearby(rng, target)
        if positive:  # within the floats, whatever the power
            target, preds = (np.clip(abs(x), 1e-3, 1e3) for x in (target, preds))
        return {"target": draws.as_dtype(target, dtype), "preds": draws.as_dtype(preds, dtype)}

    return draw


def outputs_of(rng: Generator) -> dict:
    """With or without several outputs."""
    return {} if rng.random() < 0.5 else {"num_outputs": 2}


def _error(name: str, values, positive: bool = False, root: bool = False, rtol: float = 1e-5):
    """A metric that is the mean of the errors of elements."""

    def make(rng: Generator, **options) -> Subject:
        outputs = outputs_of(rng)

        def reference(target, preds, sample_weight):
            errors = values(target, preds, **options)
            mean = np.average(errors, axis=0, weights=sample_weight)
            mean = mean if outputs else mean.mean()
            return np.sqrt(mean) if root else mean

        draw = pairs(rng, outputs.get("num_outputs"), positive)
        return Subject(code_of(name, **options, **outputs), draw, reference, rtol=rtol, atol=1e-37)

    return make


def log_cosh(target, preds):
    error = abs(target - preds)
    large = error + np.log1p(np.exp(-2 * error)) - np.log(2)
    return np.where(error < 1e-3, error**2 / 2 - error**4 / 12, large)


def _pinball(target, preds, alpha):
    error = target - preds
    return np.where(error > 0, alpha * error, (alpha - 1) * error)


def tweedie_deviance(target, preds, power):
    """By numerical integration where the closed form cancels."""
    y, p = (x.astype(np.longdouble) for x in (target, preds))
    if power == 0:
        return ((y - p) ** 2).astype(float)
    # With t = log(u / p), both factors are positive: 2 * integral((y - u) / u**power du).
    nodes, weights = np.polynomial.legendre.leggauss(60)
    end = np.log(np.where(y == 0, 1, y) / p)
    t = end[..., None] * (nodes + 1) / 2
    u = p[..., None] * np.exp(t)
    inner = (y[..., None] - u) * u ** (1 - power)
    value = 2 * (inner * weights).sum(-1) * end / 2
    at_zero = 2 * p ** (2 - power) / (2 - power) if power < 2 else np.inf
    return np.where(y == 0, at_zero, value).astype(float)


def pinball(rng: Generator) -> Subject:
    return _error("MeanPinballLoss", _pinball)(rng, alpha=float(rng.choice([0, 0.1, 0.5, 1])))


def tweedie(rng: Generator) -> Subject:
    power = float(rng.choice([0, 1, 1.5, 2, 3, -1, 1.001, 1.999, -2.5]))
    make = _error("TweedieDevianceScore", tweedie_deviance, positive=power != 0, rtol=2e-5)
    return make(rng, power=power)


def percentage(rng: Generator) -> Subject:
    epsilon = float(rng.choice([1e-7, 0.5]))

    def values(target, preds, epsilon):
        return abs(target - preds) / np.maximum(abs(target), epsilon)

    return _error("MeanAbsolutePercentageError", values)(rng, epsilon=epsilon)


def symmetric_percentage(rng: Generator) -> Subject:
    epsilon = float(rng.choice([1e-7, 0.5]))

    def values(target, preds, epsilon):
        return 2 * abs(target - preds) / np.maximum(abs(target) + abs(preds), epsilon)

    return _error("SymmetricMeanAbsolutePercentageError", values)(rng, epsilon=epsilon)


def weighted_percentage(rng: Generator) -> Subject:
    outputs = outputs_of(rng)

    def reference(target, preds, sample_weight):
        axis = 0 if outputs else None
        weight = sample_weight.reshape(-1, *[1] * (target.ndim - 1))
        return (abs(target - preds) * weight).sum(axis) / (abs(target) * weight).sum(axis)

    draw = pairs(rng, outputs.get("num_outputs"))
    code = code_of("WeightedMeanAbsolutePercentageError", **outputs)
    return Subject(code, draw, reference)


def max_error(rng: Generator) -> Subject:
    outputs = outputs_of(rng)
    return Subject(
        code_of("MaxError", **outputs),
        pairs(rng, outputs.get("num_outputs")),
        lambda target, preds, sample_weight: abs(target - preds).max(0 if outputs else None),
        atol=1e-37,
    )


def minkowski(rng: Generator) -> Subject:
    p = float(rng.choice([1, 1.5, 2, 3, 10]))

    def reference(target, preds, sample_weight):
        errors = abs(target - preds)
        largest = errors.max() or 1
        return largest * ((errors / largest) ** p @ sample_weight) ** (1 / p)

    return Subject(code_of("MinkowskiDistance", p=p), pairs(rng, None), reference, atol=1e-37)


def weighted_calibration(rng: Generator) -> Subject:
    def reference(target, preds, sample_weight):
        total = (sample_weight * target).sum()
        return (sample_weight * preds).sum() / total if total else np.nan

    return Subject(code_of("WeightedCalibration"), pairs(rng, None, positive=True), reference)


def critical_success(rng: Generator) -> Subject:
    threshold = float(rng.choice([0.0, 0.5, -1.0]))

    def reference(target, preds, sample_weight):
        a, b = target >= threshold, preds >= threshold
        hits, others = (sample_weight * (a & b)).sum(), (sample_weight * (a ^ b)).sum()
        return hits / (hits + others) if hits + others else 0.0

    return Subject(
        code_of("CriticalSuccessIndex", threshold=threshold), pairs(rng, None), reference
    )


def _row_mean(name: str, values, draw, **options):
    """A metric that is the mean or the sum of the values of rows."""

    def make(rng: Generator) -> Subject:
        reduction = str(rng.choice(["mean", "sum"]))

        def reference(target, preds, sample_weight):
            result = np.sum(sample_weight * values(target, preds))
            return result if reduction == "sum" else result / sample_weight.sum()

        def size(target, preds, sample_weight):
            return 1e-6 * (sample_weight.sum() if reduction == "sum" else 1)

        code = code_of(name, reduction=reduction, **options)
        return Subject(code, draw(rng), reference, rtol=2e-5, atol=size)

    return make


def _vectors(rng: Generator):
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        target = draws.numbers(rng, ROWS, 3)
        preds = draws.nearby(rng, target)
        return {"target": draws.as_dtype(target, dtype), "preds": draws.as_dtype(preds, dtype)}

    return draw


def cosine(target, preds):
    with np.errstate(all="ignore"):
        value = (target * preds).sum(-1) / (
            np.linalg.norm(target, axis=-1) * np.linalg.norm(preds, axis=-1)
        )
    return np.where(target.any(-1) & preds.any(-1), value, 0)


def _distributions(rng: Generator):
    dtype = draws.float_dtype(rng)
    return lambda rng: {
        name: draws.as_dtype(draws.simplex(rng, ROWS, 3), dtype) for name in ("target", "preds")
    }


def _normalized(x):
    return x / x.sum(-1, keepdims=True)


def _kl(target, preds):
    return rel_entr(_normalized(target), _normalized(preds)).sum(-1)


def _jensen_shannon(target, preds):
    p, q = _normalized(target), _normalized(preds)
    return (rel_entr(p, (p + q) / 2) + rel_entr(q, (p + q) / 2)).sum(-1) / 2


def ranked_probability(rng: Generator) -> Subject:
    members = int(rng.choice([1, 4]))
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        preds = draws.numbers(rng, ROWS, members)
        target = draws.nearby(rng, preds[:, 0])
        return {"target": draws.as_dtype(target, dtype), "preds": draws.as_dtype(preds, dtype)}

    def values(target, preds):
        spread = abs(preds[:, :, None] - preds[:, None, :]).mean((1, 2))
        return abs(preds - target[:, None]).mean(-1) - spread / 2

    def reference(target, preds, sample_weight):
        return np.average(values(target, preds), weights=sample_weight)

    def size(target, preds, sample_weight):
        sizes = abs(preds - target[:, None]).mean(-1)
        return 1e-6 * np.average(sizes, weights=sample_weight) + 1e-37

    code = code_of("ContinuousRankedProbabilityScore")
    return Subject(code, draw, reference, atol=size)


FAMILY = {
    "MeanSquaredError": _error("MeanSquaredError", lambda t, p: (t - p) ** 2),
    "RootMeanSquaredError": _error("RootMeanSquaredError", lambda t, p: (t - p) ** 2, root=True),
    "MeanAbsoluteError": _error("MeanAbsoluteError", lambda t, p: abs(t - p)),
    "LogCoshError": _error("LogCoshError", log_cosh),
    "MeanSquaredLogarithmicError": _error(
        "MeanSquaredLogarithmicError", lambda t, p: (np.log1p(t) - np.log1p(p)) ** 2, positive=True
    ),
    "RootMeanSquaredLogarithmicError": _error(
        "RootMeanSquaredLogarithmicError",
        lambda t, p: (np.log1p(t) - np.log1p(p)) ** 2,
        positive=True,
        root=True,
    ),
    "MeanPinballLoss": pinball,
    "TweedieDevianceScore": tweedie,
    "MeanAbsolutePercentageError": percentage,
    "SymmetricMeanAbsolutePercentageError": symmetric_percentage,
    "WeightedMeanAbsolutePercentageError": weighted_percentage,
    "MaxError": max_error,
    "MinkowskiDistance": minkowski,
    "WeightedCalibration": weighted_calibration,
    "CriticalSuccessIndex": critical_success,
    "CosineSimilarity": _row_mean("CosineSimilarity", cosine, _vectors),
    "KLDivergence": _row_mean("KLDivergence", _kl, _distributions),
    "JensenShannonDivergence": _row_mean(
        "JensenShannonDivergence", _jensen_shannon, _distributions
    ),
    "ContinuousRankedProbabilityScore": ranked_probability,
}
