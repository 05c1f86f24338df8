"""`LossAndLogs`: everything that a training step reports, as one metric."""

import inspect
from collections.abc import Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._logs import to_floats
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.collections._aux import AuxLosses, AuxMetrics
from jax_metrics.metrics.collections._losses import Losses
from jax_metrics.metrics.collections._metrics import Metrics

Logs = dict[str, jax.Array]


class LossAndLogs(Metric):
    """The loss to train on, and the logs of losses and metrics, of all batches so far.

    Args:
        losses: A `Losses`, or the argument of one.
        metrics: A `Metrics`, or the argument of one.
        aux_losses: An `AuxLosses`, or the argument of one; its sum is added to the loss.
        aux_metrics: An `AuxMetrics`, or the argument of one.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> report = jm.metrics.LossAndLogs(
        ...     losses=jm.losses.MeanSquaredError(), metrics=jm.metrics.RootMeanSquaredError()
        ... )
        >>> loss, losses, metrics = report.batch_loss_epoch_logs(
        ...     target=jnp.zeros(2), preds=jnp.full(2, 2.0)
        ... )
        >>> float(loss), float(losses["loss"]), float(metrics["root_mean_squared_error"])
        (4.0, 4.0, 2.0)
    """

    losses: Losses | None
    metrics: Metrics | None
    aux_losses: AuxLosses | None
    aux_metrics: AuxMetrics | None

    def __init__(
        self,
        losses: Any = None,
        metrics: Any = None,
        aux_losses: Any = None,
        aux_metrics: Any = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.losses = _as(Losses, losses)
        self.metrics = _as(Metrics, metrics)
        self.aux_losses = _as(AuxLosses, aux_losses)
        self.aux_metrics = _as(AuxMetrics, aux_metrics)

    @property
    def jittable(self) -> bool:
        """Whether the metrics can be traced."""
        return self.metrics is None or self.metrics.jittable

    def update(
        self,
        *,
        metrics_kwargs: Mapping[str, Any] | None = None,
        aux_losses: Any = None,
        aux_metrics: Any = None,
        **arguments: Any,
    ) -> Any:
        """Updates with a batch.

        Args:
            metrics_kwargs: Arguments of the metrics, if they differ from those of the losses.
            aux_losses: The module after its call, or a dict of the losses it has logged.
            aux_metrics: The module after its call, or a dict of the values it has logged.
            **arguments: Arguments of losses and metrics; each gets the ones that it takes.

        Raises:
            TypeError: If neither losses nor metrics take one of the arguments.
            ValueError: If logged losses or metrics are missing or not expected.
        """
        metrics_given = arguments if metrics_kwargs is None else metrics_kwargs
        check_accepted(self, {**arguments, **metrics_given})
        for part, given in ((self.losses, arguments), (self.metrics, metrics_given)):
            if part is not None:
                part._check_withheld(given)
                accepted = part.signature.parameters
                part.update(**{n: v for n, v in given.items() if n in accepted})
        for name, part, logged in (
            ("aux_losses", self.aux_losses, aux_losses),
            ("aux_metrics", self.aux_metrics, aux_metrics),
        ):
            if (part is None) != (logged is None):
                raise ValueError(
                    f"`{name}` must be given both to LossAndLogs and to its update, or to neither."
                )
            if part is not None:
                part.update(**{name: logged})

    def compute(self) -> tuple[jax.Array, Logs, Logs]:
        """The loss, the logs of the losses with the loss as `loss`, and the logs of the metrics."""
        losses = [part for part in (self.losses, self.aux_losses) if part is not None]
        metrics = [part for part in (self.metrics, self.aux_metrics) if part is not None]
        loss = sum((part.total_loss() for part in losses), jnp.zeros((), self.dtype))
        return loss, {"loss": loss, **_all_logs(losses)}, _all_logs(metrics)

    def compute_logs(self) -> dict[str, Any]:
        """The logs of losses and metrics together, with Python floats, in one transfer."""
        _, losses, metrics = self.compute()
        return to_floats({**losses, **metrics})

    @property
    def directions(self) -> tuple[bool, dict[str, Any], dict[str, Any]]:
        """Whether a higher value is better, for the loss and by the names of both logs."""
        metrics = [part for part in (self.metrics, self.aux_metrics) if part is not None]
        losses = (
            jax.eval_shape(lambda m: m.compute(), self)[1] if self.jittable else self.compute()[1]
        )
        known = {name: better for part in metrics for name, better in part.directions.items()}
        return False, dict.fromkeys(losses, False), known

    def batch_loss_epoch_logs(self, **arguments: Any) -> tuple[jax.Array, Logs, Logs]:
        """Updates with a batch; returns its loss, and the logs of all batches so far."""
        loss, _, _ = self(**arguments)
        _, losses, metrics = self.compute()
        return loss, losses, metrics

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        parts = [part for part in (self.losses, self.metrics) if part is not None]
        parameters = dict(super()._accepted_parameters())
        for part in parts:
            parameters |= dict(part.signature.parameters)
        return parameters


def _as(kind: type, given: Any) -> Any:
    return given if given is None or isinstance(given, kind) else kind(given)


def _all_logs(parts: list[Any]) -> Logs:
    logs: Logs = {}
    for part in parts:
        for name, value in part.compute().items():
            if name in logs:
                raise ValueError(f"Two of the logs are called {name!r}; give one another name.")
            logs[name] = value
    return logs
