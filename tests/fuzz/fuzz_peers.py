"""scikit-learn and SciPy as further references, for metrics and the options that they have too.

The formulas of the fuzz are our reading of each definition. Here they are compared with functions
that others wrote, from the same drawn arguments. It is left out where the peer is not defined,
raises, or differs on purpose.
"""

import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import scipy.spatial.distance as distance
import scipy.special as special
import scipy.stats as stats
from fuzz_subject import Arrays, Subject
from sklearn import metrics as sk

Peer = Callable[..., Any]  # the options, the arguments in 64 bits, the weights


class _NotComparableError(Exception):
    """The peer has no value for these arguments, or another one on purpose."""


def only(condition: Any) -> None:
    if not condition:
        raise _NotComparableError


def class_name(code: str) -> str:
    """The name of the class, of the code that makes a metric or a loss."""
    return code.split("(")[0].rsplit(".", 1)[-1]


def options_of(code: str) -> Arrays:
    """The options in that code, which are all given by name."""
    return eval("dict(" + code.split("(", 1)[1], {"jax": jax, "np": np})


def peer_value(subject: Subject, peers: dict[str, Peer], arguments: Arrays) -> Any:
    """The value of the other library, or None where there is none to compare with.

    Args:
        subject: What is checked.
        peers: The functions by the name of the class.
        arguments: Of the reference, with `sample_weight` for a metric.
    """
    name = class_name(subject.code)
    if name not in peers:
        return None
    options = options_of(subject.code)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = np.asarray(peers[name](options, **arguments), float)
    except (_NotComparableError, ValueError, ZeroDivisionError):
        return None
    return value if np.isfinite(value).all() else None


# -- numbers ---------------------------------------------------------------------------------------


def _numbers(function: Peer, *names: str, weighted: bool = True) -> Peer:
    """A function of scikit-learn; `names` are options that it has too."""

    def peer(options, target, preds, sample_weight):
        only(weighted or (sample_weight == 1).all())
        only(abs(target).max() < 1e100 and not options.get("adjusted"))
        given = {name: options[name] for name in names if name in options}
        if target.ndim > 1:
            given.setdefault("multioutput", "raw_values")
        if weighted:
            given["sample_weight"] = sample_weight
        return function(target, preds, **given)

    return peer


def _of_spread(function: Peer, *names: str, weighted: bool = True) -> Peer:
    """As `_numbers`; without spread, rounding matters: of means, and of errors in 32 bits."""
    inner = _numbers(function, *names, weighted=weighted)

    def peer(options, target, preds, sample_weight):
        size = np.maximum(abs(target), abs(preds)).max(0)
        only((np.ptp(target, axis=0) > 1e-2 * size).all())
        return inner(options, target, preds, sample_weight)

    return peer


def _percentage(options, target, preds, sample_weight):
    only((abs(target) > options["epsilon"]).all())
    return _numbers(sk.mean_absolute_percentage_error)(options, target, preds, sample_weight)


def _tweedie(function: Peer) -> Peer:
    def peer(options, target, preds, sample_weight):
        # Close to a power of 1 or 2, and close to equal numbers, scikit-learn cancels digits.
        only(target.ndim == 1 and options["power"] not in (1.001, 1.999))
        only((abs(target - preds) >= 1e-2 * preds).all())
        return function(target, preds, sample_weight=sample_weight, power=options["power"])

    return peer


def _scipy(function: Peer) -> Peer:
    """A statistic of SciPy, which has no weights."""

    def peer(options, target, preds, sample_weight):
        only(target.ndim == 1 and len(target) > 1 and (sample_weight == 1).all())
        size = max(abs(target).max(), abs(preds).max()) or 1
        return function(options, target / size, preds / size).statistic

    return peer


def _kendall(options: Arrays, a: Any, b: Any) -> Any:
    only(options.get("variant", "b") != "a")
    return stats.kendalltau(a, b, variant=options.get("variant", "b"))


def _of_rows(function: Peer) -> Peer:
    def peer(options, target, preds, sample_weight):
        values = np.array([function(p, q) for p, q in zip(target, preds, strict=True)])
        total = (sample_weight * values).sum()
        return total if options["reduction"] == "sum" else total / sample_weight.sum()

    return peer


