"""Metrics that compare images with texts, or faces with speech."""

from jax_metrics.metrics.multimodal._clip_image_quality import (
    CLIPImageQualityAssessment as CLIPImageQualityAssessment,
)
from jax_metrics.metrics.multimodal._clip_image_quality import (
    clip_image_quality_assessment as clip_image_quality_assessment,
)
from jax_metrics.metrics.multimodal._clip_score import CLIPScore as CLIPScore
from jax_metrics.metrics.multimodal._clip_score import clip_score as clip_score
from jax_metrics.metrics.multimodal._lip_vertex_error import LipVertexError as LipVertexError
from jax_metrics.metrics.multimodal._lip_vertex_error import lip_vertex_error as lip_vertex_error
