"""The cost of metrics of segmentation and detection, here and in other libraries, in one run.

Each case updates with one batch of arrays of the library, computes the value, and waits for it. The
fastest of many calls is reported, without the reset before it. `jitted` is our update and compute
inside of one `jax.jit`; of mean average precision, with images that are padded already.
"""

import argparse
import contextlib
import importlib.util
import io
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from _measure import PYTORCH_PAUSE, Prepared, fastest_call, table

import jax_metrics as jm

CLASSES = 10
OBJECT_CLASSES = 80
DETECTIONS = 100
Arrays = dict[str, Any]


def _has(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def labels(samples: int, size: int, classes: int) -> Arrays:
    """Blocks of labels, and predictions of which a tenth is wrong."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, classes, (samples, size // 8, size // 8)).repeat(8, 1).repeat(8, 2)
    wrong = rng.random(target.shape) < 0.1
    return {"target": target, "preds": np.where(wrong, (target + 1) % classes, target)}


def segments(samples: int, size: int) -> Arrays:
    """Pixels with a category and an instance."""
    both = labels(samples, size, 4).values()
    instance = labels(samples, size, 6)["target"]
    target, preds = (np.stack([x, instance], -1) for x in both)
    return {"target": target, "preds": preds}


def images(count: int) -> dict[str, list[Arrays]]:
    """Images like those of COCO: about seven objects, and a hundred detections."""
    rng = np.random.default_rng(0)
    result: dict[str, list[Arrays]] = {"target": [], "preds": []}
    for _ in range(count):
        n = min(rng.poisson(7.3), 60)
        first = rng.uniform(0, 500, (DETECTIONS, 2))
        size = np.exp(rng.uniform(2, 5.5, (DETECTIONS, 2)))
        boxes = np.concatenate([first, first + size], -1)
        found = boxes + 0.05 * rng.normal(size=boxes.shape) * np.tile(size, 2)
        label = rng.integers(0, OBJECT_CLASSES, DETECTIONS)
        right = np.arange(DETECTIONS) < n
        score = np.where(right, rng.beta(3, 2, DETECTIONS), rng.beta(1, 4, DETECTIONS))
        result["target"].append({"boxes": boxes[:n].astype(np.float32), "labels": label[:n]})
        result["preds"].append(
            {
                "boxes": found.astype(np.float32),
                "labels": label,
                "scores": score.astype(np.float32),
            }
        )
    return result


def padded(objects: list[Arrays]) -> Arrays:
    """Images as arrays of one shape."""
    most = max(len(image["labels"]) for image in objects)
    fill = {"labels": -1, "boxes": 0, "scores": 0}
    return {
        key: np.stack(
            [
                np.pad(
                    image[key],
                    [(0, most - len(image[key]))] + [(0, 0)] * (image[key].ndim - 1),
                    constant_values=fill[key],
                )
                for image in objects
            ]
        )
        for key in objects[0]
    }


def jobs(scale: float) -> dict[str, tuple[jm.Metric, Any, Callable[[], Any] | None]]:
    """For each job: our metric, its arguments, and the metric of TorchMetrics."""
    metrics: Any = jm.metrics
    size = max(16, int(256 * scale) // 8 * 8)
    large, small = labels(8, size, CLASSES), labels(2, max(16, size // 4), 3)
    categories = {"things": (0, 1), "stuffs": (2, 3)}
    of_torch = {"num_classes": CLASSES, "input_format": "index"}
    return {
        "dice": (
            metrics.DiceScore(num_classes=CLASSES, aggregation_level="samplewise"),
            large,
            lambda: _segmentation().DiceScore(average="macro", **of_torch),
        ),
        "generalized dice": (
            metrics.GeneralizedDiceScore(num_classes=CLASSES),
            large,
            lambda: _segmentation().GeneralizedDiceScore(**of_torch),
        ),
        "mean iou": (
            metrics.MeanIoU(num_classes=CLASSES, aggregation_level="samplewise"),
            large,
            lambda: _segmentation().MeanIoU(**of_torch),
        ),
        "hausdorff": (
            metrics.HausdorffDistance(num_classes=3),
            small,
            lambda: _segmentation().HausdorffDistance(3, input_format="index"),
        ),
        "panoptic quality": (
            metrics.PanopticQuality(**categories),
            segments(2, size),
            lambda: _detection().PanopticQuality(**{k: set(v) for k, v in categories.items()}),
        ),
    }


def _segmentation() -> Any:
    import torchmetrics.segmentation

    return torchmetrics.segmentation


def _detection() -> Any:
    import torchmetrics.detection

    return torchmetrics.detection


def ours(metric: jm.Metric, batch: Any) -> Prepared:
    def case() -> Any:
        return jax.block_until_ready(metric.update(**batch).compute())

    return Prepared(case, lambda: jax.block_until_ready(metric.reset()))


def jitted(metric: jm.Metric, batch: Any) -> Prepared:
    empty, batch = metric.neutral(), jax.device_put(batch)
    program = jax.jit(lambda metric, **batch: jm.copy(metric).update(**batch).compute())
    return Prepared(lambda: jax.block_until_ready(program(empty, **batch)))


def region_cases(metric: jm.Metric, batch: Arrays, make: Any) -> dict[str, Prepared]:
    on_device = jax.device_put(batch)
    cases = {"jax_metrics": ours(metric, on_device), "jitted": jitted(metric, batch)}
    if _has("torchmetrics"):
        import torch

        target, preds = (torch.from_numpy(batch[name]) for name in ("target", "preds"))
        cases["torchmetrics"] = of_torch(make(), preds, target)
    return cases


def of_torch(metric: Any, preds: Any, target: Any) -> Prepared:
    def case() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            metric.update(preds, target)
            return metric.compute()

    return Prepared(case, metric.reset)


def precision_cases(batch: dict[str, list[Arrays]]) -> dict[str, Prepared]:
    capacity = DETECTIONS * len(batch["preds"])
    metric = jm.metrics.MeanAveragePrecision(num_classes=OBJECT_CLASSES, capacity=capacity)
    arrays = {name: padded(objects) for name, objects in batch.items()}
    cases = {"jax_metrics": ours(metric, batch), "jitted": jitted(metric, arrays)}
    if _has("pycocotools"):
        cases["pycocotools"] = Prepared(coco(batch))
    if _has("torchmetrics") and _has("torchvision"):
        import torch
        from torchmetrics.detection import MeanAveragePrecision
        from torchmetrics.detection._mean_ap import MeanAveragePrecision as OwnPrecision

        target, preds = (
            [{k: torch.from_numpy(v) for k, v in image.items()} for image in batch[name]]
            for name in ("target", "preds")
        )
        cases["torchmetrics"] = of_torch(MeanAveragePrecision(), preds, target)
        cases["torchmetrics, its own"] = of_torch(OwnPrecision(), preds, target)
    return cases


def coco(batch: dict[str, list[Arrays]]) -> Callable[[], Any]:
    """The evaluation of pycocotools, whose annotations are prepared already."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    found: dict[str, list[Arrays]] = {"target": [], "preds": []}
    for name, objects in batch.items():
        for index, image in enumerate(objects):
            boxes = image["boxes"].astype(float)
            boxes[:, 2:] -= boxes[:, :2]
            for j, box in enumerate(boxes):
                one = {"image_id": index, "category_id": int(image["labels"][j]), "iscrowd": 0}
                one |= {"id": len(found[name]) + 1, "bbox": box.tolist(), "area": box[2] * box[3]}
                one |= {"score": float(image["scores"][j])} if name == "preds" else {}
                found[name].append(one)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": index} for index in range(len(batch["target"]))],
            "annotations": found["target"],
            "categories": [{"id": label} for label in range(OBJECT_CLASSES)],
        }
        truth.createIndex()
        results = truth.loadRes(found["preds"])

    def case() -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(truth, results, "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return evaluation.stats

    return case


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 for images of 256 pixels")
    parser.add_argument("--images", type=int, default=100, help="images with detections")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--jobs", nargs="*", help="by default all")
    options = parser.parse_args()
    rows = {}
    for job, (metric, batch, make) in jobs(options.scale).items():
        if not options.jobs or job in options.jobs:
            cases = region_cases(metric, batch, make)
            rows[job] = fastest_call(cases, rounds=options.rounds, pause=PYTORCH_PAUSE)
    if not options.jobs or "map" in options.jobs:
        cases = precision_cases(images(options.images))
        if "pycocotools" in cases:
            found = float(cases["jax_metrics"].case()["map"])
            cases["jax_metrics"].prepare()
            np.testing.assert_allclose(found, cases["pycocotools"].case()[0], rtol=1e-5)
        rows["map"] = fastest_call(cases, rounds=options.rounds, pause=PYTORCH_PAUSE)
    table("Update and compute", rows, "jax_metrics")


if __name__ == "__main__":
    main()
