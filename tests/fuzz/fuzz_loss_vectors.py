"""Losses of vectors, regions and sequences."""

import itertools

import fuzz_draws as draws
import numpy as np
import scipy.special as special
from fuzz_loss_check import Values
from fuzz_loss_classes import WEIGHTS, log_softmax
from fuzz_regression import cosine
from fuzz_subject import ROWS, Generator, Subject, code_of_loss


def _vectors(rng: Generator, *names: str):
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        first = draws.numbers(rng, ROWS, 3)
        others = {name: draws.nearby(rng, first) for name in names[1:]}
        return {n: draws.as_dtype(x, dtype) for n, x in {names[0]: first, **others}.items()}

    return draw


def cosine_similarity(rng: Generator) -> Subject:
    draw = _vectors(rng, "target", "preds")
    return Subject(
        code_of_loss("CosineSimilarity"), draw, lambda target, preds: -cosine(target, preds)
    )


def cosine_embedding(rng: Generator) -> Subject:
    margin, vectors = float(rng.choice([0.0, 0.5])), _vectors(rng, "preds", "other")

    def draw(rng: Generator):
        return {"target": rng.choice([-1, 1], ROWS), **vectors(rng)}

    def reference(target, preds, other):
        similarity = cosine(preds, other)
        return np.where(target > 0, 1 - similarity, np.maximum(0, similarity - margin))

    return Subject(code_of_loss("CosineEmbedding", margin=margin), draw, reference)


def triplet(rng: Generator) -> Subject:
    p, swap = float(rng.choice([1, 2, 3, np.inf])), bool(rng.integers(2))
    draw = _vectors(rng, "anchor", "positive", "negative")

    def distance(a, b):
        error = abs(a - b)
        largest = np.maximum(error.max(-1, keepdims=True), 1e-300)
        return largest[..., 0] * np.linalg.norm(error / largest, p, -1)

    def distances(anchor, positive, negative):
        near, far = distance(anchor, positive), distance(anchor, negative)
        return near, np.minimum(far, distance(positive, negative)) if swap else far

    def reference(**vectors):
        near, far = distances(**vectors)
        return np.maximum(0, 1 + near - far)

    def size(**vectors):
        near, far = distances(**vectors)
        return 2e-6 * np.where(near == far, 0, near + far) + 1e-6

    code = code_of_loss("TripletMargin", p=p, swap=swap).replace("inf", "np.inf")
    # Where the largest differences are equal and the loss begins, any slope between is a gradient.
    gradient = () if p == np.inf else ("anchor", "positive", "negative")
    return Subject(code, draw, reference, atol=size, gradient=gradient)


def _groups(rng: Generator):
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        groups = rng.integers(0, rng.choice([1, 3, ROWS]), ROWS)
        preds = rng.normal(size=(ROWS, 3)) * 10.0 ** rng.integers(-6, 7)
        if rng.random() < 0.3:
            preds = np.sign(preds)  # with equal vectors
        return {"target": groups, "preds": draws.as_dtype(preds, dtype)}

    return draw


def _similarities(preds):
    unit = preds / np.linalg.norm(preds, axis=-1, keepdims=True)
    return unit @ unit.T


def ntxent(rng: Generator) -> Subject:
    temperature = float(rng.choice([0.07, 0.5, 1.0]))

    def reference(target, preds):
        logits = _similarities(preds) / temperature
        values, counted = [], []
        for i, group in enumerate(target):
            others = logits[i][target != group]
            mates = [j for j in range(len(target)) if j != i and target[j] == group]
            rest = special.logsumexp(others) if others.size else -np.inf
            terms = [np.logaddexp(0, rest - logits[i, j]) for j in mates]
            values.append(np.mean(terms) if terms else 0.0)
            counted.append(bool(terms))
        return Values(np.array(values), 1.0, np.array(counted))

    code = code_of_loss("NTXent", temperature=temperature)
    return Subject(code, _groups(rng), reference, rtol=1e-4, atol=2e-5)


def circle(rng: Generator) -> Subject:
    gamma, margin = float(rng.choice([2.0, 80.0])), float(rng.choice([0.25, 0.4]))

    def reference(target, preds):
        s, values = _similarities(preds), []
        for i, group in enumerate(target):
            same = (target == group) & (np.arange(len(target)) != i)
            near, far = s[i][same], s[i][target != group]
            if not (near.size and far.size):
                values.append(0.0)
                continue
            near = special.logsumexp(
                -gamma * np.maximum(1 + margin - near, 0) * (near - 1 + margin)
            )
            far = special.logsumexp(gamma * np.maximum(far + margin, 0) * (far - margin))
            values.append(np.logaddexp(0, near + far))
        return np.array(values)

    code = code_of_loss("Circle", gamma=gamma, margin=margin)
    # Its weights have no gradient.
    return Subject(code, _groups(rng), reference, rtol=1e-4, atol=2e-6 * gamma, gradient=())


