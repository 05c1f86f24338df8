"""Pretrained weights: models and tokenizers from the files of other libraries, and back."""

from jax_metrics.models.pretrained._from_pretrained import from_pretrained as from_pretrained
from jax_metrics.models.pretrained._save_pretrained import save_pretrained as save_pretrained
from jax_metrics.models.pretrained._tokenizer import Tokenizer as Tokenizer
from jax_metrics.models.pretrained._tokenizer import Tokens as Tokens
from jax_metrics.models.pretrained._tokenizer import load_tokenizer as load_tokenizer
