"""Arrays on other devices, also those of other processes, and also random keys."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def place(array: Any, sharding: Any) -> jax.Array:
    """`jax.device_put`, which refuses typed keys if the devices belong to several processes."""
    if sharding.is_fully_addressable or not jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return jax.device_put(array, sharding)
    data = jax.random.key_data(array)
    if data.is_fully_addressable:
        data = np.asarray(data)
    return jax.random.wrap_key_data(jax.device_put(data, sharding), impl=jax.random.key_impl(array))
