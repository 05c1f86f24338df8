"""Metrics of predicted probabilities and of the order of scores."""

import fuzz_draws as draws
import numpy as np
import scipy.special as special
from fuzz_subject import ROWS, Generator, Subject, code_of


class Scores:
    """Random options of scores, and draws of targets and predictions."""

    def __init__(self, rng: Generator, kinds=("binary", "classes", "labels"), bounded: bool = True):
        self.kind = str(rng.choice(kinds))
        self.size = int(rng.choice([2, 3, 5] if self.kind == "classes" else [1, 3]))
        self.options = {} if self.kind == "binary" else {f"num_{self.kind}": self.size}
        self.classes = self.size if self.kind == "classes" else 2
        self.shape = (ROWS, self.size) if self.kind == "labels" else (ROWS,)
        self.preds_shape = (ROWS,) if self.kind == "binary" else (ROWS, self.size)
        self.from_logits = bounded and bool(rng.random() < 0.5)
        self.bounded = bounded
        if self.from_logits:
            self.options["from_logits"] = True
        self.ignored = None
        if rng.random() < 0.3:
            self.ignored = self.options["ignore_index"] = int(rng.choice([-1, 1]))
        self.target_dtype = "int32" if self.ignored == -1 else str(draws.integer_dtype(rng))
        if self.ignored is None and self.classes == 2 and rng.random() < 0.3:
            self.target_dtype = "bool"
        self.dtype = draws.float_dtype(rng)

    def draw(self, rng: Generator):
        target = draws.labels(rng, self.classes, *self.shape)
        if self.ignored is not None:
            target = np.where(rng.random(self.shape) < 0.2, self.ignored, target)
        if not self.bounded:
            preds = draws.numbers(rng, *self.preds_shape)
        elif self.from_logits:
            preds = draws.logits(rng, *self.preds_shape)
        elif self.kind == "classes":
            preds = draws.simplex(rng, *self.preds_shape)
        else:
            preds = draws.probabilities(rng, *self.preds_shape)
        return {
            "target": target.astype(self.target_dtype),
            "preds": draws.as_dtype(preds, self.dtype),
        }

    def weights(self, target, sample_weight):
        """The weight of each target."""
        weight = np.broadcast_to(sample_weight.reshape(-1, *[1] * (target.ndim - 1)), target.shape)
        return weight if self.ignored is None else weight * (target != self.ignored)

    def positive(self, target):
        """Whether each class or label is the right one, of the shape of the scores."""
        if self.kind == "classes":
            return target[..., None] == np.arange(self.size)
        return target == 1

    def probabilities(self, preds):
        if not self.from_logits:
            return preds
        return special.softmax(preds, -1) if self.kind == "classes" else special.expit(preds)

    def averaged(self, costs, target, sample_weight):
        weight = self.weights(target, sample_weight)
        with np.errstate(all="ignore"):
            return (np.where(weight == 0, 0, costs) * weight).sum() / weight.sum()


def log_costs(scores: Scores, target, preds, epsilon):
    """Minus the logarithm of the probability of each target."""
    positive = scores.positive(target)
    if scores.from_logits:
        if scores.kind == "classes":
            logs = preds - preds.max(-1, keepdims=True)
            rest = np.exp(logs)
            best = np.arange(scores.size) == preds.argmax(-1)[..., None]
            rest = np.where(best, 0, rest).sum(-1)
            return np.log1p(rest) - np.where(positive, logs, 0).sum(-1)
        return -special.log_expit(np.where(positive, preds, -preds))
    if scores.kind == "classes":
        p = np.where(positive, preds, 0).sum(-1)
        return -np.log(np.maximum(p, epsilon))
    rest = np.where(positive, 1 - preds, preds)  # 1 minus the probability of the target
    return np.where(1 - rest < epsilon, -np.log(epsilon), -np.log1p(-np.where(rest == 1, 0, rest)))


def log_loss(rng: Generator) -> Subject:
    scores = Scores(rng)
    epsilon = float(rng.choice([1e-7, 0.01]))

    def reference(target, preds, sample_weight):
        return scores.averaged(log_costs(scores, target, preds, epsilon), target, sample_weight)

    code = code_of("LogLoss", epsilon=epsilon, **scores.options)
    return Subject(code, scores.draw, reference, atol=1e-37)


def _brier_costs(scores: Scores, target, preds):
    errors = (scores.probabilities(preds) - scores.positive(target)) ** 2
    return errors.sum(-1) if scores.kind == "classes" else errors


def brier(rng: Generator) -> Subject:
    scores = Scores(rng)

    def reference(target, preds, sample_weight):
        return scores.averaged(_brier_costs(scores, target, preds), target, sample_weight)

    return Subject(code_of("BrierScore", **scores.options), scores.draw, reference, atol=1e-10)


def _relative(name: str, costs, prior, complement: bool):
    """A cost relative to that of always predicting the class frequencies."""

    def make(rng: Generator) -> Subject:
        scores = Scores(rng)

        def reference(target, preds, sample_weight):
            weight = scores.weights(target, sample_weight)
            wide = weight[..., None] if scores.kind == "classes" else weight
            positive = scores.positive(target)
            axis = None if scores.kind == "binary" else 0
            ones, zeros = ((wide * x).sum(axis) for x in (positive, ~positive))
            cost = (np.where(weight == 0, 0, costs(scores, target, preds)) * weight).sum()
            baseline = prior(scores, ones, zeros).sum()
            value = cost / baseline if baseline else np.nan
            return 1 - value if complement else value

        return Subject(
            code_of(name, **scores.options), scores.draw, reference, rtol=2e-5, atol=2e-6
        )

    return make


