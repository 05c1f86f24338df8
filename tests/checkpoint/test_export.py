"""`export` and `load_exported`: programs that run without the class of their model."""

import json
import pickle
import subprocess
import sys
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import read_metadata


class Pair(jm.Module):
    """Takes and returns dicts."""

    def __init__(self):
        self.linear = jm.Linear(3)

    def __call__(self, batch, *, scale):
        y = self.linear(batch["x"]) * scale[:, None]
        return {"y": y, "parts": [y.sum(), (batch["x"], None)]}


class Counting(jm.Module):
    calls: jax.Array = jm.State.node()

    def __init__(self):
        self.calls = jnp.zeros((), int)

    def __call__(self, x):
        self.calls = self.calls + 1
        return x


X = jax.random.normal(jax.random.key(1), (4, 6))
IMAGES = jax.random.normal(jax.random.key(2), (4, 8, 8, 2))
TOKENS = jax.random.randint(jax.random.key(3), (4, 5), 0, 7)
MASK = jnp.arange(5) < jnp.array([5, 3, 2, 1])[:, None]


FLOATS = jax.random.normal(jax.random.key(4), (4, 5, 6))


def rows(inputs, count):
    """The first rows of each input."""
    return jax.tree.map(lambda leaf: leaf[:count], inputs)


def built(model, inputs, seed=0):
    return model.init(seed, inputs).eval()


