"""`FlaxModule`: any Flax Linen module, unchanged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as linen
import jax
from flax.core import DenyList, unfreeze
from flax.errors import InvalidRngError

from jax_metrics.module import (
    BatchStats,
    Cache,
    Log,
    ModelState,
    Module,
    Parameter,
    Rng,
    is_initializing,
    iter_split,
    next_key,
)
from jax_metrics.nn.flax import FlaxCall, with_training_flag
from jax_metrics.tree import layout_of, static

_FIELDS = {"params": "params", "batch_stats": "stats", "cache": "cache"}
_INTERMEDIATES = "intermediates"


class FlaxModule(Module):
    """A Flax Linen module, with its variables in fields.

    The collection `params` is in the field `params`, of the kind Parameter; `batch_stats` in
    `stats`, BatchStats; `cache` in `cache`, Cache; the collections that the module sows into and
    that `logs` names in `sown`, Log; all others in `others`, ModelState. `init` returns the same
    values as Flax's own `init` for the same key.

    In training mode, unless frozen, calls change `batch_stats` and the other collections; every
    call changes `cache`. If the method takes `train`, `training`, `is_training`, `deterministic` or
    `use_running_average`, and neither the call nor the module sets it, it receives the mode.

    Args:
        module: The Linen module.
        variables: Its variables, such as pretrained ones; without them, `init` creates them.
        method: The method to call: its name, or a function of the module.
        mutable: More collections that every call may change, including in evaluation mode.
        logs: Collections that the module sows into, such as `"intermediates"`; each call
            replaces them.
        rngs: The random streams of every call. None: `dropout`, in training, if the module draws
            from it.
        init_rngs: The random streams of `init`, besides `params`.
        name: A name for the module.

    Raises:
        TypeError: If `module` is not a Linen module, or the variables are not collections.
        RuntimeError: In a call that needs a random key and has none.

    Example:
        >>> import flax.linen as nn, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Net(nn.Module):
        ...     @nn.compact
        ...     def __call__(self, x, train):
        ...         return nn.BatchNorm(use_running_average=not train)(nn.Dense(4)(x))
        >>> model = jm.nn.FlaxModule(Net()).init(42, jnp.ones((2, 3)))
        >>> model.params["Dense_0"]["kernel"].shape, sorted(model.variables)
        ((3, 4), ['batch_stats', 'params'])
        >>> model.eval()(jnp.ones((2, 3))).shape
        (2, 4)
    """

    params: Any = Parameter.node()
    stats: Any = BatchStats.node()
    cache: Any = Cache.node()
    others: dict[str, Any] = ModelState.node()
    sown: dict[str, Any] = Log.node()
    rng: Any = Rng.node()
    module: linen.Module = static()

    def __init__(
        self,
        module: linen.Module,
        variables: Mapping[str, Any] | None = None,
        *,
        method: str | Callable[..., Any] = "__call__",
        mutable: Sequence[str] = (),
        logs: Sequence[str] = (),
        rngs: Sequence[str] | None = None,
        init_rngs: Sequence[str] = (),
        name: str | None = None,
    ):
        super().__init__(name)
        if not isinstance(module, linen.Module):
            raise TypeError(
                "FlaxModule expected a Flax Linen module, as in `FlaxModule(nn.Dense(8))`; got "
                f"{module!r}. For modules of `flax.nnx` there is NNXModule."
            )
        self.module = module.clone(parent=None)
        self.method = method
        self.log_collections = tuple(logs) + tuple(c for c in mutable if c == _INTERMEDIATES)
        self.mutable = tuple(c for c in mutable if c not in self.log_collections)
        self.given_rngs = None if rngs is None else tuple(rngs)
        self.init_rngs = tuple(init_rngs)
        self.params = self.stats = self.cache = self.rng = None
        self.others, self.sown = {}, {}
        self._made = variables is not None
        if variables is not None:
            self._store(_collections(variables))

    @property
    def variables(self) -> dict[str, Any]:
        """The variables as Flax has them: by collection. Sown values are not among them."""
        found = {c: getattr(self, field) for c, field in _FIELDS.items()}
        return {c: v for c, v in found.items() if v is not None} | self.others

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the method.

        Args:
            *args: The arguments of the method.
            **kwargs: Its keyword arguments.
        """
        active = self.training and not self.frozen
        method: Any = self.method
        function = getattr(type(self.module), method) if isinstance(method, str) else method
        options = with_training_flag(function, args, kwargs, active, bound=False, fixed=self.module)
        call = self._flax_call()
        if not self._made and self.initializing():
            return self._make(call, args, options, active)
        if self.rng is None and is_initializing() and not self.initialized:
            self.rng = self._first_key(call, args, options, active)
        variables = self.variables
        mutable = self._mutable(active, variables)
        try:
            output, changed = call(
                variables,
                args,
                options,
                rngs=self._keys(active),
                mutable=mutable or False,
                method=method,
            )
        except InvalidRngError as error:
            raise RuntimeError(
                f"{type(self.module).__name__} needs random keys in this call. Initialize the "
                "model, `model = model.init(key, inputs)`, and name the streams that it draws from "
                f"outside of training, `FlaxModule(module, rngs=[...])`. Flax: {error}"
            ) from error
        if not is_initializing():  # `init` leaves pretrained variables as they are
            self._store({c: changed.get(c, {}) for c in mutable})
        return output

    def _flax_call(self) -> FlaxCall:
        plans = layout_of(self).plans
        call = plans.get(FlaxCall)
        if call is None:
            call = plans[FlaxCall] = FlaxCall(self.module)
        return call

    def _make(
        self, call: FlaxCall, args: tuple[Any, ...], options: dict[str, Any], active: bool
    ) -> Any:
        keys = {"params": next_key()}
        streams = {*self.init_rngs, *(("dropout",) if self.given_rngs is None else self.given_rngs)}
        keys |= {stream: next_key() for stream in sorted(streams - {"params"})}
        hidden = {_INTERMEDIATES} - {*self.log_collections}
        method: Any = self.method
        output, made = call.init(
            keys, args, options, method=method, mutable=DenyList(tuple(hidden))
        )
        self._store(made)
        self._made = True
        self.rng = self._first_key(call, args, options, active)
        return output

    def _first_key(
        self, call: FlaxCall, args: tuple[Any, ...], options: dict[str, Any], active: bool
    ) -> Any:
        """The key to start from; None if calls draw none."""
        if self.given_rngs is not None:
            return next_key() if self.given_rngs else None
        mutable: Any = self._mutable(active, self.variables) or False
        method: Any = self.method

        def dry_run(variables: Any) -> Any:
            return call(variables, args, options, rngs={}, mutable=mutable, method=method)[0]

        try:
            jax.eval_shape(dry_run, self.variables)
        except Exception:  # it needs a key; or it cannot be called like this again, as with a cache
            return next_key()
        return None

    def _keys(self, active: bool) -> dict[str, jax.Array]:
        """The keys of a call. Dropout draws in training only, and evaluation changes nothing."""
        streams = ("dropout",) if self.given_rngs is None else self.given_rngs
        drawn = [stream for stream in streams if active or stream != "dropout"]
        if self.rng is None or not drawn:
            return {}
        self.rng, *keys = iter_split(self.rng, 1 + len(drawn))
        return dict(zip(drawn, keys, strict=True))

    def _mutable(self, active: bool, variables: Mapping[str, Any]) -> list[str]:
        train_mutable = [c for c in variables if c not in ("params", "cache")] if active else []
        always_mutable = [c for c in ("cache",) if c in variables]
        return list(
            dict.fromkeys([*train_mutable, *always_mutable, *self.mutable, *self.log_collections])
        )

    def _store(self, collections: Mapping[str, Any]) -> None:
        for collection, values in collections.items():
            if collection in self.log_collections:
                self.sown = {**self.sown, collection: values}
            elif collection in _FIELDS:
                setattr(self, _FIELDS[collection], values)
            elif values or collection in self.others:
                self.others = {**self.others, collection: values}


def _collections(variables: Any) -> dict[str, Any]:
    plain: Any = unfreeze(dict(variables)) if isinstance(variables, Mapping) else None
    if plain is None or not all(isinstance(value, Mapping) for value in plain.values()):
        raise TypeError(
            "FlaxModule expected the variables by collection, as Flax returns them: "
            "`{'params': {...}, 'batch_stats': {...}}`; got "
            f"{sorted(plain) if plain else type(variables).__name__}."
        )
    return plain
