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


def filled(model, number=0.25):
    """The model with one number in all arrays; nothing is initialized."""
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    return jax.tree.map(lambda leaf: np.full(leaf.shape, number, np.float32), shapes)


def llama(change):
    model = jm.models.Llama(9, 8, 2, 2, mlp_features=4)
    change(model.features.blocks)
    return model


def bert(change):
    model = jm.models.Bert(9, 8, 1, 2, head="masked_language")
    change(model)
    return model


def clip(end_token):
    sizes = {"image_width": 8, "image_layers": 1, "image_heads": 2, "patch_size": 8}
    sizes |= {"text_width": 8, "text_layers": 1, "text_heads": 2, "vocabulary": 9}
    return jm.models.CLIP(8, **sizes, image_size=16, max_length=6, end_token=end_token)


def whisper(epsilon):
    return jm.models.Whisper(8, 1, 2, vocabulary=9, num_mels=8, max_length=12, epsilon=epsilon)


def changed(path, value):
    """Changes what is at a path of a module, in place."""
    *way, name = path.split(".")

    def change(tree):
        for step in way:
            tree = tree[int(step)] if step.isdigit() else getattr(tree, step)
        setattr(tree, name, value)

    return change


rope = jm.nn.RotaryEmbedding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: whisper(0.1), r"`.encoder.*norm1.epsilon` this one has 0.1, that one has 1e-05"),
        (lambda: clip(2), "`.text.end_token` this one has 2, that one has None"),
        (lambda: llama(changed("norm.epsilon", 0.5)), "blocks.norm.epsilon` this one has 0.5"),
        (
            lambda: llama(changed("layers.1.self_attention.causal", False)),
            r"`.features.blocks.layers\[1\].self_attention.causal` .* False, that one has True",
        ),
        (
            lambda: llama(changed("layers.1.feed_forward.activation", jax.nn.relu)),
            "feed_forward.activation` this one has relu, that one has silu. Build it without",
        ),
        (
            lambda: llama(changed("layers.0.self_attention.rope", rope(interleaved=True))),
            "rope.interleaved` this one has True, that one has False",
        ),
        (
            lambda: llama(changed("layers.0.self_attention.rope", rope(fraction=0.5))),
            "rope.fraction` this one has 0.5",
        ),
        (
            lambda: llama(changed("layers.1.self_attention.rope", None)),
            "self_attention.rope` this one has None, that one has RotaryEmbedding",
        ),
        (
            lambda: llama(changed("layers.1.norm1", jm.nn.LayerNorm(use_bias=False))),
            "norm1` this one has LayerNorm, that one has RMSNorm",
        ),
        (lambda: bert(changed("head.activation", jax.nn.relu)), "activation` this one has relu"),
        (lambda: bert(changed("features.embed.norm.epsilon", 0.5)), "epsilon` this one has 0.5"),
    ],
)
def test_settings_that_a_configuration_cannot_say(tmp_path, model, message):
    """Each would come back as another model, with arrays of the same shapes."""
    with pytest.raises(jm.CheckpointError, match=message):
        jm.models.save_pretrained(filled(model()), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        lambda: whisper(1e-5),
        lambda: clip(4),
        lambda: llama(changed("layers.1.dropout1", jm.Dropout(0.3))),
        lambda: llama(changed("layers.1.self_attention.dtype", jnp.bfloat16)),
        lambda: bert(changed("features.embed.dropout", jm.nn.GaussianDropout(0.1))),
    ],
)
def test_settings_that_need_no_place(tmp_path, model):
    model = filled(model())
    jm.models.save_pretrained(model, tmp_path)
    both = model, jm.models.from_pretrained(tmp_path)
    saved, loaded = (jm.state_dict(one.filter(jm.Parameter)) for one in both)
    assert saved and loaded.keys() == saved.keys()
    for name, value in saved.items():
        np.testing.assert_array_equal(loaded[name], value, name)


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
