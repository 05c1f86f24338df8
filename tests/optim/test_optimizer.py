import functools

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

X = jnp.linspace(-1, 1, 12).reshape(4, 3)
Y = jnp.sin(X.sum(1, keepdims=True))
STEPS = 5


def not_bias(params):
    return {path: "bias" not in path for path in params}


def labels(params):
    return {path: "slow" if "layers[0]" in path else "fast" for path in params}


TRANSFORMATIONS = {
    "sgd": lambda: optax.sgd(0.1, momentum=0.9),
    "adam": lambda: optax.adam(1e-2),
    "adamw": lambda: optax.adamw(1e-2, weight_decay=0.1, mask=not_bias),
    "masked": lambda: optax.chain(optax.masked(optax.scale(0.0), not_bias), optax.sgd(0.1)),
    "multi_transform": lambda: optax.multi_transform(
        {"slow": optax.sgd(0.01), "fast": optax.adam(0.1)}, labels
    ),
    "clip": lambda: optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2)),
    "inject_hyperparams": lambda: optax.inject_hyperparams(optax.adam)(
        optax.linear_schedule(0.1, 0.0, STEPS)
    ),
    "hyperparams": lambda: optax.inject_hyperparams(optax.adam)(0.1),
    "multi_steps": lambda: optax.MultiSteps(optax.adam(1e-2), 2),
    "noise": lambda: optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(0)), optax.sgd(0.1)),
}


@functools.cache
def ready_model():
    layers = [jm.Linear(4), jm.BatchNorm(), jnp.tanh, jm.Dropout(0.1), jm.Linear(1)]
    return jm.Sequential(*layers).init(0, X)


def make_model():
    return ready_model().copy()


def loss(model):
    return ((model.eval()(X) - Y) ** 2).mean()


def flat(tree):
    """What optax should see: the parameters by path."""
    leaves = jax.tree_util.tree_leaves_with_path(tree.parameters())
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


@jax.jit
def gradient(model):
    return jax.grad(lambda params: loss(model.merge(params)))(model.parameters())


def assert_close(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-5, atol=1e-6, err_msg=name)


def with_values(model, params):
    for path, value in params.items():
        model = model.at[path].set(value)
    return model


def bare_optax(transformation, model, **options):
    """Runs the same steps without any of this library's optimizer."""
    extra = optax.with_extra_args_support(transformation)

    @jax.jit
    def step(params, state):
        new = with_values(model, params)
        given = {name: make(new) for name, make in options.items()}
        updates, state = extra.update(flat(gradient(new)), state, params, **given)
        return optax.apply_updates(params, updates), state

    params = flat(model)
    state = transformation.init(params)
    for _ in range(STEPS):
        params, state = step(params, state)
    return params, state


