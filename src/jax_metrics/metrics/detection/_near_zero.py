"""Objects of images whose coordinates in float64 are moved towards zero, on the host."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_metrics.losses.detection import moved, on_host, origin_of


def images_near_zero(target: Any, preds: Any, box_format: str) -> tuple[Any, Any]:
    """Images with coordinates relative to a corner of their boxes, if float32 could round them.

    Args:
        target: A dict of arrays `[images, objects, ...]`, or one for each kind of overlap.
        preds: Likewise.
        box_format: See `as_corners`.
    """
    if not (isinstance(target, Mapping) and isinstance(preds, Mapping)):
        return target, preds
    if "labels" not in target:
        each = {k: images_near_zero(target[k], preds.get(k), box_format) for k in target}
        return {k: one for k, (one, _) in each.items()}, {k: one for k, (_, one) in each.items()}
    both = (target, preds)
    keys = ("boxes", "keypoints")
    places = [(index, key) for index, one in enumerate(both) for key in keys if key in one]
    labels = [np.shape(one.get("labels", ())) for one in both]
    if labels[0][:1] != labels[1][:1]:
        return target, preds  # an error follows
    if not all(_fits(key, np.shape(both[i][key]), labels[i]) for i, key in places):
        return target, preds  # an error follows
    arrays = on_host(*(both[i][key] for i, key in places), *(one["labels"] for one in both))
    if arrays is None:
        return target, preds
    exists = [label >= 0 for label in arrays[-2:]]
    lowest = [
        np.where(exists[i][..., None], array[..., :2], np.inf).min(1, initial=np.inf)
        for (i, key), array in zip(places, arrays, strict=False)
        if key == "boxes"
    ]
    # Of predictions only where there is no target, whose place is that for any predictions.
    origin = origin_of(np.where(np.isposinf(lowest[0]), lowest[-1], lowest[0]))[:, None]
    result = [dict(one) for one in both]
    for (i, key), array in zip(places, arrays, strict=False):
        if key == "boxes":
            result[i][key] = moved(array, origin, box_format)
        else:
            position = array[..., :2] - origin[..., None, :]
            result[i][key] = np.concatenate([position, array[..., 2:]], axis=-1)
    return result[0], result[1]


def _fits(key: str, shape: tuple[int, ...], labels: tuple[int, ...]) -> bool:
    """Whether coordinates have the shape of their labels, and the axes that their key needs."""
    axes, last = (3, (4,)) if key == "boxes" else (4, (2, 3))
    return len(labels) == 2 and shape[:2] == labels and len(shape) == axes and shape[-1] in last
