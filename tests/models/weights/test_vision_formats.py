"""The names that other libraries give the weights of classifiers, there and back."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import inverse
from jax_metrics.models import ConvNeXt, EfficientNetLite, MobileNetV3, ResNet
from jax_metrics.models.weights import (
    CONVNEXT_FORMAT,
    EFFICIENTNET_LITE_FORMAT,
    RESNET_FORMAT,
    TORCHVISION_CONVNEXT_FORMAT,
    TORCHVISION_MOBILENET_V3_FORMAT,
    TORCHVISION_RESNET_FORMAT,
    formats_of_model,
)

ROWS = [(3, 8, 8, True, False, 2), (5, 24, 8, False, True, 1)]


def resnet(**options):
    return ResNet([1, 2], widths=[2, 4], stem_width=8, **{"num_classes": 3, **options})


def convnext(**options):
    return ConvNeXt([1, 2], [4, 8], **{"num_classes": 3, **options})


def mobilenet(**options):
    return MobileNetV3(ROWS, 16, width=0.5, **{"num_classes": 3, **options})


def lite(**options):
    return EfficientNetLite(width=0.05, depth=0.1, **{"num_classes": 3, **options})


# The format, a model, and the name there and the shape of some weights.
CASES = {
    "resnet": (
        RESNET_FORMAT,
        resnet,
        {
            "resnet.embedder.embedder.convolution.weight": (8, 3, 7, 7),
            "resnet.encoder.stages.1.layers.0.layer.1.convolution.weight": (4, 4, 3, 3),
            "resnet.encoder.stages.1.layers.0.shortcut.normalization.running_var": (16,),
            "classifier.1.weight": (3, 16),
        },
    ),
    "basic resnet": (
        RESNET_FORMAT,
        lambda **o: resnet(bottleneck=False, **o),
        {"resnet.encoder.stages.1.layers.1.layer.1.normalization.weight": (4,)},
    ),
    "torchvision's resnet": (
        TORCHVISION_RESNET_FORMAT,
        resnet,
        {
            "conv1.weight": (8, 3, 7, 7),
            "layer2.0.downsample.0.weight": (16, 8, 1, 1),
            "layer2.1.bn3.running_mean": (16,),
            "fc.weight": (3, 16),
        },
    ),
    "convnext": (
        CONVNEXT_FORMAT,
        convnext,
        {
            "convnext.embeddings.patch_embeddings.weight": (4, 3, 4, 4),
            "convnext.encoder.stages.1.downsampling_layer.1.weight": (8, 4, 2, 2),
            "convnext.encoder.stages.1.layers.1.dwconv.weight": (8, 1, 7, 7),
            "convnext.encoder.stages.1.layers.1.layer_scale_parameter": (8,),
            "convnext.layernorm.weight": (8,),
            "classifier.bias": (3,),
        },
    ),
    "torchvision's convnext": (
        TORCHVISION_CONVNEXT_FORMAT,
        convnext,
        {
            "features.1.0.block.3.weight": (16, 4),
            "features.2.1.weight": (8, 4, 2, 2),
            "features.3.1.layer_scale": (8, 1, 1),
            "classifier.0.weight": (8,),
        },
    ),
    "torchvision's mobilenet_v3": (
        TORCHVISION_MOBILENET_V3_FORMAT,
        mobilenet,
        {
            "features.1.block.0.0.weight": (8, 1, 3, 3),  # it does not widen
            "features.1.block.1.fc1.weight": (8, 8, 1, 1),
            "features.2.block.2.0.weight": (8, 16, 1, 1),  # it does not squeeze
            "classifier.3.weight": (3, 8),
        },
    ),
    "efficientnet_lite": (
        EFFICIENTNET_LITE_FORMAT,
        lite,
        {
            "_conv_stem.weight": (32, 3, 3, 3),
            "_blocks.0._bn2.running_var": (8,),
            "_blocks.6._expand_conv.weight": (96, 16, 1, 1),
            "_conv_head.weight": (1280, 16, 1, 1),
            "_fc.weight": (3, 1280),
        },
    ),
}


def state_of(model):
    """Numbers for all weights: each has its own."""
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    part = jm.filter(shapes, lambda field: not issubclass(field.kind, jm.Rng))
    count = iter(range(10**9))
    filled = jm.map(lambda a: np.full(a.shape, next(count), a.dtype), part)
    return jm.state_dict(filled)


def applied(rules, state):
    for rule in rules:
        state = rule(state)
    return state


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name):
    format, make, entries = CASES[name]
    state, rules = state_of(make()), format.rules(make())
    theirs = applied(inverse(rules), state)
    assert len(theirs) == len(state)
    for entry, shape in entries.items():
        assert theirs[entry].shape == shape
    assert not [entry for entry in theirs if "kernel" in entry]
    theirs = {**theirs, "some.num_batches_tracked": np.array(3)}
    back = applied(rules, theirs)
    back.pop("some.num_batches_tracked", None)  # without BatchNorm there is none
    assert back.keys() == state.keys()
    for entry, value in state.items():
        np.testing.assert_array_equal(back[entry], value)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_features_alone_load_the_weights_of_a_classifier(name):
    format, make, _ = CASES[name]
    theirs = applied(inverse(format.rules(make())), state_of(make()))
    alone = make(num_classes=None)
    loaded = applied(format.rules(alone), theirs)
    shapes = {name: value.shape for name, value in state_of(alone).items()}
    assert {name: value.shape for name, value in loaded.items()} == shapes


@pytest.mark.parametrize("name", CASES)
def test_the_format_is_found_by_the_model(name):
    format, make, _ = CASES[name]
    assert format in formats_of_model(make())


@pytest.mark.parametrize("name", [name for name, (format, *_) in CASES.items() if format.to_config])
@pytest.mark.parametrize("num_classes", [3, None])
def test_configurations(name, num_classes):
    format, make, _ = CASES[name]
    model = make(num_classes=num_classes)
    assert jm.equal(format.from_config(format.to_config(model)), model)


def test_the_configuration_of_a_convnext_has_all_settings():
    model = convnext(stochastic_depth=0.25, layer_scale=0.5, head_epsilon=1e-12, patch_size=2)
    assert jm.equal(CONVNEXT_FORMAT.from_config(CONVNEXT_FORMAT.to_config(model)), model)


@pytest.mark.parametrize(
    ("format", "model"),
    [
        (TORCHVISION_MOBILENET_V3_FORMAT, MobileNetV3.preset("large", dropout=0.3)),
        (TORCHVISION_MOBILENET_V3_FORMAT, mobilenet(norm=lambda: jm.BatchNorm(epsilon=0.1))),
        (EFFICIENTNET_LITE_FORMAT, EfficientNetLite.preset("lite4", stochastic_depth=0.3)),
        (EFFICIENTNET_LITE_FORMAT, lite(norm=lambda: jm.BatchNorm(epsilon=0.1), dropout=0.0)),
    ],
)
def test_configurations_have_all_settings(format, model):
    config = json.loads(json.dumps(format.to_config(model)))
    assert jm.equal(format.from_config(config), model)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, (format, *_) in CASES.items() if format.to_config])
def test_configurations_of_images_with_other_channels(name):
    format, make, _ = CASES[name]
    gray = make(num_channels=1)
    assert gray.example_inputs().args[0].shape[-1] == 1
    assert jm.equal(format.from_config(format.to_config(gray)), gray)
    # What the first images had counts, not the argument.
    shapes = jax.eval_shape(lambda: make().init(0, jnp.zeros((1, 32, 32, 2))))
    assert format.from_config(format.to_config(shapes)).num_channels == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        mobilenet(num_classes=None),
        lite(stages=[(1, 3, 1, 1, 160), (2, 3, 2, 6, 240)]),
        resnet(num_channels=1),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_folder_of_a_classifier(tmp_path, model):
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()).eval())
    rng = np.random.default_rng(0)
    part = jm.filter(shapes, lambda field: not issubclass(field.kind, jm.Rng))
    part = jm.map(lambda leaf: jnp.asarray(rng.random(leaf.shape, leaf.dtype)), part)
    jm.models.save_pretrained(shapes.merge(part), tmp_path)
    loaded = jm.models.from_pretrained(tmp_path)
    assert type(loaded) is type(model)
    found = jm.filter(loaded, lambda field: not issubclass(field.kind, jm.Rng))
    assert jm.equal(found, part)


@pytest.mark.slow
def test_presets_by_the_names_of_others():
    for format, name, model in [
        (TORCHVISION_RESNET_FORMAT, "resnet18", ResNet.preset("resnet18")),
        (TORCHVISION_CONVNEXT_FORMAT, "convnext_tiny", ConvNeXt.preset("tiny")),
        (TORCHVISION_MOBILENET_V3_FORMAT, "mobilenet_v3_small", MobileNetV3.preset("small")),
        (EFFICIENTNET_LITE_FORMAT, "efficientnet-lite1", EfficientNetLite.preset("lite1")),
    ]:
        assert jm.equal(format.from_config({"architecture": name}), model)
        sizes = {"num_classes": None, "num_channels": 4}
        other = format.from_config({"architecture": name, **sizes})
        assert other.num_channels == 4 and isinstance(other.head, jm.nn.Identity | jm.LayerNorm)


@pytest.mark.parametrize(
    ("format", "config", "text"),
    [
        (RESNET_FORMAT, {"hidden_act": "gelu"}, "`hidden_act: 'gelu'`, which changes the arch"),
        (RESNET_FORMAT, {"downsample_in_bottleneck": True}, "`downsample_in_bottleneck: True`"),
        (CONVNEXT_FORMAT, {"hidden_act": "relu"}, "`hidden_act: 'relu'`, which changes the arch"),
        (CONVNEXT_FORMAT, {"layer_scale_init_value": 0.0}, "`layer_scale_init_value: 0.0`, which"),
    ],
)
def test_variants_that_are_not_supported(format, config, text):
    with pytest.raises(ValueError, match=text):
        format.from_config(config)


@pytest.mark.parametrize("name", ["resnet", "torchvision's mobilenet_v3", "efficientnet_lite"])
def test_other_norms_have_no_place_in_the_formats(name):
    format, make, _ = CASES[name]
    model = make(norm=lambda: jm.nn.GroupNorm(2))
    with pytest.raises(jm.CheckpointError, match=r"has BatchNorm; this model has GroupNorm\. `jm"):
        format.to_config(model)


def test_the_resnet_of_transformers_has_one_epsilon():
    model = resnet(norm=lambda: jm.BatchNorm(epsilon=0.1))
    with pytest.raises(jm.CheckpointError, match=r"adds 1e-05 .* model have `epsilon=0\.1`"):
        RESNET_FORMAT.to_config(model)


@pytest.mark.parametrize("name", ["torchvision's mobilenet_v3", "efficientnet_lite"])
def test_other_heads_have_no_place_in_the_formats(name):
    format, make, _ = CASES[name]
    model = make().replace(head=jm.Linear(3))
    with pytest.raises(
        jm.CheckpointError, match=r"ha(s|ve) a head of .*; this model has Linear\. `jm"
    ):
        format.to_config(model)
