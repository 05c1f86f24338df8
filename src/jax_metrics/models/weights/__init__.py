"""The weights of other libraries: how they are named and laid out, for each architecture."""

from jax_metrics.models.weights._bert import BERT_FORMAT as BERT_FORMAT
from jax_metrics.models.weights._clip import CLIP_FORMAT as CLIP_FORMAT
from jax_metrics.models.weights._convnext import CONVNEXT_FORMAT as CONVNEXT_FORMAT
from jax_metrics.models.weights._convnext import (
    TORCHVISION_CONVNEXT_FORMAT as TORCHVISION_CONVNEXT_FORMAT,
)
from jax_metrics.models.weights._efficientnet_lite import (
    EFFICIENTNET_LITE_FORMAT as EFFICIENTNET_LITE_FORMAT,
)
from jax_metrics.models.weights._formats import FORMATS as FORMATS
from jax_metrics.models.weights._formats import GGUF_FORMATS as GGUF_FORMATS
from jax_metrics.models.weights._formats import format_of_type as format_of_type
from jax_metrics.models.weights._formats import formats_of_model as formats_of_model
from jax_metrics.models.weights._gguf_format import GGUFFormat as GGUFFormat
from jax_metrics.models.weights._gpt2 import GPT2_FORMAT as GPT2_FORMAT
from jax_metrics.models.weights._llama import LLAMA_FORMAT as LLAMA_FORMAT
from jax_metrics.models.weights._mobilenet_v3 import (
    TORCHVISION_MOBILENET_V3_FORMAT as TORCHVISION_MOBILENET_V3_FORMAT,
)
from jax_metrics.models.weights._numbers import check_config as check_config
from jax_metrics.models.weights._resnet import RESNET_FORMAT as RESNET_FORMAT
from jax_metrics.models.weights._resnet import (
    TORCHVISION_RESNET_FORMAT as TORCHVISION_RESNET_FORMAT,
)
from jax_metrics.models.weights._silero_vad import SILERO_VAD_FORMAT as SILERO_VAD_FORMAT
from jax_metrics.models.weights._vit import VIT_FORMAT as VIT_FORMAT
from jax_metrics.models.weights._weight_format import WeightFormat as WeightFormat
from jax_metrics.models.weights._whisper import WHISPER_FORMAT as WHISPER_FORMAT
