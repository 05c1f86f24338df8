"""Losses of scores or probabilities of classes."""

from jax_metrics.losses.classification._crossentropy import Crossentropy as Crossentropy
from jax_metrics.losses.classification._crossentropy import crossentropy as crossentropy
from jax_metrics.losses.classification._focal import (
    BinaryFocalCrossentropy as BinaryFocalCrossentropy,
)
from jax_metrics.losses.classification._focal import (
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
)
from jax_metrics.losses.classification._focal import (
    binary_focal_crossentropy as binary_focal_crossentropy,
)
from jax_metrics.losses.classification._focal import (
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from jax_metrics.losses.classification._generalized_crossentropy import (
    GeneralizedCrossentropy as GeneralizedCrossentropy,
)
from jax_metrics.losses.classification._generalized_crossentropy import (
    generalized_crossentropy as generalized_crossentropy,
)
from jax_metrics.losses.classification._hinge import Hinge as Hinge
from jax_metrics.losses.classification._hinge import MulticlassHinge as MulticlassHinge
from jax_metrics.losses.classification._hinge import MulticlassPerceptron as MulticlassPerceptron
from jax_metrics.losses.classification._hinge import Perceptron as Perceptron
from jax_metrics.losses.classification._hinge import SquaredHinge as SquaredHinge
from jax_metrics.losses.classification._hinge import hinge as hinge
from jax_metrics.losses.classification._hinge import multiclass_hinge as multiclass_hinge
from jax_metrics.losses.classification._hinge import multiclass_perceptron as multiclass_perceptron
from jax_metrics.losses.classification._hinge import perceptron as perceptron
from jax_metrics.losses.classification._hinge import squared_hinge as squared_hinge
from jax_metrics.losses.classification._linear_crossentropy import (
    LinearCrossentropy as LinearCrossentropy,
)
from jax_metrics.losses.classification._linear_crossentropy import (
    linear_crossentropy as linear_crossentropy,
)
from jax_metrics.losses.classification._margin import MultilabelMargin as MultilabelMargin
from jax_metrics.losses.classification._margin import MultilabelSoftMargin as MultilabelSoftMargin
from jax_metrics.losses.classification._margin import MultiMargin as MultiMargin
from jax_metrics.losses.classification._margin import SoftMargin as SoftMargin
from jax_metrics.losses.classification._margin import multi_margin as multi_margin
from jax_metrics.losses.classification._margin import multilabel_margin as multilabel_margin
from jax_metrics.losses.classification._margin import (
    multilabel_soft_margin as multilabel_soft_margin,
)
from jax_metrics.losses.classification._margin import soft_margin as soft_margin
from jax_metrics.losses.classification._poly_crossentropy import (
    PolyCrossentropy as PolyCrossentropy,
)
from jax_metrics.losses.classification._poly_crossentropy import (
    poly_crossentropy as poly_crossentropy,
)
from jax_metrics.losses.classification._sparsemax import FenchelYoung as FenchelYoung
from jax_metrics.losses.classification._sparsemax import MulticlassSparsemax as MulticlassSparsemax
from jax_metrics.losses.classification._sparsemax import Sparsemax as Sparsemax
from jax_metrics.losses.classification._sparsemax import fenchel_young as fenchel_young
from jax_metrics.losses.classification._sparsemax import (
    multiclass_sparsemax as multiclass_sparsemax,
)
from jax_metrics.losses.classification._sparsemax import sparsemax as sparsemax
