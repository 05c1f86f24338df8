"""`Losses`: a collection of losses, and their means over an epoch."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.losses import Loss, Reduction
from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._logs import to_floats
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._withheld import Member, check_withheld
from jax_metrics.metrics.collections._metrics import with_names
from jax_metrics.metrics.state import Total
from jax_metrics.tree import signature_of, static


class Losses(Metric):
    """A collection of losses: their sum to train on, and the mean of each over the batches.

    Each loss gets the arguments that it takes. The mean over a batch is accumulated as a sum and a
    size, so the mean over an epoch is a mean over its examples, however they are batched. Losses
    that are not means, such as those with `reduction="sum"` or custom functions, count once per
    batch.

    Args:
        losses: A loss, or a function of keyword arguments that returns a scalar; or lists and dicts
            of them, named as for `Metrics`.

    Raises:
        ValueError: If two losses have the same name, and one of them is named by its key; or if a
            loss does not return a scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> losses = jm.metrics.Losses([jm.losses.MeanSquaredError(), jm.regularizers.L2(0.5)])
        >>> loss, losses = losses.loss_and_update(
        ...     target=jnp.ones(2), preds=jnp.zeros(2), parameters={"w": jnp.ones(4)}
        ... )
        >>> float(loss), {name: float(value) for name, value in losses.compute().items()}
        (3.0, {'mean_squared_error': 1.0, 'l2': 2.0})
    """

    higher_is_better = False
    losses: tuple[Any, ...] = static()
    totals: list[Total]
    sizes: list[Total]

    def __init__(self, losses: Any, **options: Unpack[Common]):
        super().__init__(**options)
        named = list(with_names(losses, (Loss, Callable), _name_of))
        self.names = tuple(name for name, _ in named)
        self.losses = tuple(loss for _, loss in named)
        if any(map(_divides_by_batch_size, self.losses)):
            self.weights_repeat = False
        self.totals = [Total.zeros((), self.dtype) for _ in named]
        self.sizes = [Total.zeros((), self.dtype) for _ in named]

    def update(self, **arguments: Any) -> Any:
        """Updates with a batch."""
        check_accepted(self, arguments)
        self._check_withheld(arguments)
        for index, (name, loss) in enumerate(zip(self.names, self.losses, strict=True)):
            total, size = _sums(name, loss, arguments)
            self.totals[index] = self.totals[index] + total
            self.sizes[index] = self.sizes[index] + size

    def compute(self) -> dict[str, jax.Array]:
        """The mean of each loss by name; NaN before the first batch."""
        return {
            name: total.value / size.value
            for name, total, size in zip(self.names, self.totals, self.sizes, strict=True)
        }

    def compute_logs(self) -> dict[str, Any]:
        """The same as `compute`, with Python floats, in one transfer."""
        return to_floats(self.compute())

    def total_loss(self) -> jax.Array:
        """The sum of the mean losses."""
        return sum(self.compute().values(), jnp.zeros((), self.dtype))

    def loss_and_update(self, **arguments: Any) -> tuple[jax.Array, "Losses"]:
        """The sum of the losses of a batch, and this collection updated with the batch.

        To differentiate, let the loss function return both, with `has_aux=True`.
        """
        batch = self.batch_updates(**arguments)
        return batch.total_loss(), self.merge_state(batch)

    def _check_withheld(self, arguments: Mapping[str, Any]) -> None:
        """Checks that no loss counts examples that are masked; see `check_withheld`."""
        named = zip(self.names, self.losses, strict=True)
        members = [Member(name, loss, _parameters(loss)) for name, loss in named]
        check_withheld(type(self).__name__, members, arguments)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return {
            name: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for loss in self.losses
            for name, parameter in _parameters(loss).items()
        }


def _name_of(loss: Any) -> str:
    return (
        str(loss.name) if isinstance(loss, Loss) else getattr(loss, "__name__", type(loss).__name__)
    )


def _parameters(loss: Any) -> Mapping[str, inspect.Parameter]:
    return (loss.signature if isinstance(loss, Loss) else signature_of(loss)).parameters


def _divides_by_batch_size(loss: Any) -> bool:
    """Whether weights multiply the values of a loss, but do not count in what divides their sum."""
    takes_weights = "sample_weight" in _parameters(loss)
    return takes_weights and getattr(loss, "reduction", None) == Reduction.SUM_OVER_BATCH_SIZE


def _sums(name: str, loss: Any, arguments: Mapping[str, Any]) -> tuple[jax.Array, Any]:
    accepted = {n: v for n, v in arguments.items() if n in _parameters(loss)}
    total, size = loss.sums(**accepted) if isinstance(loss, Loss) else (loss(**accepted), None)
    if jnp.ndim(total):
        raise ValueError(
            f"The loss {name!r} returns an array of shape {jnp.shape(total)} instead of a scalar. "
            'Choose a reduction other than "none".'
        )
    return total, 1 if size is None else size
