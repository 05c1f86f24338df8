"""`GGUFFormat`: how GGUF files describe an architecture, in terms of a `config.json`."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from jax_metrics.models.weights._weight_format import Rule


@dataclass(frozen=True)
class GGUFFormat:
    """How GGUF files describe an architecture, and name and lay out its weights.

    It leads to the names of Hugging Face's files; from there a `WeightFormat` leads on.

    Args:
        architecture: What the metadata has under `general.architecture`, such as `"llama"`.
        to_config: The `config.json` for the metadata and the names of the tensors.
        rules: The rules that make the names and layouts those that belong to this configuration.
    """

    architecture: str
    to_config: Callable[[Mapping[str, Any], Set[str]], dict[str, Any]]
    rules: Callable[[Mapping[str, Any]], Sequence[Rule]]
