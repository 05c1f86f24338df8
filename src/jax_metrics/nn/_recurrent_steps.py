"""Steps of recurrent cells whose products with the inputs are made for all steps at once.

A cell called step by step multiplies a batch of one step with its kernels, which is little work at
a time. What the inputs contribute does not depend on the carry, so one product before the loop does
it for the whole sequence, and one kernel for all gates is put together before the loop too.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.nn._cells import GRUCell, OptimizedLSTMCell, RNNCellBase, SimpleCell

Step = Callable[[Any, jax.Array], tuple[Any, jax.Array]]


def prepared(cell: RNNCellBase, x: jax.Array, dtype: Any) -> tuple[Step, jax.Array]:
    """What `jax.lax.scan` needs to run a cell: a step, and what it takes for each step.

    Args:
        cell: A cell that has its parameters.
        x: The inputs, `[time, batch..., in]`.
        dtype: Of the computation.
    """
    prepare = _PREPARE.get(type(cell))
    return (cell, x) if prepare is None else prepare(cell, x.astype(dtype), dtype)


def _simple(cell: SimpleCell, x: jax.Array, dtype: Any) -> tuple[Step, jax.Array]:
    kernel = _joined([cell.h], "kernel", dtype)

    def step(h: jax.Array, projected: jax.Array) -> tuple[jax.Array, jax.Array]:
        new = projected + h @ kernel
        new = cell.activation_fn(new + h if cell.residual else new)
        return new, new

    return step, _projected(x, [cell.i], [cell.i], dtype)


def _gru(cell: GRUCell, x: jax.Array, dtype: Any) -> tuple[Step, jax.Array]:
    kernel = _joined([cell.hr, cell.hz, cell.hn], "kernel", dtype)
    bias = _joined([cell.hn], "bias", dtype)

    def step(h: jax.Array, projected: jax.Array) -> tuple[jax.Array, jax.Array]:
        ir, iz, in_ = jnp.split(projected, 3, axis=-1)
        hr, hz, hn = jnp.split(h @ kernel, 3, axis=-1)
        reset, update = cell.gate_fn(ir + hr), cell.gate_fn(iz + hz)
        proposed = cell.activation_fn(in_ + reset * (hn + bias))
        new = (1 - update) * proposed + update * h
        return new, new

    gates = [cell.ir, cell.iz, cell.in_]
    return step, _projected(x, gates, gates, dtype)


def _lstm(cell: OptimizedLSTMCell, x: jax.Array, dtype: Any) -> tuple[Step, jax.Array]:
    recurrent = [cell.hi, cell.hf, cell.hg, cell.ho]
    kernel = _joined(recurrent, "kernel", dtype)

    def step(carry: Any, projected: jax.Array) -> tuple[Any, jax.Array]:
        memory, h = carry
        i, f, g, o = jnp.split(projected + h @ kernel, 4, axis=-1)
        memory = cell.gate_fn(f) * memory + cell.gate_fn(i) * cell.activation_fn(g)
        h = cell.gate_fn(o) * cell.activation_fn(memory)
        return (memory, h), h

    return step, _projected(x, [cell.ii, cell.if_, cell.ig, cell.io], recurrent, dtype)


def _projected(x: jax.Array, kernels: list[Any], biases: list[Any], dtype: Any) -> jax.Array:
    return x @ _joined(kernels, "kernel", dtype) + _joined(biases, "bias", dtype)


def _joined(gates: list[Any], name: str, dtype: Any) -> jax.Array:
    """Kernels or biases of several gates, side by side."""
    return jnp.concatenate([gate[name] for gate in gates], axis=-1).astype(dtype)


_PREPARE: dict[type, Callable[..., tuple[Step, jax.Array]]] = {
    SimpleCell: _simple,
    GRUCell: _gru,
    OptimizedLSTMCell: _lstm,
}
