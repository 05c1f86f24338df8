"""Inverses of rules: from our names and layouts back to those of another library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jax_metrics as jm
from jax_metrics.checkpoint import inverse, merge, rename, reshape, skip, split, transpose

SHAPE = (2, 6, 4)


def applied(rules, state):
    for rule in rules:
        state = rule(state)
    return state


def assert_same(state, expected):
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array)


def array(seed, shape=SHAPE):
    return np.random.default_rng(seed).normal(size=shape)


RULES = {
    "rename": rename("net.{i}.{*rest}", "layers.{*rest}.{i}"),
    "rename of a part": rename("net.{i}.w_{kind}", "net.{i}.{kind}_w"),
    "transpose": transpose("net.0.{*rest}"),
    "transpose by axes": transpose("{*to}.w_a", (2, 0, 1)),
    "transpose by negative axes": transpose("{*to}.w_a", (-1, 0, -2)),
    "reshape": reshape("{*to}.w_a", (12, -1), before=SHAPE),
    "reshape with a free axis": reshape("{*to}.w_a", (-1,), before=(2, -1, 4)),
    "split": split("{*to}.w_a", ["{*to}.x", "y.{*to}"], -1),
    "split by sizes": split("{*to}.w_a", ["{*to}.x", "{*to}.y"], 1, sizes=[5, 1]),
    "unstack": split("{*to}.w_a", ["{*to}.x", "{*to}.y"], keep_axis=False),
    "unstack the last": split("{*to}.w_a", [f"{{*to}}.{n}" for n in "pqrs"], -1, keep_axis=False),
    "concatenate": merge(["net.{i}.w_a", "net.{i}.w_b"], "both.{i}", axis=2),
    "stack": merge(["net.{i}.w_a", "net.{i}.w_b"], "both.{i}", "stack", axis=-1),
    "nothing": skip("other"),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_round_trips(rule):
    state = {f"net.{i}.w_{kind}": array(i) for i in range(2) for kind in "ab"}
    there = rule(state)
    assert_same(applied(inverse([rule]), there), state)
    assert_same(rule.inverse().inverse()(state), there)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["rename", "transpose", "reshape", "split", "unstack", "merge"]),
        st.integers(0, 1000),
    ),
    max_size=6,
)


@given(STEPS, st.integers(1, 3))
def test_any_sequence_of_rules_is_undone_from_the_end(steps, count):
    state = {f"in.{i}.w": array(i) for i in range(count)}
    rules, now = [], state
    for number, (kind, choice) in enumerate(steps):
        entry = sorted(now)[choice % len(now)]
        shape, new = now[entry].shape, f"new{number}"
        axis = choice % len(shape) if shape else 0
        if kind == "rename":
            rule = rename("{*to}.w", f"{new}.{{*to}}.w")
        elif kind == "transpose":
            rule = transpose(entry, np.random.default_rng(choice).permutation(len(shape)))
        elif kind == "reshape":
            rule = reshape(entry, (-1,), before=shape)
        elif kind == "merge":
            like = sorted(name for name in now if now[name].shape == shape)
            rule = merge(like, f"{new}.w", "stack", -1)
        elif not shape or shape[axis] < 2 or "." not in entry:
            continue
        elif kind == "unstack":
            names = [f"{new}.{part}.w" for part in range(shape[axis])]
            rule = split(entry, names, axis, keep_axis=False)
        else:
            first = 1 + choice % (shape[axis] - 1)
            names = [f"{new}.a.w", f"{new}.b.w"]
            rule = split(entry, names, axis, sizes=[first, shape[axis] - first])
        rules.append(rule)
        now = rule(now)
    assert_same(applied(inverse(rules), now), state)
    assert_same(applied(inverse(inverse(rules)), state), now)


def test_sizes_of_merged_parts():
    state = {"q": array(0, (4, 3)), "k": array(1, (2, 3)), "v": array(2, (2, 3))}
    rules = [merge(["q", "k", "v"], "qkv", sizes=[4, 2, 2])]
    assert_same(applied(inverse(rules), applied(rules, state)), state)


def test_a_sum_becomes_its_first_part():
    rules = [merge(["a.{i}", "b.{i}"], "bias.{i}", "sum")]
    state = {"bias.0": array(0), "other": array(1)}
    back = applied(inverse(rules), state)
    assert_same(back, {"a.0": state["bias.0"], "b.0": np.zeros(SHAPE), "other": state["other"]})
    assert_same(applied(rules, back), state)
    assert_same(applied(inverse(inverse(rules)), back), state)


def test_defaults_of_skipped_entries():
    counts = lambda state: {  # noqa: E731
        name.replace("mean", "steps"): np.array(0) for name in state if name.endswith("mean")
    }
    rules = [skip("ids", defaults={"ids": np.arange(3)}), skip("{*to}.steps", defaults=counts)]
    state = {"a.mean": array(0), "a.steps": np.array(0), "ids": np.arange(3)}
    there = applied(rules, state)
    assert list(there) == ["a.mean"]
    assert_same(applied(inverse(rules), there), state)
    assert applied(inverse([skip("ids")]), there) == there


def test_a_rule_of_a_user_can_be_inverted_too():
    class Add:
        def __init__(self, number):
            self.number = number

        def __call__(self, state):
            return {name: value + self.number for name, value in state.items()}

        def inverse(self):
            return Add(-self.number)

    rules = [Add(1), rename("a", "b")]
    assert applied(rules, {"a": 1}) == {"b": 2}
    assert applied(inverse(rules), {"b": 2}) == {"a": 1}


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([rename("a.{i}", "b")],
         r"Rule 0, rename\('a.\{i\}', 'b'\) cannot be inverted: 'b' does not say what \{i\} of"),
        ([skip("x"), split("a.{i}", ["b.{i}", "c"])], r"Rule 1, split\(.*: 'c' does not say what"),
        ([merge(["a.{i}.{j}", "b.{i}.{j}"], "c.{j}")], r"'c.\{j\}' does not say what \{i\} of 'a"),
        ([reshape("a", (2, -1))], r"Rule 0, reshape\('a', \(2, -1\)\) .* the shape before\. Give"),
        ([lambda state: state], "Rule 0, <function .* has no method `inverse`. Use the rules of"),
    ],
)  # fmt: skip
def test_rules_without_an_inverse(rules, text):
    with pytest.raises(jm.CheckpointError, match=text):
        inverse(rules)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: split("a", ["b", "c"], sizes=[1]), "one size for each of the 2 parts; got"),
        (lambda: merge(["b", "c"], "a", sizes=[1]), "one size for each of the 2 parts; got"),
        (lambda: split("a", ["b", "c"], sizes=[1, 1])({"a": np.ones(3)}), r"has not 1 \+ 1 elem"),
        (lambda: split("a", ["b", "c"], keep_axis=False)({"a": np.ones(3)}), "has not 2 elements"),
        (lambda: split("a", ["b", "c"], keep_axis=False)({"a": 3.0}), r"`a` with shape \(\)"),
        (lambda: skip("b", defaults={"a": 1}).inverse()({"a": 1}), "two entries the name `a`"),
    ],
)
def test_rules_that_do_not_fit(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_rules_show_how_they_were_written():
    assert repr(transpose("{*to}.w", (1, 0))) == "transpose('{*to}.w', (1, 0))"
    assert repr(merge(["a", "b"], "c").inverse()) == "split('c', ['a', 'b'])"
    assert repr(skip("a").inverse()) == "skip('a').inverse()"
