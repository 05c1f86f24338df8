"""`describe`: a table of which device holds what."""

import io
import math
from typing import Any

from jax.sharding import NamedSharding
from rich.console import Console
from rich.table import Table

from jax_metrics.arguments import names_arguments
from jax_metrics.sharding._rules import THRESHOLD
from jax_metrics.tree import leaves_in_order

_WIDEST = 200
_UNITS = ("KB", "MB", "GB", "TB")


@names_arguments
def describe(tree: Any, *, threshold: int = THRESHOLD) -> str:
    """A table of the arrays in a tree: how each is split, and how much of it is on one device.

    Args:
        tree: A model, an optimizer, a tuple of both, or any pytree of arrays, or of shapes
            with shardings.
        threshold: The number of elements from which an array counts as large. Large arrays that are
            whole on each of several devices are listed below the table.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> rules = {".*kernel": (None, "data")}
        >>> model = jm.sharding.init(jm.Linear(4), 0, jnp.ones((1, 3)), mesh, rules)
        >>> ".kernel" in jm.sharding.describe(model)
        True
    """
    table = Table(show_footer=True)
    table.add_column("path", footer="total")
    table.add_column("array")
    table.add_column("split")
    leaves = [leaf for leaf in leaves_in_order(tree) if hasattr(leaf.value, "shape")]
    total, on_device, large = 0, 0, []
    rows = []
    for leaf in leaves:
        array, sharding = leaf.value, getattr(leaf.value, "sharding", None)
        shape = tuple(array.shape)
        part = shape if sharding is None else tuple(sharding.shard_shape(shape))
        size, own = (math.prod(s) * array.dtype.itemsize for s in (shape, part))
        total, on_device = total + size, on_device + own
        if part == shape and math.prod(shape) >= threshold and _devices(sharding) > 1:
            large.append(f"{leaf.path} ({_bytes(size)})")
        kind = f"{array.dtype}[{','.join(map(str, shape))}]"
        rows.append((leaf.path, kind, _split(sharding), _bytes(size), _bytes(own)))
    table.add_column("size", footer=_bytes(total), justify="right")
    table.add_column("on a device", footer=_bytes(on_device), justify="right")
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    out = io.StringIO()
    Console(file=out, width=_WIDEST).print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    if large:
        lines += ["", "Large, and whole on each device:", *(f"  {line}" for line in large)]
    return "\n".join(lines)


def _devices(sharding: Any) -> int:
    if isinstance(sharding, NamedSharding):
        return sharding.mesh.size  # that of shapes under `jax.set_mesh` has no devices
    return 1 if sharding is None else len(sharding.device_set)


def _split(sharding: Any) -> str:
    if sharding is None:
        return "nowhere yet"
    if _devices(sharding) == 1 and not isinstance(sharding, NamedSharding):
        return f"on {next(iter(sharding.device_set))}"
    if sharding.is_fully_replicated:
        return f"whole on {_devices(sharding)} devices"
    spec = getattr(sharding, "spec", None)  # other kinds of shardings have none
    return str(sharding) if spec is None else f"({', '.join(map(str, spec))})"


def _bytes(count: int) -> str:
    power = min((len(str(count)) - 1) // 3, len(_UNITS))
    return f"{count / 1000**power:.1f} {_UNITS[power - 1]}" if power else f"{count} B"
