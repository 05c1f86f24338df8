import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import (
    STEPS,
    TRANSFORMATIONS,
    X,
    assert_close,
    bare_optax,
    flat,
    gradient,
    loss,
    make_model,
)

import jax_metrics as jm


def test_plain_pytrees():
    params = {"w": jnp.ones(3), "layers": [jnp.zeros(2)]}
    optimizer = jm.Optimizer(optax.sgd(0.5)).init(params)
    new = optimizer.update(jax.tree.map(jnp.ones_like, params), params)
    assert jax.tree.structure(new) == jax.tree.structure(params)
    assert (new["w"] == 0.5).all() and (new["layers"][0] == -0.5).all()


def test_trees_without_kinds():
    class Point(jm.Tree):
        x: jax.Array = jm.node()

        def __init__(self):
            self.x = jnp.ones(2)

    point = Point()
    optimizer = jm.Optimizer(optax.sgd(1.0)).init(point)
    assert (optimizer.update(point, point).x == 0).all()


def test_optax_sees_a_dict_by_path():
    seen = []

    def init(params):
        seen.append(params)
        return ()

    model = make_model()
    jm.Optimizer(optax.GradientTransformation(init, lambda u, s, p: (u, s))).init(model)
    assert type(seen[0]) is dict
    assert list(seen[0]) == [path for path, _ in model.named_parameters()]


def test_a_whole_model_comes_back_with_its_state_untouched():
    model = make_model()
    optimizer = jm.Optimizer(optax.adam(0.1)).init(model)
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    new = optimizer.update(grads, model)
    assert jax.tree.structure(new) == jax.tree.structure(model)
    for kind in (jm.BatchStats, jm.Rng):
        before, after = (jax.tree.leaves(m.filter(kind)) for m in (model, new))
        assert before and all((a == b).all() for a, b in zip(before, after, strict=True))
    assert not any(
        (a == b).any() for a, b in zip(flat(model).values(), flat(new).values(), strict=True)
    )


def test_gradients_of_the_whole_model_are_taken_too():
    model = jm.Sequential(jm.Linear(2), jm.BatchNorm()).init(0, X)
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
    grads = jax.tree.map(jnp.ones_like, model)
    new = optimizer.update(grads, model)
    assert (new.layers[1].mean == model.layers[1].mean).all()
    np.testing.assert_allclose(new.layers[0].kernel, model.layers[0].kernel - 0.1, rtol=1e-5)


def test_the_optimizer_changes_in_place_and_the_model_does_not():
    model = make_model()
    optimizer = jm.Optimizer(optax.adam(0.1)).init(model)
    before = flat(model)
    _ = optimizer.update(gradient(model), model)
    assert optimizer.opt_state[0].count == 1
    assert all(a is b for a, b in zip(before.values(), flat(model).values(), strict=True))


def test_init_returns_a_new_optimizer():
    fresh = jm.Optimizer(optax.adam(0.1))
    optimizer = fresh.init(make_model())
    assert optimizer.initialized and not fresh.initialized
    assert fresh.opt_state is None


@pytest.mark.parametrize("given", [True, False])
def test_frozen_parts_get_no_state_and_do_not_change(given):
    model = make_model()
    model.layers[0].freeze(inplace=True)
    optimizer = jm.Optimizer(optax.adam(0.1)).init(model)
    assert set(optimizer.opt_state[0].mu) == {p for p in flat(model) if "layers[0]" not in p}
    grads = gradient(model)
    new = optimizer.update(grads if given else grads.trainable_parameters(), model)
    assert (new.layers[0].kernel == model.layers[0].kernel).all()
    assert (new.layers[4].kernel != model.layers[4].kernel).any()


def test_updates_themselves():
    model = make_model()
    model.layers[0].freeze(inplace=True)
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    make = lambda: jm.Optimizer(optax.sgd(0.5)).init(model)  # noqa: E731
    updates = make().update(grads, model, apply_updates=False)
    assert jax.tree.structure(updates) == jax.tree.structure(grads)
    assert (updates.layers[4].kernel == -0.5).all()
    assert (updates.layers[0].kernel == 0).all()
    without_params = make().update(grads.trainable_parameters(), apply_updates=False)
    assert (without_params.layers[4].kernel == -0.5).all()
    assert without_params.layers[0].kernel is jm.NOTHING


