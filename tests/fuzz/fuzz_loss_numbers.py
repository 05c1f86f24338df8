"""Losses of predicted numbers, of distributions and of pairs of scores."""

import fuzz_draws as draws
import numpy as np
import scipy.special as special
from fuzz_regression import log_cosh
from fuzz_subject import ROWS, Generator, Subject, code_of_loss


def _numbers(rng: Generator, low=None, extra=()):
    """Draws of targets and predictions, `[rows]` or `[rows, 2]`."""
    shape = (ROWS,) if rng.random() < 0.5 else (ROWS, 2)
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        target = draws.numbers(rng, *shape)
        preds = draws.nearby(rng, target)
        arrays = {"target": target, "preds": preds}
        arrays |= {name: draws.nearby(rng, target) for name in extra}
        if low is not None:
            arrays = {n: np.clip(abs(x), low, 1e4) for n, x in arrays.items()}
        return {n: draws.as_dtype(x, dtype) for n, x in arrays.items()}

    return draw


def _elementwise(name, values, low=None, **options):
    def make(rng: Generator) -> Subject:
        return Subject(
            code_of_loss(name, **options),
            _numbers(rng, low),
            lambda target, preds: values(target, preds, **options),
            atol=1e-37,
        )

    return make


def _one_of(name, option, choices, values, low=None):
    def make(rng: Generator) -> Subject:
        chosen = choices[rng.integers(len(choices))]
        return _elementwise(name, values, low, **{option: chosen})(rng)

    return make


def huber(target, preds, delta):
    error = abs(target - preds)
    return np.where(error <= delta, error**2 / 2, delta * (error - delta / 2))


def _quantile(target, preds, q):
    error = target - preds
    return np.where(error > 0, q * error, (q - 1) * error)


def _percentage(target, preds, epsilon):
    return 100 * abs(target - preds) / np.maximum(abs(target), epsilon)


def _squared_logarithmic(target, preds):
    a, b = (np.log1p(np.maximum(x, 0)) for x in (target, preds))
    return (a - b) ** 2


def squared_logarithmic(rng: Generator) -> Subject:
    def size(target, preds):
        a, b = (np.log1p(np.maximum(x, 0)) for x in (target, preds))
        return 1e-6 * abs(a - b) * (abs(a) + abs(b)) + 1e-12

    return Subject(
        code_of_loss("MeanSquaredLogarithmicError"), _numbers(rng), _squared_logarithmic, atol=size
    )


def poisson(rng: Generator) -> Subject:
    log_rate, full = bool(rng.integers(2)), bool(rng.integers(2))
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        preds = rng.normal(size=ROWS) * rng.choice([1, 5])
        extremes = [-np.inf, 0.0, -100.0] if log_rate else [0.0, 1e-30]
        preds = preds if log_rate else abs(preds)
        preds = np.where(rng.random(ROWS) < 0.2, rng.choice(extremes, ROWS), preds)
        counts = rng.integers(0, rng.choice([2, 10, 100]), ROWS)
        return {"target": counts, "preds": draws.as_dtype(preds, dtype)}

    def reference(target, preds):
        if log_rate:
            loss = np.exp(preds) - np.where(target == 0, 0, target * preds)
        else:
            loss = preds - special.xlogy(target, preds)
        return loss + special.gammaln(target + 1) if full else loss

    def size(target, preds):
        logs = preds if log_rate else np.log(preds)
        terms = np.where(target == 0, 0, abs(target * logs)) + full * special.gammaln(target + 1.0)
        return 2e-6 * np.nan_to_num(terms + (np.exp(preds) if log_rate else preds)) + 1e-6

    code = code_of_loss("Poisson", log_rate=log_rate, full=full)
    return Subject(code, draw, reference, atol=size)


def gaussian(rng: Generator) -> Subject:
    full, epsilon = bool(rng.integers(2)), float(rng.choice([1e-6, 0.1]))
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        target = rng.normal(size=ROWS)
        arrays = {"target": target, "preds": draws.nearby(rng, target)}
        var = (
            rng.choice([0.0, 1e-6, 1.0, 1e4], ROWS) if rng.random() < 0.3 else rng.gamma(1, 1, ROWS)
        )
        return {n: draws.as_dtype(x, dtype) for n, x in {**arrays, "var": var}.items()}

    def reference(target, preds, var):
        var = np.maximum(var, np.float32(epsilon))
        loss = (np.log(var) + (target - preds) ** 2 / var) / 2
        return loss + np.log(2 * np.pi) / 2 if full else loss

    code = code_of_loss("GaussianNLL", full=full, epsilon=epsilon)
    # The slope at the lower bound of the variances has two sides.
    return Subject(code, draw, reference, rtol=2e-5, gradient=("preds", "var"))


def _distributions(rng: Generator, log_target: bool, log_preds: bool):
    dtype = draws.float_dtype(rng)

    def draw(rng: Generator):
        arrays = {}
        for name, log in (("target", log_target), ("preds", log_preds)):
            p = draws.simplex(rng, ROWS, 3)
            with np.errstate(divide="ignore"):
                arrays[name] = draws.as_dtype(np.log(p) if log else p, dtype)
        return arrays

    return draw


def kl_divergence(rng: Generator) -> Subject:
    log_target, log_preds, generalized = (bool(rng.integers(2)) for _ in range(3))

    def reference(target, preds):
        p = np.exp(target) if log_target else target
        q = np.exp(preds) if log_preds else preds
        log_p = target if log_target else np.log(np.where(p == 0, 1, p))
        log_q = preds if log_preds else np.log(np.where((p == 0) & (q == 0), 1, q))
        terms = np.where(p == 0, 0, p * (log_p - log_q))
        return (terms + q - p if generalized else terms).sum(-1)

    options = {"log_target": log_target, "log_preds": log_preds, "generalized": generalized}
    draw = _distributions(rng, log_target, log_preds)
    return Subject(code_of_loss("KLDivergence", **options), draw, reference, gradient=())


