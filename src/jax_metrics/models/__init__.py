"""Architectures made of layers, with presets, and their pretrained weights."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.models import generation as generation
from jax_metrics.models._architecture import Architecture as Architecture
from jax_metrics.models.audio import SileroVAD as SileroVAD
from jax_metrics.models.audio import Whisper as Whisper
from jax_metrics.models.audio import log_mel_spectrogram as log_mel_spectrogram
from jax_metrics.models.audio import speech_timestamps as speech_timestamps
from jax_metrics.models.features import ImageFeatures as ImageFeatures
from jax_metrics.models.features import bert_score_encoder as bert_score_encoder
from jax_metrics.models.generation import Generated as Generated
from jax_metrics.models.generation import generate as generate
from jax_metrics.models.generation import stream as stream
from jax_metrics.models.multimodal import CLIP as CLIP
from jax_metrics.models.pretrained import Tokenizer as Tokenizer
from jax_metrics.models.pretrained import Tokens as Tokens
from jax_metrics.models.pretrained import from_pretrained as from_pretrained
from jax_metrics.models.pretrained import load_tokenizer as load_tokenizer
from jax_metrics.models.pretrained import save_pretrained as save_pretrained
from jax_metrics.models.text import GPT2 as GPT2
from jax_metrics.models.text import Bert as Bert
from jax_metrics.models.text import LanguageModel as LanguageModel
from jax_metrics.models.text import Llama as Llama
from jax_metrics.models.text import pool_tokens as pool_tokens
from jax_metrics.models.vision import VAE as VAE
from jax_metrics.models.vision import ConvNeXt as ConvNeXt
from jax_metrics.models.vision import EfficientNetLite as EfficientNetLite
from jax_metrics.models.vision import MobileNetV3 as MobileNetV3
from jax_metrics.models.vision import ResNet as ResNet
from jax_metrics.models.vision import UNet as UNet
from jax_metrics.models.vision import ViT as ViT
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), {"generation"})


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    __getattr__ = _missing_name(__name__)
