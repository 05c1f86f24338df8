import pytest

import jax_metrics as jm
from jax_metrics.models import EfficientNetLite


def blocks(model):
    return [block for stage in model.features[1:-1] for block in stage]


@pytest.mark.parametrize(
    ("preset", "counts", "widths"),
    [
        ("lite0", [1, 2, 2, 3, 3, 4, 1], [16, 24, 40, 80, 112, 192, 320]),
        ("lite2", [1, 3, 3, 4, 4, 5, 1], [16, 24, 48, 88, 120, 208, 352]),
        ("lite4", [1, 4, 4, 6, 6, 8, 1], [24, 32, 56, 112, 160, 272, 448]),
    ],
)
def test_stages(preset, counts, widths):
    model = EfficientNetLite.preset(preset)
    assert [len(stage) for stage in model.features[1:-1]] == counts
    assert [stage[-1].project.conv.features for stage in model.features[1:-1]] == widths
    assert model.features[0].conv.features == 32  # these two are not scaled
    assert model.features[-1].conv.features == 1280


def test_stochastic_depth_grows_where_there_is_something_to_skip_to():
    rates = [block.drop.rate for block in blocks(EfficientNetLite())]
    assert rates[:5] == [0, 0, pytest.approx(0.2 * 2 / 16), 0, pytest.approx(0.2 * 4 / 16)]
    assert rates[-2:] == [pytest.approx(0.2 * 14 / 16), 0]


def test_the_first_stage_does_not_widen():
    first, second = blocks(EfficientNetLite())[:2]
    assert isinstance(first.expand, jm.nn.Identity)
    assert second.expand.conv.features == 6 * 16
