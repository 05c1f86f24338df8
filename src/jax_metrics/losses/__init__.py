"""Losses: a pure function and a class for each. `target` comes first, `preds` second.

Functions return a loss for each element or each example; classes add weights, masks and a
reduction. All compute in float32, or in float64 if an input is float64.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.losses.base import Loss as Loss
from jax_metrics.losses.base import Reduction as Reduction
from jax_metrics.losses.base import Terms as Terms
from jax_metrics.losses.classification import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from jax_metrics.losses.classification import (
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
)
from jax_metrics.losses.classification import Crossentropy as Crossentropy
from jax_metrics.losses.classification import FenchelYoung as FenchelYoung
from jax_metrics.losses.classification import GeneralizedCrossentropy as GeneralizedCrossentropy
from jax_metrics.losses.classification import Hinge as Hinge
from jax_metrics.losses.classification import LinearCrossentropy as LinearCrossentropy
from jax_metrics.losses.classification import MulticlassHinge as MulticlassHinge
from jax_metrics.losses.classification import MulticlassPerceptron as MulticlassPerceptron
from jax_metrics.losses.classification import MulticlassSparsemax as MulticlassSparsemax
from jax_metrics.losses.classification import MultilabelMargin as MultilabelMargin
from jax_metrics.losses.classification import MultilabelSoftMargin as MultilabelSoftMargin
from jax_metrics.losses.classification import MultiMargin as MultiMargin
from jax_metrics.losses.classification import Perceptron as Perceptron
from jax_metrics.losses.classification import PolyCrossentropy as PolyCrossentropy
from jax_metrics.losses.classification import SoftMargin as SoftMargin
from jax_metrics.losses.classification import Sparsemax as Sparsemax
from jax_metrics.losses.classification import SquaredHinge as SquaredHinge
from jax_metrics.losses.classification import binary_focal_crossentropy as binary_focal_crossentropy
from jax_metrics.losses.classification import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from jax_metrics.losses.classification import crossentropy as crossentropy
from jax_metrics.losses.classification import fenchel_young as fenchel_young
from jax_metrics.losses.classification import generalized_crossentropy as generalized_crossentropy
from jax_metrics.losses.classification import hinge as hinge
from jax_metrics.losses.classification import linear_crossentropy as linear_crossentropy
from jax_metrics.losses.classification import multi_margin as multi_margin
from jax_metrics.losses.classification import multiclass_hinge as multiclass_hinge
from jax_metrics.losses.classification import multiclass_perceptron as multiclass_perceptron
from jax_metrics.losses.classification import multiclass_sparsemax as multiclass_sparsemax
from jax_metrics.losses.classification import multilabel_margin as multilabel_margin
from jax_metrics.losses.classification import multilabel_soft_margin as multilabel_soft_margin
from jax_metrics.losses.classification import perceptron as perceptron
from jax_metrics.losses.classification import poly_crossentropy as poly_crossentropy
from jax_metrics.losses.classification import soft_margin as soft_margin
from jax_metrics.losses.classification import sparsemax as sparsemax
from jax_metrics.losses.classification import squared_hinge as squared_hinge
from jax_metrics.losses.detection import CIoU as CIoU
from jax_metrics.losses.detection import DIoU as DIoU
from jax_metrics.losses.detection import GIoU as GIoU
from jax_metrics.losses.detection import IoU as IoU
from jax_metrics.losses.detection import ciou as ciou
from jax_metrics.losses.detection import diou as diou
from jax_metrics.losses.detection import giou as giou
from jax_metrics.losses.detection import iou as iou
from jax_metrics.losses.embeddings import Circle as Circle
from jax_metrics.losses.embeddings import CosineEmbedding as CosineEmbedding
from jax_metrics.losses.embeddings import CosineSimilarity as CosineSimilarity
from jax_metrics.losses.embeddings import HingeEmbedding as HingeEmbedding
from jax_metrics.losses.embeddings import NTXent as NTXent
from jax_metrics.losses.embeddings import TripletMargin as TripletMargin
from jax_metrics.losses.embeddings import circle as circle
from jax_metrics.losses.embeddings import cosine_embedding as cosine_embedding
from jax_metrics.losses.embeddings import cosine_similarity as cosine_similarity
from jax_metrics.losses.embeddings import hinge_embedding as hinge_embedding
from jax_metrics.losses.embeddings import ntxent as ntxent
from jax_metrics.losses.embeddings import triplet_margin as triplet_margin
from jax_metrics.losses.labels import smooth_labels as smooth_labels
from jax_metrics.losses.probabilistic import GaussianNLL as GaussianNLL
from jax_metrics.losses.probabilistic import JensenShannon as JensenShannon
from jax_metrics.losses.probabilistic import KLDivergence as KLDivergence
from jax_metrics.losses.probabilistic import Poisson as Poisson
from jax_metrics.losses.probabilistic import gaussian_nll as gaussian_nll
from jax_metrics.losses.probabilistic import jensen_shannon as jensen_shannon
from jax_metrics.losses.probabilistic import kl_divergence as kl_divergence
from jax_metrics.losses.probabilistic import poisson as poisson
from jax_metrics.losses.ranking import MarginRanking as MarginRanking
from jax_metrics.losses.ranking import RankingSoftmax as RankingSoftmax
from jax_metrics.losses.ranking import margin_ranking as margin_ranking
from jax_metrics.losses.ranking import ranking_softmax as ranking_softmax
from jax_metrics.losses.regression import Huber as Huber
from jax_metrics.losses.regression import LogCosh as LogCosh
from jax_metrics.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from jax_metrics.losses.regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
from jax_metrics.losses.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.losses.regression import MeanSquaredLogarithmicError as MeanSquaredLogarithmicError
from jax_metrics.losses.regression import Quantile as Quantile
from jax_metrics.losses.regression import SmoothL1 as SmoothL1
from jax_metrics.losses.regression import absolute_error as absolute_error
from jax_metrics.losses.regression import absolute_percentage_error as absolute_percentage_error
from jax_metrics.losses.regression import huber as huber
from jax_metrics.losses.regression import log_cosh as log_cosh
from jax_metrics.losses.regression import mean_absolute_error as mean_absolute_error
from jax_metrics.losses.regression import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.losses.regression import mean_squared_error as mean_squared_error
from jax_metrics.losses.regression import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.losses.regression import quantile as quantile
from jax_metrics.losses.regression import smooth_l1 as smooth_l1
from jax_metrics.losses.regression import squared_error as squared_error
from jax_metrics.losses.regression import squared_logarithmic_error as squared_logarithmic_error
from jax_metrics.losses.segmentation import Dice as Dice
from jax_metrics.losses.segmentation import GeneralizedDice as GeneralizedDice
from jax_metrics.losses.segmentation import Tversky as Tversky
from jax_metrics.losses.segmentation import dice as dice
from jax_metrics.losses.segmentation import generalized_dice as generalized_dice
from jax_metrics.losses.segmentation import tversky as tversky
from jax_metrics.losses.sequences import CTC as CTC
from jax_metrics.losses.sequences import ctc as ctc
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
