"""A loop that multiplies its carry by a kernel, with the kernel's gradient as one product.

Differentiating `jax.lax.scan` accumulates the kernel's gradient step by step: for a batch of a few
examples each step reads and writes the whole gradient for little arithmetic. The gradient is a sum
of outer products over all steps, so one matrix product after the loop computes it.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Recurrence(NamedTuple):
    """A cell as a loop needs it.

    Attributes:
        step: Maps the carry, the inputs of a step, the product of the previous output and the
            kernel, and the constants to the next carry and its output.
        output: Selects the factor of the product from the carry.
        reverse: Whether to start at the last step.
        unroll: Number of steps per iteration of the loop.
    """

    step: Callable[[Any, Any, jax.Array, Any], tuple[Any, Any]]
    output: Callable[[Any], jax.Array]
    reverse: bool
    unroll: int


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def run(
    recurrence: Recurrence, kernel: jax.Array, constants: Any, carry: Any, inputs: Any
) -> tuple[Any, Any]:
    """Runs the loop: the final carry, and the outputs of all steps.

    Args:
        recurrence: The loop.
        kernel: The recurrent kernel.
        constants: A pytree of other arrays used by every step.
        carry: The initial carry.
        inputs: A pytree of arrays with the steps along their leading axis.
    """

    def step(carry: Any, inputs: Any) -> tuple[Any, Any]:
        product = recurrence.output(carry) @ kernel
        return recurrence.step(carry, inputs, product, constants)

    return _scan(recurrence, step, carry, inputs)


@run.defjvp
def _tangents(recurrence: Recurrence, primals: Any, tangents: Any) -> tuple[Any, Any]:
    kernel, constants, carry, inputs = primals
    kernel_tangent, constants_tangent, carry_tangent, inputs_tangent = tangents
    kernel_t = kernel.T

    def loop(added: jax.Array, constants: Any, carry: Any, inputs: Any) -> tuple[Any, Any]:
        def step(carry: Any, given: Any) -> tuple[Any, Any]:
            added, inputs = given
            factor = recurrence.output(carry)
            product = _product(factor, kernel, kernel_t) + added
            after, output = recurrence.step(carry, inputs, product, constants)
            return after, (output, factor)

        return _scan(recurrence, step, carry, (added, inputs))

    steps = len(jax.tree.leaves(inputs)[0])
    zeros = jnp.zeros_like(recurrence.output(carry) @ kernel)
    added = jnp.broadcast_to(zeros, (steps, *zeros.shape))
    (after, (outputs, factor)), tangent = jax.linearize(loop, added, constants, carry, inputs)
    after_tangent, (outputs_tangent, _) = tangent(
        factor @ kernel_tangent, constants_tangent, carry_tangent, inputs_tangent
    )
    return (after, outputs), (after_tangent, outputs_tangent)


@jax.custom_jvp
def _product(x: jax.Array, kernel: jax.Array, kernel_t: jax.Array) -> jax.Array:
    """The product with a constant kernel; its gradient uses the transposed copy.

    The backward pass multiplies by the transpose, which is faster if stored that way.
    """
    return x @ kernel


@_product.defjvp
def _product_tangents(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    x, kernel, kernel_t = primals
    return x @ kernel, jax.lax.dot_general(tangents[0], kernel_t, (((x.ndim - 1,), (1,)), ((), ())))


def _scan(recurrence: Recurrence, step: Callable[..., Any], carry: Any, inputs: Any) -> Any:
    return jax.lax.scan(step, carry, inputs, reverse=recurrence.reverse, unroll=recurrence.unroll)
