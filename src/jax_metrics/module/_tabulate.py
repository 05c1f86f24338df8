"""`tabulate`: a table of a module's contents. It never runs the model."""

import io
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jax_metrics.module._calls import Call, calls_run_by
from jax_metrics.module._inputs import Inputs, refuse_shape
from jax_metrics.module._kinds import TreePart
from jax_metrics.tree import MISSING, FieldInfo, Tie, leaves_in_order, trees_with_paths

_WIDEST = 250
_UNITS = ("KB", "MB", "GB", "TB")


def tabulate(
    module: Any,
    inputs: Any = MISSING,
    depth: int = -1,
    signature: bool = False,
    param_types: bool = True,
    color: bool = False,
) -> str:
    """Draws a table with a row for each module: path, class, arrays, sizes, dtypes and shapes.

    Args:
        module: The module.
        inputs: What it would be called with, as for `init`; `jax.ShapeDtypeStruct`s are accepted.
            With it the table shows the inputs and outputs of each module, and the FLOPs that XLA
            counts in the compiled call. A module without values is initialized in shape only.
        depth: How many levels of nested modules to show; -1 for all.
        signature: Show the static fields of each module.
        param_types: Show the dtype of each array.
        color: Draw with terminal colours.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> table = jm.Linear(2).tabulate(jnp.ones((1, 3)))
        >>> "kernel: float32[3,2]" in table
        True
    """
    calls: dict[str, tuple[str, str]] = {}
    flops = ""
    if inputs is not MISSING:
        call, arguments = _abstract_call(Inputs.from_value(inputs))
        try:
            if not module.initialized:
                template = module
                module = jax.eval_shape(
                    lambda leaves: template.init(0, call(Inputs, leaves)), arguments
                )
            calls = _record_calls(module, call, arguments)
        except Exception as error:
            refuse_shape(module, inputs, "tabulate({})", error)
            raise
        flops = f"\nFLOPs of a call: {_flops(module, call, arguments)}"
    leaves = _leaves(module)
    kinds = list(dict.fromkeys(i.kind for i in leaves if issubclass(i.kind, TreePart)))

    table = Table(show_lines=True, show_footer=bool(kinds))
    table.add_column("path")
    table.add_column("module")
    table.add_column("parameters, state")
    for name in ("inputs", "outputs") if calls else ():
        table.add_column(name)
    table.add_column("dtype", footer="total")
    for kind in kinds:
        table.add_column(kind.__name__, footer=_size(leaves, kind), justify="right")
    for level, path, tree in _trees_with_levels(module):
        if not 0 <= depth < level:
            inside = [i for i in leaves if i.path.startswith((f"{path}.", f"{path}["))]
            row = [path or "*", _title(tree, signature), _arrays(tree, inside, param_types)]
            row += calls.get(path, ("", "")) if calls else ()
            row += [_dtypes(tree, inside)]
            row += [_size(inside, kind) for kind in kinds]
            table.add_row(*(Text(cell) for cell in row))
    table.caption = f"\nTotal: {_size(leaves, object) or 0}{flops}"
    return _drawn(table, color)


def _abstract_call(inputs: Inputs) -> tuple[Callable[..., Any], list[Any]]:
    """A function of the array arguments that runs the call, and their shapes."""
    leaves, structure = jax.tree.flatten((inputs.args, inputs.kwargs))
    where = [i for i, leaf in enumerate(leaves) if hasattr(leaf, "shape")]

    def call(f: Callable[..., Any], arrays: list[Any]) -> Any:
        filled = list(leaves)
        for index, array in zip(where, arrays, strict=True):
            filled[index] = array
        args, kwargs = jax.tree.unflatten(structure, filled)
        return f(*args, **kwargs)

    return call, jax.eval_shape(lambda *arrays: list(arrays), *(leaves[i] for i in where))


