"""Hyperparameters that are read and set between steps."""

import copy
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import STEPS, X, assert_close, bare_optax, flat, gradient, make_model

import jax_metrics as jm


def linear():
    return jm.Linear(1).init(0, X)


@pytest.mark.parametrize(
    "make",
    [
        lambda: jm.Optimizer(optax.adam, learning_rate=0.1),
        lambda: jm.Optimizer(jm.optim.with_hyperparams(optax.adam, learning_rate=0.1)),
        lambda: jm.Optimizer(optax.inject_hyperparams(optax.adam)(0.1)),
        lambda: jm.Optimizer(
            optax.chain(
                optax.clip_by_global_norm(100.0),
                jm.optim.with_hyperparams(optax.adam, learning_rate=0.1),
            )
        ),
        lambda: jm.Optimizer(
            jm.optim.with_norms(
                jm.optim.master_weights(jm.optim.with_hyperparams(optax.adam, learning_rate=0.1))
            )
        ),
        lambda: jm.Optimizer(
            optax.MultiSteps(jm.optim.with_hyperparams(optax.adam, learning_rate=0.1), 1)
        ),
    ],
    ids=["function", "with_hyperparams", "optax", "chain", "wrapped", "multi_steps"],
)
def test_the_learning_rate_is_set_without_compiling_again(make):
    model = make_model()
    optimizer = make().init(model)
    np.testing.assert_allclose(optimizer.learning_rate, 0.1)

    @jax.jit
    def step(model, optimizer):
        return optimizer.update(gradient(model), model), optimizer

    transformation = optax.inject_hyperparams(optax.adam)(0.1)
    params = flat(model)
    state = transformation.init(params)
    for rate in (0.1, 0.01, jnp.array(0.05), np.float32(0.02), 0):
        optimizer.learning_rate = rate
        state.hyperparams["learning_rate"] = jnp.asarray(rate, jnp.float32)
        grads = flat(gradient(model))
        model, optimizer = step(model, optimizer)
        updates, state = transformation.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        assert optimizer.learning_rate == jnp.float32(rate)
    assert_close(flat(model), params)
    assert step._cache_size() == 1


def test_optimizers_with_the_same_hyperparameters_share_a_program():
    def make(b1):
        schedule = optax.linear_schedule(0.1, 0.0, 5)
        return jm.Optimizer(optax.adam, learning_rate=schedule, b1=b1, nesterov=True).init(linear())

    assert jm.equal(make(0.9), make(0.9)) and not jm.equal(make(0.9), make(0.8))
    step = jax.jit(lambda model, optimizer: (optimizer.update(model, model), optimizer))
    step(linear(), make(0.9)), step(linear(), make(0.9))
    assert step._cache_size() == 1


def test_it_is_set_inside_of_a_compiled_step_too():
    model = linear()
    optimizer = jm.Optimizer(optax.sgd, learning_rate=0.1).init(model)

    @jax.jit
    def step(model, optimizer, rate):
        optimizer.learning_rate = rate
        return optimizer.update(model, model), optimizer

    for rate in (0.5, 0.25):
        new, optimizer = step(model, optimizer, rate)
        np.testing.assert_allclose(new.kernel, (1 - rate) * model.kernel, rtol=1e-6)
        assert optimizer.learning_rate == rate
    assert step._cache_size() == 1


def test_floats_and_schedules_are_settable_and_all_else_is_passed_on():
    optimizer = jm.Optimizer(
        optax.adamw,
        learning_rate=optax.linear_schedule(0.1, 0.0, STEPS),
        b1=0.8,
        weight_decay=0.1,
        mask=jm.optim.decay_mask(),
        nesterov=True,
    ).init(make_model())
    assert {name: round(float(value), 3) for name, value in optimizer.hyperparams.items()} == {
        "learning_rate": 0.1,
        "b1": 0.8,
        "weight_decay": 0.1,
    }
    optimizer.b1 = 0.5
    assert optimizer.b1 == 0.5
    lbfgs = jm.Optimizer(optax.lbfgs, learning_rate=0.5, memory_size=3).init(linear())
    assert [*lbfgs.hyperparams] == ["learning_rate"]


