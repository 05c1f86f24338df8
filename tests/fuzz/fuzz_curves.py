"""Metrics that consider many thresholds of scores."""

import fuzz_draws as draws
import numpy as np
import scipy.special as special
from fuzz_scores import Scores
from fuzz_subject import ROWS, Generator, Subject, code_of

GRID = 17  # evenly spaced thresholds, which float16 holds exactly


class Curves(Scores):
    """Scores, and whether all of them are thresholds or those of a grid."""

    def __init__(self, rng: Generator, exact: bool | None = None, kinds=None):
        super().__init__(rng, kinds or ("binary", "classes", "labels"))
        self.exact = bool(rng.random() < 0.6) if exact is None else exact
        size = ROWS * (self.size if self.kind == "labels" else 1)
        if self.exact:
            self.options["capacity"] = int(rng.choice([size, size + 7]))
        else:
            self.options["thresholds"] = GRID
            if self.from_logits:  # their probabilities are not on the grid
                self.from_logits = False
                del self.options["from_logits"]

    def draw(self, rng: Generator):
        case = super().draw(rng)
        if not self.exact and rng.random() < 0.5:
            case["preds"] = (rng.integers(0, GRID, self.preds_shape) / (GRID - 1)).astype(
                self.dtype
            )
        if self.kind == "classes" and self.from_logits:
            # Log odds that are equal but for their last bit have no order.
            preds = rng.normal(size=self.preds_shape) * rng.choice([1, 30])
            case["preds"] = draws.as_dtype(preds, np.dtype("float32"))
        if self.kind == "classes" and not self.from_logits:
            # Scores of classes need not sum to 1 here.
            case["preds"] = draws.as_dtype(draws.probabilities(rng, *self.preds_shape), self.dtype)
        return case

    def ranked(self, preds):
        """Scores in the order in which they rank; those of a grid as the threshold they reach."""
        if not self.exact:
            return np.floor(preds * (GRID - 1) + 0.0)
        if self.from_logits and self.kind == "classes":
            odds = np.empty_like(preds)
            for k in range(self.size):
                odds[:, k] = preds[:, k] - special.logsumexp(np.delete(preds, k, 1), axis=1)
            return odds
        return preds

    def curves(self, target, preds, sample_weight, together=False):
        """For each curve: whether an example is positive, its rank, and its weight."""
        weight, positive = self.weights(target, sample_weight), self.positive(target)
        weight = weight[..., None] if self.kind == "classes" else weight
        ranks = self.ranked(preds)
        weight = np.broadcast_to(weight, ranks.shape)
        if self.kind == "binary" or together:
            return [(positive.ravel(), ranks.ravel(), weight.ravel())]
        return list(zip(positive.T, ranks.T, weight.T, strict=True))


def points(positive, ranks, weight):
    """True and false positives from the highest rank to the lowest, beginning with none."""
    ranks, positive, weight = ranks[weight != 0], positive[weight != 0], weight[weight != 0]
    steps = np.unique(ranks)[::-1]
    above = ranks[:, None] >= steps
    tp, fp = ((weight * chosen) @ above for chosen in (positive, ~positive))
    return np.append(0.0, tp), np.append(0.0, fp)


def _score(name: str, value, rtol=1e-5, atol=3e-6):
    """A metric that is one number for each curve."""

    def make(rng: Generator, **options) -> Subject:
        curves = Curves(rng)
        average = [None, "micro", "macro", "weighted"][rng.integers(4)]

        def reference(target, preds, sample_weight):
            found = curves.curves(target, preds, sample_weight, average == "micro")
            with np.errstate(all="ignore"):
                values = np.array([value(*points(*curve), **options) for curve in found])
            if curves.kind == "binary" or average == "micro":
                return values[0]
            if average is None:
                return values
            weight = np.array(
                [(w * p).sum() if average == "weighted" else w.any() for p, _, w in found]
            )
            weight = np.where(np.isnan(values), 0, weight)
            total = weight.sum()
            return (np.nan_to_num(values) * weight).sum() / total if total else np.nan

        code = code_of(name, average=average, **options, **curves.options)
        return Subject(code, curves.draw, reference, rtol=rtol, atol=atol, denormals=True)

    return make


