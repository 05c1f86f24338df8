import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import ConvNeXt

X = np.random.default_rng(0).normal(size=(2, 4, 4, 8)).astype(np.float32)


@pytest.mark.slow
def test_stages():
    shapes = []
    model = ConvNeXt([1, 2, 1, 1], [4, 8, 16, 32])
    x = jax.eval_shape(lambda: np.zeros((2, 64, 96, 3), np.float32))
    for part in model.features:
        part, x = jax.eval_shape(lambda x, part=part: (m := part.init(0, x), m(x)), x)
        shapes.append(x.shape)
    assert shapes == [
        (2, 16, 24, 4), (2, 16, 24, 4), (2, 8, 12, 8), (2, 4, 6, 16), (2, 2, 3, 32),
    ]  # fmt: skip


def test_the_rate_of_stochastic_depth_grows_through_all_blocks():
    model = ConvNeXt.preset("tiny")
    rates = [block.drop.rate for stage in model.features[1:] for block in stage.blocks]
    np.testing.assert_allclose(rates, np.linspace(0, 0.1, 18))


@pytest.mark.slow
def test_layer_scale():
    block = ConvNeXt([1], [8], layer_scale=0.0).features[1].blocks[0].init(0, X)
    np.testing.assert_array_equal(block(X), X)
    assert block.scale.shape == (8,)
    block = block.replace(scale=np.full(8, 2.0, np.float32))
    double = block(X)
    assert not np.allclose(double, X)
    assert jm.equal(block.init(1, X), block)  # a second `init` keeps what is there
    half = block.replace(scale=np.ones(8, np.float32))(X)
    np.testing.assert_allclose(double - X, 2 * (half - X), rtol=1e-4, atol=1e-5)


def test_one_width_for_each_depth():
    with pytest.raises(ValueError, match=r"one width for each stage; got `depths` \(1, 1\) and"):
        ConvNeXt([1, 1], [8])
