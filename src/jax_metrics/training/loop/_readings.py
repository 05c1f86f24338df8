"""`Readings`: values on their way from the device, which are read a step late."""

import collections
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.optim import Optimizer
from jax_metrics.training.loop._names import joined
from jax_metrics.training.loop._tally import Tally, scalars


class Reading(NamedTuple):
    """The values of a row of the logs.

    Attributes:
        step: The number of steps after which they were read.
        array: The values in one array, which may not have been computed yet.
        closes: Whether a row of the logs ends here.
    """

    step: int
    array: Any
    closes: bool


class Readings:
    """Reads the values of a tally and of an optimizer in one transfer each, and keeps the order."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._read = jax.jit(self._values)
        self._pending: collections.deque[Reading] = collections.deque()

    def names(self, tally: Tally, optimizer: Optimizer) -> tuple[str, ...]:
        """The names of the values.

        Raises:
            ValueError: If two have the same name.
        """
        self._read.eval_shape(tally, optimizer)  # what it has traced is known the next time
        return self._names

    def request(self, step: int, tally: Tally, optimizer: Optimizer, *, closes: bool) -> None:
        """Starts to compute the values, and to copy them to the host."""
        array = self._read(tally, optimizer)
        array.copy_to_host_async()
        self._pending.append(Reading(step, array, closes))

    def due(self, before: float) -> Iterator[tuple[Reading, dict[str, float]]]:
        """Yields the values of steps before a step, in their order, and waits for them.

        Those that are there early are not yielded early: what follows from them would depend on the
        speed of the machine, and processes of one run would differ.

        Args:
            before: The step; infinity for all values.
        """
        while self._pending and self._pending[0].step < before:
            reading = self._pending.popleft()
            values = np.asarray(reading.array).tolist()
            yield reading, dict(zip(self._names, values, strict=True))

    def _values(self, tally: Tally, optimizer: Optimizer) -> jax.Array:
        values, of_optimizer = scalars(tally.values()), _of_optimizer(optimizer)
        found = joined(a_loss_or_a_metric=values, a_value_of_the_optimizer=of_optimizer)
        self._names = tuple(found)
        return jnp.stack([jnp.asarray(value, float) for value in found.values()])


def _of_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    """Hyperparameters, norms and the loss scale, as far as the optimizer has them."""
    found: dict[str, Any] = {}
    for name, value in optimizer.hyperparams.items():
        by_group = value if isinstance(value, dict) else {"": value}
        found |= {f"{name}/{group}" if group else name: x for group, x in by_group.items()}
    with contextlib.suppress(ValueError):  # it records none
        found |= optimizer.norms
    if not isinstance(scale := optimizer.loss_scale, float):
        found["loss_scale"] = scale
    return scalars({name: jnp.asarray(value) for name, value in found.items()})
