"""ResNet against transformers, and against torchvision's network, written out here."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import RESNET_FORMAT, TORCHVISION_RESNET_FORMAT

torch = pytest.importorskip("torch")

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 72, 56)).astype(np.float32)
NHWC = IMAGES.transpose(0, 2, 3, 1)


@pytest.mark.parametrize("layer_type", ["basic", "bottleneck"])
def test_transformers(weights, tmp_path, layer_type):
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 32, 64], depths=[2, 1, 2, 1],
        layer_type=layer_type, num_labels=5,
    )  # fmt: skip
    torch.manual_seed(0)
    theirs = weights.randomized(transformers.ResNetForImageClassification(config))
    ours = weights.carried_over(RESNET_FORMAT, theirs, RESNET_FORMAT.from_config(config.to_dict()))
    with torch.no_grad():
        expected = theirs(torch.tensor(IMAGES), output_hidden_states=True)
    stages, logits = weights.outputs(ours, NHWC)
    for i, (stage, hidden) in enumerate(zip(stages, expected.hidden_states, strict=True)):
        weights.assert_close(stage, hidden, f"stage {i}")
    weights.assert_close(logits, expected.logits)

    jm.models.save_pretrained(ours, tmp_path)
    theirs = weights.loaded_by_transformers(type(theirs), tmp_path)
    with torch.no_grad():
        weights.assert_close(logits, theirs(torch.tensor(IMAGES)).logits)
    theirs.resnet.save_pretrained(tmp_path / "body")
    body = jm.models.from_pretrained(tmp_path / "body")
    assert jm.equal(body.features, ours.features)


class Block(torch.nn.Module):
    """A block with the names that torchvision gives its parts; `bottleneck` has three layers."""

    def __init__(self, channels, width, stride, bottleneck):
        super().__init__()
        features = width * 4 if bottleneck else width
        sizes = (
            [(channels, width, 1, 1), (width, width, 3, stride), (width, features, 1, 1)]
            if bottleneck
            else [(channels, width, 3, stride), (width, width, 3, 1)]
        )
        self.number = len(sizes)
        for i, (before, after, kernel, step) in enumerate(sizes, 1):
            conv = torch.nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"bn{i}", torch.nn.BatchNorm2d(after))
        self.downsample = None
        if stride > 1 or channels != features:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(channels, features, 1, stride, bias=False),
                torch.nn.BatchNorm2d(features),
            )

    def forward(self, x):
        y = x
        for i in range(1, self.number + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = y if i == self.number else y.relu()
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Reference(torch.nn.Module):
    """The network of torchvision's `resnet*`, by its names."""

    def __init__(self, depths, bottleneck):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(64)
        channels = 64
        for stage, depth in enumerate(depths, 1):
            blocks, width = [], 64 * 2 ** (stage - 1)
            for i in range(depth):
                blocks.append(Block(channels, width, 2 if stage > 1 and i == 0 else 1, bottleneck))
                channels = width * 4 if bottleneck else width
            setattr(self, f"layer{stage}", torch.nn.Sequential(*blocks))
        self.fc = torch.nn.Linear(channels, 1000)

    def stages(self, x):
        x = self.bn1(self.conv1(x)).relu()
        yield (x := torch.nn.functional.max_pool2d(x, 3, 2, 1))
        for stage in range(1, 5):
            yield (x := getattr(self, f"layer{stage}")(x))

    def forward(self, x):
        *_, x = self.stages(x)
        return self.fc(x.mean((2, 3)))


@pytest.mark.parametrize(
    ("name", "depths", "bottleneck"),
    [("resnet18", (2, 2, 2, 2), False), ("resnet50", (1, 2, 1, 1), True)],
)
def test_torchvision(weights, name, depths, bottleneck):
    torch.manual_seed(0)
    theirs = weights.randomized(Reference(depths, bottleneck))
    model = jm.models.ResNet.preset(name, depths=depths)
    ours = weights.carried_over(TORCHVISION_RESNET_FORMAT, theirs, model)
    stages, logits = weights.outputs(ours, NHWC)
    with torch.no_grad():
        for i, expected in enumerate(theirs.stages(torch.tensor(IMAGES))):
            weights.assert_close(stages[i], expected, f"stage {i}")
        expected = theirs(torch.tensor(IMAGES))
    weights.assert_close(logits, expected)
    assert np.array_equal(np.argsort(logits)[:, -5:], expected.argsort()[:, -5:])


@pytest.mark.parametrize("layer_type", ["basic", "bottleneck"])
def test_groups_instead_of_batches(weights, layer_type):
    theirs = weights.randomized(Block(16, 8, 2, layer_type == "bottleneck"))
    for name, module in theirs.named_modules():
        for part, layer in list(module.named_children()):
            if isinstance(layer, torch.nn.BatchNorm2d):
                group = torch.nn.GroupNorm(4, layer.num_features, eps=1e-6)
                group.load_state_dict({"weight": layer.weight, "bias": layer.bias})
                setattr(theirs.get_submodule(name), part, group)
    x = np.random.default_rng(1).normal(size=(2, 16, 9, 7)).astype(np.float32)
    model = jm.models.ResNet(
        [1, 1], bottleneck=layer_type == "bottleneck", widths=[4, 8],
        stem_width=16 if layer_type == "basic" else 8, norm=lambda: jm.nn.GroupNorm(4),
    )  # fmt: skip
    block = model.features[2][0].init(0, x.transpose(0, 2, 3, 1))
    rules = [
        jm.checkpoint.rename("downsample.0.{r}", "shortcut.conv.{r}"),
        jm.checkpoint.rename("downsample.1.{r}", "shortcut.norm.{r}"),
        jm.checkpoint.rename("conv{i}.weight", "conv{i}.conv.weight"),
        jm.checkpoint.rename("bn{i}.{r}", "conv{i}.norm.{r}"),
        jm.checkpoint.rename("{*p}.norm.weight", "{*p}.norm.scale"),
        jm.checkpoint.rename("{*p}.conv.weight", "{*p}.conv.kernel"),
        jm.checkpoint.transpose("{*p}.kernel", (2, 3, 1, 0)),
    ]
    block = jm.load_state_dict(block, theirs.state_dict(), rules=rules)
    weights.assert_close(jax.jit(block)(x.transpose(0, 2, 3, 1)), theirs(torch.tensor(x)))
