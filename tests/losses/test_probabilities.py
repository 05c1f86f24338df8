"""Probabilities given as logits, and logits given as probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses
from jax_metrics.losses import (
    CategoricalFocalCrossentropy,
    Crossentropy,
    Dice,
    GeneralizedCrossentropy,
    KLDivergence,
)

Y = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3, dtype=int)[Y]
LOGITS = np.float32([[2.0, -1.0, 0.5], [0.1, 3.0, -2.0], [1.0, -0.5, 0.0], [0.0, -1.0, 2.0]])
SOFTMAX = np.asarray(jax.nn.softmax(LOGITS))
LOG_SOFTMAX = np.asarray(jax.nn.log_softmax(LOGITS))
NO_LOGITS = {"from_logits": False}

WARNED = {
    "softmax, labels": lambda preds: Crossentropy()(target=Y, preds=preds),
    "softmax, one-hot": lambda preds: Crossentropy()(target=ONE_HOT, preds=preds),
    "softmax, focal": lambda preds: CategoricalFocalCrossentropy()(target=Y, preds=preds),
    "softmax, generalized": lambda preds: GeneralizedCrossentropy()(target=Y, preds=preds),
    "softmax, Dice": lambda preds: Dice()(target=Y[None], preds=preds[None]),
}


@pytest.mark.parametrize("mistake", WARNED)
def test_probabilities_as_logits_are_warned_of(mistake):
    call = WARNED[mistake]
    with pytest.warns(UserWarning, match="preds look like probabilities, .*from_logits=False"):
        call(SOFTMAX)
    call(LOGITS)  # logits, and what is traced, are silent
    jax.jit(call)(SOFTMAX)


def test_a_loss_without_the_option_warns_too():
    with pytest.warns(UserWarning, match="are read as logits. Leave out the softmax of the model"):
        losses.PolyCrossentropy()(target=Y, preds=SOFTMAX)


def test_the_warning_is_at_the_line_of_the_user():
    with pytest.warns(UserWarning, match="preds look like probabilities") as warned:
        Crossentropy()(target=Y, preds=SOFTMAX)
    assert warned[0].filename == __file__


TRACED = {
    "labels": lambda preds: losses.crossentropy(Y, preds, from_logits=False),
    "one-hot": lambda preds: losses.crossentropy(ONE_HOT, preds, from_logits=False),
    "focal": lambda preds: losses.categorical_focal_crossentropy(Y, preds, from_logits=False),
    "binary focal": lambda preds: losses.binary_focal_crossentropy(
        ONE_HOT, preds, from_logits=False
    ).sum(-1),
    "generalized": lambda preds: losses.generalized_crossentropy(Y, preds, from_logits=False),
    "Dice": lambda preds: losses.dice(Y[:, None], preds[:, None], from_logits=False),
    "KLDivergence": lambda preds: losses.kl_divergence(SOFTMAX, preds, log_preds=False),
}


@pytest.mark.parametrize("name", TRACED)
def test_traced_values_out_of_range_are_nan(name):
    wrong = SOFTMAX.copy()
    wrong[0, 0], wrong[1, 1] = -0.5, 1.5  # the scores of the labels
    value = np.asarray(jax.jit(TRACED[name])(wrong))
    assert np.isnan(value[:2]).all() and np.isfinite(value[2:]).all()
    np.testing.assert_allclose(jax.jit(TRACED[name])(SOFTMAX), TRACED[name](SOFTMAX), rtol=1e-5)


def test_correct_values_stay_silent():
    Crossentropy()(target=Y, preds=np.float32(ONE_HOT))  # of 0 and 1 alone
    Crossentropy()(target=Y, preds=np.zeros((4, 3), np.float32))
    Crossentropy(**NO_LOGITS)(target=Y, preds=jnp.asarray(SOFTMAX, jnp.bfloat16) * 1.004)
    Crossentropy()(target=np.zeros((4, 3), np.float32), preds=LOGITS)  # rows that are left out
    Crossentropy(binary=True)(target=np.float32([[1, 1, 0]]), preds=LOGITS[:1])
    Crossentropy(check_bounds=False, **NO_LOGITS)(target=Y, preds=LOGITS)
    KLDivergence()(target=SOFTMAX, preds=LOG_SOFTMAX)
    KLDivergence(generalized=True, log_preds=False)(target=3 * SOFTMAX, preds=5 * SOFTMAX)
    padded = LOGITS.copy()
    padded[:3] = SOFTMAX[:3]
    mask = np.array([True, True, True, False])
    Crossentropy(**NO_LOGITS)(target=Y, preds=padded, mask=mask)
    ignored = Crossentropy(ignore_index=-1, **NO_LOGITS)
    ignored(target=np.array([0, 1, 2, -1]), preds=SOFTMAX)
