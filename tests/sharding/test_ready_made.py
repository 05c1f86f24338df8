"""`fsdp` and `tensor_parallel`."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

import jax_metrics as jm
from jax_metrics.sharding import Rules, ShardingError, fsdp, shardings, tensor_parallel

mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)


def shapes_of(model, inputs):
    return jax.eval_shape(lambda inputs: model.init(0, inputs), inputs)


def specs(tree, rules):
    found = jax.tree_util.tree_leaves_with_path(shardings(tree, mesh, rules))
    return {jax.tree_util.keystr(path): sharding.spec for path, sharding in found}


x = jax.ShapeDtypeStruct((2, 5, 8), jnp.float32)
linear = shapes_of(jm.Linear(16), jax.ShapeDtypeStruct((2, 8), jnp.float32))


def test_fsdp_splits_the_largest_axis_that_divides():
    assert specs(linear, fsdp(mesh, min_size=64)) == {".kernel": P(None, "data"), ".bias": P()}
    odd = {"w": jax.ShapeDtypeStruct((9, 8), jnp.float32)}
    assert specs(odd, fsdp(mesh, min_size=64)) == {"['w']": P(None, "data")}


def test_fsdp_adds_to_rules():
    rules = fsdp(mesh, rules={".*kernel": (None, "model")}, min_size=4)
    assert specs(linear, rules) == {".kernel": P("data", "model"), ".bias": P("data")}
    rules = fsdp(mesh, rules={".*kernel": None, ".*bias": ("data",)}, min_size=4)
    assert specs(linear, rules) == {".kernel": P(), ".bias": P("data")}


def test_fsdp_leaves_the_axis_of_a_stack():
    stack = shapes_of(jm.nn.Stack(jm.Linear(8), 32), jax.ShapeDtypeStruct((2, 8), jnp.float32))
    found = specs(stack, fsdp(mesh, min_size=64))
    assert found == {".layer.kernel": P(None, "data"), ".layer.bias": P()}


def test_fsdp_problems():
    with pytest.raises(ShardingError, match=r"'fsdp', which is not in the mesh \(data=4, model=2"):
        fsdp(mesh, "fsdp")
    odd = {"w": jnp.ones((9, 9))}
    with pytest.raises(ShardingError, match=r"no axis of `\['w'\]`, shape \(9, 9\), can be split"):
        shardings(odd, mesh, fsdp(mesh, min_size=64))
    other = jax.make_mesh((8,), ("batch",))
    with pytest.raises(ShardingError, match="`fsdp` was made for another mesh, with the axis 'dat"):
        shardings(odd, other, fsdp(mesh))


KEY, OUT = P(None, "model"), P("model")
PARTS = {
    ".{}.query.kernel": KEY,
    ".{}.value.kernel": KEY,
    ".{}.value.bias": P("model"),
    ".{}.out.kernel": OUT,
    ".{}.out.bias": P(),
}


def test_tensor_parallel_decoder():
    layer = shapes_of(jm.nn.TransformerDecoderLayer(4, num_kv_heads=2), (x, x))
    found = specs(layer, tensor_parallel(mesh, layer))
    for attention in ("self_attention", "cross_attention"):
        for path, spec in PARTS.items():
            assert found[path.format(attention)] == spec
    assert found[".feed_forward.linear1.kernel"] == KEY
    assert found[".feed_forward.linear1.bias"] == P("model")
    assert found[".feed_forward.linear2.kernel"] == OUT
    assert found[".feed_forward.linear2.bias"] == found[".norm1.scale"] == P()


@pytest.mark.parametrize(
    "cls", [jm.nn.MultiHeadAttention, jm.nn.MultiHeadDotProductAttention, jm.nn.SelfAttention]
)
def test_tensor_parallel_attention_of_flax(cls):
    layer = shapes_of(cls(num_heads=4), x)
    found = specs(layer, tensor_parallel(mesh, layer))
    assert found[".query['kernel']"] == P(None, "model")
    assert found[".query['bias']"] == P("model")
    assert found[".out['kernel']"] == P("model")
    assert found[".out['bias']"] == P()


def test_tensor_parallel_gate():
    layer = shapes_of(jm.nn.FeedForward(gated=True), x)
    rules = {jm.nn.FeedForward: {r"linear1\.bias": None}}
    found = specs(layer, tensor_parallel(mesh, layer, rules=rules))
    assert found[".gate.kernel"] == found[".linear1.kernel"] == KEY
    assert found[".gate.bias"] == P("model") and found[".linear1.bias"] == P()


def with_lora(layer):
    return jm.nn.apply_lora(layer, jm.Linear, 2)


def with_remat(layer):
    return layer.at[".feed_forward.linear1"].apply(jm.nn.Remat)


@pytest.mark.parametrize("around", [with_lora, lambda layer: with_lora(with_remat(layer))])
def test_tensor_parallel_layers_inside_of_others(around):
    layer = jm.nn.TransformerEncoderLayer(4, gated=True)
    layer = jax.eval_shape(lambda inputs: around(layer.init(0, inputs)), x)
    found = specs(layer, tensor_parallel(mesh, layer, threshold=16))
    paths = {path.replace(".layer", ""): spec for path, spec in found.items()}
    for columns in (".self_attention.query", ".feed_forward.linear1", ".feed_forward.gate"):
        assert paths[f"{columns}.kernel"] == paths[f"{columns}.b['kernel']"] == KEY
        assert paths[f"{columns}.bias"] == P("model") and paths[f"{columns}.a['kernel']"] == P()
    for rows in (".self_attention.out", ".feed_forward.linear2"):
        assert paths[f"{rows}.kernel"] == paths[f"{rows}.a['kernel']"] == OUT
        assert paths[f"{rows}.bias"] == paths[f"{rows}.b['kernel']"] == P()


def test_tensor_parallel_model_without_biases():
    layer = jm.nn.TransformerEncoderLayer(2, use_bias=False)
    model = jm.Sequential(jm.Embed(16, 8), jm.nn.TransformerEncoder(layer, 2, scan=True))
    model = shapes_of(model, jax.ShapeDtypeStruct((2, 5), jnp.int32))
    rules = tensor_parallel(mesh, model, rules={".*norm1.scale": ("model",)})
    found = specs(model, rules)
    assert found[".layers[0].embedding"] == OUT
    stacked = ".layers[1].layers.layer"
    assert found[f"{stacked}.self_attention.out.kernel"] == P(None, "model")
    assert found[f"{stacked}.norm1.scale"] == P(None, "model")


@pytest.mark.parametrize(
    "rules",
    [
        {".*embedding": (None, "model")},
        {jm.Embed: (None, "model")},
        {jm.Embed: {"embedding": (None, "model")}},
        {jm.Embed: {"embedding": (None, "model")}, ...: None},
    ],
)
def test_tensor_parallel_with_other_rules(rules):
    model = jm.Sequential(jm.Embed(15, 8), jm.nn.FeedForward())
    model = shapes_of(model, jax.ShapeDtypeStruct((2, 5), jnp.int32))
    with pytest.raises(ShardingError, match="the rule Embed: 'embedding' splits axis 0 of"):
        specs(model, tensor_parallel(mesh, model))
    found = specs(model, tensor_parallel(mesh, model, rules=rules))
    assert found[".layers[0].embedding"] == found[".layers[1].linear1.kernel"] == KEY


def test_tensor_parallel_with_rules_for_a_part_of_a_layer():
    layer = shapes_of(jm.nn.FeedForward(), x)
    rules = {jm.nn.FeedForward: {r"linear1\.bias": None}}
    found = specs(layer, tensor_parallel(mesh, layer, rules=rules))
    assert found[".linear1.bias"] == P() and found[".linear1.kernel"] == KEY


def test_rules_keep_their_other_arguments():
    layer = shapes_of(jm.nn.FeedForward(), x)
    own = Rules({r".*linear1\.bias": ("mlp",)}, axes={"mlp": "data"}, threshold=512)
    rules = tensor_parallel(mesh, layer, rules=own)
    assert (rules.axes, rules.threshold) == ({"mlp": "data"}, 512)
    assert specs(layer, rules)[".linear1.bias"] == P("data")
    assert tensor_parallel(mesh, layer, rules=own, threshold=7).threshold == 7
    # In either order of the two.
    inner = tensor_parallel(mesh, layer, rules=fsdp(mesh, rules=own, min_size=4))
    outer = fsdp(mesh, rules=rules, min_size=4)
    assert inner == outer and specs(layer, inner)[".linear1.kernel"] == P("data", "model")
    other = Rules({}, axes={"model": "data"})
    with pytest.raises(ShardingError, match="'model', but the `axes` of your rules .*, 'data'"):
        tensor_parallel(mesh, layer, rules=other)
    with pytest.raises(TypeError, match="Expected rules as a dict .* got 7"):
        tensor_parallel(mesh, layer, rules=7)


def test_tensor_parallel_problems():
    layer = shapes_of(jm.nn.TransformerEncoderLayer(3, head_dim=4), x)
    with pytest.raises(ShardingError, match=r"`.self_attention` has num_heads=3, which does not"):
        tensor_parallel(mesh, layer)
    layer = shapes_of(jm.nn.GroupedQueryAttention(4, 1), x)
    with pytest.raises(ShardingError, match="has num_kv_heads=1, which does not divide into 2"):
        tensor_parallel(mesh, layer)
    with pytest.raises(ShardingError, match="which is not in the mesh"):
        tensor_parallel(mesh, layer, "tensor")
    for model in (linear, jm.nn.TransformerEncoderLayer(4)):
        with pytest.raises(ShardingError, match="has none with values. Initialize it, or pass"):
            tensor_parallel(mesh, model)
    model = shapes_of(jm.Sequential(jm.nn.FeedForward(), jm.Linear(64)), x)
    with pytest.raises(ShardingError, match=r"large parameter `.layers\[1\].kernel`"):
        shardings(model, mesh, tensor_parallel(mesh, model, threshold=512))
