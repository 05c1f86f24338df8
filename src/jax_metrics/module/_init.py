"""Initialization of modules: the implementation of `Module.init`."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.module._inputs import Initializer, Inputs, refuse_shape
from jax_metrics.module._keys import Key, has_key, next_key, rng_key
from jax_metrics.module._sharing import check_shared_trees, check_sharing, shared_trees
from jax_metrics.module._ties import place_pending_ties
from jax_metrics.tree import (
    MISSING,
    FieldInfo,
    apply,
    check_items,
    check_keys,
    copy,
    layout_of,
    make_mutable,
    map,
    trees_with_paths,
)

# The module that `init` is initializing.
_initializing: contextvars.ContextVar[Any] = contextvars.ContextVar("initializing", default=None)
# Field initializers draw from a stream of their own, so that the forward call of a layer starts
# with the key itself, as Flax does, whether or not the layer also keeps a key for dropout.
_FIELDS = 0x6A6D


def is_initializing(module: Any = None) -> bool:
    """Whether `init` is running; given a module, whether it is running for this one itself."""
    running = _initializing.get()
    return running is not None and (module is None or module is running)


@contextlib.contextmanager
def _running(module: Any) -> Iterator[None]:
    token = _initializing.set(module)
    try:
        yield
    finally:
        _initializing.reset(token)


def init(module: Any, key: Any, inputs: Any, call_method: str, inplace: bool) -> Any:
    """See `Module.init`."""
    return _init(module, key, inputs, call_method, inplace)[1]


def init_with_output(module: Any, key: Any, inputs: Any, call_method: str) -> tuple[Any, Any]:
    """See `Module.init_with_output`."""
    output, made, tied = _init(module, key, inputs, call_method, inplace=False)
    if tied and inputs is not MISSING:  # `init` called the model with values that are gone now
        output = _call(copy(made), inputs, call_method)
    return output, made


def _init(
    module: Any, key: Any, inputs: Any, call_method: str, inplace: bool
) -> tuple[Any, Any, bool]:
    """The output of the call, the module, and whether positions were tied after the call."""
    key = Key(key)
    pairs = shared_trees(module)  # asked now: a copy has two Trees where there was one
    _check_containers(module)
    if inplace:
        output, tied = _init_in_place(module, key, inputs, call_method)
    else:
        module = copy(module)
        with make_mutable(module):
            output, tied = _init_in_place(module, key, inputs, call_method)
    check_shared_trees(module, pairs)
    check_sharing(module)
    return output, module, tied


def _init_in_place(module: Any, key: jax.Array, inputs: Any, call_method: str) -> tuple[Any, bool]:
    output = None
    with _running(module), rng_key(key):
        _init_fields(module, key)
        if inputs is not MISSING:
            output = _call(module, inputs, call_method)
        hidden = _initialized_by_parent(module)
        for _, tree in list(trees_with_paths(module)):
            if (
                _custom_init_of(tree) is not None
                and id(tree) not in hidden
                and not tree.initialized
            ):
                tree._init_inside()
    apply(_set_initialized, module, inplace=True)
    return output, place_pending_ties(module)


def _call(module: Any, inputs: Any, call_method: str) -> Any:
    if not isinstance(call_method, str):
        raise TypeError(
            f"`init(key, inputs, call_method)` takes the name of a method third; got a "
            f"{type(call_method).__name__}. Several inputs go into a tuple, `init(key, (a, b))`; "
            "keyword arguments into a dict, or all into `jm.Inputs(a, b, scale=c)`."
        )
    method = getattr(module, call_method, None)
    if method is None:
        raise TypeError(
            f"{type(module).__name__} has no method `{call_method}` for `init` to call. Define it, "
            "name another one with `call_method=`, or leave out the inputs."
        )
    arguments = Inputs.from_value(inputs)
    try:
        return method(*arguments.args, **arguments.kwargs)
    except Exception as error:
        refuse_shape(module, inputs, "init(key, {})", error)
        raise


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
    _check_declared(module)
    leaves = jax.tree.leaves(module, is_leaf=lambda value: isinstance(value, Initializer))
    if any(isinstance(leaf, Initializer) for leaf in leaves):
        hidden = _initialized_by_parent(module)

        def initial_value(info: FieldInfo) -> Any:
            initialize = isinstance(info.value, Initializer) and id(info.module) not in hidden
            return info.value(next_key()) if initialize else info.value

        with rng_key(jax.random.fold_in(key, _FIELDS)):
            map(initial_value, module, field_info=True, inplace=True)
    hidden = _initialized_by_parent(module)

    def run_rng_init(tree: Any) -> None:
        if hasattr(tree, "rng_init") and not tree.initialized and id(tree) not in hidden:
            tree.rng_init()

    apply(run_rng_init, module, inplace=True)


def _check_containers(module: Any) -> None:
    """Raises for keys that JAX cannot sort, and for functions and strings beside modules."""
    for _, tree in trees_with_paths(module):
        for name in layout_of(tree).names:
            check_keys(type(tree), name, vars(tree)[name])
            check_items(type(tree), name, vars(tree)[name])


def _check_declared(module: Any) -> None:
    """Raises if an Initializer is in a static field, where it would never run."""
    for _, tree in trees_with_paths(module):
        for name, value in layout_of(tree).statics():
            if isinstance(value, Initializer):
                cls = type(tree).__name__
                raise TypeError(
                    f"{cls}.{name} holds an Initializer but is static, so it would never get its "
                    f"value. Declare it in the class: `{name}: jax.Array = jm.Parameter.node()`."
                )


def _custom_init_of(tree: Any) -> Any:
    """The method `_init_inside` of the Tree's class, if there is one.

    A class that initializes its inner modules itself defines it: `init` then skips those, and runs
    the method at the end for any that no call has initialized.
    """
    return getattr(type(tree), "_init_inside", None)


def _initialized_by_parent(module: Any) -> set[int]:
    """The ids of the Trees that an enclosing module initializes itself."""
    return {
        id(inside)
        for _, tree in trees_with_paths(module)
        if _custom_init_of(tree) is not None
        for _, inside in trees_with_paths(tree)
        if inside is not tree
    }


def _set_initialized(tree: Any) -> None:
    if hasattr(tree, "rng_init") and not tree.initialized:
        tree._mode = tree._mode._replace(initialized=True)
