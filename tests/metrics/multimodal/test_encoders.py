"""Encoders and texts that users give, and points that coincide."""

import numpy as np
import pytest

from jax_metrics import metrics

ROWS = np.float32([[1, 0], [0, 2]])


@pytest.mark.slow
def test_strings_are_read_on_the_host():
    def tokenizer(texts):
        return np.float32([[len(text), 0] for text in texts])

    score = metrics.CLIPScore(tokenizer=tokenizer)
    assert not score.jittable and metrics.CLIPScore().jittable
    assert score(source=ROWS, target=["a cat", "a dog"]) == 50


def test_a_negative_mean_counts_as_zero():
    assert metrics.clip_score(ROWS, -ROWS) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompts": "quality"}, "prompts must be a sequence of names"),
        ({"prompts": ("qualities",)}, "no pair of texts 'qualities'.*Did you mean `quality`"),
        ({"prompts": ("noisiness", "noisiness")}, "prompts must differ .*'noisiness' is repeated"),
        ({"prompts": (("a", "b", "c"),)}, "A pair of texts must have two of them"),
        ({"text_encoder": lambda texts: ROWS[:1]}, "one embedding for each of 2 texts"),
        ({"data_range": 0}, "data_range must be greater than 0"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        metrics.CLIPImageQualityAssessment(**{"text_encoder": lambda texts: ROWS} | options)


def test_a_single_pair_of_texts_has_a_single_value():
    quality = metrics.CLIPImageQualityAssessment(
        text_encoder=lambda texts: ROWS, image_encoder=lambda x: x.mean((1, 2)), data_range=255
    )
    assert quality(images=np.full((1, 4, 4, 2), 255, np.uint8)) == 0.5


@pytest.mark.parametrize("indices", [[], [-1]])
def test_indices_of_lips(indices):
    with pytest.raises(ValueError, match="mouth_map must be the indices of the vertices"):
        metrics.LipVertexError(mouth_map=indices)
