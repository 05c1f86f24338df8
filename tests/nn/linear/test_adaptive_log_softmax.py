"""Log-probabilities of many classes, of frequent ones and of clusters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import nn

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 5, 8)).astype(np.float32)
LAYER = nn.AdaptiveLogSoftmax(20, cutoffs=[5, 12], div_value=2.0, head_bias=True).init(0, X)


def test_it_is_a_distribution_of_two_stages():
    found = np.asarray(LAYER(X), np.float64)
    np.testing.assert_allclose(np.exp(found).sum(-1), 1, rtol=1e-5)
    x = X.astype(np.float64)

    def softmax(layer, x):
        bias = 0 if layer.bias is None else np.asarray(layer.bias)
        logits = np.exp(x @ np.asarray(layer.kernel, np.float64) + bias)
        return logits / logits.sum(-1, keepdims=True)

    head = softmax(LAYER.head, x)
    tails = [
        head[..., [5 + i]] * softmax(output, x @ np.asarray(project.kernel, np.float64))
        for i, (project, output) in enumerate(zip(LAYER.projections, LAYER.outputs, strict=True))
    ]
    expected = np.concatenate([head[..., :5], *tails], -1)
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-5)


@pytest.mark.slow
def test_the_likelihood_is_that_of_the_class():
    target = rng.integers(0, 20, (3, 5))
    expected = np.take_along_axis(np.asarray(LAYER(X)), target[..., None], -1)[..., 0]
    found = jax.jit(lambda layer, x, y: layer.log_likelihood(x, y))(LAYER, X, target)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert np.isnan(LAYER.log_likelihood(X[:1, :2], jnp.array([[20, -1]]))).all()


def test_rare_classes_have_fewer_parameters():
    assert LAYER.head.kernel.shape == (8, 7) and LAYER.head.bias.shape == (7,)
    assert [layer.kernel.shape for layer in LAYER.projections] == [(8, 4), (8, 2)]
    assert [layer.kernel.shape for layer in LAYER.outputs] == [(4, 7), (2, 8)]


@pytest.mark.parametrize("cutoffs", [[], [5, 5], [0, 5], [5, 20], [7, 3]])
def test_cutoffs_that_are_none(cutoffs):
    with pytest.raises(ValueError, match="must increase, between 1 and num_classes - 1 = 19"):
        nn.AdaptiveLogSoftmax(20, cutoffs=cutoffs)


def test_a_divisor_that_is_none():
    with pytest.raises(ValueError, match="`div_value` is at least 1; got 0.5"):
        nn.AdaptiveLogSoftmax(20, cutoffs=[5], div_value=0.5)
