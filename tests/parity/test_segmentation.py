"""Metrics of regions against those of TorchMetrics and Keras, over grids of options."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N, C = 4, 3
LABELS = rng.integers(0, C, (2, N, 9, 9))
MASKS = rng.integers(0, 2, (2, N, 9, 9, C))


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def peer(torch):
    return pytest.importorskip("torchmetrics.functional.segmentation")


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs with another backend.")
    return keras


def inputs(torch, form):
    """Options and arguments of ours, and arguments and options of TorchMetrics."""
    if form == "labels":
        return (
            {"num_classes": C},
            LABELS,
            [torch.tensor(x) for x in LABELS[::-1].copy()],
            {"num_classes": C, "input_format": "index"},
        )
    tensors = [torch.tensor(x) for x in np.moveaxis(MASKS, -1, 2)[::-1].copy()]
    return {"num_labels": C}, MASKS, tensors, {"num_classes": C}


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("form", ["labels", "masks"])
@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
@pytest.mark.parametrize("level", ["samplewise", "global"])
@pytest.mark.parametrize("background", [True, False])
@pytest.mark.filterwarnings("ignore:dice_score metric")
def test_dice(torch, peer, form, average, level, background):
    ours, arrays, tensors, theirs = inputs(torch, form)
    options = {"average": average, "include_background": background, "aggregation_level": level}
    value = jm.dice_score(*arrays, **ours, **options)
    expected = peer.dice_score(*tensors, **theirs, **options)
    assert_close(value, expected.mean(0))


@pytest.mark.parametrize("form", ["labels", "masks"])
@pytest.mark.parametrize("weight_type", ["square", "simple", "linear"])
@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("background", [True, False])
def test_generalized_dice(torch, peer, form, weight_type, per_class, background):
    ours, arrays, tensors, theirs = inputs(torch, form)
    options = {
        "weight_type": weight_type,
        "per_class": per_class,
        "include_background": background,
    }
    value = jm.generalized_dice_score(*arrays, **ours, **options)
    assert_close(value, peer.generalized_dice_score(*tensors, **theirs, **options).mean(0))


@pytest.mark.parametrize("form", ["labels", "masks"])
@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("background", [True, False])
def test_mean_iou(torch, peer, form, per_class, background):
    ours, arrays, tensors, theirs = inputs(torch, form)
    value = jm.mean_iou(
        *arrays,
        **ours,
        include_background=background,
        aggregation_level="samplewise",
        average=None if per_class else "macro",
    )
    expected = peer.mean_iou(*tensors, **theirs, include_background=background, per_class=per_class)
    assert_close(value, expected.mean(0))


@pytest.mark.parametrize("metric", ["euclidean", "chessboard", "taxicab"])
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("spacing", [None, [1.0, 2.5]])
def test_hausdorff_distance(torch, peer, metric, directed, background, spacing):
    options = {
        "distance_metric": metric,
        "directed": directed,
        "include_background": background,
        "spacing": spacing,
    }
    for form in ("labels", "masks"):
        ours, arrays, tensors, theirs = inputs(torch, form)
        value = jm.hausdorff_distance(*arrays, **ours, **options)
        assert_close(value, peer.hausdorff_distance(*tensors, **theirs, **options).mean())


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
@pytest.mark.parametrize("ids", [(0,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("ignored", [None, 1])
def test_keras_iou(keras, ids, ignored):
    target, preds = LABELS
    metric = keras.metrics.IoU(C, list(ids), ignore_class=ignored)
    metric.update_state(target, preds)
    ours = jm.IoU(num_classes=C, target_class_ids=ids, ignore_index=ignored)
    assert_close(ours(target=target, preds=preds), metric.result())
    mean = keras.metrics.MeanIoU(C)
    mean.update_state(target, preds)
    assert_close(jm.mean_iou(target, preds, num_classes=C), mean.result())


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
def test_keras_one_hot_and_binary_iou(keras):
    target, preds = np.eye(C)[LABELS[0]], rng.random((N, 9, 9, C))
    metric = keras.metrics.OneHotIoU(C, [0, 2])
    metric.update_state(target, preds)
    ours = jm.OneHotIoU(num_classes=C, target_class_ids=[0, 2])
    assert_close(ours(target=target, preds=preds), metric.result())
    metric = keras.metrics.OneHotMeanIoU(C)
    metric.update_state(target, preds)
    assert_close(jm.OneHotMeanIoU(num_classes=C)(target=target, preds=preds), metric.result())
    for ids in ([0], [1], [0, 1]):
        metric = keras.metrics.BinaryIoU(ids, threshold=0.3)
        metric.update_state(MASKS[0], preds)
        ours = jm.BinaryIoU(target_class_ids=ids, threshold=0.3)
        assert_close(ours(target=MASKS[0], preds=preds), metric.result())
