"""Layers of a transformer keep their activations where `jm.sharding.activations` says."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jax_metrics as jm
from jax_metrics.sharding import ShardingError, activations
from jax_metrics.testing import collectives

BATCH, LENGTH, FEATURES, VOCABULARY = 8, 4, 16, 32
AXES = {
    "batch": "data",
    "features": None,
    "heads": "model",
    "hidden": "model",
    "vocabulary": "model",
}
x = jnp.asarray(np.random.default_rng(0).normal(size=(BATCH, LENGTH, FEATURES)), jnp.float32)
ids = jnp.arange(BATCH * LENGTH).reshape(BATCH, LENGTH) % VOCABULARY
KINDS = pytest.mark.parametrize(
    "kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"]
)


def mesh_of(kind=AxisType.Auto):
    return jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)


def split(array):
    """The axes of the mesh for each axis of an array."""
    spec = tuple(array.sharding.spec)
    return (*spec, *(None,) * (array.ndim - len(spec)))


def on_mesh(mesh, array):
    return jax.device_put(array, NamedSharding(mesh, PartitionSpec("data")))


def observed(model, x):
    """The output and the gradients, and the first input and the output of each call inside."""
    seen = {}

    def around(call, own_call, args, kwargs):
        output = own_call(*args, **kwargs)
        seen[call.path] = args[0], output
        return output

    def loss(model):
        with jm.module.calls_run_by(around):
            output = model(x)
        return jnp.mean(output**2), (output, dict(seen))

    gradients, (output, inside) = jax.grad(loss, has_aux=True)(model)
    return (output, gradients), inside


class LanguageModel(jm.Module):
    def __init__(self, scan=False):
        layer = jm.nn.TransformerEncoderLayer(
            4, norm_first=True, causal=True, dropout_rate=0.0, num_kv_heads=2
        )
        self.embed = jm.Embed(VOCABULARY, FEATURES)
        self.blocks = jm.nn.TransformerEncoder(layer, 2 if scan else 1, scan=scan)
        self.head = jm.Linear(VOCABULARY)

    def __call__(self, ids):
        return self.head(self.blocks(self.embed(ids)))


class Attending(jm.Module):
    """The logits are the products with the embeddings; what attention gets is an output too."""

    def __init__(self, attention):
        self.embed = jm.Embed(VOCABULARY, FEATURES)
        self.attention = attention

    def __call__(self, ids):
        return self.embed.attend(self.attention(self.embed(ids)))


def assert_close(result, expected):
    for got, right in zip(jax.tree.leaves(result), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6)


def assert_split(inside, layer=".blocks.layers[0]"):
    between, heads = ("data", None, None), ("data", None, "model")
    for path, (given, output) in {
        ".embed": (None, between),
        f"{layer}.self_attention": (None, between),
        f"{layer}.self_attention.out": (heads, None),
        f"{layer}.feed_forward.dropout": (heads, heads),
        f"{layer}.feed_forward": (None, between),
        ".head": (None, heads),
    }.items():
        arrays = inside[path]
        assert given is None or split(arrays[0]) == given, path
        assert output is None or split(arrays[1]) == output, path


@pytest.mark.slow
def test_a_language_model_with_whole_parameters():
    model = LanguageModel().init(0, ids)
    mesh = mesh_of()
    constrained = activations(model, mesh, AXES, logits=r"\.head")
    sharded = jm.sharding.shard(constrained, mesh, {...: None})
    program = jax.jit(observed).lower(sharded, on_mesh(mesh, ids)).compile()
    result, inside = program(sharded, on_mesh(mesh, ids))
    assert_split(inside)
    assert_close(result, jax.jit(observed)(model, ids)[0])
    # The parts of the sums over heads and hidden features are on different devices.
    shape = (BATCH // 4, LENGTH, FEATURES)
    sums = [s for each in collectives(program).of("all-reduce") for s in each.shapes]
    assert sums.count(shape) + sums.count((shape[0] * LENGTH, FEATURES)) >= 2


@pytest.mark.slow
def test_nothing_without_it():
    model = LanguageModel().init(0, ids)
    removed = activations(activations(model, mesh_of(), AXES), mesh_of(), None)
    assert jax.tree.structure(removed) == jax.tree.structure(model)
    layer = jm.nn.MultiHeadAttention(4).init(0, x)
    removed = activations(activations(layer, mesh_of(), AXES), mesh_of(), None)
    assert jax.tree.structure(removed) == jax.tree.structure(layer)


@pytest.mark.slow
def test_the_constraints_are_a_part_of_the_structure():
    layer = jm.nn.MultiHeadAttention(4).init(0, x)
    first, second = (activations(layer, mesh_of(), AXES) for _ in range(2))
    assert jax.tree.structure(first) == jax.tree.structure(second)
    assert jax.tree.structure(first) != jax.tree.structure(layer)
    assert jax.tree.structure(activations(first, mesh_of(), AXES)) == jax.tree.structure(first)
    fewer = activations(layer, mesh_of(), {"heads": ["model"]})
    assert jax.tree.structure(fewer) != jax.tree.structure(first)
    embed = activations(jm.Embed(4, 2).init(0, ids), mesh_of(), AXES)
    assert jax.tree.structure(pickle.loads(pickle.dumps(embed))) == jax.tree.structure(embed)


@pytest.mark.parametrize(
    ("model", "axes", "options", "message"),
    [
        (jm.nn.FeedForward(), {"head": "model"}, {}, "no axis 'head'; .* Did you mean `heads`"),
        (
            jm.nn.FeedForward(),
            {"hidden": "modle"},
            {},
            "'modle', which is not in the mesh. Did you",
        ),
        (
            jm.nn.FeedForward(),
            {"batch": ("data", "model"), "hidden": "model"},
            {},
            "'model' is used twice for 'batch', 'hidden', which are axes of one array",
        ),
        (jm.Linear(4), {"hidden": "model"}, {}, "has no attention, feed-forward network or embed"),
        (jm.nn.GroupedQueryAttention(3), {"heads": "model"}, {}, "num_heads=3, which does not di"),
        (jm.nn.SelfAttention(3), {"heads": "model"}, {}, "num_heads=3, which does not divide"),
        (
            jm.Sequential(jm.Embed(4, 2), jm.Linear(4)),
            {"vocabulary": "model"},
            {"logits": ".head"},
            "the pattern '.head' of `logits` matches the path of no Linear",
        ),
    ],
)
def test_mistakes(model, axes, options, message):
    with pytest.raises(ShardingError, match=message):
        activations(model, mesh_of(), axes, **options)


@pytest.mark.slow
@KINDS
@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("parameters", ["whole", "fully", "tensor"])
def test_a_language_model(parameters, scan, kind):
    mesh = mesh_of(kind)
    model = LanguageModel(scan).init(0, ids)
    constrained = activations(model, mesh, AXES, logits=r"\.head")
    head = {r"\.head\.kernel": (None, "model"), r"\.head\.bias": ("model",)}
    rules = {
        "whole": lambda: {...: None},
        "fully": lambda: jm.sharding.fsdp(mesh, min_size=100),
        "tensor": lambda: jm.sharding.tensor_parallel(mesh, model, rules=head),
    }[parameters]()
    with jax.set_mesh(mesh):
        sharded = jm.sharding.shard(constrained, mesh, rules)
        if scan:
            loss = jax.value_and_grad(lambda model, ids: jnp.mean(model(ids) ** 2))
            assert_close(jax.jit(loss)(sharded, on_mesh(mesh, ids)), jax.jit(loss)(model, ids))
            return
        result, inside = jax.jit(observed)(sharded, on_mesh(mesh, ids))
    assert_split(inside)
    assert_close(result, jax.jit(observed)(model, ids)[0])


def recording(seen):
    def attend(query, key, value, **options):
        seen.append((query, key, value))
        output = jm.nn.dot_product_attention(query, key, value, **options)
        seen.append(output)
        return output

    return attend


@pytest.mark.slow
@pytest.mark.parametrize("cls", [jm.nn.MultiHeadAttention, jm.nn.SelfAttention])
def test_the_attention_of_flax(cls):
    seen = []
    model = Attending(cls(4, attention_fn=recording(seen))).init(0, ids)
    mesh = mesh_of()

    def run(model, ids):
        seen.clear()
        gradients = jax.grad(lambda model: jnp.mean(model(ids) ** 2))(model)
        return model(ids), gradients, seen[-2:]

    sharded = jm.sharding.shard(activations(model, mesh, AXES), mesh, {...: None})
    output, gradients, arrays = jax.jit(run)(sharded, on_mesh(mesh, ids))
    assert {split(array) for array in jax.tree.leaves(arrays[:1])} == {
        ("data", None, "model", None)
    }
    assert split(output) == ("data", None, "model")
    assert_close((output, gradients), jax.jit(run)(model, ids)[:2])


@pytest.mark.slow
def test_a_decoder_with_a_cache_and_cross_attention():
    mesh = mesh_of()
    layer = jm.nn.TransformerDecoderLayer(4, dropout_rate=0.0).init(0, (x, x))
    constrained = jm.sharding.shard(activations(layer, mesh, AXES), mesh, {...: None})
    call = jax.jit(lambda layer, x: layer(x, x))
    assert_close(call(constrained, on_mesh(mesh, x)), call(layer, x))
    decoding = jm.nn.init_cache(constrained, BATCH, LENGTH)
    steps = [decoding(x[:, i : i + 1], x) for i in range(LENGTH)]
    assert_close(jnp.concatenate(steps, axis=1), call(layer, x))


@pytest.mark.slow
def test_xla_gathers_parameters_of_a_small_batch_and_no_activations():
    """Fully sharded, with a batch that is smaller than the parameters."""
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    model = LanguageModel().init(0, ids)
    sharded = jm.sharding.shard(model, mesh, jm.sharding.fsdp(mesh, min_size=100))

    def found(model):
        grad = jax.jit(jax.grad(lambda model, ids: jnp.mean(model(ids) ** 2)))
        return collectives(grad, model, on_mesh(mesh, ids))

    def gathered(found):
        return {shape for each in found.of("all-gather") for shape in each.shapes}

    # It may gather an activation instead, and sum others; see the guide.
    assert x.shape in gathered(found(sharded))
    constrained = found(activations(sharded, mesh, {"batch": "data"}))
    parameters = {tuple(sorted(p.shape)) for p in jax.tree.leaves(model)}
    assert {tuple(sorted(shape)) for shape in gathered(constrained)} <= parameters
    assert constrained.counts["all-reduce"] == 1


@pytest.mark.slow
def test_sequences_split_between_the_layers():
    mesh = mesh_of()
    layer = jm.nn.TransformerEncoderLayer(4, dropout_rate=0.0).init(0, x)
    axes = {**AXES, "length": "model"}
    sharded = jm.sharding.shard(activations(layer, mesh, axes), mesh, {...: None})
    result, inside = jax.jit(observed)(sharded, on_mesh(mesh, x))
    assert split(inside[".feed_forward"][1]) == ("data", "model", None)
    assert split(inside[".self_attention.out"][0]) == ("data", None, "model")
    assert_close(result, jax.jit(observed)(layer, x)[0])


@KINDS
def test_arrays_that_are_not_on_the_mesh(kind):
    embed = jm.Embed(VOCABULARY, FEATURES).init(0, ids)
    output = activations(embed, mesh_of(kind), AXES)(ids)
    assert_close(output, embed(ids))


@pytest.mark.slow
def test_within_shard_map():
    mesh = mesh_of()
    layer = jm.nn.FeedForward().init(0, x)
    constrained = activations(layer, mesh, AXES)

    def call(layer, x):
        return layer(x)

    spec = PartitionSpec("data")
    mapped = jax.shard_map(
        call, mesh=mesh, in_specs=(PartitionSpec(), spec), out_specs=spec, axis_names={"data"}
    )
    assert_close(jax.jit(mapped)(constrained, x), call(layer, x))
