"""Decomposed recurrent cells: work common to all steps is done once for the whole sequence.

A cell called step by step multiplies one step of a batch by its kernels, which is little work at a
time. The contribution of the inputs does not depend on the carry, so one product before the loop
computes it for the whole sequence, and the kernels of all gates are joined once before the loop.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.nn.recurrent import _recurrent_product
from jax_metrics.nn.recurrent._cells import GRUCell, OptimizedLSTMCell, RNNCellBase, SimpleCell


class _Parts(NamedTuple):
    """A decomposed cell.

    Attributes:
        step: Computes the next carry from the carry, this step's input projection, the product of
            the previous output and the kernel, and the constants.
        projected: The input projections, `[time, batch..., gates]`.
        kernel: The recurrent kernel, `[features, gates]`.
        constants: Other arrays used by every step.
    """

    step: Callable[[Any, jax.Array, jax.Array, Any], Any]
    projected: jax.Array
    kernel: jax.Array
    constants: Any = None


def scan_cell(
    cell: RNNCellBase, carry: Any, x: jax.Array, valid: Any, *, reverse: bool, unroll: int
) -> tuple[Any, jax.Array]:
    """Runs an initialized cell over a sequence: the final carry, and all outputs.

    Args:
        cell: The cell.
        carry: Its initial carry, in the dtype of the computation.
        x: The inputs, `[time, batch..., in]`.
        valid: Booleans, `[time, batch...]`: other steps keep the carry and output zeros; None: all
            steps are valid.
        reverse: Whether to start at the last step.
        unroll: Number of steps per iteration of the loop.
    """
    decompose = _DECOMPOSERS.get(type(cell))
    if decompose is None:

        def call(carry: Any, inputs: tuple[jax.Array, Any]) -> tuple[Any, jax.Array]:
            new, output = cell(carry, inputs[0])
            return _masked_step(carry, new, output, inputs[1])

        return jax.lax.scan(call, carry, (x, valid), reverse=reverse, unroll=unroll)
    dtype = output_of(carry).dtype
    parts = decompose(cell, x.astype(dtype), dtype)

    def step(carry: Any, inputs: Any, product: jax.Array, constants: Any) -> tuple[Any, jax.Array]:
        new = parts.step(carry, inputs[0], product, constants)
        return _masked_step(carry, new, output_of(new), inputs[1])

    recurrence = _recurrent_product.Recurrence(step, output_of, reverse, unroll)
    inputs = (parts.projected, valid)
    return _recurrent_product.run(recurrence, parts.kernel, parts.constants, carry, inputs)


def output_of(carry: Any) -> jax.Array:
    """The output in a carry."""
    return carry[-1] if isinstance(carry, tuple) else carry


def _masked_step(carry: Any, new: Any, output: jax.Array, valid: Any) -> tuple[Any, jax.Array]:
    """The new carry and output at valid steps; elsewhere the old carry and zeros."""
    if valid is None:
        return new, output
    mask = valid[..., None]
    carry = jax.tree.map(lambda a, b: jnp.where(mask, a, b), new, carry)
    return carry, jnp.where(mask, output, 0)


def _simple(cell: SimpleCell, x: jax.Array, dtype: Any) -> _Parts:
    def step(h: jax.Array, projected: jax.Array, product: jax.Array, _: None) -> jax.Array:
        new = projected + product
        return cell.activation_fn(new + h if cell.residual else new)

    projected = _projected(x, [cell.i], [cell.i], dtype)
    return _Parts(step, projected, _joined([cell.h], "kernel", dtype))


def _gru(cell: GRUCell, x: jax.Array, dtype: Any) -> _Parts:
    def step(h: jax.Array, projected: jax.Array, product: jax.Array, bias: jax.Array) -> jax.Array:
        ir, iz, in_ = jnp.split(projected, 3, axis=-1)
        hr, hz, hn = jnp.split(product, 3, axis=-1)
        reset, update = cell.gate_fn(ir + hr), cell.gate_fn(iz + hz)
        proposed = cell.activation_fn(in_ + reset * (hn + bias))
        return (1 - update) * proposed + update * h

    gates = [cell.ir, cell.iz, cell.in_]
    kernel = _joined([cell.hr, cell.hz, cell.hn], "kernel", dtype)
    return _Parts(
        step, _projected(x, gates, gates, dtype), kernel, _joined([cell.hn], "bias", dtype)
    )


def _lstm(cell: OptimizedLSTMCell, x: jax.Array, dtype: Any) -> _Parts:
    def step(carry: Any, projected: jax.Array, product: jax.Array, _: None) -> Any:
        memory, _ = carry
        i, f, g, o = jnp.split(projected + product, 4, axis=-1)
        memory = cell.gate_fn(f) * memory + cell.gate_fn(i) * cell.activation_fn(g)
        return memory, cell.gate_fn(o) * cell.activation_fn(memory)

    recurrent = [cell.hi, cell.hf, cell.hg, cell.ho]
    projected = _projected(x, [cell.ii, cell.if_, cell.ig, cell.io], recurrent, dtype)
    return _Parts(step, projected, _joined(recurrent, "kernel", dtype))


def _projected(x: jax.Array, kernels: list[Any], biases: list[Any], dtype: Any) -> jax.Array:
    return x @ _joined(kernels, "kernel", dtype) + _joined(biases, "bias", dtype)


def _joined(gates: list[Any], name: str, dtype: Any) -> jax.Array:
    """Kernels or biases of several gates, side by side."""
    return jnp.concatenate([gate[name] for gate in gates], axis=-1).astype(dtype)


_DECOMPOSERS: dict[type, Callable[..., _Parts]] = {
    SimpleCell: _simple,
    GRUCell: _gru,
    OptimizedLSTMCell: _lstm,
}
