"""Metrics of images and texts, faces, and sets of points."""

import numpy as np
from networks import vectors_of
from scipy.spatial import procrustes

from jax_metrics.metrics import (
    CLIPImageQualityAssessment,
    CLIPScore,
    LipVertexError,
    ProcrustesDisparity,
)

rng = np.random.default_rng(0)
EMBEDDINGS = {"source": rng.normal(size=(8, 5)) + 1, "target": rng.normal(size=(8, 5)) + 1}
IMAGES = {"images": rng.normal(size=(8, 4))}
FRAMES = {"target": rng.normal(size=(8, 6, 3)), "preds": rng.normal(size=(8, 6, 3))}


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def score(source, target, sample_weight=None):
    values = 100 * (unit(source) * unit(target)).sum(-1)
    return np.average(values, weights=sample_weight)


def assessment(images, sample_weight=None):
    values = {}
    for name, texts in {
        "quality": ["Good photo.", "Bad photo."],
        "user_defined_0": ["A cat.", "A dog."],
    }.items():
        powers = np.exp(100 * unit(images) @ unit(vectors_of(texts)).T)
        values[name] = np.average(powers[:, 0] / powers.sum(-1), weights=sample_weight)
    return values


def lip_error(target, preds, sample_weight=None):
    squares = ((target - preds)[:, [0, 3]] ** 2).sum(-1)
    return np.average(squares.max(1), weights=sample_weight)


def disparity(target, preds, sample_weight=None):
    values = [procrustes(t, p)[2] for t, p in zip(target, preds, strict=True)]
    return np.average(values, weights=sample_weight)


def case(metric, arguments, reference, bad=()):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        "sharded": False,
    }


CASES = [
    case(
        CLIPScore(),
        EMBEDDINGS,
        score,
        [
            ({"target": np.ones((8, 4))}, ValueError, "must have one shape"),
            ({"source": np.ones(8)}, ValueError, "must be [batch, n]"),
        ],
    ),
    case(
        CLIPImageQualityAssessment(
            text_encoder=vectors_of, prompts=("quality", ("A cat.", "A dog."))
        ),
        IMAGES,
        assessment,
        [({"images": np.ones((8, 5))}, ValueError, "have 5 numbers, but those of texts 4")],
    ),
    case(
        LipVertexError(mouth_map=[0, 3]),
        FRAMES,
        lip_error,
        [({name: np.ones((8, 3, 3)) for name in FRAMES}, ValueError, "with 4 vertices or more")],
    ),
    case(
        ProcrustesDisparity(),
        FRAMES,
        disparity,
        [({name: np.ones((8, 6)) for name in FRAMES}, ValueError, "must be [batch, points, n]")],
    ),
]

# These are weighted means, like many that the quick run checks.
SIBLINGS = {type(one["metric"]) for one in CASES}
