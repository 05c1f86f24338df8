"""Metrics of predicted labels: binary, classes, and several labels."""

import fuzz_draws as draws
import numpy as np
from fuzz_label_draws import Labels, averaged, divide
from fuzz_subject import ROWS, Generator, Subject, code_of


def _counting(name: str, score, **fixed):
    """A metric of the four counts; `score` maps them and `zero_division` to values."""

    def make(rng: Generator) -> Subject:
        labels = Labels(rng)
        average = [None, "micro", "macro", "weighted"][rng.integers(4)]
        otherwise = float(rng.choice([0.0, 1.0, np.nan]))

        def reference(target, preds, sample_weight):
            counts = labels.outcomes(target, preds, sample_weight, average == "micro")
            values = score(*counts, otherwise, labels, average)
            return averaged(labels, average, values, counts, otherwise)

        options = {"average": average, "zero_division": otherwise, **fixed, **labels.options}
        code = code_of(name, **options).replace("nan", "np.nan")
        return Subject(code, labels.draw, reference)

    return make


def _ratio(numerator, denominator):
    def score(tp, fp, fn, tn, otherwise, labels, average):
        return divide(numerator(tp, fp, fn, tn), denominator(tp, fp, fn, tn), otherwise)

    return score


def _f_beta(beta):
    square = beta**2
    return _ratio(
        lambda tp, fp, fn, tn: (1 + square) * tp,
        lambda tp, fp, fn, tn: (1 + square) * tp + square * fn + fp,
    )


def f_beta(rng: Generator) -> Subject:
    beta = float(rng.choice([0.0, 0.5, 2.0]))
    return _counting("FBetaScore", _f_beta(beta), beta=beta)(rng)


def _accuracy(distance: bool):
    def make(rng: Generator) -> Subject:
        labels = Labels(rng)
        average = [None, "micro", "macro", "weighted"][rng.integers(4)]
        otherwise = float(rng.choice([0.0, 1.0, np.nan]))
        subset = labels.kind == "labels" and average == "micro" and rng.random() < 0.5

        def reference(target, preds, sample_weight):
            predicted, counts = labels.predicted(target, preds)
            weight = sample_weight.reshape(-1, *[1] * (target.ndim - 1)) * counts
            right = target == predicted
            if subset:
                right, weight = (right | (weight == 0)).all(-1), weight.max(-1)
            if average == "micro":
                wanted = ~right if distance else right
                return divide((weight * wanted).sum(), weight.sum(), otherwise)
            outcomes = tp, fp, fn, tn = labels.outcomes(target, preds, sample_weight)
            good, bad = (tp, fn) if labels.kind == "classes" else (tp + tn, fp + fn)
            values = divide(bad if distance else good, good + bad, otherwise)
            if distance and labels.kind == "classes" and not np.isnan(otherwise):
                values = np.where((good + bad == 0) & (fp != 0), 1, values)
            return averaged(labels, average, values, outcomes, otherwise)

        options = {"average": average, "zero_division": otherwise, **labels.options}
        options |= {"subset": True} if subset else {}
        name = "HammingDistance" if distance else "Accuracy"
        return Subject(code_of(name, **options).replace("nan", "np.nan"), labels.draw, reference)

    return make


def stat_scores(rng: Generator) -> Subject:
    labels = Labels(rng)
    average = [None, "micro"][rng.integers(2)]

    def reference(target, preds, sample_weight):
        tp, fp, fn, tn = labels.outcomes(target, preds, sample_weight, average == "micro")
        return np.stack([tp, fp, tn, fn, tp + fn], -1)

    return Subject(code_of("StatScores", average=average, **labels.options), labels.draw, reference)


def confusion(rng: Generator) -> Subject:
    labels = Labels(rng)
    normalize = [None, "true", "pred", "all"][rng.integers(4)]

    def reference(target, preds, sample_weight):
        matrix = labels.matrix(target, preds, sample_weight)
        if normalize is None:
            return matrix
        axes = {"true": -1, "pred": -2, "all": (-2, -1)}[normalize]
        return divide(matrix, matrix.sum(axes, keepdims=True), 0)

    code = code_of("ConfusionMatrix", normalize=normalize, **labels.options)
    return Subject(code, labels.draw, reference)


