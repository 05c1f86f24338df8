"""Weights as numbers of examples."""

import jax
import jax.numpy as jnp


def as_examples(weight: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Weights as numbers of examples, and a bound of the rounding errors of their running sums.

    Whole weights are numbers of examples, and so are weights that are whole multiples of the
    smallest one, such as 0.1 for each: these are whole numbers whose sums are exact. Other weights
    are divided by their mean.

    Args:
        weight: Nonnegative weights, `[examples]`.

    Returns:
        The numbers, `[examples]`, and the bound, a scalar: 0 for whole numbers.
    """
    weight = weight.astype(jnp.promote_types(weight.dtype, jnp.float32))
    info = jnp.finfo(weight.dtype)
    most = 2.0 ** (info.nmant + 1)  # up to here, sums of whole numbers are exact
    is_whole = (weight == jnp.round(weight)).all() & (weight.sum() < most)
    smallest = jnp.where(weight == 0, jnp.inf, weight).min(initial=jnp.inf)
    multiples = weight / jnp.where(is_whole, 1, smallest)
    whole = jnp.round(multiples)
    is_exact = (abs(multiples - whole) <= 4 * info.eps * multiples).all() & (whole.sum() < most)
    mean = weight.sum() / jnp.maximum((weight != 0).sum(), 1)
    examples = jnp.where(is_exact, whole, weight / jnp.where(mean == 0, 1, mean))
    return examples, jnp.where(is_exact, 0, 8 * info.eps * examples.sum())
