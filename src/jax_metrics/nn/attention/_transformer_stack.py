"""Encoders and decoders: stacks of transformer layers."""

from typing import Any

import jax

from jax_metrics.module import Module
from jax_metrics.nn.attention._equal_layers import copies_of, stands_for_all
from jax_metrics.nn.containers import LayerList
from jax_metrics.nn.transforms import Stack
from jax_metrics.tree import copy, node


class _TransformerStack(LayerList):
    """Copies of a layer, applied in turn."""

    layers: Any = node()  # a list or a Stack
    norm: Module | None

    def __init__(
        self,
        layer: Module,
        num_layers: int,
        *,
        norm: Module | None = None,
        scan: bool = False,
        name: str | None = None,
    ):
        super().__init__(name)
        owner = type(self).__name__
        if not isinstance(layer, Module):
            raise TypeError(
                f"{owner} expected a layer, as in `{owner}(jm.nn.{owner}Layer(8), 6)`; got "
                f"{layer!r}."
            )
        if layer.initialized:
            raise ValueError(
                f"{owner} copies its layer, and copies of an initialized one would "
                "all start equal. Give it one that `init` was not called on."
            )
        if scan:
            self.layers = Stack(layer, num_layers)
        else:
            self.layers = [copy(layer) for _ in range(num_layers)]
        self.norm = norm

    def __call__(self, x: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
        """Applies the layers.

        Args:
            x: Shape `[batch..., length, features]`.
            *args: More arguments of each layer.
            **kwargs: Keyword arguments of each layer.
        """
        if isinstance(self.layers, Stack):
            x = self.layers(x, *args, **kwargs)
        elif self.initializing() and stands_for_all(self.layers):
            first = self.layers[0]
            x = first(x, *args, **kwargs)
            self.layers = [first, *copies_of(first, len(self.layers) - 1)]
        else:
            for layer in self.layers:
                x = layer(x, *args, **kwargs)
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(_TransformerStack):
    """Encoder layers one after the other.

    Takes and returns arrays of shape `[batch..., length, features]`; the arguments of a call are
    those of `TransformerEncoderLayer`. It has `len`, indexing, slices and iteration over its
    layers, as `Sequential` has.

    Args:
        layer: The layer to copy, not initialized yet.
        num_layers: How many copies.
        norm: Applied at the end, as pre-norm layers need it; None: none.
        scan: Whether the layers are a `Stack`, with a leading axis on each leaf. It compiles in the
            same time for any number of layers; a step runs about a third slower on a CPU.
        name: A name for the module.

    Raises:
        TypeError: If the layer is not a module.
        ValueError: If it is initialized, or there are no layers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.TransformerEncoderLayer(4, norm_first=True, causal=True)
        >>> x = jnp.ones((2, 5, 16))
        >>> model = jm.nn.TransformerEncoder(layer, 3, norm=jm.LayerNorm()).init(0, x)
        >>> model(x).shape, len(model)
        ((2, 5, 16), 3)
    """


class TransformerDecoder(_TransformerStack):
    """Decoder layers one after the other.

    The arguments of a call are those of `TransformerDecoderLayer`: the inputs and the memory. It
    has `len`, indexing, slices and iteration over its layers, as `Sequential` has.

    Args:
        layer: The layer to copy, not initialized yet.
        num_layers: How many copies.
        norm: Applied at the end, as pre-norm layers need it; None: none.
        scan: Whether the layers are a `Stack`, with a leading axis on each leaf. It compiles in the
            same time for any number of layers; a step runs about a third slower on a CPU.
        name: A name for the module.

    Raises:
        TypeError: If the layer is not a module.
        ValueError: If it is initialized, or there are no layers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, memory = jnp.ones((2, 5, 16)), jnp.ones((2, 7, 16))
        >>> model = jm.nn.TransformerDecoder(jm.nn.TransformerDecoderLayer(4), 3)
        >>> model.init(0, (x, memory))(x, memory).shape
        (2, 5, 16)
    """