@pytest.mark.parametrize("whole", [True, False])
def test_it_is_optax(whole):
    options = {"weight_decay": 0.1, "mask": jm.optim.decay_mask()}
    schedule = optax.linear_schedule(0.1, 0.0, STEPS)
    rate = schedule if whole else 0.1
    model = make_model()
    bare = optax.adamw(rate, weight_decay=0.1, mask=lambda p: {k: "kernel" in k for k in p})
    expected, _ = bare_optax(bare, model)
    optimizer = jm.Optimizer(optax.adamw, learning_rate=rate, **options).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model)
    assert_close(flat(model), expected)


HALF_PRECISION = {
    "adam": (optax.adam, {"b1": 0.9, "b2": 0.999, "eps": 1e-8}),
    "sgd": (optax.sgd, {"momentum": 0.999}),
    "scheduled": (optax.adamw, {"learning_rate": optax.linear_schedule(1e-2, 0.0, 9)}),
    "array": (optax.adam, {"learning_rate": jnp.float32(1e-2), "b1": np.float32(0.9)}),
}


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize("name", HALF_PRECISION)
def test_parameters_of_16_bits_are_trained_as_without_hyperparameters_in_the_state(name, dtype):
    factory, given = HALF_PRECISION[name]
    given = {"learning_rate": 1e-2} | given
    plain = {key: value if callable(value) else float(value) for key, value in given.items()}
    params = grads = {"w": jnp.linspace(0.5, 1.5, 4).astype(dtype)}
    expected = params
    optimizer = jm.Optimizer(factory, **given).init(params)
    bare = jm.Optimizer(factory(**plain)).init(params)
    dtypes = [leaf.dtype for leaf in jax.tree.leaves(optimizer)]
    for key, value in optimizer.hyperparams.items():
        assert value.dtype == jnp.float32 and (callable(given[key]) or value == given[key])
    for _ in range(4):
        params, expected = optimizer.update(grads, params), bare.update(grads, expected)
    assert [leaf.dtype for leaf in jax.tree.leaves(optimizer)] == dtypes
    spacing = float(jnp.finfo(dtype).eps)
    np.testing.assert_allclose(params["w"].astype(float), expected["w"].astype(float), spacing)


def test_hyperparameters_of_float64_parameters_have_64_bits():
    with jax.enable_x64(True):
        for dtype in (jnp.float64, jnp.float32):
            params = {"w": jnp.ones(2, dtype)}
            optimizer = jm.Optimizer(optax.adam, learning_rate=0.1).init(params)
            params = optimizer.update(params, params)
            assert optimizer.learning_rate.dtype == dtype == params["w"].dtype


@pytest.mark.parametrize("rate", [1, np.int64(1), np.float32(1.0), np.float64(1.0), jnp.ones(())])
def test_numbers_of_any_kind_are_settable(rate):
    optimizer = jm.Optimizer(optax.sgd, learning_rate=rate).init(linear())
    assert optimizer.learning_rate == 1.0
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate == 0.5


def two_groups():
    return jm.Optimizer(
        jm.optim.groups(
            {
                ".layers[0]": jm.optim.with_hyperparams(optax.sgd, learning_rate=0.5),
                ...: jm.optim.with_hyperparams(optax.adam, learning_rate=0.1, b1=0.9),
            }
        )
    ).init(make_model())


def test_groups_have_hyperparameters_of_their_own():
    optimizer = two_groups()
    assert optimizer.learning_rate == {".layers[0]": 0.5, "...": jnp.float32(0.1)}
    assert optimizer.b1 == jnp.float32(0.9)
    optimizer.learning_rate = {"...": 0.25}
    assert optimizer.learning_rate == {".layers[0]": 0.5, "...": 0.25}
    optimizer.learning_rate = 0.125
    assert optimizer.learning_rate == {".layers[0]": 0.125, "...": 0.125}


