"""U-Net and VAE against the same networks in PyTorch, written out here."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import rename, reshape, skip, transpose

torch = pytest.importorskip("torch")


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def carried_over(ours, theirs, rules):
    """Our model with the weights of theirs; the way back is checked, too."""
    part = jm.filter(ours, lambda field: not issubclass(field.kind, jm.Rng | jm.Log))
    part = jm.load_state_dict(part, theirs.state_dict(), rules=rules)
    back = jm.state_dict(part)
    for rule in jm.checkpoint.inverse(rules):
        back = rule(back)
    expected = {name: x for name, x in theirs.state_dict().items() if "num_batches" not in name}
    assert back.keys() == expected.keys()
    for name, array in back.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
    return ours.merge(part)


# -- U-Net ----------------------------------------------------------------------------------------


class UNet(torch.nn.Module):
    """The network of Ronneberger et al., 2015, or with padding and BatchNorm."""

    def __init__(self, channels, classes, width, depth, same):
        super().__init__()
        self.same = same
        sizes = [width * 2**level for level in range(depth + 1)]
        inputs = [channels, *sizes]
        self.down = torch.nn.ModuleList(self.block(inputs[i], sizes[i]) for i in range(depth + 1))
        self.up = torch.nn.ModuleList(
            torch.nn.ConvTranspose2d(sizes[i + 1], sizes[i], 2, 2) for i in reversed(range(depth))
        )
        self.joined = torch.nn.ModuleList(
            self.block(sizes[i + 1], sizes[i]) for i in reversed(range(depth))
        )
        self.last = torch.nn.Conv2d(width, classes, 1)

    def block(self, inputs, outputs):
        layers = []
        for channels in (inputs, outputs):
            padding = int(self.same)
            layers.append(torch.nn.Conv2d(channels, outputs, 3, 1, padding, bias=not self.same))
            layers += [torch.nn.BatchNorm2d(outputs, eps=1e-5)] * self.same + [torch.nn.ReLU()]
        return torch.nn.Sequential(*layers)

    def layers(self, x):
        skipped = []
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else torch.nn.functional.max_pool2d(x, 2))
            yield x
            skipped.append(x)
        skipped.pop()
        for up, block in zip(self.up, self.joined, strict=True):
            x, skip_ = up(x), skipped.pop()
            rows, columns = skip_.shape[2] - x.shape[2], skip_.shape[3] - x.shape[3]
            if self.same:
                x = torch.nn.functional.pad(x, (0, columns, 0, rows))
            else:
                top, left = rows // 2, columns // 2
                skip_ = skip_[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = block(torch.cat([skip_, x], dim=1))
            yield x
        yield self.last(x)


def unet_rules(depth, same):
    kinds = ["conv", "norm", "relu"] if same else ["conv", "relu"]
    rules = [
        skip("{*to}.num_batches_tracked"),
        rename(f"down.{depth}.{{*rest}}", "features.bottom.{*rest}"),
        rename("down.{*rest}", "features.down.{*rest}"),
        rename("up.{*rest}", "features.up.{*rest}"),
        rename("joined.{*rest}", "features.joined.{*rest}"),
        rename("last.{*rest}", "head.{*rest}"),
    ]
    for block in ("down.{i}", "joined.{i}", "bottom"):
        for i, kind in enumerate(kinds * 2):
            if kind == "relu":
                continue
            theirs, ours = f"features.{block}.{i}", f"features.{block}.layers.{i}"
            names = {"weight": "kernel", "bias": "bias"}
            if kind == "norm":
                names = {"weight": "scale", "bias": "bias", "running_mean": "mean"}
                names["running_var"] = "var"
            rules += [rename(f"{theirs}.{old}", f"{ours}.{new}") for old, new in names.items()]
    return [
        *rules,
        rename("features.up.{i}.weight", "features.up.{i}.kernel"),
        rename("head.weight", "head.kernel"),
        transpose("{*to}.kernel", (2, 3, 1, 0)),
    ]


@jax.jit
def unet_layers(model, images):
    """The outputs of all blocks, each from those of the ones before, and the logits."""
    body, found, x = model.features, [], images
    for block in body.down:
        found.append(block(x))
        x = jm.nn.max_pool(found[-1], (2, 2), strides=(2, 2))
    found.append(body.bottom(x))
    features = body(images)
    return found, features, model(images)


@pytest.mark.parametrize("same", [False, True])
def test_unet(weights, same):
    torch.manual_seed(0)
    theirs = weights.randomized(UNet(3, 4, 4, 2, same))
    ours = jm.models.UNet(
        4, width=4, depth=2, padding="SAME" if same else "VALID",
        norm=jm.BatchNorm if same else None,
    )  # fmt: skip
    images = random(2, 29, 38, 3) if same else random(2, 44, 48, 3)
    model = carried_over(ours.init(0, images).eval(), theirs, unet_rules(2, same))
    with torch.no_grad():
        expected = list(theirs.layers(torch.tensor(images.transpose(0, 3, 1, 2))))
    blocks, features, logits = unet_layers(model, images)
    for i, block in enumerate(blocks):
        weights.assert_close(block, expected[i], f"block {i}")
    weights.assert_close(features, expected[-2], "features")
    weights.assert_close(logits, expected[-1])
    assert logits.shape[1:3] == ((29, 38) if same else (4, 8))


# -- VAE ------------------------------------------------------------------------------------------


class VAE(torch.nn.Module):
    """Convolutions of kernel 4, stride 2 and padding 1, and the losses of Kingma and Welling."""

    def __init__(self, shape, latents, widths):
        super().__init__()
        height, width, channels = shape
        self.smallest = (widths[-1], height // 2 ** len(widths), width // 2 ** len(widths))
        flat = int(np.prod(self.smallest))
        inputs = [channels, *widths]
        self.down = torch.nn.ModuleList(
            torch.nn.Conv2d(inputs[i], inputs[i + 1], 4, 2, 1) for i in range(len(widths))
        )
        self.mean, self.log_variance = (
            torch.nn.Linear(flat, latents),
            torch.nn.Linear(flat, latents),
        )
        self.start = torch.nn.Linear(latents, flat)
        self.up = torch.nn.ModuleList(
            torch.nn.ConvTranspose2d(inputs[i + 1], inputs[i], 4, 2, 1)
            for i in reversed(range(len(widths)))
        )
        self.log_deviation = torch.nn.Parameter(torch.tensor(-0.4))

    def encode(self, x):
        for conv in self.down:
            x = conv(x).relu()
        x = x.flatten(1)
        return self.mean(x), self.log_variance(x)

    def decode(self, latents):
        x = self.start(latents).relu().unflatten(1, self.smallest)
        *up, last = self.up
        for conv in up:
            x = conv(x).relu()
        return last(x)


def vae_rules(theirs, gaussian):
    """Ours flattens rows, columns and channels, PyTorch's channels, rows and columns."""
    channels, rows, columns = theirs.smallest
    latents = theirs.mean.out_features
    rules = [rename("down.{i}.{name}", "encoder.layers.{i}.{name}")]
    for i in reversed(range(len(theirs.down))):
        rules.append(rename(f"encoder.layers.{i}.{{name}}", f"encoder.layers.{2 * i}.{{name}}"))
    rules += [
        rename(f"up.{i}.{{n}}", f"decoder.layers.{3 + 2 * i}.{{n}}") for i in range(len(theirs.up))
    ]
    kernels = "{kind}coder.layers.{i}"
    rules += [
        rename(f"{kernels}.weight", f"{kernels}.kernel"),
        transpose(f"{kernels}.kernel", (2, 3, 1, 0)),
        rename("start.{name}", "decoder.layers.0.{name}"),
        rename("decoder.layers.0.weight", "decoder.layers.0.kernel"),
        reshape(
            "decoder.layers.0.kernel", (channels, rows, columns, latents), before=(-1, latents)
        ),
        transpose("decoder.layers.0.kernel", (3, 1, 2, 0)),
        reshape(
            "decoder.layers.0.kernel", (latents, -1), before=(latents, rows, columns, channels)
        ),
        reshape("decoder.layers.0.bias", (channels, rows, columns), before=(-1,)),
        transpose("decoder.layers.0.bias", (1, 2, 0)),
        reshape("decoder.layers.0.bias", (-1,), before=(rows, columns, channels)),
    ]
    for name in ("mean", "log_variance"):
        kernel = f"{name}.kernel"
        rules += [
            rename(f"{name}.weight", kernel),
            reshape(kernel, (latents, channels, rows, columns), before=(latents, -1)),
            transpose(kernel, (2, 3, 1, 0)),
            reshape(kernel, (-1, latents), before=(rows, columns, channels, latents)),
        ]
    return (
        rules
        if gaussian
        else [skip("log_deviation", defaults={"log_deviation": np.float32(-0.4)}), *rules]
    )


