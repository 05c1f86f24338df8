"""Metrics of the features that networks make of images, with references in NumPy."""

import numpy as np
from image_cases import LAYOUT, averaged, case, of_images
from networks import encode, generate, maps_of, path_distance, regress
from scipy import linalg

from jax_metrics.metrics import (
    ARNIQA,
    DeepImageStructureAndTextureSimilarity,
    FeatureShare,
    FrechetInceptionDistance,
    InceptionScore,
    KernelInceptionDistance,
    LearnedPerceptualImagePatchSimilarity,
    MemorizationInformedFrechetInceptionDistance,
    PerceptualPathLength,
)

rng = np.random.default_rng(0)
TARGET = rng.uniform(0.1, 1, size=(8, 12, 10, 3)).astype(np.float32)
PREDS = np.clip(TARGET + 0.2 * rng.normal(size=TARGET.shape), 0.01, 1).astype(np.float32)
IMAGES = {"target": TARGET, "preds": PREDS}
FEATURES = {"images": rng.normal(size=(24, 4)) + 3, "real": np.arange(24) % 2 == 0}
PAIRS = {"latents": rng.normal(size=(8, 3)), "other_latents": rng.normal(size=(8, 3))}


def unit(x):
    return x / np.sqrt(1e-8 + (x**2).sum(-1, keepdims=True))


def lpips(target, preds):
    scaled = [
        (2 * x - 1 - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450] for x in (target, preds)
    ]
    maps = zip(*(maps_of(x) for x in scaled), strict=True)
    return sum(((unit(a) - unit(b)) ** 2).sum(-1).mean((1, 2)) for a, b in maps)


def dists(target, preds):
    total, channels = 0, 0
    for a, b in zip((target, *maps_of(target)), (preds, *maps_of(preds)), strict=True):
        ma, mb = a.mean((1, 2)), b.mean((1, 2))
        va, vb = a.var((1, 2)), b.var((1, 2))
        cov = (a * b).mean((1, 2)) - ma * mb
        texture = (2 * ma * mb + 1e-6) / (ma**2 + mb**2 + 1e-6)
        total = total + (texture + (2 * cov + 1e-6) / (va + vb + 1e-6)).sum(-1)
        channels += 2 * a.shape[-1]
    return 1 - total / channels


def frechet(images, real, sample_weight=None):
    weight = np.ones(len(images)) if sample_weight is None else sample_weight
    mean, cov = [], []
    for part in (real, ~real):
        mean.append(np.average(images[part], axis=0, weights=weight[part]))
        centred = images[part] - mean[-1]
        products = (centred * weight[part][:, None]).T @ centred
        cov.append(products / (weight[part].sum() - 1))
    root = linalg.sqrtm(cov[0] @ cov[1]).real
    return ((mean[0] - mean[1]) ** 2).sum() + np.trace(cov[0] + cov[1] - 2 * root)


def kernel_distance(images, real):
    x, y = images[real], images[~real]
    kernels = [(a @ b.T / 4 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = sum(k.sum() - np.trace(k) for k in kernels[:2]) / (len(x) * (len(x) - 1))
    return {"mean": within - 2 * kernels[2].mean(), "std": 0}


def memorization(images, real):
    x, y = (
        images[part] / np.linalg.norm(images[part], axis=1, keepdims=True) for part in (real, ~real)
    )
    return frechet(images, real) / (1 - abs(y @ x.T)).min(1).mean()


def inception(images, sample_weight=None):
    p = np.exp(images) / np.exp(images).sum(-1, keepdims=True)
    means = averaged(p, sample_weight)
    value = np.exp(averaged((p * np.log(p / means)).sum(-1), sample_weight))
    return {"mean": value, "std": np.nan}


def path_length(latents, other_latents):
    step = latents + 0.5 * (other_latents - latents)
    distances = 4 * path_distance(generate(latents), generate(step))
    return {"mean": distances.mean(), "std": distances.std(ddof=1)}


def arniqa(values, sample_weight=None):
    values = np.float64(values)
    whole = encode(values)
    half = encode(values)  # of an even size the mean of the half is nearly the same
    both = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (whole, half)]
    return averaged((np.concatenate(both, -1) @ np.arange(1.0, 5) - 1) / 99, sample_weight)


CASES = [
    case(
        FrechetInceptionDistance(num_features=4),
        FEATURES,
        frechet,
        [
            ({"images": np.zeros((24, 5))}, ValueError, "must be [batch, 4]"),
            ({"real": np.ones(24)}, TypeError, "an array of such booleans"),
            ({"real": np.ones(23, bool)}, ValueError, "one for each of 24 images"),
        ],
        sharded=True,
    ),
    case(
        KernelInceptionDistance(num_features=4, capacity=24, subset_size=12, subsets=2),
        FEATURES,
        kernel_distance,
    ),
    case(
        InceptionScore(num_features=4, splits=1),
        {"images": FEATURES["images"]},
        inception,
    ),
    case(
        MemorizationInformedFrechetInceptionDistance(
            num_features=4, capacity=24, cosine_distance_eps=0.9
        ),
        FEATURES,
        memorization,
    ),
    case(
        FeatureShare([FrechetInceptionDistance(num_features=4)], feature=abs),
        FEATURES,
        lambda images, real: {"frechet_inception_distance": frechet(abs(images), real)},
    ),
    case(
        LearnedPerceptualImagePatchSimilarity(feature=maps_of, normalize=True),
        IMAGES,
        of_images(lpips),
        [({"preds": IMAGES["preds"] + 1}, ValueError, "Images must have values from 0 to 1")],
    ),
    case(DeepImageStructureAndTextureSimilarity(feature=maps_of), IMAGES, of_images(dists), LAYOUT),
    case(
        PerceptualPathLength(
            generator=generate,
            distance=path_distance,
            capacity=16,
            epsilon=0.5,
            lower_discard=None,
            upper_discard=None,
        ),
        PAIRS,
        path_length,
    ),
    case(
        ARNIQA(encoder=encode, regressor=regress, normalize=False),
        {"values": np.full((8, 4, 4, 2), 0.5) * np.arange(1, 9)[:, None, None, None]},
        arniqa,
    ),
]

# These differ from another class in a formula, which the slow run compares with its reference, or
# have a test of their own in the quick run.
SIBLINGS = {type(one["metric"]) for one in CASES}