def _area(tp, fp, max_fpr=None):
    if not (tp[-1] and fp[-1]):
        return np.nan
    tpr, fpr = tp / tp[-1], fp / fp[-1]
    if max_fpr in (None, 1):
        return np.trapezoid(tpr, fpr)
    below = fpr <= max_fpr
    x = np.append(fpr[below], max_fpr)
    inside = below.sum()
    y = np.append(tpr[below], tpr[-1])
    if inside < len(fpr):
        left, right = fpr[inside - 1], fpr[inside]
        part = (max_fpr - left) / (right - left)
        y[-1] = tpr[inside - 1] + part * (tpr[inside] - tpr[inside - 1])
    chance = max_fpr**2 / 2
    return (1 + (np.trapezoid(y, x) - chance) / (max_fpr - chance)) / 2


def auroc(rng: Generator) -> Subject:
    max_fpr = [None, None, 0.3, 1.0][rng.integers(4)]
    return _score("AUROC", _area)(rng, max_fpr=max_fpr)


def _average_precision(tp, fp):
    if not tp[-1]:
        return np.nan
    above = tp + fp
    precision = np.where(above == 0, 1, tp / np.where(above == 0, 1, above))
    return (np.diff(tp) * precision[1:]).sum() / tp[-1]


def _equal_error(tp, fp):
    if not (tp[-1] and fp[-1]):
        return np.nan
    fpr, fnr = fp / fp[-1], 1 - tp / tp[-1]
    after = int(np.argmax(fpr - fnr >= 0))
    low, high = fpr[after - 1] - fnr[after - 1], fpr[after] - fnr[after]
    return fpr[after - 1] + (fpr[after] - fpr[after - 1]) * -low / (high - low)


def _log_area(tp, fp, fpr_range):
    if not (tp[-1] and fp[-1]):
        return np.nan
    low, high = fpr_range
    tpr, fpr = tp / tp[-1], fp / fp[-1]
    total = 0.0
    for x0, x1, y0, y1 in zip(fpr[:-1], fpr[1:], tpr[:-1], tpr[1:], strict=True):
        a, b = np.clip([x0, x1], low, high)
        if b > a:
            start, end = (y0 + (y1 - y0) * (x - x0) / (x1 - x0) for x in (a, b))
            total += (start + end) / 2 * np.log(b / a)
    return total / np.log(high / low)


def log_auc(rng: Generator) -> Subject:
    fpr_range = [(0.001, 0.1), (0.05, 0.5), (0.2, 1.0)][rng.integers(3)]
    return _score("LogAUC", _log_area, rtol=1e-4, atol=1e-5)(rng, fpr_range=fpr_range)


def windowed(rng: Generator) -> Subject:
    curves = Curves(rng, exact=True, kinds=("binary",))
    window = int(rng.choice([4, 7, 20]))
    del curves.options["capacity"]

    def reference(target, preds, sample_weight):
        positive, ranks, weight = curves.curves(target, preds, sample_weight)[0]
        kept = np.flatnonzero(weight)[-window:]
        return _area(*points(positive[kept], ranks[kept], weight[kept])) if len(kept) else np.nan

    code = code_of("WindowedAUROC", window=window, **curves.options)
    return Subject(code, curves.draw, reference, atol=3e-6, denormals=True)


def _rates(tp, fp):
    precision = np.where(tp + fp == 0, 1, tp / np.where(tp + fp == 0, 1, tp + fp))
    return {"recall": tp / tp[-1], "precision": precision, "specificity": (fp[-1] - fp) / fp[-1]}


