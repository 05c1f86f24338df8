"""A loop that multiplies its carry with a kernel, whose gradient is one product after the loop.

Differentiating `jax.lax.scan` adds the kernel's gradient up step by step: for a batch of a few
examples that moves as many numbers as the kernel has, for each step, to do little with them. The
gradient is a product of what all steps have multiplied, so it can be made of them at once.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Recurrence(NamedTuple):
    """A cell as a loop needs it.

    Attributes:
        step: Makes, of the carry, the inputs of a step, the output before multiplied with the
            kernel, and the constants, the pair of the next carry and its output.
        output: Finds in the carry what is multiplied.
        reverse: Whether to begin at the last step.
        unroll: How many steps one iteration makes.
    """

    step: Callable[[Any, Any, jax.Array, Any], tuple[Any, Any]]
    output: Callable[[Any], jax.Array]
    reverse: bool
    unroll: int


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def run(
    recurrence: Recurrence, kernel: jax.Array, constants: Any, carry: Any, inputs: Any
) -> tuple[Any, Any]:
    """Runs the loop: the last carry, and the outputs of all steps.

    Args:
        recurrence: What the loop does.
        kernel: What outputs are multiplied with before they enter the next step.
        constants: A pytree of other arrays that all steps need.
        carry: The first carry.
        inputs: A pytree of arrays with the steps along their leading axis.
    """

    def step(carry: Any, inputs: Any) -> tuple[Any, Any]:
        product = recurrence.output(carry) @ kernel
        return recurrence.step(carry, inputs, product, constants)

    return _scan(recurrence, step, carry, inputs)


@run.defjvp
def _tangents(recurrence: Recurrence, primals: Any, tangents: Any) -> tuple[Any, Any]:
    kernel, constants, carry, inputs = primals
    of_kernel, of_constants, of_carry, of_inputs = tangents
    turned = kernel.T

    def loop(added: jax.Array, constants: Any, carry: Any, inputs: Any) -> tuple[Any, Any]:
        def step(carry: Any, given: Any) -> tuple[Any, Any]:
            added, inputs = given
            multiplied = recurrence.output(carry)
            product = _product(multiplied, kernel, turned) + added
            after, output = recurrence.step(carry, inputs, product, constants)
            return after, (output, multiplied)

        return _scan(recurrence, step, carry, (added, inputs))

    steps = len(jax.tree.leaves(inputs)[0])
    nothing = jnp.zeros_like(recurrence.output(carry) @ kernel)
    added = jnp.broadcast_to(nothing, (steps, *nothing.shape))
    (after, (outputs, multiplied)), tangent = jax.linearize(loop, added, constants, carry, inputs)
    after_tangent, (outputs_tangent, _) = tangent(
        multiplied @ of_kernel, of_constants, of_carry, of_inputs
    )
    return (after, outputs), (after_tangent, outputs_tangent)


@jax.custom_jvp
def _product(x: jax.Array, kernel: jax.Array, turned: jax.Array) -> jax.Array:
    """The product with a constant kernel, whose gradient is one with the turned kernel.

    Going back multiplies with the kernel the other way round, which is faster if it lies so.
    """
    return x @ kernel


@_product.defjvp
def _product_tangents(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    x, kernel, turned = primals
    return x @ kernel, jax.lax.dot_general(tangents[0], turned, (((x.ndim - 1,), (1,)), ((), ())))


def _scan(recurrence: Recurrence, step: Callable[..., Any], carry: Any, inputs: Any) -> Any:
    return jax.lax.scan(step, carry, inputs, reverse=recurrence.reverse, unroll=recurrence.unroll)
