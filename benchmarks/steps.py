"""Steps of gradient descent on small layers, where the time on the host decides.

All candidates have the same arrays, those of `dispatch.py`, and the same arithmetic. `dicts` is the
step as one would write it in bare JAX.
"""

import argparse
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from _measure import Prepared as Case
from _measure import fastest_call, table
from dispatch import models
from flax import nnx

X = jnp.ones((4, 8))


def by_layers(model: Any) -> jax.Array:
    h = X
    for layer in model.layers:
        h = jnp.tanh(layer(h))
    return (h**2).mean()


def by_equinox_layers(model: Any) -> jax.Array:
    h = X
    for layer in model.layers:
        h = jnp.tanh(jax.vmap(layer)(h))
    return (h**2).mean()


def by_dicts(model: Any) -> jax.Array:
    h = X
    for i in range(len(model)):
        h = jnp.tanh(h @ model[f"layer_{i}"]["kernel"] + model[f"layer_{i}"]["bias"])
    return (h**2).mean()


def descended(params: Any, grads: Any) -> Any:
    return jax.tree.map(lambda p, g: p - 1e-3 * g, params, grads)


def step_of(loss: Callable[[Any], jax.Array], value_and_grad: Any = jax.value_and_grad) -> Any:
    def step(model: Any) -> tuple[jax.Array, Any]:
        value, grads = value_and_grad(loss)(model)
        return value, descended(model, grads)

    return step


@nnx.jit
def nnx_step(model: Any) -> jax.Array:
    value, grads = nnx.value_and_grad(by_layers)(model)
    nnx.update(model, descended(nnx.state(model, nnx.Param), grads))
    return value


def repeated(step: Any, model: Any) -> Case:
    """A step that goes on from the model of the last one."""

    def run() -> None:
        nonlocal model
        value, model = step(model)
        value.block_until_ready()

    return Case(run)


def steps(every: dict[str, Any]) -> dict[str, Case]:
    ours, bare, equinox = step_of(by_layers), step_of(by_dicts), step_of(by_equinox_layers)
    filtered = step_of(by_equinox_layers, eqx.filter_value_and_grad)
    return {
        "jax_metrics": repeated(jax.jit(ours), every["jax_metrics"]),
        "dicts": repeated(jax.jit(bare), every["dicts"]),
        "equinox": repeated(jax.jit(equinox), every["equinox"]),
        "eqx.filter_jit": repeated(eqx.filter_jit(filtered), every["equinox"]),
        "nnx.jit": Case(lambda: nnx_step(every["nnx"]).block_until_ready()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, nargs="+", default=[10, 40])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    rows = {
        f"{count} layers": fastest_call(steps(models(count)), rounds=options.rounds)
        for count in options.layers
    }
    table("a step of gradient descent (ratios to dicts)", rows, "dicts")


if __name__ == "__main__":
    main()
