"""Losses: a pure function and a class for each. `target` comes first, `preds` second.

Functions give a loss for each element or each example; classes add weights, masks and a reduction.
All of them compute in float32, or in float64 where an input is that already.
"""

from jax_metrics.losses._contrastive import Circle as Circle
from jax_metrics.losses._contrastive import NTXent as NTXent
from jax_metrics.losses._contrastive import circle as circle
from jax_metrics.losses._contrastive import ntxent as ntxent
from jax_metrics.losses._cosine_similarity import CosineEmbedding as CosineEmbedding
from jax_metrics.losses._cosine_similarity import CosineSimilarity as CosineSimilarity
from jax_metrics.losses._cosine_similarity import cosine_embedding as cosine_embedding
from jax_metrics.losses._cosine_similarity import cosine_similarity as cosine_similarity
from jax_metrics.losses._crossentropy import Crossentropy as Crossentropy
from jax_metrics.losses._crossentropy import crossentropy as crossentropy
from jax_metrics.losses._ctc import CTC as CTC
from jax_metrics.losses._ctc import ctc as ctc
from jax_metrics.losses._dice import Dice as Dice
from jax_metrics.losses._dice import GeneralizedDice as GeneralizedDice
from jax_metrics.losses._dice import Tversky as Tversky
from jax_metrics.losses._dice import dice as dice
from jax_metrics.losses._dice import generalized_dice as generalized_dice
from jax_metrics.losses._dice import tversky as tversky
from jax_metrics.losses._divergence import JensenShannon as JensenShannon
from jax_metrics.losses._divergence import KLDivergence as KLDivergence
from jax_metrics.losses._divergence import jensen_shannon as jensen_shannon
from jax_metrics.losses._divergence import kl_divergence as kl_divergence
from jax_metrics.losses._embedding import HingeEmbedding as HingeEmbedding
from jax_metrics.losses._embedding import MarginRanking as MarginRanking
from jax_metrics.losses._embedding import hinge_embedding as hinge_embedding
from jax_metrics.losses._embedding import margin_ranking as margin_ranking
from jax_metrics.losses._focal import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from jax_metrics.losses._focal import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from jax_metrics.losses._focal import binary_focal_crossentropy as binary_focal_crossentropy
from jax_metrics.losses._focal import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from jax_metrics.losses._gaussian_nll import GaussianNLL as GaussianNLL
from jax_metrics.losses._gaussian_nll import gaussian_nll as gaussian_nll
from jax_metrics.losses._generalized_crossentropy import (
    GeneralizedCrossentropy as GeneralizedCrossentropy,
)
from jax_metrics.losses._generalized_crossentropy import (
    generalized_crossentropy as generalized_crossentropy,
)
from jax_metrics.losses._hinge import Hinge as Hinge
from jax_metrics.losses._hinge import MulticlassHinge as MulticlassHinge
from jax_metrics.losses._hinge import MulticlassPerceptron as MulticlassPerceptron
from jax_metrics.losses._hinge import Perceptron as Perceptron
from jax_metrics.losses._hinge import SquaredHinge as SquaredHinge
from jax_metrics.losses._hinge import hinge as hinge
from jax_metrics.losses._hinge import multiclass_hinge as multiclass_hinge
from jax_metrics.losses._hinge import multiclass_perceptron as multiclass_perceptron
from jax_metrics.losses._hinge import perceptron as perceptron
from jax_metrics.losses._hinge import squared_hinge as squared_hinge
from jax_metrics.losses._huber import Huber as Huber
from jax_metrics.losses._huber import SmoothL1 as SmoothL1
from jax_metrics.losses._huber import huber as huber
from jax_metrics.losses._huber import smooth_l1 as smooth_l1
from jax_metrics.losses._log_cosh import LogCosh as LogCosh
from jax_metrics.losses._log_cosh import log_cosh as log_cosh
from jax_metrics.losses._loss import Loss as Loss
from jax_metrics.losses._margin import MultilabelMargin as MultilabelMargin
from jax_metrics.losses._margin import MultilabelSoftMargin as MultilabelSoftMargin
from jax_metrics.losses._margin import MultiMargin as MultiMargin
from jax_metrics.losses._margin import SoftMargin as SoftMargin
from jax_metrics.losses._margin import multi_margin as multi_margin
from jax_metrics.losses._margin import multilabel_margin as multilabel_margin
from jax_metrics.losses._margin import multilabel_soft_margin as multilabel_soft_margin
from jax_metrics.losses._margin import soft_margin as soft_margin
from jax_metrics.losses._mean_absolute_error import MeanAbsoluteError as MeanAbsoluteError
from jax_metrics.losses._mean_absolute_error import absolute_error as absolute_error
from jax_metrics.losses._mean_absolute_error import mean_absolute_error as mean_absolute_error
from jax_metrics.losses._mean_absolute_percentage_error import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from jax_metrics.losses._mean_absolute_percentage_error import (
    absolute_percentage_error as absolute_percentage_error,
)
from jax_metrics.losses._mean_absolute_percentage_error import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.losses._mean_squared_error import MeanSquaredError as MeanSquaredError
from jax_metrics.losses._mean_squared_error import mean_squared_error as mean_squared_error
from jax_metrics.losses._mean_squared_error import squared_error as squared_error
from jax_metrics.losses._mean_squared_logarithmic_error import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from jax_metrics.losses._mean_squared_logarithmic_error import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.losses._mean_squared_logarithmic_error import (
    squared_logarithmic_error as squared_logarithmic_error,
)
from jax_metrics.losses._poisson import Poisson as Poisson
from jax_metrics.losses._poisson import poisson as poisson
from jax_metrics.losses._poly_crossentropy import PolyCrossentropy as PolyCrossentropy
from jax_metrics.losses._poly_crossentropy import poly_crossentropy as poly_crossentropy
from jax_metrics.losses._quantile import Quantile as Quantile
from jax_metrics.losses._quantile import quantile as quantile
from jax_metrics.losses._ranking_softmax import RankingSoftmax as RankingSoftmax
from jax_metrics.losses._ranking_softmax import ranking_softmax as ranking_softmax
from jax_metrics.losses._reduction import Reduction as Reduction
from jax_metrics.losses._reduction import Terms as Terms
from jax_metrics.losses._smooth_labels import smooth_labels as smooth_labels
from jax_metrics.losses._sparsemax import FenchelYoung as FenchelYoung
from jax_metrics.losses._sparsemax import MulticlassSparsemax as MulticlassSparsemax
from jax_metrics.losses._sparsemax import Sparsemax as Sparsemax
from jax_metrics.losses._sparsemax import fenchel_young as fenchel_young
from jax_metrics.losses._sparsemax import multiclass_sparsemax as multiclass_sparsemax
from jax_metrics.losses._sparsemax import sparsemax as sparsemax
from jax_metrics.losses._triplet import TripletMargin as TripletMargin
from jax_metrics.losses._triplet import triplet_margin as triplet_margin
