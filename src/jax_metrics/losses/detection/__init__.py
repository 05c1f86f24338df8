"""Losses of boxes, by their overlap."""

from jax_metrics.losses.detection._box_losses import CIoU as CIoU
from jax_metrics.losses.detection._box_losses import DIoU as DIoU
from jax_metrics.losses.detection._box_losses import GIoU as GIoU
from jax_metrics.losses.detection._box_losses import IoU as IoU
from jax_metrics.losses.detection._box_losses import ciou as ciou
from jax_metrics.losses.detection._box_losses import diou as diou
from jax_metrics.losses.detection._box_losses import giou as giou
from jax_metrics.losses.detection._box_losses import iou as iou
from jax_metrics.losses.detection._boxes import BOX_FORMATS as BOX_FORMATS
from jax_metrics.losses.detection._boxes import area as area
from jax_metrics.losses.detection._boxes import as_corners as as_corners
from jax_metrics.losses.detection._boxes import intersection as intersection
from jax_metrics.losses.detection._overlap import OVERLAPS as OVERLAPS
from jax_metrics.losses.detection._overlap import in_common_unit as in_common_unit
