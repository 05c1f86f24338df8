"""`jm.training.fit`: the same steps as a loop by hand, and everything around them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import problem
import pytest
from problem import LOSS, X, Y, fit

import jax_metrics as jm


def by_hand(model, optimizer, data, epochs):
    """The loop that anyone would write."""

    @jax.jit
    def train_step(model, optimizer, batch):
        def loss_fn(model):
            return LOSS(target=batch["y"], preds=model(batch["x"]), mask=batch["mask"])

        (_, model), grads = jm.value_and_grad(loss_fn)(model)
        return optimizer.update(grads, model), optimizer

    optimizer = optimizer.init(model)
    for _ in range(epochs):
        for batch in data:
            model, optimizer = train_step(model, optimizer, batch)
    return model, optimizer


@pytest.fixture(scope="module")
def run():
    """Three epochs of six batches, with everything that can be logged."""
    optimizer = jm.Optimizer(
        jm.optim.with_norms(jm.optim.with_hyperparams(optax.adam, learning_rate=1e-2))
    )
    return jm.training.fit(
        problem.stateful_model(),
        optimizer,
        LOSS,
        problem.batches(),
        metrics=[jm.metrics.Accuracy(), jm.metrics.ConfusionMatrix(num_classes=2)],
        validation=problem.batches(8, shuffle=None),
        epochs=3,
        log_every=4,
        progress=False,
        on_retrace="raise",
    )


def test_the_steps_are_those_of_a_loop_by_hand(run):
    model, optimizer = by_hand(problem.stateful_model(), problem.optimizer(), problem.batches(), 3)
    for mine, other in zip(jax.tree.leaves(run.model), jax.tree.leaves(model), strict=True):
        if jnp.issubdtype(mine.dtype, jax.dtypes.prng_key):
            mine, other = map(jax.random.key_data, (mine, other))
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)
    assert run.optimizer.learning_rate == optimizer.learning_rate


def test_a_row_ends_after_some_steps_and_with_each_epoch(run):
    assert (run.step, run.epoch, run.stopped) == (18, 3, None)
    assert [row["step"] for row in run.history.rows] == [4, 6, 8, 12, 16, 18]
    validated = [row["step"] for row in run.history.rows if "val/loss" in row]
    assert validated == [6, 12, 18]
    assert set(run.history.names()) == {
        "loss",
        "accuracy",
        "learning_rate",
        "grad_norm",
        "update_norm",
        "val/loss",
        "val/accuracy",
    }
    assert run.values.keys() == set(run.history.names())


def test_values_are_means_over_examples(run):
    """The last evaluation again by hand, on all examples at once."""
    preds = run.model.eval()(X)
    accuracy = np.mean(np.argmax(preds, -1) == Y)
    assert run.history.rows[-1]["val/accuracy"] == pytest.approx(accuracy)
    expected = float(LOSS(target=Y, preds=preds))
    assert run.history.rows[-1]["val/loss"] == pytest.approx(expected, rel=1e-5)


def test_a_value_of_one_element_is_validated_too():
    class Written(jm.Metric):
        """A value that is not computed on the device."""

        per_example = ()

        def update(self):
            pass

        def compute(self):
            return 7

    class Complex(Written):
        def compute(self):
            return jnp.complex64(1j)

    one = jm.metrics.MeanSquaredError(num_outputs=1)
    data, validation = (jm.training.batches((X, X[:, :1]), 22) for _ in range(2))
    run = fit(
        lambda: jm.Linear(1).init(0, X),
        data,
        jm.losses.MeanSquaredError(),
        metrics={"one": one, "written": Written(), "complex": Complex()},
        validation=validation,
        epochs=1,
    )
    row = run.history.rows[-1]
    assert set(row) == {"step", "learning_rate"} | {
        part + name for part in ("", "val/") for name in ("loss", "one", "written")
    }
    assert row["val/one"] == pytest.approx(row["val/loss"], rel=1e-6)
    assert row["val/written"] == row["written"] == 7


@pytest.mark.slow
@pytest.mark.parametrize("nested", [False, True])
def test_what_metrics_were_updated_with_before_does_not_count(nested):
    used = jm.metrics.Accuracy().update(target=np.zeros(100, int), preds=np.ones(100, int))
    expected, found = (
        [
            fit(metrics=metrics, steps=5, log_every=2, validation=problem.batches(8)).history.rows,
            jm.training.evaluate(problem.model(), LOSS, problem.batches(), metrics=metrics),
        ]
        for metric in (jm.metrics.Accuracy(), used)
        for metrics in [{"a": [jm.metrics.MinMax(metric)]} if nested else metric]
    )
    assert found == expected
    assert float(used.compute()) == 0  # it stays as it was


def test_the_arguments_stay_as_they_were():
    model, optimizer = problem.model(), problem.optimizer()
    optimizer = optimizer.init(model)
    before = jm.copy((model, optimizer), arrays=True)
    jm.training.fit(model, optimizer, LOSS, problem.batches(), steps=2, progress=False)
    assert jm.equal((model, optimizer), before)
    jm.training.fit(model, optimizer, LOSS, problem.batches(), steps=2, progress=False, donate=True)
    assert model[0].kernel.is_deleted()


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"steps_per_call": 4}, {"steps_per_call": 6, "steps": 9}])
def test_several_steps_in_one_program_are_the_same_steps(options):
    options = {"epochs": 2, **options}
    once = fit(**{**options, "steps_per_call": 1})
    several = fit(**options)
    assert several.step == once.step == options.get("steps", 12)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)  # noqa: E731
    jax.tree.map(close, several.model, once.model)
    # As many batches were drawn, not more.
    assert several.data.state == once.data.state


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 2])
def test_steps_of_any_number_are_one_program(accumulate):
    """Calls of 4 steps, of the rest of an epoch, and of the rest of the run."""
    traced, calls = [], []

    def loss_fn(model, batch):
        traced.append(batch)
        return LOSS(target=batch["y"], preds=model(batch["x"]), mask=batch["mask"])

    class Calls(jm.training.Callback):
        def on_step(self, run):
            calls.append((run.step, len(traced)))

    options = {"steps_per_call": 4, "accumulate": accumulate, "callbacks": [Calls()]}
    fit(loss=loss_fn, data=problem.batches(4 // accumulate), steps=11, **options)
    assert len({traces for _, traces in calls}) == 1
    taken = np.diff([0, *(step for step, _ in calls)])
    assert set(taken) >= {4, 1}


def test_a_function_returns_the_loss_and_the_arguments_of_metrics():
    def loss_fn(model, batch):
        x, y, mask = batch
        return LOSS(target=y, preds=model(x), mask=mask), {"values": y, "mask": mask}

    data = jm.training.batches((X, Y), 4)
    run = fit(data=data, loss=loss_fn, metrics=jm.metrics.Mean(name="positive"), epochs=1)
    assert run.history.rows[-1]["positive"] == pytest.approx(Y.mean())


class Regularized(jm.Module):
    """Logs a loss and a metric."""

    penalty: jax.Array = jm.LossLog.node()
    size: jax.Array = jm.MetricLog.node()

    @jm.compact
    def __call__(self, x):
        y = jm.Linear(2)(x)
        self.penalty, self.size = jnp.float32(10.0), jnp.abs(y).mean()
        return y


def test_losses_that_modules_log_are_added_and_logged():
    run = fit(lambda: Regularized().init(0, X[:2]), epochs=1)
    row = run.history.rows[-1]
    assert row["penalty"] == 10 and row["loss"] > 10 and row["size"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size"])
def test_what_modules_log_counts_once_however_examples_are_batched(reduction):
    loss = jm.losses.Crossentropy(reduction=reduction)
    model = lambda: Regularized().init(0, X[:2])  # noqa: E731
    expected = float(LOSS(target=Y, preds=model()(X))) + 10
    found = [jm.training.evaluate(model(), loss, problem.batches(size))["loss"] for size in (4, 22)]
    run = fit(model, problem.batches(22), loss, steps=1)
    assert [*found, run.values["loss"]] == pytest.approx([expected] * 3, rel=1e-5)
    run = fit(model, loss=loss, accumulate=6, steps=1)
    assert run.values["loss"] == pytest.approx(expected, rel=1e-5)


def test_iterables_get_a_mask():
    loader = [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:10], Y[8:10])]
    run = fit(data=loader, epochs=2)
    assert run.step == 6


def test_a_generator_loses_no_batch():
    seen = []

    def loss_fn(model, batch):
        jax.debug.callback(lambda x: seen.append(int(x)), batch["y"][0], ordered=True)
        return model(batch["x"]).sum()

    generator = ({"x": X[:1], "y": np.array([i])} for i in range(5))
    fit(data=generator, loss=loss_fn, epochs=1)
    jax.effects_barrier()
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_epochs_and_steps_count_from_the_beginning_of_the_run():
    data = problem.batches()
    assert fit(data=data, epochs=1).step == 6
    again = fit(data=data, epochs=1)
    assert (again.step, again.epoch) == (6, 1)
    short = fit(data=data, epochs=5, steps=2)
    assert short.step == 2 and short.history.rows[-1]["step"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("axis_type", [*jax.sharding.AxisType][:2])
def test_batches_that_are_sharded_train_on_all_devices(axis_type):
    mesh = jax.make_mesh((4,), ("data",), axis_types=(axis_type,))
    sharding = jax.NamedSharding(mesh, jax.P("data"))
    options = {
        "metrics": jm.metrics.Accuracy(),
        "epochs": 2,
        "log_every": 4,
        "validation": problem.batches(8),
    }
    run = fit(data=problem.batches(sharding=sharding), **options)
    kernel = run.model[0].kernel
    assert kernel.sharding.device_set == {*mesh.devices.flat}
    one = fit(**options)
    np.testing.assert_allclose(kernel, one.model[0].kernel, rtol=1e-5, atol=1e-6)
    for mine, other in zip(run.history.rows, one.history.rows, strict=True):
        assert mine == pytest.approx(other, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("axis_type", [*jax.sharding.AxisType][:2])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"accumulate": 2}, marks=pytest.mark.slow),
        {"steps_per_call": 2},
    ],
)
def test_a_model_that_is_split_stays_as_it_is(axis_type, options):
    """Small parameters are whole, though XLA would rather split them as their gradients are."""
    mesh = jax.make_mesh((4,), ("data",), axis_types=(axis_type,))
    layers = jm.Linear(32), jm.BatchNorm(), jax.nn.relu, jm.Dropout(0.1), jm.Linear(4)
    rules = jm.sharding.fsdp(mesh, min_size=64)
    model = jm.sharding.init(jm.Sequential(*layers), 0, X[:4], mesh, rules)
    optimizer = jm.Optimizer(optax.adam, learning_rate=1e-2).init(model)
    data = problem.batches(sharding=jax.NamedSharding(mesh, jax.P("data")))
    options = {"metrics": jm.metrics.F1Score(num_classes=4), "validation": data_of(mesh), **options}
    run = jm.training.fit(
        model, optimizer, LOSS, data, epochs=2, progress=False, on_retrace="raise", **options
    )
    for before, after in [(model, run.model), (optimizer, run.optimizer)]:
        pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
        assert all(old.sharding.is_equivalent_to(new.sharding, new.ndim) for old, new in pairs)


def data_of(mesh):
    return problem.batches(8, sharding=jax.NamedSharding(mesh, jax.P("data")))


def test_the_progress_looks_at_values_when_a_row_has_just_ended(monkeypatch, capsys):
    # As in a training whose steps take long: it looks after each of them.
    monkeypatch.setattr("jax_metrics.training.loop._display._SECONDS", 0.0)
    run = fit(epochs=2, validation=problem.batches(8, shuffle=None), progress=True)
    assert [row["step"] for row in run.history.rows] == [6, 12]
    assert "nan" not in capsys.readouterr().out


class Length:
    """An integer of another library."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.slow
