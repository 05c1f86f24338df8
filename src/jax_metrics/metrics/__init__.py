"""Metrics, and what they are made of."""

from jax_metrics.metrics._bincount import bincount as bincount
from jax_metrics.metrics._checks import check as check
from jax_metrics.metrics._composite import Composite as Composite
from jax_metrics.metrics._expression import Expression as Expression
from jax_metrics.metrics._functional import functional as functional
from jax_metrics.metrics._mean_of import MeanOf as MeanOf
from jax_metrics.metrics._metric import Metric as Metric
from jax_metrics.metrics.aggregation import Max as Max
from jax_metrics.metrics.aggregation import Mean as Mean
from jax_metrics.metrics.aggregation import Min as Min
from jax_metrics.metrics.aggregation import Sum as Sum
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import Labels as Labels
from jax_metrics.metrics.classification import Precision as Precision
from jax_metrics.metrics.classification import precision as precision
from jax_metrics.metrics.regression import ConcordanceCorrCoef as ConcordanceCorrCoef
from jax_metrics.metrics.regression import (
    ContinuousRankedProbabilityScore as ContinuousRankedProbabilityScore,
)
from jax_metrics.metrics.regression import CosineSimilarity as CosineSimilarity
from jax_metrics.metrics.regression import CriticalSuccessIndex as CriticalSuccessIndex
from jax_metrics.metrics.regression import D2AbsoluteErrorScore as D2AbsoluteErrorScore
from jax_metrics.metrics.regression import D2PinballScore as D2PinballScore
from jax_metrics.metrics.regression import D2TweedieScore as D2TweedieScore
from jax_metrics.metrics.regression import ExplainedVariance as ExplainedVariance
from jax_metrics.metrics.regression import JensenShannonDivergence as JensenShannonDivergence
from jax_metrics.metrics.regression import KendallRankCorrCoef as KendallRankCorrCoef
from jax_metrics.metrics.regression import KLDivergence as KLDivergence
from jax_metrics.metrics.regression import LogCoshError as LogCoshError
from jax_metrics.metrics.regression import MaxError as MaxError
from jax_metrics.metrics.regression import MeanAbsoluteError as MeanAbsoluteError
from jax_metrics.metrics.regression import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import MeanPinballLoss as MeanPinballLoss
from jax_metrics.metrics.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from jax_metrics.metrics.regression import MedianAbsoluteError as MedianAbsoluteError
from jax_metrics.metrics.regression import MinkowskiDistance as MinkowskiDistance
from jax_metrics.metrics.regression import (
    NormalizedRootMeanSquaredError as NormalizedRootMeanSquaredError,
)
from jax_metrics.metrics.regression import PearsonCorrCoef as PearsonCorrCoef
from jax_metrics.metrics.regression import R2Score as R2Score
from jax_metrics.metrics.regression import Ranks as Ranks
from jax_metrics.metrics.regression import RelativeSquaredError as RelativeSquaredError
from jax_metrics.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from jax_metrics.metrics.regression import SpearmanCorrCoef as SpearmanCorrCoef
from jax_metrics.metrics.regression import (
    SymmetricMeanAbsolutePercentageError as SymmetricMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import TweedieDevianceScore as TweedieDevianceScore
from jax_metrics.metrics.regression import (
    WeightedMeanAbsolutePercentageError as WeightedMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import concordance_corrcoef as concordance_corrcoef
from jax_metrics.metrics.regression import (
    continuous_ranked_probability_score as continuous_ranked_probability_score,
)
from jax_metrics.metrics.regression import cosine_similarity as cosine_similarity
from jax_metrics.metrics.regression import critical_success_index as critical_success_index
from jax_metrics.metrics.regression import d2_absolute_error_score as d2_absolute_error_score
from jax_metrics.metrics.regression import d2_pinball_score as d2_pinball_score
from jax_metrics.metrics.regression import d2_tweedie_score as d2_tweedie_score
from jax_metrics.metrics.regression import explained_variance as explained_variance
from jax_metrics.metrics.regression import jensen_shannon_divergence as jensen_shannon_divergence
from jax_metrics.metrics.regression import kendall_rank_corrcoef as kendall_rank_corrcoef
from jax_metrics.metrics.regression import kl_divergence as kl_divergence
from jax_metrics.metrics.regression import log_cosh_error as log_cosh_error
from jax_metrics.metrics.regression import max_error as max_error
from jax_metrics.metrics.regression import mean_absolute_error as mean_absolute_error
from jax_metrics.metrics.regression import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression import mean_pinball_loss as mean_pinball_loss
from jax_metrics.metrics.regression import mean_squared_error as mean_squared_error
from jax_metrics.metrics.regression import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.metrics.regression import median_absolute_error as median_absolute_error
from jax_metrics.metrics.regression import minkowski_distance as minkowski_distance
from jax_metrics.metrics.regression import (
    normalized_root_mean_squared_error as normalized_root_mean_squared_error,
)
from jax_metrics.metrics.regression import pearson_corrcoef as pearson_corrcoef
from jax_metrics.metrics.regression import r2_score as r2_score
from jax_metrics.metrics.regression import relative_squared_error as relative_squared_error
from jax_metrics.metrics.regression import root_mean_squared_error as root_mean_squared_error
from jax_metrics.metrics.regression import spearman_corrcoef as spearman_corrcoef
from jax_metrics.metrics.regression import (
    symmetric_mean_absolute_percentage_error as symmetric_mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression import tweedie_deviance_score as tweedie_deviance_score
from jax_metrics.metrics.regression import (
    weighted_mean_absolute_percentage_error as weighted_mean_absolute_percentage_error,
)
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