def jensen_shannon(rng: Generator) -> Subject:
    log_target, log_preds = (bool(rng.integers(2)) for _ in range(2))

    def reference(target, preds):
        p = np.exp(target) if log_target else target
        q = np.exp(preds) if log_preds else preds
        middle = (p + q) / 2
        return (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum(-1) / 2

    draw = _distributions(rng, log_target, log_preds)
    code = code_of_loss("JensenShannon", log_target=log_target, log_preds=log_preds)
    return Subject(code, draw, reference, gradient=())


SIGN_LABELS = ([0, 1], [-1, 1])


def _signed(name, values, smooth=True):
    """A loss of binary labels and scores."""

    def make(rng: Generator) -> Subject:
        shape = (ROWS,) if rng.random() < 0.5 else (ROWS, 2)
        choices, dtype = SIGN_LABELS[rng.integers(2)], draws.float_dtype(rng)

        def draw(rng: Generator):
            return {
                "target": rng.choice(choices, shape),
                "preds": draws.as_dtype(draws.logits(rng, *shape), dtype),
            }

        def reference(target, preds):
            return values(np.where(target > 0, 1, -1), preds)

        return Subject(code_of_loss(name), draw, reference, atol=1e-37)

    return make


def _sparsemax(sign, preds):
    margin = sign * preds
    return np.where(margin >= 1, 0, np.where(margin <= -1, -margin, (1 - margin) ** 2 / 4))


def hinge_embedding(rng: Generator) -> Subject:
    margin = float(rng.choice([0.5, 1.0]))

    def values(sign, preds):
        return np.where(sign > 0, preds, np.maximum(0, margin - preds))

    subject = _signed("HingeEmbedding", values)(rng)
    return Subject(code_of_loss("HingeEmbedding", margin=margin), subject.draw, subject.reference)


def margin_ranking(rng: Generator) -> Subject:
    margin, draw_numbers = float(rng.choice([0.0, 0.5])), _numbers(rng, extra=("other",))

    def draw(rng: Generator):
        arrays = draw_numbers(rng)
        return {**arrays, "target": rng.choice([-1, 1], arrays["preds"].shape)}

    def reference(target, preds, other):
        return np.maximum(0, margin - np.where(target > 0, 1, -1) * (preds - other))

    def size(target, preds, other):
        return 1e-6 * (margin + abs(preds - other))

    return Subject(code_of_loss("MarginRanking", margin=margin), draw, reference, atol=size)


def ranking_softmax(rng: Generator) -> Subject:
    dtype, items, weighted = draws.float_dtype(rng), 4, bool(rng.integers(2))

    def draw(rng: Generator):
        arrays = {
            "target": draws.as_dtype(rng.integers(0, 3, (ROWS, items)), dtype),
            "preds": draws.as_dtype(draws.logits(rng, ROWS, items), dtype),
            "where": rng.random((ROWS, items)) < rng.choice([0.2, 0.7, 1.0]),
        }
        weights = draws.as_dtype(rng.random((ROWS, items)), dtype)
        return {**arrays, "item_weights": weights} if weighted else arrays

    def reference(target, preds, where, item_weights=1.0):
        shown = np.where(where, preds, -np.inf)
        logs = special.log_softmax(np.where(where.any(-1, keepdims=True), shown, 0), -1)
        terms = np.where(where, target * item_weights * np.where(where, logs, 0), 0)
        return -terms.sum(-1)

    # A mask of lists makes no list of the padding, which must hold booleans.
    return Subject(code_of_loss("RankingSoftmax"), draw, reference, atol=1e-6)


FAMILY = {
    "MeanSquaredError": _elementwise("MeanSquaredError", lambda t, p: (t - p) ** 2),
    "MeanAbsoluteError": _elementwise("MeanAbsoluteError", lambda t, p: abs(t - p)),
    "LogCosh": _elementwise("LogCosh", log_cosh),
    "MeanAbsolutePercentageError": _one_of(
        "MeanAbsolutePercentageError", "epsilon", [1e-7, 0.5], _percentage
    ),
    "Huber": _one_of("Huber", "delta", [0.5, 1.0, 3.0], huber),
    "SmoothL1": _one_of(
        "SmoothL1", "beta", [0.5, 2.0], lambda t, p, beta: huber(t, p, beta) / beta
    ),
    "Quantile": _one_of("Quantile", "q", [0.0, 0.25, 0.5, 1.0], _quantile),
    "MeanSquaredLogarithmicError": squared_logarithmic,
    "Poisson": poisson,
    "GaussianNLL": gaussian,
    "KLDivergence": kl_divergence,
    "JensenShannon": jensen_shannon,
    "Hinge": _signed("Hinge", lambda s, p: np.maximum(0, 1 - s * p)),
    "SquaredHinge": _signed("SquaredHinge", lambda s, p: np.maximum(0, 1 - s * p) ** 2),
    "Perceptron": _signed("Perceptron", lambda s, p: np.maximum(0, -s * p)),
    "SoftMargin": _signed("SoftMargin", lambda s, p: np.logaddexp(0, -s * p)),
    "Sparsemax": _signed("Sparsemax", _sparsemax),
    "HingeEmbedding": hinge_embedding,
    "MarginRanking": margin_ranking,
    "RankingSoftmax": ranking_softmax,
}
