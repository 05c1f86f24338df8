"""The types of modules and of functions on them; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import Any, assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm

model = jm.MLP([3]).init(0, jnp.ones((1, 2)))
assert_type(model.replace(activation=jnp.sin), jm.MLP)
assert_type(jm.num_parameters(model), int)
assert_type(jm.equal(model, model, atol=0.1), bool)
jm.equal(model, model, 0.1)  # pyright: ignore[reportCallIssue]


def loss_fn(model: jm.MLP, x: jax.Array, *, scale: float = 1.0) -> jax.Array:
    return scale * model(x).sum()


# The results have the type of the model, and the arguments those of the loss.
(loss, changed), grads = jm.value_and_grad(loss_fn)(model, jnp.ones((1, 2)), scale=2.0)
assert_type(loss, jax.Array)
assert_type(changed, jm.MLP)
assert_type(grads, jm.MLP)
jm.value_and_grad(loss_fn)(model)  # pyright: ignore[reportCallIssue]
jm.value_and_grad(loss_fn)(model, jnp.ones(2), scale="a")  # pyright: ignore[reportArgumentType]
with_aux = jm.value_and_grad(loss_fn, has_aux=True)(model, jnp.ones((1, 2)))
assert_type(with_aux, tuple[tuple[jax.Array, jm.MLP, Any], jm.MLP])
assert_type(jm.grad(loss_fn)(model, jnp.ones((1, 2))), tuple[jm.MLP, jm.MLP])
assert_type(jm.grad(loss_fn, has_aux=True)(model, jnp.ones(2)), tuple[jm.MLP, jm.MLP, Any])

layers = jm.Sequential(jm.Linear(3), jnp.sin)
assert_type(layers[:1], jm.Sequential)
assert_type(len(layers), int)
jm.Sequential([jm.Linear(3), jnp.sin])
jm.Sequential(3)  # pyright: ignore[reportArgumentType]
