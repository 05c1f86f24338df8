"""The cost of metrics, here and in other libraries, in one run.

Each case updates with one batch of arrays of the library, computes the value, and waits for it. The
fastest of many calls is reported, without the reset before it. `eager` is the usual code of a user;
`jitted` is an update and a compute inside of one `jax.jit`, compared with the plain formula in JAX.
"""

import argparse
import importlib.util
import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import _rankings_and_clusters as rankings
import jax
import jax.numpy as jnp
import numpy as np
from _image_and_sound_jobs import (
    image_and_sound_jobs,
    images_and_sounds,
    torchmetrics_of_images_and_sounds,
)
from _measure import PYTORCH_PAUSE, Prepared, fastest_call, table
from _text_jobs import as_texts, text_arrays, text_jobs, torchmetrics_of_text

import jax_metrics as jm

Cases = dict[str, Prepared]
CLASSES = 10
THRESHOLDS = 200


class Data:
    """The same values as JAX arrays and as PyTorch tensors."""

    def __init__(self, rows: int, scores: int):
        rng = np.random.default_rng(0)
        labels = rng.integers(0, CLASSES, rows)
        logits = rng.normal(size=(rows, CLASSES)) + 2 * np.eye(CLASSES)[labels]
        probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        binary = rng.integers(0, 2, scores)
        score = 1 / (1 + np.exp(-rng.normal(size=scores) - binary))
        number = rng.normal(size=scores)
        arrays = {
            "labels": labels.astype(np.int32),
            "probabilities": probabilities.astype(np.float32),
            "binary": binary.astype(np.int32),
            "score": score.astype(np.float32),
            "number": number.astype(np.float32),
            "guess": (number + rng.normal(size=scores) / 2).astype(np.float32),
            **rankings.arrays(rng, rows),
            **images_and_sounds(rng),
        }
        texts = text_arrays()
        lists = {name: value for name, value in texts.items() if isinstance(value, list)}
        arrays |= {name: value for name, value in texts.items() if name not in lists}
        self.jax = {name: jax.device_put(array) for name, array in arrays.items()} | lists
        self.scores = scores
        if _has("torch"):
            import torch

            self.torch = {name: torch.from_numpy(array) for name, array in arrays.items()}
            for name in ("labels", "binary", "tokens"):
                self.torch[name] = self.torch[name].long()
            self.torch |= lists
            self.torch |= {name: as_texts(arrays[name]) for name in ("token ids", "other ids")}
            for name in ("image", "noisy image"):
                self.torch[name] = self.torch[name].movedim(-1, 1).contiguous()


def _has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


# For each job: our metric, the plain formula, the arrays, and the names of the others' classes.


def jobs(rows: int, scores: int) -> dict[str, tuple[jm.Metric, Any, tuple[str, str]]]:
    metrics: Any = jm.metrics
    classes, binary, numbers = ("labels", "probabilities"), ("binary", "score"), ("number", "guess")
    return {
        "accuracy": (metrics.Accuracy(), plain_accuracy, classes),
        "accuracy macro": (
            metrics.Accuracy(num_classes=CLASSES, average="macro"),
            plain_recall,
            classes,
        ),
        "f1 macro": (metrics.F1Score(num_classes=CLASSES), plain_f1, classes),
        "confusion matrix": (
            metrics.ConfusionMatrix(num_classes=CLASSES),
            plain_confusion_matrix,
            classes,
        ),
        "auroc of classes, binned": (
            metrics.AUROC(num_classes=CLASSES, thresholds=THRESHOLDS),
            plain_auroc_of_classes,
            classes,
        ),
        "auroc, binned": (metrics.AUROC(thresholds=THRESHOLDS), plain_auroc, binary),
        "auroc, exact": (metrics.AUROC(capacity=scores), plain_exact_auroc, binary),
        "mean squared error": (metrics.MeanSquaredError(), plain_squared_error, numbers),
        "pearson": (metrics.PearsonCorrCoef(), plain_pearson, numbers),
        **rankings.jobs(rows),
        **text_jobs(),
        **image_and_sound_jobs(),
    }


def plain_accuracy(target: jax.Array, preds: jax.Array) -> jax.Array:
    return (preds.argmax(-1) == target).mean()


def _counts(target: jax.Array, preds: jax.Array) -> tuple[jax.Array, ...]:
    said = preds.argmax(-1)
    zeros = jnp.zeros(CLASSES, jnp.int32)
    right = zeros.at[target].add(said == target)
    return right, zeros.at[target].add(1), zeros.at[said].add(1)


def plain_recall(target: jax.Array, preds: jax.Array) -> jax.Array:
    right, support, _ = _counts(target, preds)
    return (right / support).mean()


def plain_f1(target: jax.Array, preds: jax.Array) -> jax.Array:
    right, support, said = _counts(target, preds)
    return (2 * right / (support + said)).mean()