def _record_calls(
    module: Any, call: Callable[..., Any], arguments: list[Any]
) -> dict[str, tuple[str, str]]:
    calls: dict[str, tuple[str, str]] = {}

    def record(call: Call, run: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        output = run(*args, **kwargs)
        given = [*args, *(f"{name}: {_shapes(value)}" for name, value in kwargs.items())]
        shown = ", ".join(v if isinstance(v, str) else _shapes(v) for v in given)
        calls.setdefault(call.path, (shown, _shapes(output)))
        return output

    def run(module: Any, arrays: list[Any]) -> Any:
        own = module.copy()  # discards the state changes of the call
        with calls_run_by(record):
            return call(own, arrays)

    jax.eval_shape(run, module, arguments)
    return calls


def _flops(module: Any, call: Callable[..., Any], arguments: list[Any]) -> str:
    def run(module: Any, arrays: list[Any]) -> Any:
        module = module.copy()
        return call(module, arrays), module

    analysis = jax.jit(run).lower(module, arguments).compile().cost_analysis()
    flops = (analysis or {}).get("flops")
    return f"{flops:,.0f}" if flops and flops > 0 else "unknown"


def _leaves(module: Any) -> list[FieldInfo]:
    return [leaf for leaf in leaves_in_order(module) if hasattr(leaf.value, "shape")]


def _trees_with_levels(module: Any) -> Iterator[tuple[int, str, Any]]:
    around: list[str] = []  # paths of the enclosing Trees
    for path, tree in trees_with_paths(module, in_field_order=True):
        while around and not path.startswith((f"{around[-1]}.", f"{around[-1]}[")):
            around.pop()
        yield len(around), path, tree
        around.append(path)


def _title(tree: Any, signature: bool) -> str:
    name = type(tree).__name__
    if not signature:
        return name
    metadata = tree.field_metadata
    fields = [
        f"{field}={value!r}"
        for field, value in vars(tree).items()
        if field in metadata and not metadata[field].node and not field.startswith("_")
    ]
    return f"{name}({', '.join(fields)})"


def _dtypes(tree: Any, inside: list[FieldInfo]) -> str:
    """The dtypes of the arrays inside, and the computation dtype if it differs."""
    found = sorted({str(info.value.dtype) for info in inside})
    computes = getattr(tree, "dtype", None)
    if computes is not None and str(np.dtype(computes)) not in found:
        found.append(f"computes in {np.dtype(computes)}")
    return ", ".join(found)


def _arrays(tree: Any, inside: list[FieldInfo], types: bool) -> str:
    own = [f"{i.name}: {_shape(i.value, types)}" for i in inside if i.module is tree]
    tied = [f"{name}: {value!r}" for name, value in vars(tree).items() if type(value) is Tie]
    return "\n".join(own + tied)


def _shape(value: Any, types: bool = True) -> str:
    shape = ",".join(str(size) for size in value.shape)
    return f"{value.dtype}[{shape}]" if types else f"[{shape}]"


def _shapes(value: Any) -> str:
    return str(jax.tree.map(lambda v: _Plain(_shape(v) if hasattr(v, "shape") else repr(v)), value))


class _Plain(str):
    """A string whose repr has no quotes."""

    __repr__ = str.__str__


def _size(leaves: list[FieldInfo], kind: type) -> str:
    sizes = [(math.prod(i.value.shape), i.value.dtype) for i in leaves if issubclass(i.kind, kind)]
    count = sum(size for size, _ in sizes)
    return f"{count:,}  {_bytes(sum(n * dtype.itemsize for n, dtype in sizes))}" if count else ""


def _bytes(count: int) -> str:
    power = min((len(str(count)) - 1) // 3, len(_UNITS))
    return f"{count / 1000**power:.1f} {_UNITS[power - 1]}" if power else f"{count} B"


def _drawn(table: Table, color: bool) -> str:
    out = io.StringIO()
    # Whoever asks for colors gets them, whatever the terminal of this process can do.
    system = "standard" if color else None
    console = Console(file=out, force_terminal=color, color_system=system, width=_WIDEST)
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
