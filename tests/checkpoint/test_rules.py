"""Rules that convert foreign states."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import merge, rename, reshape, skip, split, transpose

STATE = {"net.0.weight": np.arange(6.0).reshape(2, 3), "net.0.bias": np.ones(2)}


@pytest.mark.parametrize(
    ("pattern", "name", "given", "expected"),
    [
        ("net.{i}.weight", "layers.{i}.kernel", "net.3.weight", "layers.3.kernel"),
        ("{*to}.weight", "{*to}.kernel", "weight", "kernel"),
        ("{*to}.weight", "{*to}.kernel", "a.b.weight", "a.b.kernel"),
        ("bert.{*rest}", "{*rest}", "bert.x.y", "x.y"),
        ("bert.{*rest}", "model.{*rest}", "bert", "model"),
        ("w_l{i}.{name}", "{name}.{i}", "w_l12.bias", "bias.12"),
        ("{a}.{a}", "{a}", "x.x", "x"),
        ("{a}.{a}", "{a}", "x.y", "x.y"),
        ("a+b", "c", "aab", "aab"),
        ("net.{i}", "{i}", "net.1.2", "net.1.2"),
    ],
)
def test_rename(pattern, name, given, expected):
    assert rename(pattern, name)({given: 1}) == {expected: 1}


def test_layouts():
    state = transpose("{*to}.weight")(STATE)
    assert state["net.0.weight"].shape == (3, 2) and state["net.0.bias"] is STATE["net.0.bias"]
    assert transpose("{*to}.weight", (0, 1))(STATE)["net.0.weight"].shape == (2, 3)
    assert reshape("{*to}.weight", (3, -1))(STATE)["net.0.weight"].shape == (3, 2)
    assert list(skip("{*to}.bias", "other")(STATE)) == ["net.0.weight"]


def test_split_and_merge_are_inverse():
    state = split("{*to}.weight", ["{*to}.a", "{*to}.b", "{*to}.c"], axis=1)(STATE)
    np.testing.assert_array_equal(state["net.0.b"], STATE["net.0.weight"][:, 1:2])
    merged = merge(["{*to}.a", "{*to}.b", "{*to}.c"], "{*to}.weight", axis=1)(state)
    np.testing.assert_array_equal(merged["net.0.weight"], STATE["net.0.weight"])
    assert merge(["{*to}.a", "{*to}.b"], "{*to}.d", "stack")(state)["net.0.d"].shape == (2, 2, 1)
    added = merge(["{*to}.a", "{*to}.b"], "{*to}.d", "sum")(state)
    np.testing.assert_array_equal(added["net.0.d"], state["net.0.a"] + state["net.0.b"])
    assert set(added) == {"net.0.bias", "net.0.c", "net.0.d"}


def test_a_state_stays_unchanged():
    before = dict(STATE)
    rename("{*to}.weight", "{*to}.kernel")(STATE)
    merge(["{*to}.weight"], "{*to}.kernel")(STATE)
    assert STATE == before


@pytest.mark.parametrize(
    "how", [{"rename": {"net.{i}.weight": "kernel", "net.{i}.bias": "bias"}},
            {"rename": lambda name: name[6:].replace("weight", "kernel")},
            {"rules": [rename("net.0.{*rest}", "{*rest}"), rename("weight", "kernel")]}]
)  # fmt: skip
def test_loading_with_rules(how):
    tree = {"kernel": np.zeros((2, 3)), "bias": np.zeros(2)}
    loaded = jm.load_state_dict(tree, STATE, **how)
    np.testing.assert_array_equal(loaded["kernel"], STATE["net.0.weight"])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: rename("a.{", "b"), r"'a.\{' is not a pattern: '\{' has a brace"),
        (lambda: rename("a.x{*rest}", "b"), "has a brace that is not that of a variable"),
        (lambda: rename("a.{i}", "b.{j}"), r"uses \{j\}, which the pattern does not have"),
        (lambda: split("a.{i}", ["b.{j}"]), r"uses \{j\}"),
        (lambda: merge(["a.{i}"], "b.{j}"), r"uses \{j\}"),
        (lambda: merge(["a"], "b", how="add"), "`how` is one of 'concatenate', 'stack', 'sum'; g"),
    ],
)
def test_malformed_rules(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (rename("net.0.{x}", "b"), "gives two entries the name `b`"),
        (
            split("net.0.bias", ["a", "b", "c"]),
            r"split\('net.0.bias'\) does not fit `net.0.bias` w",
        ),
        (transpose("net.0.bias", (1, 0)), r"transpose\('net.0.bias', .*\) does not fit"),
        (reshape("net.0.bias", (3,)), r"reshape\('net.0.bias', \(3,\)\) does not fit .* \(2,\)"),
        (merge(["net.0.bias", "x"], "b"), "but nothing that matches 'x'"),
        (merge(["net.0.bias", "net.0.weight"], "b"), r"does not fit `b` with shape \[\(2,\), "),
    ],
)
def test_rules_that_do_not_fit(rule, text):
    with pytest.raises(jm.CheckpointError, match=text):
        rule(STATE)


def changed(change):
    """A rule of one's own that changes `w`."""
    return lambda state: {**state, "w": change(state["w"])}


@pytest.mark.parametrize("size", [3, 600])  # small arrays, and large ones, which threads copy
@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16, np.int8])
@pytest.mark.parametrize(
    "rule",
    [
        transpose("w", (2, 0, 1)),
        reshape("w", (-1,)),
        changed(lambda w: w.reshape(-1, 2).T),
        changed(lambda w: w[::-1]),
        changed(lambda w: w.view(np.int8)),
        changed(lambda w: np.broadcast_to(w[:1], w.shape)),
        changed(lambda w: w[:, :1]),
        changed(lambda w: w + w),
    ],
)
def test_files_in_other_layouts(tmp_path, rule, dtype, size):
    path = tmp_path / "model.safetensors"
    w = np.arange(2 * size * 600).reshape(2, size, 600).astype(dtype)
    jm.save(path, {"w": w, "b": jnp.ones(2)})
    expected = rule({"w": w})["w"]
    loaded = jm.load(path, {"w": jnp.asarray(expected), "b": jnp.zeros(2)}, rules=[rule])
    np.testing.assert_array_equal(loaded["w"], expected)
    assert loaded["w"].dtype == expected.dtype
    data = bytearray(path.read_bytes())
    data[data.rindex(w.tobytes()[-600:]) + 7] ^= 1  # in the last row
    path.write_bytes(data)
    with pytest.raises(jm.CheckpointError, match="checksums of 'w'"):
        jm.load(path, {"w": jnp.asarray(expected), "b": jnp.zeros(2)}, rules=[rule])
