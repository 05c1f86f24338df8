"""What the digits example reports of its model is what scikit-learn says of it."""

import runpy
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import sklearn.metrics
from sklearn.datasets import load_digits

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.py"


def test_the_report_is_that_of_scikit_learn():
    example = runpy.run_path(str(EXAMPLE))
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    model, _ = example["train"](x[:512], y[:512], x[512:], y[512:], epochs=2)
    metrics = example["evaluate"](model, example["held_out_metrics"](), x[512:], y[512:])
    predicted = jnp.argmax(model(x[512:]), -1)
    expected = sklearn.metrics.classification_report(y[512:], predicted, zero_division=0)
    assert metrics["report"].table().split("\n") == expected.rstrip("\n").split("\n")
    matrix = sklearn.metrics.confusion_matrix(y[512:], predicted)
    np.testing.assert_array_equal(metrics["digits"].compute(), matrix)
