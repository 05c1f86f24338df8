"""Run-length encoded masks, as in COCO, and their overlap, without drawing them.

A mask is read along its columns. Its runs are where its pixels turn from 0 to 1 and back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np


def are_binary(masks: Any) -> Any:
    """Whether masks `[..., height, width]` hold only 0 and 1, booleans `[...]`.

    Integers may have any number but 0 for the pixels of the mask, such as 255.
    """
    if not jnp.issubdtype(masks.dtype, jnp.floating):
        return np.ones(masks.shape[:-2], bool)
    return ((masks == 0) | (masks == 1)).all((-2, -1))


class Runs(NamedTuple):
    """A mask as the positions where it changes.

    Attributes:
        bounds: The positions at which runs of ones begin and end, alternating, `[2 * runs]`.
        area: The number of ones.
    """

    bounds: np.ndarray
    area: int


def as_runs(masks: Any) -> list[Runs]:
    """The runs of masks.

    Args:
        masks: An array `[n, height, width]` of 0 and 1, or a sequence of run-length encodings of
            COCO, `{"size": [height, width], "counts": ...}`, with counts as a list of numbers or
            compressed to bytes or a string.

    Raises:
        ValueError: If an encoding does not have the number of pixels of its size.
    """
    if isinstance(masks, Sequence):
        return [_runs_of_encoding(mask) for mask in masks]
    masks = np.asarray(masks, bool)
    return [_runs_of_pixels(mask.T.ravel()) for mask in masks]


def overlap_of_runs(preds: Sequence[Runs], target: Sequence[Runs], crowd: np.ndarray) -> np.ndarray:
    """The intersection over union of each prediction and target, `[preds, target]`.

    Args:
        preds: The predicted masks of an image.
        target: Its true masks.
        crowd: Which of them are crowds, whose intersection is divided by the predicted area alone.
    """
    overlap = np.zeros((len(preds), len(target)), np.float32)
    if not preds or not target:
        return overlap
    bounds = np.concatenate([mask.bounds for mask in preds])
    of_mask = np.repeat(np.arange(len(preds)), [len(mask.bounds) for mask in preds])
    signs = np.tile([-1, 1], len(bounds) // 2)
    area = np.array([mask.area for mask in preds])
    for index, mask in enumerate(target):
        # The number of ones before each position is linear between the bounds.
        lengths = np.diff(mask.bounds, prepend=0)
        ones = np.cumsum(np.where(np.arange(len(lengths)) % 2, lengths, 0))
        before = np.interp(bounds, mask.bounds, ones) if len(ones) else np.zeros(len(bounds))
        common = np.bincount(of_mask, before * signs, len(preds))
        union = area if crowd[index] else area + mask.area - common
        overlap[:, index] = common / np.maximum(union, 1)
    return overlap


def _runs_of_pixels(pixels: np.ndarray) -> Runs:
    bounds = np.flatnonzero(np.diff(pixels, prepend=False, append=False))
    return Runs(bounds, int(pixels.sum()))


def _runs_of_encoding(encoding: Mapping[str, Any]) -> Runs:
    counts = encoding["counts"]
    if isinstance(counts, str | bytes):
        counts = _decompressed(counts.encode() if isinstance(counts, str) else counts)
    counts = np.asarray(counts, np.int64)
    height, width = encoding["size"]
    if counts.sum() != height * width:
        raise ValueError(
            f"The counts of a run-length encoding must add up to the pixels of its size, "
            f"{height} * {width}, but their sum is {counts.sum()}."
        )
    bounds = np.cumsum(counts)
    # The first run is one of zeros, and ones that reach the end have no bound after them.
    bounds = bounds[: len(bounds) // 2 * 2]
    return Runs(bounds, int(counts[1::2].sum()))


def _decompressed(text: bytes) -> list[int]:
    """The counts of a compressed encoding.

    Each number is written in groups of five bits, the lowest first, with a sign; from the fourth
    number on, it is the difference to the number two before it.
    """
    counts: list[int] = []
    number = shift = 0
    for byte in text:
        group = byte - 48
        number |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:  # negative
            number -= 1 << shift
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    return counts