CASES = {
    "mlp": (jm.MLP([8, 2]), X),
    "batch norm": (
        jm.Sequential(
            jm.Conv(3, (3, 3)), jm.BatchNorm(), jm.Dropout(0.5), jm.GlobalAvgPool(), jm.Linear(2)
        ),
        IMAGES,
    ),
    "transformer": (
        jm.TransformerEncoder(jm.TransformerEncoderLayer(2, mlp_features=8, dropout_rate=0.5), 1),
        jm.Inputs(FLOATS, padding_mask=MASK),
    ),
    "tokens": (jm.Sequential(jm.Embed(7, 4), jm.Linear(2)), TOKENS),
    "lstm": (jm.LSTM(3), jm.Inputs(FLOATS, mask=MASK)),
    "dicts": (Pair(), jm.Inputs({"x": X}, scale=X[:, 0])),
    "bfloat16": (jm.Linear(2, dtype=jnp.bfloat16), X.astype("bfloat16")),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.export"


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_the_model(path, name):
    model, inputs = CASES[name]
    inputs = inputs if isinstance(inputs, jm.Inputs) else jm.Inputs(inputs)
    model = built(model, inputs)
    shapes = jax.eval_shape(lambda: rows((inputs.args, inputs.kwargs), 2))
    jm.export(model, jm.Inputs(*shapes[0], **shapes[1]), path, platforms=["cpu"])
    loaded = jm.load_exported(path)
    for count in (1, 4):
        args, kwargs = rows((inputs.args, inputs.kwargs), count)
        expected, result = jax.jit(model)(*args, **kwargs), loaded(*args, **kwargs)
        assert jax.tree.structure(result) == jax.tree.structure(expected)
        for one, other in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(
                one.astype("float32"), other.astype("float32"), rtol=1e-6, atol=1e-6
            )


@pytest.fixture(scope="module")
def linear():
    return built(jm.Linear(2), X)


@pytest.fixture(scope="module")
def exported(linear, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.export"
    jm.export(linear, X, path, vjp_order=1, metadata={"classes": "cat dog"})
    return path


def test_a_file_is_one_of_this_library(exported, linear):
    assert read_metadata(exported) == {"classes": "cat dog"}
    assert [path.name for path in exported.parent.iterdir()] == ["model.export"]
    arrays = jm.load(exported)
    assert list(arrays) == ["program", "weights.bias", "weights.kernel"]
    np.testing.assert_array_equal(arrays["weights.kernel"], linear.kernel)


@pytest.mark.slow
def test_it_runs_without_the_class(exported, linear):
    code = """
    import sys, jax.numpy as jnp, jax_metrics as jm
    print(*jm.load_exported(sys.argv[1])(jnp.ones((3, 6)))[0].tolist())
    """.replace("    ", "")
    run = subprocess.run(
        [sys.executable, "-c", code, str(exported)], capture_output=True, text=True, check=True
    )
    np.testing.assert_allclose([*map(float, run.stdout.split())], linear(jnp.ones(6)), rtol=1e-5)


def test_it_is_a_module(exported, linear):
    loaded = jm.load_exported(exported)
    assert not loaded.training and jm.num_parameters(loaded) == jm.num_parameters(linear)
    assert repr(loaded.program) == "Linear(float32[batch, 6])"
    assert loaded.program.platforms == ("cpu", "cuda", "tpu")
    through = jax.jit(lambda model, x: (model, model(x)))(loaded, X)
    np.testing.assert_allclose(through[1], linear(X), rtol=1e-6)
    copied = pickle.loads(pickle.dumps(through[0]))
    np.testing.assert_allclose(copied(X), linear(X), rtol=1e-6)
    inside = built(jm.Sequential(loaded, jm.Linear(3)), X)
    assert inside(X).shape == (4, 3)


@pytest.mark.slow
def test_the_weights_can_be_trained(exported, linear):
    loaded = jm.load_exported(exported)
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(loaded)
    gradient = jm.grad(lambda model: (model(X) ** 2).sum())
    loaded = optimizer.update(gradient(loaded)[0], loaded)
    expected = linear.kernel - 0.1 * gradient(linear)[0].kernel
    np.testing.assert_allclose(loaded.weights["kernel"], expected, rtol=1e-5)


def test_calls_are_traced_once(exported, monkeypatch):
    loaded = jm.load_exported(exported)
    loaded(X), loaded(X)
    assert loaded.program.run._cache_size() == 1


def test_batch_statistics_and_keys_are_state(path):
    model = built(jm.Sequential(jm.BatchNorm(), jm.Dropout(0.5)), X)
    jm.export(model, X, path, platforms=["cpu"])
    loaded = jm.load_exported(path)
    assert sorted(loaded.weights) == ["layers.0.bias", "layers.0.scale"]
    assert sorted(loaded.state) == ["layers.0.mean", "layers.0.var", "layers.1.rng"]
    text = "exported without its gradient. Export it with `vjp_order=1`"
    with pytest.raises(ValueError, match=text):
        jax.grad(lambda x: loaded(x).sum())(X)


def test_sharded_weights_are_written_for_one_device(path, linear):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    sharded = jax.device_put(linear, jax.NamedSharding(mesh, jax.P()))
    jm.export(sharded, X, path, platforms=["cpu"])
    np.testing.assert_allclose(jm.load_exported(path)(X), linear(X), rtol=1e-6)


@pytest.mark.slow
def test_open_sizes(path):
    model = built(jm.TransformerEncoder(jm.TransformerEncoderLayer(2, mlp_features=8), 1), FLOATS)
    inputs = jm.Inputs(FLOATS, padding_mask=MASK)
    shapes = jm.Inputs("batch, time, _", padding_mask="batch, time")
    jm.export(model, inputs, path, shapes=shapes, constraints=["time <= 8"], platforms=["cpu"])
    loaded = jm.load_exported(path)
    short, mask = FLOATS[:2, :3], MASK[:2, :3]
    expected = model(short, padding_mask=mask)
    np.testing.assert_allclose(loaded(short, padding_mask=mask), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="input padding_mask: `time` is 5, but 3 in input 0"):
        loaded(short, padding_mask=MASK[:2])


def test_fixed_sizes(path, linear):
    jm.export(linear, X, path, shapes=None, platforms=["cpu"])
    assert repr(jm.load_exported(path).program) == "Linear(float32[4, 6])"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda f: f(X[:, :5]), r"input 0: expected float32\[batch, 6\], got float32\[4, 5\]"),
        (lambda f: f(X[0]), r"got float32\[6\]"),
        (lambda f: f(X.astype(int)), r"expected float32\[batch, 6\], got int32\[4, 6\]"),
        (lambda f: f({"x": X}), r"takes \(float32\[batch, 6\]\); got \({'x': float32\[4, 6\]}"),
        (lambda f: f(x=X), r"got \(x=float32\[4, 6\]\)"),
        (lambda f: f(), r"got \(\)"),
        (lambda f: f(X[:0]), "Expected value >= 1 for dimension variable 'batch'"),
    ],
)
def test_inputs_that_do_not_fit(exported, call, text):
    with pytest.raises(ValueError, match=text):
        call(jm.load_exported(exported))


class Splitting(jm.Module):
    def __call__(self, x):
        return x.reshape(-1, 4) if x.shape[0] > 3 else x


class Point(typing.NamedTuple):
    x: jax.Array


class Named(jm.Module):
    def __call__(self, x):
        return Point(x)


class Printing(jm.Module):
    def __call__(self, x):
        jax.debug.print("{}", x)
        return x


