"""`ExponentialMovingAverage`: an average of a model over its training."""

import math
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter, State
from jax_metrics.tree import (
    Extensions,
    FieldInfo,
    FilterLike,
    Nothing,
    Tree,
    copy,
    filter,
    node,
    static,
)

E = TypeVar("E", bound="ExponentialMovingAverage")
_MOST_UPDATES = 2**31 - 1


class ExponentialMovingAverage(Tree, Extensions):
    """Keeps an exponential moving average of a model's Parameters; a pytree, like the model.

    An update moves the average towards the model by the fraction `1 - decay` (Polyak and Juditsky,
    1992). With `debias`, the weights of the models so far are divided by their sum, `1 - decay**t`,
    as in Adam (Kingma and Ba, 2015), so that the initial model has no influence. Equivalently, each
    update moves the average by the fraction `(1 - decay) / (1 - decay**t)`. The average is kept in
    float32 at least.

    Args:
        model: An initialized model: the average before the first update.
        decay: The fraction of the average that each update keeps, at least 0 and below 1.
        *filters: The leaves to average, as for `jm.filter`; by default the Parameters. Only
            floating-point arrays are averaged; everything else is as in the latest model.
        debias: Whether to divide by the sum of the weights.

    Raises:
        ValueError: If the decay is out of range, or there is nothing to average.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((1, 2)))
        >>> ema = jm.nn.ExponentialMovingAverage(model, 0.5)
        >>> for bias in (1.0, 4.0):
        ...     ema = ema.update(model.at[".bias"].set(jnp.array([bias])))
        >>> ema.model.bias
        Array([3.], dtype=float32)
    """

    # By path, and no Parameters: an optimizer of what holds this object leaves them alone.
    averages: dict[str, jax.Array] = State.node()
    rest: Any = node()
    count: jax.Array = State.node()
    dtypes: dict[str, Any] = static()

    def __init__(self, model: Any, decay: float, *filters: FilterLike, debias: bool = True):
        if not 0 <= decay < 1:
            raise ValueError(f"The decay must be at least 0 and below 1; got {decay}.")
        self.decay = float(decay)
        self.filters = filters or (Parameter,)
        self.debias = debias
        chosen = self._chosen(model)
        if not chosen:
            raise ValueError(
                f"The {type(model).__name__} has nothing to average. Initialize the model first, "
                "with `model.init(key, inputs)`, and choose floating arrays of it."
            )
        self.dtypes = {path: leaf.dtype for path, leaf in chosen.items()}
        # Copies, so that model and average can be donated together.
        self.averages = {path: jnp.copy(_widened(leaf)) for path, leaf in chosen.items()}
        self.rest = self._others(model)
        self.count = jnp.zeros((), jnp.int32)

    def update(self: E, model: Any) -> E:
        """Moves the average towards the model, in place, and returns this object.

        Args:
            model: The model, with the same structure and shapes as the first one.

        Raises:
            ValueError: If its structure or a shape differs.
        """
        chosen = self._chosen(model)
        _check_fits({p: a.shape for p, a in self.averages.items()}, chosen)
        self.count = jnp.minimum(self.count, _MOST_UPDATES - 1) + 1
        weight = self._weight(self.count)
        self.averages = {
            path: average + weight.astype(average.dtype) * (_widened(chosen[path]) - average)
            for path, average in self.averages.items()
        }
        self.rest = self._others(model)
        return self

    @property
    def model(self) -> Any:
        """The averaged model, for evaluation; its dtypes are those of the model."""

        def fill(path: Any, leaf: Any) -> Any:
            label = jax.tree_util.keystr(path)
            average = self.averages.get(label) if isinstance(leaf, Nothing) else None
            return leaf if average is None else average.astype(self.dtypes[label])

        return jax.tree_util.tree_map_with_path(
            fill, self.rest, is_leaf=lambda value: isinstance(value, Nothing)
        )

    def _weight(self, count: jax.Array) -> jax.Array:
        if not self.debias or self.decay == 0:
            return jnp.asarray(1 - self.decay)
        # `1 - decay**t` would lose most digits where the decay is close to 1.
        return (1 - self.decay) / -jnp.expm1(count * math.log(self.decay))

    def _chosen(self, model: Any) -> dict[str, Any]:
        chosen = filter(model, *self.filters, _is_floating)
        leaves = jax.tree_util.tree_leaves_with_path(chosen)
        return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}

    def _others(self, model: Any) -> Any:
        return copy(filter(model, lambda info: info.path not in self.dtypes), arrays=True)


def _is_floating(info: FieldInfo) -> bool:
    dtype = getattr(info.value, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.inexact)


def _widened(leaf: jax.Array) -> jax.Array:
    return jnp.asarray(leaf, jnp.promote_types(leaf.dtype, jnp.float32))


def _check_fits(shapes: dict[str, tuple[int, ...]], chosen: dict[str, Any]) -> None:
    for path in sorted(shapes.keys() | chosen.keys()):
        expected, got = shapes.get(path), getattr(chosen.get(path), "shape", None)
        if expected != got:
            raise ValueError(
                f"The average has {'nothing' if expected is None else f'the shape {expected}'} at "
                f"{path}, but the model has {'nothing' if got is None else got} there. After "
                "changing the structure of a model, start a new average of it."
            )
