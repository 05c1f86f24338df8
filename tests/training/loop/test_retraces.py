"""`Compiled` tells when a function is compiled again, and why."""

import inspect

import jax
import jax.numpy as jnp
import optax
import problem
import pytest

import jax_metrics as jm
from jax_metrics.training import Compiled, RetraceError, RetraceWarning

model = jm.Sequential(jm.Linear(2), jm.Dropout(0.5)).init(0, jnp.ones((1, 3)))


def call(model, x):
    return jax.tree.map(lambda x: x + 1, x), model


def other_rate():
    return jm.Sequential(jm.Linear(2), jm.Dropout(0.25)).init(0, jnp.ones((1, 3)))


@pytest.mark.parametrize(
    "second, why",
    [
        ((model, jnp.ones(3)), r"x was float32\[2\], and is float32\[3\]"),
        ((model, jnp.ones(2, int)), r"x was float32\[2\], and is int32\[2\]"),
        ((model, (jnp.ones(2),)), r"x\[0\] is new; x is gone"),
        (
            (other_rate(), jnp.ones(2)),
            r"model.layers\[1\].arguments was \(rate=0.5\), and is \(rate=0.25\)",
        ),
        (
            (model.eval(), jnp.ones(2)),
            r"model._mode was Mode\(training=True.* and is Mode\(training=False",
        ),
        (
            (model.map(lambda p: p.astype(jnp.bfloat16), jm.Parameter), jnp.ones(2)),
            r"kernel was float32\[3,2\], and is bfloat16\[3,2\]",
        ),
        (
            (model, jax.device_put(jnp.ones(2), jax.devices()[1])),
            r"x was SingleDeviceSharding.*id=0.* and is SingleDeviceSharding.*id=1",
        ),
    ],
)
def test_it_tells_what_has_changed(second, why):
    step = Compiled(call, "The step", "warn")
    step(model, jax.device_put(jnp.ones(2), jax.devices()[0]))
    step(model, jax.device_put(2 * jnp.ones(2), jax.devices()[0]))
    with pytest.warns(RetraceWarning, match=f"The step is compiled again: .*(?:{why})"):
        step(*second)


def test_many_changes_are_counted():
    step = Compiled(lambda x: x, "The step", "raise")
    step({str(i): jnp.ones(1) for i in range(8)})
    with pytest.raises(RetraceError, match=r"x\['4'\] .*; and 3 more changes\."):
        step({str(i): jnp.ones(2) for i in range(8)})


def test_nothing_is_lost_when_it_raises():
    step = Compiled(lambda x, y: x + y, "The step", "raise", donate=(0,))
    state = step(jnp.ones(2), jnp.ones(2))
    with pytest.raises(RetraceError):
        step(state, jnp.ones(1))
    assert step(state, jnp.ones(2)).tolist() == [3, 3]


def test_it_can_be_silent(recwarn):
    step = Compiled(lambda x: x, "The step", "ignore")
    step(jnp.ones(1)), step(jnp.ones(2))
    assert not recwarn.list


def test_programs_of_others_do_not_count():
    step = Compiled(lambda x: x, "The step", "raise")
    step(jnp.ones(1))
    jax.jit(lambda x: x * 3)(jnp.ones(5))
    assert step(jnp.ones(1)) == 1  # and does not raise


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("called", [False, True])
def test_lowering_is_no_call(size, called):
    step = Compiled(lambda x: x, "The step", "raise", donate=(0,))
    if called:
        step(jnp.ones(1))
    lowered = step.lower(jnp.ones(size))
    assert lowered.args_info[0][0].donated
    assert step(jnp.ones(1)) == 1  # and does not raise
    with pytest.raises(RetraceError, match=r"x was float32\[1\], and is float32\[2\]"):
        step(jnp.ones(2))


def test_a_call_in_another_compiled_function():
    step = Compiled(lambda x: x + 1, "The step", "raise")
    assert jax.jit(lambda x: step(step(x)))(jnp.ones(1)) == 3
    assert step(jnp.ones(1)) == 2  # and does not raise


def test_the_warning_points_to_the_call_of_the_step():
    step = Compiled(lambda x: x, "The step", "warn")
    step(jax.device_put(jnp.ones(1), jax.devices()[0]))
    for other in (jnp.ones(2), jax.device_put(jnp.ones(2), jax.devices()[1])):
        with pytest.warns(RetraceWarning) as caught:
            step(other)
        line = inspect.currentframe().f_lineno - 1
        assert [(warning.filename, warning.lineno) for warning in caught] == [(__file__, line)]


def test_the_warning_points_to_the_call_of_fit():
    class ToBfloat16(jm.training.Callback):
        def on_step(self, run):
            run.model = run.model.map(lambda p: p.astype(jnp.bfloat16), jm.Parameter)

    sgd = jm.Optimizer(optax.sgd(0.1))
    options = {"steps": 2, "callbacks": [ToBfloat16()], "progress": False}
    with pytest.warns(RetraceWarning) as caught:
        jm.training.fit(problem.model(), sgd, problem.LOSS, problem.batches(), **options)
    line = inspect.currentframe().f_lineno - 1
    assert [(warning.filename, warning.lineno) for warning in caught] == [(__file__, line)]
