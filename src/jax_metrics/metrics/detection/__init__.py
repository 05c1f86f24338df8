"""Metrics of detected objects and of panoptic segmentations."""

from jax_metrics.metrics.detection._box_overlap import BoxOverlap as BoxOverlap
from jax_metrics.metrics.detection._box_overlap import (
    CompleteIntersectionOverUnion as CompleteIntersectionOverUnion,
)
from jax_metrics.metrics.detection._box_overlap import (
    DistanceIntersectionOverUnion as DistanceIntersectionOverUnion,
)
from jax_metrics.metrics.detection._box_overlap import (
    GeneralizedIntersectionOverUnion as GeneralizedIntersectionOverUnion,
)
from jax_metrics.metrics.detection._box_overlap import (
    IntersectionOverUnion as IntersectionOverUnion,
)
from jax_metrics.metrics.detection._box_overlap import (
    complete_intersection_over_union as complete_intersection_over_union,
)
from jax_metrics.metrics.detection._box_overlap import (
    distance_intersection_over_union as distance_intersection_over_union,
)
from jax_metrics.metrics.detection._box_overlap import (
    generalized_intersection_over_union as generalized_intersection_over_union,
)
from jax_metrics.metrics.detection._box_overlap import (
    intersection_over_union as intersection_over_union,
)
from jax_metrics.metrics.detection._mean_average_precision import (
    MeanAveragePrecision as MeanAveragePrecision,
)
from jax_metrics.metrics.detection._mean_average_precision import (
    mean_average_precision as mean_average_precision,
)
from jax_metrics.metrics.detection._panoptic_quality import (
    ModifiedPanopticQuality as ModifiedPanopticQuality,
)
from jax_metrics.metrics.detection._panoptic_quality import PanopticQuality as PanopticQuality
from jax_metrics.metrics.detection._panoptic_quality import SegmentQuality as SegmentQuality
from jax_metrics.metrics.detection._panoptic_quality import (
    modified_panoptic_quality as modified_panoptic_quality,
)
from jax_metrics.metrics.detection._panoptic_quality import panoptic_quality as panoptic_quality
