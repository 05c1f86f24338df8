"""The weights of ConvNeXts in transformers and torchvision."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import rename, reshape, skip
from jax_metrics.models.vision import ConvNeXt
from jax_metrics.models.weights._config import (
    labels_of,
    number_of_labels,
    refuse_unless,
    sizes_of_classifier,
)
from jax_metrics.models.weights._convolutions import channels_of, conv, layer_norm, linear
from jax_metrics.models.weights._prefix import without_prefix
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import LayerNorm, Sequential

_STEM = "features.layers.0.layers"


def _from_config(config: Mapping[str, Any]) -> ConvNeXt:
    refuse_unless(config, hidden_act="gelu")
    layer_scale = config.get("layer_scale_init_value", 1e-6)
    if layer_scale <= 0:
        raise ValueError(
            f"The configuration has `layer_scale_init_value: {layer_scale}`, which removes the "
            "factors of the blocks, and is not supported; only positive values are."
        )
    return ConvNeXt(
        config.get("depths", (3, 3, 9, 3)),
        config.get("hidden_sizes", (96, 192, 384, 768)),
        patch_size=config.get("patch_size", 4),
        stochastic_depth=config.get("drop_path_rate", 0.0),
        layer_scale=layer_scale,
        head_epsilon=config.get("layer_norm_eps", 1e-12),
        num_classes=number_of_labels(config),
        num_channels=config.get("num_channels", 3),
    )


def _to_config(model: ConvNeXt) -> Mapping[str, Any]:
    stem, *stages = model.features
    last = stages[-1].blocks[-1]
    norm, classes = model.head, None
    if isinstance(model.head, Sequential):
        norm, classes = model.head[0], model.head[1].features
    name = "ConvNextModel" if classes is None else "ConvNextForImageClassification"
    return {
        "architectures": [name],
        "num_channels": channels_of(model, stem[0]),
        "depths": [len(stage.blocks) for stage in stages],
        "hidden_sizes": [stage.blocks[0].project.features for stage in stages],
        "patch_size": stem[0].kernel_size[0],
        "drop_path_rate": last.drop.rate,
        "layer_scale_init_value": last.layer_scale,
        "layer_norm_eps": norm.epsilon,
        **labels_of(classes),
    }


def _rules(model: ConvNeXt) -> Sequence[Rule]:
    alone = isinstance(model.head, LayerNorm)
    body = "" if alone else "convnext."
    rules: list[Rule] = [skip("classifier.{*rest}"), without_prefix("convnext")] if alone else []
    rules += [
        *conv(f"{body}embeddings.patch_embeddings", f"{_STEM}.0"),
        *layer_norm(f"{body}embeddings.layernorm", f"{_STEM}.1"),
    ]
    for stage in range(len(model.features) - 1):
        # They count stages from 0, but our stem is number 0.
        there, here = f"{body}encoder.stages.{stage}", f"features.layers.{stage + 1}"
        downsample = f"{here}.downsample.layers"
        their_block, our_block = f"{there}.layers.{{i}}", f"{here}.blocks.layers.{{i}}"
        rules += [
            *layer_norm(f"{there}.downsampling_layer.0", f"{downsample}.0"),
            *conv(f"{there}.downsampling_layer.1", f"{downsample}.1"),
            *conv(f"{their_block}.dwconv", f"{our_block}.depthwise"),
            *layer_norm(f"{their_block}.layernorm", f"{our_block}.norm"),
            *linear(f"{their_block}.pwconv1", f"{our_block}.expand"),
            *linear(f"{their_block}.pwconv2", f"{our_block}.project"),
            rename(f"{their_block}.layer_scale_parameter", f"{our_block}.scale"),
        ]
    rules += layer_norm(f"{body}layernorm", "head" if alone else "head.layers.0")
    return rules if alone else [*rules, *linear("classifier", "head.layers.1")]


def _from_torchvision(config: Mapping[str, Any]) -> ConvNeXt:
    size = str(config["architecture"]).removeprefix("convnext_")
    return ConvNeXt.preset(size, **sizes_of_classifier(config))


def _torchvision_rules(model: ConvNeXt) -> Sequence[Rule]:
    rules = [*conv("features.0.0", f"{_STEM}.0"), *layer_norm("features.0.1", f"{_STEM}.1")]
    for stage in range(len(model.features) - 1):
        # Their stages and what is between them take turns.
        here, between = f"features.layers.{stage + 1}", f"features.{2 * stage}"
        there, block = f"features.{2 * stage + 1}.{{i}}", f"{here}.blocks.layers.{{i}}"
        if stage > 0:
            rules += [
                *layer_norm(f"{between}.0", f"{here}.downsample.layers.0"),
                *conv(f"{between}.1", f"{here}.downsample.layers.1"),
            ]
        rules += [
            *conv(f"{there}.block.0", f"{block}.depthwise"),
            *layer_norm(f"{there}.block.2", f"{block}.norm"),
            *linear(f"{there}.block.3", f"{block}.expand"),
            *linear(f"{there}.block.5", f"{block}.project"),
            reshape(f"{there}.layer_scale", (-1,), before=(-1, 1, 1)),
            rename(f"{there}.layer_scale", f"{block}.scale"),
        ]
    if isinstance(model.head, LayerNorm):
        return [*rules, *layer_norm("classifier.0", "head"), skip("classifier.{*rest}")]
    return [
        *rules,
        *layer_norm("classifier.0", "head.layers.0"),
        *linear("classifier.2", "head.layers.1"),
    ]


CONVNEXT_FORMAT = WeightFormat("convnext", _from_config, _rules, _to_config, ConvNeXt)
TORCHVISION_CONVNEXT_FORMAT = WeightFormat(
    "torchvision_convnext", _from_torchvision, _torchvision_rules, architecture=ConvNeXt
)
