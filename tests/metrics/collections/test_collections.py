import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics.losses import MeanAbsoluteError, MeanSquaredError
from jax_metrics.metrics import (
    AuxLosses,
    AuxMetrics,
    LossAndLogs,
    Losses,
    Max,
    Mean,
    Metrics,
    Min,
    MinMax,
)

rng = np.random.default_rng(0)
TARGET, PREDS = rng.normal(size=(2, 10)).astype(np.float32)


def test_names_of_lists_and_dicts():
    nested = {"a": [Mean(), Max(name="top")], "b": {"c": {"d": Min()}}, "e": Max()}
    metrics = Metrics(nested, prefix="<", postfix=">")
    assert list(metrics.update(TARGET).compute()) == [
        "<a/mean>",
        "<a/top>",
        "<b/c/d>",
        "<e>",
    ]
    assert list(metrics) == ["a/mean", "a/top", "b/c/d", "e"] and len(metrics) == 4
    assert [name for name, _ in metrics.items()] == list(metrics)
    assert metrics["a/top"].compute() == TARGET.max()
    assert metrics.compute_logs().keys() == metrics.compute().keys()
    assert list(Metrics(Mean()).update(1.0).compute()) == ["mean"]


@pytest.mark.parametrize(
    ("collection", "names"),
    [
        (Metrics([Mean(), Max(), Mean(), Mean()]), ["mean", "max", "mean2", "mean3"]),
        (Metrics([Mean(name="mean2"), Mean(), Mean()]), ["mean2", "mean", "mean3"]),
        (Metrics({"a": [Min(), Min()], "b": [Min()]}), ["a/min", "a/min2", "b/min"]),
        (Losses([jm.losses.Huber(), jm.losses.Huber(delta=2)]), ["huber", "huber2"]),
        (Losses([jm.regularizers.L2(1.0), jm.regularizers.L2(0.1)]), ["l2", "l2_2"]),
        (Losses([abs, abs]), ["abs", "abs2"]),
    ],
)
def test_equal_names_in_a_list_are_numbered(collection, names):
    assert list(collection.names) == names
    assert list(collection.compute()) == names


def test_a_metric_of_several_values_in_a_collection():
    metrics = Metrics({"outer": Metrics([MinMax(Mean())]), "max": Max()}).update(TARGET)
    names = ["outer/min_max/raw", "outer/min_max/min", "outer/min_max/max", "max"]
    assert list(metrics.compute()) == names


def test_an_update_is_one_program():
    traces = []

    class Traced(Mean):
        def update(self, values):
            traces.append(1)
            super().update(values)

    metrics = Metrics({"a": Traced(), "b": Traced(name="other")})
    for _ in range(3):
        metrics.update(TARGET)
    assert len(traces) == 2


