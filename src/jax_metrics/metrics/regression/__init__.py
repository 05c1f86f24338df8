"""Metrics of predicted numbers."""

from jax_metrics.metrics.regression._continuous_ranked_probability_score import (
    ContinuousRankedProbabilityScore as ContinuousRankedProbabilityScore,
)
from jax_metrics.metrics.regression._continuous_ranked_probability_score import (
    continuous_ranked_probability_score as continuous_ranked_probability_score,
)
from jax_metrics.metrics.regression._correlation import ConcordanceCorrCoef as ConcordanceCorrCoef
from jax_metrics.metrics.regression._correlation import PearsonCorrCoef as PearsonCorrCoef
from jax_metrics.metrics.regression._correlation import concordance_corrcoef as concordance_corrcoef
from jax_metrics.metrics.regression._correlation import pearson_corrcoef as pearson_corrcoef
from jax_metrics.metrics.regression._cosine_similarity import CosineSimilarity as CosineSimilarity
from jax_metrics.metrics.regression._cosine_similarity import cosine_similarity as cosine_similarity
from jax_metrics.metrics.regression._critical_success_index import (
    CriticalSuccessIndex as CriticalSuccessIndex,
)
from jax_metrics.metrics.regression._critical_success_index import (
    critical_success_index as critical_success_index,
)
from jax_metrics.metrics.regression._d2_score import D2AbsoluteErrorScore as D2AbsoluteErrorScore
from jax_metrics.metrics.regression._d2_score import D2PinballScore as D2PinballScore
from jax_metrics.metrics.regression._d2_score import D2TweedieScore as D2TweedieScore
from jax_metrics.metrics.regression._d2_score import (
    d2_absolute_error_score as d2_absolute_error_score,
)
from jax_metrics.metrics.regression._d2_score import d2_pinball_score as d2_pinball_score
from jax_metrics.metrics.regression._d2_score import d2_tweedie_score as d2_tweedie_score
from jax_metrics.metrics.regression._divergence import (
    JensenShannonDivergence as JensenShannonDivergence,
)
from jax_metrics.metrics.regression._divergence import KLDivergence as KLDivergence
from jax_metrics.metrics.regression._divergence import (
    jensen_shannon_divergence as jensen_shannon_divergence,
)
from jax_metrics.metrics.regression._divergence import kl_divergence as kl_divergence
from jax_metrics.metrics.regression._log_cosh_error import LogCoshError as LogCoshError
from jax_metrics.metrics.regression._log_cosh_error import log_cosh_error as log_cosh_error
from jax_metrics.metrics.regression._max_error import MaxError as MaxError
from jax_metrics.metrics.regression._max_error import max_error as max_error
from jax_metrics.metrics.regression._mean_absolute_error import (
    MeanAbsoluteError as MeanAbsoluteError,
)
from jax_metrics.metrics.regression._mean_absolute_error import (
    mean_absolute_error as mean_absolute_error,
)
from jax_metrics.metrics.regression._mean_squared_error import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression._mean_squared_error import (
    RootMeanSquaredError as RootMeanSquaredError,
)
from jax_metrics.metrics.regression._mean_squared_error import (
    mean_squared_error as mean_squared_error,
)
from jax_metrics.metrics.regression._mean_squared_error import (
    root_mean_squared_error as root_mean_squared_error,
)
from jax_metrics.metrics.regression._mean_squared_logarithmic_error import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from jax_metrics.metrics.regression._mean_squared_logarithmic_error import (
    RootMeanSquaredLogarithmicError as RootMeanSquaredLogarithmicError,
)
from jax_metrics.metrics.regression._mean_squared_logarithmic_error import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.metrics.regression._mean_squared_logarithmic_error import (
    root_mean_squared_logarithmic_error as root_mean_squared_logarithmic_error,
)
from jax_metrics.metrics.regression._median_absolute_error import (
    MedianAbsoluteError as MedianAbsoluteError,
)
from jax_metrics.metrics.regression._median_absolute_error import (
    median_absolute_error as median_absolute_error,
)
from jax_metrics.metrics.regression._minkowski_distance import (
    MinkowskiDistance as MinkowskiDistance,
)
from jax_metrics.metrics.regression._minkowski_distance import (
    minkowski_distance as minkowski_distance,
)
from jax_metrics.metrics.regression._percentage_error import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression._percentage_error import (
    SymmetricMeanAbsolutePercentageError as SymmetricMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression._percentage_error import (
    WeightedMeanAbsolutePercentageError as WeightedMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression._percentage_error import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression._percentage_error import (
    symmetric_mean_absolute_percentage_error as symmetric_mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression._percentage_error import (
    weighted_mean_absolute_percentage_error as weighted_mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression._pinball_loss import MeanPinballLoss as MeanPinballLoss
from jax_metrics.metrics.regression._pinball_loss import mean_pinball_loss as mean_pinball_loss
from jax_metrics.metrics.regression._poisson import Poisson as Poisson
from jax_metrics.metrics.regression._poisson import poisson as poisson
from jax_metrics.metrics.regression._r2_score import ExplainedVariance as ExplainedVariance
from jax_metrics.metrics.regression._r2_score import R2Score as R2Score
from jax_metrics.metrics.regression._r2_score import explained_variance as explained_variance
from jax_metrics.metrics.regression._r2_score import r2_score as r2_score
from jax_metrics.metrics.regression._rank_correlation import (
    KendallRankCorrCoef as KendallRankCorrCoef,
)
from jax_metrics.metrics.regression._rank_correlation import SpearmanCorrCoef as SpearmanCorrCoef
from jax_metrics.metrics.regression._rank_correlation import (
    kendall_rank_corrcoef as kendall_rank_corrcoef,
)
from jax_metrics.metrics.regression._rank_correlation import spearman_corrcoef as spearman_corrcoef
from jax_metrics.metrics.regression._ranks import Ranks as Ranks
from jax_metrics.metrics.regression._relative_squared_error import (
    NormalizedRootMeanSquaredError as NormalizedRootMeanSquaredError,
)
from jax_metrics.metrics.regression._relative_squared_error import (
    RelativeSquaredError as RelativeSquaredError,
)
from jax_metrics.metrics.regression._relative_squared_error import (
    normalized_root_mean_squared_error as normalized_root_mean_squared_error,
)
from jax_metrics.metrics.regression._relative_squared_error import (
    relative_squared_error as relative_squared_error,
)
from jax_metrics.metrics.regression._tweedie_deviance import (
    TweedieDevianceScore as TweedieDevianceScore,
)
from jax_metrics.metrics.regression._tweedie_deviance import (
    tweedie_deviance_score as tweedie_deviance_score,
)
