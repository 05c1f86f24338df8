"""State of an object from outside of a trace: refused inside of it; correct programs are silent."""

import gc
import inspect
import sys
import warnings

import jax
import jax.numpy as jnp
import optax
import pytest

import jax_metrics as jm

X = jnp.arange(12.0).reshape(4, 3) / 12
Y = jnp.array([0, 1, 2, 0])


class Count(jm.Module):
    n: jax.Array = jm.State.node()

    def __init__(self):
        self.n = jnp.zeros(())

    def __call__(self, x):
        self.n += x.sum()
        return x


def network():
    return jm.Sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5)).init(0, X)


def through_jit(tree):
    return jax.jit(lambda tree: tree)(tree)


# What a beginner writes: the model is closed over, or is itself the function.
CLOSED_OVER = {
    "jit": lambda m: jax.jit(lambda x: m(x))(X),
    "jit of the module": lambda m: jax.jit(m)(X),
    "vmap": lambda m: jax.vmap(lambda x: m(x))(X[None]),
    "vmap of the module": lambda m: jax.vmap(m)(X[None]),
    "grad": lambda m: jax.grad(lambda x: m(x).sum())(X),
    "vjp": lambda m: jax.vjp(m, X),
    "jvp": lambda m: jax.jvp(m, (X,), (X,)),
    "linearize": lambda m: jax.linearize(m, X),
    "scan": lambda m: jax.lax.scan(lambda c, x: (c, m(x)), 0.0, X[None]),
    "cond": lambda m: jax.lax.cond(True, lambda x: m(x), lambda x: x, X),
    "checkpoint": lambda m: jax.checkpoint(lambda x: m(x))(X),
    "eval_shape": lambda m: jax.eval_shape(m, X),
    "make_jaxpr": lambda m: jax.make_jaxpr(m)(X),
    "grad in jit": lambda m: jax.jit(
        lambda m, x: jax.grad(lambda x: m(x).sum())(x),
    )(m, X),
    "scan in jit": lambda m: jax.jit(
        lambda m, x: jax.lax.scan(lambda c, x: (c, m(x)), 0.0, x[None]),
    )(m, X),
}
MODELS = {
    "layers": (network, r"BatchNorm\.mean \(at \.layers\[1\] of the Sequential\)"),
    "own module": (Count, r"Count\.n"),
}


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize("returned", [False, True], ids=["made in Python", "returned by jit"])
@pytest.mark.parametrize("make, label", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("use", CLOSED_OVER.values(), ids=CLOSED_OVER)
def test_state_of_a_module_from_outside_is_refused(use, make, label, returned):
    model = through_jit(make()) if returned else make()
    before = jax.tree.leaves(model)
    with pytest.raises(jm.LeakedStateError, match=rf"^{label} would be assigned a traced value"):
        use(model)
    leaves = zip(jax.tree.leaves(model), before, strict=True)
    assert all(leaf.aval.shape == old.shape for leaf, old in leaves)
    assert jnp.isfinite(model(X)).all()  # nothing traced was left in it
    if not isinstance(model, Count):
        use(model.eval())


def test_message_says_what_to_do():
    with pytest.raises(jm.LeakedStateError) as error:
        jax.jit(network())(X)
    text = str(error.value)
    assert "the Sequential was made outside of the function that JAX is tracing" in text
    assert "Pass the Sequential to the function as an argument and return it" in text
    assert "`model = model.eval()`" in text


def optimizer_step():
    model = network().eval()
    optimizer = jm.Optimizer(optax.adam(1e-3)).init(model)
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    jax.jit(lambda grads: optimizer.update(grads, model))(grads)


def metric_update(metric):
    return lambda: jax.jit(lambda y: metric.update(target=y, preds=y).compute())(Y)


@pytest.mark.parametrize(
    ("use", "cls", "variable"),
    [
        (optimizer_step, "Optimizer", "optimizer"),
        (metric_update(jm.metrics.Accuracy()), "Accuracy", "metric"),
        (metric_update(jm.metrics.Metrics([jm.metrics.Accuracy()])), "Metrics", "metrics"),
    ],
    ids=["optimizer", "metric", "collection"],
)
def test_optimizers_and_metrics_from_outside_are_refused(use, cls, variable):
    with pytest.raises(jm.LeakedStateError, match=rf"{cls}\..*as in `def f\({variable}, x\)"):
        use()


@pytest.mark.parametrize("returned", [False, True], ids=["made in Python", "returned by jit"])
def test_vmap_over_a_layer_with_a_key_is_refused(returned):
    layer = jm.Dropout(0.5).init(0, X)
    layer = through_jit(layer) if returned else layer
    for f in (jax.vmap(layer), jax.vmap(jax.grad(lambda x: layer(x).sum()))):
        with pytest.raises(jm.LeakedStateError, match="all rows would get the same random numbers"):
            f(X)
    keys = jm.KeySeq(0)
    with pytest.raises(jm.LeakedStateError, match=r"KeySeq\.key is a random key from outside"):
        jax.vmap(lambda x: x + jax.random.normal(keys()))(X)
    rows = jax.vmap(lambda x: jax.random.normal(keys(axis_name="rows")), axis_name="rows")(X)
    assert len(set(rows.tolist())) == len(X)


def test_argument_of_grad_that_is_not_returned_is_refused_at_its_next_use():
    model = network()

    def loss(x, model):
        return model(x).sum()

    jax.grad(loss)(X, model)
    for use in (lambda: model(X), lambda: jax.tree.leaves(model)):
        with pytest.raises(jm.LeakedStateError, match=r"was not returned from it.*has_aux=True"):
            use()


def loss_fn(params, model, metrics, x, y):
    model = model.merge(params)
    logits = model(x)
    metrics = metrics.update(target=y, preds=logits)
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
    return loss, (model, metrics)


def step(model, optimizer, metrics, x, y):
    grad = jax.value_and_grad(loss_fn, has_aux=True)
    (_, (model, metrics)), grads = grad(model.parameters(), model, metrics, x, y)
    return optimizer.update(grads, model), optimizer, metrics


def training_state():
    model = network()
    metrics = jm.metrics.Metrics([jm.metrics.Accuracy(), jm.metrics.F1Score(num_classes=3)])
    return model, jm.Optimizer(optax.sgd(0.1)).init(model), metrics


def steps(step):
    state = training_state()
    for _ in range(2):
        state = step(*state, X, Y)
    return state[2].compute()


def scanned():
    def body(state, xy):
        return step(*state, *xy), None

    return jax.lax.scan(body, training_state(), (X[None], Y[None]))[0][2].compute()


def ensemble():
    template = jm.Sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5))
    models = jax.vmap(lambda key: template.init(key, X))(jax.random.split(jax.random.key(0), 2))
    return jax.vmap(lambda model: (model(X), model))(models)


