"""`HaikuModule`: any Haiku function or module, unchanged. Haiku is an optional package."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import jax

from jax_metrics.module import (
    ModelState,
    Module,
    Parameter,
    Rng,
    is_initializing,
    iter_split,
    next_key,
)
from jax_metrics.nn.flax import with_training_flag
from jax_metrics.tree import layout_of, signature_of, static


class HaikuModule(Module):
    """A Haiku function or module, transformed, with its parameters and state in fields.

    `params`, a Parameter, and `state`, ModelState, are dicts of dicts as Haiku has them. If the
    function draws random keys, each call in training gets its own. Calls in evaluation mode get
    none, and change nothing. If the function takes `is_training`, `training`, `train` or
    `deterministic`, it receives the mode. Needs the package `dm-haiku`.

    Args:
        f: A function that uses Haiku's modules; a class of Haiku modules; or the result of
            `hk.transform_with_state`.
        *args: For a class: the arguments of its constructor.
        params: Pretrained parameters; without them, `init` creates them.
        state: The state that belongs to the parameters.
        name: A name for the module.
        **kwargs: For a class: the keyword arguments of its constructor.

    Raises:
        ImportError: If Haiku is not installed.
        TypeError: If `f` is not a function, or has arguments but is not a class.

    Example:
        >>> import haiku as hk, jax.numpy as jnp  # doctest: +SKIP
        >>> import jax_metrics as jm
        >>> model = jm.nn.HaikuModule(hk.Linear, 4)  # doctest: +SKIP
        >>> model = model.init(42, jnp.ones((2, 3)))  # doctest: +SKIP
        >>> model.params["linear"]["w"].shape  # doctest: +SKIP
        (3, 4)
    """

    params: Any = Parameter.node(None)
    state: Any = ModelState.node(None)
    rng: Any = Rng.node(None)
    f: Callable[..., Any] = static()

    def __init__(
        self,
        f: Callable[..., Any],
        *args: Any,
        params: Mapping[str, Any] | None = None,
        state: Mapping[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name)
        hk = _haiku()
        transformed = isinstance(f, hk.Transformed | hk.TransformedWithState)
        if not (callable(f) or transformed):
            raise TypeError(
                f"HaikuModule expected a function, a class of Haiku modules, or the result of "
                f"`hk.transform_with_state`; got {f!r}."
            )
        if (args or kwargs) and not isinstance(f, type):
            raise TypeError(
                "HaikuModule passes arguments to the constructor of a class of modules only. Give "
                f"them where {f!r} is called."
            )
        self.f = f
        self.arguments = args, kwargs
        if params is not None:
            self.params = _plain(params)
            self.state = _plain(state or {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function.

        Args:
            *args: Its arguments.
            **kwargs: Its keyword arguments.
        """
        active = self.training and not self.frozen
        transformed, function = self._transformed()
        key = following = None
        options = with_training_flag(function, args, kwargs, active)
        if not self.initialized and is_initializing():
            if self.params is None:
                params, state = transformed.init(next_key(), *args, **options)
                self.params, self.state = _plain(params), _plain(state)
            key = next_key()
            self.rng = key if self._draws(transformed, args, options) else None
        elif self.params is None:
            self.initializing()  # raises: it was not initialized
        else:
            key, following = (
                iter_split(self.rng) if active and self.rng is not None else (None, None)
            )
        output, state = transformed.apply(self.params, self.state, key, *args, **options)
        if active and not is_initializing():
            if jax.tree.leaves(state):
                self.state = _plain(state)
            if following is not None:
                self.rng = following
        return output

    def _draws(self, transformed: Any, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        def dry_run(params: Any, state: Any) -> Any:
            return transformed.apply(params, state, None, *args, **options)

        try:
            jax.eval_shape(dry_run, self.params, self.state)
        except ValueError:  # raised by Haiku for a missing key
            return True
        return False

    def _transformed(self) -> tuple[Any, Callable[..., Any]]:
        """The transformed function, shared by equal modules, and its signature."""
        plans = layout_of(self).plans
        made = plans.get(HaikuModule)
        if made is None:
            made = plans[HaikuModule] = _transform(self.f, *self.arguments)
        return made


def _transform(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    hk = _haiku()
    if isinstance(f, hk.Transformed):
        return hk.with_empty_state(f), _original(f)
    if isinstance(f, hk.TransformedWithState):
        return f, _original(f)
    if not (isinstance(f, type) and issubclass(f, hk.Module)):
        return hk.transform_with_state(f), f

    def call(*inputs: Any, **options: Any) -> Any:
        return f(*args, **kwargs)(*inputs, **options)

    # Without `self`, which the call does not pass.
    signature = signature_of(f.__call__)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
    return hk.transform_with_state(call), call


def _original(transformed: Any) -> Callable[..., Any]:
    """The function that was transformed, for its signature."""
    return getattr(transformed.init, "_original_fn", transformed.init)


def _plain(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Haiku's dicts of dicts as plain ones."""
    return {
        name: _plain(value) if isinstance(value, Mapping) else value for name, value in tree.items()
    }


def _haiku() -> Any:
    try:
        return importlib.import_module("haiku")
    except ImportError as error:
        raise ImportError(
            "HaikuModule needs the package dm-haiku, which is not installed: "
            "`pip install 'jax-metrics[haiku]'`."
        ) from error
