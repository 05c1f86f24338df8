"""Models as the networks that metrics of images and texts ask for."""

from jax_metrics.models.features._bert_score_encoder import bert_score_encoder as bert_score_encoder
from jax_metrics.models.features._image_features import ImageFeatures as ImageFeatures