class Regions:
    """Draws of labels and scores of the elements of images, `[rows, 2, 3, classes]`."""

    def __init__(self, rng: Generator, binary: bool):
        self.binary, self.size = binary, 1 if binary else int(rng.choice([2, 3]))
        self.from_logits = bool(rng.integers(2))
        self.dtype = draws.float_dtype(rng)

    def draw(self, rng: Generator):
        shape = (ROWS, 2, 3)
        classes = 2 if self.binary else self.size
        target = draws.labels(rng, classes, *shape)
        if self.binary:
            values = draws.logits if self.from_logits else draws.probabilities
            preds = values(rng, *shape)
        else:
            preds = (draws.logits if self.from_logits else draws.simplex)(rng, *shape, self.size)
        return {"target": target, "preds": draws.as_dtype(preds, self.dtype)}

    def sums(self, target, preds):
        """Overlap, size of the target and size of the prediction, `[rows, classes]`."""
        if self.binary:
            p = (special.expit(preds) if self.from_logits else preds)[..., None]
            t = target[..., None]
        else:
            p = special.softmax(preds, -1) if self.from_logits else preds
            t = np.eye(self.size)[target]
        return ((t * p).sum((1, 2)), t.sum((1, 2)), p.sum((1, 2)))


def _tversky(name: str):
    def make(rng: Generator) -> Subject:
        regions = Regions(rng, binary=bool(rng.random() < 0.4))
        smooth = float(rng.choice([0.0, 1.0]))
        alpha, beta = (0.5, 0.5) if name == "Dice" else (float(rng.choice([0.3, 1.0])), 0.7)
        weights = WEIGHTS[: regions.size] if rng.random() < 0.3 else None
        no_background = bool(rng.random() < 0.3)

        def reference(target, preds):
            tp, t, p = regions.sums(target, preds)
            bottom = tp + alpha * (p - tp) + beta * (t - tp) + smooth
            loss = np.where(bottom == 0, 0, 1 - (tp + smooth) / np.where(bottom == 0, 1, bottom))
            loss = loss * np.array(weights or [1.0] * regions.size)
            return (loss[:, 1:] if no_background and regions.size > 1 else loss).mean(-1)

        options = {"smooth": smooth, "binary": regions.binary, "from_logits": regions.from_logits}
        options |= {} if name == "Dice" else {"alpha": alpha, "beta": beta}
        options |= {"class_weights": weights} if weights else {}
        options |= {"ignore_background": True} if no_background else {}
        gradient = ("preds",) if smooth else ()
        return Subject(
            code_of_loss(name, **options), regions.draw, reference, atol=3e-6, gradient=gradient
        )

    return make


def generalized_dice(rng: Generator) -> Subject:
    regions, no_background = Regions(rng, binary=False), bool(rng.random() < 0.3)

    def reference(target, preds):
        tp, t, p = regions.sums(target, preds)
        if no_background:
            tp, t, p = tp[:, 1:], t[:, 1:], p[:, 1:]
        present = t > 0
        w = np.where(present, 1 / np.where(present, t, 1) ** 2, 0)
        largest = w.max(-1, keepdims=True)
        w = np.where(present, w, np.where(largest > 0, largest, 1))
        bottom = (w * (t + p)).sum(-1)
        return np.where(bottom == 0, 0, 1 - 2 * (w * tp).sum(-1) / np.where(bottom == 0, 1, bottom))

    options = {"from_logits": regions.from_logits, "ignore_background": no_background}
    code = code_of_loss("GeneralizedDice", **options)
    return Subject(code, regions.draw, reference, atol=3e-6, gradient=())


def ctc(rng: Generator) -> Subject:
    classes, frames, size = 3, 4, 2
    blank, zero_infinity = int(rng.integers(classes)), bool(rng.integers(2))
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        others = [c for c in range(classes) if c != blank]
        preds = rng.normal(size=(ROWS, frames, classes)) * rng.choice([1, 20])
        return {
            "target": rng.choice(others, (ROWS, size)),
            "preds": draws.as_dtype(preds, dtype),
            "target_length": rng.integers(0, size + 1, ROWS),
            "preds_length": rng.integers(0, frames + 1, ROWS),
        }

    def reference(target, preds, target_length, preds_length):
        losses = []
        for y, x, n, t in zip(target, preds, target_length, preds_length, strict=True):
            logs, found = log_softmax(x[:t]), []
            for path in itertools.product(range(classes), repeat=int(t)):
                if [c for c, _ in itertools.groupby(path) if c != blank] == list(y[:n]):
                    found.append(sum(logs[i, c] for i, c in enumerate(path)))
            losses.append(-special.logsumexp(found) if found else 0 if zero_infinity else np.inf)
        return np.array(losses)

    code = code_of_loss("CTC", blank=blank, zero_infinity=zero_infinity)
    return Subject(code, draw, reference, rtol=2e-5, atol=1e-5, gradient=())


FAMILY = {
    "CosineSimilarity": cosine_similarity,
    "CosineEmbedding": cosine_embedding,
    "TripletMargin": triplet,
    "NTXent": ntxent,
    "Circle": circle,
    "Dice": _tversky("Dice"),
    "Tversky": _tversky("Tversky"),
    "GeneralizedDice": generalized_dice,
    "CTC": ctc,
}
