"""The objective that is minimized: a function of the model and a batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import names_arguments
from jax_metrics.losses import Loss, Reduction
from jax_metrics.losses.base import ratio
from jax_metrics.metrics import AuxLosses, AuxMetrics
from jax_metrics.tree import Tree, static

Objective = Callable[[Any, Any], Any]


@names_arguments
def supervised(
    loss: Loss, *, inputs: str | int = "x", target: str | int = "y", mask: str | int = "mask"
) -> Objective:
    """The function `(model, batch) -> loss, arguments` that applies the model and the loss.

    The model is called with the inputs alone. `arguments` are `target`, `preds` and, if the batch
    has one, `mask`: those of the loss, and of metrics. In `fit` and `evaluate`, padding does not
    count either, whatever `mask_name` the batches have.

    Args:
        loss: A loss of `target` and `preds`.
        inputs: The name of the inputs in a batch that is a dict; in tuples they come first.
        target: The name of the targets in a batch that is a dict; in tuples they come second.
        mask: The name of the mask in a batch that is a dict, of examples or of their elements; in
            tuples it comes third. It may be missing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((2, 3)))
        >>> loss_fn = jm.training.supervised(jm.losses.MeanSquaredError(), inputs="image")
        >>> loss, arguments = loss_fn(model, {"image": jnp.zeros((2, 3)), "y": jnp.ones((2, 1))})
        >>> float(loss), sorted(arguments)
        (1.0, ['preds', 'target'])
    """
    if not isinstance(loss, Loss):
        raise TypeError(
            "`supervised` takes a loss of targets and predictions, such as "
            f"`jm.losses.Crossentropy()`; got a {type(loss).__name__}."
        )

    return Supervised(loss, inputs, target, mask)


class Supervised(Tree):
    """The objective that `supervised` makes; a pytree, so that programs can take it as an argument.

    Args:
        loss: The loss.
        inputs: The name of the inputs.
        target: The name of the targets.
        mask: The name of the mask.
    """

    loss: Loss
    inputs: str | int = static()
    target: str | int = static()
    mask: str | int = static()

    def __init__(self, loss: Loss, inputs: str | int, target: str | int, mask: str | int):
        self.loss, self.inputs, self.target, self.mask = loss, inputs, target, mask

    def __call__(self, model: Any, batch: Any) -> tuple[jax.Array, dict[str, Any]]:
        """The loss, and the arguments that metrics take."""
        arguments = self.arguments(model, batch)
        return self.loss(**arguments), arguments

    def arguments(self, model: Any, batch: Any, padding: str | int | None = None) -> dict[str, Any]:
        """The arguments of the loss and of metrics.

        Args:
            model: The model.
            batch: The batch.
            padding: The name of the mask that tells examples from padding.
        """
        x, y, *masks = _parts(batch, self.inputs, self.target, (self.mask, padding))
        mask = _both(*(mask for mask in masks if mask is not None))
        return {"target": y, "preds": model(x)} | ({} if mask is None else {"mask": mask})


def _both(*masks: jax.Array) -> jax.Array | None:
    """The mask of what both masks keep, of the shape of the longer one; None if there is none."""
    if len(masks) < 2:
        return masks[0] if masks else None
    elements, examples = sorted(masks, key=jnp.ndim, reverse=True)
    keep = jnp.reshape(examples, examples.shape + (1,) * (elements.ndim - examples.ndim))
    return jnp.where(keep, elements, False)  # of their dtype, which the loss checks


def _parts(
    batch: Any, inputs: str | int, target: str | int, masks: Sequence[str | int | None]
) -> tuple[Any, ...]:
    if isinstance(batch, Mapping):
        if missing := [name for name in (inputs, target) if name not in batch]:
            raise ValueError(
                f"The batch has no entry {missing[0]!r}; it has {', '.join(map(repr, batch))}. "
                "Name the inputs and the targets, as in "
                '`jm.training.supervised(loss, inputs="image", target="label")`, or write a '
                "function `loss_fn(model, batch)`."
            )
        return batch[inputs], batch[target], *map(batch.get, dict.fromkeys(masks))
    if not isinstance(batch, tuple) or not 2 <= len(batch) <= 3:
        got = f"{len(batch)} entries" if isinstance(batch, tuple) else f"a {type(batch).__name__}"
        raise TypeError(
            "A loss needs batches of inputs, targets and perhaps a mask, as a tuple or a dict; got "
            f"{got}. Write a function `loss_fn(model, batch)` for other batches."
        )
    return batch


def _check_target(batch: Any) -> None:
    """Checks that a tuple to which `batches` has added the mask has more than the inputs.

    Raises:
        TypeError: If it has not.
    """
    if isinstance(batch, tuple) and len(batch) == 2 and _is_mask(batch[1]):
        raise TypeError(
            "The batch has inputs and a mask, but no targets, which this loss needs. Give both, as "
            "in `jm.training.batches((x, y), 32)`, or write a function `loss_fn(model, batch)` "
            "that needs none, with `x, mask = batch`."
        )


def _is_mask(entry: Any) -> bool:
    """Whether the last entry of a tuple is the mask that `batches` adds."""
    return jnp.result_type(entry) == jnp.bool and jnp.ndim(entry) == 1


def as_objective(loss: Any) -> Objective:
    """A loss as a function of the model and a batch; functions stay as they are.

    Raises:
        TypeError: If it is neither.
    """
    if isinstance(loss, Loss):
        return supervised(loss)
    if isinstance(loss, Supervised):
        return loss
    if isinstance(loss, Tree | type) or not callable(loss):
        raise TypeError(
            "The loss is one of `jm.losses`, such as `jm.losses.Crossentropy()`, or a function "
            "`loss_fn(model, batch)` that returns the loss, or the loss and a dict of what the "
            f"metrics are updated with; got {loss!r:.80}."
        )
    return loss


class Outcome(NamedTuple):
    """What the objective gives for a batch.

    Attributes:
        loss: The loss with those that modules logged, which is minimized.
        mean: The loss for the logs: a sum is divided by the weight, before what modules logged is
            added, which are means.
        weight: How many examples or elements count, or the sum of their weights, for a weighted
            mean.
        arguments: What the metrics are updated with.
        logs: Means that modules logged, by name.
    """

    loss: jax.Array
    mean: jax.Array
    weight: jax.Array
    arguments: dict[str, Any]
    logs: dict[str, jax.Array]


def outcome_of(
    objective: Objective,
    model: Any,
    batch: Any,
    mask_name: str,
    weight_of_step: jax.Array | None = None,
) -> Outcome:
    """Calls the objective, and adds the losses that modules logged.

    Args:
        objective: The loss function.
        model: The model.
        batch: The batch.
        mask_name: The entry with the mask, where batches are dicts.
        weight_of_step: The weight of all batches of a step, if the losses of batches are sums: what
            modules logged is a mean, of which the batch has a part.

    Raises:
        TypeError: If the objective returns something else than a loss, or a loss and a dict.
        ValueError: If the loss is not one number.
    """
    loss, size, arguments = _called(objective, model, batch, mask_name)
    if jnp.ndim(loss):
        raise ValueError(
            f"The loss of a batch is one number; got an array of shape {list(jnp.shape(loss))}. "
            "Reduce it, as with `jnp.mean` or, for one of `jm.losses`, with a reduction other than "
            '"none".'
        )
    logged = _logged(AuxLosses, model)
    logs = {**logged, **_logged(AuxMetrics, model)}
    weight = _weight(batch, arguments, mask_name) if size is None else jnp.float32(size)
    mean = ratio(loss, weight) if is_sum(objective) else loss
    part = 1.0 if weight_of_step is None else ratio(weight, weight_of_step)
    total = sum((part * value for value in logged.values()), loss)
    return Outcome(total, sum(logged.values(), mean), weight, arguments, logs)


def _called(
    objective: Objective, model: Any, batch: Any, mask_name: str
) -> tuple[Any, jax.Array | None, dict[str, Any]]:
    """The loss, the denominator of its mean if that is known, and the arguments of metrics."""
    if isinstance(objective, Supervised):
        _check_target(batch)
        arguments = objective.arguments(model, batch, mask_name)
        return *_reduced(objective.loss, arguments), arguments
    output = objective(model, batch)
    if not isinstance(output, tuple):
        return output, None, {}
    if len(output) != 2 or not isinstance(output[1], dict):
        got = ", ".join(type(part).__name__ for part in output)
        raise TypeError(
            "The loss function must return the loss, or the loss and a dict of what the metrics "
            f"are updated with, such as `loss, {{'target': y, 'preds': preds}}`; got ({got})."
        )
    return output[0], None, output[1]


def is_sum(objective: Objective) -> bool:
    """Whether the loss of several batches is the sum of their losses, instead of the mean."""
    return isinstance(objective, Supervised) and objective.loss.reduction == Reduction.SUM


def _reduced(loss: Loss, arguments: Mapping[str, Any]) -> tuple[jax.Array, jax.Array | None]:
    """The loss of a batch, and the denominator of the mean; None if there is none."""
    if getattr(type(loss).__call__, "__code__", None) is not Loss.__call__.__code__:
        return loss(**arguments), None  # a call of its own, which `sums` does not know
    total, size = loss.sums(**arguments)
    return total if size is None else ratio(total, size), size


def _logged(collection: type[AuxLosses | AuxMetrics], model: Any) -> dict[str, jax.Array]:
    """The values that the modules of a model, or of a dict of models, have logged."""
    if not isinstance(model, Mapping):
        return collection.logged(model)
    return {
        f"{key}/{name}": value
        for key, part in model.items()
        for name, value in _logged(collection, part).items()
    }


def _weight(batch: Any, arguments: Mapping[str, Any], mask_name: str) -> jax.Array:
    """The number of examples or elements that a batch is the mean of."""
    mask = arguments.get("mask")
    if mask is None and isinstance(batch, Mapping):
        mask = batch.get(mask_name)
    elif mask is None and isinstance(batch, tuple) and batch:
        mask = batch[-1] if _is_mask(batch[-1]) else None
    if mask is not None:
        return jnp.sum(mask, dtype=jnp.float32)
    return jnp.float32(next((leaf.shape[0] for leaf in jax.tree.leaves(batch) if leaf.ndim), 1))
