import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import ResNet


@pytest.mark.slow
def test_stages():
    shapes = []
    model = ResNet([1, 2, 1, 1], widths=[4, 8, 16, 32], stem_width=8)
    x = jax.eval_shape(lambda: np.zeros((2, 64, 96, 3), np.float32))
    for part in model.features:
        part, x = jax.eval_shape(lambda x, part=part: (m := part.init(0, x), m(x)), x)
        shapes.append(x.shape)
    assert shapes == [
        (2, 16, 24, 8), (2, 16, 24, 16), (2, 8, 12, 32), (2, 4, 6, 64), (2, 2, 3, 128),
    ]  # fmt: skip


def test_strides_are_in_the_middle_convolution():
    block = ResNet.preset("resnet50").features[2][0]
    assert [c.conv.strides for c in (block.conv1, block.conv2, block.conv3)] == [
        (1, 1), (2, 2), (1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("bottleneck", [False, True])
def test_shortcuts_have_parameters_only_where_the_shape_changes(bottleneck):
    model = ResNet.preset("resnet34", bottleneck=bottleneck)
    found = [
        (stage, i)
        for stage in range(1, 5)
        for i, block in enumerate(model.features[stage])
        if not isinstance(block.shortcut, jm.nn.Identity)
    ]
    assert found == [(stage, 0) for stage in range(1 if bottleneck else 2, 5)]


def test_one_width_for_each_depth():
    with pytest.raises(ValueError, match=r"one width for each stage; got `depths` \(1, 1\) and"):
        ResNet([1, 1], widths=[8])


def test_unknown_preset():
    with pytest.raises(ValueError, match=r"ResNet has the presets 'resnet18', .* got 'resnet19'"):
        ResNet.preset("resnet19")
