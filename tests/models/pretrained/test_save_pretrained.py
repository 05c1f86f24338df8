"""Models as folders of another library, and back."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import rename, transpose
from jax_metrics.models.weights import WeightFormat


class Net(jm.models.Architecture):
    def __init__(self, width=4):
        self.width = width
        self.layer, self.dropout = jm.Linear(width), jm.Dropout(0.5)

    def example_inputs(self):
        return jm.Inputs(jnp.zeros((1, 5)))

    def __call__(self, x):
        return self.dropout(self.layer(x))


def made(seed=0):
    model = Net()
    return model.init(seed, model.example_inputs()).eval()


def format_of(*rules, to_config=lambda model: {"width": model.width}):
    return WeightFormat("net", lambda config: Net(config["width"]), lambda model: rules, to_config)


FORMAT = format_of(
    transpose("fc.weight"), rename("fc.weight", "layer.kernel"), rename("fc.bias", "layer.bias")
)


@pytest.mark.parametrize("shard_size", [None, 50])
def test_round_trip(tmp_path, shard_size):
    model = made()
    folder = tmp_path / "new" / "folder"
    jm.models.save_pretrained(model, folder, format=FORMAT, shard_size=shard_size)
    assert json.loads((folder / "config.json").read_text()) == {"model_type": "net", "width": 4}
    arrays = jm.load(folder)
    assert {name: array.shape for name, array in arrays.items()} == {
        "fc.weight": (4, 5), "fc.bias": (4,)
    }  # fmt: skip
    np.testing.assert_array_equal(arrays["fc.weight"], model.layer.kernel.T)
    assert jm.equal(jm.models.from_pretrained(folder, format=FORMAT), model)
    jm.models.save_pretrained(made(1), folder, format=FORMAT)
    assert jm.equal(jm.models.from_pretrained(folder, format=FORMAT).layer, made(1).layer)


def test_bfloat16(tmp_path):
    jm.models.save_pretrained(made(), tmp_path, format=FORMAT)
    small = jm.models.from_pretrained(tmp_path, format=FORMAT, dtype=jnp.bfloat16)
    jm.models.save_pretrained(small, tmp_path, format=FORMAT)
    assert jm.load(tmp_path)["fc.weight"].dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("model", "format", "text"),
    [
        (Net(), FORMAT, "The Net is not initialized: it has no weights to save yet"),
        (None, None, "No format is known for the class Net; there are some for .*SileroVAD"),
        (None, format_of(to_config=None), "The format 'net' has no `to_config`, so that no conf"),
        (None, format_of(lambda state: state), "Rule 0, <function .* cannot be inverted"),
        (None, format_of(rename("{*to}.kernel", "{*to}.weight")), "do not lead back to `layer.k"),
    ],
)
def test_what_cannot_be_saved(tmp_path, model, format, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.save_pretrained(model or made(), tmp_path / "a", format=format)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("rate", [16000, 8000])
def test_the_formats_that_there_are(tmp_path, rate):
    empty = jm.models.SileroVAD(rate)
    shapes = jax.eval_shape(lambda: empty.init(0, empty.example_inputs()).eval())
    rng = np.random.default_rng(0)
    model = jax.tree.map(lambda leaf: jnp.asarray(rng.random(leaf.shape, leaf.dtype)), shapes)
    jm.models.save_pretrained(model, tmp_path)
    assert jm.equal(jm.models.from_pretrained(tmp_path), model)
    names = jm.load(tmp_path).keys()
    assert {"stft_conv.weight", "conv4.bias", "lstm_cell.bias_hh", "final_conv.weight"} <= names
    (tmp_path / "config.json").unlink()
    assert jm.equal(jm.models.from_pretrained(tmp_path, jm.models.SileroVAD(rate)), model)
