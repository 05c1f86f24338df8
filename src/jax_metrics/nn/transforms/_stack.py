"""`Stack`: equal layers, one after the other, as one layer with stacked leaves."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Inputs, Module, Rng, next_key
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import sharded_like
from jax_metrics.nn.transforms._carried_state import CarriedState
from jax_metrics.nn.transforms._remat import as_policy
from jax_metrics.tree import copy, map, static

LayerMap = Callable[..., Any]


class Stack(CheckedLayer):
    """Applies `n` equal layers, one after the other, as one layer with stacked leaves.

    Every leaf of `layer` has a leading axis of size `n`, and one `jax.lax.scan` runs them all, so
    that the compile time does not grow with `n`. Each layer is initialized with its own key and has
    its own parameters, state and random keys. The output of a layer is the input of the next; other
    arguments of a call are passed to each layer. The layers share their modes, such as being
    frozen. If their output has another dtype than the input, the input is cast to it first.

    `stack[i]` is a copy of layer `i`; `len`, iteration and `reversed` work, too. A slice is a
    Stack.

    Args:
        layer: One of the layers. If it is initialized already, all start from its values.
        n: Number of layers.
        remat: Save memory by recomputing each layer's activations for the gradients: True, or a
            `policy` as in `Remat`.
        unroll: How many layers one step of the scan runs.
        reverse: Run the last layer first.
        name: A name for the module.

    Raises:
        TypeError: If `layer` is not a Module, or its output differs in shape or structure from its
            input.
        ValueError: If `n` is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> stack = jm.nn.Stack(jm.Linear(8), 12).init(42, jnp.ones((1, 8)))
        >>> stack.layer.kernel.shape, stack[3].kernel.shape
        ((12, 8, 8), (8, 8))
        >>> stack(jnp.ones((5, 8))).shape
        (5, 8)
    """

    layer: Module
    _stacked: bool = static(False)

    def __init__(
        self,
        layer: Module,
        n: int,
        remat: bool | str | Callable[..., Any] | None = None,
        unroll: int = 1,
        *,
        reverse: bool = False,
        name: str | None = None,
    ):
        super().__init__(name)
        if not isinstance(layer, Module):
            raise TypeError(
                f"Stack expected a module, as in `Stack(jm.Linear(8), 12)`; got {layer!r}. Wrap a "
                "function in `jm.Lambda`."
            )
        if not isinstance(n, int) or n < 1:
            raise ValueError(f"Stack needs at least one layer, as in `Stack(layer, 12)`; got {n}.")
        if isinstance(remat, str):
            as_policy(remat)
        self.layer = layer
        self.n = n
        self.remat = remat
        self.unroll = unroll
        self.reverse = reverse

    @classmethod
    def of(cls, layers: Sequence[Module], **options: Any) -> "Stack":
        """A Stack of these layers, which must have equal structure and be initialized.

        Args:
            layers: The layers.
            **options: `remat`, `unroll`, `reverse` and `name`, as for `Stack`.

        Raises:
            ValueError: If the layers differ in structure, or in the shape or dtype of a leaf.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> layers = [jm.Linear(3).init(i, jnp.ones((1, 3))) for i in range(4)]
            >>> jm.nn.Stack.of(layers).layer.bias.shape
            (4, 3)
        """
        stack = cls(layers[0], len(layers), **options)
        first = jax.tree.structure(layers[0]), _types(layers[0])
        for index, other in enumerate(layers):
            if (jax.tree.structure(other), _types(other)) != first:
                raise ValueError(
                    f"Stack.of expected layers of equal structure, but layer {index} differs from "
                    f"layer 0 in its structure, arguments, shapes or dtypes:\n{other}\n{layers[0]}"
                )
        stack.layer = jax.tree.map(lambda *leaves: jnp.stack(leaves), *layers)
        stack._stacked = True
        stack._mode = layers[0]._mode
        return stack

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Applies the layers.

        Args:
            x: The input of the first layer: an array, or a pytree of arrays.
            *args: More arguments of each layer.
            **kwargs: Keyword arguments of each layer.
        """
        if not self._stacked and self.initializing():
            return self._first_call(x, args, kwargs)
        state = CarriedState(self.layer, ".layer")

        def step(x: Any, layer: Any) -> tuple[Any, Any]:
            return state.call(layer, "__call__", x, *args, **kwargs)

        if self.remat is not None and self.remat is not False:
            # Within a scan, what prevents merging the two computations only costs time.
            policy = as_policy(None if self.remat is True else self.remat)
            step = jax.checkpoint(step, policy=policy, prevent_cse=False)
        output, changed = self._scan(step, x, self.layer)
        state.put_back(changed, self)
        return output

    def _first_call(self, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def step(x: Any, numbered_key: Any) -> tuple[Any, Any]:
            index, key = numbered_key
            return _own_keys(self.layer, index).init_with_output(key, Inputs(x, *args, **kwargs))

        output, self.layer = self._scan(step, x, self._keys())
        self._stacked = True
        return output

    def _init_inside(self) -> None:
        """Initializes the layers where no call has."""
        if not self._stacked:
            template = self.layer
            self.layer = jax.vmap(lambda i, key: _own_keys(template, i).init(key))(*self._keys())
            self._stacked = True

    def _keys(self) -> tuple[jax.Array, jax.Array]:
        return jnp.arange(self.n), jax.random.split(next_key(), self.n)

    def _scan(self, step: Callable[..., Any], x: Any, over: Any) -> tuple[Any, Any]:
        def checked(x: Any, layer: Any) -> tuple[Any, Any]:
            output, changed = step(x, layer)
            _check_fits_next(x, output, self.layer)
            return sharded_like(output, x), changed

        def run(x: Any) -> tuple[Any, Any]:
            return jax.lax.scan(checked, x, over, reverse=self.reverse, unroll=self.unroll)

        x = jax.tree.map(jnp.asarray, x)
        try:
            return run(x)
        except _OtherDtype as other:
            return run(jax.tree.map(lambda a, dtype: a.astype(dtype), x, other.dtypes))

    # -- reading --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int | slice) -> Any:
        if not self._stacked:
            raise RuntimeError(
                "The layers of a Stack have no values yet. Call "
                "`model = model.init(key, inputs)` on the outermost module first."
            )
        if isinstance(index, slice):
            chosen = jnp.arange(self.n)[index]
            part = copy(self)
            part.layer = jax.tree.map(lambda leaf: leaf[chosen], self.layer)
            part.n = len(chosen)
            return part
        if not -self.n <= index < self.n:
            raise IndexError(f"The Stack has {self.n} layers; there is no number {index}.")
        return copy(jax.tree.map(lambda leaf: leaf[index], self.layer))

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.n))

    def map_layers(self, f: LayerMap, *over: Any) -> "Stack":
        """Applies a function to each layer, once under `jax.vmap`; returns the new Stack.

        Args:
            f: Maps a layer to another one.
            *over: More arguments of `f`, with a leading axis of size `n`.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> stack = jm.nn.Stack(jm.Linear(3), 4).init(0, jnp.ones((1, 3)))
            >>> stack.map_layers(lambda layer: layer.at[".bias"].set(layer.bias + 1))[2].bias
            Array([1., 1., 1.], dtype=float32)
        """
        made = copy(self)
        made.layer = jax.vmap(f)(self.layer, *over)
        return made


