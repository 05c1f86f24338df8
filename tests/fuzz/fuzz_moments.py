"""Metrics of means, variances and covariances, and those that keep all rows."""

from dataclasses import replace

import numpy as np
from fuzz_regression import outputs_of, pairs, tweedie_deviance
from fuzz_subject import ROWS, Generator, Subject, UndecidedError, code_of

WIDE = np.longdouble  # the squares of 1e7 + noise leave few digits of a double


def _by_output(score):
    """A reference for each output of `[rows]` or `[rows, outputs]`."""

    def reference(target, preds, sample_weight):
        weight = sample_weight.astype(WIDE)
        target, preds = target.astype(WIDE), preds.astype(WIDE)
        if target.ndim == 1:
            return float(score(target, preds, weight))
        return np.array(
            [float(score(t, p, weight)) for t, p in zip(target.T, preds.T, strict=True)]
        )

    return reference


def _centred(x, weight):
    if (x == x[0]).all():
        return x * 0
    return x - (weight * x).sum() / weight.sum()


def _subject(rng: Generator, name: str, score, *, rtol=1e-5, atol=2e-6, **options) -> Subject:
    outputs = outputs_of(rng)
    draw = pairs(rng, outputs.get("num_outputs"))
    return Subject(code_of(name, **options, **outputs), draw, _by_output(score), rtol, atol)


def pearson(rng: Generator) -> Subject:
    def score(target, preds, weight):
        a, b = _centred(target, weight), _centred(preds, weight)
        if not (a.any() and b.any()):
            return np.nan
        a, b = a / abs(a).max(), b / abs(b).max()
        return (weight * a * b).sum() / np.sqrt((weight * a * a).sum() * (weight * b * b).sum())

    return _subject(rng, "PearsonCorrCoef", score)


def concordance(rng: Generator) -> Subject:
    def score(target, preds, weight):
        a, b = _centred(target, weight), _centred(preds, weight)
        size = max(abs(target).max(), abs(preds).max()) or 1
        difference = (weight * (target - preds)).sum() / weight.sum() / size
        a, b = a / size, b / size
        covariance, total = (weight * a * b).sum(), (weight * (a * a + b * b)).sum()
        divisor = total + weight.sum() * difference**2
        return 2 * covariance / divisor if divisor else np.nan

    return _subject(rng, "ConcordanceCorrCoef", score)


def _errors(target, preds):
    """The errors as rounded in float32, whose variance may be all rounding."""
    return np.float32(target - preds).astype(WIDE)


def _explained(name: str, unexplained):
    def make(rng: Generator) -> Subject:
        outputs = outputs_of(rng)
        kinds = ("raw_values", "uniform_average", "variance_weighted")
        multioutput = str(rng.choice(kinds)) if outputs else "uniform_average"

        def score(target, preds, weight):
            size = max(abs(target).max(), abs(preds).max()) or 1
            a, e = _centred(target / size, weight), _errors(target, preds) / size
            rest, spread = unexplained(e, weight), (weight * a * a).sum()
            if not spread:
                return float(rest == 0)
            return 1 - rest / spread

        def reference(target, preds, sample_weight):
            scores = _by_output(score)(target, preds, sample_weight)
            if multioutput == "raw_values" or target.ndim == 1:
                return scores
            if multioutput == "uniform_average":
                return scores.mean()
            weight = sample_weight.astype(WIDE)
            spreads = np.array(
                [(weight * _centred(t.astype(WIDE), weight) ** 2).sum() for t in target.T]
            )
            return scores.mean() if not spreads.any() else float(scores @ (spreads / spreads.sum()))

        options = {"multioutput": multioutput, **outputs}
        draw = pairs(rng, outputs.get("num_outputs"))
        return Subject(code_of(name, **options), draw, reference, rtol=2e-5, atol=2e-6)

    return make


def _squares(errors, weight):
    return (weight * errors**2).sum()


def _variance(errors, weight):
    return (weight * _centred(errors, weight) ** 2).sum()


def relative_squared(rng: Generator) -> Subject:
    squared = bool(rng.integers(2))

    def score(target, preds, weight):
        size = max(abs(target).max(), abs(preds).max()) or 1
        a, e = _centred(target / size, weight), _errors(target, preds) / size
        value = (weight * e * e).sum() / (weight * a * a).sum()
        return value if squared else np.sqrt(value)

    return _subject(rng, "RelativeSquaredError", score, rtol=2e-5, atol=1e-6, squared=squared)


def normalized_root(rng: Generator) -> Subject:
    normalization = str(rng.choice(["mean", "range", "std", "l2"]))

    def score(target, preds, weight):
        size = max(abs(target).max(), abs(preds).max()) or 1
        errors, target = _errors(target, preds) / size, target / size
        error = np.sqrt((weight * errors**2).sum() / weight.sum())
        mean = (weight * target).sum() / weight.sum()
        if normalization == "mean":
            return error / mean
        if normalization == "range":
            return error / (target.max() - target.min())
        if normalization == "std":
            deviation = _centred(target, weight)
            return error / np.sqrt((weight * deviation**2).sum() / weight.sum())
        return error / np.sqrt((weight * target**2).sum())

    name = "NormalizedRootMeanSquaredError"
    subject = _subject(rng, name, score, rtol=2e-5, normalization=normalization)

    def draw(rng: Generator):
        """Without a mean that is all rounding, as that of 1 and -1."""
        arrays = subject.draw(rng)
        return {**arrays, "target": np.abs(arrays["target"])} if normalization == "mean" else arrays

    return replace(subject, draw=draw)


