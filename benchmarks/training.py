"""Whole training steps: a model, a loss, and Adam of optax, compiled as users of a library would.

`by hand` is bare JAX with optax; all candidates take the same steps on the same batch.

- `step`: the time of a step until its result is there.
- `processor`: the time of a step on all processors, which other programs disturb less.
- `host`: the time until the call of a step returns, begun while the device is idle, with models of
  the same structure that are so small that computing takes no time: what Python and JAX take.
- `fit`: the time of a step in `jm.training.fit` and in `Model.fit` of Keras, as a ratio to the loop
  `for batch in data: state, loss = step(state, batch)` with the same model, optimizer and data.
  `fit, host` is the same with the small models.
- `first call` and `memory`: tracing and compiling, and the most memory that was resident, in a
  process of its own for each.
"""

import argparse
import functools
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import numpy as np
from _measure import Prepared, fastest_call, table
from models import by_hand, ours, with_equinox, with_linen, with_nnx
from models.candidate import Sizes, mean_squared_error
from models.training import TRANSFORMATION, Training

import jax_metrics as jm

LIBRARIES = {
    "by hand": by_hand,
    "jax_metrics": ours,
    "linen": with_linen,
    "nnx": with_nnx,
    "equinox": with_equinox,
}
HAS_KERAS = importlib.util.find_spec("keras") is not None
LARGE = Sizes(blocks=(2, 2), classes=100, layers=6, features=256)
SMALL = Sizes(blocks=(2, 2), classes=2, layers=6, features=8, heads=2)
SHAPES = {
    "mlp": ((256, 256), (2, 8)),
    "transformer": ((4, 64, 256), (1, 2, 8)),
    "resnet": ((8, 32, 32, 3), (1, 4, 4, 1)),
}
WINDOW = 66  # steps: one epoch and the first of the next, when everything is compiled


