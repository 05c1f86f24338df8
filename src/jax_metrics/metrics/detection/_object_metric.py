"""`ObjectMetric`: the base of metrics of the objects of images, as arrays or lists of images."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics.detection._images import padded_inputs
from jax_metrics.metrics.detection._near_zero import images_near_zero


class ObjectMetric(Metric):
    """The base of metrics of the objects of images; lists of images are padded on the host.

    Attributes:
        iou_type: What the overlap is computed from: boxes, unless the metric has an option for it.
        box_format: The format of the boxes; each metric has an option for it.
    """

    iou_type: Any = "bbox"
    box_format: Any = "xyxy"

    def _preparations(self) -> frozenset[Any]:
        return frozenset({(self.iou_type, self.box_format)})

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        inputs = padded_inputs(inputs, self.iou_type)
        target, preds = images_near_zero(inputs["target"], inputs["preds"], self.box_format)
        return inputs | {"target": target, "preds": preds}

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        target = inputs["target"]
        return len(target) if isinstance(target, Sequence) else None
