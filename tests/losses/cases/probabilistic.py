"""Losses of predicted distributions."""

import numpy as np
import scipy.special as special
import scipy.stats as stats
from loss_arguments import case, floats, labels, one_row, pairs, simplex
from loss_references import log_softmax

from jax_metrics import losses

INF = np.inf

CASES = [
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
]
