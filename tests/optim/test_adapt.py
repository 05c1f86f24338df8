"""An optimizer goes on with a model that has changed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import flat, gradient, make_model

import jax_metrics as jm


def trained(model, transformation=None, steps=3):
    optimizer = jm.Optimizer(transformation or optax.adam(0.1)).init(model)
    for _ in range(steps):
        model = optimizer.update(gradient(model), model)
    return model, optimizer


def frozen_head(model):
    return model.at[".layers[4]"].apply(jm.Linear.freeze)


def new_head(model, features=3):
    head = jm.Linear(features).init(1, jnp.ones((1, 4)))
    return model.at[".layers[4]"].set(head)


def moments(optimizer):
    return optimizer.opt_state[0].mu


def test_an_unchanged_model_keeps_everything():
    model, optimizer = trained(make_model())
    assert jm.equal(optimizer.adapt(model), optimizer)


@pytest.mark.parametrize(
    ("before", "after", "fresh"),
    [
        (frozen_head, jm.Module.unfreeze, {".layers[4].kernel", ".layers[4].bias"}),
        (lambda m: m, frozen_head, set()),
        (lambda m: m, new_head, {".layers[4].kernel", ".layers[4].bias"}),
        (
            lambda m: m,
            lambda m: m.at[".layers[4].kernel"].set(jnp.ones((4, 1), jnp.bfloat16)),
            {".layers[4].kernel"},
        ),
        (
            lambda m: m,
            lambda m: jm.Sequential([*m.layers, jm.Linear(2).init(0, jnp.ones((1, 1)))]),
            {".layers[5].kernel", ".layers[5].bias"},
        ),
    ],
    ids=["unfrozen", "frozen", "shape", "dtype", "added"],
)
def test_what_stays_keeps_its_state_and_the_rest_starts_fresh(before, after, fresh):
    model, optimizer = trained(before(make_model()))
    kept = moments(optimizer)
    model = after(model)
    adapted = optimizer.adapt(model)
    trainable = model.trainable_parameters()
    assert moments(adapted).keys() == flat(trainable).keys()
    assert adapted.opt_state[0].count == 3
    for path, value in moments(adapted).items():
        if path in fresh:
            assert not value.any() and value.dtype == flat(model)[path].dtype
        else:
            assert value is kept[path] and value.any()
    assert moments(optimizer) is kept  # it returns a new optimizer
    new = adapted.update(jax.tree.map(jnp.ones_like, trainable), model)
    assert jax.tree.structure(new) == jax.tree.structure(model)


def test_the_steps_after_are_those_of_optax_with_such_a_state():
    model, optimizer = trained(frozen_head(make_model()))
    model = model.unfreeze()
    optimizer = optimizer.adapt(model)
    adam = optax.adam(0.1)
    params = flat(model)
    fresh, old = adam.init(params), trained(frozen_head(make_model()))[1].opt_state
    state = (
        fresh[0]._replace(
            count=old[0].count, mu=fresh[0].mu | old[0].mu, nu=fresh[0].nu | old[0].nu
        ),
        *fresh[1:],
    )
    for _ in range(3):
        grads = gradient(model)
        updates, state = adam.update(flat(grads), state, params)
        params = optax.apply_updates(params, updates)
        model = optimizer.update(grads, model)
    for path, value in flat(model).items():
        np.testing.assert_allclose(value, params[path], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", [".layers[4]", [jm.BatchNorm, "*[4].*"], lambda f: "4" in f.path])
def test_a_head_of_the_old_shape_can_start_fresh(rule):
    model, optimizer = trained(make_model())
    adapted = optimizer.adapt(new_head(model, 1), fresh=rule)
    assert not moments(adapted)[".layers[4].kernel"].any()
    assert moments(adapted)[".layers[0].kernel"].any()


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    "make",
    [
        lambda: jm.optim.groups({".layers[4]": optax.adam(0.1), ...: optax.adam(0.1)}),
        lambda: jm.optim.with_hyperparams(optax.adam, learning_rate=0.1),
        lambda: jm.optim.master_weights(optax.adam(0.1)),
        lambda: jm.optim.loss_scaling(optax.adam(0.1)),
        lambda: optax.MultiSteps(optax.adamw(0.1, mask=jm.optim.decay_mask()), 2),
        lambda: optax.contrib.schedule_free_adamw(0.1),
    ],
    ids=["groups", "hyperparams", "master_weights", "loss_scaling", "multi_steps", "schedule_free"],
)
def test_any_state(make):
    model, optimizer = trained(make_model(), make(), steps=4)
    model = new_head(model)
    adapted = optimizer.adapt(model)
    fresh = jm.Optimizer(optimizer.optimizer).init(model)
    assert jax.tree.structure(adapted) == jax.tree.structure(fresh)
    old = jm.state_dict(optimizer)  # the group of the head, which is new, starts fresh as a whole
    for name, value in jm.state_dict(adapted).items():
        expected = jm.state_dict(fresh)[name] if "layers.4" in name else old[name]
        assert (value == expected).all(), name
    new = adapted.update(jax.tree.map(jnp.ones_like, model.parameters()), model)
    assert jnp.isfinite(new.layers[4].kernel).all()


@pytest.mark.parametrize("done", [0, 1, 2])
@pytest.mark.parametrize("inside", [False, True])
def test_accumulation_begins_anew_with_new_parameters(done, inside):
    accumulated = optax.MultiSteps(optax.sgd(0.1), 3)
    one = optax.chain(jm.optim.with_norms(accumulated)) if inside else accumulated
    params = {"w": jnp.ones(2), "v": jnp.ones(2)}
    optimizer = jm.Optimizer(one).init(params)
    for _ in range(3 + done):
        params = optimizer.update(params, params)
    less = jm.state_dict(optimizer.adapt({"w": params["w"]}))  # nothing is new
    assert [x for name, x in less.items() if name.endswith("mini_step")] == [done]
    more = params | {"b": jnp.ones(2)}
    for fresh, changed in (((), more), ("['v']", params)):
        adapted = optimizer.adapt(changed, fresh=fresh)
        new = changed
        for _ in range(3):
            assert new is changed or jm.equal(new, changed)
            new = adapted.update(jax.tree.map(jnp.ones_like, changed), new)
        assert jm.equal(new, jax.tree.map(lambda p: p - 0.1, changed), rtol=1e-6)


def test_the_learning_rate_that_was_set_stays():
    model = make_model()
    optimizer = jm.Optimizer(optax.adam, learning_rate=0.1).init(model)
    optimizer.learning_rate = 0.5
    assert optimizer.adapt(new_head(model)).learning_rate == 0.5


def test_if_no_parameter_stays_only_hyperparameters_do():
    model = make_model()
    body = model.at[".layers[0]"].apply(jm.Linear.freeze)
    body = body.at[".layers[1]"].apply(jm.BatchNorm.freeze)
    optimizer = jm.Optimizer(optax.adam, learning_rate=0.1).init(body)
    optimizer.learning_rate = 0.5
    _ = optimizer.update(gradient(body), body)
    adapted = optimizer.adapt(frozen_head(model))
    assert adapted.learning_rate == 0.5 and adapted.opt_state.inner_state[0].count == 0


def test_a_schedule_goes_on_without_state_of_parameters():
    model = make_model()
    optimizer = jm.Optimizer(optax.sgd(optax.linear_schedule(0.5, 0.0, 5))).init(model)
    _ = optimizer.update(gradient(model), model)
    assert optimizer.adapt(new_head(model)).opt_state[1].count == 1


@pytest.mark.slow
def test_l_bfgs_starts_anew_after_any_change():
    def loss(params):
        return sum(((p - 1) ** 2).sum() for p in params.values())

    def trained(params, optimizer, steps):
        for _ in range(steps):
            value, grad = jax.value_and_grad(loss)(params)
            params = optimizer.update(grad, params, value=value, grad=grad, value_fn=loss)
        return params

    params = {"w": jnp.zeros(2)}
    optimizer = jm.Optimizer(optax.lbfgs()).init(params)
    params = trained(params, optimizer, 2)
    assert jm.equal(optimizer.adapt(params), optimizer)
    for changed in (params | {"b": jnp.zeros(3)}, {"b": jnp.zeros(3)}):
        fresh = jm.Optimizer(optimizer.optimizer).init(changed)
        assert jm.equal(optimizer.adapt(changed), fresh)
    more = params | {"b": jnp.zeros(3)}
    assert jm.equal(optimizer.adapt(more).adapt(params), jm.Optimizer(optax.lbfgs()).init(params))
    assert loss(trained(more, optimizer.adapt(more), 3)) < 1e-6


def test_plain_pytrees():
    params = {"w": jnp.ones(2)}
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(params)
    _ = optimizer.update(params, params)
    adapted = optimizer.adapt({"w": jnp.ones(2), "b": jnp.ones(3)})
    trace = adapted.opt_state[0].trace
    assert trace["['w']"].any() and not trace["['b']"].any()


def test_parts_of_a_chain_may_be_named_like_parameters():
    params = {"w": jnp.ones(2), "b": jnp.ones(2)}
    chain = optax.named_chain(("['w']", optax.trace(0.9)), ("['b']", optax.scale(-0.1)))
    optimizer = jm.Optimizer(chain).init(params)
    params = optimizer.update(params, params)
    trace = optimizer.adapt(params, fresh="['b']").opt_state["['w']"].trace
    assert trace["['w']"].all() and not trace["['b']"].any()


def test_inside_of_jit():
    model, optimizer = trained(frozen_head(make_model()))
    adapted = jax.jit(lambda model, optimizer: optimizer.adapt(model))(model.unfreeze(), optimizer)
    assert jm.equal(adapted, optimizer.adapt(model.unfreeze()))


def test_what_is_refused():
    model, optimizer = trained(make_model())
    with pytest.raises(RuntimeError, match="The optimizer was not initialized"):
        jm.Optimizer(optax.adam(0.1)).adapt(model)
    with pytest.raises(ValueError, match=r"has no trainable parameters"):
        optimizer.adapt(model.freeze())
    for fresh in (3, [3], (".layers[4]", 3)):
        with pytest.raises(TypeError, match=r"adapt takes paths such as .*; got 3"):
            optimizer.adapt(model, fresh=fresh)
    with pytest.raises(ValueError, match=r"adapt: no parameter matches \.head\."):
        optimizer.adapt(model, fresh=".head")
    with pytest.warns(jm.UnusedResultWarning, match=r"`optimizer = optimizer\.adapt\(\.\.\.\)`"):
        optimizer.adapt(model)
    assert moments(optimizer)[".layers[0].kernel"].any()