def test_what_is_read_is_no_way_to_set():
    optimizer = two_groups()
    for change in (
        lambda: optimizer.learning_rate.update({"...": 5.0}),
        lambda: optimizer.learning_rate.__setitem__("...", 5.0),
        lambda: optimizer.hyperparams.__setitem__("learning_rate", 5.0),
        lambda: optimizer.hyperparams.pop("learning_rate"),
    ):
        with pytest.raises(
            TypeError, match=r"a copy, .* `optimizer\.learning_rate = \{'\.head': 1e"
        ):
            change()
    rates = optimizer.learning_rate
    for same in (copy.deepcopy(rates), jax.jit(lambda o: o.learning_rate)(optimizer)):
        assert same == rates and type(same) is type(rates)
    optimizer.learning_rate = jax.tree.map(lambda rate: rate / 2, rates)
    assert optimizer.learning_rate == {".layers[0]": 0.25, "...": jnp.float32(0.05)}
    optimizer.learning_rate = {**rates, "...": 0.5}
    assert optimizer.learning_rate == {".layers[0]": 0.5, "...": 0.5}


def test_places_without_a_group_are_named_by_their_path_in_the_state():
    one = functools.partial(jm.optim.with_hyperparams, optax.scale)
    optimizer = jm.Optimizer(optax.chain(one(step_size=-0.5), one(step_size=2.0))).init(linear())
    assert [*optimizer.step_size] == ["[0]", "[1]"]
    optimizer.step_size = {"[1]": 4.0}
    assert [float(size) for size in optimizer.step_size.values()] == [-0.5, 4.0]


@pytest.mark.slow
def test_an_ensemble_has_a_rate_for_each_member():
    models = jax.vmap(lambda key: jm.Linear(1).init(key, X))(jax.random.split(jax.random.key(0), 3))
    fresh = jm.Optimizer(optax.sgd, learning_rate=0.1)
    optimizers = jax.vmap(fresh.init)(models)
    optimizers.learning_rate = jnp.array([0.1, 0.2, 0.3])
    new, _ = jax.vmap(lambda m, o: (o.update(m, m), o))(models, optimizers)
    np.testing.assert_allclose(new.kernel[2], 0.7 * models.kernel[2], rtol=1e-6)
    optimizers.learning_rate = 0.5
    assert optimizers.learning_rate.shape == (3,)


def test_a_subclass_has_attributes_of_its_own():
    class Named(jm.Optimizer):
        pass

    optimizer = Named(optax.sgd, learning_rate=0.1).init(linear())
    optimizer.label = "first"
    optimizer.learning_rate = 0.5
    assert optimizer.label == "first" and optimizer.learning_rate == 0.5


def test_dir_shows_them():
    optimizer = jm.Optimizer(optax.sgd, learning_rate=0.1)
    assert "learning_rate" not in dir(optimizer)
    assert "learning_rate" in dir(optimizer.init(linear()))


OPTIMIZERS = {
    "plain": lambda: jm.Optimizer(optax.adam(0.1)).init(linear()),
    "fresh": lambda: jm.Optimizer(optax.adam, learning_rate=0.1),
    "settable": lambda: jm.Optimizer(optax.adam, learning_rate=0.1).init(linear()),
}