def _from_rows(name: str, score, positive=False, rtol=1e-5, atol=2e-6):
    def make(rng: Generator, **options) -> Subject:
        outputs = outputs_of(rng)
        capacity = int(rng.choice([ROWS, 30]))
        draw = pairs(rng, outputs.get("num_outputs"), positive=positive)
        code = code_of(name, capacity=capacity, **options, **outputs)

        def chosen(target, preds, weight):
            return score(target, preds, weight, **options)

        return Subject(code, draw, _by_output(chosen), rtol, atol)

    return make


def _quantile(values, weight, level):
    """The mean of the least and the greatest value that qualify."""
    order = np.argsort(values)
    values, reached = values[order], np.cumsum(weight[order].astype(float))
    gap = abs(reached - level * reached[-1])
    if ((gap > 0) & (gap < 1e-6 * reached[-1])).any():
        raise UndecidedError
    low = values[np.argmax(reached >= level * reached[-1])]
    beyond = reached > level * reached[-1]
    high = values[np.argmax(beyond)] if beyond.any() else values[-1]
    return low + (high - low) / 2


def _median_error(target, preds, weight):
    return _quantile(abs(target - preds), weight, 0.5)


def _ranks(values, weight):
    less = (values[:, None] > values) @ weight
    return less + (values[:, None] == values) @ weight / 2


def _spearman(target, preds, weight):
    if (target == target[0]).all() or (preds == preds[0]).all():
        return np.nan
    a, b = (_centred(_ranks(x, weight), weight) for x in (target, preds))
    return (weight * a * b).sum() / np.sqrt((weight * a * a).sum() * (weight * b * b).sum())


def _kendall(target, preds, weight, variant):
    a, b = (np.sign(x[:, None] - x) for x in (target, preds))
    pairs = weight[:, None] * weight
    total, difference = weight.sum(), (pairs * a * b).sum()
    constant = not (a.any() and b.any())
    if variant == "a":
        divisor = total * (total - 1)
        return np.nan if not divisor else np.clip(difference / divisor, -1, 1)
    if constant:
        return np.nan
    if variant == "b":
        return difference / np.sqrt((pairs * a**2).sum() * (pairs * b**2).sum())
    distinct = min(len(set(target.tolist())), len(set(preds.tolist())))
    return np.clip(difference / (total**2 * (distinct - 1) / distinct), -1, 1)


def kendall(rng: Generator) -> Subject:
    variant = str(rng.choice(["a", "b", "c"]))
    return _from_rows("KendallRankCorrCoef", _kendall)(rng, variant=variant)


def _fraction(loss, baseline, target):
    if (target == target[0]).all():
        return float(loss == 0)
    return 1 - loss / baseline


def _d2_pinball(target, preds, weight, alpha=0.5):
    def loss(prediction):
        error = target - prediction
        return (weight * np.where(error > 0, alpha * error, (alpha - 1) * error)).sum()

    return _fraction(loss(preds), loss(_quantile(target, weight, alpha)), target)


def d2_pinball(rng: Generator) -> Subject:
    alpha = float(rng.choice([0.25, 0.5, 0.9]))
    return _from_rows("D2PinballScore", _d2_pinball, rtol=2e-5)(rng, alpha=alpha)


def _d2_tweedie(target, preds, weight, power):
    def deviance(prediction):
        return (weight * tweedie_deviance(target, prediction, power)).sum()

    mean = np.full_like(target, (weight * target).sum() / weight.sum())
    if power == 0:
        size = max(abs(target).max(), abs(preds).max()) or 1
        target, preds, mean = target / size, preds / size, mean / size
    return _fraction(deviance(preds), deviance(mean), target)


def d2_tweedie(rng: Generator) -> Subject:
    power = float(rng.choice([0, 1, 1.5, 2, 3]))
    make = _from_rows("D2TweedieScore", _d2_tweedie, positive=power != 0, rtol=5e-5, atol=1e-5)
    return make(rng, power=power)


FAMILY = {
    "PearsonCorrCoef": pearson,
    "ConcordanceCorrCoef": concordance,
    "R2Score": _explained("R2Score", _squares),
    "ExplainedVariance": _explained("ExplainedVariance", _variance),
    "RelativeSquaredError": relative_squared,
    "NormalizedRootMeanSquaredError": normalized_root,
    "MedianAbsoluteError": _from_rows("MedianAbsoluteError", _median_error, atol=1e-37),
    "SpearmanCorrCoef": _from_rows("SpearmanCorrCoef", _spearman),
    "KendallRankCorrCoef": kendall,
    "D2AbsoluteErrorScore": _from_rows("D2AbsoluteErrorScore", _d2_pinball, rtol=2e-5),
    "D2PinballScore": d2_pinball,
    "D2TweedieScore": d2_tweedie,
}
