"""Losses of scores of classes and labels."""

import fuzz_draws as draws
import numpy as np
import scipy.special as special
from fuzz_loss_check import Values
from fuzz_subject import ROWS, Generator, Subject, code_of_loss

EPSILON = 1e-7
WEIGHTS = (0.5, 1.0, 3.0, 0.25, 2.0)


class Classes:
    """Draws of integer or soft targets, and of logits or probabilities of classes."""

    def __init__(self, rng: Generator, soft: bool = True, from_logits: bool | None = None):
        self.size = int(rng.choice([2, 3, 5]))
        self.soft = soft and bool(rng.integers(2))
        self.from_logits = bool(rng.integers(2)) if from_logits is None else from_logits
        self.dtype = draws.float_dtype(rng)
        self.target_dtype = str(draws.integer_dtype(rng))

    def draw(self, rng: Generator):
        if self.soft:
            target = draws.as_dtype(draws.simplex(rng, ROWS, self.size), self.dtype)
        else:
            target = draws.labels(rng, self.size, ROWS).astype(self.target_dtype)
        values = draws.logits if self.from_logits else draws.simplex
        return {"target": target, "preds": draws.as_dtype(values(rng, ROWS, self.size), self.dtype)}

    def one_hot(self, target):
        return target if self.soft else np.eye(self.size)[np.asarray(target, int)]


def log_softmax(logits):
    """The logarithms of the softmax, with all digits of those next to 0."""
    first = logits.argmax(-1)[..., None] == np.arange(logits.shape[-1])
    shifted = logits - logits.max(-1, keepdims=True)
    shifted = np.where(first, 0, shifted)
    return shifted - np.log1p(np.where(first, 0, np.exp(shifted)).sum(-1))[..., None]


def _times(factor, logs):
    return np.where(factor == 0, 0, factor * np.where(factor == 0, 0, logs))


def crossentropy(rng: Generator) -> Subject:
    classes = Classes(rng)
    smoothing = float(rng.choice([0.0, 0.0, 0.1]))
    weights = WEIGHTS[: classes.size] if rng.random() < 0.4 else None
    ignored = int(rng.choice([1, -1])) if not classes.soft and rng.random() < 0.4 else None

    def draw(rng: Generator):
        case = classes.draw(rng)
        if ignored == -1:
            hidden = rng.random(ROWS) < 0.3
            case["target"] = np.where(hidden, -1, case["target"].astype("int32"))
        return case

    def reference(target, preds):
        kept = True if ignored is None else target != ignored
        p = classes.one_hot(np.where(kept, target, 0))
        factor = np.array(weights or [1.0] * classes.size)
        smoothed = (1 - smoothing) * p + smoothing / classes.size
        logs = log_softmax(preds) if classes.from_logits else np.log(np.maximum(preds, EPSILON))
        loss = -_times(smoothed * factor, logs).sum(-1)
        return Values(loss, (p * factor).sum(-1) if weights else 1.0, kept)

    options = {"from_logits": classes.from_logits, "label_smoothing": smoothing}
    options |= {"class_weights": weights} if weights else {}
    options |= {} if ignored is None else {"ignore_index": ignored}
    return Subject(code_of_loss("Crossentropy", **options), draw, reference, atol=1e-37)


class Binary:
    """Draws of labels or probabilities, and of logits or probabilities."""

    def __init__(self, rng: Generator):
        self.shape = (ROWS,) if rng.random() < 0.5 else (ROWS, 2)
        self.soft, self.from_logits = bool(rng.integers(2)), bool(rng.integers(2))
        self.dtype = draws.float_dtype(rng)

    def draw(self, rng: Generator):
        if self.soft:
            target = draws.as_dtype(draws.probabilities(rng, *self.shape), self.dtype)
        else:
            target = draws.labels(rng, 2, *self.shape)
        values = draws.logits if self.from_logits else draws.probabilities
        return {"target": target, "preds": draws.as_dtype(values(rng, *self.shape), self.dtype)}


