"""BERT: a text encoder."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.models._exact_gelu import exact_gelu
from jax_metrics.models._unit_length import unit_length
from jax_metrics.models.text._bert_heads import MaskedLanguageHead, Pooler
from jax_metrics.models.text._pool_tokens import check_pooling, pool_tokens
from jax_metrics.module import Inputs, Module, tie
from jax_metrics.nn import (
    Dropout,
    Embed,
    LayerNorm,
    LearnedPositionEmbedding,
    TransformerEncoder,
    TransformerEncoderLayer,
    initializers,
)
from jax_metrics.tree import OtherMethod

_INIT = initializers.normal(0.02)


class BertEmbedding(Module):
    """The sum of the embeddings of a token, its position and its segment, normalized.

    Args:
        vocabulary: Number of tokens.
        width: Features of each embedding.
        max_length: Number of positions.
        num_segments: Number of segments.
        epsilon: Added to the variance in the norm.
        dropout_rate: The probability that a value is dropped in training.
        dtypes: `dtype` and `param_dtype` of the layers.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        *,
        max_length: int,
        num_segments: int,
        epsilon: float,
        dropout_rate: float,
        **dtypes: Any,
    ):
        self.tokens = Embed(vocabulary, width, embedding_init=_INIT, **dtypes)
        self.segments = Embed(num_segments, width, embedding_init=_INIT, **dtypes)
        self.positions = LearnedPositionEmbedding(max_length, embedding_init=_INIT, **dtypes)
        self.norm = LayerNorm(epsilon=epsilon, **dtypes)
        self.dropout = Dropout(dropout_rate)

    def __call__(self, tokens: jax.Array, segments: jax.Array | None, positions: Any) -> jax.Array:
        """The embeddings, `[batch..., length, width]`; the arguments are as in `Bert`."""
        segments = jnp.zeros_like(tokens) if segments is None else segments
        x = self.positions(self.tokens(tokens) + self.segments(segments), positions)
        return self.dropout(self.norm(x))


class BertFeatures(Module):
    """The embedding and the blocks of a `Bert`.

    Args:
        embed: The embedding.
        block: The block to repeat, not initialized yet.
        num_layers: Number of blocks.
    """

    def __init__(self, embed: BertEmbedding, block: Module, num_layers: int):
        self.embed = embed
        self.blocks = TransformerEncoder(block, num_layers)

    def __call__(
        self,
        tokens: jax.Array,
        *,
        segments: jax.Array | None = None,
        positions: Any = None,
        padding_mask: jax.Array | None = None,
    ) -> jax.Array:
        """The hidden states, `[batch..., length, width]`; the arguments are as in `Bert`."""
        x = self.embed(tokens, segments, positions)
        return self.blocks(x, padding_mask=padding_mask)


