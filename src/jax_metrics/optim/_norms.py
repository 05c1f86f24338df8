"""`with_norms`: the global norms of gradients and updates, for logs."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import names_arguments
from jax_metrics.optim._loss_scaling import loss_scale_in
from jax_metrics.optim._transformation import check_transformation, with_extra_args


class NormsState(NamedTuple):
    """The state of `with_norms`.

    Attributes:
        grad_norm: The norm of the last gradients.
        update_norm: The norm of the last updates.
        inner_state: The state of the transformation.
    """

    grad_norm: jax.Array
    update_norm: jax.Array
    inner_state: Any


@names_arguments
def with_norms(transformation: Any) -> optax.GradientTransformationExtraArgs:
    """Records the global norms of the incoming gradients and of the resulting updates.

    The compiled step computes them, and `optimizer.norms` has them as arrays on the device, so that
    they are read together with the other logs. The norm is the square root of the sum of squares of
    all values, in float32 at least. Around `jm.optim.loss_scaling` the norm of the gradients is
    that without the loss scale.

    Args:
        transformation: The optax transformation. In `jm.optim.groups`, each group can have norms of
            its own.

    Returns:
        A transformation for a `jm.Optimizer`, or for optax.

    Raises:
        TypeError: If the argument is not a transformation.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> params = {"w": jnp.ones(2)}
        >>> optimizer = jm.Optimizer(jm.optim.with_norms(optax.sgd(0.5))).init(params)
        >>> params = optimizer.update({"w": jnp.array([3.0, 4.0])}, params)
        >>> {name: float(norm) for name, norm in optimizer.norms.items()}
        {'grad_norm': 5.0, 'update_norm': 2.5}
    """
    check_transformation(transformation, "jm.optim.with_norms")
    inner = with_extra_args(transformation)

    def init(params: Any) -> NormsState:
        dtype = _norm_dtype(params)
        return NormsState(jnp.zeros((), dtype), jnp.zeros((), dtype), inner.init(params))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        steps, inner_state = inner.update(updates, state.inner_state, params, **extra)
        dtype = state.grad_norm.dtype
        grad_norm = (_norm(updates) / loss_scale_in(state.inner_state)).astype(dtype)
        return steps, NormsState(grad_norm, _norm(steps).astype(dtype), inner_state)

    return optax.GradientTransformationExtraArgs(init, update)


def _norm_dtype(params: Any) -> Any:
    dtypes = [jnp.finfo(leaf.dtype).dtype for leaf in jax.tree.leaves(params)]
    return jnp.result_type(jnp.float32, *dtypes)


def _norm(tree: Any) -> jax.Array:
    wide = [jnp.asarray(x, jnp.promote_types(x.dtype, jnp.float32)) for x in jax.tree.leaves(tree)]
    squares = [jnp.sum(jnp.square(x.real) + jnp.square(x.imag)) for x in wide if _is_complex(x)]
    squares += [jnp.sum(jnp.square(x)) for x in wide if not _is_complex(x)]
    return jnp.sqrt(sum(squares))


def _is_complex(x: jax.Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.complexfloating)
