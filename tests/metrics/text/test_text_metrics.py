"""What all metrics of strings have in common: inputs, masks, weights, merging and devices."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from jax_metrics import metrics
from jax_metrics.metrics import (
    BERTScore,
    BLEUScore,
    CharErrorRate,
    CHRFScore,
    EditDistance,
    ExtendedEditDistance,
    InfoLM,
    MatchErrorRate,
    Metrics,
    ROUGEScore,
    SacreBLEUScore,
    SQuAD,
    TextExactMatch,
    TextMetric,
    TranslationEditRate,
    WordErrorRate,
    WordInfoLost,
    WordInfoPreserved,
)

TARGET = ["the cat sat on the mat", "a dog", "to be or not to be", "is it so", "on the mat", "yes"]
PREDS = ["a cat sat on the mat", "a dog", "not to be or to be at all", "it is", "on mat", "no"]
SEVERAL = [[t, p.upper(), "the mat"] for t, p in zip(TARGET, PREDS, strict=True)]


def tokenizer(texts):
    ids = np.array([[ord(letter) % 32 for letter in text.ljust(8)[:8]] for text in texts])
    return {"input_ids": ids, "attention_mask": ids != 0}


def encoder(ids, mask):
    return np.eye(32, dtype=np.float32)[ids] + np.arange(32, dtype=np.float32) / 32


SINGLE = [
    WordErrorRate(),
    CharErrorRate(),
    MatchErrorRate(),
    WordInfoPreserved(),
    WordInfoLost(),
    EditDistance(),
    InfoLM(tokenizer=tokenizer, encoder=encoder, mask_id=31, batch_size=8),
]
REFERENCES = [
    BLEUScore(n_gram=2),
    SacreBLEUScore(n_gram=2, smooth="exp"),
    CHRFScore(),
    ROUGEScore(),
    TranslationEditRate(),
    ExtendedEditDistance(),
    TextExactMatch(),
    SQuAD(),
    BERTScore(tokenizer=tokenizer, encoder=encoder, batch_size=32),
]
ALL = [(metric, TARGET) for metric in SINGLE] + [(metric, SEVERAL) for metric in REFERENCES]


def name_of(value):
    return type(value).__name__ if isinstance(value, TextMetric) else ""


def value_of(metric, target, preds, **options):
    return metric.neutral().update(target=target, preds=preds, **options).compute()


def assert_same(found, expected):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    np.testing.assert_allclose(jax.tree.leaves(found), jax.tree.leaves(expected), rtol=1e-6)


def test_every_metric_of_strings_is_here():
    classes = {cls for cls in vars(metrics).values() if isinstance(cls, type)}
    text = {cls for cls in classes if issubclass(cls, TextMetric) and cls is not TextMetric}
    assert text == {type(metric) for metric, _ in ALL}


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "target"), ALL, ids=name_of)
def test_parts_masks_and_weights(metric, target):
    whole = value_of(metric, target, PREDS)
    first, second = (
        metric.neutral().update(target=target[part], preds=PREDS[part])
        for part in (slice(2), slice(2, 6))
    )
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), first, second)
    assert_same(stacked.reduce().compute(), whole)
    assert_same(first.merge_state(second).merge_state(metric.neutral()).compute(), whole)
    assert_same(
        first.reset().update(target=np.array(target), preds=np.array(PREDS)).compute(), whole
    )

    padded = {"target": [*target, None], "preds": [*PREDS, 3]}
    assert_same(value_of(metric, **padded, mask=np.arange(7) < 6), whole)
    weight = np.array([1, 0, 2, 1, 0, 3])
    repeated = [list(np.repeat(np.array(one, object), weight, 0)) for one in (target, PREDS)]
    repeated[0] = [one if isinstance(one, str) else list(one) for one in repeated[0]]
    assert_same(value_of(metric, target, PREDS, sample_weight=weight), value_of(metric, *repeated))
    assert_same(value_of(metric, target, PREDS, mask=np.zeros(6, bool)), metric.neutral().compute())


@pytest.mark.parametrize(("metric", "target"), ALL, ids=name_of)
def test_single_strings(metric, target):
    several = target[0]
    assert_same(value_of(metric, several, PREDS[0]), value_of(metric, [several], [PREDS[0]]))
    assert_same(value_of(metric, [], []), metric.neutral().compute())


@pytest.mark.parametrize("metric", REFERENCES, ids=name_of)
def test_references_are_checked(metric):
    with pytest.raises(ValueError, match=r"target\[1\] has no reference; give at least one string"):
        metric.neutral().update(target=["a", []], preds=["a", "b"])
    with pytest.raises(TypeError, match=r"target\[1\]\[0\] must be a string, but is a float"):
        metric.neutral().update(target=["a", [0.5]], preds=["a", "b"])
    with pytest.raises(ValueError, match="an entry, a string or a list of references, for each"):
        metric.neutral().update(target=["a"], preds=["a", "b"])


def test_counts_stay_exact():
    metric = EditDistance(reduction="sum")
    metric.update(target=["a"], preds=[""], sample_weight=np.array([2.0**24]))
    metric.update(target=["a", "bc"], preds=["", ""])
    assert int(metric.totals.high[0]) + int(metric.totals.low[0]) == 2**24 + 3


def test_states_of_devices_are_merged():
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    split, whole = PartitionSpec("batch"), PartitionSpec()
    parts = [
        WordErrorRate().update(target=TARGET[part], preds=PREDS[part])
        for part in (slice(2), slice(2, 6))
    ]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts)

    @jax.jit
    @functools.partial(jax.shard_map, mesh=mesh, in_specs=split, out_specs=whole)
    def synced(metric):
        return jax.tree.map(lambda leaf: leaf[0], metric).sync("batch")

    assert_same(synced(stacked).compute(), metrics.word_error_rate(TARGET, PREDS))


def test_in_a_collection_with_ids():
    collection = Metrics([WordErrorRate(), CharErrorRate()])
    values = collection(target=["a b", "c"], preds=["a", "d"], mask=np.array([True, False]))
    assert {name: float(value) for name, value in values.items()} == pytest.approx(
        {"word_error_rate": 1 / 2, "char_error_rate": 2 / 3}
    )


def test_a_base_needs_statistics():
    with pytest.raises(TypeError, match="TextMetric must define `statistics`"):
        TextMetric(1).update(target="a", preds="b")
