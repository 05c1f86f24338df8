"""`AuxLosses` and `AuxMetrics`: losses and metrics that modules log in their fields."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._logs import to_floats
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import Total
from jax_metrics.module import LossLog, MetricLog, TreePart
from jax_metrics.tree import filter


class _LoggedMeans(Metric):
    """The mean over batches of the values that a module logs in fields of one kind.

    An array without elements, such as the costs of no examples, is left out.

    Args:
        names: The names of the values; or a module that has logged them, or a dict of values by
            name.
    """

    per_example = ()
    kind: ClassVar[type[TreePart]]
    totals: list[Total]
    counts: Total

    def __init__(self, names: Any, **options: Unpack[Common]):
        super().__init__(**options)
        listed = isinstance(names, Sequence) and not isinstance(names, str)
        self.names = tuple(names if listed else self.logged(names))
        self.totals = [Total.zeros((), self.dtype) for _ in self.names]
        self.counts = Total.zeros((len(self.names),), self.dtype)

    @classmethod
    def _by_name(cls, logs: Any) -> Mapping[str, Any]:
        if isinstance(logs, Mapping):
            return logs
        leaves = jax.tree_util.tree_leaves_with_path(filter(logs, cls.kind))
        return {
            jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves
        }

    @classmethod
    def logged(cls, logs: Any) -> dict[str, jax.Array]:
        """The mean of each logged value, by name.

        Args:
            logs: A module, where the names are the paths of the fields, joined by `/`; or a dict.
        """
        values = cls._by_name(logs)
        return {name: jnp.mean(value, dtype=float) for name, value in values.items()}

    def _add(self, logs: Any) -> None:
        values = self._by_name(logs)
        if missing := [name for name in self.names if name not in values]:
            raise ValueError(
                f"Nothing is logged as {missing[0]!r}; there is {', '.join(values) or 'nothing'}. "
                "Call the module before you update, and give what the call returned."
            )
        exists = [jnp.size(values[name]) > 0 for name in self.names]
        means = self.logged(
            {n: values[n] for n, some in zip(self.names, exists, strict=True) if some}
        )
        self.totals = [
            total + means.get(name, 0) for total, name in zip(self.totals, self.names, strict=True)
        ]
        self.counts += jnp.array(exists, jnp.int32)

    def compute(self) -> dict[str, jax.Array]:
        """The mean of each value by name; NaN before the first batch."""
        counts = self.counts.value
        return {
            name: total.value / counts[index]
            for index, (name, total) in enumerate(zip(self.names, self.totals, strict=True))
        }

    def compute_logs(self) -> dict[str, Any]:
        """The same as `compute`, with Python floats, in one transfer."""
        return to_floats(self.compute())


class AuxLosses(_LoggedMeans):
    """The means over batches of the losses that a module logs in fields of kind `LossLog`.

    Args:
        names: A module after its call, or a dict of the losses by name, or the names.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Noisy(jm.Module):
        ...     penalty: jax.Array = jm.LossLog.node()
        ...     def __call__(self, x):
        ...         self.penalty = jnp.mean(x**2)
        ...         return x
        >>> model = Noisy().init(0, jnp.ones(2))
        >>> aux_losses = jm.metrics.AuxLosses(model)
        >>> _ = model(2 * jnp.ones(2))
        >>> {name: float(value) for name, value in aux_losses(aux_losses=model).items()}
        {'penalty': 4.0}
    """

    higher_is_better = False
    kind = LossLog

    def update(self, *, aux_losses: Any) -> Any:
        """Updates with logged values: the module after its call, or a dict of values by name."""
        self._add(aux_losses)

    def total_loss(self) -> jax.Array:
        """The sum of the mean losses."""
        return sum(self.compute().values(), jnp.zeros((), self.dtype))


class AuxMetrics(_LoggedMeans):
    """The means over batches of the values that a module logs in fields of kind `MetricLog`.

    Args:
        names: A module after its call, or a dict of the values by name, or the names.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> aux_metrics = jm.metrics.AuxMetrics(["sparsity"])
        >>> aux_metrics = aux_metrics.update(aux_metrics={"sparsity": jnp.array(0.5)})
        >>> {name: float(value) for name, value in aux_metrics.compute().items()}
        {'sparsity': 0.5}
    """

    kind = MetricLog

    def update(self, *, aux_metrics: Any) -> Any:
        """Updates with logged values: the module after its call, or a dict of values by name."""
        self._add(aux_metrics)