def test_losses_are_means_over_examples():
    losses = Losses([MeanSquaredError(), MeanAbsoluteError(reduction="sum", weight=2.0)])
    for part in (slice(0, 7), slice(7, 10)):
        losses.update(target=TARGET[part], preds=PREDS[part])
    difference = TARGET - PREDS
    values = losses.compute()
    np.testing.assert_allclose(values["mean_squared_error"], (difference**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(values["mean_absolute_error"], abs(difference).sum(), rtol=1e-5)
    np.testing.assert_allclose(losses.total_loss(), sum(values.values()), rtol=1e-6)


def test_training_on_losses():
    losses = Losses({"mse": MeanSquaredError(), "own": own, "l2": jm.regularizers.L2(0.1)})
    model = jm.Linear(1).init(0, TARGET[:, None])
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)

    def loss_fn(model, losses):
        loss, losses = losses.loss_and_update(
            target=PREDS[:, None],
            preds=model(TARGET[:, None]),
            parameters=model.filter(jm.Parameter),
            scale=2.0,
        )
        return loss, losses

    @jax.jit
    def step(model, optimizer, losses):
        (loss, losses), grads = jax.value_and_grad(loss_fn, has_aux=True)(model, losses)
        return optimizer.update(grads, model), optimizer, losses, loss

    history = []
    for _ in range(5):
        model, optimizer, losses, loss = step(model, optimizer, losses)
        history.append(loss)
    np.testing.assert_allclose(losses.total_loss(), np.mean(history), rtol=1e-5)
    assert history[-1] < history[0] and losses.compute()["own"] > 0


def own(preds, scale):
    return scale * jnp.mean(preds**2)


class Logging(jm.Module):
    penalty: jax.Array = jm.LossLog.node()
    size: jax.Array = jm.MetricLog.node()

    def __init__(self):
        self.linear = jm.Linear(2)

    def __call__(self, x):
        y = self.linear(x)
        self.penalty, self.size = jnp.mean(y**2), jnp.abs(y)
        return y


@pytest.mark.slow
def test_logs_of_modules():
    model = jm.nn.Sequential(Logging(), Logging()).init(0, TARGET[:, None])
    aux_losses, aux_metrics = AuxLosses(model), AuxMetrics(model)
    assert aux_losses.names == ("layers/0/penalty", "layers/1/penalty")
    values = []
    for x in (TARGET, PREDS):
        model(x[:, None])
        values.append(float(model.layers[0].penalty))
        aux_losses.update(aux_losses=model)
        aux_metrics.update(aux_metrics=model)
    actual = aux_losses.compute()
    np.testing.assert_allclose(actual["layers/0/penalty"], np.mean(values), rtol=1e-6)
    np.testing.assert_allclose(aux_losses.total_loss(), sum(actual.values()), rtol=1e-6)
    assert list(aux_metrics.compute_logs()) == ["layers/0/size", "layers/1/size"]


@pytest.mark.parametrize(("cls", "name"), [(AuxLosses, "aux_losses"), (AuxMetrics, "aux_metrics")])
def test_arrays_without_elements_are_left_out_of_logs(cls, name):
    metric = cls(["a", "b"])
    for a, b in (([1.0, 3.0], [5.0]), ([], [7.0]), ([6.0], [])):
        metric.update(**{name: {"a": jnp.array(a), "b": jnp.array(b)}})
    assert metric.compute() == {"a": 4, "b": 6}


def test_loss_and_logs_of_a_batch_and_an_epoch():
    model = Logging().init(0, TARGET[:, None])
    report = LossAndLogs(
        MeanSquaredError(), {"mse": jm.metrics.MeanSquaredError()}, AuxLosses(model), model
    )
    total = []
    for x in (TARGET, PREDS):
        preds = model(x[:, None])
        loss, losses, metrics = report.batch_loss_epoch_logs(
            target=jnp.zeros_like(preds), preds=preds, aux_losses=model, aux_metrics=model
        )
        expected = 2 * float(jnp.mean(preds**2))  # the penalty is the same
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
        total.append(expected)
    assert list(losses) == ["loss", "mean_squared_error", "penalty"]
    assert list(metrics) == ["mse", "size"]
    np.testing.assert_allclose(losses["loss"], np.mean(total), rtol=1e-5)
    assert list(report.compute_logs()) == [*losses, *metrics]


def test_arguments_for_the_metrics_alone():
    report = LossAndLogs(MeanSquaredError(), Mean())
    report.update(target=TARGET, preds=PREDS, metrics_kwargs={"values": TARGET})
    np.testing.assert_allclose(report.compute()[2]["mean"], TARGET.mean(), rtol=1e-6)
    assert LossAndLogs(metrics=Mean()).update(values=TARGET).compute()[0] == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Metrics([{"a": [Mean()]}, {"a/mean": Max()}]),
            ValueError,
            "Two of them are called 'a/mean'. Give one another key",
        ),
        (
            lambda: Metrics({"a": MinMax(Mean()), "a/min": Mean()}).compute(),
            ValueError,
            "Two values are called 'a/min', the second one of the member 'a/min'. Give one of",
        ),
        (lambda: Metrics({"a": [1]}), TypeError, "Expected a Metric, or lists.* a int at 'a/'"),
        (lambda: Losses(3), TypeError, "but got a int"),
        (lambda: Metrics([Mean()])["max"], KeyError, "There is no metric 'max'; there are mean"),
        (lambda: Metrics([Mean()]).update(x=1), TypeError, "Nothing in this Metrics takes 'x'"),
        (
            lambda: Losses(MeanSquaredError(reduction="none")).update(target=TARGET, preds=PREDS),
            ValueError,
            "The loss 'mean_squared_error' returns an array of shape",
        ),
        (
            lambda: LossAndLogs(aux_losses=["a"]).update(),
            ValueError,
            "`aux_losses` must be given both to LossAndLogs and to its update",
        ),
        (
            lambda: (
                LossAndLogs(MeanSquaredError(name="a"), aux_losses=["a"])
                .update(target=TARGET, preds=PREDS, aux_losses={"a": 1.0})
                .compute()
            ),
            ValueError,
            "Two of the logs are called 'a'",
        ),
        (
            lambda: AuxLosses(["a"]).update(aux_losses={"b": jnp.ones(1)}),
            ValueError,
            "Nothing is logged as 'a'; there is b",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