def _fixed(name: str, option: str, rate: str, bounded: str):
    """The best of one rate at a minimum of another."""

    def make(rng: Generator) -> Subject:
        curves = Curves(rng, kinds=("binary", "labels"))
        minimum = float(rng.choice([0.0, 0.3, 0.5, 0.75, 1.0]))

        def best(tp, fp):
            rates = _rates(tp, fp)
            if np.isnan(rates[rate]).any() or np.isnan(rates[bounded]).any():
                return np.nan
            return rates[rate][rates[bounded] >= minimum * (1 - 1e-6)].max(initial=0)

        def reference(target, preds, sample_weight):
            found = curves.curves(target, preds, sample_weight)
            values = [best(*points(*curve)) for curve in found]
            return np.array(values) if curves.kind == "labels" else values[0]

        code = code_of(name, **{option: minimum}, **curves.options)
        # Weights may come near to the minimum but for rounding.
        return Subject(
            code,
            curves.draw,
            reference,
            atol=3e-6,
            denormals=True,
            weighted=False,
            pick=lambda value: value[0],
        )

    return make


def _distinct(*coordinates):
    """The points of a curve, each once, with -1 for NaN; less those of undefined recall at 1.

    Without positive examples, those are there for thresholds that no score reaches.
    """
    stacked = np.round(np.stack([np.asarray(x, float) for x in coordinates], -1), 5)
    found = np.unique(np.nan_to_num(stacked, nan=-1) + 0.0, axis=0)
    return found[~(found == [1, -1]).all(-1)]


def _curve(name: str, fields, coordinates):
    """A curve, whose points may be repeated."""

    def make(rng: Generator) -> Subject:
        curves = Curves(rng, kinds=("binary",))

        def reference(target, preds, sample_weight):
            ((positive, ranks, weight),) = curves.curves(target, preds, sample_weight)
            tp, fp = points(positive, ranks, weight)
            return _distinct(*coordinates(tp, fp))

        def pick(value):
            return _distinct(*(getattr(value, field) for field in fields))

        return Subject(
            code_of(name, **curves.options),
            curves.draw,
            reference,
            atol=2e-5,
            denormals=True,
            weighted=False,
            pick=pick,
        )

    return make


def auc(rng: Generator) -> Subject:
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        x, y = rng.normal(size=(2, ROWS)) * 10.0 ** rng.integers(-3, 4)
        x = rng.integers(0, 5, ROWS) if rng.random() < 0.4 else x
        return {"x": draws.as_dtype(x, dtype), "y": draws.as_dtype(y, dtype)}

    def reference(x, y, sample_weight):
        order = np.lexsort((y, x))
        return np.trapezoid(y[order], x[order])

    def size(x, y, sample_weight):
        return 1e-6 * abs(x).max() * abs(y).max()

    capacity = int(rng.choice([ROWS, 20]))
    return Subject(code_of("AUC", capacity=capacity), draw, reference, atol=size)


FAMILY = {
    "ROC": _curve("ROC", ("fpr", "tpr"), lambda tp, fp: (fp / fp[-1], tp / tp[-1])),
    "DET": _curve("DET", ("fpr", "fnr"), lambda tp, fp: (fp / fp[-1], (tp[-1] - tp) / tp[-1])),
    "PrecisionRecallCurve": _curve(
        "PrecisionRecallCurve",
        ("precision", "recall"),
        lambda tp, fp: (_rates(tp, fp)["precision"], np.append(0, tp[1:] / tp[-1])),
    ),
    "RecallAtFixedPrecision": _fixed(
        "RecallAtFixedPrecision", "min_precision", "recall", "precision"
    ),
    "PrecisionAtFixedRecall": _fixed("PrecisionAtFixedRecall", "min_recall", "precision", "recall"),
    "SensitivityAtSpecificity": _fixed(
        "SensitivityAtSpecificity", "min_specificity", "recall", "specificity"
    ),
    "SpecificityAtSensitivity": _fixed(
        "SpecificityAtSensitivity", "min_sensitivity", "specificity", "recall"
    ),
    "AUROC": auroc,
    "AveragePrecision": _score("AveragePrecision", _average_precision),
    "EER": _score("EER", _equal_error),
    "LogAUC": log_auc,
    "WindowedAUROC": windowed,
    "AUC": auc,
}
