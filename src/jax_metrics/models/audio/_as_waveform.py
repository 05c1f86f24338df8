"""The samples of sounds as the networks take them."""

from typing import Any

import jax
import jax.numpy as jnp


def as_waveform(name: str, samples: Any) -> jax.Array:
    """Samples as an array of floats, which networks expect to be from -1 to 1.

    Args:
        name: The name of the argument.
        samples: The samples, of any shape.

    Raises:
        TypeError: If they are no floats: files hold integers on another scale.
    """
    array = jnp.asarray(samples)
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array
    raise TypeError(
        f"`{name}` must be floats from -1 to 1; got {array.dtype}. Integers of 16 bits, as in most "
        "files, are divided by 32768."
    )
