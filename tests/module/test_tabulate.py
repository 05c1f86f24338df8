import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.module import tabulate

X = jnp.ones((4, 3))


@pytest.fixture
def model():
    return jm.Sequential(jm.Sequential(jm.Linear(2), jm.BatchNorm()), jm.Dropout(0.5))


def rows(table):
    """The cells of each line that has some."""
    lines = [re.split("[│┃]", line)[1:-1] for line in table.splitlines() if line[:1] in set("│┃")]
    return [[cell.strip() for cell in line] for line in lines]


def row(table, path):
    return next(cells for cells in rows(table) if cells[0] == path)


def test_the_columns_of_a_call(model):
    table = tabulate(model, X)
    assert rows(table)[0] == [
        "path",
        "module",
        "parameters, state",
        "inputs",
        "outputs",
        "dtype",
        "Parameter",
        "BatchStats",
        "Rng",
    ]
    assert [cells[0] for cells in rows(table) if cells[0]] == [
        "path",
        "*",
        ".layers[0]",
        ".layers[0].layers[0]",
        ".layers[0].layers[1]",
        ".layers[1]",
    ]
    assert row(table, ".layers[0].layers[0]") == [
        ".layers[0].layers[0]",
        "Linear",
        "kernel: float32[3,2]",
        "float32[4,3]",
        "float32[4,2]",
        "float32",
        "8  32 B",
        "",
        "",
    ]


def test_totals(model):
    table = tabulate(model, X)
    assert row(table, "*")[5:] == ["float32, key<fry>", "12  48 B", "4  16 B", "1  8 B"]
    assert rows(table)[-1][5:] == ["total", "12  48 B", "4  16 B", "1  8 B"]
    assert "Total: 17  72 B" in table


def test_without_inputs_there_are_no_calls(model):
    table = tabulate(model.init(0, X))
    columns = rows(table)[0]
    assert "inputs" not in columns and "outputs" not in columns
    assert columns[-3:] == ["Parameter", "BatchStats", "Rng"]
    assert "FLOPs" not in table


def test_a_module_without_arrays():
    table = tabulate(jm.Flatten())
    assert rows(table) == [
        ["path", "module", "parameters, state", "dtype"],
        ["*", "Flatten", "", ""],
    ]
    assert "Total: 0" in table


@pytest.mark.parametrize(
    ("depth", "paths"),
    [
        (0, {"*"}),
        (1, {"*", ".layers[0]", ".layers[1]"}),
        (2, {"*", ".layers[0]", ".layers[1]", ".layers[0].layers[0]", ".layers[0].layers[1]"}),
        (-1, {"*", ".layers[0]", ".layers[1]", ".layers[0].layers[0]", ".layers[0].layers[1]"}),
    ],
)
def test_depth_counts_modules(model, depth, paths):
    table = tabulate(model, X, depth)
    assert {cells[0] for cells in rows(table)[1:]} - {""} == paths
    assert row(table, "*")[6] == "12  48 B"


def test_signature(model):
    table = tabulate(model, X, signature=True)
    assert row(table, ".layers[0].layers[0]")[1] == "Linear(arguments=(features=2))"


def test_dtypes_of_arrays_can_be_left_out(model):
    table = tabulate(model, X, param_types=False)
    assert row(table, ".layers[0].layers[0]")[2] == "kernel: [3,2]"


def test_color():
    assert "\x1b[" in tabulate(jm.Linear(2), color=True)
    assert "\x1b[" not in tabulate(jm.Linear(2))


@pytest.mark.parametrize("initialized", [False, True])
def test_the_module_stays_as_it_is(model, initialized):
    if initialized:
        model = model.init(0, X)
    leaves = jax.tree.leaves(model)
    structure = jax.tree.structure(model)
    model.tabulate(X)
    assert jax.tree.structure(model) == structure
    assert all(a is b for a, b in zip(leaves, jax.tree.leaves(model), strict=True))


def test_the_model_does_not_run():
    seen = []

    class Runs(jm.Module):
        def __call__(self, x):
            jax.debug.callback(seen.append, x)
            return x

    model = Runs()
    model.tabulate(X)
    jax.effects_barrier()
    assert seen == []
    model(X)
    jax.effects_barrier()
    assert len(seen) == 1


def test_shapes_will_do():
    shape = jax.ShapeDtypeStruct((4, 3), "float32")
    assert tabulate(jm.Linear(2), shape) == tabulate(jm.Linear(2), X)


def test_huge_models_need_no_memory():
    shape = jax.ShapeDtypeStruct((1, 10**6), "float32")
    table = tabulate(jm.Linear(10**6), shape)
    assert "1,000,001,000,000  4.0 TB" in table


def test_any_inputs():
    class Any(jm.Module):
        def __call__(self, x, *, key, flag):
            return {"a": (x, None)}

    inputs = jm.Inputs(np.ones((2, 3)), key=jax.random.key(0), flag=False)
    table = tabulate(Any(), inputs)
    _, _, _, given, output, _ = row(table, "*")
    assert given == "float32[2,3], flag: False, key: key<fry>[]"
    assert output == "{'a': (float32[2,3], None)}"


def test_a_module_called_twice_shows_its_first_call():
    class Twice(jm.Module):
        def __init__(self):
            self.f = jm.Lambda(lambda x: x[:, :2])

        def __call__(self, x):
            return self.f(self.f(x))

    assert row(tabulate(Twice(), X), ".f")[3:5] == ["float32[4,3]", "float32[4,2]"]


def test_flops_are_those_that_xla_counts():
    model = jm.Linear(5, use_bias=False).init(0, X)
    analysis = jax.jit(lambda model, x: model(x)).lower(model, X).compile().cost_analysis()
    assert f"FLOPs of a call: {analysis['flops']:,.0f}" in tabulate(model, X)


def test_flops_that_xla_does_not_say_are_unknown():
    assert "FLOPs of a call: unknown" in tabulate(jm.Flatten(), jnp.ones((2, 3, 4)))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (1, "1  4 B"),
        (249, "249  996 B"),
        (250, "250  1.0 KB"),
        (10**6, "1,000,000  4.0 MB"),
        (10**9, "1,000,000,000  4.0 GB"),
        (10**16, "10,000,000,000,000,000  40000.0 TB"),
    ],
)
def test_sizes(size, shown):
    class Big(jm.Module):
        w: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.w = jax.ShapeDtypeStruct((size,), jnp.dtype("float32"))

    assert row(tabulate(Big()), "*")[-1] == shown


def test_kinds_of_users_get_a_column():
    class Momentum(jm.State):
        pass

    class Tracker(jm.Module):
        speed: jax.Array = Momentum.node()
        other: jax.Array = jm.node()

        def __init__(self):
            self.speed = self.other = jnp.zeros(2)

    table = tabulate(Tracker())
    assert rows(table)[0][-1] == "Momentum" and row(table, "*")[-1] == "2  8 B"
    assert "Total: 4  16 B" in table
