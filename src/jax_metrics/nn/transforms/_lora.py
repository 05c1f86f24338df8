"""LoRA: adapting a trained model with small trainable factors."""

import collections
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jax_metrics.module import Key, Module, Parameter, next_key, ties, untie
from jax_metrics.nn.flax import FlaxLayer
from jax_metrics.nn.transforms._carried_state import CarriedState
from jax_metrics.nn.transforms._delegating_layer import DelegatingLayer
from jax_metrics.nn.transforms._stack import Stack
from jax_metrics.tree import FieldInfo, map, trees_with_paths

M = TypeVar("M", bound=Module)
Where = type | tuple[type, ...] | Callable[[Any], bool] | str | Sequence[str]


class LoRA(DelegatingLayer):
    """A frozen layer with trainable low-rank changes of its matrices (Hu et al., 2021).

    In place of each matrix `W` of the layer it uses `W + (alpha / rank) * A @ B`
    (https://arxiv.org/abs/2106.09685). `A`, `[rows, rank]`, is initialized randomly and `B`,
    `[rank, columns]`, with zeros, so that nothing changes at first. Every Parameter with two or
    more axes is adapted; with more than two, the axes are split to make the squarest matrix: the
    kernel of a query, `[in, heads, size]`, becomes `[in, heads * size]`. The layer is in evaluation
    mode, like all frozen layers.

    Args:
        layer: The layer; any module.
        rank: Rank of the changes.
        alpha: Scales the changes; None: `rank`.
        key: A key or seed for `A`, for a layer that is initialized; otherwise `init` makes it.
        name: A name for the module.

    Raises:
        TypeError: If `layer` is not a Module.
        ValueError: If the rank is not positive, or the layer has no matrices.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(64).init(42, jnp.ones((1, 32)))
        >>> adapted = jm.nn.LoRA(layer, rank=4, key=0)
        >>> [(path, leaf.shape) for path, leaf in adapted.trainable_parameters().named_parameters()]
        [(".a['kernel']", (32, 4)), (".b['kernel']", (4, 64))]
        >>> bool((adapted(jnp.ones((1, 32))) == layer(jnp.ones((1, 32)))).all())
        True
    """

    layer: Module
    a: dict[str, jax.Array] = Parameter.node(init=False)
    b: dict[str, jax.Array] = Parameter.node(init=False)

    def __init__(
        self,
        layer: Module,
        rank: int,
        alpha: float | None = None,
        *,
        key: Any = None,
        name: str | None = None,
    ):
        super().__init__(name)
        if not isinstance(layer, Module):
            raise TypeError(f"LoRA expected a module to adapt; got {layer!r}.")
        self.layer = layer.freeze()
        self.rank = rank
        self.alpha = alpha
        if layer.initialized and key is not None:
            self._start(Key(key), layer)

    @property
    def scale(self) -> float:
        """The factor of the low-rank product: `alpha / rank`."""
        return 1.0 if self.alpha is None else self.alpha / self.rank

    def _run_method(self, method: str, /, *args: Any, **kwargs: Any) -> Any:
        """Runs a method of the layer with its changed matrices."""
        if not self.initialized and self.initializing():
            output = getattr(self.layer, method)(*args, **kwargs)
            self._make_factors(next_key(), self.layer)
            return output
        state = CarriedState(self.layer, ".layer")
        output, changed = state.call(self._adapted(), method, *args, **kwargs)
        state.put_back(changed, self)
        return output

    def merged(self) -> Module:
        """The layer alone, with the changes added to its matrices; it is still frozen."""
        return self._adapted()

    def _adapted(self) -> Module:
        def change(info: FieldInfo) -> Any:
            label = info.path if info.path in self.a else _label(info.path)
            if label not in self.a:
                return info.value
            product = self.scale * (self.a[label] @ self.b[label])
            return info.value + product.reshape(info.value.shape).astype(info.value.dtype)

        return map(change, self.layer, Parameter, field_info=True)

    def _start(self, key: jax.Array, full: Module) -> None:
        """Makes the factors of a layer that is initialized, which `full` is with all values."""
        self._make_factors(key, full)
        self._mode = self._mode._replace(initialized=True, training=full.training)

    def _make_factors(self, key: jax.Array, full: Module) -> None:
        found: dict[str, jax.Array] = {}
        # These positions follow those in the layer that they are tied to, with their changes.
        tied = ties(self.layer)
        inside = (*_below(tied),)

        def look(info: FieldInfo) -> Any:
            path, value = info.path, info.value
            is_matrix = jnp.ndim(value) >= 2 and jnp.issubdtype(value.dtype, jnp.floating)
            if is_matrix and path not in tied and not path.startswith(inside):
                found[path] = value
            return value

        map(look, full, Parameter, field_info=True)
        if not found:
            raise ValueError(
                f"The {type(self.layer).__name__} has no Parameters of two axes or more that LoRA "
                "could adapt. Choose layers such as `jm.Linear`, and initialize the model first."
            )
        self.a, self.b = {}, {}
        labels = collections.Counter(_label(path) for path in found)
        for number, (path, matrix) in enumerate(found.items()):
            # Without brackets, the paths of a field and of a dict entry can look alike.
            label = _label(path) if labels[_label(path)] == 1 else path
            rows, columns = _as_matrix(matrix.shape)
            random = jax.random.normal(jax.random.fold_in(key, number), (rows, self.rank))
            self.a[label] = (random / math.sqrt(rows)).astype(matrix.dtype)
            self.b[label] = jnp.zeros((self.rank, columns), matrix.dtype)


