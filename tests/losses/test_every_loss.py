"""Every exported loss passes `check_loss`, against a formula of its own in float64."""

import inspect
import itertools
import re

import numpy as np
import pytest
import scipy.special as special
import scipy.stats as stats

from jax_metrics import losses
from jax_metrics.testing import check_loss

INF = np.inf
rng = np.random.default_rng


def floats(*shape, seed=0, low=-2.0, high=2.0):
    return rng(seed).uniform(low, high, shape)


def labels(*shape, classes=3, seed=1):
    return rng(seed).integers(0, classes, shape).astype(np.int32)


def simplex(*shape, seed=2):
    return special.softmax(floats(*shape, seed=seed), axis=-1)


def pairs(*shape, **options):
    return {"target": floats(*shape, seed=3, **options), "preds": floats(*shape, **options)}


def scores(classes=3):
    return {"target": labels(6, classes=classes), "preds": floats(6, classes)}


def at(array, target):
    return np.take_along_axis(array, target[..., None], -1)[..., 0]


def log_softmax(x):
    return special.log_softmax(x, axis=-1)


def sign(target):
    return np.where(target > 0, 1, -1)


def one_row(target, preds):
    """Limits for one target and one prediction each."""
    return {"target": np.array(target), "preds": np.array(preds)}


# -- references that take more than a line -------------------------------------------------------


def huber(target, preds, delta):
    error = abs(target - preds)
    return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))


def cosine(a, b):
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def focal(target, preds):
    p = special.expit(preds)
    right = np.where(target == 1, p, 1 - p)
    alpha = np.where(target == 1, 0.25, 0.75)
    return -alpha * (1 - right) ** 1.5 * np.log(right)


def categorical_focal(target, preds):
    p = at(special.softmax(preds, -1), target)
    return -np.array([0.2, 0.3, 0.5])[target] * (1 - p) ** 0.5 * np.log(p)


def sparsemax_of(scores, target):
    """The loss as what it maximizes: `max over p of p.s + (1 - |p|**2) / 2`, less the score."""
    order = np.sort(scores)[::-1]
    sums = np.cumsum(order)
    size = np.max(np.nonzero(1 + np.arange(1, len(order) + 1) * order > sums)[0]) + 1
    p = np.maximum(scores - (sums[size - 1] - 1) / size, 0)
    return p @ scores + (1 - p @ p) / 2 - scores[target]


def multilabel_margin(target, preds):
    rows = []
    for y, x in zip(target, preds, strict=True):
        terms = [
            max(0, 1 - x[i] + x[j])
            for i, j in itertools.product(range(len(x)), repeat=2)
            if y[i] and not y[j]
        ]
        rows.append(sum(terms) / len(x))
    return np.array(rows)


def ntxent(target, preds, temperature=0.5):
    unit = preds / np.linalg.norm(preds, axis=-1, keepdims=True)
    e = np.exp(unit @ unit.T / temperature)
    out = []
    for i, group in enumerate(target):
        others = e[i][target != group].sum()
        mates = [j for j in range(len(target)) if j != i and target[j] == group]
        terms = [-np.log(e[i, j] / (e[i, j] + others)) for j in mates]
        out.append(np.mean(terms) if terms else 0)
    return np.array(out)


def circle(target, preds, gamma=2.0, margin=0.25):
    unit = preds / np.linalg.norm(preds, axis=-1, keepdims=True)
    s = unit @ unit.T
    out = []
    for i, group in enumerate(target):
        near = [s[i, j] for j in range(len(s)) if j != i and target[j] == group]
        far = [s[i, j] for j in range(len(s)) if target[j] != group]
        near = sum(np.exp(-gamma * max(1 + margin - x, 0) * (x - 1 + margin)) for x in near)
        far = sum(np.exp(gamma * max(x + margin, 0) * (x - margin)) for x in far)
        out.append(np.log1p(near * far))
    return np.array(out)


def overlap(target, preds, alpha=0.5, beta=0.5):
    p = special.softmax(preds, -1)
    t = np.eye(p.shape[-1])[target]
    tp, fp, fn = (x.sum((1, 2)) for x in (t * p, (1 - t) * p, t * (1 - p)))
    return (1 - (tp + 1) / (tp + alpha * fp + beta * fn + 1)).mean(-1)


