"""Models as feature extractors for metrics of images and texts."""

from jax_metrics.models.features._bert_score_encoder import bert_score_encoder as bert_score_encoder
from jax_metrics.models.features._image_features import ImageFeatures as ImageFeatures
