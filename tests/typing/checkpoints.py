"""The types of checkpoints; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import Any, assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm

model = jm.Linear(2).init(0, jnp.ones((1, 3)))

with jm.Checkpointer("run", keep=None, best=("loss", "min"), every=10) as checkpoints:
    assert_type(checkpoints, jm.Checkpointer)
    assert_type(checkpoints.save(1, values={"loss": 0.1}, model=model, epoch=3), bool)
    assert_type(checkpoints.steps(), list[int])
    # What comes back has the type of `like`.
    assert_type(checkpoints.restore({"model": model}), dict[str, jm.Linear])
    assert_type(checkpoints.restore(step="best"), dict[str, Any])
    both = checkpoints.restore({"key": jax.random.key(0)}, strict=False)
    assert_type(both, tuple[dict[str, jax.Array], jm.checkpoint.LeftOut])
    checkpoints.restore(model)  # pyright: ignore[reportCallIssue, reportArgumentType]
    checkpoints.restore(step="last")  # pyright: ignore[reportArgumentType]

jm.Checkpointer("run", best=("loss", "low"))  # pyright: ignore[reportArgumentType]
jm.Checkpointer("run", 3)  # pyright: ignore[reportCallIssue]
