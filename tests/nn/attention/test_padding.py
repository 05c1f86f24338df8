"""NaN at positions that a mask leaves out reaches nothing."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 8)), jnp.float32)
VALID = jnp.arange(5) < jnp.array([5, 3])[:, None]
PADDED = jnp.where(VALID[..., None], X, jnp.nan)
KEYS = VALID[:, None, None, :]
BOTH = KEYS & VALID[:, None, :, None]
LINEN = {
    "SelfAttention": nn.SelfAttention,
    "MultiHeadAttention": nn.MultiHeadAttention,
    "MultiHeadDotProductAttention": nn.MultiHeadDotProductAttention,
}
CASES = {
    **{
        f"{name}, {which}": (
            lambda make=make: make(2, normalize_qk=True),
            lambda layer, x, mask=mask: layer(x, mask=mask),
        )
        for name, make in LINEN.items()
        for which, mask in {"keys": KEYS, "queries too": BOTH}.items()
    },
    "keys and values of MultiHeadAttention": (
        lambda: nn.MultiHeadAttention(2),
        lambda layer, x: layer(X, x, x, mask=KEYS),
    ),
    "GroupedQueryAttention, mask": (
        lambda: nn.GroupedQueryAttention(2),
        lambda layer, x: layer(x, mask=BOTH),
    ),
    "GroupedQueryAttention, padding": (
        lambda: nn.GroupedQueryAttention(2, causal=True, rope=nn.RotaryEmbedding()),
        lambda layer, x: layer(x, padding_mask=VALID),
    ),
    "GroupedQueryAttention, weights": (
        lambda: nn.GroupedQueryAttention(2),
        lambda layer, x: layer(X, x, padding_mask=VALID, return_weights=True)[0],
    ),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(2, norm_first=True),
        lambda layer, x: layer(x, padding_mask=VALID),
    ),
    "TransformerDecoderLayer": (
        lambda: nn.TransformerDecoderLayer(2),
        lambda layer, x: layer(x, x, padding_mask=VALID, memory_padding_mask=VALID),
    ),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(2), 2, scan=True),
        lambda layer, x: layer(x, mask=KEYS),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_nan_in_padding_reaches_nothing(name):
    make, call = CASES[name]
    layer = make()
    _, layer = layer.init_with_output(0, (X, X) if "Decoder" in name else X)
    layer = layer.eval()

    @jax.jit
    def step(params, x):
        def loss(params, x):
            y = call(layer.merge(params), x)
            return jnp.where(VALID[..., None], y, 0).sum() ** 2, y

        return jax.grad(loss, (0, 1), has_aux=True)(params, x)

    params = layer.filter(jm.Parameter)
    gradients, y = step(params, PADDED)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves((gradients, y)))
    _, expected = step(params, X)
    np.testing.assert_allclose(y[VALID], expected[VALID], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mask", [KEYS, BOTH, jnp.tril(jnp.ones((1, 1, 5, 5), bool), -1)], ids=["keys", "both", "causal"]
)
def test_finite_values_under_a_mask_return_the_same_as_in_flax(mask):
    layer = nn.MultiHeadAttention(2).init(0, X)
    expected = linen.MultiHeadAttention(2).apply(layer.variables, X, mask=mask)
    np.testing.assert_array_equal(layer(X, mask=mask), expected)
