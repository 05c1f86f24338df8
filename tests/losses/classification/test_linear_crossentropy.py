"""The crossentropy of a linear layer: the values of the whole, with less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.losses import LinearCrossentropy, crossentropy, linear_crossentropy

rng = np.random.default_rng(0)
TARGET = rng.integers(0, 7, (3, 5))
HIDDEN = rng.normal(size=(3, 5, 4)).astype(np.float32)
KERNEL = rng.normal(size=(4, 7)).astype(np.float32)
BIAS = rng.normal(size=7).astype(np.float32)
MASK = rng.random((3, 5)) < 0.7


@pytest.mark.slow
@pytest.mark.parametrize(
    "chunk", [4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 15, 100))]
)
@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"ignore_index": 3}], ids=str)
def test_values_and_gradients_are_those_of_the_whole(chunk, options):
    weight = rng.uniform(0.5, 2, (3, 5)).astype(np.float32)

    def whole(hidden, kernel, bias):
        losses = crossentropy(TARGET, hidden @ kernel + bias, **options)
        return (weight * losses).sum(), losses

    def in_parts(hidden, kernel, bias):
        losses = linear_crossentropy(
            TARGET, hidden, kernel=kernel, bias=bias, chunk=chunk, **options
        )
        return (weight * losses).sum(), losses

    (_, expected), expected_grads = jax.value_and_grad(whole, (0, 1, 2), True)(HIDDEN, KERNEL, BIAS)
    (_, found), grads = jax.jit(jax.value_and_grad(in_parts, (0, 1, 2), True))(HIDDEN, KERNEL, BIAS)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    for mine, other in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_gradients_of_16_bits_are_summed_in_32():
    target = np.arange(512) % 7
    hidden = np.random.default_rng(1).normal(size=(512, 4)).astype(np.float32)

    def total(kernel, bias):
        return linear_crossentropy(target, hidden, kernel=kernel, bias=bias, chunk=1).sum()

    short = [jnp.asarray(array, jnp.bfloat16) for array in (KERNEL, BIAS)]
    found = jax.jit(jax.grad(total, (0, 1)))(*short)
    expected = jax.grad(total, (0, 1))(*(array.astype(np.float32) for array in short))
    for mine, other in zip(found, expected, strict=True):
        assert mine.dtype == jnp.bfloat16
        # The last step rounds to 8 bits.
        np.testing.assert_allclose(mine.astype(np.float32), other, rtol=2**-8)


@pytest.mark.slow
def test_the_class_masks_and_reduces():
    loss = LinearCrossentropy(chunk=4)
    found = loss(target=TARGET, preds=HIDDEN, kernel=KERNEL, mask=MASK)
    whole = jm.losses.Crossentropy()(target=TARGET, preds=HIDDEN @ KERNEL, mask=MASK)
    assert found == pytest.approx(float(whole), rel=1e-5)
    ignoring = LinearCrossentropy(chunk=4, ignore_index=3)
    found = ignoring(target=TARGET, preds=HIDDEN, kernel=KERNEL)
    whole = jm.losses.Crossentropy(ignore_index=3)(target=TARGET, preds=HIDDEN @ KERNEL)
    assert found == pytest.approx(float(whole), rel=1e-5)


def test_the_logits_are_never_held_whole():
    """Half a million logits a chunk, of 16 million in all."""
    tokens, features, classes = 2048, 8, 8192

    def memory(loss_fn):
        shapes = [
            jax.ShapeDtypeStruct(shape, dtype)
            for shape, dtype in (
                ((tokens,), jnp.int32),
                ((tokens, features), jnp.float32),
                ((features, classes), jnp.float32),
            )
        ]
        program = jax.jit(jax.grad(loss_fn, (1, 2))).lower(*shapes).compile()
        return program.memory_analysis().temp_size_in_bytes

    whole = memory(lambda y, x, w: crossentropy(y, x @ w).sum())
    parts = memory(lambda y, x, w: linear_crossentropy(y, x, kernel=w, chunk=64).sum())
    assert whole >= 4 * tokens * classes
    assert parts < whole / 8


@pytest.mark.parametrize(
    "changed, error, message",
    [
        ({"preds": HIDDEN[:, 1:]}, ValueError, "preds must be the inputs of the last layer"),
        ({"target": TARGET.astype(float)}, TypeError, "target must be labels as integers"),
        ({"kernel": KERNEL.T}, ValueError, r"kernel must be \[features, classes\] with 4 features"),
        ({"bias": BIAS[1:]}, ValueError, "bias must have one value for each of 7 classes"),
        ({"chunk": 0}, ValueError, "chunk must be a whole number of at least 1, but is 0"),
        ({"target": TARGET + 7}, ValueError, "target holds the label"),
    ],
)
def test_mistakes(changed, error, message):
    arguments = {"target": TARGET, "preds": HIDDEN, "kernel": KERNEL, **changed}
    with pytest.raises(error, match=message):
        linear_crossentropy(arguments.pop("target"), arguments.pop("preds"), **arguments)
