"""How modules come by their parameters: what `Module.init` does."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.module._inputs import Initializer, Inputs
from jax_metrics.module._keys import Key, has_key, next_key, rng_key
from jax_metrics.module._sharing import check_shared_trees, check_sharing, shared_trees
from jax_metrics.tree import MISSING, apply, copy, make_mutable, map

_initializing: contextvars.ContextVar[bool] = contextvars.ContextVar("initializing", default=False)
# Field initializers draw from a stream of their own, so that the forward call of a layer starts
# with the key itself, as Flax does, whether or not the layer also keeps a key for dropout.
_FIELDS = 0x6A6D


def is_initializing() -> bool:
    """Whether `init` is running."""
    return _initializing.get()


@contextlib.contextmanager
def _running() -> Iterator[None]:
    token = _initializing.set(True)
    try:
        yield
    finally:
        _initializing.reset(token)


def init(module: Any, key: Any, inputs: Any, call_method: str, inplace: bool) -> Any:
    """See `Module.init`."""
    key = Key(key)
    pairs = shared_trees(module)  # asked now: a copy has two Trees where there was one
    if inplace:
        _init_in_place(module, key, inputs, call_method)
    else:
        module = copy(module)
        with make_mutable(module):
            _init_in_place(module, key, inputs, call_method)
    check_shared_trees(module, pairs)
    check_sharing(module)
    return module


def _init_in_place(module: Any, key: jax.Array, inputs: Any, call_method: str) -> None:
    with _running(), rng_key(key):
        _init_fields(module, key)
        if inputs is not MISSING:
            arguments = Inputs.from_value(inputs)
            getattr(module, call_method)(*arguments.args, **arguments.kwargs)
    apply(_set_initialized, module, inplace=True)


def init_inline(module: Any) -> None:
    """Initializes the fields of a module that a compact method has just made."""
    if not has_key():
        raise RuntimeError(
            f"A compact method makes a {type(module).__name__} for the first time, outside of "
            "`init`. Call `model = model.init(key, inputs)` on the outermost module first."
        )
    key = next_key()
    with rng_key(key):
        _init_fields(module, key)


def _init_fields(module: Any, key: jax.Array) -> None:
    if any(isinstance(leaf, Initializer) for leaf in jax.tree.leaves(module)):
        with rng_key(jax.random.fold_in(key, _FIELDS)):
            map(_initial_value, module, inplace=True)
    apply(_run_rng_init, module, inplace=True)


def _initial_value(leaf: Any) -> Any:
    return leaf(next_key()) if isinstance(leaf, Initializer) else leaf


def _run_rng_init(tree: Any) -> None:
    if hasattr(tree, "rng_init") and not tree.initialized:
        tree.rng_init()


def _set_initialized(tree: Any) -> None:
    if hasattr(tree, "rng_init") and not tree.initialized:
        tree._mode = tree._mode._replace(initialized=True)
