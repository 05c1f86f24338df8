"""The weights of MobileNetV3 in torchvision."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, skip
from jax_metrics.models.vision import MobileNetV3
from jax_metrics.models.weights._config import sizes_of_classifier
from jax_metrics.models.weights._convolutions import (
    batch_norm_epsilon,
    channels_of,
    conv,
    conv_kernels,
    conv_norm,
    linear,
    without_counts,
)
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import BatchNorm, Dropout, Identity, Linear, Sequential, hard_swish


def _from_config(config: Mapping[str, Any]) -> MobileNetV3:
    """The model of an `"architecture"` of torchvision, or of the arguments of its class."""
    if "inverted_residual_setting" not in config:
        size = str(config["architecture"]).removeprefix("mobilenet_v3_")
        return MobileNetV3.preset(size, **sizes_of_classifier(config))
    blocks = config["inverted_residual_setting"]
    return MobileNetV3(
        [
            (
                block["kernel"],
                block["expanded_channels"],
                block["out_channels"],
                block["use_se"],
                block["activation"] == "HS",
                block["stride"],
            )
            for block in blocks
        ],
        config.get("last_channel", 1280),
        stem_width=blocks[0]["input_channels"],
        dropout=config.get("dropout", 0.2),
        norm=functools.partial(BatchNorm, epsilon=config.get("batch_norm_eps", 1e-3)),
        **sizes_of_classifier(config),
    )


def _to_config(model: MobileNetV3) -> Mapping[str, Any]:
    """The arguments of torchvision's class, with the width multiplied out."""
    epsilon = batch_norm_epsilon(model.features[0].norm)
    channels, blocks = model.features[0].conv.features, []
    for block in model.features[1:-1]:
        depthwise = block.depthwise
        widens = not isinstance(block.expand, Identity)
        blocks.append(
            {
                "input_channels": channels,
                "kernel": depthwise.conv.kernel_size[0],
                "expanded_channels": block.expand.conv.features if widens else channels,
                "out_channels": block.project.conv.features,
                "use_se": not isinstance(block.squeeze, Identity),
                "activation": "HS" if depthwise.activation is hard_swish else "RE",
                "stride": depthwise.conv.strides[0],
            }
        )
        channels = block.project.conv.features
    config = {
        "inverted_residual_setting": blocks,
        "batch_norm_eps": epsilon,
        "num_channels": channels_of(model, model.features[0].conv),
    }
    if isinstance(model.head, Identity):
        return {**config, "num_classes": None}
    hidden, _, dropout, classifier = _head(model)
    return {
        **config,
        "last_channel": hidden.features,
        "dropout": dropout.rate,
        "num_classes": classifier.features,
    }


def _head(model: MobileNetV3) -> Sequence[Any]:
    kinds = [Linear, object, Dropout, Linear]
    layers = list(model.head) if isinstance(model.head, Sequential) else []
    if len(layers) != len(kinds) or not all(map(isinstance, layers, kinds)):
        raise CheckpointError(
            "The MobileNetV3 of torchvision has a head of two linear layers, with an activation "
            f"and dropout between them; this model has {type(model.head).__name__}. `jm.save` "
            "writes its weights."
        )
    return layers


def _rules(model: MobileNetV3) -> Sequence[Rule]:
    last = len(model.features) - 1
    rules = [without_counts()]
    for i in (0, last):
        rules += conv_norm(f"features.{i}.0", f"features.{i}.1", f"features.layers.{i}")
    for i in range(1, last):
        # Their blocks are lists, without places for what a block does not have.
        block, position = model.features[i], 0
        for name in ("expand", "depthwise", "squeeze", "project"):
            if isinstance(getattr(block, name), Identity):
                continue
            there, here = f"features.{i}.block.{position}", f"features.layers.{i}.{name}"
            if name == "squeeze":
                rules += [*conv(f"{there}.fc1", f"{here}.reduce")]
                rules += [*conv(f"{there}.fc2", f"{here}.expand")]
            else:
                rules += conv_norm(f"{there}.0", f"{there}.1", here)
            position += 1
    rules.append(conv_kernels())
    if isinstance(model.head, Identity):
        return [*rules, skip("classifier.{*rest}")]
    return [
        *rules,
        *linear("classifier.0", "head.layers.0"),
        *linear("classifier.3", "head.layers.3"),
    ]


TORCHVISION_MOBILENET_V3_FORMAT = WeightFormat(
    "torchvision_mobilenet_v3", _from_config, _rules, _to_config, MobileNetV3
)
