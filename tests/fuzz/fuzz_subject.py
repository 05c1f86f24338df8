"""`Subject`: a metric with options, how its arguments are drawn, and its reference."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import jax_metrics as jm

ROWS = 12  # of every draw, so that programs are shared
PARTS = 3  # batches of a split
Generator = np.random.Generator
Arrays = dict[str, Any]


class UndecidedError(Exception):
    """Raised by a reference whose value hangs on the rounding of a sum."""


@dataclass(frozen=True)
class Subject:
    """A metric or a loss with options.

    Attributes:
        code: How to make it, as code to paste; `jm`, `jnp` and `np` are imported.
        draw: Draws the arguments, with `ROWS` examples along the first axis.
        reference: The value in float64, from the arguments without masked examples, and their
            weights as `sample_weight`.
        rtol: Relative tolerance.
        atol: Absolute tolerance; or a function of the arguments of the reference, for values whose
            rounding errors are as large as those of the terms they are made of.
        ways: The names of the ways of updating that must lead to this value; None for all.
        weighted: Whether it is called with weights, if it takes them.
        masked: Whether it is called with masks, if it takes them.
        gradient: The arguments of a loss whose gradients are compared.
        denormals: Whether the smallest floats are compared as they are. Arithmetic takes them for
            0, but the order of scores is that of their bits.
        pick: What of a value is compared.
    """

    code: str
    draw: Callable[[Generator], Arrays]
    reference: Callable[..., Any]
    rtol: float = 1e-5
    atol: float | Callable[..., Any] = 1e-6
    ways: tuple[str, ...] | None = None
    weighted: bool = True
    masked: bool = True
    gradient: tuple[str, ...] = ("preds",)
    denormals: bool = False
    pick: Callable[[Any], Any] = lambda value: value

    def make(self) -> Any:
        """The metric or loss."""
        import jax
        import jax.numpy as jnp

        return eval(self.code, {"jm": jm, "jax": jax, "jnp": jnp, "np": np})


@dataclass(frozen=True)
class Case:
    """One call.

    Attributes:
        arguments: NumPy arrays by name, or trees of them.
        sample_weight: Weights `[rows]`, or None.
        mask: Booleans `[rows]`, or None.
    """

    arguments: Arrays
    sample_weight: np.ndarray | None = None
    mask: np.ndarray | None = None

    replace = replace

    def inputs(self) -> Arrays:
        """All arguments of `update`."""
        extra = {"sample_weight": self.sample_weight, "mask": self.mask}
        return {**self.arguments, **{n: x for n, x in extra.items() if x is not None}}


def code_of_loss(name: str, **options: Any) -> str:
    """The code of a loss with options."""
    return code_of(name, **options).replace("jm.metrics.", "jm.losses.", 1)


def code_of(name: str, **options: Any) -> str:
    """The code of a metric with options."""
    return f"jm.metrics.{name}({', '.join(f'{n}={v!r}' for n, v in options.items())})"


__all__ = [
    "PARTS",
    "ROWS",
    "Arrays",
    "Case",
    "Generator",
    "Subject",
    "UndecidedError",
    "code_of",
    "code_of_loss",
]
