"""`jm.training.evaluate`, and the objective of targets and predictions."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import problem
import pytest
from problem import LOSS, X, Y

import jax_metrics as jm
from jax_metrics.training import evaluate, supervised
from jax_metrics.training.loop import Evaluation, as_objective


@pytest.mark.slow
def test_an_evaluation_that_is_repeated_traces_the_model_no_more():
    traced = []

    def loss_fn(model, batch):
        traced.append(batch)
        return LOSS(target=batch["y"], preds=model(batch["x"]), mask=batch["mask"])

    evaluation = Evaluation(as_objective(loss_fn), problem.batches(), None, "raise")
    first, count = evaluation(problem.model()), len(traced)
    assert evaluation(problem.model()) == first
    assert len(traced) == count


class Counting(jm.losses.Loss):
    """A loss that counts how often it is traced."""

    traces = []

    def call(self, target, preds):
        self.traces.append(target)
        return ((preds - target[:, None]) ** 2).mean(-1)


@pytest.mark.slow
def test_the_next_evaluation_with_a_function_traces_nothing():
    traced = []

    def loss_fn(model, batch):
        traced.append(batch)
        preds = model(batch["x"])
        arguments = {"target": batch["y"], "preds": preds, "mask": batch["mask"]}
        return LOSS(**arguments), arguments

    def run(model, data=problem.batches, metrics=jm.metrics.Accuracy):
        return evaluate(model, loss_fn, data(), metrics=metrics())

    model = problem.model()
    first, count = run(model), len(traced)
    assert run(model) == first and len(traced) == count
    doubled = jax.tree.map(lambda p: 2 * p, model)
    assert run(doubled) != first and len(traced) == count
    assert run(model.eval()) == first  # in another mode it is the same program
    run(model, lambda: problem.batches(11))
    assert len(traced) > count  # other shapes are another program


def test_the_next_evaluation_with_an_equal_loss_traces_nothing():
    first = evaluate(problem.model(), Counting(), problem.batches())
    count = len(Counting.traces)
    assert evaluate(problem.model(), Counting(), problem.batches()) == first
    assert evaluate(problem.model(), supervised(Counting()), problem.batches()) == first
    assert len(Counting.traces) == count
    halved = evaluate(problem.model(), Counting(weight=0.5), problem.batches())
    assert halved["loss"] == pytest.approx(first["loss"] / 2)


def test_losses_of_other_options_are_other_programs():
    values = [
        evaluate(
            problem.model(),
            jm.losses.Crossentropy(class_weights=weights),
            problem.batches(),
        )["loss"]
        for weights in ([1.0, 1.0], [1.0, 3.0])
    ]
    assert values[0] != values[1]


def test_the_program_of_a_function_lives_as_long_as_the_function():
    def loss_fn(model, batch):
        return model(batch["x"]).mean()

    kept = weakref.ref(loss_fn)
    evaluate(problem.model(), loss_fn, problem.batches(22))
    del loss_fn
    gc.collect()
    assert kept() is None


class Slotted:
    __slots__ = ()  # without weak references

    def __call__(self, model, batch):
        return model(batch["x"]).mean()


def test_any_callable_evaluates():
    expected = pytest.approx(float(problem.model()(X).mean()), abs=1e-6)
    assert evaluate(problem.model(), Slotted(), problem.batches(22))["loss"] == expected


def test_values_are_those_of_all_examples_at_once():
    model = problem.stateful_model()
    metrics = [jm.metrics.Accuracy(), jm.metrics.ConfusionMatrix(num_classes=2)]
    values = evaluate(model, LOSS, problem.batches(), metrics=metrics)
    preds = model.eval()(X)
    assert values["loss"] == pytest.approx(float(LOSS(target=Y, preds=preds)), rel=1e-5)
    assert values["accuracy"] == pytest.approx(np.mean(np.argmax(preds, -1) == Y))
    expected = jm.metrics.ConfusionMatrix(num_classes=2)(target=Y, preds=preds)
    np.testing.assert_array_equal(values["confusion_matrix"], expected)
    assert isinstance(values["confusion_matrix"], np.ndarray)


def test_the_model_stays_as_it_was():
    model, data = problem.stateful_model(), problem.batches()
    before = jm.copy(model, arrays=True)
    first = evaluate(model, LOSS, data)
    assert jm.equal(model, before)
    assert first == pytest.approx(evaluate(model, LOSS, data))


def test_a_dict_of_models_is_evaluated_as_a_whole():
    models = {"a": jm.Dropout(0.5).init(0, X), "b": jm.Linear(2).init(0, X)}

    def loss_fn(models, batch):
        return LOSS(target=batch["y"], preds=models["b"](models["a"](batch["x"])))

    values = evaluate(models, loss_fn, problem.batches(22))
    expected = LOSS(target=Y, preds=models["b"](X))
    assert values["loss"] == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(
    "batch",
    [
        {"image": X, "label": Y},
        {"image": X, "label": Y, "mask": np.ones(22, bool)},
        (X, Y),
        (X, Y, np.ones(22, bool)),
    ],
)
def test_batches_are_dicts_or_tuples(batch):
    model = problem.model()
    loss_fn = supervised(LOSS, inputs="image", target="label")
    loss, arguments = loss_fn(model, batch)
    assert loss == pytest.approx(float(LOSS(target=Y, preds=model(X))))
    assert ("mask" in arguments) == (len(batch) == 3)


@pytest.mark.parametrize("arrays", [(X,), X], ids=["tuple", "array"])
def test_batches_of_inputs_alone_are_for_functions(arrays):
    def loss_fn(model, batch):
        x, mask = batch
        return jnp.mean(model(x) ** 2, where=mask[:, None])

    data = jm.training.batches(arrays, 4)
    expected = float((problem.model()(X) ** 2).mean())
    assert evaluate(problem.model(), loss_fn, data)["loss"] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(TypeError, match="has inputs and a mask, but no targets, which this loss"):
        evaluate(problem.model(), LOSS, data)


def test_targets_of_a_pair_may_be_booleans():
    loss_fn = supervised(jm.losses.MeanSquaredError())
    _, arguments = loss_fn(lambda x: x[:, 0], (X, Y == 1))
    assert sorted(arguments) == ["preds", "target"]


SQUARED = jm.losses.MeanSquaredError()
PAIRS = np.stack([Y, 1 - Y], 1).astype(np.float32)


@pytest.mark.parametrize(
    "loss, masks",
    [
        (SQUARED, {}),
        (SQUARED, {"mask": Y > 0}),
        (SQUARED, {"mask": X[:, :2] > 0}),
        (supervised(SQUARED, mask="kept"), {"kept": Y > 0}),
        (supervised(SQUARED, mask="valid"), {}),
    ],
    ids=["padding", "examples", "elements", "own name", "the same name"],
)
def test_padding_does_not_count_whatever_its_mask_is_called(loss, masks):
    def run(size):
        data = jm.training.batches({"x": X, "y": PAIRS, **masks}, size, mask_name="valid")
        return evaluate(problem.model(), loss, data, metrics=jm.metrics.MeanAbsoluteError())

    preds = problem.model()(X)
    kept = next(iter(masks.values()), None)
    values = run(4)
    assert values == pytest.approx(run(22), rel=1e-5)
    assert values["loss"] == pytest.approx(float(SQUARED(target=PAIRS, preds=preds, mask=kept)))


def test_a_mask_beside_that_of_the_padding_is_checked_by_the_loss():
    data = jm.training.batches({"x": X, "y": Y, "mask": np.float32(Y)}, 4, mask_name="valid")
    with pytest.raises(TypeError, match="mask must be boolean, but is float32"):
        evaluate(problem.model(), LOSS, data)


def test_what_is_no_loss_is_refused():
    with pytest.raises(TypeError, match="takes a loss of targets and predictions, such as"):
        supervised(jnp.mean)


def test_metrics_that_cannot_be_compiled_are_refused():
    class OnTheHost(jm.Metric):
        jittable = False

        def update(self, target, preds):
            raise AssertionError

        def compute(self):
            raise AssertionError

    with pytest.raises(TypeError, match="'on_the_host' cannot be compiled into the steps"):
        evaluate(problem.model(), LOSS, problem.batches(), metrics=OnTheHost())


def test_one_program_evaluates_all_batches():
    traces = []

    def loss_fn(model, batch):
        traces.append(isinstance(batch["x"], jax.core.Tracer))
        return model(batch["x"]).sum()

    evaluate(problem.model(), loss_fn, problem.batches())
    assert traces == [True, True]  # for its outputs, and for the program
