"""`Optimizer`: an optax transformation together with its state."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from jax_metrics.module import Initializer, OptState, Parameter, check_sharing
from jax_metrics.optim._optimizer_errors import (
    check_deleted,
    check_state_shapes,
    explain_optax,
    warn_of_untrained,
)
from jax_metrics.tree import (
    Extensions,
    FieldInfo,
    OtherMethod,
    Tree,
    check_result_used,
    copy,
    map,
    static,
    trees_with_paths,
)

O = TypeVar("O", bound="Optimizer")  # noqa: E741
Flat = dict[str, Any]
_MOST_SHOWN = 5


class Optimizer(Tree, Extensions):
    """Wraps any optax transformation together with its state, as a pytree to pass through `jit`.

    Given a model, it updates the Parameters of the modules that are not frozen, and has state for
    those only. optax sees them as a plain dict keyed by path, so labels and masks refer to paths:
    `lambda params: {path: "bias" not in path for path in params}`.

    Args:
        optimizer: The optax transformation.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((1, 2)))
        >>> optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
        >>> grads = jax.grad(lambda model: model(jnp.ones((1, 2))).sum())(model)
        >>> model = optimizer.update(grads, model)
        >>> model.bias
        Array([-0.1], dtype=float32)
    """

    _variable: ClassVar[str] = "optimizer"
    if not TYPE_CHECKING:  # for a checker they do not exist
        step = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        minimize = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        apply_gradients = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        zero_grad = OtherMethod("Gradients are values that `jm.value_and_grad` returns.")
        state_dict = OtherMethod("Write `jm.state_dict(optimizer)`.")

    optimizer: optax.GradientTransformation = static()
    opt_state: Any = OptState.node(None)
    _paths: tuple[str, ...] | None = static(None)

    def __init__(self, optimizer: optax.GradientTransformation):
        fits = all(callable(getattr(optimizer, name, None)) for name in ("init", "update"))
        if not fits or isinstance(optimizer, Tree):  # a Module has both methods too
            raise TypeError(
                "Optimizer wraps an optax transformation, as in `jm.Optimizer(optax.adam(1e-3))`; "
                f"got a {type(optimizer).__name__}. Parameters go into `.init(params)`."
            )
        self.optimizer = optimizer

    def __setattr__(self, name: str, value: Any) -> None:
        if type(self) is Optimizer and not name.startswith("_") and not hasattr(Optimizer, name):
            raise AttributeError(
                f"Optimizer has no attribute `{name}`. Its options are those of the optax "
                "transformation; to change one between steps, make it a part of the state: "
                "`optax.inject_hyperparams(optax.adam)(learning_rate=1e-3)`, and then "
                '`optimizer.opt_state.hyperparams["learning_rate"] = 1e-5`; or pass a schedule.'
            )
        super().__setattr__(name, value)

    @property
    def initialized(self) -> bool:
        """Whether `init` has run."""
        return self._paths is not None

    def init(self: O, params: Any) -> O:
        """Returns an optimizer with fresh state for these parameters.

        Args:
            params: A model, its parameters, or any pytree of arrays.

        Raises:
            SharingError: If a module or an array is in two places.
            ValueError: If there are no trainable parameters, or they have no values yet.
            TypeError: If a parameter is not a float.
        """
        check_sharing(params)
        flat = _trainable(params)
        if not flat:
            raise ValueError(
                f"The {type(params).__name__} has no trainable parameters. Initialize the model "
                "first, with `model.init(key, inputs)`, and do not freeze all of it."
            )
        uninitialized = [path for path, value in flat.items() if isinstance(value, Initializer)]
        if uninitialized:
            raise ValueError(
                f"The {type(params).__name__} has no value yet at {_listed(uninitialized)}. "
                "Initialize the model first, with `model.init(key, inputs)`."
            )
        _check_floats(flat, "parameter")
        warn_of_untrained(params)
        optimizer = copy(self)
        try:
            optimizer.opt_state = self.optimizer.init(flat)
        except Exception as error:
            if (explained := explain_optax(error, "init")) is not None:
                raise explained from error
            raise
        optimizer._paths = tuple(sorted(flat))
        return optimizer

    def update(
        self,
        grads: Any,
        params: Any = None,
        apply_updates: bool = True,
        *,
        donate: bool = False,
        **extra: Any,
    ) -> Any:
        """Takes one step: updates the state in place and returns the updated parameters.

        Outside of `jit` it runs as one compiled program.

        Args:
            grads: Gradients, with the same structure as `params`.
            params: The model, or the parameters that were passed to `init`.
            apply_updates: Whether to return the updated `params`. If False, return the updates,
                which are zero for leaves that are not trained.
            donate: Outside of `jit`, reuse the memory of `params` and of the optimizer's state for
                the results. The passed `params` are deleted: use the returned ones.
            **extra: Extra arguments of the transformation, such as `value`, `grad` and `value_fn`
                of a line search; trees like `params`, and functions of them, are converted to the
                dict that optax sees. A step with a plain function among them is not compiled,
                because variables that the function closes over may change: call `update` inside
                your own `jit`, or pass those values with `jax.tree_util.Partial(f, ...)`.

        Returns:
            The whole of `params`, updated; or the updates, with the structure of `grads`.

        Raises:
            RuntimeError: Before `init`.
            ValueError: If the arguments do not fit the parameters given to `init`, or each other.
            TypeError: If a parameter or gradient is not a float, or `apply_updates` not a boolean.
        """
        if not self.initialized:
            raise RuntimeError(
                "The optimizer was not initialized: "
                "`optimizer = jm.Optimizer(optax.adam(1e-3)).init(model)`."
            )
        if params is None and apply_updates:
            raise ValueError(
                "`update(grads, params)` needs the parameters to apply the updates to. Pass them, "
                "or request the updates themselves with `apply_updates=False`."
            )
        if not isinstance(apply_updates, bool):
            raise TypeError(
                "`update(grads, params)` takes the gradients and the parameters; the third "
                "argument, `apply_updates`, is True or False, but is a "
                f"{type(apply_updates).__name__}. The state is part of the optimizer."
            )
        inputs = (self, grads, params, extra)
        tracing = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(inputs))
        inline = tracing or any(_is_function(value) for value in extra.values())
        step = _step if inline else _donating_step if donate else _compiled_step
        try:
            output, self.opt_state = step(*inputs, apply_updates=apply_updates)
        except Exception as error:
            check_deleted(error, optimizer=self, gradients=grads, parameters=params)
            raise
        check_result_used(self, "update", "the updated parameters" if apply_updates else "updates")
        return output


def _step(
    optimizer: Optimizer,
    grads: Any,
    params: Any,
    extra: dict[str, Any],
    *,
    apply_updates: bool,
) -> tuple[Any, Any]:
    paths = optimizer._paths or ()
    flat_grads = _checked_grads(grads, params, paths)
    flat_params: Any = None if params is None else _checked_params(params, flat_grads, paths)
    _check_floats(flat_grads, "gradient")
    extra = {name: _as_flat(value, params, paths) for name, value in extra.items()}
    transformation = optax.with_extra_args_support(optimizer.optimizer)
    before = optimizer.opt_state
    try:
        updates, state = transformation.update(flat_grads, before, flat_params, **extra)
    except Exception as error:
        check_state_shapes(before, flat_grads, error)
        if (explained := explain_optax(error, "update")) is not None:
            raise explained from error
        raise
    if jax.tree.map(jnp.shape, before) != jax.tree.map(jnp.shape, state):
        check_state_shapes(before, flat_grads)
    if not apply_updates:
        return _with_leaves(jax.tree.map(jnp.zeros_like, grads), updates), state
    return _with_leaves(params, optax.apply_updates(flat_params, updates)), state


_compiled_step = jax.jit(_step, static_argnames="apply_updates")
_donating_step = jax.jit(
    _step, static_argnames="apply_updates", donate_argnames=("optimizer", "params")
)


def _trainable(tree: Any) -> Flat:
    """The Parameters outside of frozen modules by path; all leaves if no field is a Parameter."""
    found: Flat = {}
    has_kinds = any(
        issubclass(field.kind, Parameter)
        for _, part in trees_with_paths(tree)
        for field in part.field_metadata.values()
    )

    def collect(info: FieldInfo) -> Any:
        if not getattr(info.module, "frozen", False):
            if not has_kinds or issubclass(info.kind, Parameter):
                found[info.path] = info.value
        return info.value

    map(collect, tree, field_info=True)
    return found


def _leaves_by_path(tree: Any) -> Flat:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


def _with_leaves(tree: Any, leaves: Any) -> Any:
    return map(lambda info: leaves.get(info.path, info.value), tree, field_info=True)


def _as_flat(value: Any, params: Any, paths: tuple[str, ...]) -> Any:
    """Converts a tree like the parameters to a dict by path; a function, to one of such a dict."""
    if _is_function(value) or isinstance(value, jax.tree_util.Partial):
        return functools.partial(_call_on_flat, value, params)
    flat = _leaves_by_path(value)
    return {path: flat[path] for path in paths} if flat.keys() >= set(paths) else value


def _is_function(value: Any) -> bool:
    """Whether the value is a plain function, and not a callable pytree such as a module."""
    return callable(value) and jax.tree_util.all_leaves((value,))


def _call_on_flat(function: Callable[..., Any], params: Any, flat: Flat, *args: Any, **kw: Any):
    return function(_with_leaves(params, flat), *args, **kw)


def _checked_grads(grads: Any, params: Any, paths: tuple[str, ...]) -> Flat:
    flat = _leaves_by_path(grads)
    missing = [path for path in paths if path not in flat]
    if missing and isinstance(grads, tuple) and not isinstance(params, tuple):
        raise ValueError(
            f"The gradients are a tuple of {len(grads)} values. Unpack the results first: "
            "`grads, model = jm.grad(loss_fn)(model)`, or "
            "`(loss, model), grads = jm.value_and_grad(loss_fn)(model)`."
        )
    if missing:
        raise ValueError(
            f"The gradients lack {_listed(missing)}, which the optimizer was initialized with. "
            "They must have the structure of the parameters given to `init`; after freezing, "
            "unfreezing or replacing parts of a model, call `optimizer.init(model)` again."
        )
    known = set(paths) if params is None else _leaves_by_path(params).keys()
    unknown = [path for path in flat if path not in known]
    if unknown:
        raise ValueError(
            f"The gradients have {_listed(unknown)}, which the parameters do not. Were the "
            "arguments swapped? It is `optimizer.update(grads, params)`."
        )
    return {path: flat[path] for path in paths}


def _check_floats(flat: Flat, what: str) -> None:
    """Checks that all can be trained; the gradients of integers have JAX's dtype float0.

    Raises:
        TypeError: If one is not a float.
    """
    for path, value in flat.items():
        try:
            dtype = getattr(value, "dtype", None) or jnp.result_type(value)
        except TypeError:  # no number
            raise TypeError(
                f"At {path}: the {what} is a {type(value).__name__}, {value!r}, but only arrays of "
                "floats are trained."
            ) from None
        if not jnp.issubdtype(dtype, jnp.inexact):
            dtype = "float0" if dtype == jax.dtypes.float0 else dtype
            raise TypeError(
                f"At {path}: the {what} has the dtype {dtype}, but only floats have gradients and "
                "are trained. Make it a float; or if it is not to be trained, declare the field "
                "with another kind, such as `jm.State.node()`, or freeze its module."
            )


def _checked_params(params: Any, grads: Flat, paths: tuple[str, ...]) -> Flat:
    flat = _trainable(params)
    if flat.keys() != set(paths):
        changed = sorted(flat.keys() ^ set(paths))
        raise ValueError(
            f"The parameters differ from those that the optimizer was initialized with, in "
            f"{_listed(changed)}. After freezing, unfreezing or replacing parts of a model, call "
            "`optimizer.init(model)` again."
        )
    _check_floats(flat, "parameter")
    for path in paths:
        if jnp.shape(flat[path]) != jnp.shape(grads[path]):
            raise ValueError(
                f"At {path}: the gradient has the shape {jnp.shape(grads[path])}, the parameter "
                f"{jnp.shape(flat[path])}. They must be equal."
            )
    return {path: flat[path] for path in paths}


def _listed(paths: list[str]) -> str:
    more = len(paths) - _MOST_SHOWN
    return ", ".join(paths[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
