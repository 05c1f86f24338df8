"""Bootstraps, comparisons and groups of metrics of images with objects."""

import jax
import numpy as np
import pytest

from jax_metrics.metrics import (
    BootStrapper,
    ByGroup,
    ConfidenceInterval,
    ConfusionMatrix,
    GeneralizedIntersectionOverUnion,
    IntersectionOverUnion,
    MeanAveragePrecision,
    Metrics,
    MinMax,
    Multitask,
    PairedComparison,
    PanopticQuality,
    Transformed,
)

rng = np.random.default_rng(0)
IMAGES = 11


def image(offset):
    corner = rng.uniform(0, 50, (rng.integers(1, 5), 2))
    boxes = np.concatenate([corner, corner + rng.uniform(10, 40, corner.shape)], 1) + offset
    return {"boxes": boxes, "labels": rng.integers(0, 2, len(boxes))}


def predicted(image, noise):
    boxes = image["boxes"] + rng.normal(0, noise, image["boxes"].shape)
    return {**image, "boxes": boxes, "scores": rng.random(len(boxes))}


TARGET = [image(0) for _ in range(IMAGES)]
PREDS, BASELINE = ([predicted(one, noise) for one in TARGET] for noise in (2, 6))


def precision():
    return MeanAveragePrecision(num_classes=2, capacity=80, iou_thresholds=[0.5, 0.75])


def repeated(images, number):
    return [one for one, times in zip(images, number, strict=True) for _ in range(times)]


def drawn(options):
    """How often each image is drawn for each sample."""
    index = np.arange(16)  # lists are padded to a power of two
    counts = BootStrapper(ConfusionMatrix(num_classes=16), **options)
    matrix = counts(target=index, preds=index, mask=index < IMAGES)["raw"]
    return np.diagonal(np.asarray(matrix), axis1=1, axis2=2)[:, :IMAGES].astype(int)


@pytest.mark.parametrize("make", [precision, IntersectionOverUnion])
@pytest.mark.parametrize("sampling", ["poisson", "multinomial"])
def test_samples_of_images_are_those_images_repeated(make, sampling):
    options = {"num_bootstraps": 4, "raw": True, "sampling": sampling, "key": 1}
    raw = BootStrapper(make(), **options)(target=TARGET, preds=PREDS)["raw"]
    for sample, number in enumerate(drawn(options)):
        if sampling == "multinomial":
            assert number.sum() == IMAGES
        part = {"target": repeated(TARGET, number), "preds": repeated(PREDS, number)}
        value = jax.tree.map(lambda x, i=sample: x[i], raw)
        expected = make()(**part)
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), value, expected)


def test_weights_of_images_of_lists_and_arrays():
    number = rng.integers(0, 3, IMAGES)
    for make in (precision, lambda: IntersectionOverUnion(num_classes=2, class_metrics=True)):
        value = make()(target=TARGET, preds=PREDS, sample_weight=number)
        expected = make()(target=repeated(TARGET, number), preds=repeated(PREDS, number))
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), value, expected)
    with pytest.raises(ValueError, match="sample_weight must hold whole numbers, 0 or more"):
        precision().update(target=TARGET, preds=PREDS, sample_weight=np.full(IMAGES, 0.5))
    # What an image of weight 0 holds is not checked.
    broken = [{**PREDS[0], "scores": PREDS[0]["scores"] * np.nan}, *PREDS[1:]]
    weight = np.arange(IMAGES) > 0
    value = precision()(target=TARGET, preds=broken, sample_weight=weight)
    assert value["map"] == precision()(target=TARGET[1:], preds=PREDS[1:])["map"]