@pytest.mark.parametrize(
    ("name", "attribute", "message"),
    [
        ("plain", "learning_rate", r"no attribute `learning_rate`\. Its options are those of the"),
        (
            "plain",
            "learning_rate",
            r"make it a part of the state: `optimizer = jm\.Optimizer\(opta",
        ),
        ("fresh", "learning_rate", r"They are there after `optimizer = optimizer\.init\(model\)`"),
        ("settable", "lr", r"no attribute `lr`\. It has `learning_rate`\. Its options"),
        ("plain", "updates", r"no attribute `updates`\. Did you mean `update`\?"),
        ("settable", "learning_rat", r"Did you mean `learning_rate`\? It has `learning_rate`"),
    ],
)
def test_unknown_names(name, attribute, message):
    optimizer = OPTIMIZERS[name]()
    with pytest.raises(AttributeError, match=message):
        getattr(optimizer, attribute)
    with pytest.raises(AttributeError, match=message):
        setattr(optimizer, attribute, 1e-5)
    assert not hasattr(optimizer, attribute)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (
            "1e-3",
            TypeError,
            r"`learning_rate` is a number of the dtype float32; got '1e-3' \(str\)",
        ),
        (None, TypeError, r"got None \(NoneType\)"),
        (optax.linear_schedule(1.0, 0.0, 3), TypeError, r"got <function"),
        (1j, TypeError, r"got 1j \(complex\)"),
        (jnp.ones(2), ValueError, r"has the shape \(\); got a value of the shape \(2,\)"),
        (float("nan"), ValueError, r"`learning_rate` must be finite; got nan"),
        ({".head": 0.1}, ValueError, r"has no group '\.head'\. It has no groups"),
    ],
)
def test_values_that_are_refused(value, error, message):
    optimizer = OPTIMIZERS["settable"]()
    with pytest.raises(error, match=message):
        optimizer.learning_rate = value
    assert optimizer.learning_rate == jnp.float32(0.1)


def test_an_unknown_group_is_refused():
    optimizer = two_groups()
    with pytest.raises(ValueError, match=r"has no group '\.head'\. It has '\.\.\.', '\.layers\[0"):
        optimizer.learning_rate = {".layers[0]": 0.1, ".head": 0.1}
    assert optimizer.learning_rate[".layers[0]"] == 0.5


def test_integers_stay_integers():
    counting = optax.inject_hyperparams(optax.ema)
    optimizer = jm.Optimizer(counting(0.5, debias=False, accumulator_dtype=None)).init(linear())
    assert [*optimizer.hyperparams] == ["decay"]
    with_integer = optax.inject_hyperparams(lambda size: optax.scale(size))(size=2)
    optimizer = jm.Optimizer(with_integer).init(linear())
    with pytest.raises(
        TypeError, match=r"`size` is a number of the dtype int32; got 0\.5 \(float\)"
    ):
        optimizer.size = 0.5


def test_a_schedule_is_not_overridden():
    optimizer = jm.Optimizer(optax.sgd, learning_rate=optax.linear_schedule(0.5, 0.0, 5))
    optimizer = optimizer.init(linear())
    with pytest.raises(
        AttributeError, match=r"`learning_rate` follows a schedule, .* pass a number in place of"
    ):
        optimizer.learning_rate = 0.1
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: jm.Optimizer(optax.adam(0.1), learning_rate=0.1),
            r"got `learning_rate` with a transformation that is finished\. Pass the function that "
            r"makes it, as in `jm\.Optimizer\(optax\.adam, learning_rate=1e-3\)`",
        ),
        (
            lambda: jm.Optimizer(optax.adam, learning_rat=0.1),
            r"`adam` cannot be called with learning_rat: .* Did you mean `learning_rate`\? It "
            "takes learning_rate, b1",
        ),
        (
            lambda: jm.Optimizer(optax.adam, b1=0.1),
            r"`adam` cannot be called with b1: missing a required argument: 'learning_rate'\.",
        ),
        (
            lambda: jm.Optimizer(
                optax.linear_schedule, init_value=1, end_value=0, transition_steps=1
            ),
            r"`linear_schedule` must make an optax transformation, as `optax\.adam` does; it made "
            "a function",
        ),
        (
            lambda: jm.Optimizer(optax.adam, learning_rate="1e-3"),
            r"`adam` takes a number or a schedule as `learning_rate`; got '1e-3' \(str\)",
        ),
        (
            lambda: jm.Optimizer(dict, learning_rate=1e-3),
            r"Optimizer wraps an optax transformation",
        ),
        (lambda: jm.Optimizer(jm.Linear, features=1), r"Optimizer wraps an optax transformation"),
        (lambda: jm.Optimizer(optax.adam), r"needs its arguments, as in `jm\.Optimizer\(optax\.ad"),
    ],
)
def test_constructions_that_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()
