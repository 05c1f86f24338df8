"""A step of the optimizer outside of `jit`, in a model of many small layers.

`optax` calls a transformation op by op, as one would in a notebook; `optax, jitted` is the same in
a function compiled by hand. All have the same parameters, those of `dispatch.py`.
"""

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import optax
from _measure import Prepared, fastest_call, table
from dispatch import models
from flax import nnx

import jax_metrics as jm

TRANSFORMATIONS = {
    "sgd": lambda: optax.sgd(1e-3, momentum=0.9),
    "adam": lambda: optax.adam(1e-3),
    "adamw, clipped": lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-3)),
}


def bare(transformation: Any, params: Any, *, jit: bool) -> Prepared:
    def step(grads: Any, state: Any, params: Any) -> tuple[Any, Any]:
        updates, state = transformation.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    grads, state = jax.tree.map(jnp.ones_like, params), transformation.init(params)
    run = jax.jit(step) if jit else step

    def case() -> None:
        nonlocal params, state
        params, state = run(grads, state, params)
        jax.block_until_ready(params)

    return Prepared(case)


def ours(transformation: Any, model: Any) -> Prepared:
    optimizer = jm.Optimizer(transformation).init(model)
    grads = jax.tree.map(jnp.ones_like, model.parameters())

    def case() -> None:
        nonlocal model
        model = optimizer.update(grads, model)
        jax.block_until_ready(jax.tree.leaves(model))

    return Prepared(case)


def of_nnx(transformation: Any, model: Any) -> Prepared:
    optimizer = nnx.Optimizer(model, transformation, wrt=nnx.Param)
    grads = jax.tree.map(jnp.ones_like, nnx.state(model, nnx.Param))

    def case() -> None:
        optimizer.update(model, grads)
        jax.block_until_ready(jax.tree.leaves(nnx.state(model, nnx.Param)))

    return Prepared(case)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, nargs="+", default=[10, 40])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for count in options.layers:
        rows = {}
        for name, make in TRANSFORMATIONS.items():
            every = models(count)
            cases = {
                "jax_metrics": ours(make(), every["jax_metrics"]),
                "optax": bare(make(), every["dicts"], jit=False),
                "optax, jitted": bare(make(), every["dicts"], jit=True),
                "nnx": of_nnx(make(), every["nnx"]),
            }
            rows[name] = fastest_call(cases, rounds=options.rounds)
        table(f"eager update of {count} layers (ratios to optax)", rows, "optax")


if __name__ == "__main__":
    main()
