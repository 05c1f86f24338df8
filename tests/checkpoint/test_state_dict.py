"""`state_dict` and `load_state_dict`: every pytree round-trips, and every misfit is listed."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

x = jnp.ones((2, 3))
MODEL = jm.Sequential(jm.Linear(4), jm.BatchNorm(), jm.Dropout(0.5), jm.Linear(2)).init(0, x)
Pair = collections.namedtuple("Pair", "left right")


class Swapped(jm.Tree):
    """The fields of `Straight`, declared the other way round."""

    b: jax.Array = jm.node()
    a: jax.Array = jm.node()

    def __init__(self):
        self.b, self.a = jnp.ones(2), jnp.zeros(3)


class Straight(jm.Tree):
    a: jax.Array = jm.node()
    b: jax.Array = jm.node()

    def __init__(self):
        self.a, self.b = jnp.zeros(3), jnp.ones(2)


def everything():
    """A pytree with each kind of container and leaf."""
    return {
        "model": jm.copy(MODEL),
        "optimizer": jm.Optimizer(optax.adam(1e-3)).init(MODEL),
        "metric": jm.metrics.Accuracy(),
        "plain": (1.5, [True, 3], Pair(np.arange(3), np.float32(2.0)), None),
        "odd": {"x.y": jnp.ones((0, 2)), "f8": jnp.ones(2, jnp.float8_e4m3fn)},
        "keys": jax.random.split(jax.random.key(1, impl="rbg"), 2),
    }


def test_a_round_trip_changes_nothing():
    tree = everything()
    loaded = jm.load_state_dict(tree, jm.state_dict(tree))
    assert jax.tree.structure(loaded) == jax.tree.structure(tree)
    assert jm.equal(loaded, tree)
    assert [type(a) for a in jax.tree.leaves(loaded)] == [type(a) for a in jax.tree.leaves(tree)]


def test_names_follow_fields_keys_and_indices():
    names = list(jm.state_dict(everything()))
    assert names[:2] == ["keys", "metric.outcomes.high"]
    assert {
        "model.layers.0.kernel",
        "optimizer.opt_state.0.mu.layers.0.kernel",
        "plain.0",
        "plain.1.1",
        "plain.2.left",
        "odd.x.y",
    } <= set(names)


def test_numbers_in_names_are_sorted_as_numbers():
    assert list(jm.state_dict([0.0] * 11))[-2:] == ["9", "10"]


def test_the_order_of_fields_and_keys_does_not_matter():
    assert list(jm.state_dict(Swapped())) == list(jm.state_dict(Straight())) == ["a", "b"]
    assert list(jm.state_dict({"d": 1, "c": 2})) == list(jm.state_dict({"c": 2, "d": 1}))


def test_settings_stay_those_of_the_tree():
    tree = MODEL.eval().freeze()
    loaded = jm.load_state_dict(tree, jm.state_dict(jm.map(lambda a: a + 0, MODEL, jm.Parameter)))
    assert not loaded.training and loaded.frozen and loaded.layers[2].rate == 0.5


def test_a_shape_is_enough():
    loaded = jm.load_state_dict(jax.eval_shape(lambda: MODEL), jm.state_dict(MODEL))
    assert jm.equal(loaded, MODEL) and isinstance(loaded.layers[0].kernel, jax.Array)


def test_leaves_go_to_the_devices_of_the_tree():
    device = jax.devices()[3]
    loaded = jm.load_state_dict(jax.device_put(jnp.ones(2), device), {"": np.zeros(2, np.float32)})
    assert loaded.devices() == {device}


def test_in_place_and_as_a_copy():
    model, state = jm.copy(MODEL), jm.state_dict(MODEL)
    state["layers.0.bias"] = jnp.full(4, 7.0)
    assert jm.load_state_dict(model, state) is not model
    assert model.layers[0].bias[0] == 0
    assert jm.load_state_dict(model, state, inplace=True) is model
    assert model.layers[0].bias[0] == 7


def test_arrays_of_numpy_are_copied():
    given = np.zeros(64, np.float32)
    loaded = jm.load_state_dict({"a": jnp.ones(64)}, {"a": given})
    given[:] = 5
    assert loaded["a"].sum() == 0


def misfit():
    state = jm.state_dict(MODEL)
    state["layers.0.kernal"] = state.pop("layers.0.kernel")
    state["layers.0.bias"] = np.ones(7, np.float32)
    state["layers.3.bias"] = np.ones(2, np.float64)
    state["layers.1.mean"] = "mean"
    state["layers.2.rng"] = np.zeros(2, np.uint32)
    return state


def test_an_error_lists_every_misfit():
    with pytest.raises(jm.CheckpointError) as caught:
        jm.load_state_dict(MODEL, misfit(), inplace=True)
    assert str(caught.value).split("\n") == [
        "The state does not fit the Sequential, which was not changed:",
        "missing: `layers.0.kernel` (shape (3, 4), float32)",
        "unexpected: `layers.0.kernal` (shape (3, 4), float32). Did you mean `layers.0.kernel`?",
        "shape: `layers.0.bias`: the tree has shape (4,), float32, the state shape (7,), float32",
        "type: `layers.1.mean`: the tree has shape (4,), float32, the state a str",
        "dtype: `layers.2.rng`: the tree has shape (), key<fry>, the state shape (2,), uint32",
        "dtype: `layers.3.bias`: the tree has shape (2,), float32, the state shape (2,), float64",
        "Pass `rename=` or `rules=` for other names and layouts, or `strict=False` to load what "
        "fits.",
        "Pass `cast=True` to convert dtypes.",
    ]


def test_not_strict_loads_what_fits_and_returns_the_rest():
    state = misfit()
    state["layers.1.scale"] = jnp.full(4, 9.0)
    loaded, left_out = jm.load_state_dict(MODEL, state, strict=False)
    assert left_out == (
        ("layers.0.kernel",),
        ("layers.0.kernal",),
        ("layers.0.bias",),
        ("layers.1.mean", "layers.2.rng", "layers.3.bias"),
    )
    assert loaded.layers[1].scale[0] == 9
    assert jm.equal(loaded.layers[0], MODEL.layers[0])


@pytest.mark.parametrize(
    ("leaf", "value", "fits"),
    [
        (jnp.float32(1), np.float64(2), True),
        (jnp.bfloat16(1), np.float32(2), True),
        (jnp.float32(1), np.int64(2), True),
        (jnp.int32(1), np.int64(2), True),
        (jnp.int32(1), np.float32(2), False),
        (jnp.float32(1), np.complex64(2), False),
        (jax.random.key(0), np.uint32(2), False),
        (1.0, np.int32(2), True),
    ],
)
def test_casts_need_a_request_and_keep_the_kind(leaf, value, fits):
    with pytest.raises(jm.CheckpointError, match="dtype: `a`"):
        jm.load_state_dict({"a": leaf}, {"a": value})
    if fits:
        loaded = jm.load_state_dict({"a": leaf}, {"a": value}, cast=True)["a"]
        assert loaded == 2 and jnp.result_type(loaded) == jnp.result_type(leaf)
    else:
        with pytest.raises(jm.CheckpointError, match="dtype: `a`"):
            jm.load_state_dict({"a": leaf}, {"a": value}, cast=True)


def test_integers_that_do_not_fit_are_refused():
    with pytest.raises(jm.CheckpointError, match=r"At \['a'\]: .* from 1 to 300, which int8 can"):
        jm.load_state_dict({"a": jnp.zeros(2, jnp.int8)}, {"a": np.array([1, 300])}, cast=True)


def test_keys_of_another_implementation_are_refused():
    tree = {"key": jax.random.key(0)}
    with pytest.raises(jm.CheckpointError, match="key<fry>, the state shape .*key<rbg>"):
        jm.load_state_dict(tree, {"key": jax.random.key(0, impl="rbg")}, cast=True)


@pytest.mark.parametrize("leaf", ["text", object(), np.array(["text"]), np.array([None])])
def test_other_leaves_are_refused(leaf):
    with pytest.raises(jm.CheckpointError, match=r"arrays and numbers only, but \['a'\] is a"):
        jm.state_dict({"a": leaf, "b": 1})


def test_two_leaves_with_one_name_are_refused():
    with pytest.raises(jm.CheckpointError, match=r"`a.b`: \['a'\]\['b'\] and \['a.b'\]"):
        jm.state_dict({"a.b": 1, "a": {"b": 2}})
