"""Metrics of documents that are ranked for queries."""

from jax_metrics.metrics.retrieval._auroc import RetrievalAUROC as RetrievalAUROC
from jax_metrics.metrics.retrieval._auroc import retrieval_auroc as retrieval_auroc
from jax_metrics.metrics.retrieval._dcg import RetrievalDCG as RetrievalDCG
from jax_metrics.metrics.retrieval._dcg import RetrievalNormalizedDCG as RetrievalNormalizedDCG
from jax_metrics.metrics.retrieval._dcg import retrieval_dcg as retrieval_dcg
from jax_metrics.metrics.retrieval._dcg import retrieval_normalized_dcg as retrieval_normalized_dcg
from jax_metrics.metrics.retrieval._positions import RetrievalMAP as RetrievalMAP
from jax_metrics.metrics.retrieval._positions import RetrievalMRR as RetrievalMRR
from jax_metrics.metrics.retrieval._positions import (
    retrieval_average_precision as retrieval_average_precision,
)
from jax_metrics.metrics.retrieval._positions import (
    retrieval_reciprocal_rank as retrieval_reciprocal_rank,
)
from jax_metrics.metrics.retrieval._precision_recall_curve import BestRecall as BestRecall
from jax_metrics.metrics.retrieval._precision_recall_curve import (
    PrecisionRecallByK as PrecisionRecallByK,
)
from jax_metrics.metrics.retrieval._precision_recall_curve import (
    RetrievalPrecisionRecallCurve as RetrievalPrecisionRecallCurve,
)
from jax_metrics.metrics.retrieval._precision_recall_curve import (
    RetrievalRecallAtFixedPrecision as RetrievalRecallAtFixedPrecision,
)
from jax_metrics.metrics.retrieval._precision_recall_curve import (
    retrieval_precision_recall_curve as retrieval_precision_recall_curve,
)
from jax_metrics.metrics.retrieval._precision_recall_curve import (
    retrieval_recall_at_fixed_precision as retrieval_recall_at_fixed_precision,
)
from jax_metrics.metrics.retrieval._ranked import Ranked as Ranked
from jax_metrics.metrics.retrieval._retrieval_metric import RetrievalMetric as RetrievalMetric
from jax_metrics.metrics.retrieval._top_k import RetrievalF1Score as RetrievalF1Score
from jax_metrics.metrics.retrieval._top_k import RetrievalFallOut as RetrievalFallOut
from jax_metrics.metrics.retrieval._top_k import RetrievalHitRate as RetrievalHitRate
from jax_metrics.metrics.retrieval._top_k import RetrievalPrecision as RetrievalPrecision
from jax_metrics.metrics.retrieval._top_k import RetrievalRecall as RetrievalRecall
from jax_metrics.metrics.retrieval._top_k import RetrievalRPrecision as RetrievalRPrecision
from jax_metrics.metrics.retrieval._top_k import retrieval_f1_score as retrieval_f1_score
from jax_metrics.metrics.retrieval._top_k import retrieval_fall_out as retrieval_fall_out
from jax_metrics.metrics.retrieval._top_k import retrieval_hit_rate as retrieval_hit_rate
from jax_metrics.metrics.retrieval._top_k import retrieval_precision as retrieval_precision
from jax_metrics.metrics.retrieval._top_k import retrieval_r_precision as retrieval_r_precision
from jax_metrics.metrics.retrieval._top_k import retrieval_recall as retrieval_recall
