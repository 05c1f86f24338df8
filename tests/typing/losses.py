"""The types of losses; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm
from jax_metrics import losses

# Classes have the options of their function and those of all losses.
loss = losses.Huber(delta=2.0, reduction="sum", name="huber")
assert_type(loss, losses.Huber)
assert_type(loss.replace(delta=1.0), losses.Huber)
assert_type(loss(target=jnp.ones(3), preds=jnp.ones(3)), jax.Array)
losses.Huber(delt=2.0)  # pyright: ignore[reportCallIssue]
losses.Huber(delta="a")  # pyright: ignore[reportArgumentType]
losses.Huber(2.0)  # pyright: ignore[reportArgumentType]
losses.FenchelYoung()  # pyright: ignore[reportCallIssue]
losses.Crossentropy(label_smoothing=0.1, class_weights=(1.0, 2.0))
losses.Crossentropy(logits=True)  # pyright: ignore[reportCallIssue]
losses.GaussianNLL(full=True, weight=2.0)
losses.GaussianNLL(weight="a")  # pyright: ignore[reportArgumentType]
losses.GaussianNLL(ful=True)  # pyright: ignore[reportCallIssue]
losses.TripletMargin(margin="a")  # pyright: ignore[reportArgumentType]

# A call takes its arguments by name, and no others.
loss(target=jnp.ones(3), preds=jnp.ones(3), sample_weight=2.0, mask=jnp.ones(3, bool))
loss(jnp.ones(3), jnp.ones(3))  # pyright: ignore[reportCallIssue]
loss(target=jnp.ones(3), pred=jnp.ones(3))  # pyright: ignore[reportCallIssue]
loss.rename_arguments(target="y")(y=jnp.ones(3), preds=jnp.ones(3))
triplet = losses.TripletMargin()
assert_type(triplet(anchor=jnp.ones(3), positive=jnp.ones(3), negative=jnp.ones(3)), jax.Array)
triplet(target=jnp.ones(3), preds=jnp.ones(3))  # pyright: ignore[reportCallIssue]
jm.regularizers.L2()(parameters={})
jm.regularizers.L2()(target=1)  # pyright: ignore[reportCallIssue]

# Functions have their own signature.
assert_type(losses.huber(jnp.ones(3), jnp.ones(3), delta=2.0), jax.Array)
assert_type(losses.crossentropy(jnp.ones(3), jnp.ones(3), binary=True), jax.Array)
losses.huber(jnp.ones(3), jnp.ones(3), delt=2.0)  # pyright: ignore[reportCallIssue]
losses.crossentropy(jnp.ones(3), jnp.ones(3), binray=True)  # pyright: ignore[reportCallIssue]


class Exponential(losses.Loss):
    rate: float = 1.0


assert_type(Exponential(rate=2.0).rate, float)
Exponential(rat=2.0)  # pyright: ignore[reportCallIssue]


class Decay(jm.regularizers.L2):
    power: float = 1.0


assert_type(jm.regularizers.L2(0.1, filters=jm.Parameter).l2, float)
Decay(0.1, power=2.0)