@pytest.mark.parametrize(
    ("model", "options", "text"),
    [
        (jm.Linear(2), {}, "not initialized, so it has no weights"),
        (jm.Dropout(0.5).init(0), {}, r"is in training mode \(Dropout\).*Export `model.eval\(\)`"),
        (
            jm.Sequential(jm.Linear(2), jm.Dropout(0.1))
            .init(0, X)
            .eval()
            .at[".layers[1]"]
            .apply(lambda layer: layer.train()),
            {},
            r"Sequential is in training mode \(Dropout\)",
        ),
        (jax.nn.relu, {}, "Only a module can be exported; got a "),
        (jax.eval_shape(lambda: built(jm.Linear(2), X)), {}, "has a shape, but no values"),
        (built(Splitting(), X), {}, "because it needs to know one"),
        (built(Printing(), X), {}, "Callbacks to Python, such as .* are not possible"),
        (
            built(Printing(), X),
            {"shapes": None},
            "Callbacks to Python, such as .* are not possible",
        ),
        (built(Named(), X), {}, r"unregistered type [\s\S]*arrays in tuples, lists"),
        (built(Counting(), X), {}, "changes 'calls', which an exported program cannot keep"),
        (built(jm.Identity(), X), {"inputs": "text"}, "input 0 is 'text', but the inputs of an"),
        (built(jm.Identity(), X), {"platforms": ["gpu"]}, "GPUs are 'cuda'"),
        (built(jm.Identity(), X), {"platforms": "cpu"}, "is a list of some of 'cpu'"),
        (built(jm.Identity(), X), {"platforms": []}, "is a list of some of 'cpu'"),
        (built(jm.Identity(), X), {"shapes": "b, 5"}, "do not fit the inputs .*different size 5"),
        (built(jm.Identity(), X), {"shapes": "b, c, d"}, "has 3 axes for input 0, which has the"),
        (built(jm.Identity(), X), {"shapes": ("b", "c")}, "`shapes` or `constraints` do not fit"),
        (built(jm.Identity(), X), {"constraints": ["batch <="]}, "`constraints` do not fit"),
        (built(jm.Identity(), X), {"metadata": {"jax_metrics.export": ""}}, "itself uses"),
    ],
)
def test_what_cannot_be_exported(path, model, options, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.export(model, **({"inputs": X, "path": path, "platforms": ["cpu"]} | options))
    assert not path.exists()


def test_other_files_are_refused(path, linear):
    jm.save(path, linear)
    with pytest.raises(jm.CheckpointError, match="has no exported program"):
        jm.load_exported(path)
    with pytest.raises(FileNotFoundError):
        jm.load_exported(path.with_name("no"))


def rewritten(source, path, **changes):
    """The file with other values in its description, and good checksums."""
    from jax_metrics.checkpoint._encoding import Encoded
    from jax_metrics.checkpoint._file import File
    from jax_metrics.checkpoint._header import EXPORT
    from jax_metrics.checkpoint._write import write_file

    file = File(source)
    arrays = {name: Encoded(np.array(array)) for name, array in file.arrays().items()}
    if "program" in changes:
        arrays["program"] = Encoded(np.frombuffer(changes.pop("program"), np.uint8))
    write_file(path, arrays, {EXPORT: json.dumps({**json.loads(file.export), **changes})}, ties={})
    return path


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"version": 2}, "A later version of jax_metrics exported .*model.export: update it"),
        (
            {"calling_convention": 3},
            r"calling convention 3, but JAX .* runs \d+ to \d+: Linear, exp",
        ),
        ({"calling_convention": 99, "jax": "0.99"}, "exported with JAX 0.99 and jaxlib 0"),
        ({"program": b"abc"}, r"program in .* cannot be read: .* \(exported with JAX"),
        ({"program": b"\0" * 500}, r"program in .* cannot be read: .* \(exported with JAX"),
        ({"version": "x"}, "has no description of its program: TypeError"),
        ({"calling_convention": None}, "has no description of its program: TypeError"),
    ],
)
def test_versions_that_do_not_fit(exported, path, changes, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.load_exported(rewritten(exported, path, **changes))


def test_another_platform(path, linear):
    jm.export(linear, X, path, platforms=["tpu"])
    with pytest.raises(jm.CheckpointError, match="was exported for tpu, and does not run on cpu"):
        jm.load_exported(path)
    with jax.default_device("cpu"), pytest.raises(jm.CheckpointError, match="not run on cpu"):
        jm.load_exported(path)


def test_damage_is_noticed(exported, path):
    data = exported.read_bytes()
    for position in [*range(0, len(data), 97), *range(len(data) - 60, len(data))]:
        flipped = bytes([data[position] ^ (1 << position % 8)])
        for damaged in (data[:position] + flipped + data[position + 1 :], data[:position]):
            path.write_bytes(damaged)
            with pytest.raises(jm.CheckpointError, match="model.export"):
                jm.load_exported(path)


def test_a_failed_write_leaves_the_old_file(exported, path, linear, monkeypatch):
    path.write_bytes(exported.read_bytes())

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(jm.CheckpointError, match="No space left"):
        jm.export(linear, X, path, platforms=["cpu"])
    assert path.read_bytes() == exported.read_bytes() and len([*path.parent.iterdir()]) == 1


@pytest.mark.parametrize("call", ["export", "load_exported"])
def test_the_package_is_named_with_the_extra(exported, path, linear, monkeypatch, call):
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    text = r"need the package flatbuffers: `pip install 'jax-metrics\[checkpoint\]'`"
    with pytest.raises(ImportError, match=text):
        jm.export(linear, X, path) if call == "export" else jm.load_exported(exported)
