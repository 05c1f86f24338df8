"""MobileNetV3 against torchvision's network, written out here."""

import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import TORCHVISION_MOBILENET_V3_FORMAT

torch = pytest.importorskip("torch")
nn = torch.nn

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 72, 56)).astype(np.float32)
NHWC = IMAGES.transpose(0, 2, 3, 1)

# Kernel, features inside, features, squeeze, activation, strides: the tables 1 and 2 of the paper.
LARGE = """3 16 16 - RE 1; 3 64 24 - RE 2; 3 72 24 - RE 1; 5 72 40 SE RE 2; 5 120 40 SE RE 1;
5 120 40 SE RE 1; 3 240 80 - HS 2; 3 200 80 - HS 1; 3 184 80 - HS 1; 3 184 80 - HS 1;
3 480 112 SE HS 1; 3 672 112 SE HS 1; 5 672 160 SE HS 2; 5 960 160 SE HS 1; 5 960 160 SE HS 1"""
SMALL = """3 16 16 SE RE 2; 3 72 24 - RE 2; 3 88 24 - RE 1; 5 96 40 SE HS 2; 5 240 40 SE HS 1;
5 240 40 SE HS 1; 5 120 48 SE HS 1; 5 144 48 SE HS 1; 5 288 96 SE HS 2; 5 576 96 SE HS 1;
5 576 96 SE HS 1"""


def conv_norm(before, after, kernel, stride=1, groups=1, activation=None):
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(after, eps=1e-3)
    return nn.Sequential(conv, norm, *([] if activation is None else [activation()]))


class Squeeze(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        scale = self.fc2(self.fc1(x.mean((2, 3), keepdim=True)).relu())
        return x * nn.functional.hardsigmoid(scale)


class Block(nn.Module):
    def __init__(self, channels, row, number):
        super().__init__()
        kernel, inside, features, squeeze, activation, stride = row.split()
        kernel, inside, features, stride = map(int, (kernel, inside, features, stride))
        activation = nn.Hardswish if activation == "HS" else nn.ReLU
        self.features, self.adds = features, stride == 1 and channels == features
        self.block = nn.Sequential()
        if inside != channels:
            self.block.append(conv_norm(channels, inside, 1, activation=activation))
        self.block.append(conv_norm(inside, inside, kernel, stride, inside, activation))
        if squeeze == "SE":
            # A quarter, rounded to a multiple of 8.
            hidden = {16: 8, 72: 24, 96: 24, 120: 32, 144: 40, 240: 64, 288: 72, 480: 120,
                      576: 144, 672: 168, 960: 240}  # fmt: skip
            self.block.append(Squeeze(inside, hidden[inside]))
        self.block.append(conv_norm(inside, features, 1))

    def forward(self, x):
        return x + self.block(x) if self.adds else self.block(x)


class Reference(nn.Module):
    def __init__(self, table, hidden):
        super().__init__()
        channels, layers = 16, [conv_norm(3, 16, 3, 2, activation=nn.Hardswish)]
        for number, row in enumerate(table.split(";")):
            layers.append(Block(channels, row, number))
            channels = layers[-1].features
        layers.append(conv_norm(channels, 6 * channels, 1, activation=nn.Hardswish))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, hidden), nn.Hardswish(), nn.Dropout(0.2),
            nn.Linear(hidden, 1000),
        )  # fmt: skip

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


@pytest.mark.parametrize(
    ("size", "table", "hidden"), [("small", SMALL, 1024), ("large", LARGE, 1280)]
)
def test_torchvision(weights, size, table, hidden):
    torch.manual_seed(0)
    theirs = weights.randomized(Reference(table, hidden))
    model = TORCHVISION_MOBILENET_V3_FORMAT.from_config({"architecture": f"mobilenet_v3_{size}"})
    ours = weights.carried_over(TORCHVISION_MOBILENET_V3_FORMAT, theirs, model)
    assert isinstance(ours, jm.models.MobileNetV3)
    parts, logits = weights.outputs(ours, NHWC)
    x = torch.tensor(IMAGES)
    with torch.no_grad():
        expected = theirs(x)
        for i, (part, layer) in enumerate(zip(parts, theirs.features, strict=True)):
            weights.assert_close(part, x := layer(x), f"part {i}")
    weights.assert_close(logits, expected)
    assert np.array_equal(np.argsort(logits)[:, -5:], expected.argsort()[:, -5:])