def generalized_dice(target, preds):
    p = special.softmax(preds, -1)
    t = np.eye(p.shape[-1])[target]
    size = t.sum((1, 2))
    w = np.where(size > 0, 1 / np.maximum(size, 1) ** 2, 0)
    w = np.where(size > 0, w, w.max(-1, keepdims=True))
    both = (w * (t * p).sum((1, 2))).sum(-1)
    return 1 - 2 * both / (w * (size + p.sum((1, 2)))).sum(-1)


def ctc(target, preds, target_length, preds_length):
    """All alignments of all frames, one by one."""
    out = []
    for y, x, n, t in zip(target, preds, target_length, preds_length, strict=True):
        log = log_softmax(x[:t])
        found = []
        for path in itertools.product(range(x.shape[-1]), repeat=int(t)):
            kept = [c for c, _ in itertools.groupby(path) if c != 0]
            if kept == list(y[:n]):
                found.append(sum(log[i, c] for i, c in enumerate(path)))
        out.append(-special.logsumexp(found) if found else INF)
    return np.array(out)


# -- the losses: class, options, arguments, reference, and options of `check_loss` ---------------

SIGNS = {"target": np.array([1, -1, 1, -1]), "preds": np.array([0.3, 0.6, -1.7, 2.4])}
WEIGHTS = (0.5, 1.0, 3.0)
LARGE = one_row([0, 0], [[1e4, 0.0, -1e4], [-1e4, 0.0, 1e4]])


def case(loss, arguments, reference, **options):
    return pytest.param(loss, arguments, reference, options, id=re.sub(" at 0x.*", "", repr(loss)))


