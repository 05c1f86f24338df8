"""The random key that a layer keeps in its field `rng`."""

from typing import Any

import jax

from jax_metrics.module import Initializer, advance_key, describe_place


def draw_key(layer: Any) -> jax.Array:
    """Draws a new key and advances the layer's own.

    Args:
        layer: A module with the field `rng`.

    Raises:
        RuntimeError: If there is no key yet.
    """
    key = vars(layer).get("rng")
    if key is None or isinstance(key, Initializer):
        raise RuntimeError(
            f"{describe_place(layer)} needs a random key in training, and has none yet. "
            "Initialize the model, `model = model.init(key, inputs)`, or use "
            "`model.eval()`, in which it does nothing random."
        )
    return advance_key(layer, "rng")
