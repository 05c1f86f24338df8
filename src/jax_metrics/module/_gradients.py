"""`value_and_grad` and `grad`: gradients with respect to the parameters of a model."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module._kinds import Parameter
from jax_metrics.module._module import is_trainable
from jax_metrics.tree import Tree, filter, leaves_in_order, merge

M = TypeVar("M")
P = ParamSpec("P")


@overload
def value_and_grad(
    loss_fn: Callable[Concatenate[M, P], Any], *, has_aux: Literal[False] = False
) -> Callable[Concatenate[M, P], tuple[tuple[jax.Array, M], M]]: ...
@overload
def value_and_grad(
    loss_fn: Callable[Concatenate[M, P], Any], *, has_aux: Literal[True]
) -> Callable[Concatenate[M, P], tuple[tuple[jax.Array, M, Any], M]]: ...
def value_and_grad(loss_fn: Callable[..., Any], *, has_aux: bool = False) -> Callable[..., Any]:
    """`jax.value_and_grad` with respect to the trainable Parameters of a model.

    The returned function takes the arguments of `loss_fn` and returns `(loss, model), grads`, or
    `(loss, model, aux), grads`. The model is a copy with the state after the call, such as
    BatchNorm's statistics and Dropout's keys; the given one stays as it is. The gradients have
    its structure, with `Nothing` for everything but the trainable Parameters:
    `optimizer.update(grads, model)` takes both.

    Args:
        loss_fn: A function whose first argument is the model, or any pytree with modules inside.
            It returns the loss, a scalar.
        has_aux: Whether it returns `(loss, aux)`, where `aux` is any pytree.

    Raises:
        TypeError: In a call, if `loss_fn` does not return what `has_aux` specifies, or a Parameter
            is not of a floating-point dtype.
        ValueError: In a call, if the first argument has no trainable Parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.BatchNorm(), jm.Linear(1)).init(0, jnp.ones((4, 2)))
        >>> def loss_fn(model, x):
        ...     return (model(x) ** 2).mean()
        >>> (loss, model), grads = jm.value_and_grad(loss_fn)(model, jnp.ones((4, 2)))
        >>> grads[1].kernel.shape, grads[0].mean
        ((2, 1), Nothing)
    """
    if isinstance(loss_fn, Tree) or not callable(loss_fn):
        raise TypeError(
            "`jm.value_and_grad` and `jm.grad` take the function of the loss, whose first argument "
            "is the model, as in `jm.value_and_grad(loss_fn)(model, x, y)`; got a "
            f"{type(loss_fn).__name__}."
        )

    @functools.wraps(loss_fn)
    def run(model: Any, *args: Any, **kwargs: Any) -> Any:
        def loss_of(params: Any) -> Any:
            trained = merge(model, params)
            loss, *aux = _outputs(loss_fn(trained, *args, **kwargs), has_aux)
            _check_loss(loss)
            return loss, (trained, *aux)

        params = _trainable(model)
        (loss, rest), grads = jax.value_and_grad(loss_of, has_aux=True)(params)
        return (loss, *rest), grads

    return run


@overload
def grad(
    loss_fn: Callable[Concatenate[M, P], Any], *, has_aux: Literal[False] = False
) -> Callable[Concatenate[M, P], tuple[M, M]]: ...
@overload
def grad(
    loss_fn: Callable[Concatenate[M, P], Any], *, has_aux: Literal[True]
) -> Callable[Concatenate[M, P], tuple[M, M, Any]]: ...
def grad(loss_fn: Callable[..., Any], *, has_aux: bool = False) -> Callable[..., Any]:
    """As `value_and_grad`, without the loss: returns `grads, model`, or `grads, model, aux`.

    Args:
        loss_fn: A function whose first argument is the model.
        has_aux: Whether it returns `(loss, aux)`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((4, 2)))
        >>> grads, model = jm.grad(lambda model, x: model(x).sum())(model, jnp.ones((4, 2)))
        >>> grads.bias
        Array([4.], dtype=float32)
    """
    with_value: Any = value_and_grad(loss_fn, has_aux=has_aux)

    @functools.wraps(loss_fn)
    def run(model: Any, *args: Any, **kwargs: Any) -> Any:
        (_, *rest), grads = with_value(model, *args, **kwargs)
        return grads, *rest

    return run


def _trainable(model: Any) -> Any:
    params = filter(model, Parameter, is_trainable)
    if not jax.tree.leaves(params):
        raise ValueError(
            f"The first argument of the loss, a {type(model).__name__}, has no trainable "
            "Parameters. It must be the model, initialized with `model.init(key, inputs)` and not "
            "frozen as a whole. For other pytrees use `jax.value_and_grad`."
        )
    for leaf in leaves_in_order(params):
        if not jnp.issubdtype(jnp.result_type(leaf.value), jnp.inexact):
            raise TypeError(
                f"At {leaf.path}: the parameter has the dtype {jnp.result_type(leaf.value)}, but "
                "only floats have gradients. Make it a float; or if it is not to be trained, "
                "declare the field with another kind, such as `jm.State.node()`."
            )
    return params


def _check_loss(loss: Any) -> None:
    if not isinstance(loss, jax.Array | np.ndarray | np.generic | int | float):
        raise TypeError(
            f"The loss function must return a scalar, but returned a {type(loss).__name__}."
        )
    if jnp.ndim(loss):
        raise TypeError(
            f"The loss function must return a scalar, but returned an array of the shape "
            f"{list(jnp.shape(loss))}. Reduce it, as in `losses.mean()`."
        )


def _outputs(output: Any, has_aux: bool) -> tuple[Any, ...]:
    if not has_aux:
        if isinstance(output, tuple):
            raise TypeError(
                f"The loss function returned a tuple of {len(output)} values, but must return the "
                "loss alone: the model with its new state is returned anyway. For other outputs "
                "pass `has_aux=True` and return `(loss, aux)`."
            )
        return (output,)
    if not isinstance(output, tuple) or len(output) != 2:
        got = f"{len(output)} values" if isinstance(output, tuple) else f"a {type(output).__name__}"
        raise TypeError(
            f"With `has_aux=True` the loss function must return `(loss, aux)`; it returned {got}. "
            "Put several outputs into one, as in `loss, (preds, logs)`."
        )
    return output
