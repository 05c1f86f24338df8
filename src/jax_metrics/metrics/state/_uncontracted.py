"""`without_last_bits`: keeps compilers from contracting a product with the sum that follows it."""

import jax
import jax.numpy as jnp
import numpy as np


def without_last_bits(values: jax.Array, bits: int | None = None) -> jax.Array:
    """The floats with zeros as the last bits of the mantissa, computed as integers.

    A compiler may turn `a * b + c` into one instruction that does not round `a * b`, and may do so
    in one place where the product is used but not in another. An error that is computed as the
    difference of the two is then wrong. No compiler contracts across an operation on integers that
    changes the number.

    Args:
        values: Floats.
        bits: The number of bits, by default half of the mantissa.
    """
    cleared = (int(jnp.finfo(values.dtype).nmant) + 1) // 2 if bits is None else bits
    integer = np.dtype(f"int{8 * values.dtype.itemsize}")
    kept = jax.lax.bitcast_convert_type(values, integer) & np.array(-(2**cleared), integer)
    return jax.lax.bitcast_convert_type(kept, values.dtype)
