"""Losses of boxes: 1 minus how much the predicted box overlaps the true one."""

from typing import Any

import jax

from jax_metrics.arguments import explains_arguments, same_shape
from jax_metrics.losses.base import from_function
from jax_metrics.losses.detection._boxes import as_corners
from jax_metrics.losses.detection._near_zero import pairs_near_zero
from jax_metrics.losses.detection._overlap import OVERLAPS


@explains_arguments
def iou(target: Any, preds: Any, *, box_format: str = "xyxy") -> jax.Array:
    """1 minus the intersection over union of each pair of boxes.

    Boxes that do not overlap have a loss of 1 and no gradient; the other box losses have a gradient
    there.

    Source: Yu et al., UnitBox, https://arxiv.org/abs/1608.01471, 2016; Jaccard, 1912.

    Args:
        target: True boxes, `[..., 4]`.
        preds: Predicted boxes of the same shape.
        box_format: `"xyxy"`, two opposite corners; `"xywh"`, the upper left corner, width and
            height; `"cxcywh"`, the center, width and height.

    Returns:
        The losses, `[...]`.

    Raises:
        ValueError: If a shape does not fit, or the format is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 0.0, 2.0, 2.0]]), jnp.array([[0.0, 0.0, 2.0, 1.0]])
        >>> jm.losses.iou(target, preds)
        Array([0.5], dtype=float32)
    """
    return _loss("iou", target, preds, box_format)


@explains_arguments
def giou(target: Any, preds: Any, *, box_format: str = "xyxy") -> jax.Array:
    """`iou`, plus the fraction of the smallest box around both that neither covers; 0 to 2.

    Source: Rezatofighi et al., Generalized Intersection over Union,
    https://arxiv.org/abs/1902.09630, 2019.

    Args:
        target: True boxes, `[..., 4]`.
        preds: Predicted boxes of the same shape.
        box_format: See `iou`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 0.0, 1.0, 1.0]]), jnp.array([[3.0, 0.0, 4.0, 1.0]])
        >>> jm.losses.giou(target, preds)
        Array([1.5], dtype=float32)
    """
    return _loss("giou", target, preds, box_format)


@explains_arguments
def diou(target: Any, preds: Any, *, box_format: str = "xyxy") -> jax.Array:
    """`iou`, plus the squared distance of the centers relative to the diagonal around both.

    Source: Zheng et al., Distance-IoU Loss, https://arxiv.org/abs/1911.08287, 2019.

    Args:
        target: True boxes, `[..., 4]`.
        preds: Predicted boxes of the same shape.
        box_format: See `iou`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 0.0, 3.0, 1.0]]), jnp.array([[0.0, 3.0, 3.0, 4.0]])
        >>> jm.losses.diou(target, preds)
        Array([1.36], dtype=float32)
    """
    return _loss("diou", target, preds, box_format)


@explains_arguments
def ciou(target: Any, preds: Any, *, box_format: str = "xyxy") -> jax.Array:
    """`diou`, plus a penalty for different ratios of width and height.

    It is `v**2 / (1 - IoU + v)`, where `v` is the squared difference of `arctan(width / height)`
    times `4 / pi**2`. As in the paper, `v / (1 - IoU + v)` counts as a constant in the gradient.

    Source: Zheng et al., Enhancing Geometric Factors, https://arxiv.org/abs/2005.03572, 2020.

    Args:
        target: True boxes, `[..., 4]`.
        preds: Predicted boxes of the same shape.
        box_format: See `iou`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0.0, 0.0, 2.0, 2.0]]), jnp.array([[0.0, 0.0, 2.0, 1.0]])
        >>> jm.losses.ciou(target, preds).round(4)
        Array([0.5345], dtype=float32)
    """
    return _loss("ciou", target, preds, box_format)


def _loss(overlap: str, target: Any, preds: Any, box_format: str) -> jax.Array:
    target, preds = pairs_near_zero(target, preds, box_format)
    target = as_corners("target", target, box_format)
    preds = as_corners("preds", preds, box_format)
    same_shape(target=target, preds=preds)
    return 1 - OVERLAPS[overlap](target, preds)


class IoU(from_function(iou), init=False):
    """Reduces `iou` over a batch, with the options of the function."""


class GIoU(from_function(giou), init=False):
    """Reduces `giou` over a batch, with the options of the function."""


class DIoU(from_function(diou), init=False):
    """Reduces `diou` over a batch, with the options of the function."""


class CIoU(from_function(ciou), init=False):
    """Reduces `ciou` over a batch, with the options of the function."""
