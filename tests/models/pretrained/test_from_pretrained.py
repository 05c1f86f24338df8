"""Models from files: safetensors under several names, folders, the local cache, damaged files."""

import json
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import save_file

import jax_metrics as jm
from jax_metrics.checkpoint import rename, skip, transpose
from jax_metrics.models.weights import WeightFormat


class Net(jm.models.Architecture):
    def __init__(self, width=4, classes=3):
        self.width, self.classes = width, classes
        self.layer, self.norm = jm.Linear(width), jm.BatchNorm()
        self.dropout, self.head = jm.Dropout(0.5), jm.Linear(classes)

    def example_inputs(self):
        return jm.Inputs(jnp.zeros((1, 5)))

    def __call__(self, x):
        return self.head(self.dropout(self.norm(self.layer(x))))


RULES = [
    skip("net.ids"),
    rename("net.bn.weight", "norm.scale"),
    rename("net.bn.bias", "norm.bias"),
    rename("net.bn.running_{name}", "norm.{name}"),
    transpose("net.{*to}.weight"),
    rename("net.fc.weight", "layer.kernel"),
    rename("net.fc.bias", "layer.bias"),
    rename("net.out.weight", "head.kernel"),
    rename("net.out.bias", "head.bias"),
]
FORMAT = WeightFormat(
    "net",
    lambda config: Net(config["width"], config["classes"]),
    lambda model: RULES,
    lambda model: {"width": model.width, "classes": model.classes},
    Net,
)
CONFIG = {"model_type": "net", "width": 4, "classes": 3}


def theirs(dtype=np.float32):
    shapes = {
        "net.fc.weight": (4, 5), "net.fc.bias": (4,), "net.out.weight": (3, 4),
        "net.out.bias": (3,), "net.bn.weight": (4,), "net.bn.bias": (4,),
        "net.bn.running_mean": (4,), "net.bn.running_var": (4,),
    }  # fmt: skip
    rng = np.random.default_rng(0)
    state = {name: rng.random(shape).astype(dtype) for name, shape in shapes.items()}
    return {**state, "net.ids": np.arange(3)}


def write(folder, state, config=CONFIG):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def expected():
    model = Net()
    model = model.init(0, model.example_inputs()).eval()
    return model.merge(jm.load_state_dict(parts(model), theirs(), rules=RULES))


def parts(model):
    return model.filter(lambda info: issubclass(info.kind, jm.Parameter | jm.BatchStat))


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


# -- the cache and the hub ------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return tmp_path / "hub"


@pytest.mark.parametrize("revision", ["main", "abc123"])
def test_the_local_cache(cache, expected, revision):
    folder = cache / "models--someone--net"
    write(folder / "snapshots" / "abc123", theirs())
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc123")
    load = lambda **options: jm.models.from_pretrained("someone/net", format=FORMAT, **options)  # noqa: E731
    assert jm.equal(load(revision=revision), expected)
    with pytest.raises(jm.CheckpointError, match="no repository of this name at revision 'v2'"):
        load(revision="v2")


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "XDG_CACHE_HOME"])
def test_other_places_of_the_cache(tmp_path, monkeypatch, expected, variable):
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    hub = tmp_path if variable == "HF_HUB_CACHE" else tmp_path / "huggingface" / "hub"
    write(hub / "models--net" / "snapshots" / "main", theirs())
    assert jm.equal(jm.models.from_pretrained("net", format=FORMAT), expected)


def test_the_hub_only_on_request(cache, tmp_path, monkeypatch, expected):
    hub = pytest.importorskip("huggingface_hub")
    asked = []

    def fetch(name, revision, allow_patterns):
        asked.append((name, revision))
        return str(write(tmp_path / "fetched", theirs()))

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    with pytest.raises(jm.CheckpointError, match="Pass `download=True` to fetch it from the hub"):
        jm.models.from_pretrained("someone/net", format=FORMAT)
    assert not asked
    model = jm.models.from_pretrained("someone/net", format=FORMAT, download=True, revision="v2")
    assert jm.equal(model, expected) and asked == [("someone/net", "v2")]


def test_no_connection(cache, monkeypatch):
    hub = pytest.importorskip("huggingface_hub")

    def fetch(name, revision, allow_patterns):
        raise OSError("no route to host.")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    text = "could not be fetched from the hub: no route to host. Without a connection, give a fold"
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained("someone/net", download=True)