def binary_crossentropy(rng: Generator) -> Subject:
    binary = Binary(rng)
    smoothing = float(rng.choice([0.0, 0.0, 0.1]))
    weights = (0.5, 3.0) if rng.random() < 0.4 else None

    def reference(target, preds):
        smoothed = (1 - smoothing) * target + smoothing / 2
        low, high = weights or (1.0, 1.0)
        if binary.from_logits:
            logs, rest_logs = special.log_expit(preds), special.log_expit(-preds)
        else:
            rest = 1 - preds
            logs = np.log(np.maximum(preds, EPSILON))
            rest_logs = np.where(
                rest < EPSILON, np.log(EPSILON), np.log1p(-np.where(rest == 0, 0, preds))
            )
        loss = -_times(smoothed * high, logs) - _times((1 - smoothed) * low, rest_logs)
        return Values(loss, target * high + (1 - target) * low if weights else 1.0)

    options = {"binary": True, "from_logits": binary.from_logits, "label_smoothing": smoothing}
    options |= {"class_weights": weights} if weights else {}
    return Subject(code_of_loss("Crossentropy", **options), binary.draw, reference, atol=1e-37)


def either_crossentropy(rng: Generator) -> Subject:
    return (crossentropy if rng.random() < 0.6 else binary_crossentropy)(rng)


def binary_focal(rng: Generator) -> Subject:
    binary = Binary(rng)
    gamma, alpha = float(rng.choice([0.0, 0.5, 1.0, 2.0])), [None, 0.25][rng.integers(2)]

    def reference(target, preds):
        logits = preds
        if not binary.from_logits:
            logits = special.logit(np.clip(preds, np.float32(EPSILON), np.float32(1 - EPSILON)))
        loss = -_times(target, special.log_expit(logits))
        loss -= _times(1 - target, special.log_expit(-logits))
        miss = target * special.expit(-logits) + (1 - target) * special.expit(logits)
        loss = miss**gamma * loss
        return loss if alpha is None else (alpha * target + (1 - alpha) * (1 - target)) * loss

    options = {"gamma": gamma, "alpha": alpha, "from_logits": binary.from_logits}
    code = code_of_loss("BinaryFocalCrossentropy", **options)
    return Subject(code, binary.draw, reference, rtol=2e-5, atol=1e-12)


def categorical_focal(rng: Generator) -> Subject:
    classes = Classes(rng)
    gamma = float(rng.choice([0.5, 1.0, 2.0]))
    alpha = [None, 0.25, WEIGHTS[: classes.size]][rng.integers(3)]

    def reference(target, preds):
        p = classes.one_hot(target)
        logs = log_softmax(preds) if classes.from_logits else np.log(np.maximum(preds, EPSILON))
        focus = (-np.expm1(np.minimum(logs, 0))) ** gamma
        return -_times(p * focus * np.asarray(1.0 if alpha is None else alpha), logs).sum(-1)

    options = {"gamma": gamma, "alpha": alpha, "from_logits": classes.from_logits}
    code = code_of_loss("CategoricalFocalCrossentropy", **options)
    return Subject(code, classes.draw, reference, rtol=2e-5, atol=1e-12)


def generalized(rng: Generator) -> Subject:
    classes, q = Classes(rng, soft=False), float(rng.choice([0.1, 0.7, 1.0]))

    def reference(target, preds):
        p = classes.one_hot(target)
        if classes.from_logits:
            return -np.expm1(q * (p * log_softmax(preds)).sum(-1)) / q
        return (1 - (p * preds).sum(-1) ** q) / q

    code = code_of_loss("GeneralizedCrossentropy", q=q, from_logits=classes.from_logits)
    # A power of a probability of 0 has an infinite slope.
    gradient = ("preds",) if classes.from_logits else ()
    return Subject(code, classes.draw, reference, atol=3e-6, gradient=gradient)


def poly(rng: Generator) -> Subject:
    classes, epsilon = Classes(rng, from_logits=True), float(rng.choice([-1.0, 0.0, 2.0]))

    def reference(target, preds):
        p, logs = classes.one_hot(target), log_softmax(preds)
        return (epsilon * p * -np.expm1(logs) - _times(p, logs)).sum(-1)

    def size(target, preds):
        return 1e-6 * abs(_times(classes.one_hot(target), log_softmax(preds))).sum(-1)

    code = code_of_loss("PolyCrossentropy", epsilon=epsilon)
    return Subject(code, classes.draw, reference, atol=size)


