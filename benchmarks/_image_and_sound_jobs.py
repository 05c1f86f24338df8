"""Jobs of the benchmark of metrics on images and sounds: SSIM, FID, and ratios of signals."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jax_metrics as jm

FEATURES = 256


def images_and_sounds(rng: np.random.Generator) -> dict[str, np.ndarray]:
    image = rng.uniform(size=(16, 128, 128, 3))
    features = rng.normal(size=(2, 1024, FEATURES))
    sound = rng.normal(size=(8, 2, 16000))
    arrays = {
        "image": image,
        "noisy image": np.clip(image + 0.1 * rng.normal(size=image.shape), 0, 1),
        "features": features[0],
        "generated features": 1.1 * features[1] + 0.2,
        "sound": sound,
        "noisy sound": sound + 0.3 * rng.normal(size=sound.shape),
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}


class Distance(jm.metrics.FrechetInceptionDistance):
    """The Fréchet distance of target and predictions, which are features."""

    def update(self, *, target: Any, preds: Any) -> Any:
        """Updates with features of real and of generated images."""
        super().update(images=target, real=True)
        super().update(images=preds, real=False)


def image_and_sound_jobs() -> dict[str, tuple[jm.Metric, Callable[..., Any], tuple[str, str]]]:
    metrics: Any = jm.metrics
    images, sounds = ("image", "noisy image"), ("sound", "noisy sound")
    return {
        "ssim": (
            metrics.StructuralSimilarityIndexMeasure(data_range=1.0),
            plain_ssim,
            images,
        ),
        "fid": (
            Distance(num_features=FEATURES),
            plain_frechet,
            ("features", "generated features"),
        ),
        "si-sdr": (metrics.ScaleInvariantSignalDistortionRatio(), plain_si_sdr, sounds),
        "sdr": (metrics.SignalDistortionRatio(), plain_sdr, sounds),
        "pit": (
            metrics.PermutationInvariantTraining(
                metric_func=metrics.ScaleInvariantSignalDistortionRatio()
            ),
            plain_pit,
            sounds,
        ),
    }


def plain_ssim(target: jax.Array, preds: jax.Array) -> jax.Array:
    size = 11
    place = jnp.arange(size) - size // 2
    one = jnp.exp(-((place / 1.5) ** 2) / 2)
    window = jnp.outer(one, one) / one.sum() ** 2
    kernel = jnp.broadcast_to(window[:, :, None, None], (size, size, 1, target.shape[-1]))
    edge = [(0, 0), (size // 2, size // 2), (size // 2, size // 2), (0, 0)]
    x, y = (jnp.pad(images, edge, mode="reflect") for images in (target, preds))
    mx, my, xx, yy, xy = (
        jax.lax.conv_general_dilated(
            images,
            kernel,
            (1, 1),
            "VALID",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=target.shape[-1],
        )
        for images in (x, y, x * x, y * y, x * y)
    )
    c1, c2 = 0.01**2, 0.03**2
    above = (2 * mx * my + c1) * (2 * (xy - mx * my) + c2)
    return (above / ((mx**2 + my**2 + c1) * (xx - mx**2 + yy - my**2 + c2))).mean()


def plain_frechet(target: jax.Array, preds: jax.Array) -> jax.Array:
    covariances = [jnp.cov(x, rowvar=False) for x in (target, preds)]
    values, vectors = jnp.linalg.eigh(covariances[0])
    root = vectors * jnp.sqrt(values.clip(0))
    cross = jnp.sqrt(jnp.linalg.eigvalsh(root.T @ covariances[1] @ root).clip(0)).sum()
    gap = target.mean(0) - preds.mean(0)
    return gap @ gap + jnp.trace(covariances[0] + covariances[1]) - 2 * cross


def plain_si_sdr(target: jax.Array, preds: jax.Array) -> jax.Array:
    return _si_sdr(target, preds).mean()


def _si_sdr(target: jax.Array, preds: jax.Array) -> jax.Array:
    scale = (target * preds).sum(-1) / (target**2).sum(-1)
    target = scale[..., None] * target
    return 10 * jnp.log10((target**2).sum(-1) / ((target - preds) ** 2).sum(-1))


def plain_sdr(target: jax.Array, preds: jax.Array) -> jax.Array:
    target, preds = (x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (target, preds))
    spectra = [jnp.fft.rfft(x, 2 * target.shape[-1]) for x in (target, preds)]
    own, cross = (jnp.fft.irfft(spectra[0].conj() * x)[..., :512] for x in spectra)
    lag = abs(jnp.arange(512)[:, None] - jnp.arange(512))
    explained = (cross * jnp.linalg.solve(own[..., lag], cross[..., None])[..., 0]).sum(-1)
    return (10 * jnp.log10(explained / (1 - explained))).mean()


def plain_pit(target: jax.Array, preds: jax.Array) -> jax.Array:
    orders = [_si_sdr(target, x).mean(-1) for x in (preds, preds[:, ::-1])]
    return jnp.maximum(*orders).mean()


def torchmetrics_of_images_and_sounds() -> dict[str, Callable[[], Any]]:
    import torch
    import torchmetrics.audio as ta
    import torchmetrics.functional.audio as functional
    import torchmetrics.image as ti
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Features(torch.nn.Module):
        num_features = FEATURES

        def forward(self, x: Any) -> Any:
            return x

    class Both(FrechetInceptionDistance):
        def update(self, preds: Any, target: Any) -> None:
            super().update(target, real=True)
            super().update(preds, real=False)

    return {
        "ssim": lambda: ti.StructuralSimilarityIndexMeasure(data_range=1.0),
        "fid": lambda: Both(Features()),
        "si-sdr": ta.ScaleInvariantSignalDistortionRatio,
        "sdr": ta.SignalDistortionRatio,
        "pit": lambda: ta.PermutationInvariantTraining(
            functional.scale_invariant_signal_distortion_ratio
        ),
    }
