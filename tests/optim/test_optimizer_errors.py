"""What an Optimizer refuses, and what it says then."""

import jax
import jax.numpy as jnp
import optax
import pytest
from optimizer_cases import X, make_model

import jax_metrics as jm


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
        r" or request the updates themselves with `apply_updates=False`",
    ):
        jm.Optimizer(optax.sgd(0.1)).init(model).update(model.parameters())


def test_a_shared_module_or_array():
    layer = jm.Linear(3).init(0, X)
    with pytest.raises(jm.SharingError, match=r"The same Linear is at \.layers\[0\] and at"):
        jm.Optimizer(optax.sgd(0.1)).init(jm.Sequential(layer, layer))
    with pytest.raises(jm.SharingError, match=r"The same array is at \.layers\[0\]\.kernel"):
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
            r"which the optimizer was initialized with\. .*call "
            r"`optimizer = optimizer\.adapt\(model\)`",
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
            r"parts of a model, call `optimizer = optimizer\.adapt\(model\)`",
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


class Table(jm.Module):
    w: jax.Array = jm.Parameter.node()
    table: jax.Array = jm.Parameter.node()

    def __init__(self, table):
        self.w, self.table = jnp.ones(2), jnp.asarray(table)


@pytest.mark.parametrize(
    ("params", "path", "dtype"),
    [
        (Table(jnp.arange(3)), r"\.table", "int32"),
        (Table([True]), r"\.table", "bool"),
        (
            jm.Sequential(Table(jnp.ones(1)), Table(jnp.uint8([1]))),
            r"\.layers\[1\]\.table",
            "uint8",
        ),
        ({"a": jnp.ones(2), "n": jnp.arange(2)}, r"\['n'\]", "int32"),
    ],
)
def test_parameters_that_are_not_floats(params, path, dtype):
    message = (
        rf"At {path}: the parameter has the dtype {dtype}, but only floats have gradients.* "
        r"Make it a float; .* `jm\.State\.node\(\)`, or freeze its module"
    )
    optimizer = jm.Optimizer(optax.sgd(0.1))
    with pytest.raises(TypeError, match=message):
        optimizer.init(params)
    floats = jax.tree.map(lambda x: x.astype(float), params)
    optimizer = optimizer.init(floats)

    def total(params):
        return sum(leaf.sum() for leaf in jax.tree.leaves(params) if leaf.dtype == jnp.float32)

    grads = jax.grad(total, allow_int=True)(params)
    with pytest.raises(TypeError, match=message):
        optimizer.update(grads, params)
    with pytest.raises(TypeError, match=message):
        jax.jit(lambda optimizer, grads, params: optimizer.update(grads, params))(
            optimizer, grads, params
        )
    message = f"At {path}: the gradient has the dtype float0"
    with pytest.raises(TypeError, match=message):
        optimizer.update(grads, apply_updates=False)
    with pytest.raises(TypeError, match=message):
        optimizer.update(grads, floats)


@pytest.mark.slow
@pytest.mark.parametrize("transform", [jm.grad, jm.value_and_grad])
def test_results_that_are_not_unpacked(transform):
    model = make_model()
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
    results = transform(lambda model: model(X).sum())(model)
    with pytest.raises(ValueError, match="are a tuple of 2 values. Unpack the results first: `gra"):
        optimizer.update(results, model)


@pytest.mark.parametrize(
    "make", [optax.lbfgs, lambda: optax.adafactor(0.1, min_dim_size_to_factor=1)]
)
def test_state_of_another_shape_than_its_parameter_is_no_mistake(make):
    """An error of optax is told as such, where some state never has the parameter's shape."""
    params = {"w": jnp.ones((2, 3))}
    failing = optax.chain(make(), optax.add_decayed_weights(0.1))
    optimizer = jm.Optimizer(failing).init(params)
    extra = {"value": 1.0, "grad": params, "value_fn": lambda p: jnp.sum(p["w"])}
    with pytest.raises(ValueError, match=r"Optimizer\.update failed in optax\."):
        optimizer.update(params, apply_updates=False, **extra)
    larger = {"w": jnp.ones((4, 5))}
    with pytest.raises(
        ValueError, match=r"At \['w'\]: the optimizer was initialized for a paramet"
    ):
        optimizer.update(larger, larger, **extra | {"grad": larger})


def test_a_failed_step_leaves_the_state_as_it_was(two):
    rates = jm.optim.with_hyperparams(optax.adam, learning_rate=0.1)
    wrapped = jm.optim.with_norms(jm.optim.master_weights(jm.optim.loss_scaling(rates)))
    optimizer = jm.Optimizer(wrapped).init(two)
    before = jm.copy(optimizer, arrays=True)
    for grads, params in ((two, two.parameters()), (two.parameters(), two.freeze()), (1, two)):
        with pytest.raises(ValueError, match="gradients|parameters"):
            optimizer.update(grads, params)
        with pytest.raises(ValueError, match="gradients|parameters"):
            jax.jit(lambda o, g, p: o.update(g, p))(optimizer, grads, params)
    with pytest.raises(ValueError, match="finite"):
        optimizer.learning_rate = float("inf")
    with pytest.raises(ValueError, match="no trainable"):
        optimizer.adapt(two.freeze())
    assert jm.equal(optimizer, before)