class Bert(Architecture):
    """An encoder in which each token attends to all others (Devlin et al., 2019).

    Its parts run in this order: `features`, which returns a hidden state for each token; `pooling`,
    which reduces the hidden states of a sequence to one vector; `head`; and `normalize`. All but
    the first are optional. With `pooling="mean", normalize=True` it embeds sentences (Reimers and
    Gurevych, 2019), with `pooling="cls", head=jm.Linear(2)` it classifies them. Presets:
    `"bert-base-uncased"`, `"bert-base-cased"`, `"bert-large-uncased"`, `"bert-tiny"`, and
    `"minilm-l6"` and `"minilm-l12"`, which embed sentences.

    Args:
        vocabulary: Number of tokens.
        width: Features of the hidden states.
        num_layers: Number of blocks.
        num_heads: Number of heads.
        mlp_features: Features inside the feed-forward networks; None: four times the width.
        activation: That of the feed-forward networks.
        max_length: Number of positions.
        num_segments: Number of segments, such as question and answer.
        epsilon: Added to the variance in the norms.
        dropout_rate: As in `jm.nn.TransformerEncoderLayer`; also used after the embedding.
        pooling: `"mean"`, `"cls"` or `"max"`, as in `pool_tokens`; None: no pooling.
        head: A module; `"pooler"` for BERT's layer on the vector of the first token, to use with
            `pooling="cls"`; `"masked_language"` for logits of tokens, with the matrix of the
            embedding; None: no head.
        normalize: Whether to divide the outputs by their Euclidean length.
        dtype: Computation dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.

    Raises:
        ValueError: If the pooling or the head has an unknown name, or they do not fit together.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.Bert(
        ...     vocabulary=10, width=16, num_layers=2, num_heads=4, pooling="mean", normalize=True
        ... )
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> tokens, keep = jnp.array([[3, 1, 4], [1, 5, 0]]), jnp.array([[1, 1, 1], [1, 1, 0]])
        >>> vectors = model(tokens, padding_mask=keep.astype(bool))
        >>> vectors.shape, model.features(tokens).shape
        ((2, 16), (2, 3, 16))
        >>> bool(jnp.allclose(vectors[1], model(tokens[1:, :2])[0], atol=1e-5))
        True
    """

    presets = {  # noqa: RUF012
        "bert-base-uncased": {
            "vocabulary": 30_522, "width": 768, "num_layers": 12, "num_heads": 12,
        },
        "bert-base-cased": {
            "vocabulary": 28_996, "width": 768, "num_layers": 12, "num_heads": 12,
        },
        "bert-large-uncased": {
            "vocabulary": 30_522, "width": 1024, "num_layers": 24, "num_heads": 16,
        },
        "bert-tiny": {"vocabulary": 30_522, "width": 128, "num_layers": 2, "num_heads": 2},
        "minilm-l6": {
            "vocabulary": 30_522, "width": 384, "num_layers": 6, "num_heads": 12,
            "pooling": "mean", "normalize": True,
        },
        "minilm-l12": {
            "vocabulary": 30_522, "width": 384, "num_layers": 12, "num_heads": 12,
            "pooling": "mean", "normalize": True,
        },
    }  # fmt: skip

    features: BertFeatures
    head: Module | None
    if not TYPE_CHECKING:  # for a checker it does not exist
        encode = OtherMethod(
            "Give it tokens, `batch = tokenizer(texts)` of `jm.models.load_tokenizer(path)`: "
            "`model(batch.ids, padding_mask=batch.mask)`."
        )

    def __init__(
        self,
        vocabulary: int,
        width: int,
        num_layers: int,
        num_heads: int,
        *,
        mlp_features: int | None = None,
        activation: Callable[[jax.Array], jax.Array] = exact_gelu,
        max_length: int = 512,
        num_segments: int = 2,
        epsilon: float = 1e-12,
        dropout_rate: float = 0.1,
        pooling: str | None = None,
        head: Module | str | None = None,
        normalize: bool = False,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
    ):
        dtypes = {"dtype": dtype, "param_dtype": param_dtype}
        shared = {"epsilon": epsilon, "dropout_rate": dropout_rate, **dtypes}
        self.max_length = max_length
        self.pooling = check_pooling(pooling)
        self.normalize = normalize
        embed = BertEmbedding(
            vocabulary, width, max_length=max_length, num_segments=num_segments, **shared
        )
        block = TransformerEncoderLayer(
            num_heads,
            mlp_features=mlp_features,
            activation=activation,
            kernel_init=_INIT,
            **shared,
        )
        self.features = BertFeatures(embed, block, num_layers)
        if isinstance(head, str) and head not in ("pooler", "masked_language"):
            raise ValueError(
                f"Bert expects a module for `head`, or 'pooler' or 'masked_language'; got {head!r}."
            )
        if head == "masked_language" and pooling is not None:
            raise ValueError(
                "Bert's head 'masked_language' needs the hidden state of each token; got "
                f"`pooling={pooling!r}`. Pass `pooling=None`."
            )
        if head == "pooler" and pooling is None:
            raise ValueError(
                "Bert's head 'pooler' is for one vector of each sequence. Pass `pooling='cls'` "
                "with it."
            )
        if head == "pooler":
            head = Pooler(width, **dtypes)
        if head == "masked_language":
            head = MaskedLanguageHead(
                vocabulary, width, activation=activation, epsilon=epsilon, **dtypes
            )
        self.head = head
        if isinstance(head, MaskedLanguageHead):
            tie(
                self,
                ".features.embed.tokens.embedding",
                ".head.decoder.kernel",
                transform=jnp.transpose,
                inplace=True,
            )

    def example_inputs(self) -> Inputs:
        """Two tokens."""
        return Inputs(jnp.zeros((1, 2), jnp.int32))

    def __call__(
        self,
        tokens: jax.Array,
        *,
        segments: jax.Array | None = None,
        positions: Any = None,
        padding_mask: jax.Array | None = None,
    ) -> jax.Array:
        """Applies the parts.

        Args:
            tokens: Integers, `[batch..., length]`.
            segments: The segment of each token, integers of the same shape; None: all 0.
            positions: The positions of the tokens: an offset, or integers of the same shape; None:
                counted from 0.
            padding_mask: True at tokens, False at padding, `[batch..., length]`.

        Returns:
            Shape `[batch..., length, width]`; without `length` if there is pooling, and with the
            features of the head in place of `width` if there is a head.
        """
        x = self.features(tokens, segments=segments, positions=positions, padding_mask=padding_mask)
        if self.pooling is not None:
            x = pool_tokens(x, self.pooling, padding_mask=padding_mask)
        if self.head is not None:
            x = self.head(x)
        if self.normalize:
            x = unit_length(x)
        return x
