"""ConvNeXt against transformers, and against torchvision's network, written out here."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import CONVNEXT_FORMAT, TORCHVISION_CONVNEXT_FORMAT

torch = pytest.importorskip("torch")
nn = torch.nn

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 72, 64)).astype(np.float32)
NHWC = IMAGES.transpose(0, 2, 3, 1)


def test_transformers(weights, tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.ConvNextConfig(
        hidden_sizes=[8, 16, 24, 32], depths=[2, 1, 3, 1], num_labels=5, drop_path_rate=0.2
    )
    torch.manual_seed(0)
    theirs = weights.randomized(transformers.ConvNextForImageClassification(config))
    model = CONVNEXT_FORMAT.from_config(config.to_dict())
    rates = [block.drop.rate for stage in model.features[1:] for block in stage.blocks]
    drops = [m for m in theirs.modules() if type(m).__name__ == "ConvNextDropPath"]
    np.testing.assert_allclose(rates[1:], [drop.drop_prob for drop in drops], rtol=1e-6)
    ours = weights.carried_over(CONVNEXT_FORMAT, theirs, model)
    with torch.no_grad():
        expected = theirs(torch.tensor(IMAGES), output_hidden_states=True)
        stem = theirs.convnext.embeddings(torch.tensor(IMAGES))
    parts, logits = weights.outputs(ours, NHWC)
    weights.assert_close(parts[0], stem)
    for i, hidden in enumerate(expected.hidden_states[-4:], 1):
        weights.assert_close(parts[i], hidden, f"stage {i}")
    weights.assert_close(logits, expected.logits)

    jm.models.save_pretrained(ours, tmp_path)
    theirs = weights.loaded_by_transformers(type(theirs), tmp_path)
    theirs.convnext.save_pretrained(tmp_path / "body")
    body = jm.models.from_pretrained(tmp_path / "body")
    with torch.no_grad():
        expected = theirs.convnext(torch.tensor(IMAGES)).pooler_output
        weights.assert_close(logits, theirs(torch.tensor(IMAGES)).logits)
    weights.assert_close(jax.jit(body)(NHWC), expected)


class Norm(nn.LayerNorm):
    """A LayerNorm over the channels of `[batch, channels, height, width]`."""

    def __init__(self, width):
        super().__init__(width, eps=1e-6)

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Swap(nn.Module):
    """Moves an axis: the place of a permutation in torchvision's list."""

    def __init__(self, source, target):
        super().__init__()
        self.axes = source, target

    def forward(self, x):
        return x.movedim(*self.axes)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(width, width, 7, padding=3, groups=width), Swap(1, -1),
            nn.LayerNorm(width, eps=1e-6), nn.Linear(width, 4 * width), nn.GELU(),
            nn.Linear(4 * width, width), Swap(-1, 1),
        )  # fmt: skip
        self.layer_scale = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x):
        return x + self.layer_scale * self.block(x)


class Reference(nn.Module):
    def __init__(self, depths, widths):
        super().__init__()
        layers = [nn.Sequential(nn.Conv2d(3, widths[0], 4, 4), Norm(widths[0]))]
        for i, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            if i > 0:
                conv = nn.Conv2d(widths[i - 1], width, 2, 2)
                layers.append(nn.Sequential(Norm(widths[i - 1]), conv))
            layers.append(nn.Sequential(*[Block(width) for _ in range(depth)]))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            Norm(widths[-1]), nn.Flatten(1), nn.Linear(widths[-1], 1000)
        )

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3), keepdim=True))


def test_torchvision(weights):
    torch.manual_seed(0)
    depths, widths = (1, 2, 1, 1), (96, 192, 384, 768)
    theirs = weights.randomized(Reference(depths, widths))
    model = jm.models.ConvNeXt.preset("tiny", depths=depths)
    ours = weights.carried_over(TORCHVISION_CONVNEXT_FORMAT, theirs, model)
    parts, logits = weights.outputs(ours, NHWC)
    x = torch.tensor(IMAGES)
    with torch.no_grad():
        expected = theirs(x)
        for i, layer in enumerate(theirs.features):
            x = layer(x)
            if i % 2 == 1 or i == 0:  # what lies between stages is in the next one of ours
                weights.assert_close(parts[(i + 1) // 2], x, f"part {i}")
    weights.assert_close(logits, expected)
    assert np.array_equal(np.argsort(logits)[:, -5:], expected.argsort()[:, -5:])