def plain_confusion_matrix(target: jax.Array, preds: jax.Array) -> jax.Array:
    cell = target * CLASSES + preds.argmax(-1)
    return jnp.zeros(CLASSES**2, jnp.int32).at[cell].add(1).reshape(CLASSES, CLASSES)


def plain_auroc(target: jax.Array, preds: jax.Array) -> jax.Array:
    place = (preds * (THRESHOLDS - 1)).astype(jnp.int32) + THRESHOLDS * target
    counts = jnp.zeros(2 * THRESHOLDS, jnp.int32).at[place].add(1).reshape(2, THRESHOLDS)
    above = jnp.cumsum(counts[:, ::-1], 1) / counts.sum(1, keepdims=True)
    above = jnp.pad(above, ((0, 0), (1, 0)))
    return jnp.trapezoid(above[1], above[0])


def plain_auroc_of_classes(target: jax.Array, preds: jax.Array) -> jax.Array:
    one_vs_rest = (target[:, None] == jnp.arange(CLASSES)).astype(jnp.int32)
    return jax.vmap(plain_auroc, (1, 1))(one_vs_rest, preds).mean()


def plain_exact_auroc(target: jax.Array, preds: jax.Array) -> jax.Array:
    bits = jax.lax.bitcast_convert_type(preds, jnp.uint32)
    key = jnp.sort((bits << 1) | target.astype(jnp.uint32))[::-1]
    tp = jnp.cumsum(key & 1)
    fp = jnp.arange(1, key.size + 1, dtype=jnp.uint32) - tp
    last = jnp.append((key[1:] >> 1) != (key[:-1] >> 1), True)  # of equal scores
    before = (jax.lax.cummax(jnp.append(0, jnp.where(last, x, 0)[:-1])) for x in (tp, fp))
    tp, fp, tp_before, fp_before = (x.astype(jnp.float32) for x in (tp, fp, *before))
    area = jnp.where(last, (fp - fp_before) * (tp + tp_before) / 2, 0).sum()
    return area / (tp[-1] * fp[-1])


def plain_squared_error(target: jax.Array, preds: jax.Array) -> jax.Array:
    return ((target - preds) ** 2).mean()


def plain_pearson(target: jax.Array, preds: jax.Array) -> jax.Array:
    x, y = target - target.mean(), preds - preds.mean()
    return (x * y).sum() / jnp.sqrt((x * x).sum() * (y * y).sum())


def eager_cases(job: str, metric: jm.Metric, data: Data, names: tuple[str, str]) -> Cases:
    target, preds = (data.jax[name] for name in names)

    def ours() -> Any:
        metric.update(target=target, preds=preds)
        return jax.block_until_ready(metric.compute())

    cases = {"jax_metrics": Prepared(ours, lambda: jax.block_until_ready(metric.reset()))}
    if _has("torchmetrics"):
        cases |= _torch_cases("torchmetrics", _torchmetrics(job), data, names)
    if _has("torcheval"):
        cases |= _torch_cases("torcheval", _torcheval(job), data, names)
    if _has("keras"):
        cases |= _keras_cases(job, target, preds)
    if _has("metrax"):
        cases |= _metrax_cases(job, target, preds)
    return cases


def _torch_cases(library: str, metric: Any, data: Data, names: tuple[str, str]) -> Cases:
    if metric is None:
        return {}
    target, preds = (data.torch[name] for name in names)

    def case() -> Any:
        metric.update(preds, target)
        return metric.compute()

    return {library: Prepared(case, metric.reset)}


def _torchmetrics(job: str) -> Any:
    import torchmetrics as tm
    import torchmetrics.classification as tc

    made = {
        "accuracy": lambda: tc.MulticlassAccuracy(CLASSES, average="micro"),
        "accuracy macro": lambda: tc.MulticlassAccuracy(CLASSES),
        "f1 macro": lambda: tc.MulticlassF1Score(CLASSES),
        "confusion matrix": lambda: tc.MulticlassConfusionMatrix(CLASSES),
        "auroc of classes, binned": lambda: tc.MulticlassAUROC(CLASSES, thresholds=THRESHOLDS),
        "auroc, binned": lambda: tc.BinaryAUROC(thresholds=THRESHOLDS),
        "auroc, exact": lambda: tc.BinaryAUROC(),
        "mean squared error": lambda: tm.MeanSquaredError(),
        "pearson": lambda: tm.PearsonCorrCoef(),
        **torchmetrics_of_images_and_sounds(),
    }.get(job)
    if made is not None:
        return made()
    ranking = rankings.torchmetrics(job)
    return torchmetrics_of_text(job) if ranking is None else ranking