@pytest.mark.slow
def test_detections_of_two_models_far_from_zero():
    offset = 2.0**28 + 0.375  # where float32 rounds boxes to multiples of 32
    moved = [
        [{**one, "boxes": one["boxes"] + offset} for one in images]
        for images in (TARGET, PREDS, BASELINE)
    ]
    values = []
    for target, preds, baseline in ((TARGET, PREDS, BASELINE), moved):
        comparison = PairedComparison(precision()["map"], num_samples=20)
        values.append(comparison(target=target, preds=preds, baseline=baseline))
    found = values[0]
    for name, images in (("model", PREDS), ("baseline", BASELINE)):
        assert found[name] == pytest.approx(float(precision()(target=TARGET, preds=images)["map"]))
    assert found["difference"] > 0.1 and found["lower"] > 0 and found["p_value"] < 0.1
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), *values)


def test_groups_and_intervals_of_images():
    groups = np.arange(IMAGES) % 2
    by_group = ByGroup(IntersectionOverUnion(), num_groups=2)
    values = by_group(target=TARGET, preds=PREDS, groups=groups)
    for group in (0, 1):
        part = {"target": TARGET[group::2], "preds": PREDS[group::2]}
        assert values[group] == pytest.approx(float(IntersectionOverUnion()(**part)))
    interval = ConfidenceInterval(IntersectionOverUnion(), num_bootstraps=50)
    value = interval(target=TARGET, preds=PREDS)
    assert value["lower"] < value["value"] < value["upper"]


@pytest.mark.slow
def test_the_interval_of_panoptic_quality():
    target = rng.integers(0, 2, (6, 8, 8, 2))
    preds = np.where(rng.random((6, 8, 8, 1)) < 0.1, 0, target)
    interval = ConfidenceInterval(PanopticQuality(things=[0], stuffs=[1]), num_bootstraps=20)
    value = interval(target=target, preds=preds)
    plain = PanopticQuality(things=[0], stuffs=[1])(target=target, preds=preds)
    assert value["value"] == pytest.approx(float(plain))
    assert value["lower"] < value["upper"]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda metric: Metrics({"map": metric}),
        lambda metric: metric["map"],
        lambda metric: BootStrapper(metric["map"], num_bootstraps=2),
        MinMax,
    ],
    ids=["collection", "expression", "bootstrap", "min and max"],
)
def test_wrapped_metrics_take_run_lengths(wrapped):
    bar = {"size": [4, 4], "counts": [4, 8, 4]}  # strings or numbers that no program takes
    target = [{"masks": [bar], "labels": [0]}]
    preds = [{"masks": [bar], "labels": [0], "scores": [0.5]}]
    metric = wrapped(MeanAveragePrecision(num_classes=1, capacity=4, iou_type="segm"))
    value = metric.update(target=target, preds=preds).compute()
    assert any(float(x) == 1 for x in jax.tree.leaves(value))


def test_collections_pad_images_to_few_shapes():
    traces = []

    class Counted(IntersectionOverUnion):
        def update(self, *, target, preds, sample_weight=None, mask=None):
            traces.append(target["boxes"].shape)
            given = {"sample_weight": sample_weight, "mask": mask}
            super().update(target=target, preds=preds, **given)

    both = Metrics({"iou": Counted(), "map": precision()})
    for number in (5, 6, 7, 8):
        both.update(target=TARGET[:number], preds=PREDS[:number])
    assert set(traces) == {(8, 4, 4)}


def in_other_format(images):
    boxes = [one["boxes"] for one in images]
    boxes = [np.concatenate([x[:, :2], x[:, 2:] - x[:, :2]], 1) for x in boxes]
    return [{**one, "boxes": x} for one, x in zip(images, boxes, strict=True)]