def apply_lora(
    model: M,
    where: Where,
    rank: int,
    *,
    alpha: float | None = None,
    key: Any = 0,
    freeze: bool = True,
) -> M:
    """Returns a model in which some layers are adapted by `LoRA`, and only the changes are trained.

    Inside a Stack, each layer gets its own changes.

    Args:
        model: An initialized model.
        where: Which layers: one or several classes, a function of a module, or one or several
            paths, such as `".layers[0]"`.
        rank: Rank of the changes.
        alpha: Scales the changes; None: `rank`.
        key: A key or seed for the first factors.
        freeze: Freeze everything else in the model. Otherwise only the adapted layers are frozen.

    Raises:
        ValueError: If no layer matches, or the model is not initialized.
        KeyError: If there is no such path.
        TypeError: If `where` is none of these, or chooses a layer that is inside a `FlaxLayer`.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> x = jnp.ones((4, 8))
        >>> model = jm.MLP([32, 1]).init(42, x)
        >>> adapted = jm.nn.apply_lora(model, jm.Linear, rank=2)
        >>> optimizer = jm.Optimizer(optax.adam(1e-3)).init(adapted)
        >>> sorted(optimizer.opt_state[0].mu)[:2]
        [".linear.a['kernel']", ".linear.b['kernel']"]
        >>> bool(jnp.allclose(jm.nn.merge_lora(adapted)(x), model(x)))
        True
    """
    if not model.initialized:
        raise ValueError(
            f"`apply_lora` adapts a model that has values; this {type(model).__name__} has none "
            "yet. Call `model = model.init(key, inputs)`, or load it, first."
        )
    chosen = _as_predicate(model, where)
    changed = model.freeze() if freeze else model
    adapted, count = _adapted_in(changed, untie(model), "", chosen, Key(key), rank, alpha)
    if not count:
        raise ValueError(
            f"No layer of the {type(model).__name__} matches {where!r}. Its modules are at "
            f"{', '.join(path or 'the root' for path, _ in trees_with_paths(model))}."
        )
    return adapted


def merge_lora(model: M) -> M:
    """Returns the model with the changes of every `LoRA` added to the layer it adapts.

    What `apply_lora` froze stays frozen; `unfreeze()` undoes that. A position in such a layer that
    is tied by a model around it then has its own value, with the changes added.

    Args:
        model: A model with or without `LoRA` layers.
    """
    adapted = {path: tree for path, tree in trees_with_paths(model) if isinstance(tree, LoRA)}
    own = {f"{path}.layer{target}" for path, tree in adapted.items() for target in ties(tree.layer)}
    changed = {target for target in ties(model) if target.startswith((*_below(adapted),))} - own
    if changed:
        model = untie(model, *changed)

    def merge(module: Any) -> Any:
        if isinstance(module, Stack):
            return module.map_layers(merge_lora)
        return module.merged()

    return model.map_modules(lambda module: isinstance(module, LoRA | Stack), merge)


