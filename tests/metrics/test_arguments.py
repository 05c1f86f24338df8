"""How a metric reads arguments: by position, renamed, and from nested structures."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import (
    AUROC,
    BootStrapper,
    ByGroup,
    Cat,
    ConfidenceInterval,
    LastValue,
    Losses,
    Max,
    Mean,
    MeanSquaredError,
    Metrics,
    MinMax,
    Multitask,
    PairedComparison,
    Running,
    Transformed,
    functional,
)

TARGET, PREDS = jnp.zeros(4), jnp.array([1.0, 2.0, 3.0, 4.0])


def test_on_reads_out_of_structures():
    metric = MeanSquaredError(on=("heads", 0))
    arguments = {"target": {"heads": [TARGET]}, "preds": {"heads": [PREDS]}}
    mask = jnp.array([True, True, False, False])
    assert metric(**arguments, mask=mask) == 2.5
    assert jax.jit(lambda m, a: m.update(**a))(metric.reset(), arguments).compute() == 7.5


def test_index_into_and_rename():
    metric = MeanSquaredError().index_into(preds="logits").rename_arguments(target="y")
    assert metric(y=TARGET, preds={"logits": PREDS}) == 7.5
    assert metric.update(y=TARGET, preds={"logits": PREDS}).compute() == 7.5
    assert list(metric.signature.parameters) == ["y", "preds", "sample_weight", "mask"]
    with pytest.raises(KeyError, match=r"There is no preds\['logits'\]"):
        metric.update(y=TARGET, preds={"other": PREDS})


def test_a_renamed_metric_that_calls_its_base():
    class Halved(MeanSquaredError):
        def update(self, *, target, preds):
            super().update(target=target, preds=preds / 2)

    metric = Halved().rename_arguments(preds="y_hat")
    assert metric(target=TARGET, y_hat=2 * PREDS) == 7.5


def test_a_renamed_wrapper():
    running = Running(Mean(), window=2).rename_arguments(values="loss")
    assert running.update(loss=1.0).update(loss=2.0).compute() == 1.5


@pytest.mark.parametrize(
    "metric",
    [
        Metrics([MeanSquaredError()]),
        Losses([jm.losses.MeanSquaredError()]),
        MeanSquaredError() + 0,
        Multitask({"task": MeanSquaredError()}),
        ByGroup(MeanSquaredError(), num_groups=1),
        BootStrapper(MeanSquaredError(), num_bootstraps=1),
        ConfidenceInterval(MeanSquaredError(), num_bootstraps=1),
        PairedComparison(MeanSquaredError(), num_samples=1),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_a_renamed_metric_of_metrics(metric):
    others = {"groups": jnp.zeros(4, jnp.int32), "baseline": 2 * PREDS}
    accepted = metric.signature.parameters
    others = {name: value for name, value in others.items() if name in accepted}
    expected = metric.batch_updates(target=TARGET, preds=PREDS, **others).compute()
    renamed = metric.rename_arguments(target="truth")
    value = renamed.update(truth=TARGET, preds=PREDS, **others).compute()
    assert jm.equal(value, expected)
    with pytest.raises(TypeError, match="called with 'target', but it takes"):
        renamed.update(target=TARGET, preds=PREDS, **others)


def test_positional_arguments():
    assert Mean().update(PREDS, TARGET + 1).compute() == 2.5
    with pytest.raises(TypeError, match="MeanSquaredError takes no arguments by position, but got"):
        MeanSquaredError().update(TARGET, PREDS)
    with pytest.raises(TypeError, match="Mean takes 3 arguments by position, but got 4"):
        Mean().update(1, 2, 3, 4)
    with pytest.raises(TypeError, match="MeanSquaredError needs the argument 'preds'"):
        MeanSquaredError().update(target=TARGET)


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (Mean(), {"values": [1.0, 3.0], "sample_weight": (1, 2), "mask": [True, False]}),
        (Max(), {"values": [[1, 2], [3, 4]], "mask": [True, False]}),
        (LastValue(), {"values": (1.0, 2.0), "mask": (True, False)}),
        (Cat(4), {"values": [1.0, 2.0], "mask": [False, True]}),
        (Running(Mean(), window=2), {"values": [1.0, 2.0], "mask": [True, False]}),
        (MinMax(Mean(on="a")), {"values": {"a": [1.0, 2.0], "b": ["text"][:0]}}),
        (Multitask({"a": Mean()}), {"values": {"a": [1.0, np.float32(2)]}}),
        (Transformed(Mean(), values=jnp.exp), {"values": [0.0, jnp.zeros(())]}),
        (AUROC(capacity=4), {"target": [1, 0], "preds": [0.5, 0.2], "sample_weight": [1, 2]}),
    ],
)
def test_lists_of_numbers_are_arrays(metric, arguments):
    def is_list(x):
        return isinstance(x, list | tuple)

    arrays = jax.tree.map(np.asarray, arguments, is_leaf=is_list)
    expected = jm.copy(metric).update(**arrays).compute()
    for found in (
        jm.copy(metric).update(**arguments).compute(),
        jax.jit(lambda m, given: jm.copy(m).update(**given).compute())(metric, arguments),
    ):
        assert jm.equal(found, expected)


def test_a_list_that_is_no_array_is_left_to_the_metric():
    with pytest.raises(Exception, match="inhomogeneous|shape|stack"):
        Mean().update([[1.0], [1.0, 2.0]])
    with pytest.raises(OverflowError, match="values holds the int64 1099511627776"):
        Mean().update([2**40, 1])


def test_dtype():
    metric = Mean(dtype=jnp.bfloat16).update(PREDS)
    assert metric.compute().dtype == jnp.bfloat16
    with jax.enable_x64(True):
        far = Mean(dtype=jnp.float64).update(np.array([1e9 + 1, 1e9 + 2]))
        assert far.compute() == 1e9 + 1.5


def test_a_function_takes_the_options_of_the_class():
    mean_squared_error = jm.metrics.mean_squared_error
    assert mean_squared_error(TARGET, PREDS) == 7.5
    np.testing.assert_allclose(
        mean_squared_error(TARGET[:, None], PREDS[:, None], num_outputs=1), [7.5]
    )
    assert jax.jit(mean_squared_error)(TARGET, PREDS) == 7.5
    assert mean_squared_error.__name__ == "mean_squared_error"
    assert mean_squared_error.__doc__.startswith("The mean of `(target - preds)**2`")
    with pytest.raises(TypeError, match="mean_squared_error has no argument 'no_option'"):
        mean_squared_error(TARGET, PREDS, no_option=1)


def test_a_function_with_an_unhashable_option():
    class Shifted(Mean):
        def __init__(self, *, by=(0.0,)):
            super().__init__()
            self.by = tuple(by)

        def update(self, values):
            super().update(values + sum(self.by))

    shifted = functional(Shifted, "shifted")
    assert shifted(PREDS, by=[1.0, 2.0]) == 5.5 and shifted.__name__ == "shifted"


def test_a_function_is_compiled_once():
    traces = []

    class Traced(Mean):
        def update(self, values):
            traces.append(1)
            super().update(values)

    traced = functional(Traced)
    for _ in range(3):
        assert traced(PREDS) == 2.5
    assert len(traces) == 1


FUNCTIONS = {
    name: function
    for name, function in vars(jm.metrics).items()
    if inspect.isfunction(function) and not name.startswith("_") and name != "functional"
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_name_what_they_take(name):
    first = next(iter(inspect.signature(FUNCTIONS[name]).parameters))
    text = rf"^{name} has no argument 'none'\..* It takes {first}[,.]"
    with pytest.raises(TypeError, match=text):
        FUNCTIONS[name](none=1)


def test_the_nearest_name_is_told():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(TypeError, match="Did you mean `zero_diagonal`"):
        jm.metrics.pairwise_minkowski_distance(x, zero_diag=True)
    with pytest.raises(TypeError, match="pairwise_linear_similarity takes only `x`, `y` by pos"):
        jm.metrics.pairwise_linear_similarity(x, x, "mean")
    with pytest.raises(TypeError, match="image_gradients needs `images`"):
        jm.metrics.image_gradients()
    with pytest.raises(TypeError, match="cramers_v_matrix has no argument 'nan_policy'.* matrix"):
        jm.metrics.cramers_v_matrix(x.astype(int), nan_policy="drop")