def test_it_is_a_pytree_with_its_state_inside():
    optimizer = jm.Optimizer(optax.adam(0.1)).init(make_model())
    names = [path for path, _ in make_model().named_parameters()]
    assert len(jax.tree.leaves(optimizer)) == 1 + 2 * len(names)
    assert jax.tree.leaves(optimizer.filter(jm.OptState)) == jax.tree.leaves(optimizer)
    assert jax.tree.leaves(optimizer.filter(jm.Parameter)) == []


def counting():
    """SGD that counts how often it is traced, and whether it runs on tracers."""
    traced = []

    def update(updates, state, params=None):
        traced.append(all(isinstance(u, jax.core.Tracer) for u in jax.tree.leaves(updates)))
        return jax.tree.map(lambda u: -0.1 * u, updates), state + 1

    return optax.GradientTransformation(lambda params: jnp.zeros((), "int32"), update), traced


@pytest.mark.parametrize("whole", [True, False], ids=["model", "parameters"])
def test_eager_steps_are_one_compiled_program(whole):
    transformation, traced = counting()
    model = make_model()
    optimizer = jm.Optimizer(transformation).init(model)
    for _ in range(5):
        grads = gradient(model)
        params = model if whole else model.parameters()
        model = model.merge(optimizer.update(grads, params))
    assert traced == [True]
    assert optimizer.opt_state == 5


def test_an_optimizer_made_anew_does_not_compile_again():
    transformation, traced = counting()
    model = make_model()
    for _ in range(3):
        _ = jm.Optimizer(transformation).init(model).update(gradient(model), model)
    assert traced == [True]


@pytest.mark.slow
def test_inside_jit_it_is_part_of_the_program():
    transformation, traced = counting()
    model = make_model()
    optimizer = jm.Optimizer(transformation).init(model)

    def step(model, optimizer):
        return optimizer.update(model.parameters(), model), optimizer

    jaxpr = jax.make_jaxpr(step)(model, optimizer)
    assert "jit" not in {equation.primitive.name for equation in jaxpr.eqns}
    assert traced == [True]


@pytest.mark.slow
def test_inside_scan():
    model = make_model()
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)

    def step(carry, _):
        model, optimizer = carry
        model = optimizer.update(gradient(model), model)
        return (model, optimizer), loss(model)

    (scanned, state), losses = jax.lax.scan(step, (model, optimizer), length=STEPS)
    expected, _ = bare_optax(optax.adam(1e-2), model)
    assert_close(flat(scanned), expected)
    assert state.opt_state[0].count == STEPS and losses[-1] < losses[0]


@pytest.mark.slow
def test_under_vmap_an_ensemble_is_trained():
    keys = jax.random.split(jax.random.key(0), 3)
    models = jax.vmap(lambda key: jm.Linear(1).init(key, X))(keys)
    transformation = optax.adam(0.1)
    optimizers = jax.vmap(lambda model: jm.Optimizer(transformation).init(model))(models)

    def step(model, optimizer):
        return optimizer.update(jax.grad(loss)(model), model), optimizer

    new, _ = jax.vmap(step)(models, optimizers)
    one = jax.tree.map(lambda leaf: leaf[1], models)
    expected, _ = step(one, jm.Optimizer(transformation).init(one))
    np.testing.assert_allclose(new.kernel[1], expected.kernel, rtol=1e-5)


def test_hyperparameters_can_be_set():
    model = jm.Linear(1).init(0, X)
    optimizer = jm.Optimizer(optax.inject_hyperparams(optax.sgd)(1.0)).init(model)
    optimizer.opt_state.hyperparams["learning_rate"] = jnp.array(0.5)
    grads = jax.tree.map(jnp.ones_like, model)
    np.testing.assert_allclose(optimizer.update(grads, model).bias, -0.5)


@pytest.mark.parametrize("name", ["adam", "multi_transform", "hyperparams", "clip"])
def test_a_pickled_optimizer_goes_on(name):
    model = make_model()
    optimizer = jm.Optimizer(TRANSFORMATIONS[name]()).init(model)
    model = optimizer.update(gradient(model), model)
    twin = cloudpickle.loads(cloudpickle.dumps(optimizer))
    assert jax.tree.structure(twin) == jax.tree.structure(optimizer)
    grads = gradient(model)
    one, other = optimizer.update(grads, model), twin.update(grads, model)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), flat(one), flat(other)))