def _of_class(name, values, **options):
    """A loss of the score of the label and those of the others."""

    def make(rng: Generator) -> Subject:
        classes = Classes(rng, soft=False, from_logits=True)

        def reference(target, preds):
            is_label = classes.one_hot(target) == 1
            own = np.where(is_label, preds, 0).sum(-1)
            return values(own, np.where(is_label, -np.inf, preds), target, **options)

        return Subject(code_of_loss(name, **options), classes.draw, reference, atol=1e-6)

    return make


def multi_margin(rng: Generator) -> Subject:
    p, margin = int(rng.choice([1, 2])), float(rng.choice([0.5, 1.0]))

    def values(own, others, target, p, margin):
        violation = np.maximum(0, margin - own[:, None] + others)
        return (violation**p).sum(-1) / others.shape[-1]

    return _of_class("MultiMargin", values, p=p, margin=margin)(rng)


def _sparsemax(own, others, target):
    losses = []
    for score, rest in zip(own, others, strict=True):
        scores = np.sort(np.append(rest[np.isfinite(rest)], score))[::-1]
        score, scores = score - scores[0], scores - scores[0]
        sums = np.cumsum(scores)
        size = np.flatnonzero(1 + np.arange(1, len(scores) + 1) * scores > sums).max() + 1
        p = np.maximum(scores - (sums[size - 1] - 1) / size, 0)
        losses.append(p @ scores + (1 - p @ p) / 2 - score)
    return np.array(losses)


def _several(name, values, weighted=False):
    """A loss of several labels of an example."""

    def make(rng: Generator) -> Subject:
        size, dtype = int(rng.choice([1, 3, 5])), draws.float_dtype(rng)
        weights = WEIGHTS[:size] if weighted and rng.random() < 0.5 else None

        def draw(rng: Generator):
            preds = draws.as_dtype(draws.logits(rng, ROWS, size), dtype)
            return {"target": draws.labels(rng, 2, ROWS, size), "preds": preds}

        options = {"class_weights": weights} if weights else {}
        factor = np.array(weights or [1.0] * size)
        code = code_of_loss(name, **options)
        return Subject(code, draw, lambda target, preds: values(target, preds, factor), atol=1e-6)

    return make


def _multilabel_margin(target, preds, factor):
    rows = []
    for y, x in zip(target == 1, preds, strict=True):
        rows.append(np.maximum(0, 1 - x[y][:, None] + x[~y]).sum() / len(x))
    return np.array(rows)


def _multilabel_soft_margin(target, preds, factor):
    return (factor * np.logaddexp(0, np.where(target == 1, -preds, preds))).mean(-1)


def fenchel_young(rng: Generator) -> Subject:
    size, dtype = 3, draws.float_dtype(rng)

    def draw(rng: Generator):
        return {
            "target": draws.as_dtype(draws.simplex(rng, ROWS, size), dtype),
            "preds": draws.as_dtype(rng.normal(size=(ROWS, size)) * 3, dtype),
        }

    def reference(target, preds):
        return special.logsumexp(preds, -1) - (target * preds).sum(-1)

    code = "jm.losses.FenchelYoung(max_fun=jax.nn.logsumexp)"
    return Subject(code, draw, reference, atol=3e-6)


FAMILY = {
    "Crossentropy": either_crossentropy,
    "BinaryFocalCrossentropy": binary_focal,
    "CategoricalFocalCrossentropy": categorical_focal,
    "GeneralizedCrossentropy": generalized,
    "PolyCrossentropy": poly,
    "MulticlassHinge": _of_class(
        "MulticlassHinge", lambda own, others, target: np.maximum(0, 1 + others.max(-1) - own)
    ),
    "MulticlassPerceptron": _of_class(
        "MulticlassPerceptron", lambda own, others, target: np.maximum(0, others.max(-1) - own)
    ),
    "MultiMargin": multi_margin,
    "MulticlassSparsemax": _of_class("MulticlassSparsemax", _sparsemax),
    "MultilabelMargin": _several("MultilabelMargin", _multilabel_margin),
    "MultilabelSoftMargin": _several(
        "MultilabelSoftMargin", _multilabel_soft_margin, weighted=True
    ),
    "FenchelYoung": fenchel_young,
}
