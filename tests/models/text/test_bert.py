import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models._unit_length import unit_length

TOKENS = np.array([[3, 1, 4, 1], [2, 7, 0, 0]])
KEEP = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def made(**options):
    model = jm.models.Bert(11, 8, 2, 2, max_length=6, **options)
    return model.init(0, model.example_inputs()).eval()


@jax.jit
def call(model, tokens, **options):
    return model(tokens, **options)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_padding_changes_no_embedding(pooling):
    model = made(pooling=pooling, normalize=True)
    found = call(model, TOKENS, padding_mask=KEEP)
    np.testing.assert_allclose(jnp.linalg.norm(found, axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(found[1:], call(model, TOKENS[1:, :2]), **CLOSE)
    # Padding may come first, too.
    turned = call(model, TOKENS[:, ::-1], padding_mask=KEEP[:, ::-1], positions=np.arange(4)[::-1])
    if pooling != "cls":
        np.testing.assert_allclose(turned, found, **CLOSE)


@pytest.mark.slow
def test_pool_tokens():
    hidden = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    keep = np.array([[1, 1, 1, 1], [0, 1, 1, 0], [0, 0, 0, 0]], bool)
    hidden[~keep] = np.nan
    expected = {
        "mean": [hidden[0].mean(0), hidden[1, 1:3].mean(0)],
        "max": [hidden[0].max(0), hidden[1, 1:3].max(0)],
        "cls": [hidden[0, 0], hidden[1, 1]],
    }
    for how, rows in expected.items():
        found = jm.models.pool_tokens(hidden, how, padding_mask=keep)
        np.testing.assert_allclose(found, [*rows, np.zeros(5)], rtol=1e-5)
    np.testing.assert_array_equal(jm.models.pool_tokens(hidden[:1], "cls"), hidden[:1, 0])


@pytest.mark.parametrize("mask", [KEEP.astype(int), np.where(KEEP, 0, -np.inf)])
@pytest.mark.parametrize(
    "call", [jm.models.pool_tokens, lambda *args, **mask: made()(TOKENS, **mask)]
)
def test_masks_are_boolean(call, mask):
    with pytest.raises(TypeError, match="expects booleans for `padding_mask`, True where a value"):
        call(np.ones((2, 4, 3)), padding_mask=mask)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
def test_vectors_of_zeros_have_finite_gradients(dtype):
    """As those of rows that are all padding."""
    x = jnp.array([[3.0, -4.0], [0.0, 0.0], [300.0, 400.0]], dtype)

    def total(x):
        unit = unit_length(x)
        return unit.astype(jnp.float32)[:, 0].sum(), unit

    gradient, unit = jax.grad(total, has_aux=True)(x)
    assert unit.dtype == dtype
    np.testing.assert_allclose(unit, [[0.6, -0.8], [0, 0], [0.6, 0.8]], rtol=0.01)
    np.testing.assert_allclose(gradient[0], [0.128, 0.096], rtol=0.02)
    assert jnp.isfinite(gradient).all()


@pytest.mark.slow
def test_a_row_of_padding_has_finite_gradients():
    model = made(pooling="mean", head=jm.Linear(3), normalize=True)
    keep = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], bool)
    grads, _ = jm.grad(lambda model: model(TOKENS, padding_mask=keep)[0].sum())(model)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


@pytest.mark.slow
def test_heads():
    logits = call(made(head="masked_language"), TOKENS, padding_mask=KEEP)
    assert logits.shape == (2, 4, 11)
    pooled = call(made(head="pooler", pooling="cls"), TOKENS)
    assert pooled.shape == (2, 8) and (abs(pooled) <= 1).all()
    assert call(made(head=jm.Linear(3), pooling="mean"), TOKENS).shape == (2, 3)
    model = made()
    hidden = call(model, TOKENS)
    np.testing.assert_array_equal(hidden, jax.jit(lambda m: m.features(TOKENS))(model))
    changed = made(pooling="cls").replace(head=jm.Linear(3)).init(1, TOKENS)
    assert call(changed, TOKENS).shape == (2, 3)


@pytest.mark.slow
def test_the_masked_language_head_has_the_embedding():
    model = made(head="masked_language")
    assert jm.ties(model) == {".head.decoder.kernel": ".features.embed.tokens.embedding"}
    grads, _ = jm.grad(lambda model: model(TOKENS).std())(model)
    assert (abs(grads.features.embed.tokens.embedding) > 0).all(1).all()  # also of other tokens


@pytest.mark.slow
def test_segments_and_positions_matter():
    model = made()
    plain = call(model, TOKENS)
    assert not jnp.allclose(call(model, TOKENS, segments=np.ones((2, 4), int)), plain, atol=1e-3)
    assert not jnp.allclose(call(model, TOKENS, positions=np.arange(4)[::-1]), plain, atol=1e-3)
    np.testing.assert_array_equal(call(model, TOKENS, segments=np.zeros((2, 4), int)), plain)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "sum"}, "The pooling is one of 'mean', 'cls', 'max', or None; got 'sum'"),
        ({"head": "nsp"}, "a module for `head`, or 'pooler' or 'masked_language'; got 'nsp'"),
        ({"head": "pooler"}, "'pooler' is for one vector of each sequence. Pass `pooling='cls'`"),
        ({"head": "masked_language", "pooling": "cls"}, "of each token; got `pooling='cls'`"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        jm.models.Bert(11, 8, 2, 2, **options)


def test_longer_sequences_are_refused():
    with pytest.raises(ValueError, match="has 6 positions, from 0; got a sequence that goes to 6"):
        made()(jnp.zeros((1, 7), int))
