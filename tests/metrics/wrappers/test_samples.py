"""The samples of bootstraps and comparisons in parts of the data that are merged."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import ConfidenceInterval, MeanSquaredError, PairedComparison

QUERY = np.repeat(np.arange(6), 3)
FOUND = {"target": np.tile([0, 1, 0], 6), "preds": np.tile([0.9, 0.8, 0.3], 6).astype(np.float32)}
PARTS = np.split(np.random.default_rng(1).permutation(18), 2)  # of queries


def of_documents(metric, part):
    return metric.update(**{n: x[part] for n, x in FOUND.items()}, indexes=QUERY[part])


@pytest.mark.slow
@pytest.mark.parametrize("way", ["call", "merge", "running"])
def test_documents_of_a_query_in_several_parts_are_drawn_together(way):
    """Merging parts keeps their samples in order and the key as it is."""
    recall = jm.metrics.RetrievalRecall(top_k=2, capacity=18)
    interval = ConfidenceInterval(recall, num_bootstraps=20)
    if way == "call":
        for part in PARTS:
            interval(**{n: x[part] for n, x in FOUND.items()}, indexes=QUERY[part])
    elif way == "merge":
        first, second = (of_documents(jm.copy(interval), part) for part in PARTS)
        interval = first.merge_state(second)
    else:
        interval = jm.metrics.Running(interval, window=2)
        for part in (*PARTS, *PARTS):
            of_documents(interval, part)
    assert interval.compute() == {"value": 1, "lower": 1, "upper": 1}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["merge", "reduce", "scan", "running", "call"])
def test_parts_that_began_with_the_same_key_do_not_vary_together(way):
    """Drawn alike, the sums of values and of their opposites would cancel in each sample."""
    values = np.random.default_rng(0).normal(size=(4, 100)).astype(np.float32)
    parts = np.concatenate([values[:2], -values[:2]])
    strapped = jm.metrics.BootStrapper(jm.metrics.Mean(), num_bootstraps=300)
    if way == "merge":
        halves = [jm.copy(strapped).update(x.ravel()) for x in np.split(parts, 2)]
        strapped = halves[0] + halves[1]
    elif way == "reduce":
        strapped = jax.vmap(lambda x: strapped.batch_updates(x))(parts).reduce()
    elif way == "scan":
        merge = lambda m, x: (jm.copy(m).merge_state(strapped.batch_updates(x)), None)  # noqa: E731
        strapped, _ = jax.lax.scan(merge, strapped, parts)
    elif way == "running":
        strapped = jm.metrics.Running(strapped, window=4)
        for part in (values[3], *parts):
            strapped.update(part)
    else:
        for part in parts:
            strapped(part)
    expected = parts.std() / np.sqrt(parts.size)
    assert float(strapped.compute()["std"]) == pytest.approx(expected, rel=0.2)


@pytest.mark.slow
def test_merged_comparisons_do_not_vary_together():
    """The second part swaps the models, so that samples drawn alike would have no difference."""
    preds, baseline = np.random.default_rng(0).normal(size=(2, 200)).astype(np.float32)
    comparison = PairedComparison(MeanSquaredError(), num_samples=200)
    first, second = (
        jm.copy(comparison).update(target=0 * preds, preds=one, baseline=other)
        for one, other in ((preds, baseline), (baseline, preds))
    )
    value = first.merge_state(second).compute()
    spread = np.sqrt(((preds**2 - baseline**2) ** 2).mean() / 400)
    assert abs(value["difference"]) < 1e-6
    width = float(value["upper"] - value["lower"])
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.2)
    # The permutations are as wide: only a large difference is rare among them.
    third = jm.copy(comparison).update(target=0 * preds, preds=2 * preds, baseline=baseline)
    assert first.merge_state(third).compute()["p_value"] < 0.05 < value["p_value"]
