"""The time that `import jax_metrics` adds to importing jax, flax and optax, in fresh processes."""

import argparse
import os
import subprocess
import sys

PEERS = "import jax, flax.linen, optax"
# Installed packages are compiled already; with this variable the sources of a clone never would be.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def seconds(statement: str) -> float:
    command = [sys.executable, "-c", TIMED.format(statement)]
    result = subprocess.run(command, capture_output=True, check=True, text=True, env=ENVIRONMENT)
    return float(result.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    without = with_us = float("inf")
    for _ in range(options.rounds):
        without = min(without, seconds(PEERS))
        with_us = min(with_us, seconds(f"{PEERS}, jax_metrics"))
    print(f"{PEERS}: {without:.3f} s")
    print(f"with jax_metrics: {with_us:.3f} s, {with_us / without:.3f}x")


if __name__ == "__main__":
    main()