def kappa(rng: Generator) -> Subject:
    labels = Labels(rng, ("binary", "classes"))
    weights = [None, "linear", "quadratic"][rng.integers(3)]

    def reference(target, preds, sample_weight):
        matrix = labels.matrix(target, preds, sample_weight)
        observed = matrix / matrix.sum()
        classes = np.arange(len(matrix))
        distance = abs(classes[:, None] - classes)
        cost = {None: np.minimum(distance, 1), "linear": distance, "quadratic": distance**2}[
            weights
        ]
        expected = (cost * np.outer(observed.sum(1), observed.sum(0))).sum()
        return 1 - (cost * observed).sum() / expected if expected else np.nan

    return Subject(
        code_of("CohenKappa", weights=weights, **labels.options), labels.draw, reference, rtol=2e-5
    )


def balanced(rng: Generator) -> Subject:
    labels = Labels(rng, ("binary", "classes"))
    adjusted, otherwise = bool(rng.integers(2)), float(rng.choice([0.0, 1.0, np.nan]))

    def reference(target, preds, sample_weight):
        matrix = labels.matrix(target, preds, sample_weight)
        support = matrix.sum(1)
        recalls = np.diag(matrix)[support != 0] / support[support != 0]
        if not len(recalls) or (adjusted and len(recalls) == 1):
            return otherwise
        chance = 1 / len(recalls)
        return (recalls.mean() - chance) / (1 - chance) if adjusted else recalls.mean()

    options = {"adjusted": adjusted, "zero_division": otherwise, **labels.options}
    code = code_of("BalancedAccuracy", **options).replace("nan", "np.nan")
    return Subject(code, labels.draw, reference)


def exact_match(rng: Generator) -> Subject:
    labels = Labels(rng)

    def reference(target, preds, sample_weight):
        predicted, counts = labels.predicted(target, preds)
        right, some = (target == predicted) | ~counts, counts
        if target.ndim > 1:
            right, some = right.all(-1), some.any(-1)
        weight = sample_weight * some
        return (weight * right).sum() / weight.sum()

    return Subject(code_of("ExactMatch", **labels.options), labels.draw, reference)


def matthews(rng: Generator) -> Subject:
    labels = Labels(rng)

    def reference(target, preds, sample_weight):
        together = labels.kind == "labels"
        counts = labels.outcomes(target, preds, sample_weight, together)
        tp, fp, fn, tn = counts / counts.sum(0) if counts.sum() else counts
        covariance = (tp * tn - fp * fn).sum()
        spread = ((tp + fn) * (tn + fp)).sum() * ((tp + fp) * (tn + fn)).sum()
        if labels.kind == "classes" and ((tp + fn != 0).sum() < 2 or (tp + fp != 0).sum() < 2):
            return 0.0
        return covariance / np.sqrt(spread) if spread else 0.0

    return Subject(code_of("MatthewsCorrCoef", **labels.options), labels.draw, reference)


def report(rng: Generator) -> Subject:
    labels = Labels(rng)
    otherwise = float(rng.choice([0.0, 1.0, np.nan]))

    def reference(target, preds, sample_weight):
        counts = labels.outcomes(target, preds, sample_weight)
        if labels.kind == "binary":
            tp, fp, fn, tn = counts
            counts = np.array([[tn, tp], [fn, fp], [fp, fn], [tp, tn]])

        def row(counts):
            tp, fp, fn, _ = counts
            ratios = ((tp, tp + fp), (tp, tp + fn), (2 * tp, 2 * tp + fp + fn))
            return [divide(a, b, otherwise) for a, b in ratios], tp + fn

        names = ("precision", "recall", "f1-score")
        scores, support = row(counts)
        result = {
            str(i): {**{n: s[i] for n, s in zip(names, scores, strict=True)}, "support": support[i]}
            for i in range(len(support))
        }
        overall = counts.sum(1)
        if labels.kind == "labels":
            values, _ = row(overall)
            result["micro avg"] = dict(
                zip((*names, "support"), (*values, support.sum()), strict=True)
            )
        else:
            result["accuracy"] = divide(overall[0], support.sum(), otherwise)
        kind = labels.kind if labels.kind == "labels" else "classes"
        stand_in = Labels.__new__(Labels)
        stand_in.kind, stand_in.size = kind, len(support)
        for name, average in (("macro avg", "macro"), ("weighted avg", "weighted")):
            values = [averaged(stand_in, average, s, counts, otherwise) for s in scores]
            result[name] = dict(zip((*names, "support"), (*values, support.sum()), strict=True))
        return result

    options = {"zero_division": otherwise, **labels.options}
    code = code_of("ClassificationReport", **options).replace("nan", "np.nan")
    return Subject(code, labels.draw, reference)