def _own_keys(layer: Module, index: jax.Array) -> Module:
    """The layer, with its random keys made different from those of the other layers."""

    def fold(key: Any) -> Any:
        return jax.random.fold_in(key, index) if isinstance(key, jax.Array) else key

    return map(fold, layer, Rng)


class _OtherDtype(Exception):
    """The outputs of a layer differ from its inputs in dtype only."""

    def __init__(self, dtypes: Any):
        self.dtypes = dtypes


def _check_fits_next(x: Any, output: Any, layer: Module) -> None:
    """Raises unless the output can be the input of the next layer.

    Raises:
        TypeError: If structure or shapes differ.
        _OtherDtype: If dtypes alone differ.
    """
    given, made = _types(x), _types(output)
    shapes = [shape for shape, _ in given], [shape for shape, _ in made]
    if jax.tree.structure(x) != jax.tree.structure(output) or shapes[0] != shapes[1]:
        raise TypeError(
            f"Stack passes the output of each layer to the next, so its output must match "
            f"its input. This {type(layer).__name__} takes {_described(x)} and returns "
            f"{_described(output)}. Choose its sizes so that both match; other arguments and "
            "results are not passed on."
        )
    if given != made:
        common = [jnp.promote_types(a, b) for (_, a), (_, b) in zip(given, made, strict=True)]
        unchanged = common == [dtype for _, dtype in given]
        dtypes = [dtype for _, dtype in made] if unchanged else common
        raise _OtherDtype(jax.tree.unflatten(jax.tree.structure(x), dtypes))


def _types(tree: Any) -> list[tuple[tuple[int, ...], Any]]:
    """Shape and dtype of each leaf."""
    return [(jnp.shape(leaf), _dtype(leaf)) for leaf in jax.tree.leaves(tree)]


def _dtype(leaf: Any) -> Any:
    return leaf.dtype if hasattr(leaf, "dtype") else jnp.result_type(leaf)


def _described(value: Any) -> str:
    shapes = jax.tree.map(lambda leaf: f"{_dtype(leaf)}{list(jnp.shape(leaf))}", value)
    return str(shapes)
