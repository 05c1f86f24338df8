"""The overhead of calling and tracing layers, and the speed of the compiled programs.

One `Linear` op by op and 100 of them traced; then ResNet-50, a transformer and an LSTM: `eager`
calls the model op by op, `trace` traces a call or a training step, `step` runs the compiled step.
"""

import argparse
from collections.abc import Callable
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from _measure import fastest, table
from flax import nnx
from models import ours, with_equinox, with_linen, with_nnx
from models.candidate import Candidate, Sizes

import jax_metrics as jm

FEATURES = 64
COUNT = 100
LIBRARIES = {
    "jax_metrics": ours,
    "linen": with_linen,
    "nnx": with_nnx,
    "equinox": with_equinox,
}
# The largest ratio of operations: array layouts and formulas of the variance differ slightly.
SAME_WORK = 1.05


def eager_linear(x: jax.Array) -> dict[str, Callable[[], Any]]:
    layer = jm.Linear(FEATURES).init(0, x)
    theirs = linen.Dense(FEATURES)
    variables = theirs.init(jax.random.key(0), x)
    in_nnx = nnx.Linear(FEATURES, FEATURES, rngs=nnx.Rngs(0))
    kernel, bias = layer.kernel, layer.bias
    return {
        "jax_metrics": lambda: layer(x).block_until_ready(),
        "linen": lambda: theirs.apply(variables, x).block_until_ready(),
        "nnx": lambda: in_nnx(x).block_until_ready(),
        "bare jax": lambda: (x @ kernel + bias).block_until_ready(),
    }


def trace_linear(x: jax.Array) -> dict[str, Callable[[], Any]]:
    model = jm.Sequential(*(jm.Linear(FEATURES) for _ in range(COUNT))).init(0, x)
    theirs = linen.Sequential([linen.Dense(FEATURES) for _ in range(COUNT)])
    variables = theirs.init(jax.random.key(0), x)
    in_nnx = [nnx.Linear(FEATURES, FEATURES, rngs=nnx.Rngs(i)) for i in range(COUNT)]
    arrays = [(layer.kernel, layer.bias) for layer in model.layers]

    def with_nnx(x: jax.Array) -> jax.Array:
        for layer in in_nnx:
            x = layer(x)
        return x

    def bare(arrays: Any, x: jax.Array) -> jax.Array:
        for kernel, bias in arrays:
            x = x @ kernel + bias
        return x

    # Each call gets a new function, because JAX caches the jaxpr of a function.
    return {
        "jax_metrics": lambda: jax.make_jaxpr(lambda model, x: model(x))(model, x),
        "linen": lambda: jax.make_jaxpr(lambda v, x: theirs.apply(v, x))(variables, x),
        "nnx": lambda: jax.make_jaxpr(lambda x: with_nnx(x))(x),
        "bare jax": lambda: jax.make_jaxpr(lambda arrays, x: bare(arrays, x))(arrays, x),
    }


def batches(quick: bool) -> dict[str, jax.Array]:
    """A batch for each model."""
    side, length, examples = (32, 8, 2) if quick else (32, 64, 4)
    shapes = {
        "resnet": (examples, side, side, 3),
        "transformer": (examples, length, 256),
        "lstm": (examples, length, 256),
    }
    return {name: jax.random.normal(jax.random.key(0), shape) for name, shape in shapes.items()}


def candidates(name: str, x: jax.Array, sizes: Sizes) -> dict[str, Candidate]:
    """A model in each library, with the same number of parameters."""
    found = {label: getattr(library, name)(x, sizes) for label, library in LIBRARIES.items()}
    counts = {label: candidate.count for label, candidate in found.items()}
    assert len(set(counts.values())) == 1, f"{name}: the numbers of parameters differ: {counts}"
    return found


def eager(every: dict[str, Candidate], x: jax.Array) -> dict[str, Callable[[], Any]]:
    cases = {
        label: lambda c=c: jax.block_until_ready(c.forward(c.state, x))
        for label, c in every.items()
    }
    shapes = {label: jnp.shape(case()) for label, case in cases.items()}
    assert len(set(shapes.values())) == 1, f"the shapes of the outputs differ: {shapes}"
    return cases


