"""Images and their objects: lists of images of different numbers of objects, padded to arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.metrics.detection._run_lengths import are_binary, as_runs, overlap_of_runs

PADDING = -1  # the label where there is no object
Image = Mapping[str, Any]
_OPTIONAL = ("iscrowd", "area")
# The keys of the objects of images for each kind of overlap, with its region second.
KEYS = {
    "bbox": ("labels", "boxes", "iscrowd", "area", "scores"),
    "segm": ("labels", "masks", "iscrowd", "area", "scores"),
    "keypoints": ("labels", "keypoints", "boxes", "iscrowd", "area", "scores"),
}
# The shapes of the values of one object, where no image has any.
_SHAPES: dict[str, tuple[int, ...]] = {
    "labels": (),
    "scores": (),
    "iscrowd": (),
    "area": (),
    "boxes": (4,),
    "masks": (1, 1),
    "keypoints": (1, 3),
}
# The names of their axes, for errors.
_AXES = {
    "boxes": ("4",),
    "masks": ("height", "width"),
    "keypoints": ("keypoints", "3"),
}


def are_images(target: Any, preds: Any) -> bool:
    """Whether target and predictions are sequences of images, which are to be padded.

    Raises:
        TypeError: If an image is not a dict.
        ValueError: If only one of them is, or their lengths differ.
    """
    given = [isinstance(images, Sequence) for images in (target, preds)]
    if any(given) and not (all(given) and len(target) == len(preds)):
        found = [
            f"{len(x)} images" if isinstance(x, Sequence) else "a dict" for x in (target, preds)
        ]
        raise ValueError(
            f"target and preds must both be lists of the same images, but got {found[0]} and "
            f"{found[1]}."
        )
    for name, images in (("target", target), ("preds", preds)) if all(given) else ():
        for index, image in enumerate(images):
            if not isinstance(image, Mapping):
                raise TypeError(
                    f"Each image of {name} must be a dict of arrays, but image {index} is a "
                    f"{type(image).__name__}."
                )
    return all(given)


def padded_inputs(inputs: dict[str, Any], iou_type: str | Sequence[str]) -> dict[str, Any]:
    """Arguments of `update` with lists of images as padded arrays, for each type if several."""
    target, preds = inputs["target"], inputs["preds"]
    if not are_images(target, preds):
        return inputs
    if not isinstance(iou_type, str):
        each = {kind: padded_inputs(inputs, kind) for kind in iou_type}
        both = {name: {k: one[name] for k, one in each.items()} for name in ("target", "preds")}
        return inputs | both | _padded_weights(inputs, len(target))
    weights = _padded_weights(inputs, len(target))
    keys = list(KEYS[iou_type])
    if iou_type == "segm":
        target, preds = with_overlap(target, preds)
    true, predicted = padded(target, keys[:-1]), padded(preds, ["labels", *keys[1:2], "scores"])
    if preds and "overlap" in preds[0]:
        predicted |= padded(preds, ["labels", "area", "scores"])
        shape = (*predicted["labels"].shape, true["labels"].shape[1])
        predicted["overlap"] = padded_overlap(preds, shape)
    return inputs | {"target": true, "preds": predicted} | weights


def padded(images: Sequence[Image], keys: Sequence[str]) -> dict[str, Any]:
    """The values of images under some keys as arrays `[images, objects, ...]`.

    Both sizes are rounded up to a power of two, so that few programs are compiled; the label of the
    padding is -1.

    Args:
        images: For each image arrays `[objects, ...]` by key.
        keys: The keys to read; those that no image has are left out.

    Raises:
        ValueError: If an image has a different number of objects under two keys, or lacks a key
            that others have, other than `iscrowd` and `area`; or if objects have other shapes in
            one image than in others, except for masks.
    """
    keys = [key for key in keys if not images or any(key in image for image in images)]
    images = [_with_defaults(index, image, keys) for index, image in enumerate(images)]
    objects = max((len(image["labels"]) for image in images), default=0)
    shape = (_rounded_up(len(images)), _rounded_up(objects))
    return {key: _stacked(key, [image[key] for image in images], shape) for key in keys}


def _padded_weights(inputs: Mapping[str, Any], images: int) -> dict[str, Any]:
    """Weights, mask and groups of images by name, padded like the images.

    Args:
        inputs: Arguments by name. Without a `mask` there is one, which excludes the padding.
        images: The number of images.

    Raises:
        ValueError: If there is not one value for each image, nor a single number.
    """

    def one(name: str, given: Any) -> Any:
        if given is None or np.shape(given) == ():
            return given
        if np.shape(given) != (images,):
            raise ValueError(
                f"{name} must have one value for each of the {images} images, but its shape is "
                f"{list(np.shape(given))}."
            )
        library: Any = jnp if isinstance(given, Tracer) else np
        return library.pad(library.asarray(given), (0, _rounded_up(images) - images))

    mask = np.ones(images, bool) if inputs.get("mask") is None else inputs["mask"]
    each = {"mask": mask} | {n: inputs[n] for n in ("sample_weight", "groups") if n in inputs}
    return {name: one(name, given) for name, given in each.items()}


def with_overlap(target: Sequence[Image], preds: Sequence[Image]) -> tuple[list[Any], list[Any]]:
    """Images with the areas and the overlap of their masks in place of the masks.

    The overlap is found from runs, on the host. Traced masks stay as they are. The area of a mask
    that is not binary is NaN.

    Raises:
        ValueError: If the masks of an image have different heights or widths.
    """
    target, preds = (
        [{**image, "masks": _as_masks(i, image.get("masks", ()))} for i, image in enumerate(images)]
        for images in (target, preds)
    )
    for index, both in enumerate(zip(target, preds, strict=True)):
        _check_sizes(index, *(_sizes(image["masks"]) for image in both))
    if any(isinstance(image["masks"], Tracer) for image in (*target, *preds)):
        return list(target), list(preds)
    with_areas: tuple[list[Any], list[Any]] = ([], [])
    for true, predicted in zip(target, preds, strict=True):
        runs = [as_runs(image["masks"]) for image in (true, predicted)]
        crowd = np.asarray(true.get("iscrowd", np.zeros(len(runs[0]))), bool)
        overlap = overlap_of_runs(runs[1], runs[0], crowd)
        for image, own, found in zip((true, predicted), runs, with_areas, strict=True):
            area = np.array([mask.area for mask in own], np.float32)
            if not isinstance(image["masks"], Sequence) and len(own):
                area[~are_binary(image["masks"])] = np.nan
            rest = {key: value for key, value in image.items() if key != "masks"}
            found.append({**rest, "area": area})
        if "area" in true:
            given, area = np.asarray(true["area"], np.float32), with_areas[0][-1]["area"]
            with_areas[0][-1]["area"] = np.where((given > 0) & ~np.isnan(area), given, area)
        with_areas[1][-1]["overlap"] = overlap
    return with_areas


def _as_masks(index: int, masks: Any) -> Any:
    """The masks of an image as `as_runs` takes them: one array, or a sequence of encodings."""
    if isinstance(masks, Sequence):
        encoded = [isinstance(mask, Mapping) for mask in masks]
        if all(encoded):
            return masks
        if any(encoded):
            raise ValueError(
                "The masks of an image must be either arrays or run-length encodings, but image "
                f"{index} has both."
            )
    return _as_array(index, "masks", masks)


def _sizes(masks: Any) -> set[tuple[int, ...]]:
    """The heights and widths of the masks of an image, as `as_runs` takes them."""
    if isinstance(masks, Sequence):
        return {tuple(map(int, mask["size"])) for mask in masks}
    shape = np.shape(masks)
    return {shape[1:]} if shape[0] else set()


def _check_sizes(index: int, true: set[tuple[int, ...]], predicted: set[tuple[int, ...]]) -> None:
    sizes = sorted(true | predicted)
    if len(sizes) > 1 or any(len(size) != 2 for size in sizes):
        raise ValueError(
            "All masks of an image, in target and preds, must be [objects, height, width] of one "
            f"height and width, but those of image {index} are of {sorted(true)} in target and "
            f"{sorted(predicted)} in preds. Resize them to the image."
        )


def padded_overlap(preds: Sequence[Image], shape: tuple[int, int, int]) -> np.ndarray:
    """The overlaps of the objects of images, padded to a shape."""
    result = np.zeros(shape, np.float32)
    for index, image in enumerate(preds):
        rows, columns = image["overlap"].shape
        result[index, :rows, :columns] = image["overlap"]
    return result


def _with_defaults(index: int, image: Image, keys: Sequence[str]) -> dict[str, Any]:
    """The values of an image as arrays, 0 under optional keys that it lacks."""
    missing = [key for key in ("labels", *keys) if key not in image and key not in _OPTIONAL]
    if missing:
        raise ValueError(
            f"Image {index} has no {missing[0]!r}; it has {', '.join(map(repr, image))}."
        )
    zeros = np.zeros(len(_as_array(index, "labels", image["labels"])), np.int32)
    values = {key: _as_array(index, key, image.get(key, zeros)) for key in keys}
    lengths = {key: len(value) for key, value in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"The arrays of an image must have one row for each object, but image {index} has "
            f"{', '.join(f'{n} {key}' for key, n in lengths.items())}."
        )
    return values


def _as_array(index: int, key: str, value: Any) -> Any:
    """An array, or a list with a value for each object, as one array `[objects, ...]`."""
    traced = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value))
    try:
        array = (jnp if traced else np).asarray(value)
    except (TypeError, ValueError):
        array = None
    if array is None or array.ndim == 0 or array.dtype == object:
        row = "".join(f", {axis}" for axis in _AXES.get(key, ()))
        one = array is not None and array.ndim == 0 and array.dtype != object
        found = "a single number" if one else "objects of different shapes"
        raise ValueError(
            f"{key} of image {index} must be one array [objects{row}], or a list with a value of "
            f"one shape for each object, but got {found}."
        )
    return array


def _rounded_up(size: int) -> int:
    return max(4, 1 << max(size - 1, 0).bit_length())


def _stacked(key: str, values: Sequence[Any], shape: tuple[int, int]) -> Any:
    """The values of all images, padded to `[images, objects, ...]`."""
    library: Any = jnp if any(isinstance(value, Tracer) for value in values) else np
    arrays = [library.asarray(value) for value in values]
    filled = [array for array in arrays if array.size]
    if not filled:
        dtype = np.int32 if key in ("labels", "iscrowd") else np.float32
        return np.full((*shape, *_SHAPES[key]), PADDING if key == "labels" else 0, dtype)
    if key != "masks":
        _check_rows(key, arrays)
    row = tuple(np.max([array.shape[1:] for array in filled], axis=0).tolist())
    fill = PADDING if key == "labels" else 0
    if library is np:
        result = np.full((*shape, *row), fill, np.result_type(*filled))
        for index, array in enumerate(arrays):
            if array.size:
                result[(index, *(slice(0, n) for n in array.shape))] = array
        return result
    rows = [a.reshape(0, *row) if not a.size else a for a in arrays]
    rows += [rows[0][:0]] * (shape[0] - len(rows))
    target = (shape[1], *row)
    widths = [[(0, t - n) for t, n in zip(target, a.shape, strict=True)] for a in rows]
    return jnp.stack(
        [jnp.pad(a, w, constant_values=fill) for a, w in zip(rows, widths, strict=True)]
    )


def _check_rows(key: str, arrays: Sequence[Any]) -> None:
    """Checks that objects have the same shape in all images that have any."""
    shapes = {i: array.shape[1:] for i, array in enumerate(arrays) if array.size}
    first = next(iter(shapes))
    for index, shape in shapes.items():
        if shape != shapes[first]:
            raise ValueError(
                f"{key} must have one shape for each object in all images, but it is "
                f"{list(shapes[first])} in image {first} and {list(shape)} in image {index}."
            )
