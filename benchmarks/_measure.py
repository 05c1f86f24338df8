"""Measures the times of the benchmarks."""

import gc
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

Case = Callable[[], object]
# Threads of PyTorch stay on their cores for 0.2 seconds after their work.
PYTORCH_PAUSE = 0.25


class Prepared(NamedTuple):
    """A case, and a function that is called before each measurement."""

    case: Case
    prepare: Case = lambda: None


def fastest(
    cases: Mapping[str, Case], *, rounds: int = 15, seconds: float = 0.02, pause: float = 0
) -> dict[str, float]:
    """The seconds that each case takes, in the fastest of many rounds.

    The cases alternate, so that other load on the machine affects all of them alike. Each round
    repeats a case for about `seconds`, after a `pause` in seconds.
    """
    repeats = {}
    for name, case in cases.items():
        case()  # compiles
        start = time.perf_counter()
        case()
        repeats[name] = max(1, int(seconds / (time.perf_counter() - start)))
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for name, case in cases.items():
            gc.collect()
            time.sleep(pause)
            start = time.perf_counter()
            for _ in range(repeats[name]):
                case()
            best[name] = min(best[name], (time.perf_counter() - start) / repeats[name])
    return best


def fastest_call(
    cases: Mapping[str, Prepared],
    *,
    rounds: int = 15,
    seconds: float = 0.02,
    pause: float = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """The seconds of the fastest of many single calls of each case.

    The cases alternate, as in `fastest`; in each round a case is called for about `seconds`, after
    a `pause` in seconds. For
    short cases this is more precise than means, which other programs disturb. With the `clock`
    `time.process_time` it is the time of all processors that a call takes.
    """
    best = dict.fromkeys(cases, float("inf"))
    for one in cases.values():
        one.prepare()
        one.case()  # compiles
    for _ in range(rounds):
        for name, one in cases.items():
            gc.collect()
            time.sleep(pause)
            end = time.perf_counter() + seconds
            while True:
                one.prepare()
                start = clock()
                one.case()
                best[name] = min(best[name], clock() - start)
                if time.perf_counter() > end:
                    break
    return best


def table(
    title: str,
    rows: Mapping[str, Mapping[str, float]],
    reference: str,
    *,
    unit: str = "us",
    scale: float = 1e6,
) -> None:
    """Prints times, and their ratios to the reference, with a row for each measurement.

    Args:
        title: The title.
        rows: What was measured, such as seconds, by candidate and by measurement.
        reference: The candidate that ratios are taken to.
        unit: The unit in which it is printed.
        scale: How many of these units there are in one of `rows`.
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    shown = Table(title=title)
    shown.add_column("")
    for name in names:
        shown.add_column(name, justify="right")
    for label, row in rows.items():
        cells = []
        for name in names:
            if name not in row:
                cells.append("-")
            else:
                ratio = row[name] / row[reference] if reference in row else float("nan")
                cells.append(f"{row[name] * scale:,.1f} {unit}  {ratio:.2f}x")
        shown.add_row(label, *cells)
    Console(width=140).print(shown)
