"""`loss_scaling`: float16 gradients that neither vanish nor overflow."""

from collections import OrderedDict
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jax_metrics.arguments import names_arguments
from jax_metrics.optim._state_nodes import nodes_of
from jax_metrics.optim._transformation import check_transformation, with_extra_args

_MOST_SKIPPED = 2**31 - 1


class LossScalingState(NamedTuple):
    """The state of `loss_scaling`.

    Attributes:
        scale: The factor of the loss.
        finite_steps: How many steps were finite since the scale changed.
        skipped: How many steps were skipped so far.
        inner_state: The state of the transformation.
    """

    scale: jax.Array
    finite_steps: jax.Array
    skipped: jax.Array
    inner_state: Any


@names_arguments
def loss_scaling(
    transformation: Any,
    *,
    initial: float = 2.0**15,
    factor: float = 2.0,
    growth_interval: int = 2000,
    minimum: float = 1.0,
) -> optax.GradientTransformationExtraArgs:
    """Divides the gradients by a loss scale, and skips steps that are not finite.

    Multiply the loss by `optimizer.loss_scale` before differentiating it. Everything that reads
    gradients, such as clipping, groups and `optax.apply_if_finite`, belongs inside, where they are
    divided, and so does `optax.conditionally_transform`, which passes some on;
    `jm.optim.master_weights`, `jm.optim.with_norms` and `optax.MultiSteps` may be around it. A step
    whose gradients have an infinity or a NaN changes neither the parameters nor the state of the
    transformation, and the scale is divided by `factor`; after `growth_interval` finite steps in a
    row it is multiplied by it (Micikevicius et al., 2018, https://arxiv.org/abs/1710.03740). The
    divided gradients are in float32.

    Args:
        transformation: The optax transformation.
        initial: The first scale.
        factor: The factor by which the scale changes; above 1.
        growth_interval: After how many finite steps it grows.
        minimum: The smallest scale.

    Returns:
        A transformation for a `jm.Optimizer`. For parameters in float16 wrap it in
        `jm.optim.master_weights`.

    Raises:
        TypeError: If the argument is not a transformation.
        ValueError: If an option is out of range; in `init`, if it gets only some of the parameters,
            and in `Optimizer.init`, if something around it sees gradients before they are divided.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> params = {"w": jnp.ones(1)}
        >>> optimizer = jm.Optimizer(jm.optim.loss_scaling(optax.sgd(0.1))).init(params)
        >>> params = optimizer.update({"w": jnp.array([jnp.inf])}, params)
        >>> float(params["w"][0]), float(optimizer.loss_scale), int(optimizer.opt_state.skipped)
        (1.0, 16384.0, 1)
    """
    check_transformation(transformation, "jm.optim.loss_scaling")
    if not (factor > 1 and growth_interval >= 1 and 0 < minimum <= initial):
        raise ValueError(
            "loss_scaling expects factor > 1, growth_interval >= 1 and 0 < minimum <= initial; got "
            f"factor={factor}, growth_interval={growth_interval}, minimum={minimum}, "
            f"initial={initial}."
        )
    inner = with_extra_args(transformation)

    def init(params: Any) -> LossScalingState:
        _check_all_parameters(params)
        scale = jnp.asarray(initial, jnp.float32)
        finite_steps, skipped = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
        return LossScalingState(scale, finite_steps, skipped, inner.init(params))

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        def unscale(grad: jax.Array) -> jax.Array:
            wide = jnp.asarray(grad, jnp.promote_types(grad.dtype, jnp.float32))
            return wide / state.scale.astype(wide.dtype)

        unscaled = jax.tree.map(unscale, updates)
        finite = jnp.array([jnp.isfinite(g).all() for g in jax.tree.leaves(unscaled)], bool).all()
        stepped, inner_state = inner.update(unscaled, state.inner_state, params, **extra)

        def keep(new: jax.Array, old: jax.Array) -> jax.Array:
            return jnp.where(finite, new.astype(old.dtype), old)

        grows = state.finite_steps + 1 >= growth_interval
        grown = jnp.where(grows, state.scale * factor, state.scale)
        smaller = jnp.maximum(state.scale / factor, minimum)
        new = LossScalingState(
            scale=jnp.where(finite, jnp.where(jnp.isfinite(grown), grown, state.scale), smaller),
            finite_steps=jnp.where(finite & ~grows, state.finite_steps + 1, 0),
            skipped=jnp.minimum(state.skipped, _MOST_SKIPPED - 1) + ~finite,
            inner_state=jax.tree.map(keep, inner_state, state.inner_state),
        )
        return jax.tree.map(lambda u: jnp.where(finite, u, jnp.zeros_like(u)), stepped), new

    return optax.GradientTransformationExtraArgs(init, update)


