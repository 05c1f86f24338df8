"""Parallel layers, and the layer that does nothing."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn.containers._containers import Layer, LayerList, as_module, as_modules
from jax_metrics.tree import node


class Identity(CheckedLayer):
    """Returns its first argument.

    Example:
        >>> import jax_metrics as jm
        >>> jm.nn.Identity()(3)
        3
    """

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """The first argument; the others are ignored, so that it can replace any layer.

        Args:
            x: Anything.
            *args: Ignored.
            **kwargs: Ignored.
        """
        return x


class Residual(CheckedLayer):
    """Adds the input of a layer to its output: `x + layer(x)` (He et al., 2015).

    Args:
        layer: A module or function.
        projection: Applied to `x` before the sum, such as `jm.Linear(16)` or a convolution with
            strides, where the layer changes the shape; None: no projection.
        name: A name for the module.

    Raises:
        TypeError: If a layer is a class, or is not callable.
        ValueError: In a call, if the two shapes differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.Residual(lambda x: 2 * x)(jnp.array(3.0)).item()
        9.0
        >>> block = jm.nn.Residual(jm.Linear(8), projection=jm.Linear(8))
        >>> block.init(0, jnp.ones((1, 4)))(jnp.ones((5, 4))).shape
        (5, 8)
    """

    layer: Any = node()
    projection: Any = node()

    def __init__(self, layer: Layer, projection: Layer | None = None, *, name: str | None = None):
        super().__init__(name)
        self.layer = as_module("Residual", layer)
        self.projection = None if projection is None else as_module("Residual", projection)

    def __call__(self, x: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
        """Calls the layer, and adds.

        Args:
            x: The input.
            *args: More arguments of the layer.
            **kwargs: Keyword arguments of the layer.
        """
        output = self.layer(x, *args, **kwargs)
        shortcut = x if self.projection is None else self.projection(x)
        if jnp.shape(output) != jnp.shape(shortcut):
            raise ValueError(
                f"{describe_place(self)} adds arrays of one shape; its layer returned "
                f"{jnp.shape(output)} and the shortcut {jnp.shape(shortcut)}. Pass "
                "`projection=`, a layer that brings the input to the output's shape."
            )
        return shortcut + output


class Concatenate(LayerList):
    """Calls layers on the same input and concatenates their outputs (Szegedy et al., 2015).

    It has `len`, indexing, slices and iteration, as `Sequential` has.

    Args:
        *layers: Modules or functions.
        axis: The axis to join along.
        name: A name for the module.

    Raises:
        TypeError: If a layer is a class, or is not callable.
        ValueError: If there are no layers; in a call, if the other axes of the outputs differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> branches = jm.nn.Concatenate(jnp.sin, jnp.cos)
        >>> branches(jnp.zeros((1, 2)))
        Array([[0., 0., 1., 1.]], dtype=float32)
    """

    def __init__(self, *layers: Layer, axis: int = -1, name: str | None = None):
        super().__init__(name)
        if not layers:
            raise ValueError("Concatenate needs at least one layer; got none.")
        self.layers = as_modules("Concatenate", layers)
        self.axis = axis

    def __call__(self, *args: Any, **kwargs: Any) -> jax.Array:
        """Calls each layer with the arguments.

        Args:
            *args: Arguments of each layer.
            **kwargs: Keyword arguments of each layer.
        """
        outputs = [jnp.asarray(layer(*args, **kwargs)) for layer in self.layers]
        shapes = [output.shape for output in outputs]
        if any(not -len(shape) <= self.axis < len(shape) for shape in shapes) or (
            len({(*s[: self.axis % len(s)], None, *s[self.axis % len(s) + 1 :]) for s in shapes})
            > 1
        ):
            raise ValueError(
                f"{describe_place(self)} joins arrays along axis {self.axis}, whose other axes "
                f"must be equal; its layers returned the shapes {shapes}."
            )
        return jnp.concatenate(outputs, axis=self.axis)
