"""Arrays that are read when they are needed."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import Deferred, merge, rename, reshape, skip, split, transpose

VALUES = np.arange(24, dtype=np.float32).reshape(4, 6)


class Counted:
    """Counts how often it is read, and from which threads."""

    def __init__(self, values=VALUES):
        self.values, self.threads = values, []

    def __call__(self):
        self.threads.append(threading.current_thread())
        return self.values

    def deferred(self):
        return Deferred(self, self.values.shape, self.values.dtype)


def shapes(**arrays):
    return {name: jax.ShapeDtypeStruct(shape, dtype) for name, (shape, dtype) in arrays.items()}


def test_rules_leave_it_unread():
    source, unused = Counted(), Counted()
    state = {"a": source.deferred(), "b": unused.deferred()}
    rules = [transpose("a"), reshape("a", (2, 3, -1)), rename("a", "c"), skip("b")]
    for rule in rules:
        state = rule(state)
    assert state["c"].shape == (2, 3, 4) and not source.threads
    like = {"c": jnp.zeros((2, 3, 4))}
    loaded = jm.load_state_dict(like, {"a": source.deferred(), "b": unused.deferred()}, rules=rules)
    np.testing.assert_array_equal(loaded["c"], VALUES.T.reshape(2, 3, 4))
    assert len(source.threads) == 1 and not unused.threads


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("shape", [(1030, 520), (3, 200, 300), (300_000,), (2, 3), (0, 3), ()])
def test_values_in_every_layout(dtype, shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    like = shapes(a=(shape, dtype), b=(shape[::-1], dtype), c=(shape[::-1], dtype))
    a, b = Counted(values), Counted(values)
    state = {"a": a.deferred(), "b": b.deferred(), "c": values.T}
    loaded = jm.load_state_dict(like, state, rules=[transpose("b")], cast=True)
    np.testing.assert_array_equal(loaded["a"], values.astype(dtype))
    np.testing.assert_array_equal(loaded["b"], values.T.astype(dtype))
    np.testing.assert_array_equal(loaded["c"], values.T.astype(dtype))


def test_the_array_of_the_caller_can_change_afterwards():
    values = np.ones((600, 700), np.float32)  # large enough for memory of its own
    loaded = jm.load_state_dict({"a": jnp.zeros((600, 700))}, {"a": values})
    values[:] = 2
    assert np.unique(loaded["a"]).tolist() == [1]


def test_large_arrays_are_read_in_other_threads():
    sources = [Counted(np.full((600, 700), i, np.float32)) for i in range(40)]
    like = shapes(**{f"a{i}": ((600, 700), jnp.float32) for i in range(40)})
    loaded = jm.load_state_dict(like, {f"a{i}": one.deferred() for i, one in enumerate(sources)})
    assert [float(loaded[f"a{i}"][3, 4]) for i in range(40)] == list(range(40))
    for source in sources:
        assert len(source.threads) == 1 and threading.main_thread() not in source.threads


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (split("a", ["b", "c"]), {"b": VALUES[:2], "c": VALUES[2:]}),
        (merge(["a"], "b", "stack"), {"b": VALUES[None]}),
        (lambda state: {"b": state["a"].T * 2}, {"b": VALUES.T * 2}),
    ],
)
def test_other_rules_read_it(rule, expected):
    like = shapes(**{name: (value.shape, jnp.float32) for name, value in expected.items()})
    loaded = jm.load_state_dict(like, {"a": Counted().deferred()}, rules=[rule])
    for name, value in expected.items():
        np.testing.assert_array_equal(loaded[name], value)


def test_misfits_are_listed_without_reading():
    source = Counted()
    with pytest.raises(
        jm.CheckpointError, match=r"shape: `a`: .* the state shape \(4, 6\), float3"
    ):
        jm.load_state_dict({"a": jnp.zeros((4, 5))}, {"a": source.deferred()})
    with pytest.raises(
        jm.CheckpointError, match=r"reshape\('a', \(5, -1\)\) does not fit `a` with"
    ):
        jm.load_state_dict({}, {"a": source.deferred()}, rules=[reshape("a", (5, -1))])
    assert not source.threads


def test_errors_of_reading():
    def fails():
        raise jm.CheckpointError("the disk is gone")

    with pytest.raises(jm.CheckpointError, match="the disk is gone"):
        jm.load_state_dict({"a": jnp.zeros(2)}, {"a": Deferred(fails, (2,), np.float32)})