@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize(
    ("whole", "compiled"), [(True, False), (False, True)], ids=["model-eager", "parameters-jit"]
)
def test_it_is_optax(name, whole, compiled):
    model = make_model()
    expected, expected_state = bare_optax(TRANSFORMATIONS[name](), model)
    optimizer = jm.Optimizer(TRANSFORMATIONS[name]())
    optimizer = optimizer.init(model if whole else model.parameters())

    def step(model, optimizer):
        grads = gradient(model)
        if whole:
            return optimizer.update(grads, model), optimizer
        return model.merge(optimizer.update(grads, model.parameters())), optimizer

    step = jax.jit(step) if compiled else step
    for _ in range(STEPS):
        model, optimizer = step(model, optimizer)
    assert_close(flat(model), expected)
    state, expected_state = jax.tree.leaves(optimizer.opt_state), jax.tree.leaves(expected_state)
    for a, b in zip(state, expected_state, strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("whole", [True, False], ids=["model", "parameters"])
def test_a_line_search_gets_value_gradient_and_function(whole):
    model = jm.Linear(1).init(0, X)
    structure = model

    def of_flat(params):
        return loss(with_values(structure, params))

    expected, _ = bare_optax(
        optax.lbfgs(),
        model,
        value=loss,
        grad=lambda model: flat(gradient(model)),
        value_fn=lambda model: of_flat,
    )
    optimizer = jm.Optimizer(optax.lbfgs()).init(model)

    def value_fn(tree):
        return loss(tree if whole else structure.merge(tree))

    for _ in range(STEPS):
        grads = gradient(model)
        params = model if whole else model.parameters()
        new = optimizer.update(grads, params, value=loss(model), grad=grads, value_fn=value_fn)
        model = model.merge(new)
    np.testing.assert_allclose(loss(model), of_flat(expected), rtol=1e-2)


def test_data_for_a_function_can_change_in_a_partial():
    seen = []

    def observe():
        def update(updates, state, params=None, *, value_fn, **extra):
            seen.append(None)
            return jax.tree.map(lambda u: value_fn(params) * jnp.ones_like(u), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    model = jm.Linear(1).init(0, X)
    optimizer = jm.Optimizer(observe()).init(model)

    def total(batch, model):
        assert isinstance(model, jm.Linear)
        return batch.sum()

    for number in range(3):
        function = jax.tree_util.Partial(total, number * X**2)
        updates = optimizer.update(model, model, apply_updates=False, value_fn=function)
        np.testing.assert_allclose(updates.bias, (number * X**2).sum(), rtol=1e-6)
    assert len(seen) == 1


def test_a_plain_function_sees_what_it_closes_over_now():
    def observe():
        def update(updates, state, params=None, *, value_fn, **extra):
            return jax.tree.map(lambda u: value_fn(params) * jnp.ones_like(u), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    model = jm.Linear(1).init(0, X)
    optimizer = jm.Optimizer(observe()).init(model)
    batch = jnp.array(0.0)

    def value_fn(model):
        return batch

    for number in range(3):
        batch = jnp.array(float(number))
        updates = optimizer.update(model, model, apply_updates=False, value_fn=value_fn)
        assert updates.bias == number


def test_reduce_on_plateau_gets_the_value():
    def make():
        return optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(0.5, patience=1))

    model = make_model()
    expected, state = bare_optax(make(), model, value=lambda model: 1.0)
    optimizer = jm.Optimizer(make()).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model, value=1.0)
    assert_close(flat(model), expected)
    assert optimizer.opt_state[1].scale == state[1].scale < 1


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
    optimizer.update(gradient(model), model)
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
        jm.Optimizer(transformation).init(model).update(gradient(model), model)
    assert traced == [True]


def test_inside_jit_it_is_part_of_the_program():
    transformation, traced = counting()
    model = make_model()
    optimizer = jm.Optimizer(transformation).init(model)

    def step(model, optimizer):
        return optimizer.update(model.parameters(), model), optimizer

    jaxpr = jax.make_jaxpr(step)(model, optimizer)
    assert "pjit" not in {equation.primitive.name for equation in jaxpr.eqns}
    assert traced == [True]


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


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 0.1, optax.adam, "adam", jm.Linear(1)])
def test_not_a_transformation(wrong):
    with pytest.raises(
        TypeError,
        match=r"Optimizer wraps an optax transformation, as in `jm\.Optimizer\(optax\.adam\(1e-3\)"
        rf"\)`; got a {type(wrong).__name__}\. Parameters go into `\.init\(params\)`",
    ):
        jm.Optimizer(wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda: jm.Linear(1),
        lambda: jm.Linear(1).init(0, X).freeze(),
        lambda: jm.Flatten(),
        lambda: {},
    ],
    ids=["uninitialized", "frozen", "empty", "dict"],
)
def test_nothing_to_optimize(make):
    with pytest.raises(
        ValueError,
        match=r"has no trainable parameters\. Initialize the model first, with "
        r"`model\.init\(key, inputs\)`, and do not freeze all of it",
    ):
        jm.Optimizer(optax.sgd(0.1)).init(make())


def test_parameters_that_wait_for_init():
    class Waits(jm.Module):
        w: jax.Array = jm.Parameter.node()
        b: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.w = jm.Initializer(lambda key: jax.random.normal(key, (2,)))
            self.b = jnp.zeros(2)

    with pytest.raises(
        ValueError,
        match=r"The Waits has no value yet at \.w\. Initialize the model first, with "
        r"`model\.init\(key, inputs\)`",
    ):
        jm.Optimizer(optax.sgd(0.1)).init(Waits())