def _torcheval(job: str) -> Any:
    import torcheval.metrics as te

    made = {
        "accuracy": lambda: te.MulticlassAccuracy(),
        "accuracy macro": lambda: te.MulticlassAccuracy(average="macro", num_classes=CLASSES),
        "f1 macro": lambda: te.MulticlassF1Score(average="macro", num_classes=CLASSES),
        "confusion matrix": lambda: te.MulticlassConfusionMatrix(CLASSES),
        "auroc of classes, binned": lambda: te.MulticlassBinnedAUROC(
            num_classes=CLASSES, threshold=THRESHOLDS
        ),
        "auroc, binned": lambda: te.BinaryBinnedAUROC(threshold=THRESHOLDS),
        "auroc, exact": lambda: te.BinaryAUROC(),
        "mean squared error": lambda: te.MeanSquaredError(),
    }.get(job)
    return made and made()


def _keras_cases(job: str, target: jax.Array, preds: jax.Array) -> Cases:
    import keras

    one_hot = target
    if getattr(preds, "ndim", 0) == 2:
        one_hot = jax.nn.one_hot(target, CLASSES)
    made = {
        "accuracy": (keras.metrics.SparseCategoricalAccuracy, {}, target),
        "f1 macro": (keras.metrics.F1Score, {"average": "macro"}, one_hot),
        "confusion matrix": (
            keras.metrics.MeanIoU,
            {"num_classes": CLASSES, "sparse_y_pred": False},
            target,
        ),
        "auroc of classes, binned": (
            keras.metrics.AUC,
            {"num_thresholds": THRESHOLDS, "multi_label": True},
            one_hot,
        ),
        "auroc, binned": (keras.metrics.AUC, {"num_thresholds": THRESHOLDS}, target),
        "mean squared error": (keras.metrics.MeanSquaredError, {}, target),
        "pearson": (keras.metrics.PearsonCorrelation, {}, target),
    }.get(job)
    if made is None:
        return {}
    cls, options, wanted = made
    metric = cls(**options)
    row = (lambda x: x[None]) if job == "pearson" else (lambda x: x)

    def case() -> Any:
        metric.update_state(row(wanted), row(preds))
        return jax.block_until_ready(metric.result())

    return {"keras": Prepared(case, metric.reset_state)}


def _metrax_cases(job: str, target: jax.Array, preds: jax.Array) -> Cases:
    import metrax

    made = {
        "accuracy": lambda: metrax.Accuracy.from_model_output(preds.argmax(-1), target),
        "auroc, binned": lambda: metrax.AUCROC.from_model_output(
            preds, target, num_thresholds=THRESHOLDS
        ),
        "mean squared error": lambda: metrax.MSE.from_model_output(preds, target),
    }.get(job)
    if made is None:
        return {}
    return {"metrax": Prepared(lambda: jax.block_until_ready(made().compute()))}


def jitted_cases(
    job: str, metric: jm.Metric, plain: Callable[..., Any], data: Data, names: tuple[str, str]
) -> Cases:
    target, preds = (data.jax[name] for name in names)
    update = jax.jit(lambda metric, **batch: jm.copy(metric).update(**batch).compute())
    formula = jax.jit(plain)
    empty = metric.neutral()
    programs: dict[str, Callable[[], Any]] = {
        "jax_metrics": lambda: update(empty, target=target, preds=preds),
        "formula": lambda: formula(target, preds),
    }
    if _has("metrax") and job in ("accuracy", "mean squared error"):
        import metrax

        cls = {"accuracy": metrax.Accuracy, "mean squared error": metrax.MSE}[job]
        read = (lambda x: x.argmax(-1)) if job == "accuracy" else (lambda x: x)
        peer = jax.jit(lambda p, t: cls.from_model_output(read(p), t).compute())
        programs["metrax"] = lambda: peer(preds, target)

    def waited(program: Callable[[], Any]) -> Prepared:
        return Prepared(lambda: jax.block_until_ready(program()))

    return {name: waited(program) for name, program in programs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of ten classes")
    parser.add_argument("--scores", type=int, default=1_000_000, help="scores and numbers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", nargs="*", help="by default all")
    options = parser.parse_args()
    data = Data(options.rows, options.scores)
    eager, jitted = {}, {}
    for job, (metric, plain, names) in jobs(options.rows, options.scores).items():
        if options.jobs and job not in options.jobs:
            continue
        target, preds = (data.jax[name] for name in names)
        value = metric.reset().update(target=target, preds=preds).compute()
        if plain is not None:
            np.testing.assert_allclose(value, plain(target, preds), rtol=1e-4)
        rounds, pause = options.rounds, PYTORCH_PAUSE if _has("torch") else 0
        cases = eager_cases(job, metric, data, names)
        eager[job] = fastest_call(cases, rounds=rounds, pause=pause)
        if metric.jittable:
            jitted[job] = fastest_call(jitted_cases(job, metric, plain, data, names), rounds=rounds)
    table("Eager: update and compute", eager, "jax_metrics")
    table("Jitted: update and compute, to the formula", jitted, "formula")


if __name__ == "__main__":
    main()
