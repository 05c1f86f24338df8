import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jax_metrics.losses.base import Reduction, Terms, ratio, sum_terms

numbers = st.floats(-100, 100, width=32)
weights = st.floats(0, 10, width=32).map(lambda w: 0.0 if w < 1e-3 else w)


def reduce_terms(*args):
    total, size = sum_terms(*args)
    return total if size is None else ratio(total, size)


@st.composite
def batches(draw):
    """Values, weights and a mask; the latter two cover the first axes or all of them."""
    # Few shapes, as each is compiled separately.
    shape = draw(st.sampled_from([(3,), (2, 3), (1, 2, 2)]))
    values = draw(arrays(np.float32, shape, elements=numbers))
    part = shape[: draw(st.integers(1, len(shape)))]
    weight = draw(arrays(np.float32, part, elements=weights))
    part = shape[: draw(st.integers(1, len(shape)))]
    return values, weight, draw(arrays(bool, part))


def spread(part, values):
    part = part.reshape(part.shape + (1,) * (values.ndim - part.ndim))
    return np.broadcast_to(part, values.shape).astype(float)


def reduce(values, reduction, weight=None, mask=None):
    return np.asarray(reduce_terms(Terms(jnp.asarray(values)), Reduction(reduction), weight, mask))


@pytest.mark.slow
@settings(max_examples=50)
@given(batches())
def test_formulas(batch):
    values, weight, mask = batch
    w, m = spread(weight, values), spread(mask, values)
    total = (m * w * values.astype(float)).sum()
    expected = {
        "none": m * w * values,
        "sum": total,
        "sum_over_batch_size": total / m.sum() if m.sum() else 0,
        "mean_over_weights": total / (m * w).sum() if (m * w).sum() else 0,
    }
    for reduction, result in expected.items():
        found = reduce(values, reduction, weight, mask)
        np.testing.assert_allclose(found, result, rtol=1e-4, atol=2e-2)


@pytest.mark.slow
@settings(max_examples=50)
@given(batches(), st.sampled_from(["sum", "sum_over_batch_size", "mean_over_weights"]))
def test_padding_does_not_matter(batch, reduction):
    values, weight, mask = batch
    padded = np.concatenate([values, np.full_like(values, np.nan)])
    weight_padded = np.concatenate([weight, np.full_like(weight, np.nan)])
    keep = np.concatenate([np.ones(len(values), bool), np.zeros(len(values), bool)])
    np.testing.assert_allclose(
        reduce(padded, reduction, weight_padded, keep),
        reduce(values, reduction, weight),
        rtol=1e-4,
        atol=1e-3,
    )
    np.testing.assert_array_equal(reduce(padded, reduction, weight_padded, keep & False), 0)


@pytest.mark.slow
@settings(max_examples=25)
@given(arrays(np.float32, 5, elements=numbers), arrays(np.int32, 5, elements=st.integers(0, 3)))
def test_weights_count_like_repetitions(values, times):
    repeated = np.repeat(values, times)
    for reduction in ("sum", "mean_over_weights"):
        np.testing.assert_allclose(
            reduce(values, reduction, times), reduce(repeated, reduction), rtol=1e-4, atol=1e-3
        )


def test_terms_with_weights_and_a_mask():
    terms = Terms(
        jnp.array([2.0, 9.0, jnp.nan]), jnp.array([1.0, 3.0, 5.0]), jnp.array([1, 1, 0]) > 0
    )
    assert float(reduce_terms(terms, Reduction.SUM_OVER_BATCH_SIZE)) == 5.5
    assert float(reduce_terms(terms, Reduction.MEAN_OVER_WEIGHTS)) == 11 / 4
    doubled = reduce_terms(terms, Reduction.MEAN_OVER_WEIGHTS, jnp.array([2.0, 0.0, 1.0]))
    assert float(doubled) == pytest.approx(2)
    masked = reduce_terms(terms, Reduction.MEAN_OVER_WEIGHTS, None, jnp.array([False, True, True]))
    assert float(masked) == 3


@pytest.mark.parametrize(
    ("value", "dtype"), [(3_000_000, jnp.int32), (1, jnp.float16), (1, jnp.bfloat16), (True, bool)]
)
def test_integers_and_16_bits_are_added_as_float32(value, dtype):
    count = 100_003
    values = jnp.full(count, value, dtype)
    terms = Terms(values, values)
    assert float(reduce_terms(terms, Reduction.SUM)) == pytest.approx(count * value, rel=1e-6)
    assert float(reduce_terms(terms, Reduction.SUM_OVER_BATCH_SIZE)) == pytest.approx(float(value))
    assert float(reduce_terms(terms, Reduction.MEAN_OVER_WEIGHTS)) == 1
    assert reduce_terms(terms, Reduction.NONE).dtype == jnp.float32
