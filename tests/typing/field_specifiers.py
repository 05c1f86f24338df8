"""What type checkers understand of fields and layers; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm


@jm.dataclass
class Affine(jm.Tree):
    scale: jax.Array = jm.node()
    shift: jax.Array = jm.Parameter.node()
    power: int = jm.static(default=1)
    calls: int = jm.State.node(default=0, init=False)


affine = Affine(jnp.ones(3), jnp.ones(3), power=2)
assert_type(affine.scale, jax.Array)
assert_type(affine.calls, int)
Affine(jnp.ones(3))  # pyright: ignore[reportCallIssue]
Affine(jnp.ones(3), jnp.ones(3), powr=2)  # pyright: ignore[reportCallIssue]
Affine(jnp.ones(3), jnp.ones(3), calls=2)  # pyright: ignore[reportCallIssue]

layer = jm.Linear(3, use_bias=False, name="head")
assert_type(layer.features, int)
jm.Linear()  # pyright: ignore[reportCallIssue]
jm.Linear(3, usebias=False)  # pyright: ignore[reportCallIssue]

model = jm.MLP([3]).init(0, jnp.ones((1, 2)))
assert_type(model, jm.MLP)
assert_type(model.eval().parameters(), jm.MLP)
