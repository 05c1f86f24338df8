"""The fuzz itself: it finds a wrong value, and reduces it to a few numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fuzz_check import check_subject
from fuzz_loss_check import check_loss_subject
from fuzz_subject import ROWS, Subject

import jax_metrics as jm


def draw(rng):
    return {n: rng.normal(size=ROWS).astype("float32") for n in ("target", "preds")}


def wrong(target, preds, sample_weight=1.0):
    """An error of predictions above 1 only."""
    errors = np.where(preds > 1, 0, (target - preds) ** 2)
    return np.average(errors, weights=sample_weight) if np.ndim(sample_weight) else errors


@pytest.mark.parametrize("masked", [False, True])
def test_a_wrong_metric_is_found_and_reduced(masked, capsys):
    subject = Subject("jm.metrics.MeanSquaredError()", draw, wrong, masked=masked)
    with pytest.raises(AssertionError) as raised:
        check_subject(subject, np.random.default_rng(0), cases=9, ways=1)
    report = str(raised.value)
    assert capsys.readouterr().out == report + "\n"  # at once, not at the end of all tests
    assert_one_row(report)


@pytest.mark.slow
def test_a_wrong_loss_is_found_and_reduced():
    subject = Subject("jm.losses.MeanSquaredError()", draw, wrong)
    with pytest.raises(AssertionError) as raised:
        check_loss_subject(subject, np.random.default_rng(0), cases=9)
    assert_one_row(str(raised.value))


def test_a_wrong_gradient_is_found():
    subject = Subject(
        "jm.losses.MeanSquaredError()", draw, lambda target, preds: 2 * target * preds, atol=1e9
    )
    with pytest.raises(AssertionError, match="the gradient of preds"):
        check_loss_subject(subject, np.random.default_rng(0), cases=9)


def assert_one_row(report):
    code = report[report.index("import jax") :]
    scope = {"jax": jax, "jnp": jnp, "np": np, "jm": jm}
    exec(code.replace("value = metric(", "arguments = dict("), scope)
    arguments = scope["arguments"]
    assert len(arguments["target"]) == 1 and arguments["preds"] > 1
    exec(code, scope)
    assert np.size(scope["value"]) == 1
