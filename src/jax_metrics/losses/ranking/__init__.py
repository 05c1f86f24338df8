"""Losses of scores that put items in order."""

from jax_metrics.losses.ranking._margin_ranking import MarginRanking as MarginRanking
from jax_metrics.losses.ranking._margin_ranking import margin_ranking as margin_ranking
from jax_metrics.losses.ranking._ranking_softmax import RankingSoftmax as RankingSoftmax
from jax_metrics.losses.ranking._ranking_softmax import ranking_softmax as ranking_softmax
