"""Architectures for images and texts together."""

from jax_metrics.models.multimodal._clip import CLIP as CLIP
from jax_metrics.models.multimodal._clip import TextTransformer as TextTransformer
from jax_metrics.models.multimodal._clip import quick_gelu as quick_gelu
