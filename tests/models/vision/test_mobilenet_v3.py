import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import MobileNetV3


def test_rows_of_the_paper():
    model = MobileNetV3.preset("large")
    assert len(model.features) == 17
    last = model.features[15]
    assert last.depthwise.conv.kernel_size == (5, 5)
    assert last.expand.conv.features == 960
    assert last.squeeze.reduce.features == 240
    assert last.depthwise.activation is jm.nn.hard_swish
    assert model.features[1].depthwise.activation is jm.nn.relu
    assert isinstance(model.features[1].squeeze, jm.nn.Identity)


@pytest.mark.parametrize(
    ("width", "features"), [(1.0, 96), (0.75, 72), (0.5, 48), (0.35, 32), (0.1, 16)]
)
def test_widths_are_multiples_of_8(width, features):
    model = MobileNetV3.preset("small", width=width)
    assert model.features[-2].project.conv.features == features
    # 0.1 * 96 is nearest to 8, but that is less than 90 % of it.


@pytest.mark.slow
def test_squeezing_scales_channels():
    model = MobileNetV3([(3, 16, 16, True, False, 1)], 8).features[1].squeeze
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 16)).astype(np.float32)
    model = model.init(0, x)
    ratio = model(x) / x
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1], x.shape), rtol=1e-4)
    assert (0 < ratio).all() and (ratio < 1).all()