def _minkowski(options, target, preds, sample_weight):
    size = abs(target - preds).max() or 1
    return size * distance.minkowski(target / size, preds / size, options["p"], w=sample_weight)


# -- labels ----------------------------------------------------------------------------------------


def _predicted(options: Arrays, target: Any, preds: Any) -> Any:
    """Predicted labels, less the options that scikit-learn does not have."""
    only("top_k" not in options and "ignore_index" not in options)
    only(options.get("num_labels") != 1)
    if preds.dtype.kind != "f":
        return preds
    if "num_classes" in options:
        return preds.argmax(-1)
    if options.get("from_logits"):
        only(options.get("threshold", 0.5) == 0.5)
        return (preds > 0).astype(int)
    return (preds > np.float32(options.get("threshold", 0.5))).astype(int)


def _labels(function: Peer, *names: str) -> Peer:
    """A function of labels without an average."""

    def peer(options, target, preds, sample_weight):
        given = {name: options[name] for name in names if name in options}
        predicted = _predicted(options, target, preds)
        return function(target, predicted, sample_weight=sample_weight, **given)

    return peer


def _averaged(function: Peer, *names: str) -> Peer:
    """A function of labels with an average, and a value for a division by zero."""

    def peer(options, target, preds, sample_weight):
        predicted = _predicted(options, target, preds)
        otherwise, average = options["zero_division"], options["average"]
        # Where a weighted average leaves out all classes of the target, it differs on purpose.
        only(not np.isnan(otherwise) and (average != "weighted" or target.any()))
        given = {name: options[name] for name in names if name in options}
        if "num_classes" in options and average is None:
            given["labels"] = range(options["num_classes"])
        if "num_classes" not in options and "num_labels" not in options:
            average = "binary"
        given |= {"average": average, "zero_division": otherwise, "sample_weight": sample_weight}
        return function(target, predicted, **given)

    return peer


def _accuracy(options, target, preds, sample_weight):
    only("num_labels" not in options and options.get("average", "micro") == "micro")
    predicted = _predicted(options, target, preds)
    return sk.accuracy_score(target, predicted, sample_weight=sample_weight)


def _confusion(options, target, preds, sample_weight):
    only("num_labels" not in options)
    predicted = _predicted(options, target, preds)
    return sk.confusion_matrix(
        target,
        predicted,
        labels=range(options.get("num_classes", 2)),
        normalize=options["normalize"],
        sample_weight=sample_weight,
    )


def _kappa(options, target, preds, sample_weight):
    predicted = _predicted(options, target, preds)
    return sk.cohen_kappa_score(
        target,
        predicted,
        labels=range(options.get("num_classes", 2)),
        weights=options["weights"],
        sample_weight=sample_weight,
    )


def _balanced(options, target, preds, sample_weight):
    only(len(np.unique(target)) > 1)  # the chance of one class is 1
    predicted = _predicted(options, target, preds)
    return sk.balanced_accuracy_score(
        target, predicted, adjusted=options["adjusted"], sample_weight=sample_weight
    )


def _matthews(options, target, preds, sample_weight):
    only("num_labels" not in options)
    predicted = _predicted(options, target, preds)
    # Of constants, scikit-learn divides two sums that are zero but for rounding.
    only(len(np.unique(target)) > 1 and len(np.unique(predicted)) > 1)
    return sk.matthews_corrcoef(target, predicted, sample_weight=sample_weight)


# -- scores ----------------------------------------------------------------------------------------


def _probabilities(options: Arrays, preds: Any) -> Any:
    if not options.get("from_logits"):
        return preds
    return special.softmax(preds, -1) if "num_classes" in options else special.expit(preds)


def _log_loss(options, target, preds, sample_weight):
    only("num_labels" not in options and "ignore_index" not in options)
    p = _probabilities(options, preds)
    only(((p > 0.02) & (p < 0.98)).all())  # none is clipped
    p = p if p.ndim == 1 else p / p.sum(-1, keepdims=True)
    if not options.get("from_logits") and p.ndim > 1:
        only((abs(preds.sum(-1) - 1) < 1e-6).all())
    labels = range(options.get("num_classes", 2))
    return sk.log_loss(target, p, labels=labels, sample_weight=sample_weight)


