"""What the examples with digits report of their models is what scikit-learn says of them."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics
from sklearn.datasets import load_digits

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_report_is_that_of_scikit_learn():
    example = runpy.run_path(str(EXAMPLES / "digits.py"))
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    model, _ = example["train"](x[:512], y[:512], x[512:], y[512:], epochs=2)
    metrics = example["evaluate"](model, example["held_out_metrics"](), x[512:], y[512:])
    predicted = jnp.argmax(model(x[512:]), -1)
    expected = sklearn.metrics.classification_report(y[512:], predicted, zero_division=0)
    assert metrics["report"].table().split("\n") == expected.rstrip("\n").split("\n")
    matrix = sklearn.metrics.confusion_matrix(y[512:], predicted)
    np.testing.assert_array_equal(metrics["digits"].compute(), matrix)


@pytest.mark.slow
def test_padded_batches_give_the_metrics_of_scikit_learn():
    example = runpy.run_path(str(EXAMPLES / "cnn_digits.py"))
    x, y = load_digits(return_X_y=True)
    # One full batch and a padded one.
    x, y = (x[:100] / 16).astype(np.float32).reshape(-1, 8, 8, 1), y[:100]
    model = example["make_classifier"]().init(0, x).eval()
    values = example["evaluate"](model, example["make_metrics"](), x, y).compute()
    probabilities = np.asarray(jax.nn.softmax(model(x)), float)
    probabilities /= probabilities.sum(-1, keepdims=True)
    predicted = probabilities.argmax(-1)
    expected = {
        "log loss": sklearn.metrics.log_loss(y, probabilities),
        "accuracy": sklearn.metrics.accuracy_score(y, predicted),
        "accuracy of the best two": sklearn.metrics.top_k_accuracy_score(y, probabilities, k=2),
        "macro F1": sklearn.metrics.f1_score(y, predicted, average="macro"),
    }
    area = sklearn.metrics.roc_auc_score(y, probabilities, multi_class="ovr")
    # Its thresholds are 200, not each of the scores.
    assert values.pop("AUROC") == pytest.approx(area, abs=0.01)
    assert values == pytest.approx(expected, rel=1e-4)
