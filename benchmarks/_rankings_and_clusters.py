"""Benchmarks of retrieval, of clusters, of nominal variables and of pairwise distances."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jax_metrics as jm

DOCUMENTS = 50
CLUSTERS = 10
FEATURES = 16
Job = tuple[jm.Metric, Callable[..., Any], tuple[str, str]]


def arrays(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """The arrays of these jobs, from as many documents or rows of data."""
    queries = max(rows // DOCUMENTS, 1)
    relevance = rng.integers(0, 2, (queries, DOCUMENTS))
    relevance[:, 0] = 1
    classes = rng.integers(0, CLUSTERS, rows)
    noise = rng.integers(0, CLUSTERS, rows)
    centers = rng.normal(size=(CLUSTERS, FEATURES))
    return {
        "relevance": relevance.astype(np.int32),
        # All different, and above 0, since TorchMetrics leaves out other scores.
        "ranking": rng.permuted(
            np.broadcast_to(np.arange(1, DOCUMENTS + 1) / DOCUMENTS, relevance.shape), axis=1
        ).astype(np.float32),
        "classes": classes.astype(np.int32),
        "clusters": np.where(rng.random(rows) < 0.5, classes, noise).astype(np.int32),
        "data": (rng.normal(size=(rows, FEATURES)) + centers[classes]).astype(np.float32),
        "points": rng.normal(size=(max(rows // 100, 2), FEATURES)).astype(np.float32),
        "other points": rng.normal(size=(max(rows // 100, 2), FEATURES)).astype(np.float32),
    }


class Distances(jm.Metric):
    """The mean distance of all pairs of rows.

    Args:
        kind: `"manhattan"` or `"euclidean"`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.total = jm.metrics.Total()

    def update(self, *, target: Any, preds: Any) -> Any:
        distance = getattr(jm.metrics, f"pairwise_{self.kind}_distance")
        self.total += distance(target, preds).mean()

    def compute(self) -> jax.Array:
        return self.total.value


def jobs(rows: int) -> dict[str, Job]:
    """For each job our metric, the plain formula, and the names of the arrays."""
    metrics: Any = jm.metrics
    ranked, labels = ("relevance", "ranking"), ("classes", "clusters")
    points = ("points", "other points")
    sizes = {"num_clusters": CLUSTERS, "num_features": FEATURES}
    kept = metrics.DaviesBouldinScore(capacity=rows, **sizes)
    moments = metrics.CalinskiHarabaszScore(**sizes)
    renamed = {"labels": "target", "data": "preds"}
    return {
        "retrieval map": (metrics.RetrievalMAP(), plain_map, ranked),
        "retrieval ndcg": (metrics.RetrievalNormalizedDCG(), plain_ndcg, ranked),
        "adjusted rand": (
            metrics.AdjustedRandScore(num_classes=CLUSTERS),
            plain_adjusted_rand,
            labels,
        ),
        "cramers v": (metrics.CramersV(num_classes=CLUSTERS), plain_cramers_v, labels),
        "calinski harabasz": (
            moments.rename_arguments(**renamed),
            plain_calinski_harabasz,
            ("classes", "data"),
        ),
        "davies bouldin": (
            kept.rename_arguments(**renamed),
            plain_davies_bouldin,
            ("classes", "data"),
        ),
        "manhattan distances": (Distances("manhattan"), plain_manhattan, points),
        "euclidean distances": (Distances("euclidean"), plain_euclidean, points),
    }


def plain_map(target: jax.Array, preds: jax.Array) -> jax.Array:
    ranked = jnp.take_along_axis(target, jnp.argsort(-preds, -1), -1)
    precision = jnp.cumsum(ranked, -1) / jnp.arange(1, DOCUMENTS + 1)
    return ((precision * ranked).sum(-1) / ranked.sum(-1)).mean()


def plain_ndcg(target: jax.Array, preds: jax.Array) -> jax.Array:
    ranked = jnp.take_along_axis(target, jnp.argsort(-preds, -1), -1)
    discount = 1 / jnp.log2(jnp.arange(2.0, DOCUMENTS + 2))
    ideal = -jnp.sort(-target, -1)
    return ((ranked * discount).sum(-1) / (ideal * discount).sum(-1)).mean()


