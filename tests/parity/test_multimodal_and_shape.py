"""Metrics of images with texts, of faces with speech, and of shapes against torchmetrics."""

import numpy as np
import pytest

from jax_metrics import metrics

pytest.importorskip("torch")


@pytest.fixture
def torch():
    pytest.importorskip("torchmetrics")
    return pytest.importorskip("torch")


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-7)


def test_clip(torch):
    from torchmetrics.functional.multimodal import clip_score

    class Model:
        config = None

        def to(self, device):
            return self

        def get_image_features(self, pixels):
            return pixels.mean((2, 3)).double()

        def get_text_features(self, ids, mask):
            return ids.double()

    def processor(images=None, text=None, **options):
        if text is not None:
            ids = torch.tensor([[len(x), 3, 1] for x in text])
            return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        return {"pixel_values": torch.stack(images)}

    texts = ["a cat", "two dogs", "a tree in spring"]
    source = np.float32(np.random.default_rng(0).uniform(size=(3, 48, 44, 3)))
    images = [torch.tensor(np.moveaxis(x, -1, 0)) for x in source]
    expected = clip_score(images, texts, lambda: (Model(), processor))
    metric = metrics.CLIPScore(
        source_encoder=lambda x: x.mean((1, 2)),
        tokenizer=lambda texts: np.array([[len(x), 3, 1] for x in texts], np.float32),
    )
    assert_close(metric(source=source, target=texts), expected)


def test_lips_and_shapes(torch):
    from torchmetrics.functional.multimodal import lip_vertex_error
    from torchmetrics.functional.shape import procrustes_disparity

    target, preds = np.random.default_rng(0).normal(size=(2, 6, 9, 3))
    ours, theirs = (np.float32(target), np.float32(preds)), (preds, target)
    given = [torch.tensor(np.float32(x)).double() for x in theirs]
    assert_close(
        metrics.lip_vertex_error(*ours, mouth_map=[1, 4]), lip_vertex_error(*given, [1, 4])
    )
    expected = procrustes_disparity(*given[::-1], return_all=True)
    for found, one in zip(metrics.procrustes(*ours), expected, strict=True):
        assert_close(found, one)