def template_closed_over():
    template = jm.Dropout(0.5)
    return jax.jit(lambda x: template.init(0, x))(X)


def copy_in_a_trace():
    model = network()

    @jax.jit
    def call(x):
        own = model.copy()
        return own(x), own

    return call(X)


def batch_copies():
    metric = jm.metrics.Accuracy()
    preds = jnp.stack([jnp.eye(4, 3)] * 2)
    value = lambda y, p: metric.batch_updates(target=y, preds=p).compute()  # noqa: E731
    mean = jm.metrics.Mean()
    return (
        jax.vmap(value)(jnp.stack([Y, Y]), preds),
        jax.jit(value)(Y, preds[0]),
        jax.grad(lambda x: mean.batch_updates(x).compute())(X),
    )


CORRECT = {
    "eager step": lambda: steps(step),
    "jitted step": lambda: steps(jax.jit(step)),
    "scan carry": scanned,
    "init under jit": lambda: jax.jit(jm.Linear(2).init)(jax.random.key(0), X),
    "init under eval_shape": lambda: jax.eval_shape(lambda x: jm.BatchNorm().init(0, x), X),
    "template closed over": template_closed_over,
    "ensemble": ensemble,
    "nested jit": lambda: jax.jit(jax.jit(lambda m, x: (m(x), m)))(network(), X),
    "copy in a trace": copy_in_a_trace,
    "copy in grad": lambda: jax.grad(
        lambda x, model: (lambda m: (m(x).sum(), m))(model.copy()), has_aux=True
    )(X, network()),
    "unmapped argument of vmap": lambda: jax.vmap(lambda m, x: (m(x), m), in_axes=(None, 0))(
        Count(), X
    ),
    "copy in eval mode beside the model": lambda: jax.jit(lambda m, x: (m(x), m.eval()(x), m))(
        network(), X
    ),
    "batch copies of metrics": batch_copies,
    "state over inner jit": lambda: jax.jit(lambda m, x: jax.jit(lambda m, x: (m(x), m))(m, m(x)))(
        network(), X
    ),
}


@pytest.mark.parametrize("run", CORRECT.values(), ids=CORRECT)
def test_correct_programs_are_silent(run, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    run()
    gc.collect()
    assert unraisable == []


def lost(f):
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f()
        gc.collect()
    return caught


def test_lost_state_of_a_model_is_one_warning_with_all_paths_and_the_users_line():
    def forgets(model, x):
        return model(x)  # the line that is named

    [warning] = lost(lambda: jax.jit(forgets)(network(), X))
    text = str(warning.message)
    assert "BatchNorm.mean and .var (at .layers[1])" in text
    assert "Dropout.rng (at .layers[2])" in text
    assert "Return the Sequential from the function" in text
    source, start = inspect.getsourcelines(forgets)
    offset = next(i for i, line in enumerate(source) if "is named" in line)
    assert warning.filename == __file__ and warning.lineno == start + offset


@pytest.mark.parametrize(
    ("make", "use", "variable"),
    [
        (
            lambda: jm.metrics.Accuracy(),
            lambda metric: metric.update(target=Y, preds=Y).compute(),
            "metric",
        ),
        (
            lambda: jm.metrics.Metrics([jm.metrics.Accuracy()]),
            lambda metrics: metrics.update(target=Y, preds=Y).compute(),
            "metrics",
        ),
        (
            lambda: jm.Optimizer(optax.adam(1e-3)).init({"w": X}),
            lambda optimizer: optimizer.update({"w": X}, {"w": X}),
            "optimizer",
        ),
    ],
    ids=["metric", "collection", "optimizer"],
)
def test_lost_state_of_metrics_and_optimizers_is_reported(make, use, variable):
    messages = [str(warning.message) for warning in lost(lambda: jax.jit(use)(make()))]
    assert any(f"`return loss, {variable}`" in message for message in messages)


def test_changing_the_mode_in_place_does_not_silence_the_warning():
    def forgets(model, x):
        y = model(x)
        model.eval(inplace=True)
        return y

    [warning] = lost(lambda: jax.jit(forgets)(network(), X))
    assert "BatchNorm.mean and .var" in str(warning.message)
