"""`NNXModule`: any Flax NNX module, unchanged."""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from jax_metrics.module import (
    BatchStats,
    Cache,
    Log,
    ModelState,
    Module,
    Parameter,
    Rng,
    is_initializing,
    next_key,
)
from jax_metrics.nn.flax import with_training_flag
from jax_metrics.tree import static

if TYPE_CHECKING:
    from flax import nnx
else:

    class _LoadedWhenUsed:
        """`flax.nnx`, which takes longer to import than everything else here together."""

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("flax.nnx"), name)

    nnx = _LoadedWhenUsed()

# Where the Variables of an NNX module are kept: the first type that fits.
_TYPES = {
    "params": "Param",
    "stats": "BatchStat",
    "cache": "Cache",
    "rng": "RngState",
    "others": "Variable",
}


class NNXModule(Module):
    """A Flax NNX module, with its Variables in fields.

    Fields are dicts of arrays, by the type of the Variables: `nnx.Param` (and its subclasses) in
    `params`, a Parameter; `nnx.BatchStat` in `stats`, BatchStats; `nnx.Cache` in `cache`, Cache;
    `nnx.RngState` in `rng`, Rng; all other Variables in `others`, ModelState. Values that a call
    sows as `nnx.Intermediate` are in `sown`, Log, until the next call. The rest of the module is
    structure, and static.

    Calls follow the mode of this module: it runs `train()` or `eval()` of the NNX module, and
    passes `train`, `training`, `is_training`, `deterministic` or `use_running_average` where the
    method takes it. In evaluation mode or frozen, only `cache` and `sown` change.

    Args:
        module: The NNX module; or a function that makes it from `nnx.Rngs`, which `init` runs with
            a key of its own.
        method: Name of the method to call.
        name: A name for the module.

    Raises:
        TypeError: If it is neither.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> from flax import nnx
        >>> model = jm.nn.NNXModule(lambda rngs: nnx.Linear(3, 4, rngs=rngs)).init(42)
        >>> model.params["kernel"].shape, model(jnp.ones((2, 3))).shape
        ((3, 4), (2, 4))
        >>> type(model.module).__name__
        'Linear'
    """

    params: Any = Parameter.node()
    stats: Any = BatchStats.node()
    cache: Any = Cache.node()
    rng: Any = Rng.node()
    others: Any = ModelState.node()
    sown: Any = Log.node()
    graph: Any = static()
    make: Any = static()

    def __init__(
        self,
        module: "nnx.Module | Callable[[nnx.Rngs], nnx.Module]",
        *,
        method: str = "__call__",
        name: str | None = None,
    ):
        super().__init__(name)
        self.method = method
        self.make = self.graph = None
        self.params, self.stats, self.cache, self.rng, self.others, self.sown = ({},) * 6
        if isinstance(module, nnx.Module):
            self._take(module)
        elif callable(module):
            self.make = module
        else:
            raise TypeError(
                "NNXModule expected a module of `flax.nnx`, or a function that makes one from "
                "`nnx.Rngs`, as in `NNXModule(lambda rngs: nnx.Linear(3, 4, rngs=rngs))`; got "
                f"{module!r}."
            )

    def rng_init(self) -> None:
        """Makes the module, if it was given as a function."""
        if self.graph is None:
            self._take(self.make(nnx.Rngs(next_key())))

    @property
    def module(self) -> Any:
        """An NNX module with these Variables; a new one each time.

        Raises:
            RuntimeError: If it was not made yet.
        """
        if self.graph is None:
            raise RuntimeError(
                "The NNX module was not made yet. Call `model = model.init(key, inputs)` on the "
                "outermost module first."
            )
        states = (nnx.State(getattr(self, name)) for name in _TYPES)
        return nnx.merge(self.graph, *states)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the method.

        Args:
            *args: The arguments of the method.
            **kwargs: Its keyword arguments.
        """
        active = self.training and not self.frozen
        module = self.module
        if not active:
            module.eval()
        function = getattr(module, self.method)
        options = with_training_flag(function, args, kwargs, active)
        output, sown = _call_and_sow(module, function, args, options)
        if not is_initializing():
            if sown or self.sown:
                self.sown = sown
            self._take(module, None if active else ("cache",))
        return output

    def _take(self, module: Any, only: tuple[str, ...] | None = None) -> None:
        """Stores the Variables of a module in the fields: those that changed, or `only` some."""
        module.train()  # one structure for both modes
        graph, *states = nnx.split(module, *(getattr(nnx, name) for name in _TYPES.values()))
        if only is None and graph != self.graph:
            self.graph = graph
        for name, state in zip(_TYPES, states, strict=True):
            values = nnx.to_pure_dict(state)
            if (only is None or name in only) and not _identical(values, getattr(self, name)):
                setattr(self, name, values)


def _call_and_sow(
    module: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Calls the function; returns its output, and what it sowed."""
    if hasattr(nnx, "capture"):
        output, found = nnx.capture(function, nnx.Intermediate)(*args, **kwargs)
    else:
        output = function(*args, **kwargs)
        found = nnx.pop(module, nnx.Intermediate)
    return output, nnx.to_pure_dict(found)


def _identical(a: Any, b: Any) -> bool:
    leaves, others = jax.tree.leaves(a), jax.tree.leaves(b)
    return len(leaves) == len(others) and all(map(lambda x, y: x is y, leaves, others))
