"""Architectures that read and write text."""

from jax_metrics.models._exact_gelu import exact_gelu as exact_gelu
from jax_metrics.models.text._bert import Bert as Bert
from jax_metrics.models.text._bert_heads import MaskedLanguageHead as MaskedLanguageHead
from jax_metrics.models.text._bert_heads import Pooler as Pooler
from jax_metrics.models.text._gpt2 import GPT2 as GPT2
from jax_metrics.models.text._language_model import LanguageModel as LanguageModel
from jax_metrics.models.text._llama import Llama as Llama
from jax_metrics.models.text._pool_tokens import pool_tokens as pool_tokens
