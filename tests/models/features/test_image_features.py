import jax
import numpy as np
import pytest

import jax_metrics as jm

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    model = jm.models.ResNet([1, 1], widths=[4, 8], stem_width=4, num_classes=10)
    return jax.jit(lambda: model.init(0, model.example_inputs()))()


@pytest.fixture(scope="module")
def parts(model):
    """The maps and the logits of the scaled images."""

    @jax.jit
    def run(model, x):
        maps = []
        for part in model.features:
            maps.append(x := part(x))
        return maps, model.head(x.mean((1, 2)))

    return run(model.eval(), (IMAGES.astype(np.float32) - 127) / 128)


@pytest.mark.slow
def test_outputs(model, parts):
    maps, logits = parts
    close = lambda found, expected: np.testing.assert_allclose(  # noqa: E731
        found, expected, rtol=1e-4, atol=1e-5
    )
    close(jm.models.ImageFeatures(model)(IMAGES), maps[-1].mean((1, 2)))
    close(jm.models.ImageFeatures(model, "logits")(IMAGES), logits)
    found = jm.models.ImageFeatures(model, "maps", stages=(-1, 0))(IMAGES)
    close(found[0], maps[2])
    close(found[1], maps[0])
    assert len(jm.models.ImageFeatures(model, "maps")(IMAGES)) == 3


@pytest.mark.parametrize(
    ("options", "images"),
    [
        ({"value_range": (-1, 1)}, IMAGES / 127.5 - 1),
        ({"value_range": (0, 1)}, IMAGES / 255),
        ({"shift": (7, 127, 127)}, IMAGES - [120, 0, 0]),
        ({"scale": [64.0, 128.0, 128.0]}, (IMAGES - 127.0) * [0.5, 1, 1] + 127),
        ({"shift": np.array([7, 127, 127])}, IMAGES - [120, 0, 0]),
        ({"scale": jax.numpy.array([128.0]), "size": np.array([32, 32])}, IMAGES),
        ({"output": "maps", "stages": np.array([0, 1])}, IMAGES),
    ],
)
def test_scaling(model, options, images):
    feature = jm.models.ImageFeatures(model, **options)
    found = feature.scaled(images.astype(np.float32))
    np.testing.assert_allclose(found, (IMAGES - 127.0) / 128, rtol=1e-4, atol=1e-5)


def test_resizing(model):
    feature = jm.models.ImageFeatures(model, size=(16, 8))
    small = jax.image.resize(IMAGES.astype(np.float32), (2, 16, 8, 3), "linear")
    np.testing.assert_allclose(feature.scaled(IMAGES), (small - 127) / 128, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_one_program_for_other_weights(model):
    calls = []

    class Counted(jm.models.ResNet):
        def __call__(self, images):
            calls.append(images.shape)
            return super().__call__(images)

    counted = Counted([1], widths=[4], stem_width=4, num_classes=2)
    first, second = (counted.init(seed, counted.example_inputs()) for seed in (0, 1))
    calls.clear()
    outputs = [jm.models.ImageFeatures(one, "logits")(IMAGES) for one in (first, second)]
    assert len(calls) == 1
    assert not np.allclose(*outputs)


class Holder(jm.Module):
    """A model with a metric inside."""

    def __init__(self, metric):
        self.metric = metric


def test_within_metrics(model):
    feature = jm.models.ImageFeatures(model.train(), "maps", value_range=(-1, 1))
    metric = jm.metrics.LearnedPerceptualImagePatchSimilarity(feature=feature, scale=False)
    assert not metric.feature.training and not metric.feature.model.training
    images = (IMAGES / 127.5 - 1).astype(np.float32)
    update = jax.jit(lambda metric, target, preds: metric.update(target=target, preds=preds))
    assert update(metric, images, images).compute() == 0
    apart = update(metric, images, -images)
    assert apart.compute() > 0.01
    again = update(Holder(metric).train().metric, images, -images)
    np.testing.assert_allclose(again.compute(), apart.compute(), rtol=1e-5)
    before, after = (jax.tree.leaves(jm.filter(one, jm.BatchStats)) for one in (metric, again))
    assert before and all(map(np.array_equal, before, after))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"output": "mode"}, "output must be one of mean, logits, maps; got 'mode'"),
        ({"stages": [0]}, "stages are for output='maps'; got output='mean'"),
        ({"output": "maps", "stages": [3]}, r"some of 0 to 2, the parts of .*; got \[3\]"),
        ({"output": "maps", "stages": []}, r"some of 0 to 2, the parts of .*; got \[\]"),
        ({"output": "maps", "stages": [0.5]}, r"some of 0 to 2, the parts of .*; got \[0.5\]"),
        ({"value_range": (1, 0)}, r"\(low, high\) with low < high; got \(1, 0\)"),
        ({"value_range": 255}, r"\(low, high\) with low < high; got 255"),
        ({"scale": 0}, "scale divides the images, so it must not be 0; got 0"),
        ({"scale": (1, 0.0, 1)}, "scale divides the images, so it must not be 0"),
        ({"shift": np.nan}, "shift must be finite numbers; got nan"),
        ({"shift": "imagenet"}, "shift must be finite numbers; got 'imagenet'"),
        ({"size": 16}, r"size must be \(height, width\); got 16"),
        ({"size": (16, 0)}, "`size` needs a positive integer; got 0"),
    ],
)
def test_options(model, options, text):
    with pytest.raises(ValueError, match=text):
        jm.models.ImageFeatures(model, **options)


@pytest.mark.parametrize(
    ("options", "images", "error", "text"),
    [
        ({}, IMAGES[0], ValueError, r"images \[batch, height, .*\(32, 32, 3\). Give a single im"),
        ({"value_range": (0, 1)}, IMAGES, TypeError, r"=\(0, 1\), but got images of uint8. Pass"),
        ({"value_range": (-1, 1)}, np.int32(IMAGES), TypeError, r"\(-1, 1\), but got .* int32"),
        ({"shift": (1, 2)}, IMAGES, ValueError, r"`shift` .* each of 3 channels; got \(1.0, 2.0\)"),
        ({"scale": [1, 2]}, IMAGES, ValueError, r"`scale` .* each of 3 channels; got \(1.0, 2.0\)"),
    ],
)
def test_images_that_do_not_fit(model, options, images, error, text):
    feature = jm.models.ImageFeatures(model, **options)
    for call in (feature, feature.scaled):
        with pytest.raises(error, match=text):
            call(images)
    black = jm.models.ImageFeatures(model, value_range=(0, 1)).scaled(IMAGES[:1] > 255)
    np.testing.assert_array_equal(black, np.full((1, 32, 32, 3), -127 / 128, np.float32))


def test_models_that_do_not_fit():
    with pytest.raises(TypeError, match="`features` is a jm.nn.Sequential.*; got Linear"):
        jm.models.ImageFeatures(jm.Linear(2))
    with pytest.raises(ValueError, match="The ResNet given to ImageFeatures is not initialized"):
        jm.models.ImageFeatures(jm.models.ResNet([1], widths=[4]))
