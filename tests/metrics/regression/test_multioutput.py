"""Values of several outputs become one as in scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
TARGET = np.float32(rng.uniform(1, 3, (12, 3)))
PREDS = np.float32(TARGET + rng.normal(size=TARGET.shape) / 4)
WEIGHTS = (1.0, 2.0, 3.0)
QUICK = [jm.max_error, jm.pearson_corrcoef, jm.d2_tweedie_score]
SLOW = [
    jm.relative_squared_error,
    jm.normalized_root_mean_squared_error,
    jm.concordance_corrcoef,
    jm.spearman_corrcoef,
    jm.kendall_rank_corrcoef,
]
FUNCTIONS = [*QUICK, *(pytest.param(function, marks=pytest.mark.slow) for function in SLOW)]
PEERS = [
    (jm.median_absolute_error, sk.median_absolute_error),
    (jm.d2_absolute_error_score, sk.d2_absolute_error_score),
]


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_outputs_are_averaged(function):
    marked = function(TARGET, PREDS, num_outputs=3)
    np.testing.assert_allclose(marked[1], function(TARGET[:, 1], PREDS[:, 1]), rtol=1e-5)
    mean = function(TARGET, PREDS, num_outputs=3, multioutput="uniform_average")
    np.testing.assert_allclose(mean, marked.mean(), rtol=1e-5)
    weighted = function(TARGET, PREDS, num_outputs=3, multioutput=WEIGHTS)
    np.testing.assert_allclose(weighted, np.average(marked, weights=WEIGHTS), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("multioutput", ["raw_values", "uniform_average", WEIGHTS])
@pytest.mark.parametrize(("ours", "theirs"), PEERS)
def test_as_scikit_learn(ours, theirs, multioutput):
    expected = theirs(TARGET, PREDS, multioutput=multioutput)
    found = ours(TARGET, PREDS, num_outputs=3, multioutput=multioutput)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_weights_that_do_not_fit_and_p_values():
    with pytest.raises(ValueError, match="multioutput must be one of 'raw_values'"):
        jm.MaxError(num_outputs=2, multioutput=WEIGHTS)
    with pytest.raises(ValueError, match="Give `num_outputs`, the length of the last axis"):
        jm.R2Score(multioutput=WEIGHTS)
    with pytest.raises(ValueError, match="p-values of several outputs have no average"):
        jm.SpearmanCorrCoef(capacity=4, num_outputs=3, p_value=True, multioutput=WEIGHTS)
