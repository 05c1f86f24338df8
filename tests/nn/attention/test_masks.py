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


@pytest.mark.slow
def test_functions_of_attention_are_those_of_flax():
    query = jnp.arange(40.0).reshape(1, 5, 2, 4)
    for name in ("dot_product_attention", "dot_product_attention_weights"):
        arrays = [query] * (3 if name == "dot_product_attention" else 2)
        ours, theirs = getattr(nn, name), getattr(linen, name)
        mask = jnp.tril(jnp.ones((5, 5), bool))
        assert (ours(*arrays, mask=mask) == theirs(*arrays, mask=mask)).all()
        assert ours(*arrays, jnp.zeros((5, 5))).shape == theirs(*arrays).shape  # a bias passes


@pytest.mark.slow
def test_a_layer_that_decodes_accepts_the_function():
    x = jnp.ones((1, 3, 4))
    layer = nn.SelfAttention(2, decode=True, attention_fn=nn.dot_product_attention).init(0, x)
    assert layer(x[:, :1]).shape == (1, 1, 4)
