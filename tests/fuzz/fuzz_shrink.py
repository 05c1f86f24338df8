"""Reduces a failing case to a few numbers, and prints it as code."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from fuzz_subject import Case

MOST_TRIES = 150  # each may compile a program


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A case with fewer rows and plainer numbers that fails, too."""
    tries = 0
    progress = True
    while progress and tries < MOST_TRIES:
        progress = False
        for simpler in _simpler(case):
            tries += 1
            if tries > MOST_TRIES:
                break
            if fails(simpler):
                case, progress = simpler, True
                break
    return case


def _simpler(case: Case) -> Iterator[Case]:
    if case.mask is not None and case.mask.all():
        yield case.replace(mask=None)
    if case.sample_weight is not None:
        yield case.replace(sample_weight=None)
        if (case.sample_weight != 1).any():
            yield case.replace(sample_weight=np.ones_like(case.sample_weight))
    size = jax.tree.leaves(case.arguments)[0].shape[0]
    for count in (size // 2, size // 4, 1):
        for start in range(0, size, count) if 0 < count < size else ():
            keep = np.delete(np.arange(size), np.arange(start, min(start + count, size)))
            yield _rows(case, keep)
    leaves, structure = jax.tree.flatten(case.arguments)
    for index, leaf in enumerate(leaves):
        for plainer in _plainer(leaf):
            changed = [*leaves[:index], plainer, *leaves[index + 1 :]]
            yield case.replace(arguments=jax.tree.unflatten(structure, changed))


def _rows(case: Case, keep: np.ndarray) -> Case:
    return Case(
        jax.tree.map(lambda x: x[keep], case.arguments),
        None if case.sample_weight is None else case.sample_weight[keep],
        None if case.mask is None else case.mask[keep],
    )


def _plainer(x: np.ndarray) -> Iterator[np.ndarray]:
    if x.dtype == bool or not x.size:
        return
    if not jnp.issubdtype(x.dtype, jnp.floating):
        yield from (
            np.where(np.arange(x.size).reshape(x.shape) == i, 0, x).astype(x.dtype)
            for i in np.flatnonzero(x)
        )
        return
    wide = x.astype(np.float64)
    for digits in (1, 2, 3):
        with np.errstate(all="ignore"):
            unit = 10.0 ** (np.floor(np.log10(np.where(wide == 0, 1, abs(wide)))) - digits + 1)
            rounded = np.where(np.isfinite(wide), np.round(wide / unit) * unit, wide)
        if (rounded.astype(x.dtype) != x).any():
            yield rounded.astype(x.dtype)


def code_of_case(code: str, case: Case) -> str:
    """The call as code to paste."""
    lines = ["import jax, jax.numpy as jnp, numpy as np, jax_metrics as jm", f"metric = {code}"]
    arguments = ",\n    ".join(f"{n}={_literal(x)}" for n, x in case.inputs().items())
    return "\n".join([*lines, f"value = metric(\n    {arguments},\n)"])


def _literal(x: Any) -> str:
    if isinstance(x, dict):
        return "{" + ", ".join(f"{n!r}: {_literal(v)}" for n, v in x.items()) + "}"
    values = x.tolist() if x.dtype != jnp.bfloat16 else x.astype(float).tolist()
    text = repr(values).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"{'jnp' if x.dtype == jnp.bfloat16 else 'np'}.array({text}, {str(x.dtype)!r})"
