"""`Module`: a Tree that is called, with random initialization and modes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import jax

from jax_metrics.module import _init
from jax_metrics.module._calls import describe_place, in_scope, outermost_calls, place_in_call
from jax_metrics.module._kinds import (
    BatchStats,
    Cache,
    Log,
    LossLog,
    MetricLog,
    ModelState,
    Parameter,
    Rng,
    State,
)
from jax_metrics.module._mode import Mode, as_flag
from jax_metrics.module._other_methods import OtherMethods
from jax_metrics.module._tabulate import tabulate
from jax_metrics.tree import (
    MISSING,
    At,
    DefaultName,
    Extensions,
    FieldInfo,
    FilterLike,
    Tree,
    apply,
    check_result_used,
    filter,
    in_compact,
    leaves_in_order,
    map,
    replace,
    set_static,
    static,
)

M = TypeVar("M", bound="Module")


class Module(Tree, Extensions, OtherMethods):
    """A Tree that is called like a function and holds its own parameters and state.

    The kind of a field states its purpose. Values that depend on the shape of the inputs are made
    in the first call, which `init` makes.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Scale(jm.Module):
        ...     factor: jax.Array = jm.Parameter.node()
        ...     def __call__(self, x):
        ...         if self.initializing():
        ...             self.factor = jax.random.normal(jm.next_key(), x.shape[-1:])
        ...         return x * self.factor
        >>> model = Scale().init(42, jnp.ones((8, 3)))
        >>> model.factor.shape
        (3,)
    """

    _mode: Mode = static(Mode())
    _captured_inline: ClassVar[bool] = True
    _array_declarations: ClassVar[tuple[str, ...]] = ("jm.Parameter.node()", "jm.State.node()")
    _counter_declaration: ClassVar[str] = "jm.State.node()"
    _read_only: ClassVar[Mapping[str, str]] = {
        "training": "Write `model = model.train()` or `model = model.eval()`.",
        "frozen": "Write `model = model.freeze()` or `model = model.unfreeze()`.",
        "initialized": "`model = model.init(key, inputs)` sets it.",
        "at": "Write `model = model.at[path].set(value)`.",
    }
    name: Any = DefaultName()

    def __init__(self, name: str | None = None):
        if name is not None:
            self.name = name

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__call__" in vars(cls):
            cls.__call__ = in_scope(vars(cls)["__call__"])
        elif "forward" in vars(cls) and not any("__call__" in vars(b) for b in cls.__mro__):
            cls.__call__ = _refuse_call  # a subclass may still define it

    def _on_constructed(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(
                f"{type(self).__name__}.name is the name of the module, a string; got a "
                f"{type(self.name).__name__}. Give a field for something else another name."
            )
        if in_compact():
            _init.init_inline(self)

    def _place(self) -> tuple[Any, str]:
        return place_in_call(self)

    # -- initialization --------------------------------------------------------------------------

    def init(
        self: M,
        key: Any,
        inputs: Any = MISSING,
        call_method: str = "__call__",
        *,
        inplace: bool = False,
    ) -> M:
        """Returns the module with its parameters and state.

        First the `Initializer`s in fields create their values, then each module's `rng_init` runs,
        and then the module is called with the inputs, so that the layers see their shapes. Modules
        inside that are initialized already, such as pretrained ones, stay as they are. It may run
        under `jax.jit`, `jax.eval_shape` and `jax.vmap`.

        Args:
            key: A random key or an integer seed.
            inputs: What to call the module with: one value; a tuple of positional arguments; a
                dict of keyword arguments; or `jm.Inputs(...)` with both. Without it the module is
                not called.
            call_method: Name of the method to call.
            inplace: Initialize this object and return it, not a copy.

        Raises:
            TypeError: If the key is neither a random key nor an integer.
            SharingError: If a module or parameter appears twice.
            TieError: If two positions that are to be tied do not fit.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> model = jm.MLP([8, 2]).init(42, jnp.ones((1, 4)))
            >>> model(jnp.ones((5, 4))).shape
            (5, 2)
        """
        return _init.init(self, key, inputs, call_method, inplace)

    def init_with_output(
        self: M, key: Any, inputs: Any = MISSING, call_method: str = "__call__"
    ) -> tuple[Any, M]:
        """As `init`, returning the output of the call and the module.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> y, layer = jm.Linear(2).init_with_output(42, jnp.ones((1, 4)))
            >>> bool((y == layer(jnp.ones((1, 4)))).all())
            True
        """
        return _init.init_with_output(self, key, inputs, call_method)

    def initializing(self) -> bool:
        """Whether this call runs inside `init`, where the module creates its fields.

        Raises:
            RuntimeError: If the module was never initialized and this is not `init` either.
        """
        if self.initialized:
            return False
        called, maker = outermost_calls()
        if maker is not None and not _init.is_initializing(called):
            raise RuntimeError(
                f"{describe_place(self)} was made in a call of {type(maker).__name__} and is not a "
                "part of it, so its parameters would be lost. Make it in `__init__`, as in "
                f"`self.layer = {type(self).__name__}(...)`, or decorate the method that makes it "
                "with `@jm.compact`."
            )
        if not _init.is_initializing():
            raise RuntimeError(
                f"{describe_place(self)} was called before it was initialized. Call "
                "`model = model.init(key, inputs)` on the outermost module first."
            )
        return True

    def rng_init(self) -> None:
        """Override it to create fields that need random keys, but no inputs; see `jm.next_key`."""

    @property
    def initialized(self) -> bool:
        """Whether `init` has run."""
        return self._mode.initialized

    # -- modes -----------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """Whether layers such as Dropout and BatchNorm behave as in training."""
        return self._mode.training

    @property
    def frozen(self) -> bool:
        """Whether the module's parameters and state are fixed."""
        return self._mode.frozen

    def train(self: M, mode: bool = True, inplace: bool = False) -> M:
        """Returns the module in training mode, with all modules inside.

        Args:
            mode: False for evaluation mode.
            inplace: Change this object and return it, not a copy.
        """
        if not inplace:
            check_result_used(self, "train")
        return _with_mode(self, inplace, training=as_flag("train", mode))

    def eval(self: M, inplace: bool = False) -> M:
        """Returns the module in evaluation mode: `train(False)`."""
        if not inplace:
            check_result_used(self, "eval")
        return self.train(False, inplace=inplace)

    def freeze(self: M, mode: bool = True, inplace: bool = False) -> M:
        """Returns the module frozen, with all modules inside: optimizers leave it alone.

        Args:
            mode: False to unfreeze.
            inplace: Change this object and return it, not a copy.
        """
        if not inplace:
            check_result_used(self, "freeze")
        return _with_mode(self, inplace, frozen=as_flag("freeze", mode))

    def unfreeze(self: M, inplace: bool = False) -> M:
        """Returns the module no longer frozen: `freeze(False)`."""
        if not inplace:
            check_result_used(self, "unfreeze")
        return self.freeze(False, inplace=inplace)

    # -- parts -----------------------------------------------------------------------------------

    def parameters(self: M, *filters: FilterLike) -> M:
        """The module with its Parameters only: `filter(jm.Parameter, *filters)`."""
        return filter(self, Parameter, *filters)

    def trainable_parameters(self: M, *filters: FilterLike) -> M:
        """The module with those Parameters only that are not in frozen modules."""
        return filter(self, Parameter, is_trainable, *filters)

    def batch_stats(self: M, *filters: FilterLike) -> M:
        """The module with its BatchStats only."""
        return filter(self, BatchStats, *filters)

    def rngs(self: M, *filters: FilterLike) -> M:
        """The module with its Rngs only."""
        return filter(self, Rng, *filters)

    def model_states(self: M, *filters: FilterLike) -> M:
        """The module with its ModelStates only."""
        return filter(self, ModelState, *filters)

    def states(self: M, *filters: FilterLike) -> M:
        """The module with its States only."""
        return filter(self, State, *filters)

    def metric_logs(self: M, *filters: FilterLike) -> M:
        """The module with its MetricLogs only."""
        return filter(self, MetricLog, *filters)

    def loss_logs(self: M, *filters: FilterLike) -> M:
        """The module with its LossLogs only."""
        return filter(self, LossLog, *filters)

    def logs(self: M, *filters: FilterLike) -> M:
        """The module with its Logs only."""
        return filter(self, Log, *filters)

    def caches(self: M, *filters: FilterLike) -> M:
        """The module with its Caches only."""
        return filter(self, Cache, *filters)

    def named_parameters(self) -> Iterator[tuple[str, jax.Array]]:
        """Each Parameter with its path, in the order of the fields.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
            >>> [name for name, _ in model.named_parameters()]
            ['.kernel', '.bias']
        """
        leaves = leaves_in_order(self)
        return ((leaf.path, leaf.value) for leaf in leaves if issubclass(leaf.kind, Parameter))

    def replace(self: M, /, **changes: Any) -> M:
        """Returns a copy with other values of some fields and settings.

        Args:
            **changes: The new values by name. The copy shares the arrays of the others.

        Raises:
            TypeError: If there is no such field.

        Example:
            >>> import jax_metrics as jm
            >>> jm.Dropout(0.5).replace(rate=0.1).rate
            0.1
        """
        changed = replace(self, **changes)
        check_result_used(self, "replace")
        return changed

    @property
    def at(self: M) -> At[M]:
        """Accesses one position by its path: `model.at[path].get()`, `.set(value)`, `.apply(f)`."""
        return At(self)

    def map_modules(
        self: M, predicate: type | Callable[["Module"], bool], fn: Callable[[Any], Any]
    ) -> M:
        """Returns a copy with the modules that match replaced by the results of `fn`.

        Args:
            predicate: A class, or a function of a module that returns whether it matches. Modules
                inside of one that matches are not visited.
            fn: Maps a module to its replacement.

        Example:
            >>> import jax
            >>> import jax_metrics as jm
            >>> model = jm.nn.Sequential(jm.Linear(4), jax.nn.relu, jm.Linear(1))
            >>> wide = model.map_modules(jm.Linear, lambda layer: jm.Linear(2 * layer.features))
            >>> wide.layers[0].features
            8
        """
        if isinstance(predicate, type):
            cls = predicate
            predicate = lambda module: isinstance(module, cls)  # noqa: E731

        def matches(value: Any) -> bool:
            return isinstance(value, Module) and predicate(value)

        return map(lambda v: fn(v) if matches(v) else v, self, is_leaf=matches)

    def tabulate(
        self, inputs: Any = MISSING, depth: int = -1, signature: bool = False, **options: Any
    ) -> str:
        """A table of the module: its contents, shapes, sizes, dtypes and FLOPs.

        See `jax_metrics.module.tabulate` for the arguments.
        """
        return tabulate(self, inputs, depth, signature, **options)

    def __treescope_repr__(self, path: str, subtree_renderer: Any) -> Any:
        from treescope import repr_lib  # no dependency: treescope itself calls this

        shown = {name: v for name, v in vars(self).items() if not name.startswith("_")}
        return repr_lib.render_object_constructor(
            object_type=type(self), attributes=shown, path=path, subtree_renderer=subtree_renderer
        )


def _refuse_call(self: Any, *args: Any, **kwargs: Any) -> Any:
    name = type(self).__name__
    raise TypeError(
        f"{name} defines `forward`, but a Module is called by `__call__`. Rename it: "
        f"`def __call__(self, ...)`, and call the module itself, `{self._variable}(x)`."
    )


def is_trainable(info: FieldInfo) -> bool:
    """Whether a leaf is not in a frozen module.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(4).init(0, jnp.ones((1, 2))).freeze()
        >>> trainable = jm.filter(model, jm.Parameter, jm.module.is_trainable)
        >>> trainable.kernel, model.frozen
        (Nothing, True)
    """
    return not getattr(info.module, "frozen", False)


def _with_mode(module: M, inplace: bool, **changes: bool) -> M:
    def change(tree: Tree) -> None:
        if isinstance(tree, Module):
            mode = tree._mode._replace(**changes)
            if mode != tree._mode:
                set_static(tree, "_mode", mode)

    return apply(change, module, inplace=inplace)
