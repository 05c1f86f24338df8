"""Taps: checks of all arrays that pass the border of a module.

A tap returns its array and reports the number and place of its bad values to the host. It runs
inside of compiled programs, and so in the bodies of scans and under `vmap` and `jax.checkpoint`.
Its result depends on the answer of the host: so an array is reported before any that is computed
from it, and compilers cannot drop the report.
"""

import collections
import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jax_metrics.module import Call
from jax_metrics.training.debugging._bad_array import BadArray
from jax_metrics.tree import is_tree, trees_with_paths

Stats = tuple[Any, Any, Any]
_ZERO = np.int32(0)


def is_checked(value: Any) -> bool:
    """Whether it is an array that can have bad values."""
    return (
        isinstance(value, jax.Array | np.ndarray)
        and jnp.issubdtype(value.dtype, jnp.inexact)
        and value.size > 0
    )


def stats_of(x: Any) -> Stats:
    """How many values are NaN, how many infinite, and the flat index of the first of them."""
    x = jax.lax.stop_gradient(jnp.asarray(x))
    sharding = jax.typeof(x).sharding
    if AxisType.Explicit in sharding.mesh.axis_types:  # JAX refuses to flatten an axis in parts
        x = jax.sharding.reshard(x, NamedSharding(sharding.mesh, PartitionSpec()))
    x = x.reshape(-1)
    nan, inf = jnp.isnan(x), jnp.isinf(x)
    first = jnp.where(nan | inf, jnp.arange(x.size, dtype=np.int32), x.size)
    operands = nan.astype(np.int32), inf.astype(np.int32), first
    # In one reduction: three take three times as long to compile.
    return jax.lax.reduce(operands, (_ZERO, _ZERO, np.int32(x.size)), _add_add_min, (0,))


def _add_add_min(a: Stats, b: Stats) -> Stats:
    return a[0] + b[0], a[1] + b[1], jnp.minimum(a[2], b[2])


@dataclasses.dataclass(frozen=True)
class Tap:
    """Where a tap is: what `BadArray` says about the array that passes, without its values."""

    phase: str
    path: str
    module: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    caller: str = ""

    @classmethod
    def of(cls, x: Any, phase: str, path: str, module: str, name: str, caller: str = "") -> "Tap":
        """The place of an array."""
        return cls(phase, path, module, name, jnp.shape(x), str(x.dtype), caller)

    def bad_array(self, stats: Stats, call: int = 0, calls: int = 1) -> BadArray | None:
        """What the statistics say; None if all values are finite."""
        nan, inf, first = map(int, stats)
        if not nan and not inf:
            return None
        position = tuple(map(int, np.unravel_index(first, self.shape)))
        return BadArray(
            self.phase,
            self.path,
            self.module,
            self.name,
            self.shape,
            self.dtype,
            nan,
            inf,
            position,
            call=call,
            calls=calls,
            caller=self.caller,
        )


class Taps:
    """Runs the calls of modules with taps, and keeps what these report.

    Args:
        phase: `"forward"` for the values, `"backward"` for their gradients.
    """

    def __init__(self, phase: str):
        self.phase = phase
        self._model: Any = None
        self._paths: dict[int, str] = {}
        self._taps: list[Tap] = []  # in the order of the trace, which is one of the computation
        self._reports: list[tuple[int, Stats]] = []  # in the order of their arrival
        self._running: list[str] = []  # the paths of the calls that are being traced
        self._passed: dict[int, Any] = {}  # arrays that went through a tap, by id

    def run(
        self, call: Call, own_call: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
    ) -> Any:
        """Runs the call of a module; see `calls_run_by`."""
        path = self._path(call)
        module = type(call.module).__name__
        caller = self._running[-1] if self._running else ""
        seen: dict[int, Any] = {}  # an array that is passed twice stays one

        def tapped(value: Any, name: str) -> Any:
            def one(keys: Any, leaf: Any) -> Any:
                if not is_checked(leaf) or isinstance(leaf, np.ndarray):
                    return leaf
                if id(leaf) not in seen:
                    label = f"{name}{jax.tree_util.keystr(keys)}"
                    seen[id(leaf)] = leaf, self.tapped(leaf, path, module, label, caller)
                return seen[id(leaf)][1]

            return jax.tree_util.tree_map_with_path(one, value, is_leaf=is_tree)

        args = tuple(tapped(value, f"input {number}") for number, value in enumerate(args))
        kwargs = {name: tapped(value, f"input {name}") for name, value in kwargs.items()}
        self._running.append(path)
        try:
            output = own_call(*args, **kwargs)
        finally:
            self._running.pop()
        return tapped(output, "output")

    def locate(self, model: Any) -> None:
        """Sets the model whose calls are meant by paths alone."""
        self._model = model
        self._paths = {id(tree): path for path, tree in trees_with_paths(model)}

    def _path(self, call: Call) -> str:
        root = call.root.model
        inside = self._paths.get(id(root))  # the function of the loss may call a part of the model
        if inside is None:
            # A copy of the model, such as `model.eval()`; or another one, such as a teacher.
            inside = "" if type(root) is type(self._model) else type(root).__name__
        return f"{inside}{call.path}"

    def tapped(self, x: Any, path: str, module: str, name: str, caller: str) -> Any:
        """The array, which is reported when it is computed; or its gradient."""
        if self.phase == "forward":
            if id(x) not in self._passed:
                x = self._checked(x, path, module, name, caller)
                self._passed[id(x)] = x
            return x

        @jax.custom_vjp
        def identity(x: Any) -> Any:
            return x

        def backward(_: None, gradient: Any) -> tuple[Any]:
            return (self._checked(gradient, path, module, f"gradient of {name}", caller),)

        identity.defvjp(lambda x: (x, None), backward)
        return identity(x)

    def _checked(self, x: Any, *place: str) -> Any:
        """The array, after its statistics have gone to the host."""
        number = len(self._taps)
        self._taps.append(Tap.of(x, self.phase, *place))

        def report(*stats: Any) -> Any:
            self._reports.append((number, tuple(map(int, stats))))
            return np.True_

        answer = jax.ShapeDtypeStruct((), jnp.bool_)
        passes = jax.pure_callback(report, answer, *stats_of(x), vmap_method="sequential")
        return jnp.where(passes, x, jnp.zeros_like(x))

    def bad_arrays(self) -> list[BadArray]:
        """The arrays that were bad, each before those that were computed from it."""
        counts = collections.Counter(self._place(number) for number, _ in self._reports)
        before: collections.Counter[Any] = collections.Counter()
        found = []
        for number, stats in self._reports:
            place = self._place(number)
            calls = counts[place]
            # Gradients of the last call come first.
            call = before[place] if self.phase == "forward" else calls - 1 - before[place]
            before[place] += 1
            found.append((number, self._taps[number].bad_array(stats, call, calls)))
        if len({number for number, _ in self._reports}) == len(self._reports):
            # Nothing ran twice, as in a loop. So the order of the trace is one of the computation
            # too, and unlike the order of arrival it is always the same.
            found.sort(key=lambda entry: entry[0])
        return [bad for _, bad in found if bad is not None]

    def _place(self, number: int) -> tuple[str, str]:
        return self._taps[number].path, self._taps[number].name
