"""`WeightFormat`: how another library describes an architecture and names its weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jax_metrics.models._architecture import Architecture

Rule = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class WeightFormat:
    """How another library describes an architecture, and names and lays out its weights.

    Args:
        model_type: The value of `model_type` in `config.json`, such as `"bert"`.
        from_config: Creates the uninitialized model that a configuration describes.
        rules: The rules for `jm.load_state_dict` that convert names and layouts to those of a
            model.
        to_config: The configuration of a model, from which `from_config` makes one like it;
            `jm.models.save_pretrained` writes it. `model_type` is added.
        architecture: The class of the models, by which the format is found for weights without a
            configuration.
    """

    model_type: str
    from_config: Callable[[Mapping[str, Any]], Architecture]
    rules: Callable[[Any], Sequence[Rule]]
    to_config: Callable[[Any], Mapping[str, Any]] | None = None
    architecture: type[Architecture] | None = None
