"""What calling and tracing layers costs beyond their arithmetic.

`eager` calls one layer on a batch, op by op; `trace` makes the jaxpr of 100 layers in a row.
"""

import argparse
from collections.abc import Callable
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from _measure import fastest, table
from flax import nnx

import jax_metrics as jm

FEATURES = 64
COUNT = 100


def eager(x: jax.Array) -> dict[str, Callable[[], Any]]:
    ours = jm.Linear(FEATURES).init(0, x)
    theirs = linen.Dense(FEATURES)
    variables = theirs.init(jax.random.key(0), x)
    in_nnx = nnx.Linear(FEATURES, FEATURES, rngs=nnx.Rngs(0))
    kernel, bias = ours.kernel, ours.bias
    return {
        "jax_metrics": lambda: ours(x).block_until_ready(),
        "linen": lambda: theirs.apply(variables, x).block_until_ready(),
        "nnx": lambda: in_nnx(x).block_until_ready(),
        "bare jax": lambda: (x @ kernel + bias).block_until_ready(),
    }


def trace(x: jax.Array) -> dict[str, Callable[[], Any]]:
    ours = jm.Sequential(*(jm.Linear(FEATURES) for _ in range(COUNT))).init(0, x)
    theirs = linen.Sequential([linen.Dense(FEATURES) for _ in range(COUNT)])
    variables = theirs.init(jax.random.key(0), x)
    in_nnx = [nnx.Linear(FEATURES, FEATURES, rngs=nnx.Rngs(i)) for i in range(COUNT)]
    arrays = [(layer.kernel, layer.bias) for layer in ours.layers]

    def with_nnx(x: jax.Array) -> jax.Array:
        for layer in in_nnx:
            x = layer(x)
        return x

    def bare(arrays: Any, x: jax.Array) -> jax.Array:
        for kernel, bias in arrays:
            x = x @ kernel + bias
        return x

    # Each gets a function of its own: JAX would remember the jaxpr of one that it has seen.
    return {
        "jax_metrics": lambda: jax.make_jaxpr(lambda model, x: model(x))(ours, x),
        "linen": lambda: jax.make_jaxpr(lambda v, x: theirs.apply(v, x))(variables, x),
        "nnx": lambda: jax.make_jaxpr(lambda x: with_nnx(x))(x),
        "bare jax": lambda: jax.make_jaxpr(lambda arrays, x: bare(arrays, x))(arrays, x),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    x = jnp.ones((32, FEATURES))
    rows = {
        "eager Linear": fastest(eager(x), rounds=options.rounds),
        f"trace {COUNT} Linear": fastest(trace(x), rounds=options.rounds),
    }
    table("Linear layers (ratios to linen)", rows, "linen")
    table("Linear layers (ratios to nnx)", rows, "nnx")


if __name__ == "__main__":
    main()
