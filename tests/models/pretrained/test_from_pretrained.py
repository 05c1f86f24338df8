"""Models from files: safetensors under several names, folders, damaged files."""

import json
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from their_weights import CONFIG, FORMAT, RULES, Net, loaded, parts, theirs, write

import jax_metrics as jm
from jax_metrics.checkpoint import skip


@pytest.fixture(scope="module")
def expected():
    return loaded()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "model.safetensors"])
def test_a_folder_of_another_library(tmp_path, expected, name):
    write(tmp_path, theirs())
    model = jm.models.from_pretrained(tmp_path / name, format=FORMAT)
    assert isinstance(model, Net) and model.initialized and not model.training
    assert jm.equal(model, expected)
    assert np.isfinite(model(jnp.ones((2, 5)))).all()
    assert not model.train().eval().training and jm.equal(model.rngs(), expected.rngs())


def test_shards(tmp_path, expected):
    jm.save(tmp_path / "model.safetensors", theirs(), shard_size=100)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    index = tmp_path / "model.safetensors.index.json"
    assert index.exists()
    for path in (tmp_path, index):
        assert jm.equal(jm.models.from_pretrained(path, format=FORMAT), expected)
    index.write_text("{}")
    with pytest.raises(jm.CheckpointError, match="is no index of weights: KeyError"):
        jm.models.from_pretrained(tmp_path, format=FORMAT)


def test_our_own_files(tmp_path, expected):
    jm.save(tmp_path / "a.safetensors", expected)
    assert jm.equal(jm.models.from_pretrained(tmp_path, Net()), expected)
    other = Net().init(1, jnp.zeros((1, 5)))
    assert jm.equal(jm.models.from_pretrained(tmp_path, other), expected)
    # Without random keys: those of the model stay, and new ones come from the key.
    jm.save(tmp_path / "a.safetensors", parts(expected))
    assert jm.equal(jm.models.from_pretrained(tmp_path, Net()), expected)
    loaded = jm.models.from_pretrained(tmp_path, other)
    assert jm.equal(parts(loaded), parts(expected)) and jm.equal(loaded.rngs(), other.eval().rngs())
    loaded = jm.models.from_pretrained(tmp_path, Net(), key=1)
    assert jm.equal(loaded.rngs(), other.eval().rngs())
    with pytest.raises(jm.CheckpointError, match="does not say of which architecture it is"):
        jm.models.from_pretrained(tmp_path)


def test_rules_of_a_caller(tmp_path, expected):
    write(tmp_path, theirs(), config=None)
    assert jm.equal(jm.models.from_pretrained(tmp_path, Net(), rules=RULES), expected)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_stored_dtypes_become_those_of_the_model(tmp_path, dtype):
    write(tmp_path, theirs(dtype))
    model = jm.models.from_pretrained(tmp_path, format=FORMAT)
    assert model.layer.kernel.dtype == jnp.float32
    stored = theirs(dtype)["net.fc.weight"].T.astype(np.float32)
    np.testing.assert_array_equal(model.layer.kernel, stored)


def test_dtype(tmp_path, expected):
    write(tmp_path, theirs())
    model = jm.models.from_pretrained(tmp_path, format=FORMAT, dtype=jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves(model.parameters())} == {jnp.dtype("bfloat16")}
    assert model.norm.mean.dtype == jnp.float32
    np.testing.assert_array_equal(model.head.kernel, expected.head.kernel.astype(jnp.bfloat16))
    with pytest.raises(jm.CheckpointError, match="`dtype` is one of floating numbers; got int8"):
        jm.models.from_pretrained(tmp_path, format=FORMAT, dtype=jnp.int8)
    for wrong in ("auto", 16, object):
        with pytest.raises(jm.CheckpointError, match="such as `jnp.bfloat16`|got object"):
            jm.models.from_pretrained(tmp_path, format=FORMAT, dtype=wrong)


def test_initialization_computes_nothing(tmp_path):
    ran = []

    def count(x):
        ran.append(1)
        return x

    class Loud(Net):
        def __call__(self, x):
            y = super().__call__(x)
            return jax.pure_callback(count, y, y)

    write(tmp_path, theirs())
    model = jm.models.from_pretrained(tmp_path, Loud(), rules=RULES)
    assert not ran
    model(jnp.ones((1, 5))).block_until_ready()
    assert ran


