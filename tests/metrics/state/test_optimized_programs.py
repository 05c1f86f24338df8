"""Compensated sums are right in whatever way their programs are compiled.

Optimizing compilers contract a product and a sum into one instruction that rounds once. Where that
happens to one of two uses of a product, the rounding error computed from both is wrong.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import metrics as jm

# Optimization takes most of the time.
pytestmark = pytest.mark.slow

OPTIONS = {
    "optimized": {"xla_backend_optimization_level": 3, "xla_llvm_disable_expensive_passes": False},
    "quick": {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True},
}


def compiled(f, options):
    def run(*args):
        return jax.jit(f).lower(*args).compile(compiler_options=OPTIONS[options])(*args)

    return run


def updated(metric, batches, options):
    for batch in batches:
        metric = compiled(lambda metric, batch: metric.update(**batch), options)(metric, batch)
    return np.asarray(metric.compute(), np.float64)


def batches_of(weighting, outputs=2, constant=False):
    """Batches of numbers around 1e6, and all of them as float64 with their weights."""
    rng = np.random.default_rng(0)
    batches, columns = [], []
    for count in (5, 35, 24):
        target = 1e6 + 0 * rng.normal(size=(count, outputs)) if constant else None
        target = 1e6 + rng.normal(size=(count, outputs)) if target is None else target
        target = target.astype(np.float32)
        preds = (target + 0.5 * rng.normal(size=target.shape)).astype(np.float32)
        weight = np.ones(count, np.float32)
        given = {"target": target, "preds": preds}
        if weighting == "sample_weight":
            weight = given[weighting] = rng.uniform(0, 2, count).astype(np.float32)
        if weighting == "mask":
            given[weighting] = rng.random(count) < 0.7
            weight = given[weighting].astype(np.float32)
        batches.append(given)
        columns.append((target, preds, np.repeat(weight[:, None], outputs, 1)))
    return batches, [np.concatenate(c).astype(np.float64) for c in zip(*columns, strict=True)]


def centred(x, weight):
    return x - (weight * x).sum(0) / weight.sum(0)


def r2(target, preds, weight):
    spread = (weight * centred(target, weight) ** 2).sum(0)
    return 1 - (weight * (target - preds) ** 2).sum(0) / spread


def explained_variance(target, preds, weight):
    spread = (weight * centred(target, weight) ** 2).sum(0)
    return 1 - (weight * centred(target - preds, weight) ** 2).sum(0) / spread


def pearson(target, preds, weight):
    a, b = centred(target, weight), centred(preds, weight)
    return (weight * a * b).sum(0) / np.sqrt((weight * a**2).sum(0) * (weight * b**2).sum(0))


def concordance(target, preds, weight):
    a, b = centred(target, weight), centred(preds, weight)
    gap = ((weight * (target - preds)).sum(0) / weight.sum(0)) ** 2 * weight.sum(0)
    squares = (weight * a**2).sum(0) + (weight * b**2).sum(0)
    return 2 * (weight * a * b).sum(0) / (squares + gap)


RAW = {"num_outputs": 2, "multioutput": "raw_values"}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("weighting", [None, "mask", "sample_weight"])
@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (jm.R2Score(**RAW), r2),
        (jm.ExplainedVariance(**RAW), explained_variance),
        (jm.PearsonCorrCoef(num_outputs=2), pearson),
        (jm.ConcordanceCorrCoef(num_outputs=2), concordance),
    ],
)
def test_moments_under_an_offset(metric, reference, weighting, options):
    batches, columns = batches_of(weighting)
    value = updated(metric, batches, options)
    np.testing.assert_allclose(value, reference(*columns), rtol=1e-5)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("weighting", ["mask", "sample_weight"])
def test_targets_that_are_all_the_same(weighting, options):
    batches, _ = batches_of(weighting, constant=True)
    assert updated(jm.R2Score(**RAW), batches, options).tolist() == [0, 0]
    correlation = updated(jm.PearsonCorrCoef(num_outputs=2), batches, options)
    assert np.isnan(correlation).all()


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("ddof", [0, 1])
def test_variance_over_two_updates(ddof, options):
    parts = [[1e6, 1e6, 1e6 + 1], [1e6, 1e6 - 1, 1e6]]
    batches = [{"values": np.float32(part)} for part in parts]
    expected = np.var(np.concatenate(parts), ddof=ddof)
    value = updated(jm.Variance(ddof=ddof), batches, options)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    value = updated(jm.Std(ddof=ddof), batches, options)
    np.testing.assert_allclose(value, np.sqrt(expected), rtol=1e-6)
    whole = [{"values": np.float32(parts).ravel()}]
    np.testing.assert_allclose(updated(jm.Variance(ddof=ddof), whole, options), expected, rtol=1e-6)


@pytest.mark.parametrize("options", OPTIONS)
def test_totals_of_products(options):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 40, 50)).astype(np.float32)
    total = jm.Total.zeros((50,))
    add = compiled(lambda total, a, b: (total + a * b) + a[::-1] * b, options)
    exact = np.zeros(50)
    for x, y in zip(a, b, strict=True):
        total = add(total, x, y)
        exact += np.float64(x) * y + np.float64(x[::-1]) * y
    # A product may be rounded or not, but its rounding must not be lost from one sum alone.
    value = np.asarray(total.high, np.float64) + np.asarray(total.low, np.float64)
    np.testing.assert_allclose(value, exact, atol=40 * 3e-8)
    single = compiled(lambda total, x: total + x[0] * x[1], options)(jm.Total(1e8), jnp.ones(2))
    assert int(single) == 10**8 + 1


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("merge", ["merged", "reduced"])
def test_merged_states(merge, options):
    batches, columns = batches_of("sample_weight")
    update = compiled(lambda metric, batch: metric.update(**batch), options)
    parts = [update(jm.R2Score(**RAW), batch) for batch in batches]
    if merge == "merged":
        join = compiled(lambda a, b: a.merge_state(b), options)
        whole = join(join(parts[0], parts[1]), parts[2])
    else:
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)
        whole = compiled(lambda metric: metric.reduce(), options)(stacked)
    np.testing.assert_allclose(whole.compute(), r2(*columns), rtol=1e-5)
