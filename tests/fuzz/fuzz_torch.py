"""PyTorch as a further reference for losses, where it is installed."""

import importlib.util
from typing import Any

import numpy as np
from fuzz_peers import Peer, only


def peers() -> dict[str, Peer]:
    """The functions by the name of the class; none without PyTorch."""
    return _losses() if importlib.util.find_spec("torch") else {}


def _losses() -> dict[str, Peer]:
    import torch
    from torch.nn import functional

    def call(function: Any, *arrays: Any, **options: Any) -> Any:
        wide = (x.astype(float if x.dtype.kind == "f" else int) for x in arrays)
        return function(*map(torch.as_tensor, wide), reduction="none", **options).numpy()

    def signs(target: Any) -> Any:
        return np.where(target > 0, 1.0, -1.0)

    def elements(function: Any, *names: str) -> Peer:
        def peer(options, target, preds):
            return call(function, preds, target, **{n: options[n] for n in names})

        return peer

    def signed(function: Any, *names: str) -> Peer:
        def peer(options, target, preds):
            return call(function, preds, signs(target), **{n: options[n] for n in names})

        return peer

    def crossentropy(options, target, preds):
        only(options["from_logits"] and "ignore_index" not in options)
        weights = options.get("class_weights")
        if options.get("binary"):
            only(weights is None and not options["label_smoothing"])
            return call(
                functional.binary_cross_entropy_with_logits, preds, np.asarray(target, float)
            )
        if weights is not None:
            only(not options["label_smoothing"])
            weights = torch.as_tensor(weights, dtype=torch.float64)
        return call(
            functional.cross_entropy,
            preds,
            target,
            weight=weights,
            label_smoothing=options["label_smoothing"],
        )

    def divergence(options, target, preds):
        only(options["log_preds"] and not options["generalized"])
        return call(functional.kl_div, preds, target, log_target=options["log_target"]).sum(-1)

    def poisson(options, target, preds):
        only(not options["full"])  # Stirling's approximation
        return call(
            functional.poisson_nll_loss,
            preds,
            np.asarray(target, float),
            log_input=options["log_rate"],
            eps=0,
        )

    def gaussian(options, target, preds, var):
        return call(
            functional.gaussian_nll_loss,
            preds,
            target,
            var,
            full=options["full"],
            eps=options["epsilon"],
        )

    def margin_ranking(options, target, preds, other):
        return call(
            functional.margin_ranking_loss, preds, other, signs(target), margin=options["margin"]
        )

    def cosine_embedding(options, target, preds, other):
        # Next to 0 it adds a constant, and large squares leave 64 bits.
        only(all((abs(x) > 1e-3).all() and (abs(x) < 1e30).all() for x in (preds, other)))
        return call(
            functional.cosine_embedding_loss, preds, other, signs(target), margin=options["margin"]
        )

    def triplet(options, anchor, positive, negative):
        return call(
            functional.triplet_margin_loss,
            anchor,
            positive,
            negative,
            p=options["p"],
            swap=options["swap"],
            eps=0,
        )

    def multi_margin(options, target, preds):
        only("class_weights" not in options)
        return call(
            functional.multi_margin_loss, preds, target, p=options["p"], margin=options["margin"]
        )

    def multilabel(function: Any) -> Peer:
        def peer(options, target, preds):
            only("class_weights" not in options)
            return call(function, preds, np.asarray(target, float))

        return peer

    return {
        "MeanSquaredError": elements(functional.mse_loss),
        "MeanAbsoluteError": elements(functional.l1_loss),
        "Huber": elements(functional.huber_loss, "delta"),
        "SmoothL1": elements(functional.smooth_l1_loss, "beta"),
        "SoftMargin": signed(functional.soft_margin_loss),
        "HingeEmbedding": signed(functional.hinge_embedding_loss, "margin"),
        "Crossentropy": crossentropy,
        "KLDivergence": divergence,
        "Poisson": poisson,
        "GaussianNLL": gaussian,
        "MarginRanking": margin_ranking,
        "CosineEmbedding": cosine_embedding,
        "TripletMargin": triplet,
        "MultiMargin": multi_margin,
        "MultilabelSoftMargin": multilabel(functional.multilabel_soft_margin_loss),
    }
