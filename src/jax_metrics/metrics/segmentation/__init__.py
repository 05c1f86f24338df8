"""Metrics of the regions of segmented images."""

from jax_metrics.metrics.segmentation._dice_score import DiceScore as DiceScore
from jax_metrics.metrics.segmentation._dice_score import (
    GeneralizedDiceScore as GeneralizedDiceScore,
)
from jax_metrics.metrics.segmentation._dice_score import dice_score as dice_score
from jax_metrics.metrics.segmentation._dice_score import (
    generalized_dice_score as generalized_dice_score,
)
from jax_metrics.metrics.segmentation._hausdorff_distance import (
    HausdorffDistance as HausdorffDistance,
)
from jax_metrics.metrics.segmentation._hausdorff_distance import (
    hausdorff_distance as hausdorff_distance,
)
from jax_metrics.metrics.segmentation._mean_iou import BinaryIoU as BinaryIoU
from jax_metrics.metrics.segmentation._mean_iou import IoU as IoU
from jax_metrics.metrics.segmentation._mean_iou import MeanIoU as MeanIoU
from jax_metrics.metrics.segmentation._mean_iou import OneHotIoU as OneHotIoU
from jax_metrics.metrics.segmentation._mean_iou import OneHotMeanIoU as OneHotMeanIoU
from jax_metrics.metrics.segmentation._mean_iou import mean_iou as mean_iou
from jax_metrics.metrics.segmentation._region_score import RegionScore as RegionScore
