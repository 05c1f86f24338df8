"""Options of panoptic quality; its values are compared in the cases."""

import numpy as np
import pytest

import jax_metrics as jm

CATEGORIES = {"things": (0, 1), "stuffs": (6, 7)}


@pytest.mark.slow
def test_what_is_returned():
    rng = np.random.default_rng(0)
    target = np.stack([rng.choice([0, 1, 6, 255], (2, 64)), rng.integers(0, 2, (2, 64))], -1)
    preds = np.where(rng.random((2, 64, 1)) < 0.3, 0, target)
    options = {**CATEGORIES, "allow_unknown_preds_category": True}
    each = jm.metrics.panoptic_quality(
        target, preds, return_per_class=True, return_sq_and_rq=True, **options
    )
    assert each.shape == (4, 3)
    assert np.isnan(each[3]).all()  # category 7 is nowhere
    found = each[:3]
    np.testing.assert_allclose(found[:, 0], found[:, 1] * found[:, 2], rtol=1e-6)
    mean = jm.metrics.panoptic_quality(target, preds, **options)
    np.testing.assert_allclose(mean, found[:, 0].mean(), rtol=1e-6)
    with pytest.raises(ValueError, match="give `allow_unknown_preds_category=True`"):
        jm.metrics.panoptic_quality(target, preds, **CATEGORIES)


@pytest.mark.parametrize("ids", [(2**32 - 1, 2**32 - 2), (2**31, 2**31 - 1), (0, 2**31)])
@pytest.mark.parametrize("metric", [jm.metrics.PanopticQuality, jm.metrics.ModifiedPanopticQuality])
def test_instances_of_all_ids_differ(metric, ids):
    target = np.array([[[0, i] for i in (1, 1, 2, 2)]])
    large = np.array([[[0, i] for i in np.repeat(ids, 2)]], np.uint32)
    for pair in ((target, large), (large, target), (large, large)):
        assert float(metric(things=[0], stuffs=[6])(target=pair[0], preds=pair[1])) == 1


def test_categories_are_integers_or_booleans():
    pixels, options = np.ones((1, 4, 2)), {"things": (1,), "stuffs": ()}
    assert float(jm.metrics.panoptic_quality(pixels > 0, pixels > 0, **options)) == 1
    with pytest.raises(TypeError, match="target must hold labels, integers or booleans"):
        jm.metrics.panoptic_quality(pixels, pixels, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"things": [0, 1], "stuffs": [1]}, ValueError, "must be different categories"),
        ({"things": [], "stuffs": []}, ValueError, "at least one"),
        ({"things": [0.5], "stuffs": [1]}, TypeError, "must hold integers"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        jm.metrics.PanopticQuality(**options)