CASES = [
    case(
        losses.MeanSquaredError(),
        pairs(4, 3),
        lambda target, preds: (target - preds) ** 2,
        limits=[(one_row([0.0, 1.0], [INF, 1.0]), [INF, 0])],
    ),
    case(
        losses.MeanAbsoluteError(reduction="sum", weight=0.5),
        pairs(4, 3),
        lambda target, preds: abs(target - preds),
        limits=[(one_row([0.0, 1.0], [-INF, 1.0]), [INF, 0])],
    ),
    case(
        losses.MeanAbsolutePercentageError(),
        pairs(5, low=0.5),
        lambda target, preds: 100 * abs(target - preds) / abs(target),
        limits=[(one_row([0.0, 0.0], [0.0, 1e-7]), [0, 100])],
    ),
    case(
        losses.MeanSquaredLogarithmicError(),
        pairs(5, low=0.5),
        lambda target, preds: np.log((1 + target) / (1 + preds)) ** 2,
        limits=[(one_row([0.0, 0.0], [0.0, -1.0]), [0, 0])],
    ),
    case(
        losses.Huber(delta=0.7),
        pairs(4, 3),
        lambda target, preds: huber(target, preds, 0.7),
        limits=[(one_row([0.0, 0.0], [INF, 0.0]), [INF, 0])],
    ),
    case(
        losses.SmoothL1(beta=0.7),
        pairs(4, 3),
        lambda target, preds: huber(target, preds, 0.7) / 0.7,
    ),
    case(
        losses.LogCosh(),
        pairs(4, 3),
        lambda target, preds: np.log(np.cosh(target - preds)),
        limits=[
            (one_row(np.zeros(4), [1e-4, -1e4, 0.0, INF]), [5e-9, 1e4 - np.log(2), 0, INF]),
        ],
        atol=1e-12,
    ),
    case(
        losses.Quantile(q=0.2),
        pairs(4, 3),
        lambda target, preds: np.maximum(0.2 * (target - preds), 0.8 * (preds - target)),
    ),
    case(
        losses.Quantile(q=(0.2, 0.5)),
        {"target": floats(4, seed=3), "preds": floats(4, 2)},
        lambda target, preds: np.stack(
            [
                np.maximum(q * (target - p), (1 - q) * (p - target))
                for q, p in zip((0.2, 0.5), preds.T, strict=True)
            ],
            -1,
        ),
    ),
    case(
        losses.Poisson(full=True),
        {"target": labels(5, classes=9).astype(float), "preds": floats(5)},
        lambda target, preds: -stats.poisson.logpmf(target, np.exp(preds)),
        atol=2e-6,
    ),
    case(
        losses.Poisson(log_rate=False),
        {"target": labels(5, classes=9).astype(float), "preds": floats(5, low=0.5)},
        lambda target, preds: preds - target * np.log(preds),
        limits=[(one_row([0.0, 1.0, 0.0], [0.0, 0.0, 3.0]), [0, INF, 3])],
    ),
    case(
        losses.GaussianNLL(full=True),
        pairs(4, 2) | {"var": floats(4, 2, low=0.5)},
        lambda target, preds, var: -stats.norm.logpdf(target, preds, np.sqrt(var)),
        limits=[(one_row([1.0], [1.0]) | {"var": np.array([0.0])}, [0.5 * np.log(2e-6 * np.pi)])],
    ),
    case(
        losses.CosineSimilarity(),
        pairs(4, 3),
        lambda target, preds: -cosine(target, preds),
        limits=[
            (
                one_row([[1.0, 1.0]] * 3, [[0.0, 0.0], [1e30, 0.0], [-1e-30, 0.0]]),
                [0, -(0.5**0.5), 0.5**0.5],
            )
        ],
    ),
    case(
        losses.CosineEmbedding(margin=0.1),
        {"target": np.array([1, -1, 0, 1]), "preds": floats(4, 3), "other": floats(4, 3, seed=9)},
        lambda target, preds, other: np.where(
            target > 0, 1 - cosine(preds, other), np.maximum(0, cosine(preds, other) - 0.1)
        ),
    ),
    # Crossentropy has cases for its options in a file of its own.
    case(
        losses.Crossentropy(class_weights=WEIGHTS, label_smoothing=0.1),
        scores(),
        lambda target, preds: (
            -((0.9 * np.eye(3)[target] + 0.1 / 3) * np.array(WEIGHTS) * log_softmax(preds)).sum(-1)
        ),
    ),
    case(
        losses.Crossentropy(),
        scores(),
        lambda target, preds: -at(log_softmax(preds), target),
        limits=[
            (LARGE, [0, 2e4]),
            (one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF]),
        ],
    ),
    case(
        losses.BinaryFocalCrossentropy(gamma=1.5, alpha=0.25),
        {"target": labels(5, classes=2), "preds": floats(5)},
        focal,
        limits=[(one_row([1, 1, 0], [1e4, -1e4, -1e4]), [0, 2.5e3, 0])],
    ),
    case(
        losses.CategoricalFocalCrossentropy(gamma=0.5, alpha=(0.2, 0.3, 0.5)),
        scores(),
        categorical_focal,
        limits=[(LARGE, [0, 0.2 * 2e4])],
    ),
    case(
        losses.GeneralizedCrossentropy(q=0.7),
        scores(),
        lambda target, preds: (1 - at(special.softmax(preds, -1), target) ** 0.7) / 0.7,
        limits=[(LARGE, [0, 1 / 0.7])],
    ),
    case(
        losses.PolyCrossentropy(epsilon=0.5),
        scores(),
        lambda target, preds: (
            0.5 * (1 - at(special.softmax(preds, -1), target)) - at(log_softmax(preds), target)
        ),
        limits=[
            (LARGE, [0, 2e4 + 0.5]),
            (one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF]),
        ],
    ),
    case(
        losses.KLDivergence(),
        {"target": simplex(4, 3), "preds": log_softmax(floats(4, 3))},
        lambda target, preds: special.rel_entr(target, np.exp(preds)).sum(-1),
        limits=[
            (one_row([[0.0, 1.0], [0.5, 0.5]], [[-INF, 0.0], [-INF, 0.0]]), [0, INF]),
        ],
    ),
    case(
        losses.KLDivergence(log_target=True, generalized=True),
        {"target": floats(4, 3, seed=5), "preds": floats(4, 3)},
        lambda target, preds: special.kl_div(np.exp(target), np.exp(preds)).sum(-1),
        limits=[(one_row([[-INF, 0.0]], [[-INF, 0.0]]), [0])],
    ),
    case(
        losses.KLDivergence(log_preds=False),
        {"target": simplex(4, 3), "preds": simplex(4, 3, seed=8)},
        lambda target, preds: special.rel_entr(target, preds).sum(-1),
        limits=[(one_row([[0.0, 1.0], [0.5, 0.5]], [[0.0, 1.0], [0.0, 1.0]]), [0, INF])],
    ),
    case(
        losses.JensenShannon(log_preds=False),
        {"target": simplex(4, 3), "preds": simplex(4, 3, seed=8)},
        lambda target, preds: (
            (
                special.rel_entr(target, (target + preds) / 2)
                + special.rel_entr(preds, (target + preds) / 2)
            ).sum(-1)
            / 2
        ),
        limits=[(one_row([[0.0, 1.0]], [[0.0, 1.0]]), [0])],
    ),
    case(
        losses.JensenShannon(),
        {"target": simplex(4, 3), "preds": log_softmax(floats(4, 3))},
        lambda target, preds: (
            (
                special.rel_entr(target, (target + np.exp(preds)) / 2)
                + special.rel_entr(np.exp(preds), (target + np.exp(preds)) / 2)
            ).sum(-1)
            / 2
        ),
        limits=[(one_row([[0.0, 1.0], [1.0, 0.0]], [[-INF, 0.0]] * 2), [0, np.log(2)])],
    ),
    case(
        losses.Hinge(),
        SIGNS,
        lambda target, preds: np.maximum(0, 1 - sign(target) * preds),
        limits=[(one_row([1, 0], [INF, INF]), [0, INF])],
    ),
    case(
        losses.SquaredHinge(),
        SIGNS,
        lambda target, preds: np.maximum(0, 1 - sign(target) * preds) ** 2,
        limits=[(one_row([1, 0], [INF, 1e4]), [0, 10001.0**2])],
    ),
    case(
        losses.MulticlassHinge(),
        scores(),
        lambda target, preds: (preds + 1 - np.eye(3)[target]).max(-1) - at(preds, target),
        limits=[(LARGE, [0, 20001]), (one_row([0], [[0.0, -INF]]), [0])],
    ),
    case(
        losses.Perceptron(),
        SIGNS,
        lambda target, preds: np.maximum(0, -sign(target) * preds),
    ),
    case(
        losses.MulticlassPerceptron(),
        scores(),
        lambda target, preds: preds.max(-1) - at(preds, target),
        limits=[(one_row([0, 1], [[0.0, -INF], [0.0, -INF]]), [0, INF])],
    ),
    case(
        losses.SoftMargin(),
        SIGNS,
        lambda target, preds: np.log1p(np.exp(-sign(target) * preds)),
        limits=[(one_row([1, 1, 0], [1e4, -1e4, -INF]), [0, 1e4, 0])],
    ),
    case(
        losses.MultiMargin(p=2, class_weights=WEIGHTS),
        scores(),
        lambda target, preds: (
            np.array(WEIGHTS)[target]
            * (
                (np.maximum(0, 1 - at(preds, target)[:, None] + preds) ** 2)
                * (1 - np.eye(3)[target])
            ).sum(-1)
            / 3
        ),
    ),
    case(
        losses.MultilabelMargin(),
        {"target": labels(4, 5, classes=2), "preds": floats(4, 5)},
        multilabel_margin,
    ),
    case(
        losses.MultilabelSoftMargin(class_weights=WEIGHTS),
        {"target": labels(4, 3, classes=2), "preds": floats(4, 3)},
        lambda target, preds: (
            -(
                np.array(WEIGHTS)
                * np.where(target, special.log_expit(preds), special.log_expit(-preds))
            ).mean(-1)
        ),
    ),
    case(
        losses.Sparsemax(),
        SIGNS,
        lambda target, preds: np.where(
            abs(preds) < 1,
            (1 - sign(target) * preds) ** 2 / 4,
            np.maximum(0, -sign(target) * preds),
        ),
        limits=[(one_row([1, 0], [1e4, 1e4]), [0, 1e4])],
    ),
    case(
        losses.MulticlassSparsemax(),
        scores(),
        lambda target, preds: np.array(
            [sparsemax_of(s, t) for s, t in zip(preds, target, strict=True)]
        ),
        limits=[(LARGE, [0, 2e4]), (one_row([0], [[1e4 + 0.5, 1e4]]), [0.0625])],
    ),
    case(
        losses.FenchelYoung(max_fun=lambda scores: ((scores**2).sum()) / 2),
        pairs(4, 3),
        lambda target, preds: (preds**2).sum(-1) / 2 - (target * preds).sum(-1),
    ),
    case(
        losses.HingeEmbedding(margin=1.5),
        SIGNS,
        lambda target, preds: np.where(target > 0, preds, np.maximum(0, 1.5 - preds)),
    ),
    case(
        losses.MarginRanking(margin=0.2),
        SIGNS | {"other": np.array([0.5, -0.5, 0.1, 3.0])},
        lambda target, preds, other: np.maximum(0, 0.2 - sign(target) * (preds - other)),
    ),
    case(
        losses.TripletMargin(p=3, swap=True),
        {name: floats(4, 3, seed=i) for i, name in enumerate(("anchor", "positive", "negative"))},
        lambda anchor, positive, negative: np.maximum(
            0,
            1
            + np.linalg.norm(anchor - positive, 3, -1)
            - np.minimum(
                np.linalg.norm(anchor - negative, 3, -1),
                np.linalg.norm(positive - negative, 3, -1),
            ),
        ),
        limits=[({n: np.ones((1, 2)) for n in ("anchor", "positive", "negative")}, [1])],
    ),
    case(
        losses.TripletMargin(distance=lambda a, b: abs(a - b).sum(-1)),
        {name: floats(4, 3, seed=i) for i, name in enumerate(("anchor", "positive", "negative"))},
        lambda anchor, positive, negative: np.maximum(
            0, 1 + abs(anchor - positive).sum(-1) - abs(anchor - negative).sum(-1)
        ),
    ),
    case(
        losses.NTXent(temperature=0.5),
        {"target": np.array([0, 0, 1, 0, 1, 2], np.int32), "preds": floats(6, 4)},
        ntxent,
        limits=[(one_row([0, 0], [[0.0, 0.0], [1.0, 0.0]]), [0, 0])],
    ),
    case(
        losses.Circle(gamma=2.0, margin=0.25),
        {"target": np.array([0, 0, 1, 0, 1, 2], np.int32), "preds": floats(6, 4)},
        circle,
        numeric_gradient=False,  # its weights have no gradient
        limits=[(one_row([0, 1], [[0.0, 0.0], [1.0, 0.0]]), [0, 0])],
    ),
    case(
        losses.RankingSoftmax(),
        {
            "target": floats(3, 4, low=0),
            "preds": floats(3, 4),
            "where": np.arange(4) < np.array([[4], [2], [0]]),
        },
        lambda target, preds, where: np.array(
            [
                -(t[w] * log_softmax(p[w])).sum() if w.any() else 0.0
                for t, p, w in zip(target, preds, where, strict=True)
            ]
        ),
    ),
    case(losses.Dice(), {"target": labels(3, 4, 2), "preds": floats(3, 4, 2, 3)}, overlap),
    case(
        losses.Tversky(alpha=0.3, beta=0.7),
        {"target": labels(3, 4, 2), "preds": floats(3, 4, 2, 3)},
        lambda target, preds: overlap(target, preds, 0.3, 0.7),
    ),
    case(
        losses.GeneralizedDice(),
        {"target": labels(3, 4, 2, classes=2), "preds": floats(3, 4, 2, 3)},
        generalized_dice,
        limits=[(one_row([[0, 0]], [[[1e4, 0.0], [1e4, 0.0]]]), [0])],
    ),
    case(
        losses.CTC(),
        {
            "target": np.array([[1, 2, 0], [1, 1, 2], [2, 0, 0], [1, 1, 0]], np.int32),
            "preds": floats(4, 5, 3),
            "target_length": np.array([2, 3, 0, 2], np.int32),
            "preds_length": np.array([5, 5, 3, 4], np.int32),
        },
        ctc,
        limits=[
            (
                one_row([[1, 1]] * 2, np.zeros((2, 3, 2)))
                | {"preds_length": np.array([2, 3], np.int32)},
                [INF, 3 * np.log(2)],
            ),
        ],
    ),
]
BASES = {"Loss", "Reduction", "Terms"}


@pytest.mark.parametrize(("loss", "arguments", "reference", "options"), CASES)
def test_loss(loss, arguments, reference, options):
    check_loss(loss, arguments, reference=reference, **options)


def exported(condition):
    return {
        name
        for name, value in vars(losses).items()
        if not name.startswith("_") and condition(value) and name not in BASES
    }


def test_every_loss_is_registered():
    assert exported(inspect.isclass) == {type(c.values[0]).__name__ for c in CASES}


def test_every_loss_has_a_function():
    functions = exported(inspect.isfunction)
    for c in CASES:
        loss = c.values[0]
        name = {"nt_xent": "ntxent"}.get(loss.name, loss.name.removeprefix("mean_"))
        assert name in functions, loss


def test_functions_have_keywords_after_the_second_argument():
    for name in exported(inspect.isfunction) - {"smooth_labels"}:
        parameters = list(inspect.signature(getattr(losses, name)).parameters.values())
        assert [p.name for p in parameters[:2]] in (["target", "preds"], ["anchor", "positive"])
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:]), name