def batch(model: str, sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets."""
    shape = SHAPES[model][sizes is SMALL]
    rng = np.random.default_rng(0)
    wanted = (shape[0], sizes.classes) if model == "resnet" else shape
    return rng.normal(size=shape).astype(np.float32), rng.normal(size=wanted).astype(np.float32)


def training(library: str, model: str, sizes: Sizes) -> Training:
    x = jax.numpy.asarray(batch(model, sizes)[0])
    made = getattr(LIBRARIES[library], model)(x, sizes)
    return made if isinstance(made, Training) else made.train()


def case(training: Training, x: Any, y: Any, *, wait: bool) -> Prepared:
    """A step that goes on from the state of the last one, with an idle device at its start."""
    loss = x

    def run() -> None:
        nonlocal loss
        training.state, loss = training.step(training.state, x, y)
        if wait:
            loss.block_until_ready()

    # The loss is there when the program has ended, in which all arrays of the state are computed.
    return Prepared(run, lambda: loss.block_until_ready())


def check_alike(every: dict[str, Training], x: Any, y: Any) -> None:
    """Checks that all libraries train the same number of values, and make progress."""
    counts, falls = {}, {}
    for name, one in every.items():
        state = jax.tree.map(lambda leaf: leaf, one.state)
        counts[name] = sum(np.size(leaf) for leaf in jax.tree.leaves(_arrays(state)))
        losses = []
        for _ in range(8):
            one.state, loss = one.step(one.state, x, y)
            losses.append(float(loss))
        falls[name] = losses[-1] < losses[0]
    # Libraries count their steps and batches in scalars of their own.
    assert max(counts.values()) - min(counts.values()) < 100, counts
    assert all(falls.values()), falls


def _arrays(state: Any) -> Any:
    from flax import nnx

    return nnx.state(state) if isinstance(state[0], nnx.Module) else state


def steps(model: str, sizes: Sizes, rounds: int, *, wait: bool) -> dict[str, dict[str, float]]:
    """The seconds of a step in each library, by measurement."""
    x, y = map(jax.numpy.asarray, batch(model, sizes))
    every = {name: training(name, model, sizes) for name in LIBRARIES}
    check_alike(every, x, y)
    cases = {name: case(one, x, y, wait=wait) for name, one in every.items()}
    if not wait:
        return {f"host {model}": fastest_call(cases, rounds=rounds, seconds=0.05)}
    return {
        f"step {model}": fastest_call(cases, rounds=rounds, seconds=0.3),
        f"processor {model}": fastest_call(
            cases, rounds=rounds, seconds=0.3, clock=time.process_time
        ),
    }


class Clock(jm.training.Callback):
    """The seconds of a step, from the second epoch on, when all is compiled.

    At both ends it waits for the device, as a loop that does not wait runs ahead of it.
    """

    def __init__(self) -> None:
        self.steps, self.start = 0, 0.0

    def note(self, state: Any = None) -> None:
        self.steps += 1
        if self.steps == WINDOW:
            jax.block_until_ready(state)
            self.start = time.perf_counter()

    def on_step(self, run: Any) -> None:
        self.note(run.trained)

    def mean(self, state: Any = None) -> float:
        jax.block_until_ready(state)
        return (time.perf_counter() - self.start) / (self.steps - WINDOW)


def batches(model: str, sizes: Sizes) -> Any:
    """The same batch again and again, from the memory of the host; many in an epoch."""
    repeated = {
        name: np.tile(array, (64, *[1] * (array.ndim - 1)))
        for name, array in zip("xy", batch(model, sizes), strict=True)
    }
    return jm.training.batches(repeated, SHAPES[model][sizes is SMALL][0], shuffle=0)


def new_model(model: str, sizes: Sizes) -> Any:
    return getattr(ours, model)(jax.numpy.asarray(batch(model, sizes)[0]), sizes).state


def supervised(model: Any, batch: Any) -> jax.Array:
    return mean_squared_error(batch["y"], model(batch["x"]))


def by_loop(model: str, sizes: Sizes, count: int) -> float:
    """The loop that anyone would write, with the parts of this library."""

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(model: Any, optimizer: Any, batch: Any) -> Any:
        (loss, model), grads = jm.value_and_grad(supervised)(model, batch)
        return optimizer.update(grads, model), optimizer, loss

    clock, state = Clock(), new_model(model, sizes)
    optimizer, data = jm.Optimizer(TRANSFORMATION).init(state), batches(model, sizes)
    for batch in _endless(data, count):
        state, optimizer, _ = step(state, optimizer, batch)
        clock.note(state)
    return clock.mean(state)


def _endless(data: Any, count: int) -> Iterator[Any]:
    while True:
        for batch in data:
            yield batch
            count -= 1
            if not count:
                return


def by_fit(model: str, sizes: Sizes, count: int) -> float:
    clock = Clock()
    optimizer = jm.Optimizer(TRANSFORMATION)
    options = {"steps": count, "log_every": 1000, "progress": False, "callbacks": [clock]}
    run = jm.training.fit(
        new_model(model, sizes), optimizer, supervised, batches(model, sizes), **options
    )
    return clock.mean(run.trained)


def by_keras(model: str, sizes: Sizes, count: int) -> float:
    from models import with_keras

    clock = Clock()
    with_keras.fit(getattr(with_keras, model), sizes, *batch(model, sizes), clock.note, count)
    return clock.mean()


def loops(model: str, sizes: Sizes, rounds: int, count: int) -> dict[str, float]:
    """The seconds of a step in loops, which take turns."""
    cases: dict[str, Callable[..., float]] = {"loop": by_loop, "jm.training.fit": by_fit}
    if HAS_KERAS:
        cases["keras fit"] = by_keras
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, run in cases.items():
            best[name] = min(best[name], run(model, sizes, count))
    return best


def alone(library: str, model: str, sizes: Sizes) -> None:
    """Prints what one library needs for its first call, in this process."""
    if library == "keras":
        by_keras(model, sizes, WINDOW + 1)
        found = {}
    else:
        x, y = map(jax.numpy.asarray, batch(model, sizes))
        one = training(library, model, sizes)
        jax.block_until_ready(_arrays(one.state))
        start = time.perf_counter()
        one.state, loss = one.step(one.state, x, y)
        loss.block_until_ready()
        found = {"seconds": time.perf_counter() - start}
        for _ in range(5):
            one.state, loss = one.step(one.state, x, y)
        loss.block_until_ready()
    # `getrusage` would tell the memory of the parent if that is larger.
    status = Path("/proc/self/status").read_text()
    kilobytes = int(status.split("VmHWM:")[1].split()[0])
    print(json.dumps({**found, "bytes": kilobytes * 1024}))


def each_alone(model: str, *options: str) -> tuple[dict[str, float], dict[str, float]]:
    """The seconds of the first call, and the bytes, of each library in a process of its own."""
    seconds, memory = {}, {}
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    for library in [*LIBRARIES, *(["keras"] if HAS_KERAS else [])]:
        command = [sys.executable, __file__, "--alone", library, model, *options]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found = json.loads(ran.stdout.splitlines()[-1])
        memory[library] = found["bytes"]
        if "seconds" in found:
            seconds[library] = found["seconds"]
    return seconds, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--models", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--parts", nargs="+", default=["steps", "host", "fit", "alone"])
    parser.add_argument("--quick", action="store_true", help="small models, one round")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    large, rounds = (SMALL, 1) if options.quick else (LARGE, options.rounds)
    if options.alone:
        return alone(*options.alone, large)
    if not HAS_KERAS:
        print("Keras is not installed, and is left out.")
    for model in options.models:
        rows: dict[str, dict[str, float]] = {}
        if "steps" in options.parts:
            rows |= steps(model, large, rounds, wait=True)
        if "host" in options.parts:
            rows |= steps(model, SMALL, rounds, wait=False)
        if rows:
            table(f"{model}: a step (ratios to by hand)", rows, "by hand")
        if "fit" in options.parts:
            found = {f"fit {model}": loops(model, large, min(rounds, 3), 194)}
            found[f"fit, host {model}"] = loops(model, SMALL, min(rounds, 3), 1026)
            table(f"{model}: a step in a loop (ratios to the bare loop)", found, "loop")
        if "alone" in options.parts:
            seconds, memory = each_alone(model, *(["--quick"] if options.quick else []))
            table(f"{model}: the first call", {model: seconds}, "by hand", unit="s", scale=1)
            table(f"{model}: memory", {model: memory}, "by hand", unit="MB", scale=1e-6)


if __name__ == "__main__":
    main()
