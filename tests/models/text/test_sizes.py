"""The presets have the sizes of their papers, and of the files that others load."""

import jax
import pytest

import jax_metrics as jm

# Also what transformers counts: see tests/parity/test_models_*.py.
NUMBERS = [
    (jm.models.GPT2, "gpt2", {}, 124_439_808),
    (jm.models.GPT2, "gpt2-medium", {}, 354_823_168),
    (jm.models.GPT2, "gpt2-large", {}, 774_030_080),
    (jm.models.GPT2, "gpt2-xl", {}, 1_557_611_200),
    (jm.models.Llama, "smollm2-135m", {}, 134_515_008),
    (jm.models.Llama, "smollm2-360m", {}, 361_821_120),
    (jm.models.Llama, "smollm2-1.7b", {}, 1_711_376_384),
    (jm.models.Llama, "llama-3.2-1b", {}, 1_235_814_400),
    (jm.models.Llama, "llama-3.2-3b", {}, 3_212_749_824),
    (jm.models.Llama, "tinyllama-1.1b", {}, 1_100_048_384),
    (jm.models.Bert, "bert-base-uncased", {"pooling": "cls", "head": "pooler"}, 109_482_240),
    (jm.models.Bert, "bert-base-uncased", {"head": "masked_language"}, 109_514_298),
    (jm.models.Bert, "bert-base-cased", {"pooling": "cls", "head": "pooler"}, 108_310_272),
    (jm.models.Bert, "bert-large-uncased", {"pooling": "cls", "head": "pooler"}, 335_141_888),
    (jm.models.Bert, "bert-tiny", {"pooling": "cls", "head": "pooler"}, 4_385_920),
    (jm.models.Bert, "minilm-l6", {"head": "pooler"}, 22_713_216),
    (jm.models.Bert, "minilm-l12", {"head": "pooler"}, 33_360_000),
]
QUICK = {"gpt2", "minilm-l6"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "preset", "changes", "number"),
    [
        pytest.param(*row, id=f"{row[1]}-{i}", marks=[pytest.mark.slow] * (row[1] not in QUICK))
        for i, row in enumerate(NUMBERS)
    ],
)
def test_number_of_parameters(cls, preset, changes, number):
    model = cls.preset(preset, **changes)
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(shapes) == number


def test_the_table_is_complete():
    known = {(cls, preset) for cls, preset, *_ in NUMBERS}
    classes = (jm.models.GPT2, jm.models.Llama, jm.models.Bert)
    assert known == {(cls, preset) for cls in classes for preset in cls.presets}
