"""Losses of vectors that are compared with each other."""

from jax_metrics.losses.embeddings._contrastive import Circle as Circle
from jax_metrics.losses.embeddings._contrastive import NTXent as NTXent
from jax_metrics.losses.embeddings._contrastive import circle as circle
from jax_metrics.losses.embeddings._contrastive import ntxent as ntxent
from jax_metrics.losses.embeddings._cosine_similarity import CosineEmbedding as CosineEmbedding
from jax_metrics.losses.embeddings._cosine_similarity import CosineSimilarity as CosineSimilarity
from jax_metrics.losses.embeddings._cosine_similarity import cosine_embedding as cosine_embedding
from jax_metrics.losses.embeddings._cosine_similarity import cosine_similarity as cosine_similarity
from jax_metrics.losses.embeddings._hinge_embedding import HingeEmbedding as HingeEmbedding
from jax_metrics.losses.embeddings._hinge_embedding import hinge_embedding as hinge_embedding
from jax_metrics.losses.embeddings._triplet import TripletMargin as TripletMargin
from jax_metrics.losses.embeddings._triplet import triplet_margin as triplet_margin
