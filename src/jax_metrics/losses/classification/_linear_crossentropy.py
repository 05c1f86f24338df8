"""The crossentropy of a linear layer, without holding all its logits in memory at once."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_array, as_float, equals, explains_arguments, widened
from jax_metrics.losses.base import LossOptions, Terms, from_function, values_of_terms
from jax_metrics.losses.classification._crossentropy import crossentropy
from jax_metrics.losses.labels import check_labels


@explains_arguments
@values_of_terms
def linear_crossentropy(
    target: Any,
    preds: Any,
    *,
    kernel: Any,
    bias: Any = None,
    chunk: int = 1024,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    check_bounds: bool = True,
) -> Terms:
    """`crossentropy(target, preds @ kernel + bias)`, computed for a chunk of rows at a time.

    A language model has `tokens * classes` logits, which often take more memory than everything
    else. Here only `chunk * classes` logits are in memory at a time, in the forward pass and in the
    backward pass, which computes them again. Values and gradients are the same.

    Args:
        target: Integer labels, `[...]`.
        preds: The inputs of the last layer, `[..., features]`.
        kernel: The weights of that layer, `[features, classes]`; for tied embeddings
            `embed.embedding.T`.
        bias: The bias of that layer, `[classes]`, or None.
        chunk: The number of rows whose logits are in memory at the same time.
        label_smoothing: As of `crossentropy`.
        ignore_index: As of `crossentropy`.
        check_bounds: As of `crossentropy`.

    Returns:
        The losses, `[...]`.

    Raises:
        ValueError: If a shape does not fit, or `chunk` is less than 1.
        TypeError: If labels are not integers.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> hidden, kernel = jnp.eye(2), jnp.array([[2.0, 0.0], [0.0, 1.0]])
        >>> losses = jm.losses.linear_crossentropy(jnp.array([0, 1]), hidden, kernel=kernel)
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.1269, 0.3133]
    """
    target, preds = widened(as_array("target", target)), as_float("preds", preds)
    # Their gradients are sums over the parts, which 16 bits would round each time.
    kernel, bias = as_float("kernel", kernel), None if bias is None else as_float("bias", bias)
    _check_shapes(target, preds, kernel, bias, chunk)
    mask = None if ignore_index is None else ~equals(target, ignore_index)
    if check_bounds:  # the parts are traced, where nothing can raise
        check_labels(target, kernel.shape[-1], ignored=None if mask is None else ~mask)
    features, rows = preds.shape[-1], target.size

    @jax.checkpoint
    def losses_of(labels: jax.Array, hidden: jax.Array) -> jax.Array:
        logits = hidden @ kernel
        logits = logits if bias is None else logits + bias
        return crossentropy(
            labels,
            logits,
            label_smoothing=label_smoothing,
            ignore_index=ignore_index,
            check_bounds=check_bounds,
        )

    labels, hidden = target.reshape(-1), preds.reshape(-1, features)
    if rows <= chunk:
        return Terms(losses_of(labels, hidden).reshape(target.shape), mask=mask)
    # Of equal size, so that as little as possible is added.
    number = -(-rows // chunk)
    size = -(-rows // number)
    more = number * size - rows
    parts = (
        jnp.pad(labels, (0, more)).reshape(number, size),
        jnp.pad(hidden, ((0, more), (0, 0))).reshape(number, size, features),
    )
    losses = jax.lax.map(lambda part: losses_of(*part), parts)
    return Terms(losses.reshape(-1)[:rows].reshape(target.shape), mask=mask)


def _check_shapes(target: Any, preds: Any, kernel: Any, bias: Any, chunk: int) -> None:
    classes = kernel.shape[-1] if kernel.ndim else 0
    if preds.shape[:-1] != target.shape or not preds.ndim:
        raise ValueError(
            "preds must be the inputs of the last layer, [..., features], for target labels [...], "
            f"but got target {list(target.shape)}, preds {list(preds.shape)}."
        )
    if not jnp.issubdtype(target.dtype, jnp.integer):
        raise TypeError(f"target must be labels as integers, but is {target.dtype}.")
    if kernel.shape != (preds.shape[-1], classes):
        raise ValueError(
            f"kernel must be [features, classes] with {preds.shape[-1]} features, as preds have, "
            f"but has the shape {list(kernel.shape)}. Of an embedding it is `embedding.T`."
        )
    if bias is not None and jnp.shape(bias) != (classes,):
        raise ValueError(
            f"bias must have one value for each of {classes} classes, but has the shape "
            f"{list(jnp.shape(bias))}."
        )
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise ValueError(f"chunk must be a whole number of at least 1, but is {chunk!r}.")


class LinearCrossentropy(from_function(linear_crossentropy, "kernel", "bias"), init=False):
    """Reduces `linear_crossentropy` over a batch; `kernel` and `bias` come with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.LinearCrossentropy(chunk=256)
        >>> print(f"{loss(target=jnp.array([0]), preds=jnp.ones((1, 2)), kernel=jnp.eye(2)):.4f}")
        0.6931
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            chunk: int = 1024,
            label_smoothing: float = 0.0,
            ignore_index: int | None = None,
            check_bounds: bool = True,
            **options: Unpack[LossOptions],
        ) -> None: ...

        def __call__(
            self,
            *,
            target: Any,
            preds: Any,
            kernel: Any,
            bias: Any = None,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
