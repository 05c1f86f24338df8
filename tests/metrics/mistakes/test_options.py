"""Wrong arguments: swapped, misspelt, of other types."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import metrics
from jax_metrics.metrics import AUROC, Accuracy, F1Score, Mean, MeanSquaredError, Metrics

Y = np.array([0, 1, 2, 1])
SCORES = np.float32([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
B = np.array([0, 1, 1, 0])
P = np.float32([0.1, 0.8, 0.6, 0.3])


MISTAKES = {
    # Line 11: swapped
    "swapped scores and labels": (
        lambda: Accuracy()(target=SCORES, preds=Y),
        TypeError,
        "while preds are int.*swapped",
    ),
    "swapped probabilities": (
        lambda: AUROC()(target=P, preds=B),
        TypeError,
        "Were target and preds swapped",
    ),
    "given by position": (
        lambda: Accuracy().update(B, P),
        TypeError,
        "takes no arguments by position, but got 2. Give them by name: target=..., preds=...",
    ),
    # Lines 18 and 18b: options
    "an option of the base that means nothing": (
        lambda: metrics.HingeLoss(from_logits=True),
        TypeError,
        "HingeLoss has no argument 'from_logits'. It takes squared, strategy, ",
    ),
    "an integer dtype of sums": (
        lambda: Mean(dtype=jnp.int32),
        TypeError,
        "Mean computes with floats, but got dtype=int32, .* sets `keeps_integers = True`",
    ),
    "an integer dtype of moments": (
        lambda: metrics.R2Score(dtype="int32"),
        TypeError,
        "R2Score computes with floats, but got dtype=int32",
    ),
    "wrong num_classes": (
        lambda: Accuracy(num_classes=4)(target=Y, preds=SCORES),
        ValueError,
        r"expected \(4, 4\), with scores of 4 classes",
    ),
    "missing num_classes": (
        lambda: F1Score()(target=Y, preds=SCORES),
        ValueError,
        "the metric is binary; give `num_classes` or `num_labels`",
    ),
    "num_classes as a string": (
        lambda: Accuracy(num_classes="10"),
        TypeError,
        "num_classes of Accuracy must be an integer or None, but is the str '10'",
    ),
    "num_classes as a float": (
        lambda: Accuracy(num_classes=10.0),
        TypeError,
        "must be an integer or None, but is the float 10.0",
    ),
    "num_classes as a list": (
        lambda: Accuracy(num_classes=[10]),
        TypeError,
        r"num_classes of Accuracy must be an integer or None, but is the list \[10\]",
    ),
    "top_k as a flag": (
        lambda: Accuracy(num_classes=3, top_k=True),
        TypeError,
        "top_k of Accuracy must be an integer, but is the bool True",
    ),
    "top_k as a flag, function": (
        lambda: metrics.retrieval_precision(B, P, indexes=B, top_k=True),
        TypeError,
        "top_k of RetrievalPrecision must be an integer or None, but is the bool True",
    ),
    "top_k as a flag of NumPy": (
        lambda: metrics.RetrievalNormalizedDCG(top_k=np.bool(True)),
        TypeError,
        "top_k of RetrievalNormalizedDCG must be an integer or None, but is the bool",
    ),
    "a number of groups as a flag": (
        lambda: metrics.ByGroup(Mean(), num_groups=True),
        TypeError,
        "num_groups of ByGroup must be an integer, but is the bool True",
    ),
    "a number as a tuple": (
        lambda: Accuracy(threshold=(0.5,)),
        TypeError,
        r"threshold of Accuracy must be a number.*, but is the tuple \(0.5,\)",
    ),
    "a flag as a string": (
        lambda: Accuracy(from_logits="no"),
        TypeError,
        "from_logits of Accuracy must be a boolean, but is the str 'no'",
    ),
    "a number as a string": (
        lambda: Accuracy(threshold="0.5"),
        TypeError,
        "threshold of Accuracy must be a number",
    ),
    "a string as a number": (
        lambda: Accuracy(average=3),
        TypeError,
        "average of Accuracy must be a string or None, but is the int 3",
    ),
    "n_classes": (
        lambda: Accuracy(n_classes=3),
        TypeError,
        "Accuracy has no argument 'n_classes'. Did you mean `num_classes`",
    ),
    "an option of another metric": (
        lambda: F1Score(beta=2.0),
        TypeError,
        "F1Score has no argument 'beta'",
    ),
    "misspelt option of a function": (
        lambda: metrics.accuracy(B, P, num_clases=3),
        TypeError,
        "accuracy has no argument 'num_clases'. Did you mean `num_classes`",
    ),
    "weights by position, function": (
        lambda: metrics.accuracy(B, P, P),
        TypeError,
        "accuracy takes only `target`, `preds` by position; got an array, .* name: sample_weight",
    ),
    "weights by position, function of a curve": (
        lambda: metrics.auroc(B, P, P),
        TypeError,
        "auroc takes only `target`, `preds` by position",
    ),
    "preds missing, function": (
        lambda: metrics.auroc(B),
        TypeError,
        r"auroc needs `preds`, as in `auroc\(target=..., preds=...\)`",
    ),
    "options by position": (
        lambda: Accuracy(3),
        TypeError,
        "Accuracy takes no arguments by position, but got 1. Give options by name: average=...",
    ),
    "misspelt average": (
        lambda: Accuracy(average="marco"),
        ValueError,
        "average must be one of 'micro', 'macro'",
    ),
    "predictions": (
        lambda: Accuracy()(target=B, predictions=P),
        TypeError,
        "called with 'predictions', but it takes .* Did you mean `preds`",
    ),
    "y_true": (
        lambda: MeanSquaredError().update(y_true=P, preds=P),
        TypeError,
        "'y_true', but it takes .* Did you mean `target`",
    ),
    "weight": (
        lambda: Accuracy()(target=B, preds=P, weight=P),
        TypeError,
        "Did you mean `sample_weight`",
    ),
    "loss for values, in a collection": (
        lambda: Metrics([Mean()]).update(loss=1.0),
        TypeError,
        "Nothing in this Metrics takes 'loss'; it takes values, .* Did you mean `values`",
    ),
    "a mask of 0 and 1": (
        lambda: Accuracy()(target=B, preds=P, mask=np.array([1, 1, 1, 0])),
        TypeError,
        r"mask must be boolean, .* Write `mask.astype\(bool\)`",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_mistake_is_told(mistake):
    call, error, message = MISTAKES[mistake]
    with pytest.raises(error, match=message):
        call()


def test_a_metric_of_its_own_keywords():
    class Bounds(Mean):
        def __init__(self, **bounds: float):
            super().__init__()
            self.bounds = bounds

    assert Bounds(low=1.0, high=2.0).bounds == {"low": 1.0, "high": 2.0}

    class Passing(Accuracy):
        def __init__(self, **options):
            super().__init__(**options)

    assert Passing(num_classes=3).labels.num_classes == 3
    with pytest.raises(TypeError, match="Passing has no argument 'numclasses'. Did you mean `num_"):
        Passing(numclasses=3)


def test_options_of_other_types_pass():
    class Kept(Mean):
        def __init__(self, kind: object, rate: float, size: "int", names: list[str] | None = None):
            super().__init__()
            self.options = (kind, size, names)

    assert Kept(int, np.float32(1), "many", names=["a"]).options == (int, "many", ["a"])
    assert Kept(None, jnp.ones(()), 2, None).options == (None, 2, None)
    with pytest.raises(TypeError, match="rate of Kept must be a number, but is the NoneType None"):
        Kept(1, rate=None, size=2)


def test_the_label_of_booleans_may_be_a_boolean():
    target, preds = B == 1, P > 0.7
    values = [metrics.recall(target, preds, pos_label=label) for label in (False, 0, True, 1)]
    assert values == [1.0, 1.0, 0.5, 0.5]