def test_update_before_init():
    model = make_model()
    with pytest.raises(
        RuntimeError,
        match=r"The optimizer was not initialized: "
        r"`optimizer = jm\.Optimizer\(optax\.adam\(1e-3\)\)\.init\(model\)`",
    ):
        jm.Optimizer(optax.sgd(0.1)).update(model.parameters(), model)


def test_without_parameters_to_apply_updates_to():
    model = make_model()
    with pytest.raises(
        ValueError,
        match=r"`update\(grads, params\)` needs the parameters to apply the updates to\. Pass them,"
        r" or ask for the updates themselves with `apply_updates=False`",
    ):
        jm.Optimizer(optax.sgd(0.1)).init(model).update(model.parameters())


def test_a_shared_module_or_array():
    layer = jm.Linear(3).init(0, X)
    with pytest.raises(jm.SharingError, match=r"The same Linear stands at \.layers\[0\] and at"):
        jm.Optimizer(optax.sgd(0.1)).init(jm.Sequential(layer, layer))
    with pytest.raises(jm.SharingError, match=r"The same array stands at \.layers\[0\]\.kernel"):
        jm.Optimizer(optax.sgd(0.1)).init(jm.Sequential(layer, layer.copy()))


@pytest.fixture
def two():
    return jm.Sequential(jm.Linear(2), jm.BatchNorm(), jm.Linear(1)).init(0, X)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda model: (model, model.parameters()),
            r"The gradients have \.layers\[1\]\.mean, \.layers\[1\]\.var, which the parameters do "
            r"not\. Were the arguments swapped\? It is `optimizer\.update\(grads, params\)`",
        ),
        (
            lambda model: (model.filter(lambda info: info.name != "bias"), model),
            r"The gradients lack \.layers\[0\]\.bias, \.layers\[1\]\.bias, \.layers\[2\]\.bias, "
            r"which the optimizer was initialized with\. .*call `optimizer\.init\(model\)` again",
        ),
        (
            lambda model: (model, model.filter(lambda info: info.name != "var")),
            r"The gradients have \.layers\[1\]\.var, which the parameters do not",
        ),
        (
            lambda model: (
                model.parameters(),
                model.at[".layers[2].bias"].set(jm.NOTHING),
            ),
            r"The gradients have \.layers\[2\]\.bias, which the parameters do not",
        ),
        (
            lambda model: (model.parameters(), model.at[".layers[2]"].apply(jm.Linear.freeze)),
            r"The parameters differ from those that the optimizer was initialized with, in "
            r"\.layers\[2\]\.bias, \.layers\[2\]\.kernel\. After freezing, unfreezing or replacing "
            r"parts of a model, call `optimizer\.init\(model\)` again",
        ),
        (
            lambda model: (
                model.at[".layers[2].bias"].set(jnp.zeros(7)).parameters(),
                model,
            ),
            r"At \.layers\[2\]\.bias: the gradient has the shape \(7,\), the parameter \(1,\)\. "
            "They must be equal",
        ),
    ],
    ids=["swapped", "missing", "unknown", "lost", "frozen", "shape"],
)
def test_arguments_that_do_not_fit(two, change, message, compiled):
    optimizer = jm.Optimizer(optax.adam(0.1)).init(two)
    grads, params = change(two)
    update = lambda optimizer, grads, params: optimizer.update(grads, params)  # noqa: E731
    with pytest.raises(ValueError, match=message):
        (jax.jit(update) if compiled else update)(optimizer, grads, params)
    assert optimizer.opt_state[0].count == 0


def test_unfrozen_in_between(two):
    optimizer = jm.Optimizer(optax.adam(0.1)).init(two.at[".layers[2]"].apply(jm.Linear.freeze))
    with pytest.raises(
        ValueError, match=r"differ .* in \.layers\[2\]\.bias, \.layers\[2\]\.kernel"
    ):
        optimizer.update(two.parameters(), two)


def test_gradients_without_parameters_must_be_known(two):
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(two)
    with pytest.raises(ValueError, match=r"The gradients have \.layers\[1\]\.mean"):
        optimizer.update(two, apply_updates=False)


def test_a_long_list_of_paths_is_cut():
    model = jm.Sequential(*(jm.Linear(2) for _ in range(5))).init(0, X)
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
    with pytest.raises(ValueError, match=r"\.layers\[2\]\.bias and 5 more, which the"):
        optimizer.update(model.filter(jm.Rng), model)