def _entropy(scores: Scores, ones, zeros):
    total = ones + zeros
    terms = -special.xlogy(ones, ones / total)
    return terms if scores.kind == "classes" else terms - special.xlogy(zeros, zeros / total)


def _gini(scores: Scores, ones, zeros):
    total = ones + zeros
    return np.where(total == 0, 0, ones * zeros / np.where(total == 0, 1, total))


def hinge(rng: Generator) -> Subject:
    scores = Scores(rng, bounded=False)
    squared = bool(rng.integers(2))
    strategy = str(rng.choice(["crammer-singer", "one-vs-all"]))

    def reference(target, preds, sample_weight):
        positive = scores.positive(target)
        if scores.kind == "classes" and strategy == "crammer-singer":
            own = np.where(positive, preds, 0).sum(-1)
            best = np.where(positive, -np.inf, preds).max(-1)
            costs = np.maximum(0, 1 + (best - own))
        else:
            costs = np.maximum(0, 1 - np.where(positive, preds, -preds))
        costs = costs**2 if squared else costs
        costs = costs.sum(-1) if costs.ndim > target.ndim else costs
        return scores.averaged(costs, target, sample_weight)

    code = code_of("HingeLoss", squared=squared, strategy=strategy, **scores.options)
    return Subject(code, scores.draw, reference)


def calibration(rng: Generator) -> Subject:
    scores = Scores(rng)
    bins, norm = int(rng.choice([1, 4, 16])), str(rng.choice(["l1", "l2", "max"]))

    def reference(target, preds, sample_weight):
        p, weight = scores.probabilities(preds), scores.weights(target, sample_weight)
        observed = target == 1
        if scores.kind == "classes":
            observed, p = p.argmax(-1) == target, p.max(-1)
        index = np.minimum((p * bins).astype(int), bins - 1)
        totals, gaps = np.zeros(bins), np.zeros(bins)
        for i in range(bins):
            own = weight * (index == i)
            totals[i] = own.sum()
            gaps[i] = abs((own * (observed - p)).sum() / totals[i]) if totals[i] else 0
        if not totals.sum():
            return np.nan
        if norm == "max":
            return gaps.max()
        power = 1 if norm == "l1" else 2
        return ((gaps**power * totals).sum() / totals.sum()) ** (1 / power)

    def draw(rng: Generator):
        case = scores.draw(rng)
        if scores.from_logits:  # away from the bounds of the bins, which rounding moves
            p = scores.probabilities(case["preds"].astype(float))
            p = p.max(-1, keepdims=True) if scores.kind == "classes" else p
            near = abs(p * bins - np.round(p * bins)) < 1e-3
            far = 0.4 if scores.kind != "classes" else case["preds"] * 0
            if scores.kind == "classes":
                far = np.where(np.arange(scores.size) == 0, 0.9, 0.0) + far
            case["preds"] = np.where(near, far, case["preds"]).astype(scores.dtype)
        return case

    code = code_of("CalibrationError", num_bins=bins, norm=norm, **scores.options)
    return Subject(code, draw, reference, atol=3e-6)


def click_through(rng: Generator) -> Subject:
    dtype = "bool" if rng.random() < 0.3 else str(draws.integer_dtype(rng))
    return Subject(
        code_of("ClickThroughRate"),
        lambda rng: {"clicks": draws.labels(rng, 2, ROWS).astype(dtype)},
        lambda clicks, sample_weight: np.average(clicks, weights=sample_weight),
    )


def _ranking(name: str, value):
    """A metric of the order of the labels of each example."""

    def make(rng: Generator) -> Subject:
        size, dtype = int(rng.choice([1, 3, 5])), draws.float_dtype(rng)

        def draw(rng: Generator):
            preds = draws.as_dtype(draws.numbers(rng, ROWS, size), dtype)
            return {"target": draws.labels(rng, 2, ROWS, size), "preds": preds}

        def reference(target, preds, sample_weight):
            values = [value(t == 1, p) for t, p in zip(target, preds, strict=True)]
            return np.average(values, weights=sample_weight)

        return Subject(code_of(name), draw, reference)

    return make


def _coverage(positive, scores):
    return (scores >= scores[positive].min()).sum() if positive.any() else 0


def _precision_of_true(positive, scores):
    if not positive.any():
        return 1
    above = scores >= scores[positive][:, None]
    return np.mean((above & positive).sum(-1) / above.sum(-1))


def _wrong_pairs(positive, scores):
    if positive.all() or not positive.any():
        return 0
    return np.mean(scores[positive][:, None] <= scores[~positive])


FAMILY = {
    "LogLoss": log_loss,
    "BrierScore": brier,
    "NormalizedEntropy": _relative(
        "NormalizedEntropy", lambda *a: log_costs(*a, 1e-7), _entropy, complement=False
    ),
    "D2LogLossScore": _relative(
        "D2LogLossScore", lambda *a: log_costs(*a, 1e-7), _entropy, complement=True
    ),
    "D2BrierScore": _relative("D2BrierScore", _brier_costs, _gini, complement=True),
    "HingeLoss": hinge,
    "CalibrationError": calibration,
    "ClickThroughRate": click_through,
    "CoverageError": _ranking("CoverageError", _coverage),
    "LabelRankingAveragePrecision": _ranking("LabelRankingAveragePrecision", _precision_of_true),
    "LabelRankingLoss": _ranking("LabelRankingLoss", _wrong_pairs),
}
