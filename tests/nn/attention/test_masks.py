import flax.linen as linen
import jax.numpy as jnp
import pytest

from jax_metrics import nn

VALID = jnp.array([[True, True, False]])


@pytest.mark.parametrize(
    "make",
    [
        lambda module, **options: module.make_attention_mask(VALID, VALID, **options),
        lambda module, **options: module.make_causal_mask(VALID, **options),
        lambda module, **options: module.combine_masks(VALID, None, ~VALID, **options),
    ],
)
def test_masks_are_those_of_linen_in_booleans(make):
    mask = make(nn)
    assert mask.dtype == bool
    assert (mask == make(linen)).all()
    assert make(nn, dtype=jnp.float32).dtype == jnp.float32


def test_nothing_to_combine():
    assert nn.combine_masks(None, None) is None