@jax.jit
def vae_parts(model, images):
    mean, log_variance = model.encode(images)
    decoded = model.decode(mean)
    reconstructed = model(images)
    return model, (mean, log_variance, decoded, reconstructed, model.nll, model.kl)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_vae(weights, likelihood):
    torch.manual_seed(0)
    gaussian = likelihood == "gaussian"
    theirs = VAE((8, 12, 3), 5, (6, 7)).eval()
    model = jm.models.VAE((8, 12, 3), latents=5, widths=(6, 7), likelihood=likelihood, beta=0.5)
    model = model.init(0, model.example_inputs()).eval()
    model = carried_over(model, theirs, vae_rules(theirs, gaussian))
    images = np.random.default_rng(1).uniform(size=(4, 8, 12, 3)).astype(np.float32)
    x = torch.tensor(images.transpose(0, 3, 1, 2))
    with torch.no_grad():
        mean, log_variance = theirs.encode(x)
        decoded = theirs.decode(mean)
        guess = torch.distributions.Normal(mean, (log_variance / 2).exp())
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        kl = torch.distributions.kl_divergence(guess, prior).sum(1).mean()
        if gaussian:
            log_likelihood = torch.distributions.Normal(
                decoded, theirs.log_deviation.exp()
            ).log_prob(x)
        else:
            log_likelihood = -torch.nn.functional.binary_cross_entropy_with_logits(
                decoded, x, reduction="none"
            )
        nll = -log_likelihood.sum((1, 2, 3)).mean()
    expected = mean, log_variance, decoded, decoded, nll, 0.5 * kl
    _, parts = vae_parts(model, images)
    for i, (found, other) in enumerate(zip(parts, expected, strict=True)):
        weights.assert_close(found, other, f"part {i}")
