"""Where the activations of a layer lie: a hook that `jm.sharding.activations` fills."""

from typing import Any

import jax

from jax_metrics.module._init import is_initializing

# An optional static field: a callable that takes an activation and the names of its last axes, and
# returns it where it shall lie. The first axis is that of the batch; the names are
#
#   length      positions of a sequence, between the layers
#   features    features, between the layers
#   heads       heads of attention
#   hidden      hidden features of a feed-forward network
#   vocabulary  logits of an embedding, or of a Linear that has this field
ACTIVATIONS = "_activations"


def laid_out(layer: Any, x: jax.Array, *names: str | None) -> jax.Array:
    """An activation, where the field of its layer says; without one as it is.

    Args:
        layer: The layer.
        x: The activation.
        *names: Names of its last axes; None for one without.
    """
    layout = vars(layer).get(ACTIVATIONS)
    # The inputs of `init` may be a batch of one.
    return x if layout is None or is_initializing() else layout(x, *names)
