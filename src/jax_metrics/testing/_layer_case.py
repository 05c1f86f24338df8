"""The case of `check_layer`: a layer, its inputs, and the results that several checks use."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import Inputs, Module, Parameter
from jax_metrics.tree import copy, filter, merge


@dataclasses.dataclass(frozen=True)
class LayerCase:
    """A layer to check.

    Attributes:
        uninitialized: The layer before `init`.
        initialized: The layer after `init`.
        inputs: The inputs of a call.
        key: The key that it was initialized from.
        rtol: Relative tolerance of results.
        atol: Absolute tolerance of results.
    """

    uninitialized: Module
    initialized: Module
    inputs: Inputs
    key: jax.Array
    rtol: float
    atol: float

    @functools.cached_property
    def arrays(self) -> list[Any]:
        """The arrays among the inputs."""
        return [leaf for leaf in jax.tree.leaves(self._arguments) if is_array(leaf)]

    def with_arrays(self, arrays: Sequence[Any]) -> Inputs:
        """The inputs with their arrays replaced by these."""
        left = iter(arrays)
        args, kwargs = jax.tree.map(lambda x: next(left) if is_array(x) else x, self._arguments)
        return Inputs(*args, **kwargs)

    @property
    def _arguments(self) -> Any:
        return self.inputs.args, self.inputs.kwargs

    @functools.cached_property
    def traces(self) -> list[None]:
        """Has one element for each time that `step` was traced."""
        return []

    @functools.cached_property
    def step(self) -> Callable[[Module, Sequence[Any]], tuple[Any, Module]]:
        """A compiled call with some arrays: its output, and the layer after it."""

        def call(layer: Module, arrays: Sequence[Any]) -> tuple[Any, Module]:
            self.traces.append(None)
            return call_copy(layer, self.with_arrays(arrays))

        return jax.jit(call)

    @functools.cached_property
    def evaluated(self) -> tuple[Any, Module]:
        """The output of a call in evaluation mode, and the layer after it."""
        return call_copy(self.initialized.eval(), self.inputs)

    @functools.cached_property
    def trained(self) -> tuple[Any, Module]:
        """The output of a call in training mode, and the layer after it."""
        return call_copy(self.initialized, self.inputs)

    @functools.cached_property
    def gradients(self) -> tuple[Any, list[Any]]:
        """The gradients of the parameters, and those of the inputs."""
        layer = self.initialized.eval()

        def loss(params: Any, floats: list[Any]) -> jax.Array:
            left = iter(floats)
            arrays = [next(left) if is_float(x) else x for x in self.arrays]
            return as_loss(call_copy(merge(layer, params), self.with_arrays(arrays))[0])

        floats = [x for x in self.arrays if is_float(x)]
        return jax.jit(jax.grad(loss, argnums=(0, 1)))(filter(layer, Parameter), floats)

    def fail(self, message: str) -> AssertionError:
        return AssertionError(f"{type(self.uninitialized).__name__}: {message}")

    def close(self, actual: Any, expected: Any, what: str, *, exact: bool = False) -> None:
        """Raises unless two trees have the same structure and (nearly) the same values."""
        structures = jax.tree.structure(actual), jax.tree.structure(expected)
        if structures[0] != structures[1]:
            raise self.fail(
                f"{what}, differs in structure: {structures[0]} is not {structures[1]}."
            )
        pairs = zip(jax.tree_util.tree_leaves_with_path(actual), jax.tree.leaves(expected))  # noqa: B905
        for (path, value), other in pairs:
            where = f"{what}, at {jax.tree_util.keystr(path) or 'the root'}"
            a, b = as_numpy(value), as_numpy(other)
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise self.fail(
                    f"{where}, is {a.dtype}{list(a.shape)} and not {b.dtype}{list(b.shape)}."
                )
            rtol, atol = (0, 0) if exact else (self.rtol, self.atol)
            wide = (x.astype(np.float64) if x.dtype.kind == "V" else x for x in (a, b))
            if not np.allclose(*wide, rtol=rtol, atol=atol, equal_nan=True):
                raise self.fail(f"{where}, is\n{value}\nand not\n{other}")


def as_numpy(value: Any) -> np.ndarray:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    return np.asarray(value)


def by_numpy(function: Callable[..., np.ndarray], *arrays: Any) -> Any:
    """Applies a NumPy function to arrays of one dtype, which may be random keys.

    JAX would compile a program for each operation and shape, which takes much longer.
    """
    result = function(*map(as_numpy, arrays))
    if not jnp.issubdtype(arrays[0].dtype, jax.dtypes.prng_key):
        return result
    return jax.random.wrap_key_data(jnp.asarray(result), impl=jax.random.key_impl(arrays[0]))


def call_copy(layer: Module, inputs: Inputs) -> tuple[Any, Module]:
    """The output of a call, and the layer after it; the given layer is not changed."""
    layer = copy(layer)
    return layer(*inputs.args, **inputs.kwargs), layer


def is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def is_float(value: Any) -> bool:
    return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)


def as_loss(output: Any) -> jax.Array:
    """A scalar to which each value of the output contributes differently."""
    floats = [x.astype(jnp.float32) for x in jax.tree.leaves(output) if is_float(x)]
    return sum((jnp.sum(jnp.sin(x + jnp.arange(x.size).reshape(x.shape))) for x in floats), 0.0)  # type: ignore[return-value]
