"""What the adapter does for layers in general: names, rest fields, modes, layers inside."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4)), jnp.float32)


class Keywords(linen.Module):
    @linen.compact
    def __call__(self, x, train=False):
        scale = self.param("lambda", linen.initializers.ones, x.shape[-1:])
        steps = self.variable("ema", "steps", lambda: jnp.zeros(()))
        if train and not self.is_initializing():
            steps.value += 1
        self.sow("intermediates", "mean", x.mean())
        self.sow("intermediates", "mean", 2 * x.mean())
        return x * scale


class Ema(jm.ModelState):
    collection = "ema"


class Layer(nn.FlaxLayer, flax_class=Keywords):
    lambda_: jax.Array = jm.Parameter.node(init=False)
    steps: jax.Array = Ema.node(init=False)
    mean: tuple[jax.Array, ...] = jm.MetricLog.node(init=False)


def test_words_of_python_take_an_underscore():
    layer = Layer().init(0, X)
    assert layer.lambda_.shape == (4,)
    assert layer.variables["params"].keys() == {"lambda"}


def test_a_kind_can_name_its_collection_and_changes_in_training():
    layer = Layer().init(0, X)
    layer(X), layer(X, False), layer(X, train=False), layer.eval()(X)
    assert float(layer.steps) == 1
    layer(X, True), layer.eval()(X, train=True)
    assert float(layer.steps) == 2


def test_what_was_left_several_times_is_a_tuple():
    layer = Layer().init(0, X)
    layer(X + 1)
    assert [float(m) for m in layer.mean] == pytest.approx(
        [float(X.mean() + 1), 2 * float(X.mean() + 1)], 1e-5
    )
    assert "intermediates" not in layer.variables


@pytest.mark.slow
def test_norms_of_weights_keep_pretrained_layers():
    inner = nn.Linear(3).init(7, X)
    for cls in (nn.SpectralNorm, nn.WeightNorm):
        layer = cls(inner).init(0, X)
        assert (layer.layer_instance.kernel == inner.kernel).all()
        assert jnp.isfinite(layer(X)).all()


def test_weight_norm_without_scale():
    layer = nn.WeightNorm(nn.Linear(3), use_scale=False).init(0, X)
    assert layer.scale is None
    assert jnp.allclose(jnp.linalg.norm(layer(jnp.eye(4)), axis=0), 1, atol=1e-5)


def test_spectral_norm_moves_in_training_unless_told_otherwise():
    layer = nn.SpectralNorm(nn.Linear(3)).init(0, X)
    before = layer.stats
    layer(X, update_stats=False), layer.eval()(X), layer.freeze()(X)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), layer.stats, before))
    layer(X)
    assert not (layer.stats["layer_instance/kernel/u"] == before["layer_instance/kernel/u"]).all()


def test_norms_nest():
    layer = nn.WeightNorm(nn.WeightNorm(nn.Linear(3))).init(0, X)
    module = linen.WeightNorm(linen.WeightNorm(linen.Dense(3)))
    assert jnp.allclose(layer(X), module.apply(layer.variables, X))


def test_names_of_collections_are_taken_and_do_nothing():
    layer = nn.SpectralNorm(nn.Linear(3), collection_name="other").init(0, X)
    assert layer.collection_name == "other" and "batch_stats" in layer.variables
    dropout = nn.Dropout(0.5, rng_collection="other").init(0)
    assert (dropout(X) == nn.Dropout(0.5).init(0)(X)).all()


def test_a_rate_of_zero_needs_no_key():
    assert (nn.Dropout(0.0)(X) == X).all()


def test_before_init():
    with pytest.raises(RuntimeError, match="RNN was called before it was initialized"):
        nn.RNN(nn.GRUCell(3))(X[None])


def test_containers_among_the_arguments_are_made_fixed():
    layer = nn.WeightNorm(nn.Linear(3), variable_filter={"kernel", "bias"})
    assert layer.variable_filter == frozenset({"kernel", "bias"})
    assert hash(layer.arguments)
    assert nn.RNN(nn.GRUCell(3), variable_axes={}).arguments == nn.RNN(nn.GRUCell(3)).arguments


@pytest.mark.slow
@settings(max_examples=15)
@given(
    shape=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    features=st.integers(1, 4),
    use_bias=st.booleans(),
    dtype=st.sampled_from([None, jnp.bfloat16, jnp.float32]),
    param_dtype=st.sampled_from([jnp.float32, jnp.float16]),
)
def test_linear_is_dense(shape, features, **options):
    assert_same_as_flax(nn.Linear(features, **options), linen.Dense(features, **options), shape)


@pytest.mark.slow
@settings(max_examples=15)
@given(
    batch=st.integers(1, 2),
    spatial=st.lists(st.integers(3, 5), min_size=1, max_size=2),
    groups=st.integers(1, 2),
    kernel=st.integers(1, 3),
    strides=st.integers(1, 2),
    padding=st.sampled_from(["SAME", "VALID", "CIRCULAR"]),
    use_bias=st.booleans(),
)
def test_conv_is_conv(batch, spatial, groups, kernel, **options):
    arguments = (2, (kernel,) * len(spatial))
    options["feature_group_count"] = groups
    shape = (batch, *spatial, 2)
    assert_same_as_flax(nn.Conv(*arguments, **options), linen.Conv(*arguments, **options), shape)


@pytest.mark.slow
@settings(max_examples=15)
@given(
    shape=st.lists(st.integers(1, 3), min_size=2, max_size=3),
    axis=st.integers(-2, 1),
    momentum=st.floats(0, 1, width=32),
    use_bias=st.booleans(),
    use_scale=st.booleans(),
    use_fast_variance=st.booleans(),
    training=st.booleans(),
)
def test_batch_norm_is_batch_norm(shape, training, **options):
    module = linen.BatchNorm(use_running_average=not training, **options)
    assert_same_as_flax(nn.BatchNorm(**options).train(training), module, shape)


def assert_same_as_flax(layer, module, shape):
    x = jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)
    layer, variables = layer.init(0, x), dict(module.init(jax.random.key(0), x))
    assert_close(layer.variables, variables)
    changing = [name for name in variables if name != "params"]
    expected, changed = module.apply(variables, x, mutable=changing)
    assert_close(layer(x), expected)
    assert_close({name: layer.variables[name] for name in changing}, dict(changed))


def assert_close(ours, theirs):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.astype(jnp.float32), b.astype(jnp.float32), 1e-5, 1e-6)


SEQUENCE = jnp.asarray(np.random.default_rng(1).normal(size=(8, 5, 4)), jnp.float32)
MAPPED = {
    "attention": lambda: nn.SelfAttention(2),
    "recurrent": lambda: nn.RNN(nn.GRUCell(3)),
    "synced": lambda: nn.BatchNorm(axis_name="batch"),
    "normed": lambda: nn.SpectralNorm(nn.Linear(3)),
}


# Not the recurrent one: the first carry of Flax does not vary as `shard_map` asks of a scan.
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in MAPPED if name != "recurrent"])
def test_split_over_devices_is_the_whole(name):
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    by_batch, everywhere = jax.P("batch"), jax.P()

    def step(layer, x):
        return layer(x), layer

    layer = MAPPED[name]().init(0, SEQUENCE)
    split = jax.shard_map(
        step, mesh=mesh, in_specs=(everywhere, by_batch), out_specs=(by_batch, everywhere)
    )
    output, after = jax.jit(split)(layer, SEQUENCE)
    if name == "synced":
        layer.axis_name = after.axis_name = None
    expected, whole = jax.jit(step)(layer, SEQUENCE)
    assert jnp.allclose(output, expected, atol=1e-5)
    for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(whole), strict=True):
        assert jnp.allclose(a, b, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPPED)
def test_recomputed_gradients_are_the_same(name):
    layer = MAPPED[name]().init(0, SEQUENCE)
    layer = layer.eval()

    def loss(layer, x):
        return (layer(x) ** 2).mean()

    plain, again = (jax.jit(jax.grad(f))(layer, SEQUENCE) for f in (loss, jax.checkpoint(loss)))
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(again), strict=True):
        assert jnp.allclose(a, b, atol=1e-6)