@pytest.mark.parametrize("whole", [np.int64, np.uint8, jnp.int32, np.array, Length])
def test_integers_of_other_libraries_are_integers(whole, tmp_path):
    callbacks = [
        jm.training.EarlyStopping("loss", patience=whole(9)),
        jm.training.ReduceOnPlateau("loss", patience=whole(9), cooldown=whole(1)),
        jm.training.Checkpoints(tmp_path, every=whole(3), keep=whole(2)),
    ]
    data = problem.batches(whole(4), shuffle=whole(0), prefetch=whole(1))
    counts = {"epochs": whole(1), "steps": whole(5), "log_every": whole(2), "accumulate": whole(1)}
    run = fit(data=data, callbacks=callbacks, steps_per_call=whole(1), **counts)
    assert type(run.steps) is type(run.epochs) is int
    assert [row["step"] for row in run.history.rows] == [2, 4, 5]
    with jm.Checkpointer(tmp_path, read_only=True) as checkpointer:
        assert checkpointer.steps() == [3, 5]
        assert checkpointer.restore(step=whole(3))["progress"]["step"] == 3


@pytest.mark.slow
def test_grain_iterators_are_read_again_from_where_they_were():
    grain = pytest.importorskip("grain")
    dataset = grain.MapDataset.source(np.arange(22)).map(lambda i: {"x": X[i], "y": Y[i]})
    iterator = iter(dataset.to_iter_dataset().batch(4))
    next(iterator)
    run = fit(epochs=2, validation=iterator)
    expected = jm.training.evaluate(
        run.model, LOSS, jm.training.batches({"x": X[4:], "y": Y[4:]}, 4)
    )
    assert run.history.rows[-1]["val/loss"] == pytest.approx(expected["loss"], rel=1e-6)