def _below(paths: Iterable[str]) -> Iterator[str]:
    return (f"{path}{step}" for path in paths for step in (".", "["))


def _adapted_in(
    model: Any,
    full: Any,
    prefix: str,
    chosen: Callable[[str, Any], bool],
    key: jax.Array,
    rank: int,
    alpha: float | None,
) -> tuple[Any, int]:
    """The model with the chosen layers adapted, and how many those are.

    `full` is the model with values in all positions, from which the shapes are.
    """
    count = 0
    done: list[str] = []
    for number, (path, module) in enumerate(list(trees_with_paths(model))):
        own = jax.random.fold_in(key, number)
        if any(path.startswith(outer) for outer in done):
            continue
        if isinstance(module, LoRA):
            done.append(f"{path}.")
        elif isinstance(module, Stack):
            done.append(f"{path}.")

            def of_layer(layer: Any, key: Any, within: str = f"{prefix}{path}.layer") -> Any:
                nonlocal count
                full = untie(layer)
                adapted, more = _adapted_in(layer, full, within, chosen, key, rank, alpha)
                count += more
                return adapted

            adapted = module.map_layers(of_layer, jax.random.split(own, len(module)))
            model = model.at[path].set(adapted)
        elif isinstance(module, Module) and chosen(f"{prefix}{path}", module):
            _check_outside_of_flax(model, path, module)
            done += [f"{path}.", f"{path}["]
            count += 1
            adapted = LoRA(module, rank, alpha)
            adapted._start(own, full.at[path].get())
            model = model.at[path].set(adapted)
    return model, count


def _check_outside_of_flax(model: Any, path: str, module: Any) -> None:
    """Raises if a layer is inside of one that hands it to Flax, which could not call a LoRA."""
    for outer, tree in trees_with_paths(model):
        inside = path.startswith((f"{outer}.", f"{outer}["))
        if isinstance(tree, FlaxLayer) and inside:
            name, cls = type(module).__name__, type(tree).__name__
            raise TypeError(
                f"`apply_lora` cannot adapt {path} ({name}) by itself: it is inside of {outer} "
                f"({cls}), which Flax computes as a whole. Adapt that one: `apply_lora(model, "
                f"{outer!r}, ...)`, which adapts all matrices in it."
            )


def _as_predicate(model: Any, where: Any) -> Callable[[str, Any], bool]:
    """A function of path and module.

    Raises:
        KeyError: If there is no such path.
        TypeError: If `where` is none of what it may be.
    """
    if isinstance(where, str):
        where = [where]
    if isinstance(where, type) or (isinstance(where, tuple) and isinstance(where[0], type)):
        return lambda path, module: isinstance(module, where)
    if callable(where):
        return lambda path, module: bool(where(module))
    if not all(isinstance(path, str) for path in where):
        raise TypeError(
            "`apply_lora` expected a class, several, a function of a module, or paths such as "
            f"'.layers[0]'; got {where!r}."
        )
    paths = {path if path[:1] in ("", ".", "[") else f".{path}" for path in where}
    for path in paths:
        if not isinstance(model.at[path].get(), Module):
            raise TypeError(f"`apply_lora` adapts modules, but at {path} there is none.")
    return lambda path, module: path in paths


def _as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the squarest matrix into which the axes can be split."""
    pairs = [(math.prod(shape[:i]), math.prod(shape[i:])) for i in range(1, len(shape))]
    return max(pairs, key=min)


def _label(path: str) -> str:
    """The path of a Parameter without brackets: `query.kernel`."""
    return re.sub(r"\['?([^'\]]+)'?\]", r".\1", path).removeprefix(".")