def _fractions(target: jax.Array, preds: jax.Array) -> jax.Array:
    cell = target * CLUSTERS + preds
    counts = jnp.zeros(CLUSTERS**2, jnp.int32).at[cell].add(1)
    return counts.reshape(CLUSTERS, CLUSTERS) / target.size


def plain_adjusted_rand(target: jax.Array, preds: jax.Array) -> jax.Array:
    joint, n = _fractions(target, preds), target.size
    both, rows, columns = (
        (x * (x * n - 1)).sum() / (n - 1) for x in (joint, joint.sum(1), joint.sum(0))
    )
    return (both - rows * columns) / ((rows + columns) / 2 - rows * columns)


def plain_cramers_v(target: jax.Array, preds: jax.Array) -> jax.Array:
    joint = _fractions(target, preds)
    expected = joint.sum(1)[:, None] * joint.sum(0)
    phi = ((joint - expected) ** 2 / expected).sum() - (CLUSTERS - 1) ** 2 / (target.size - 1)
    return jnp.sqrt(phi / (CLUSTERS - 1 - (CLUSTERS - 1) ** 2 / (target.size - 1)))


def _centers(target: jax.Array, preds: jax.Array) -> tuple[jax.Array, jax.Array]:
    count = jnp.zeros(CLUSTERS).at[target].add(1)
    return count, jax.ops.segment_sum(preds, target, CLUSTERS) / count[:, None]


def plain_calinski_harabasz(target: jax.Array, preds: jax.Array) -> jax.Array:
    count, centers = _centers(target, preds)
    between = (count[:, None] * (centers - preds.mean(0)) ** 2).sum()
    within = ((preds - centers[target]) ** 2).sum()
    return between / (CLUSTERS - 1) / (within / (target.size - CLUSTERS))


def plain_davies_bouldin(target: jax.Array, preds: jax.Array) -> jax.Array:
    count, centers = _centers(target, preds)
    distance = jnp.sqrt(((preds - centers[target]) ** 2).sum(-1))
    spread = jnp.zeros(CLUSTERS).at[target].add(distance) / count
    between = jnp.sqrt(((centers[:, None] - centers) ** 2).sum(-1))
    similarity = (spread[:, None] + spread) / jnp.where(between == 0, jnp.inf, between)
    return similarity.max(1).mean()


def plain_manhattan(target: jax.Array, preds: jax.Array) -> jax.Array:
    return abs(target[:, None] - preds).sum(-1).mean()


def plain_euclidean(target: jax.Array, preds: jax.Array) -> jax.Array:
    squares = (target**2).sum(-1)[:, None] + (preds**2).sum(-1) - 2 * target @ preds.T
    return jnp.sqrt(squares.clip(0)).mean()


class _Indexed:
    """A retrieval metric of TorchMetrics, with the index of the query of each document."""

    def __init__(self, metric: Any):
        self.metric, self.compute, self.reset = metric, metric.compute, metric.reset

    def update(self, preds: Any, target: Any) -> None:
        import torch

        indexes = torch.arange(len(preds))[:, None].expand(preds.shape)
        self.metric.update(preds, target.long(), indexes=indexes)


class _TorchDistances:
    """The distances of TorchMetrics, as a metric."""

    def __init__(self, kind: str):
        from torchmetrics import functional

        self.distance = getattr(functional, f"pairwise_{kind}_distance")

    def update(self, preds: Any, target: Any) -> None:
        self.value = self.distance(target, preds).mean()

    def compute(self) -> Any:
        return self.value

    def reset(self) -> None:
        """Nothing is kept."""


def torchmetrics(job: str) -> Any:
    """The metric of TorchMetrics for a job, or None."""
    import torchmetrics.clustering as clustering
    import torchmetrics.nominal as nominal
    import torchmetrics.retrieval as retrieval

    made = {
        "retrieval map": lambda: _Indexed(retrieval.RetrievalMAP()),
        "retrieval ndcg": lambda: _Indexed(retrieval.RetrievalNormalizedDCG()),
        "adjusted rand": clustering.AdjustedRandScore,
        "cramers v": lambda: nominal.CramersV(CLUSTERS),
        "calinski harabasz": clustering.CalinskiHarabaszScore,
        "davies bouldin": clustering.DaviesBouldinScore,
        "manhattan distances": lambda: _TorchDistances("manhattan"),
        "euclidean distances": lambda: _TorchDistances("euclidean"),
    }.get(job)
    return None if made is None else made()