def _brier(options, target, preds, sample_weight):
    only("num_labels" not in options and "num_classes" not in options)
    only("ignore_index" not in options)
    p = _probabilities(options, preds)
    return sk.brier_score_loss(target, p, sample_weight=sample_weight, pos_label=1)


def _hinge(options, target, preds, sample_weight):
    only("num_labels" not in options and "num_classes" not in options)
    only("ignore_index" not in options and not options["squared"])
    only(len(np.unique(target)) == 2)
    return sk.hinge_loss(target, preds, sample_weight=sample_weight)


def _ranking(function: Peer) -> Peer:
    def peer(options, target, preds, sample_weight):
        only(target.shape[1] > 1)
        return function(target, preds, sample_weight=sample_weight)

    return peer


def _curve(function: Peer, *names: str) -> Peer:
    """An area under the curve of all scores."""

    def peer(options, target, preds, sample_weight):
        only("capacity" in options and "num_classes" not in options)
        only("ignore_index" not in options and options.get("num_labels") != 1)
        both = (target == 1).any(0) & (target != 1).any(0)
        only(both.all())
        given = {name: options[name] for name in names}
        only(target.ndim == 1 or not given.get("max_fpr"))
        average = options["average"] if target.ndim > 1 else "macro"
        return function(target, preds, average=average, sample_weight=sample_weight, **given)

    return peer


def _area(options, x, y, sample_weight):
    order = np.lexsort((y, x))
    return sk.auc(x[order], y[order])


METRICS: dict[str, Peer] = {
    "MeanSquaredError": _numbers(sk.mean_squared_error),
    "RootMeanSquaredError": _numbers(sk.root_mean_squared_error),
    "MeanAbsoluteError": _numbers(sk.mean_absolute_error),
    "MeanSquaredLogarithmicError": _numbers(sk.mean_squared_log_error),
    "RootMeanSquaredLogarithmicError": _numbers(sk.root_mean_squared_log_error),
    "MeanPinballLoss": _numbers(sk.mean_pinball_loss, "alpha"),
    "MeanAbsolutePercentageError": _percentage,
    "MedianAbsoluteError": _numbers(sk.median_absolute_error, weighted=False),
    "TweedieDevianceScore": _tweedie(sk.mean_tweedie_deviance),
    "MinkowskiDistance": _minkowski,
    "R2Score": _of_spread(sk.r2_score, "multioutput"),
    "ExplainedVariance": _of_spread(sk.explained_variance_score, "multioutput"),
    "D2AbsoluteErrorScore": _of_spread(sk.d2_absolute_error_score, weighted=False),
    "D2PinballScore": _of_spread(sk.d2_pinball_score, "alpha", weighted=False),
    "PearsonCorrCoef": _scipy(lambda options, a, b: stats.pearsonr(a, b)),
    "SpearmanCorrCoef": _scipy(lambda options, a, b: stats.spearmanr(a, b)),
    "KendallRankCorrCoef": _scipy(_kendall),
    "KLDivergence": _of_rows(stats.entropy),
    "JensenShannonDivergence": _of_rows(lambda p, q: distance.jensenshannon(p, q) ** 2),
    "Accuracy": _accuracy,
    "Precision": _averaged(sk.precision_score),
    "Recall": _averaged(sk.recall_score),
    "F1Score": _averaged(sk.f1_score),
    "FBetaScore": _averaged(sk.fbeta_score, "beta"),
    "JaccardIndex": _averaged(sk.jaccard_score),
    "ExactMatch": _labels(sk.accuracy_score),
    "ConfusionMatrix": _confusion,
    "CohenKappa": _kappa,
    "BalancedAccuracy": _balanced,
    "MatthewsCorrCoef": _matthews,
    "LogLoss": _log_loss,
    "BrierScore": _brier,
    "HingeLoss": _hinge,
    "CoverageError": _ranking(sk.coverage_error),
    "LabelRankingAveragePrecision": _ranking(sk.label_ranking_average_precision_score),
    "LabelRankingLoss": _ranking(sk.label_ranking_loss),
    "AUROC": _curve(sk.roc_auc_score, "max_fpr"),
    "AveragePrecision": _curve(sk.average_precision_score),
    "AUC": _area,
}
