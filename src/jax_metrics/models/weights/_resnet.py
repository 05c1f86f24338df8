"""The weights of ResNets in transformers and torchvision."""

from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, skip
from jax_metrics.models.vision import ResNet
from jax_metrics.models.weights._config import (
    labels_of,
    number_of_labels,
    refuse_unless,
    sizes_of_classifier,
)
from jax_metrics.models.weights._convolutions import (
    batch_norm_epsilon,
    channels_of,
    conv_kernels,
    conv_norm,
    linear,
    without_counts,
)
from jax_metrics.models.weights._prefix import without_prefix
from jax_metrics.models.weights._weight_format import Rule, WeightFormat
from jax_metrics.nn import Identity, Linear

_STEM = "features.layers.0.layers.0"
_EPSILON = 1e-5


def _from_config(config: Mapping[str, Any]) -> ResNet:
    refuse_unless(
        config, hidden_act="relu", downsample_in_first_stage=False, downsample_in_bottleneck=False
    )
    bottleneck = config.get("layer_type", "bottleneck") == "bottleneck"
    sizes = config.get("hidden_sizes", (256, 512, 1024, 2048))
    return ResNet(
        config.get("depths", (3, 4, 6, 3)),
        bottleneck=bottleneck,
        widths=[size // 4 if bottleneck else size for size in sizes],
        stem_width=config.get("embedding_size", 64),
        num_classes=number_of_labels(config),
        num_channels=config.get("num_channels", 3),
    )


def _to_config(model: ResNet) -> Mapping[str, Any]:
    first, *stages = model.features
    blocks = [stage[-1] for stage in stages]
    if (epsilon := batch_norm_epsilon(first[0].norm)) != _EPSILON:
        raise CheckpointError(
            f"The ResNet of transformers adds {_EPSILON} to variances; the BatchNorms of this "
            f"model have `epsilon={epsilon}`. `jm.save` writes its weights."
        )
    classes = model.head.features if isinstance(model.head, Linear) else None
    name = "ResNetModel" if classes is None else "ResNetForImageClassification"
    return {
        "architectures": [name],
        "num_channels": channels_of(model, first[0].conv),
        "depths": [len(stage) for stage in stages],
        "embedding_size": first[0].conv.features,
        "hidden_sizes": [block.expansion * block.conv1.conv.features for block in blocks],
        "layer_type": "bottleneck" if blocks[0].expansion > 1 else "basic",
        **labels_of(classes),
    }


def _rules(model: ResNet) -> Sequence[Rule]:
    alone = isinstance(model.head, Identity)
    body = "" if alone else "resnet."
    stem = f"{body}embedder.embedder"
    rules: list[Rule] = [without_counts()]
    if alone:
        rules += [skip("classifier.{*rest}"), without_prefix("resnet")]
    rules += conv_norm(f"{stem}.convolution", f"{stem}.normalization", _STEM)
    for stage in range(len(model.features) - 1):
        # They count from 0, but our stem is number 0, and our convolutions count from 1.
        theirs, ours = f"{body}encoder.stages.{stage}", f"features.layers.{stage + 1}"
        parts = [(f"layer.{i}", f"conv{i + 1}") for i in range(3)] + [("shortcut", "shortcut")]
        for there, here in parts:
            block = f"{theirs}.layers.{{block}}.{there}"
            rules += conv_norm(
                f"{block}.convolution", f"{block}.normalization", f"{ours}.layers.{{block}}.{here}"
            )
    return [*rules, conv_kernels(), *([] if alone else linear("classifier.1", "head"))]


def _from_torchvision(config: Mapping[str, Any]) -> ResNet:
    return ResNet.preset(config["architecture"], **sizes_of_classifier(config))


def _torchvision_rules(model: ResNet) -> Sequence[Rule]:
    there, here = "layer{stage}.{block}", "features.layers.{stage}.layers.{block}"
    return [
        without_counts(),
        *conv_norm("conv1", "bn1", _STEM),
        *conv_norm(f"{there}.conv{{i}}", f"{there}.bn{{i}}", f"{here}.conv{{i}}"),
        *conv_norm(f"{there}.downsample.0", f"{there}.downsample.1", f"{here}.shortcut"),
        conv_kernels(),
        *([skip("fc.{*rest}")] if isinstance(model.head, Identity) else linear("fc", "head")),
    ]


RESNET_FORMAT = WeightFormat("resnet", _from_config, _rules, _to_config, ResNet)
TORCHVISION_RESNET_FORMAT = WeightFormat(
    "torchvision_resnet", _from_torchvision, _torchvision_rules, architecture=ResNet
)