def loss_scale_in(state: Any) -> Any:
    """The loss scale in a state; 1.0 if there is none.

    Raises:
        ValueError: If there are several.
    """
    found = nodes_of(state, LossScalingState)
    if len(found) > 1:
        raise ValueError(
            f"The optimizer has {len(found)} loss scales, but there is one loss. Wrap the whole "
            "transformation once, as in `jm.optim.loss_scaling(jm.optim.groups({...}))`."
        )
    return found[0][1].scale if found else 1.0


def check_order(state: Any) -> None:
    """Checks that nothing around `loss_scaling` depends on the scale of the gradients.

    Args:
        state: A new state.

    Raises:
        ValueError: Saying what is around it.
    """
    if isinstance(state, LossScalingState):
        return
    parts = jax.tree.leaves(state, is_leaf=lambda part: part is not state)
    for at, part in enumerate(parts):
        if not nodes_of(part, LossScalingState):
            continue
        if (problem := _problem(state, at)) is not None:
            raise ValueError(
                f"`jm.optim.loss_scaling` must be the first that gets the gradients of the scaled "
                f"loss, but {problem}. Wrap the whole transformation, as in "
                "`jm.optim.loss_scaling(optax.chain(optax.clip_by_global_norm(1.0), "
                "optax.adam(1e-3)))`."
            )
        check_order(part)


def _problem(state: Any, at: int) -> str | None:
    """What is wrong with a state that holds that of `loss_scaling` as its part number `at`."""
    if isinstance(state, optax.ApplyIfFiniteState):
        return (
            "`optax.apply_if_finite` around it takes away those that are not finite, after which "
            "the scale must shrink; `loss_scaling` leaves out such steps itself"
        )
    if isinstance(state, optax.ConditionallyTransformState):
        return (
            "`optax.conditionally_transform` around it passes them on as they are where its "
            "condition does not hold"
        )
    if isinstance(state, optax.MultiStepsState) and jax.tree.leaves(state.skip_state):
        return "the `optax.MultiSteps(should_skip_update_fn=...)` around it looks at them"
    if type(state) in (tuple, OrderedDict) and at > 0:  # of `chain` and `named_chain`
        return "another transformation comes before it in the chain"
    return None


def _check_all_parameters(params: Any) -> None:
    """Raises in a group, because gradients of the parameters outside of it stay multiplied."""

    def is_missing(value: Any) -> bool:
        return isinstance(value, optax.MaskedNode)

    found = jax.tree_util.tree_leaves_with_path(params, is_leaf=is_missing)
    missing = [
        str(getattr(keys[-1], "key", jax.tree_util.keystr(keys)))
        for keys, value in found
        if is_missing(value)
    ]
    if missing:
        raise ValueError(
            "`jm.optim.loss_scaling` is given only some of the parameters, but the gradients of "
            f"all are multiplied by the loss scale, also those of {', '.join(missing[:5])}. Wrap "
            "the whole transformation, as in `jm.optim.loss_scaling(jm.optim.groups({...}))`."
        )
