"""Reading the configuration of a model of the library transformers."""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.models.multimodal import quick_gelu

ACTIVATIONS: Mapping[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": exact_gelu,
    "gelu_new": jax.nn.gelu,
    "gelu_pytorch_tanh": jax.nn.gelu,
    "quick_gelu": quick_gelu,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "swish": jax.nn.silu,
}


def activation_of(config: Mapping[str, Any], name: str, default: str) -> Any:
    """The activation function that a configuration names.

    Args:
        config: The configuration.
        name: The entry that has its name.
        default: The name if there is no such entry.

    Raises:
        ValueError: If there is no such function here.
    """
    value = config.get(name, default)
    if value not in ACTIVATIONS:
        raise ValueError(
            f"The configuration has `{name}: {value!r}`, which is not supported; the activations "
            f"are {', '.join(map(repr, ACTIVATIONS))}."
        )
    return ACTIVATIONS[value]


def activation_name(function: Callable[[jax.Array], jax.Array]) -> str:
    """The name of an activation function in a configuration.

    Args:
        function: The function.

    Raises:
        ValueError: If it has none.
    """
    for name, known in ACTIVATIONS.items():
        if known is function:
            return name
    raise ValueError(
        f"The activation {function!r} has no name in a configuration; there are names for "
        f"{', '.join(map(repr, ACTIVATIONS))}."
    )


def refuse_unless(config: Mapping[str, Any], **supported: Any) -> None:
    """Raises if a configuration has another value for one of these entries.

    Args:
        config: The configuration.
        **supported: The only supported value of each entry, which is also what a configuration
            without the entry means.

    Raises:
        ValueError: If there is one.
    """
    for name, value in supported.items():
        if config.get(name, value) != value:
            raise ValueError(
                f"The configuration has `{name}: {config[name]!r}`, which changes the architecture "
                f"and is not supported; only {value!r} is."
            )


def number_of_labels(config: Mapping[str, Any]) -> int | None:
    """The number of classes of a classifier; None if the configuration is of a body alone.

    Args:
        config: The configuration, which has the classes by their names; two are the default.
    """
    (architecture, *_) = config.get("architectures") or ["ForImageClassification"]
    if not architecture.endswith("ForImageClassification"):
        return None
    labels = config.get("id2label")
    return len(labels) if labels else int(config.get("num_labels", 2))


def sizes_of_classifier(config: Mapping[str, Any]) -> dict[str, Any]:
    """The `num_classes` and `num_channels` of a configuration, as arguments, if it has them."""
    return {name: config[name] for name in ("num_classes", "num_channels") if name in config}


def labels_of(number: int | None) -> dict[str, Any]:
    """The entries of a configuration for so many classes without names.

    Args:
        number: As `number_of_labels` returns it.
    """
    if number is None:
        return {}
    names = {i: f"LABEL_{i}" for i in range(number)}
    return {"id2label": names, "label2id": {name: i for i, name in names.items()}}
