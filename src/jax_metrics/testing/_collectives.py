"""`collectives`: how a compiled program communicates between devices."""

import collections
import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import jax

KINDS = ("all-gather", "all-reduce", "all-to-all", "collective-permute", "reduce-scatter")
# `%x = f32[8]{0} all-gather(...)`. The second half of an asynchronous pair, `-done`, is left out.
# No type has `=` in it, as the attributes behind an operation have.
_OPERATION = re.compile(rf"^\s*(?:ROOT )?%?\S+ = ([^=]*?) ({'|'.join(KINDS)})(-start)?\(")
_ARRAY = re.compile(r"([a-z]\w*)\[([\d,]*)\]")
_COMMENT = re.compile(r"/\*.*?\*/")


@dataclasses.dataclass(frozen=True)
class Collective:
    """One collective operation of a compiled program.

    `collectives` returns all of them.

    Attributes:
        kind: `"all-gather"`, `"all-reduce"`, `"all-to-all"`, `"collective-permute"` or
            `"reduce-scatter"`.
        shapes: The shapes of its results on one device; several if arrays were combined.
        bytes: The size of these results together.
    """

    kind: str
    shapes: tuple[tuple[int, ...], ...]
    bytes: int


class Collectives(tuple[Collective, ...]):
    """The collectives of a compiled program, in its order.

    Example:
        >>> from jax_metrics.testing import collectives
        >>> collectives(lambda x: x + 1, 1.0).counts
        {}
    """

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind; kinds without any are left out."""
        return dict(sorted(collections.Counter(found.kind for found in self).items()))

    @property
    def bytes(self) -> int:
        """The size of all their results on one device."""
        return sum(found.bytes for found in self)

    def of(self, kind: str) -> "Collectives":
        """Those of one kind.

        Raises:
            ValueError: If there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"The kinds of collectives are {', '.join(KINDS)}; got {kind!r}.")
        return Collectives(found for found in self if found.kind == kind)

    def __repr__(self) -> str:
        lines = (f"  {found.kind} {list(found.shapes)}, {found.bytes} B" for found in self)
        return "\n".join([f"Collectives({self.counts})", *lines])


def collectives(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Collectives:
    """Compiles a function for its arguments and finds the collectives in the program.

    It shows what a sharding costs: what each device sends to the others. An operation in the body
    of a loop, such as the scan of `jm.nn.Stack`, is there once, however often it runs. Nothing is
    run.

    Args:
        fn: The function, plain, of `jax.jit` or a `jm.training.Compiled`; or a compiled program,
            without arguments.
        *args: Its arguments: arrays, or `jax.ShapeDtypeStruct`s with shardings.
        **kwargs: Its keyword arguments.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> from jax_metrics.testing import collectives
        >>> mesh = jax.make_mesh((2,), ("data",), devices=jax.devices()[:2])
        >>> x = jax.device_put(jnp.ones((4, 3)), jax.NamedSharding(mesh, jax.P("data")))
        >>> collectives(lambda x: x.sum(axis=0), x).counts
        {'all-reduce': 1}
        >>> collectives(lambda x: x.sum(axis=1), x).counts
        {}
    """
    if isinstance(fn, jax.stages.Compiled):
        compiled = fn
    else:
        jitted: Any = fn if hasattr(fn, "lower") else jax.jit(fn)
        compiled = jitted.lower(*args, **kwargs).compile()
    return Collectives(_found(compiled.as_text() or ""))


def _found(hlo: str) -> Iterator[Collective]:
    for line in hlo.splitlines():
        match = _OPERATION.match(_COMMENT.sub("", line))
        if match is None:
            continue
        types, kind, starts = match.groups()
        arrays = [(dtype, _sizes(sizes)) for dtype, sizes in _ARRAY.findall(types)]
        if starts and kind in ("all-gather", "collective-permute"):
            # The type of the start has the operands first, then the results, then contexts.
            arrays = [array for array in arrays if array[0] not in ("u32", "s32") or array[1]]
            arrays = arrays[len(arrays) // 2 :]
        shapes = tuple(shape for _, shape in arrays)
        yield Collective(kind, shapes, sum(_bits(d) * math.prod(s) // 8 for d, s in arrays))


def _sizes(sizes: str) -> tuple[int, ...]:
    return tuple(int(size) for size in sizes.split(",") if size)


def _bits(dtype: str) -> int:
    """The bits of an element of an HLO type, such as `f32`, `bf16`, `f8e4m3fn` or `pred`."""
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) if digits else 8
