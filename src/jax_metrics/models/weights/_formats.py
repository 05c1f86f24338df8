"""The formats that `from_pretrained` knows, by what files and models say of themselves."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jax_metrics.models.weights._bert import BERT_FORMAT
from jax_metrics.models.weights._clip import CLIP_FORMAT
from jax_metrics.models.weights._convnext import CONVNEXT_FORMAT, TORCHVISION_CONVNEXT_FORMAT
from jax_metrics.models.weights._efficientnet_lite import EFFICIENTNET_LITE_FORMAT
from jax_metrics.models.weights._gguf_format import GGUFFormat
from jax_metrics.models.weights._gguf_llama import GGUF_LLAMA
from jax_metrics.models.weights._gpt2 import GPT2_FORMAT
from jax_metrics.models.weights._llama import LLAMA_FORMAT
from jax_metrics.models.weights._mobilenet_v3 import TORCHVISION_MOBILENET_V3_FORMAT
from jax_metrics.models.weights._resnet import RESNET_FORMAT, TORCHVISION_RESNET_FORMAT
from jax_metrics.models.weights._silero_vad import SILERO_VAD_FORMAT
from jax_metrics.models.weights._vit import VIT_FORMAT
from jax_metrics.models.weights._weight_format import WeightFormat
from jax_metrics.models.weights._whisper import WHISPER_FORMAT

FORMATS: tuple[WeightFormat, ...] = (
    BERT_FORMAT,
    CLIP_FORMAT,
    CONVNEXT_FORMAT,
    EFFICIENTNET_LITE_FORMAT,
    GPT2_FORMAT,
    LLAMA_FORMAT,
    RESNET_FORMAT,
    SILERO_VAD_FORMAT,
    TORCHVISION_CONVNEXT_FORMAT,
    TORCHVISION_MOBILENET_V3_FORMAT,
    TORCHVISION_RESNET_FORMAT,
    VIT_FORMAT,
    WHISPER_FORMAT,
)
"""All formats of weights: one for each kind of `config.json`, and others of the same models."""

GGUF_FORMATS: Mapping[str, GGUFFormat] = MappingProxyType({GGUF_LLAMA.architecture: GGUF_LLAMA})
"""The formats of GGUF files by architecture."""


def format_of_type(model_type: str) -> WeightFormat | None:
    """The format of a `config.json` with this model type."""
    return next((found for found in FORMATS if found.model_type == model_type), None)


def formats_of_model(model: Any) -> list[WeightFormat]:
    """The formats of weights for the class of a model."""
    return [
        found
        for found in FORMATS
        if found.architecture is not None and isinstance(model, found.architecture)
    ]
