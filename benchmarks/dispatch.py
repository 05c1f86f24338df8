"""The overhead of passing a model through `jit` and of functions on trees, by number of layers.

All candidates have the same arrays: layers with a kernel and a bias. `dicts` is what bare JAX code
would use, a dict of dicts by name, as Flax's variables are; `list of dicts` is the cheapest
structure with the same arrays.
"""

import argparse
import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from _measure import fastest, table
from flax import nnx

import jax_metrics as jm


class Model(jm.Module):
    def __init__(self, layers: list[jm.Linear]):
        self.layers = layers


class EquinoxModel(eqx.Module):
    layers: list[eqx.nn.Linear]


class NNXModel(nnx.Module):
    def __init__(self, layers: list[nnx.Linear]):
        self.layers = nnx.List(layers)


def models(count: int) -> dict[str, Any]:
    x = jnp.ones((1, 8))
    ours = Model([jm.Linear(8).init(i, x) for i in range(count)])
    layers = [{"kernel": layer.kernel, "bias": layer.bias} for layer in ours.layers]
    return {
        "jax_metrics": ours,
        "dicts": {f"layer_{i}": layer for i, layer in enumerate(layers)},
        "list of dicts": {"layers": layers},
        "equinox": EquinoxModel([eqx.nn.Linear(8, 8, key=jax.random.key(i)) for i in range(count)]),
        "nnx": NNXModel([nnx.Linear(8, 8, rngs=nnx.Rngs(i)) for i in range(count)]),
    }


def identity(model: Any) -> Any:
    return model


def nothing(model: Any) -> int:
    return 0


def arrays(model: Any) -> Any:
    """The candidate as an argument of `jax.jit`: only the arrays of an Equinox module."""
    return eqx.filter(model, eqx.is_array) if isinstance(model, eqx.Module) else model


def through_jit(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    return _jitted(every, identity)


def into_jit(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    return _jitted(every, nothing)


def _jitted(every: dict[str, Any], function: Callable[[Any], Any]) -> dict[str, Callable[[], Any]]:
    cases = {
        name: functools.partial(jax.jit(lambda model: function(model)), arrays(model))
        for name, model in every.items()
    }
    equinox, nnx_model = every["equinox"], every["nnx"]
    filter_jit, nnx_jit = eqx.filter_jit(function), nnx.jit(function)
    cases["eqx.filter_jit"] = lambda: filter_jit(equinox)
    cases["nnx.jit"] = lambda: nnx_jit(nnx_model)
    return cases


def flatten(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    return {name: lambda model=model: jax.tree.flatten(model) for name, model in every.items()}


def unflatten(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    cases = {}
    for name, model in every.items():
        leaves, structure = jax.tree.flatten(model)
        cases[name] = lambda leaves=leaves, structure=structure: structure.unflatten(leaves)
    return cases


def filter_and_merge(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    ours, equinox, nnx_model = every["jax_metrics"], every["equinox"], every["nnx"]

    def with_nnx() -> Any:
        graph, params, rest = nnx.split(nnx_model, nnx.Param, ...)
        return nnx.merge(graph, params, rest)

    return {
        "jax_metrics": lambda: ours.merge(ours.filter(jm.Parameter)),
        "equinox": lambda: eqx.combine(*eqx.partition(equinox, eqx.is_array)),
        "nnx": with_nnx,
    }


def copy(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    ours, nnx_model = every["jax_metrics"], every["nnx"]
    others = {name: every[name] for name in ("dicts", "equinox")}
    return {
        "jax_metrics": ours.copy,
        "nnx": lambda: nnx.clone(nnx_model),
        **{n: lambda m=m: jax.tree.map(lambda leaf: leaf, m) for n, m in others.items()},
    }


def evaluation_mode(every: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    ours, equinox, nnx_model = every["jax_metrics"], every["equinox"], every["nnx"]
    return {
        "jax_metrics": ours.eval,
        "equinox": lambda: eqx.nn.inference_mode(equinox),
        "nnx": nnx_model.eval,
    }


MEASUREMENTS = {
    "through jit": (through_jit, "dicts"),
    "into jit": (into_jit, "dicts"),
    "flatten": (flatten, "dicts"),
    "unflatten": (unflatten, "dicts"),
    "filter + merge": (filter_and_merge, "equinox"),
    "copy": (copy, "dicts"),
    "eval": (evaluation_mode, "equinox"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    results: dict[str, dict[int, dict[str, float]]] = {name: {} for name in MEASUREMENTS}
    for count in options.layers:
        every = models(count)
        for name, (cases, _) in MEASUREMENTS.items():
            results[name][count] = fastest(cases(every), rounds=options.rounds)
    for name, (_, reference) in MEASUREMENTS.items():
        rows = {f"{count} layers": row for count, row in results[name].items()}
        table(f"{name} (ratios to {reference})", rows, reference)


if __name__ == "__main__":
    main()