def test_a_model_on_devices_keeps_its_places(tmp_path):
    write(tmp_path, theirs())
    mesh = jax.make_mesh((4,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    place = jax.NamedSharding(mesh, jax.P(None, "data"))
    model = Net().init(0, jnp.zeros((1, 5)))
    model = model.replace(
        layer=model.layer.replace(kernel=jax.device_put(model.layer.kernel, place))
    )
    loaded = jm.models.from_pretrained(tmp_path, model, rules=RULES)
    assert loaded.layer.kernel.sharding == place
    np.testing.assert_array_equal(loaded.layer.kernel, theirs()["net.fc.weight"].T)


def test_misfits_are_listed_one_by_one(tmp_path):
    state = theirs()
    state["net.fc.weight"] = state["net.fc.weight"][:2]
    state["extra"] = state.pop("net.out.bias")
    write(tmp_path, state)
    with pytest.raises(jm.CheckpointError) as caught:
        jm.models.from_pretrained(tmp_path, format=FORMAT)
    for text in (
        f"{tmp_path}/model.safetensors: ",
        "missing: `head.bias` (shape (3,), float32)",
        "unexpected: `extra` (shape (3,), float32)",
        "shape: `layer.kernel`: the tree has shape (5, 4), float32, the state shape (5, 2)",
    ):
        assert text in str(caught.value)
    model, left_out = jm.models.from_pretrained(tmp_path, format=FORMAT, strict=False)
    assert left_out.missing == ("head.bias",) and left_out.unexpected == ("extra",)
    assert left_out.misshapen == ("layer.kernel",)
    fresh = Net().init(0, jnp.zeros((1, 5)))
    np.testing.assert_array_equal(model.layer.kernel, fresh.layer.kernel)
    np.testing.assert_array_equal(model.head.kernel, state["net.out.weight"].T)


def test_another_head_can_be_left_out(tmp_path, expected):
    write(tmp_path, theirs())
    rules = [*RULES, skip("head.{name}")]
    model, left_out = jm.models.from_pretrained(tmp_path, Net(classes=7), rules=rules, strict=False)
    assert left_out.missing == ("head.bias", "head.kernel")
    assert model.head.kernel.shape == (4, 7) and jm.equal(model.layer, expected.layer)


# -- what cannot be loaded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (None, "does not say of which architecture it is, .* no config.json beside it. Pass the"),
        ({"model_type": "nothing"}, "is of the model type 'nothing'. Those that are known are '"),
        ({}, "is of the model type None"),
        ([1], "config.json has a list at the top instead of a dict"),
    ],
)
def test_unknown_architectures(tmp_path, config, text):
    write(tmp_path, theirs(), config)
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("kind", "changes", "text"),
    [
        ("llama", {"num_attention_heads": 0}, "`num_attention_heads` is 0; expected a positive i"),
        ("llama", {"vocab_size": -1}, "`vocab_size` is -1; expected a positive integer"),
        ("llama", {"rms_norm_eps": -1e-6}, "`rms_norm_eps` is -1e-06; expected a positive number"),
        ("llama", {"rope_scaling": {"factor": 0}}, "`rope_scaling.factor` is 0; expected"),
        ("bert", {"num_hidden_layers": "two"}, "`num_hidden_layers` is 'two'; expected"),
        ("gpt2", {"n_positions": 0.5}, "`n_positions` is 0.5; expected a positive integer"),
        ("clip", {"text_config": {"hidden_size": 0}}, "`text_config.hidden_size` is 0; expected"),
        ("resnet", {"depths": [3, -4]}, r"`depths` is \[3, -4\]; expected a positive integer"),
    ],
)
def test_numbers_that_none_can_have(tmp_path, kind, changes, text):
    write(tmp_path, theirs(), {"model_type": kind, **changes})
    place = f"configuration of .*model.safetensors is not one of the model type '{kind}': "
    with pytest.raises(jm.CheckpointError, match=f"{place}{text}.* Correct its config.json"):
        jm.models.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "has no weights: expected model.safetensors or its index, or one file"),
        ({"a.safetensors": b"", "b.safetensors": b""}, "several .* a.safetensors, b.safetensors."),
        ({"model.safetensors": b"broken"}, "is damaged, or no safetensors file"),
        ({"a.gguf": b"broken, too"}, "no GGUF file of version 2 or 3: it begins with b'brok'"),
        ({"a.gguf": b""}, "a.gguf is empty"),
        ({"config.json": b"{", "model.safetensors": b""}, "config.json is no JSON"),
    ],
)
def test_folders_without_weights(tmp_path, files, text):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path, Net())


def test_other_files(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(jm.CheckpointError, match="is no file of weights: expected a name that"):
        jm.models.from_pretrained(tmp_path / "a.txt", Net())
    with pytest.raises(jm.CheckpointError, match="There is no file or folder .*/b.gguf"):
        jm.models.from_pretrained(tmp_path / "b.gguf", Net())


def test_a_module_that_cannot_be_initialized(tmp_path):
    write(tmp_path, theirs())
    with pytest.raises(jm.CheckpointError, match="The Linear is not initialized, and has no `exam"):
        jm.models.from_pretrained(tmp_path, jm.Linear(3))


@pytest.mark.parametrize(
    ("package", "name", "text"),
    [
        ("torch", "a.pth", "A file of PyTorch needs the package torch: `pip install torch`."),
        ("gguf", "a.gguf", "A GGUF file needs the package gguf: `pip install 'jax-metrics[pretr"),
        ("safetensors", "a.safetensors", "A safetensors file needs the package safetensors: `p"),
    ],
)
def test_packages_that_are_not_there(tmp_path, monkeypatch, package, name, text):
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=re.escape(text)):
        jm.models.from_pretrained(tmp_path)
