"""The compiled part of training: steps of gradient descent over a group of batches."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter, is_trainable, value_and_grad
from jax_metrics.optim import Optimizer
from jax_metrics.training.loop._demands import extra_arguments
from jax_metrics.training.loop._objective import (
    Objective,
    Outcome,
    is_sum,
    outcome_of,
)
from jax_metrics.training.loop._placement import staying
from jax_metrics.training.loop._retraces import Compiled, OnRetrace
from jax_metrics.training.loop._tally import Tally
from jax_metrics.tree import copy, filter, merge


class Trained(NamedTuple):
    """What a step changes: the model, the optimizer, and the tally."""

    model: Any
    optimizer: Optimizer
    tally: Tally


class Steps:
    """Takes steps, one or several in a compiled program.

    Args:
        objective: The loss function.
        accumulate: How many batches make a step.
        per_call: How many steps a call takes; at the end of an epoch there may be fewer.
        mask_name: The entry with the mask, where batches are dicts.
        on_retrace: What to do when the program is compiled again.
    """

    def __init__(
        self,
        objective: Objective,
        accumulate: int,
        per_call: int,
        mask_name: str,
        on_retrace: OnRetrace = "warn",
    ):
        self._objective, self._mask_name = objective, mask_name
        self._accumulate, self._most = accumulate, accumulate * per_call
        self._run = Compiled(self._program, "The step", on_retrace, donate=(0, 1, 2))
        self._given: tuple[Any, Any, Any] | None = None

    def __call__(self, trained: tuple[Any, Any, Any], batches: tuple[Any, ...]) -> Trained:
        """Takes the steps; the arrays of `trained` are overwritten.

        Args:
            trained: Model, optimizer and tally.
            batches: The batches, all of the same shapes.
        """
        count = len(batches)
        # One program for any number: it does not look at what is behind `count`.
        self._given = trained  # what is traced does not tell where it lies
        result = self._run(*trained, batches + batches[-1:] * (self._most - count), count)
        self._given = None
        return result

    def _program(
        self, model: Any, optimizer: Optimizer, tally: Tally, batches: tuple[Any, ...], count: Any
    ) -> Trained:
        trained = self._trained(Trained(model, optimizer, tally), batches, count)
        return trained if self._given is None else staying(trained, like=Trained(*self._given))

    def _trained(self, trained: Trained, batches: tuple[Any, ...], count: Any) -> Trained:
        if len(batches) == 1:
            return self._step_of_one(trained, batches[0])
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batches)
        if self._accumulate == 1:
            return jax.lax.fori_loop(
                0, count, lambda i, trained: self._step_of_one(trained, _at(stacked, i)), trained
            )
        steps = -(-count // self._accumulate)
        return jax.lax.fori_loop(
            0, steps, lambda i, trained: self._step_of_many(trained, stacked, i, count), trained
        )

    def _step_of_one(self, before: Trained, batch: Any) -> Trained:
        def loss_of(tried: Any) -> jax.Array:
            tried = _with_params(before.model, tried)
            loss = self._outcome(tried, batch).loss
            jax.tree.flatten(tried)  # says that new state of what was tried is not lost by mistake
            return loss

        def grads_of(tried: Any) -> Any:
            return self._gradients(_with_tried(before, tried), batch)[1]

        (model, optimizer, tally), grads, outcome = self._gradients(before, batch)
        extra = extra_arguments(optimizer, outcome.loss, grads, grads_of=grads_of, loss_of=loss_of)
        return Trained(optimizer.update(grads, model, **extra), optimizer, tally)

    def _step_of_many(self, before: Trained, stacked: Any, step: Any, count: Any) -> Trained:
        """One step with the gradients of several batches, equal to those of one large batch."""
        first = step * self._accumulate
        last = jnp.minimum(first + self._accumulate, count)

        def grads_of(tried: Any) -> Any:
            return self._accumulated(_with_tried(before, tried), stacked, first, last)[1]

        (model, optimizer, tally), grads, loss = self._accumulated(before, stacked, first, last)
        extra = extra_arguments(optimizer, loss, grads, grads_of=grads_of)
        return Trained(optimizer.update(grads, model, **extra), optimizer, tally)

    def _accumulated(
        self, trained: Trained, stacked: Any, first: Any, last: Any
    ) -> tuple[Trained, Any, jax.Array]:
        """The state after some batches, and the gradients and the loss of all of them.

        These are means, weighted by what the loss of a batch is the mean of, or sums of sums, to
        which what modules log is added as such a mean.
        """
        params = filter(trained.model, Parameter, is_trainable)
        zeros = jax.tree.map(lambda p: jnp.zeros_like(p, dtype=_wide(p.dtype)), params)
        adds = is_sum(self._objective)
        whole = self._weight_of_means(trained, stacked, first, last)

        def add(i: Any, sums: Any) -> Any:
            trained, total, total_loss, total_weight = sums
            batch = _at(stacked, i)
            trained, grads, outcome = self._gradients(trained, batch, whole)
            weight = jnp.sign(outcome.weight) if adds else outcome.weight
            # The gradients of no example may be NaN.
            weighted = lambda x, y: x + jnp.where(weight > 0, weight * y, 0).astype(x.dtype)  # noqa: E731
            total = jax.tree.map(weighted, total, grads)
            return trained, total, weighted(total_loss, outcome.loss), total_weight + weight

        start = (trained, zeros, jnp.float32(0), jnp.float32(0))
        trained, total, loss, weight = jax.lax.fori_loop(first, last, add, start)
        weight = jnp.where((weight > 0) & (not adds), weight, 1)
        grads = jax.tree.map(lambda g, p: (g / weight).astype(p.dtype), total, params)
        return trained, grads, loss / weight

    def _weight_of_means(
        self, trained: Trained, stacked: Any, first: Any, last: Any
    ) -> jax.Array | None:
        """The weight of several batches, if means that modules log are added to sums."""
        if not is_sum(self._objective) or len(trained.tally.means) == 1:  # nothing is logged
            return None

        def add(i: Any, total: jax.Array) -> jax.Array:
            # Nothing but the weight is used, for which the compiler needs no forward pass.
            model = copy(trained.model)
            weight = self._outcome(model, _at(stacked, i)).weight
            jax.tree.flatten(model)  # says that its new state is not lost by mistake
            return total + weight

        return jax.lax.fori_loop(first, last, add, jnp.float32(0))

    def _gradients(
        self, trained: Trained, batch: Any, whole: jax.Array | None = None
    ) -> tuple[Trained, Any, Outcome]:
        """The model and the tally after a batch, its gradients, and what else came out.

        Args:
            trained: The state before.
            batch: The batch.
            whole: As `weight_of_step` of `outcome_of`.
        """
        scale = trained.optimizer.loss_scale

        def loss_fn(model: Any) -> tuple[jax.Array, Outcome]:
            outcome = self._outcome(model, batch, whole)
            # Without loss scaling it is the number 1.0.
            return outcome.loss if isinstance(scale, float) else outcome.loss * scale, outcome

        (_, model, outcome), grads = value_and_grad(loss_fn, has_aux=True)(trained.model)
        tally = trained.tally.add(outcome)
        return Trained(model, trained.optimizer, tally), grads, outcome

    def _outcome(self, model: Any, batch: Any, whole: jax.Array | None = None) -> Outcome:
        return outcome_of(self._objective, model, batch, self._mask_name, whole)


def _with_tried(before: Trained, model: Any) -> Trained:
    """The state before a step, with the parameters that an optimizer tries."""
    return before._replace(model=_with_params(before.model, model))


def _with_params(before: Any, tried: Any) -> Any:
    """The model before a step with other parameters; with its keys, so that noise is the same."""
    return merge(before, filter(tried, Parameter, is_trainable))


def _at(stacked: Any, index: Any) -> Any:
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, index, keepdims=False), stacked)


def _wide(dtype: Any) -> Any:
    """The dtype to add gradients in: at least float32."""
    return jnp.promote_types(dtype, jnp.float32)
