"""Rules for the parts of convolutional networks that PyTorch lays out in another way."""

from collections.abc import Sequence
from typing import Any

from jax_metrics.checkpoint import CheckpointError, rename, skip, transpose
from jax_metrics.models.weights._weight_format import Rule
from jax_metrics.nn import BatchNorm


def conv_norm(conv: str, norm: str, ours: str) -> list[Rule]:
    """Rules that give a convolution and a BatchNorm the names of our `ConvNorm`.

    Args:
        conv: Pattern of the convolution's name there.
        norm: Pattern of the BatchNorm's name there, with the same variables.
        ours: Pattern of the name here.
    """
    return [
        rename(f"{conv}.weight", f"{ours}.conv.kernel"),
        rename(f"{norm}.weight", f"{ours}.norm.scale"),
        rename(f"{norm}.bias", f"{ours}.norm.bias"),
        rename(f"{norm}.running_mean", f"{ours}.norm.mean"),
        rename(f"{norm}.running_var", f"{ours}.norm.var"),
    ]


def layer_norm(theirs: str, ours: str) -> list[Rule]:
    """Rules that give a LayerNorm our names."""
    return [
        rename(f"{theirs}.weight", f"{ours}.scale"),
        rename(f"{theirs}.bias", f"{ours}.bias"),
    ]


def conv(theirs: str, ours: str) -> list[Rule]:
    """Rules that give a convolution with a bias our names and layout."""
    return [*_with_bias(theirs, ours), conv_kernels(f"{ours}.kernel")]


def linear(theirs: str, ours: str) -> list[Rule]:
    """Rules that give a linear layer our names and layout."""
    return [*_with_bias(theirs, ours), transpose(f"{ours}.kernel", (1, 0))]


def conv_kernels(pattern: str = "{*to}.conv.kernel") -> Rule:
    """A rule that brings kernels of PyTorch, `[out, in, height, width]`, into our layout."""
    return transpose(pattern, (2, 3, 1, 0))


def without_counts() -> Rule:
    """A rule that leaves out how often a BatchNorm of PyTorch was trained; no result needs it."""
    return skip("{*to}.num_batches_tracked")


def channels_of(model: Any, first: Any) -> int:
    """The channels of the images that a model takes.

    Args:
        model: The model, which says it if it is not initialized.
        first: Its first convolution.
    """
    shape = getattr(getattr(first, "kernel", None), "shape", None)
    return model.num_channels if shape is None else shape[-2]


def batch_norm_epsilon(norm: Any) -> float:
    """The epsilon of a normalization, to which those of the other layers are like.

    Raises:
        CheckpointError: If it is not a BatchNorm.
    """
    if not isinstance(norm, BatchNorm):
        raise CheckpointError(
            "The network of the other library has BatchNorm; this model has "
            f"{type(norm).__name__}. `jm.save` writes its weights."
        )
    return norm.epsilon


def _with_bias(theirs: str, ours: str) -> Sequence[Rule]:
    return [
        rename(f"{theirs}.weight", f"{ours}.kernel"),
        rename(f"{theirs}.bias", f"{ours}.bias"),
    ]
