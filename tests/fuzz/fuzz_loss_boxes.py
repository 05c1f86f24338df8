"""Losses of boxes."""

import fuzz_draws as draws
import numpy as np
from fuzz_subject import ROWS, Generator, Subject, code_of_loss


def _ratio(a, b):
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def _corners(boxes, box_format):
    boxes = np.asarray(boxes, np.float64)
    first, second = boxes[..., :2], boxes[..., 2:]
    if box_format == "xywh":
        return first, first + second
    if box_format == "cxcywh":
        return first - second / 2, first + second / 2
    return first, second


def _boxes(name: str, kind: str):
    def make(rng: Generator) -> Subject:
        box_format = ("xyxy", "xywh", "cxcywh")[rng.integers(3)]
        dtype = draws.float_dtype(rng)

        def draw(rng: Generator):
            """Boxes with integer sides, some of them equal, apart, or empty."""
            first = rng.integers(0, 9, (2, ROWS, 2))
            size = rng.integers(0, 5, (2, ROWS, 2))
            size[:, rng.random(ROWS) < 0.5] += 1
            second = first + size if box_format == "xyxy" else size
            target, preds = np.concatenate([first, second], -1).astype(np.float64)
            preds = np.where(rng.random((ROWS, 1)) < 0.2, target, preds)
            return {n: draws.as_dtype(x, dtype) for n, x in (("target", target), ("preds", preds))}

        def reference(target, preds):
            (a1, a2), (b1, b2) = (_corners(x, box_format) for x in (target, preds))
            common = np.maximum(np.minimum(a2, b2) - np.maximum(a1, b1), 0).prod(-1)
            union = (a2 - a1).prod(-1) + (b2 - b1).prod(-1) - common
            around = np.maximum(a2, b2) - np.minimum(a1, b1)
            iou = _ratio(common, union)
            if kind == "iou":
                return 1 - iou
            if kind == "giou":
                return 1 - iou + _ratio(around.prod(-1) - union, around.prod(-1))
            distance = ((a1 + a2 - b1 - b2) ** 2).sum(-1) / 4
            loss = 1 - iou + _ratio(distance, (around**2).sum(-1))
            if kind == "ciou":
                angles = (np.arctan2(*np.moveaxis(x, -1, 0)) for x in (a2 - a1, b2 - b1))
                v = 4 / np.pi**2 * np.subtract(*angles) ** 2
                loss = loss + v * _ratio(v, 1 - iou + v)
            return loss

        # At equal sides, which are drawn often, a gradient is one of several.
        return Subject(code_of_loss(name, box_format=box_format), draw, reference, gradient=())

    return make


FAMILY = {name: _boxes(name, name.lower()) for name in ("IoU", "GIoU", "DIoU", "CIoU")}