def trace(
    every: dict[str, Candidate], x: jax.Array, y: jax.Array
) -> dict[str, Callable[[], jax.stages.Traced]]:
    def fresh(candidate: Candidate) -> jax.stages.Traced:
        step = lambda state, x, y: candidate.step(state, x, y)  # noqa: E731 - not cached by JAX
        return jax.jit(step).trace(candidate.state, x, y)

    return {label: lambda c=c: fresh(c) for label, c in every.items()}


def trace_forward(
    every: dict[str, Candidate], x: jax.Array
) -> dict[str, Callable[[], jax.stages.Traced]]:
    def fresh(candidate: Candidate) -> jax.stages.Traced:
        return jax.jit(lambda state, x: candidate.forward(state, x)).trace(candidate.state, x)

    return {label: lambda c=c: fresh(c) for label, c in every.items()}


def compiled_step(
    every: dict[str, Candidate], x: jax.Array, y: jax.Array, *, alike: bool
) -> tuple[dict[str, Callable[[], Any]], dict[str, float]]:
    """The compiled steps, and the number of floating-point operations of each."""
    programs = {label: jax.jit(c.step).lower(c.state, x, y).compile() for label, c in every.items()}
    operations = {label: p.cost_analysis()["flops"] for label, p in programs.items()}
    least, most = min(operations.values()), max(operations.values())
    assert not alike or most <= SAME_WORK * least, f"the numbers of operations differ: {operations}"
    cases = {
        label: lambda p=p, state=every[label].state: jax.block_until_ready(p(state, x, y))
        for label, p in programs.items()
    }
    return cases, operations


def measure(name: str, x: jax.Array, sizes: Sizes, rounds: int) -> dict[str, dict[str, float]]:
    """The times of a model in each library, by measurement."""
    every = candidates(name, x, sizes)
    calls = eager(every, x)
    y = jnp.zeros_like(calls["jax_metrics"]())
    # XLA counts the body of a loop once, and not all libraries multiply the inputs inside of it.
    steps, operations = compiled_step(every, x, y, alike=name != "lstm")
    print(f"{name}: {next(iter(every.values())).count:,} parameters; a step in operations:")
    print("  " + ", ".join(f"{label} {count:,.0f}" for label, count in operations.items()))
    rows = {}
    if name != "lstm":  # op by op, a loop is one op, which is traced and compiled in each call
        rows[f"eager {name}"] = fastest(calls, rounds=rounds)
    rows[f"trace a call of {name}"] = fastest(trace_forward(every, x), rounds=rounds)
    rows[f"trace {name}"] = fastest(trace(every, x, y), rounds=rounds)
    rows[f"step {name}"] = fastest(steps, rounds=rounds)
    for label, row in rows.items():
        print(f"  {label}: " + ", ".join(f"{n} {t * 1e3:,.1f} ms" for n, t in row.items()))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--models", nargs="*", default=["resnet", "transformer", "lstm"])
    parser.add_argument("--quick", action="store_true", help="small models, one round")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    sizes = Sizes(blocks=(1,), layers=1) if options.quick else Sizes()
    x = jnp.ones((32, FEATURES))
    linear = {
        "eager Linear": fastest(eager_linear(x), rounds=rounds),
        f"trace {COUNT} Linear": fastest(trace_linear(x), rounds=rounds),
    }
    rows: dict[str, dict[str, float]] = {}
    for name, batch in batches(options.quick).items():
        if name in options.models:
            rows |= measure(name, batch, sizes, rounds)
    for peer in ("linen", "nnx"):
        table(f"Linear layers (ratios to {peer})", linear, peer)
    for peer in ("linen", "nnx", "equinox") if rows else ():
        table(f"Models (ratios to {peer})", rows, peer)


if __name__ == "__main__":
    main()
