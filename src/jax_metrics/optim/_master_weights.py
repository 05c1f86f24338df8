"""`master_weights`: 16-bit parameters, trained through float32 copies."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import names_arguments
from jax_metrics.optim._loss_scaling import LossScalingState
from jax_metrics.optim._state_nodes import nodes_of
from jax_metrics.optim._transformation import check_transformation, with_extra_args

_CONDITIONS = {  # by the class of the state: the name, and an example of its other arguments
    optax.ApplyIfFiniteState: ("apply_if_finite", "5"),
    optax.ConditionallyMaskState: ("conditionally_mask", "should_transform_fn"),
    optax.ConditionallyTransformState: ("conditionally_transform", "should_transform_fn"),
}


class MasterWeightsState(NamedTuple):
    """The state of `master_weights`.

    Attributes:
        master: The copies in float32, by path.
        inner_state: The state of the transformation.
    """

    master: dict[str, jax.Array]
    inner_state: Any


@names_arguments
def master_weights(transformation: Any) -> optax.GradientTransformationExtraArgs:
    """Trains float32 copies of bfloat16 or float16 parameters, and rounds them to the parameters.

    A step is often smaller than half the distance between two neighbouring 16-bit numbers, and
    would be lost (Micikevicius et al., 2018, https://arxiv.org/abs/1710.03740). The transformation
    sees parameters and gradients in float32, and so does its state. Parameters in float32 have no
    copies. A parameter that was changed elsewhere, for example by loading weights, replaces its
    copy. The updates are in float32, so that transformations which take a step or leave it, such as
    `optax.apply_if_finite`, belong inside.

    Args:
        transformation: The optax transformation.

    Returns:
        A transformation for a `jm.Optimizer`, or for optax with a dict of parameters.

    Raises:
        TypeError: If the argument is not a transformation.
        ValueError: In `update`, without the parameters.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jax.tree.map(jnp.bfloat16, {"w": jnp.ones(1)})
        >>> optimizer = jm.Optimizer(jm.optim.master_weights(optax.sgd(0.001))).init(model)
        >>> for _ in range(8):
        ...     model = optimizer.update({"w": jnp.ones(1, jnp.bfloat16)}, model)
        >>> model["w"]  # in bfloat16 alone, 1 - 0.001 is 1
        Array([0.992188], dtype=bfloat16)
    """
    check_transformation(transformation, "jm.optim.master_weights")
    inner = with_extra_args(transformation)

    def init(params: Any) -> MasterWeightsState:
        wide = jax.tree.map(_widened, params)
        # In a group the parameters of others are values without a dtype.
        arrays = {path: value for path, value in params.items() if hasattr(value, "dtype")}
        master = {path: wide[path] for path, x in arrays.items() if wide[path].dtype != x.dtype}
        return MasterWeightsState(master, inner.init(wide))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        if params is None:
            raise ValueError("master_weights needs the parameters: `update(grads, params)`.")
        wide = {
            path: _current(state.master[path], value) if path in state.master else value
            for path, value in params.items()
        }
        wide_grads = jax.tree.map(_widened, updates)
        found: Any = inner.update(wide_grads, state.inner_state, wide, **extra)
        steps, inner_state = found
        stepped: Any = optax.apply_updates(wide, steps)
        # The step from the parameter to the rounded copy: optax adds it, and then rounds.
        to_rounded = {
            path: stepped[path].astype(value.dtype).astype(stepped[path].dtype) - _widened(value)
            for path, value in params.items()
            if path in state.master
        }
        new = MasterWeightsState({path: stepped[path] for path in state.master}, inner_state)
        return {**steps, **to_rounded}, new

    return optax.GradientTransformationExtraArgs(init, update)


def check_conditions(state: Any, grads: Any, cause: Exception) -> None:
    """Raises if a transformation that takes steps or leaves them got these in another dtype.

    Args:
        state: The state before the update.
        grads: The gradients by path.
        cause: The error that led here.

    Raises:
        ValueError: Saying in what order it works.
    """
    if not isinstance(cause, TypeError):
        return
    narrow = {path for path, grad in grads.items() if grad.dtype != _widened(grad).dtype}
    scales = nodes_of(state, LossScalingState) and not nodes_of(state, MasterWeightsState)
    for _, around in nodes_of(state, tuple(_CONDITIONS)):
        name, argument = _CONDITIONS[type(around)]
        if scales and narrow:
            path = min(narrow)
            raise ValueError(
                f"At {path}: `optax.{name}` cannot choose between steps in float32, of the "
                f"gradients that `jm.optim.loss_scaling` has divided, and in {grads[path].dtype}. "
                "Put it inside, and copies in float32 around: `jm.optim.master_weights("
                f"jm.optim.loss_scaling(optax.{name}(optax.adam(1e-3), {argument})))`."
            ) from cause
        copied = {path for _, node in nodes_of(around, MasterWeightsState) for path in node.master}
        if (path := min(copied & narrow, default=None)) is not None:
            raise ValueError(
                f"At {path}: `optax.{name}` is around `jm.optim.master_weights`, and cannot choose "
                f"between its steps in float32 and those of the gradient in {grads[path].dtype}. "
                "Put it inside: "
                f"`jm.optim.master_weights(optax.{name}(optax.adam(1e-3), {argument}))`."
            ) from cause


def _widened(value: jax.Array) -> jax.Array:
    return jnp.asarray(value, jnp.promote_types(value.dtype, jnp.float32))


def _current(master: jax.Array, param: jax.Array) -> jax.Array:
    """The copy where it rounds to the parameter, else the parameter, which was changed since.

    It compares bits, because XLA may leave out the rounding between two conversions of floats.
    """
    bits = jnp.dtype(f"uint{8 * param.dtype.itemsize}")
    rounded, given = (
        jax.lax.bitcast_convert_type(x, bits) for x in (master.astype(param.dtype), param)
    )
    both_zero = (rounded | given) << 1 == 0  # one of them may be -0.0
    return jnp.where((rounded == given) | both_zero, master, _widened(param))
