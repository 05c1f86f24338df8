"""Attention, its decoding cache, positions, and transformers."""

from jax_metrics.nn.attention._attention import MultiHeadAttention as MultiHeadAttention
from jax_metrics.nn.attention._attention import (
    MultiHeadDotProductAttention as MultiHeadDotProductAttention,
)
from jax_metrics.nn.attention._attention import SelfAttention as SelfAttention
from jax_metrics.nn.attention._attention_functions import (
    dot_product_attention as dot_product_attention,
)
from jax_metrics.nn.attention._attention_functions import (
    dot_product_attention_weights as dot_product_attention_weights,
)
from jax_metrics.nn.attention._decoding_cache import cached_length as cached_length
from jax_metrics.nn.attention._decoding_cache import init_cache as init_cache
from jax_metrics.nn.attention._decoding_cache import remove_cache as remove_cache
from jax_metrics.nn.attention._equal_layers import only_shapes as only_shapes
from jax_metrics.nn.attention._grouped_query_attention import (
    GroupedQueryAttention as GroupedQueryAttention,
)
from jax_metrics.nn.attention._masks import combine_masks as combine_masks
from jax_metrics.nn.attention._masks import make_attention_mask as make_attention_mask
from jax_metrics.nn.attention._masks import make_causal_mask as make_causal_mask
from jax_metrics.nn.attention._position import LearnedPositionEmbedding as LearnedPositionEmbedding
from jax_metrics.nn.attention._position import RotaryEmbedding as RotaryEmbedding
from jax_metrics.nn.attention._position import (
    SinusoidalPositionEmbedding as SinusoidalPositionEmbedding,
)
from jax_metrics.nn.attention._rotary_scaling import LinearRotaryScaling as LinearRotaryScaling
from jax_metrics.nn.attention._rotary_scaling import Llama3RotaryScaling as Llama3RotaryScaling
from jax_metrics.nn.attention._transformer import TransformerDecoderLayer as TransformerDecoderLayer
from jax_metrics.nn.attention._transformer import TransformerEncoderLayer as TransformerEncoderLayer
from jax_metrics.nn.attention._transformer_stack import TransformerDecoder as TransformerDecoder
from jax_metrics.nn.attention._transformer_stack import TransformerEncoder as TransformerEncoder
