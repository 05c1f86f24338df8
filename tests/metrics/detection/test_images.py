"""Images as lists: padding, keys, and what is told of mistakes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics.detection._images import padded, with_overlap
from jax_metrics.metrics.detection._run_lengths import are_binary

rng = np.random.default_rng(0)


def boxes(n):
    corner = rng.integers(0, 20, (n, 2)).astype(np.float32)
    return np.concatenate([corner, corner + rng.integers(4, 20, (n, 2))], -1)


COUNTS = [3, 0, 2, 1, 4]
TARGET = [{"boxes": boxes(n), "labels": rng.integers(0, 2, n)} for n in COUNTS]
PREDS = [
    {
        "boxes": np.concatenate([image["boxes"] + 1, boxes(2)]),
        "labels": np.concatenate([image["labels"], [0, 1]]),
        "scores": rng.random(len(image["labels"]) + 2).astype(np.float32),
    }
    for image in TARGET
]
OPTIONS = {"num_classes": 2, "iou_thresholds": (0.5,), "area_ranges": {"all": (0, 1e10)}}


def as_arrays(images, keys):
    """Padding of another size than that of lists."""
    most = max(len(image["labels"]) for image in images) + 3

    def pad(key, x):
        rest = np.full((most - len(x), *x.shape[1:]), -1 if key == "labels" else 7)
        return np.concatenate([x, rest])

    return {key: np.stack([pad(key, image[key]) for image in images]) for key in keys}


@pytest.mark.slow
def test_lists_and_arrays_have_one_value():
    target = as_arrays(TARGET, ["labels", "boxes"])
    preds = as_arrays(PREDS, ["labels", "boxes", "scores"])
    metric = jm.metrics.MeanAveragePrecision(capacity=64, **OPTIONS)
    value = metric(target=TARGET, preds=PREDS)
    assert 0 < value["map"] < 1
    found = jm.metrics.mean_average_precision(target, preds, **OPTIONS)
    assert {k: float(v) for k, v in value.items()} == pytest.approx(
        {k: float(v) for k, v in found.items()}, nan_ok=True
    )
    mean = jm.metrics.IntersectionOverUnion()
    expected = mean(target=target, preds=preds)
    np.testing.assert_allclose(mean(target=TARGET, preds=PREDS), expected, rtol=1e-6)


@pytest.mark.slow
def test_a_mask_leaves_images_out():
    mask = np.array([True, False, True, False, True])
    kept = [[images[i] for i in np.flatnonzero(mask)] for images in (TARGET, PREDS)]
    for metric in (
        jm.metrics.MeanAveragePrecision(capacity=64, **OPTIONS),
        jm.metrics.IntersectionOverUnion(),
    ):
        found = metric(target=TARGET, preds=PREDS, mask=mask)
        expected = metric(target=kept[0], preds=kept[1])
        assert jm.equal(found, expected)


@pytest.mark.slow
def test_lists_in_a_collection():
    metrics = jm.Metrics(
        {
            "map": jm.metrics.MeanAveragePrecision(capacity=64, **OPTIONS),
            "iou": jm.metrics.IntersectionOverUnion(),
        }
    )
    value = metrics(target=TARGET, preds=PREDS)
    alone = jm.metrics.mean_average_precision(TARGET, PREDS, **OPTIONS)
    np.testing.assert_allclose(value["map/map"], alone["map"], rtol=1e-6)


@pytest.mark.slow
def test_more_detections_than_the_capacity_have_no_value():
    metric = jm.metrics.MeanAveragePrecision(capacity=4, **OPTIONS)
    assert np.isnan(metric(target=TARGET, preds=PREDS)["map"])


def test_padding_is_rounded_up():
    found = padded(TARGET, ["labels", "boxes", "iscrowd"])
    assert {key: value.shape for key, value in found.items()} == {
        "labels": (8, 4),
        "boxes": (8, 4, 4),
    }
    assert (found["labels"][1] == -1).all()
    nothing = padded([{"labels": np.zeros(0, int), "boxes": np.zeros((0, 4))}], ["labels", "boxes"])
    assert nothing["boxes"].shape == (4, 4, 4)


def without(images, key):
    return [{k: v for k, v in image.items() if k != key} for image in images]


@pytest.mark.parametrize(
    ("target", "preds", "message"),
    [
        (TARGET, PREDS[:2], "lists of the same images, but got 5 images and 2 images"),
        (TARGET, {"labels": jnp.zeros((5, 2))}, "but got 5 images and a dict"),
        ([TARGET[0], {"boxes": boxes(1)}], PREDS[:2], "Image 1 has no 'labels'; it has 'boxes'"),
        ([{**TARGET[0], "boxes": boxes(9)}], PREDS[:1], "but image 0 has 3 labels, 9 boxes"),
        (TARGET, without(PREDS, "scores"), "preds needs 'scores'; it has 'boxes', 'labels'"),
        (
            padded(TARGET, ["labels", "boxes"]),
            padded(PREDS[:3], ["labels", "boxes", "scores"]),
            "must have the same number of images, but have 8 and 4",
        ),
    ],
)
def test_mistakes_of_images(target, preds, message):
    metric = jm.metrics.MeanAveragePrecision(num_classes=2, capacity=8)
    with pytest.raises(ValueError, match=message):
        metric.update(target=target, preds=preds)


def with_masks(height, width, n=1):
    labels = np.zeros(n, int)
    masks = np.zeros((n, height, width), bool)
    masks[..., : width // 10] = True
    return {"masks": masks, "labels": labels, "scores": np.ones(n, np.float32)}


def encoded(image):
    size = image["masks"].shape[1:]
    mask = {"size": size, "counts": [0, size[0] * size[1]]}
    return image | {"masks": [mask] * len(image["labels"])}


@pytest.mark.parametrize("change", [lambda image: image, encoded])
@pytest.mark.parametrize(
    ("target", "preds"),
    [
        ([(10, 20), (20, 40)], [(10, 20), (20, 10)]),
        ([(10, 20), (20, 40)], [(10, 20), (10, 80)]),
    ],
)
def test_masks_of_different_sizes(target, preds, change):
    target, preds = ([change(with_masks(*size)) for size in sizes] for sizes in (target, preds))
    message = r"those of image 1 are of \[\(20, 40\)\] in target and \[\([12]0, [18]0\)\] in preds"
    metric = jm.metrics.MeanAveragePrecision(num_classes=1, capacity=8, iou_type="segm")
    with pytest.raises(ValueError, match=message):
        metric.update(target=target, preds=preds)
    with pytest.raises(ValueError, match="of image 0 are of"):
        metric.update(target=target[1:], preds=preds[:1])


@pytest.mark.slow
def test_images_of_different_sizes_and_no_masks():
    sizes = [(10, 20), (20, 40), (5, 5, 0)]
    target = [with_masks(*size) for size in sizes]
    preds = [*target[:2], with_masks(1, 1, 0)]
    metric = jm.metrics.MeanAveragePrecision(num_classes=1, capacity=8, iou_type="segm")
    assert metric(target=target, preds=preds)["map"] == 1


@pytest.mark.parametrize("key", ["keypoints", "boxes"])
def test_objects_of_different_shapes(key):
    values = {"keypoints": np.ones((1, 17, 3)), "boxes": np.ones((1, 4))}
    images = [{"labels": [0], key: values[key][:, :n]} for n in (4, 3)]
    with pytest.raises(ValueError, match=f"{key} must have one shape .*image 0 and .* in image 1"):
        padded(images, ["labels", key])


MASKS = [np.tri(4, dtype=bool), np.eye(4, dtype=bool)]
BOX = [0.0, 0, 8, 8]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("iou_type", "values"),
    [
        ("segm", MASKS),
        ("segm", [mask.tolist() for mask in MASKS]),
        ("segm", [jnp.asarray(mask) for mask in MASKS]),
        ("bbox", [BOX, BOX]),
        ("bbox", [np.array(BOX), np.array(BOX)]),
    ],
)
def test_objects_as_lists(iou_type, values):
    key = {"segm": "masks", "bbox": "boxes"}[iou_type]
    image = {key: values, "labels": [np.int32(0), 1], "scores": [0.5, np.float32(0.25)]}
    metric = jm.metrics.MeanAveragePrecision(num_classes=2, capacity=8, iou_type=iou_type)
    assert metric(target=[image], preds=[image])["map"] == 1


@pytest.mark.slow
def test_lists_of_traced_objects():
    @jax.jit
    def of_masks(mask, score):
        image = {"masks": [mask, mask], "labels": [0, 1], "scores": [score, 1.0]}
        return jm.metrics.mean_average_precision([image], [image], num_classes=2, iou_type="segm")

    assert of_masks(MASKS[0], 0.5)["map"] == 1

    @jax.jit
    def of_boxes(box, label):
        image = {"boxes": [box, box + 1], "labels": [label, 1]}
        return jm.metrics.IntersectionOverUnion()(target=[image], preds=[image])

    assert of_boxes(jnp.array(BOX), 0) == 1


@pytest.mark.parametrize(
    ("iou_type", "change", "message"),
    [
        ("bbox", {"boxes": [BOX, BOX[:3]]}, r"boxes of image 0 must be one array \[objects, 4\]"),
        ("bbox", {"labels": 0}, r"labels of image 0 must be one array \[objects\].* single number"),
        ("bbox", {"scores": [[0.5], 0.5]}, "scores of image 0 .* objects of different shapes"),
        ("segm", {"masks": [MASKS[0], MASKS[1][:2]]}, r"\[objects, height, width\].* of different"),
        ("segm", {"masks": [MASKS[0], {"size": (4, 4), "counts": [0, 16]}]}, "image 0 has both"),
    ],
)
def test_mistakes_of_lists(iou_type, change, message):
    good = {"boxes": [BOX, BOX], "masks": MASKS, "labels": [0, 1], "scores": [0.5, 0.5]}
    metric = jm.metrics.MeanAveragePrecision(num_classes=2, capacity=8, iou_type=iou_type)
    with pytest.raises(ValueError, match=message):
        metric.update(target=[good], preds=[good | change])


def test_images_must_be_dicts():
    with pytest.raises(TypeError, match="Each image of preds must be a dict .* image 1 is a"):
        jm.metrics.IntersectionOverUnion().update(target=TARGET[:2], preds=[PREDS[0], [BOX]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "num_classes must be at least 1, but is 0"),
        ({"iou_type": "mask"}, "iou_type must be one of 'bbox', 'segm', 'keypoints'"),
        ({"iou_type": ("bbox", "mask")}, "iou_type must be one of 'bbox', 'segm', 'keypoints'"),
        ({"iou_type": ("bbox", "bbox")}, "iou_type must be different kinds of overlap, but is"),
        ({"average": "weighted"}, "average must be one of 'macro', 'micro'"),
        ({"box_format": "yxyx"}, "box_format must be one of"),
        ({"average": "micro", "class_metrics": True}, 'average must be "macro"'),
        ({"iou_thresholds": [0.5, 1.5]}, "iou_thresholds must be numbers from 0 to 1"),
        ({"rec_thresholds": [0.5, 0.1]}, "rec_thresholds must increase"),
        ({"max_detection_thresholds": [10, 1]}, "max_detection_thresholds must increase"),
        ({"max_detection_thresholds": [0]}, "max_detection_thresholds must be positive"),
        ({"max_detection_thresholds": []}, "max_detection_thresholds must be positive"),
        ({"area_ranges": {"all": (2, 1)}}, "area_ranges must be the lowest and the highest"),
        ({"capacity": 0}, "capacity of at least 1"),
    ],
)
def test_mistakes_of_options(options, message):
    with pytest.raises(ValueError, match=message):
        jm.metrics.MeanAveragePrecision(**{"num_classes": 2, "capacity": 8, **options})
    with pytest.raises(ValueError, match="num_classes must be at least 1, but is -1"):
        jm.metrics.IntersectionOverUnion(num_classes=-1)
    with pytest.raises(ValueError, match="class_metrics need the number of classes"):
        jm.metrics.IntersectionOverUnion(class_metrics=True)


BOX, ONES = [0.0, 0, 2, 2], np.ones((4, 4))
NOT_BOXES = [[np.nan, 0, 2, 2], [0, 0, np.inf, 2], [2, 0, 0, 2], [0, 2, 2, 0]]


@pytest.mark.parametrize("box", NOT_BOXES)
@pytest.mark.parametrize("name", ["target", "preds"])
def test_boxes_that_are_none(name, box):
    images = {
        other: {"boxes": np.float32([[BOX, BOX]]), "labels": np.array([[1, 1]])}
        for other in ("target", "preds")
    }
    metric = jm.metrics.IntersectionOverUnion()
    images[name]["boxes"][0, 1] = box
    with pytest.raises(ValueError, match=f"boxes of {name} must be finite .* box_format='xyxy'"):
        metric.update(**images)
    assert np.isnan(jax.jit(lambda images: jm.metrics.IntersectionOverUnion()(**images))(images))
    images[name]["labels"][0, 1] = -1  # no object
    assert metric(**images) == 1
    images["target"]["boxes"][0], images["target"]["labels"][:] = [BOX, [1, 1, 1, 1]], 1
    images["preds"] = images["target"]
    assert metric(**images) == 0.25  # an empty box overlaps nothing


def test_an_argument_that_the_function_lacks():
    with pytest.raises(TypeError, match="mean_average_precision has no argument 'labels'"):
        jm.metrics.mean_average_precision(TARGET, PREDS, num_classes=2, labels=np.ones(5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("iou_type", "objects", "message"),
    [("bbox", {"boxes": [box]}, "boxes of target must be finite") for box in NOT_BOXES]
    + [
        ("segm", {"masks": ONES[None] / 2}, "masks of target must hold 0 and 1. Threshold"),
        ("segm", {"masks": ONES[None] * np.nan}, "masks of target must hold 0 and 1"),
        ("keypoints", {"keypoints": [[[np.nan, 1, 2]]]}, "keypoints of target must be finite"),
        ("keypoints", {"boxes": NOT_BOXES[:1]}, "boxes of target must be finite"),
    ],
)
@pytest.mark.parametrize("name", ["target", "preds"])
def test_regions_that_are_none(name, iou_type, objects, message):
    keypoints = np.float32([[[1, 1, 2]]])
    valid = {"boxes": np.float32([BOX]), "masks": np.float32(ONES[None]), "keypoints": keypoints}
    valid |= {"labels": np.array([0])}
    objects = {key: np.float32(value) for key, value in objects.items()}
    target, preds = valid, valid | {"scores": np.ones(1)}
    options = {"num_classes": 1, "iou_type": iou_type, "sigmas": [0.1], "capacity": 4}
    metric = jm.metrics.MeanAveragePrecision(**options)
    if name == "target":
        target = valid | objects
    elif objects.keys() == {"boxes"} and iou_type == "keypoints":
        return  # predictions need none
    else:
        preds = preds | objects
    with pytest.raises(ValueError, match=message.replace("target", name)):
        metric.update(target=[target], preds=[preds])
    images = {"target": [target, valid], "preds": [preds, valid | {"scores": np.ones(1)}]}
    assert metric(**images, mask=np.array([False, True]))["map"] == 1
    traced = jax.jit(lambda *images: jm.metrics.mean_average_precision(*images, **options)["map"])
    assert np.isnan(traced([target], [preds]))


def test_masks_are_binary():
    masks = np.stack([ONES, ONES * 0.5, ONES * np.nan, ONES * 0])
    for one in (masks, jnp.asarray(masks)):
        assert are_binary(one).tolist() == [True, False, False, True]
    assert are_binary(np.full((2, 4, 4), 255, np.uint8)).all()
    images = [{"masks": masks, "labels": np.zeros(4, int)}]
    (found,), _ = with_overlap(images, images)
    np.testing.assert_array_equal(found["area"], [16, np.nan, np.nan, 0])
