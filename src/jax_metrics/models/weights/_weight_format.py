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
        model_type: What `config.json` has under that name, such as `"bert"`.
        from_config: Makes the uninitialized model that a configuration describes.
        rules: The rules for `jm.load_state_dict` that make the names and layouts those of a model.
        to_config: The configuration of a model, from which `from_config` makes one like it;
            `jm.models.save_pretrained` writes it. `model_type` is added.
        architecture: The class of the models, by which a format is found for weights that come
            without a configuration.
    """

    model_type: str
    from_config: Callable[[Mapping[str, Any]], Architecture]
    rules: Callable[[Any], Sequence[Rule]]
    to_config: Callable[[Any], Mapping[str, Any]] | None = None
    architecture: type[Architecture] | None = None
