"""Labels of the three kinds, drawn at random, and the counts that formulas of metrics need."""

import fuzz_draws as draws
import numpy as np
from fuzz_subject import ROWS, Generator


class Labels:
    """Random options of labels, draws of targets and predictions, and the labels they stand for."""

    def __init__(self, rng: Generator, kinds=("binary", "classes", "labels"), top_k: bool = True):
        self.kind = str(rng.choice(kinds))
        self.options = {}
        self.size = int(rng.choice([2, 3, 5, 70] if self.kind == "classes" else [1, 3]))
        if self.kind != "binary":
            self.options[f"num_{self.kind}"] = self.size
        self.classes = self.size if self.kind == "classes" else 2
        self.shape = (ROWS, self.size) if self.kind == "labels" else (ROWS,)
        self.scores = bool(rng.random() < 0.6)
        self.threshold, self.k = 0.5, 1
        if self.scores and self.kind != "classes":
            if rng.random() < 0.5:
                self.threshold = self.options["threshold"] = float(rng.choice([0.25, 0.3, 1.0, 0]))
            if rng.random() < 0.3:
                self.options["from_logits"] = True
        if self.scores and top_k and self.classes > 2 and rng.random() < 0.4:
            self.k = self.options["top_k"] = 2
        self.ignored = None
        if rng.random() < 0.3:
            self.ignored = self.options["ignore_index"] = int(rng.choice([-1, 1, 255]))
        wide = (
            rng.random() < 0.5 or (self.ignored or 0) < 0 or self.size > 60 or self.ignored == 255
        )
        self.dtype = "int32" if wide else str(draws.integer_dtype(rng))
        if not wide and self.classes == 2 and rng.random() < 0.3:
            self.dtype = "bool"
        self.score_dtype = draws.float_dtype(rng)

    def draw(self, rng: Generator):
        target = draws.labels(rng, self.classes, *self.shape)
        if rng.random() < 0.3 and not self.scores:
            preds = np.where(rng.random(self.shape) < 0.7, target, rng.permutation(target))
        else:
            preds = draws.labels(rng, self.classes, *self.shape)
        if self.ignored is not None:
            target = np.where(rng.random(self.shape) < 0.2, self.ignored, target)
        preds = preds.astype(self.dtype)
        if self.scores:
            preds = draws.as_dtype(self._scores(rng), self.score_dtype)
        return {"target": target.astype(self.dtype), "preds": preds}

    def _scores(self, rng: Generator):
        if self.kind == "classes":
            return draws.logits(rng, ROWS, self.size)
        if "from_logits" in self.options:
            return rng.integers(-8, 9, self.shape) / 2
        return draws.probabilities(rng, *self.shape)

    def predicted(self, target, preds):
        """The predicted labels, and which targets count."""
        counts = np.ones(target.shape, bool) if self.ignored is None else target != self.ignored
        if not self.scores:
            return preds, counts
        if self.kind == "classes":
            best = preds.argmax(-1)
            if self.k == 1:
                return best, counts
            order = np.argsort(-preds, -1, kind="stable")
            found = (order[:, : self.k] == target[:, None]).any(-1)
            return np.where(found, target, best), counts
        if "from_logits" in self.options:
            preds = 1 / (1 + np.exp(-preds))
            # Rounded as in float32, so that a probability equals the threshold.
            preds = preds.astype(np.float32)
        return (preds > np.float32(self.threshold)).astype(int), counts

    def outcomes(self, target, preds, sample_weight, together=False):
        """`tp, fp, fn, tn` of each class or label, or of all together: `[4]` or `[4, size]`."""
        predicted, counts = self.predicted(target, preds)
        weight = sample_weight.reshape(-1, *[1] * (target.ndim - 1)) * counts
        if self.kind == "classes":
            classes = np.arange(self.size)
            positive, chosen = target[:, None] == classes, predicted[:, None] == classes
            weight = weight[:, None]
        else:
            positive, chosen = target == 1, predicted == 1
        cells = (positive & chosen, ~positive & chosen, positive & ~chosen, ~positive & ~chosen)
        axis = None if together or self.kind == "binary" else 0
        return np.array([(weight * cell).sum(axis) for cell in cells])

    def matrix(self, target, preds, sample_weight):
        """The confusion matrix, `[classes, classes]`, or `[size, 2, 2]`."""
        predicted, counts = self.predicted(target, preds)
        if self.kind == "labels":
            tp, fp, fn, tn = self.outcomes(target, preds, sample_weight)
            return np.stack([np.stack([tn, fp], -1), np.stack([fn, tp], -1)], -2)
        matrix = np.zeros((self.classes, self.classes))
        np.add.at(matrix, (target[counts], predicted[counts]), sample_weight[counts])
        return matrix


def divide(a, b, otherwise):
    return np.where(b == 0, otherwise, a / np.where(b == 0, 1, b))


def averaged(labels: Labels, average, values, counts, otherwise):
    """The average of the values of classes or labels; NaN values are left out."""
    if average in (None, "micro") or labels.kind == "binary":
        return values
    tp, fp, fn, _ = counts
    weight = tp + fn if average == "weighted" else np.ones(labels.size)
    if labels.kind == "classes" and average == "macro":
        weight = (tp + fp + fn != 0).astype(float)
    weight = np.where(np.isnan(values), 0, weight)
    return divide((weight * np.nan_to_num(values)).sum(), weight.sum(), otherwise)