FAR = [
    [{**one, "boxes": one["boxes"] + 2.0**28 + 0.375} for one in images]
    for images in (TARGET, PREDS)
]
FAR_SIZES = [in_other_format(images) for images in FAR]


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (IntersectionOverUnion(on=("a", 0)), [{"a": [images]} for images in FAR]),
        (
            Metrics(
                [
                    IntersectionOverUnion(on="corners"),
                    GeneralizedIntersectionOverUnion(on="sizes", box_format="xywh"),
                ]
            ),
            [{"corners": x, "sizes": y} for x, y in zip(FAR, FAR_SIZES, strict=True)],
        ),
        (Metrics([ByGroup(IntersectionOverUnion(), num_groups=1)]), FAR),
        (
            Transformed(
                IntersectionOverUnion(box_format="xywh"),
                target=in_other_format,
                preds=in_other_format,
            ),
            FAR,
        ),
        (Multitask({"a": IntersectionOverUnion()}), [{"a": images} for images in FAR]),
    ],
    ids=["on", "formats", "nested", "transformed", "tasks"],
)
def test_lists_far_from_zero_reach_each_part_as_they_are(metric, arguments):
    groups = {"groups": np.zeros(IMAGES, int)} if "groups" in metric.signature.parameters else {}
    value = metric(target=arguments[0], preds=arguments[1], **groups)
    kinds = (IntersectionOverUnion, GeneralizedIntersectionOverUnion)
    found = [value] if hasattr(value, "shape") else list(value.values())
    for one, kind in zip(found, kinds, strict=False):
        np.testing.assert_allclose(one, kind()(target=TARGET, preds=PREDS), rtol=1e-5)


@pytest.mark.parametrize("name", ["truth", "target"])
def test_the_number_of_images_that_are_not_padded(name):
    part = ByGroup(IntersectionOverUnion().rename_arguments(target=name), num_groups=2)
    structured = ByGroup(IntersectionOverUnion(on="a"), num_groups=2)
    groups = np.arange(IMAGES) % 2
    expected = part(**{name: TARGET}, preds=PREDS, groups=groups)
    found = structured(target={"a": TARGET}, preds={"a": PREDS}, groups=groups)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    masked = BootStrapper(IntersectionOverUnion().index_into(mask="a"), num_bootstraps=1, raw=True)
    given = {"target": TARGET, "preds": PREDS}
    none, every = (
        masked.batch_updates(**given, mask=mask).compute()["raw"]
        for mask in (None, {"a": np.ones(IMAGES, bool)})
    )
    assert none == every
    mixed = Metrics([IntersectionOverUnion(), IntersectionOverUnion(box_format="xywh", name="b")])
    found = ByGroup(mixed, num_groups=2)(target=TARGET, preds=PREDS, groups=groups)
    np.testing.assert_allclose(found["intersection_over_union"], expected, rtol=1e-5)


def test_run_lengths_next_to_boxes():
    bar = {"size": [4, 4], "counts": [4, 8, 4]}
    target = [{"masks": [bar], "boxes": [[0, 0, 1, 1]], "labels": [0]}]
    preds = [{**target[0], "scores": [0.5]}]
    masks = MeanAveragePrecision(num_classes=1, capacity=8, iou_type="segm", iou_thresholds=[0.5])
    metric = Metrics({"masks": masks["map"], "boxes": IntersectionOverUnion()})
    assert metric(target=target, preds=preds) == {"masks": 1, "boxes": 1}


@pytest.mark.parametrize("name", ["sample_weight", "mask", "groups"])
def test_as_many_weights_as_images(name):
    metric = ByGroup(IntersectionOverUnion(), num_groups=1)
    given = {"groups": np.zeros(IMAGES, int), name: np.zeros(16, bool if name == "mask" else int)}
    with pytest.raises(ValueError, match=rf"{name} must have one value for each of the 11 images"):
        metric.update(target=TARGET, preds=PREDS, **given)


def test_a_baseline_that_does_not_fit():
    metric = PairedComparison(IntersectionOverUnion(), num_samples=1)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'baseline'"):
        metric.update(target=TARGET, preds=PREDS)
    with pytest.raises(ValueError, match="got 11 images and 3 images") as caught:
        metric.update(target=TARGET, preds=PREDS, baseline=BASELINE[:3])
    assert "This was with `baseline` as `preds`." in caught.value.__notes__
