"""State of the FP8 products: scales and histories that arrive as gradients."""

from jax_metrics.module import State


class OverwriteWithGradient(State):
    """A value whose gradient is the next value.

    The FP8 products of Flax, such as `flax.linen.Fp8DirectDotGeneralOp`, find new scales in the
    forward and in the backward pass, and hand both out as the gradients of the old ones. Layers
    keep them in `overwrite_with_gradient`; after each step, assign the gradients to it.

    Example:
        >>> import flax.linen, jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> fp8 = flax.linen.Fp8DirectDotGeneralOp
        >>> model = jm.Linear(16, dot_general_cls=fp8).init(0, jnp.ones((1, 16)))
        >>> grads = jax.grad(lambda model: model(jnp.ones((4, 16))).sum())(model)
        >>> model = model.merge(grads.filter(jm.nn.OverwriteWithGradient))
        >>> state = model.overwrite_with_gradient["Fp8DirectDotGeneralOp_0"]
        >>> state["input_amax_history"][:2]
        Array([1., 0.], dtype=float32)
    """

    collection = "_overwrite_with_gradient"
