"""Every layer against its Flax module, from the same key."""

import functools
import inspect
from typing import Any, NamedTuple

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


class Case(NamedTuple):
    layer: Any
    module: Any
    shape: tuple[int, ...] | None  # None for integers


init = jm.initializers
CASES = {
    "linear": Case(jm.Linear(4), linen.Dense(4), (2, 3)),
    "linear_no_bias": Case(jm.Linear(4, use_bias=False), linen.Dense(4, use_bias=False), (2, 5, 3)),
    "linear_inits": Case(
        jm.Linear(4, kernel_init=init.he_uniform(), bias_init=init.normal(2.0)),
        linen.Dense(
            4,
            kernel_init=linen.initializers.he_uniform(),
            bias_init=linen.initializers.normal(2.0),
        ),
        (2, 3),
    ),
    "linear_bf16": Case(
        jm.Linear(4, dtype=jnp.bfloat16), linen.Dense(4, dtype=jnp.bfloat16), (2, 3)
    ),
    "linear_bf16_params": Case(
        jm.Linear(4, param_dtype=jnp.bfloat16), linen.Dense(4, param_dtype=jnp.bfloat16), (2, 3)
    ),
    "linear_precision": Case(
        jm.Linear(4, precision="highest"), linen.Dense(4, precision="highest"), (2, 3)
    ),
    "conv": Case(jm.Conv(4, (3, 3)), linen.Conv(4, (3, 3)), (2, 6, 6, 3)),
    "conv_1d": Case(jm.Conv(4, 3, padding="CAUSAL"), linen.Conv(4, 3, padding="CAUSAL"), (2, 6, 3)),
    "conv_options": Case(
        jm.Conv(4, [3, 3], strides=2, padding="VALID", feature_group_count=2, use_bias=False),
        linen.Conv(4, (3, 3), strides=2, padding="VALID", feature_group_count=2, use_bias=False),
        (2, 7, 7, 4),
    ),
    "conv_dilated": Case(
        jm.Conv(4, (3, 3), kernel_dilation=2, input_dilation=(2, 1), padding=((1, 2), (0, 1))),
        linen.Conv(4, (3, 3), kernel_dilation=2, input_dilation=(2, 1), padding=((1, 2), (0, 1))),
        (2, 7, 7, 3),
    ),
    "conv_circular": Case(
        jm.Conv(4, (3,), padding="CIRCULAR"), linen.Conv(4, (3,), padding="CIRCULAR"), (2, 6, 3)
    ),
    "conv_mask": Case(
        jm.Conv(2, (3,), mask=np.tri(3)[:, :, None] * np.ones(2)),
        linen.Conv(2, (3,), mask=np.tri(3)[:, :, None] * np.ones(2)),
        (2, 6, 3),
    ),
    "embed": Case(jm.Embed(7, 4), linen.Embed(7, 4), None),
    "embed_bf16": Case(
        jm.Embed(7, 4, dtype=jnp.bfloat16), linen.Embed(7, 4, dtype=jnp.bfloat16), None
    ),
    "embed_init": Case(
        jm.Embed(7, 4, embedding_init=init.uniform()),
        linen.Embed(7, 4, embedding_init=linen.initializers.uniform()),
        None,
    ),
    "batch_norm": Case(
        jm.BatchNorm(), linen.BatchNorm(use_fast_variance=False, use_running_average=False), (5, 3)
    ),
    "batch_norm_options": Case(
        jm.BatchNorm(axis=1, momentum=0.5, epsilon=0.1, use_scale=False, use_fast_variance=False),
        linen.BatchNorm(
            use_running_average=False,
            axis=1,
            momentum=0.5,
            epsilon=0.1,
            use_scale=False,
            use_fast_variance=False,
        ),
        (5, 3, 4),
    ),
    "batch_norm_bare": Case(
        jm.BatchNorm(use_scale=False, use_bias=False),
        linen.BatchNorm(
            use_fast_variance=False, use_running_average=False, use_scale=False, use_bias=False
        ),
        (5, 3),
    ),
    "batch_norm_bf16": Case(
        jm.BatchNorm(dtype=jnp.bfloat16),
        linen.BatchNorm(use_fast_variance=False, use_running_average=False, dtype=jnp.bfloat16),
        (5, 3),
    ),
    "layer_norm": Case(jm.LayerNorm(), linen.LayerNorm(use_fast_variance=False), (5, 3)),
    "layer_norm_options": Case(
        jm.LayerNorm(epsilon=0.1, use_bias=False, reduction_axes=(-2, -1), feature_axes=(-1,)),
        linen.LayerNorm(
            use_fast_variance=False,
            epsilon=0.1,
            use_bias=False,
            reduction_axes=(-2, -1),
            feature_axes=(-1,),
        ),
        (5, 3, 4),
    ),
    "layer_norm_bf16": Case(
        jm.LayerNorm(dtype=jnp.bfloat16, scale_init=init.uniform()),
        linen.LayerNorm(
            use_fast_variance=False, dtype=jnp.bfloat16, scale_init=linen.initializers.uniform()
        ),
        (5, 3),
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def inputs(case, seed=1):
    key = jax.random.key(seed)
    if case.shape is None:
        return jax.random.randint(key, (2, 3), 0, 7)
    return jax.random.normal(key, case.shape)


COLLECTIONS = {jm.Parameter: "params", jm.BatchStats: "batch_stats"}


def variables(layer):
    """The variables of a layer, as its Flax module has them."""
    found = {}
    for name, field in layer.field_metadata.items():
        if field.kind in COLLECTIONS and getattr(layer, name) is not None:
            found.setdefault(COLLECTIONS[field.kind], {})[name] = getattr(layer, name)
    return found


def assert_equal(a, b):
    """Same structure, dtypes and bits."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def both(case, seed=0):
    x = inputs(case)
    layer = case.layer.init(seed, x)
    return layer, case.module.init(jax.random.key(seed), x), x


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("seed", [0, 42])
def test_initial_variables_are_equal(case, seed):
    layer, made, _ = both(case, seed)
    assert_equal(variables(layer), made)


def test_outputs_and_new_statistics_are_equal(case):
    layer, made, x = both(case)
    expected, changed = case.module.apply(made, x, mutable=["batch_stats"])
    assert_equal(layer(x), expected)
    assert_equal(variables(layer).get("batch_stats", {}), changed.get("batch_stats", {}))


@pytest.mark.slow
def test_gradients_are_equal(case):
    layer, made, x = both(case)

    def layer_loss(layer):
        return (layer(x).astype("float32") ** 2).sum(), layer

    def twin_loss(params):
        output, _ = case.module.apply({**made, "params": params}, x, mutable=["batch_stats"])
        return (output.astype("float32") ** 2).sum()

    grads, _ = jax.grad(layer_loss, has_aux=True)(layer)
    expected = jax.grad(twin_loss)(made.get("params", {}))
    assert_equal(variables(grads).get("params", {}), expected)


@pytest.mark.quick_cases(6)
def test_under_jit_they_are_equal(case):
    layer, made, x = both(case)

    @jax.jit
    def call(layer, x):
        return layer(x), layer

    output, layer = call(layer, x)
    apply = jax.jit(functools.partial(case.module.apply, mutable=["batch_stats"]))
    expected, changed = apply(made, x)
    assert_equal(output, expected)
    assert_equal(variables(layer).get("batch_stats", {}), changed.get("batch_stats", {}))


@pytest.mark.slow
def test_under_vmap_they_are_equal(case):
    layer, made, _ = both(case)
    xs = jnp.stack([inputs(case, seed) for seed in range(3)])
    outputs = jax.vmap(lambda layer, x: layer.copy()(x), in_axes=(None, 0))(layer, xs)
    apply = functools.partial(case.module.apply, mutable=["batch_stats"])
    expected, _ = jax.vmap(apply, in_axes=(None, 0))(made, xs)
    assert_equal(outputs, expected)


def test_their_shapes_are_equal(case):
    x = inputs(case)
    layer = jax.eval_shape(lambda x: case.layer.init(0, x), x)
    made = jax.eval_shape(lambda x: case.module.init(jax.random.key(0), x), x)
    assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), variables(layer)) == jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), made
    )
    output = jax.eval_shape(lambda layer, x: layer.copy()(x), layer, x)
    expected, _ = jax.eval_shape(
        lambda made, x: case.module.apply(made, x, mutable=["batch_stats"]), made, x
    )
    assert (output.shape, output.dtype) == (expected.shape, expected.dtype)


def test_attend_is_that_of_flax():
    layer, made, _ = both(CASES["embed"])
    query = jax.random.normal(jax.random.key(3), (2, 4))
    expected = linen.Embed(7, 4).apply(made, query, method="attend")
    assert_equal(layer.attend(query), expected)


@pytest.mark.parametrize("shape", [(3, 4), (1, 4)])
def test_dropout_is_that_of_flax(shape):
    broadcast = tuple(axis for axis, size in enumerate(shape) if size == 1)
    x = jnp.ones((3, 4))
    layer = jm.Dropout(0.5, broadcast_dims=broadcast).init(0)
    key, _ = jm.iter_split(layer.rng)
    expected = linen.Dropout(0.5, broadcast_dims=broadcast, deterministic=False).apply(
        {}, x, rngs={"dropout": key}
    )
    assert_equal(layer(x), expected)


def test_dropout_with_a_key_of_the_call_is_that_of_flax():
    x, key = jnp.ones((3, 4)), jax.random.key(5)
    expected = linen.Dropout(0.5).apply({}, x, deterministic=False, rng=key)
    assert_equal(jm.Dropout(0.5).init(0)(x, rng=key), expected)


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        (jm.Linear, linen.Dense),
        (jm.Conv, linen.Conv),
        (jm.Embed, linen.Embed),
        (jm.BatchNorm, linen.BatchNorm),
        (jm.LayerNorm, linen.LayerNorm),
        (jm.Dropout, linen.Dropout),
    ],
)
def test_a_layer_has_the_arguments_and_defaults_of_its_flax_module(layer, module):
    ours = dict(inspect.signature(layer).parameters)
    theirs = dict(inspect.signature(module).parameters)
    for name in ("parent", "name", "rng_collection"):
        ours.pop(name, None), theirs.pop(name, None)
    assert list(ours) == list(theirs)
    for name, parameter in ours.items():
        if name == "use_fast_variance":  # exact by default
            assert parameter.default is False
        elif not callable(parameter.default):
            assert parameter.default == theirs[name].default, name