def _groups(name: str, value):
    def make(rng: Generator) -> Subject:
        labels = Labels(rng, ("binary",))
        groups = int(rng.choice([2, 3]))

        def draw(rng: Generator):
            return {**labels.draw(rng), "groups": draws.labels(rng, groups, ROWS)}

        def reference(target, preds, groups_, sample_weight):
            outcomes = [
                labels.outcomes(target, preds, sample_weight * (groups_ == group))
                for group in range(groups)
            ]
            return value(np.array(outcomes).T)

        return Subject(
            code_of(name, num_groups=groups, **labels.options),
            draw,
            lambda target, preds, groups, sample_weight: reference(
                target, preds, groups, sample_weight
            ),
        )

    return make


def _group_rates(outcomes):
    tp, fp, fn, tn = outcomes
    return divide(np.stack([tp, fp, tn, fn], -1), outcomes.sum(0)[:, None], 0)


def _fairness(outcomes):
    tp, fp, fn, tn = outcomes

    def ratio(counts, totals):
        rates = divide(counts, totals, 0)
        some = totals != 0
        return rates[some].min() / rates.max() if some.any() and rates.max() else np.nan

    return {
        "demographic_parity": ratio(tp + fp, outcomes.sum(0)),
        "equal_opportunity": ratio(tp, tp + fn),
    }


FAMILY = {
    "Accuracy": _accuracy(distance=False),
    "HammingDistance": _accuracy(distance=True),
    "Precision": _counting("Precision", _ratio(lambda *c: c[0], lambda *c: c[0] + c[1])),
    "Recall": _counting("Recall", _ratio(lambda *c: c[0], lambda *c: c[0] + c[2])),
    "Specificity": _counting("Specificity", _ratio(lambda *c: c[3], lambda *c: c[3] + c[1])),
    "NegativePredictiveValue": _counting(
        "NegativePredictiveValue", _ratio(lambda *c: c[3], lambda *c: c[3] + c[2])
    ),
    "JaccardIndex": _counting("JaccardIndex", _ratio(lambda *c: c[0], lambda *c: sum(c[:3]))),
    "F1Score": _counting("F1Score", _f_beta(1)),
    "DiceScore": _counting("DiceScore", _f_beta(1)),
    "MeanIoU": _counting("MeanIoU", _ratio(lambda *c: c[0], lambda *c: sum(c[:3]))),
    "FBetaScore": f_beta,
    "PositiveLikelihoodRatio": _counting(
        "PositiveLikelihoodRatio",
        _ratio(lambda tp, fp, fn, tn: tp * (fp + tn), lambda tp, fp, fn, tn: fp * (tp + fn)),
    ),
    "NegativeLikelihoodRatio": _counting(
        "NegativeLikelihoodRatio",
        _ratio(lambda tp, fp, fn, tn: fn * (fp + tn), lambda tp, fp, fn, tn: tn * (tp + fn)),
    ),
    "StatScores": stat_scores,
    "ConfusionMatrix": confusion,
    "CohenKappa": kappa,
    "BalancedAccuracy": balanced,
    "ExactMatch": exact_match,
    "MatthewsCorrCoef": matthews,
    "ClassificationReport": report,
    "GroupStatRates": _groups("GroupStatRates", _group_rates),
    "Fairness": _groups("Fairness", _fairness),
}
