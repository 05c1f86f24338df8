"""`jm.training.batches`: arguments, batches and positions that are refused."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.training import batches

N = 10
ARRAYS = {"x": np.arange(2.0 * N).reshape(N, 2), "y": np.arange(N)}
PARTS = [{"y": np.arange(4)}]
MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((ARRAYS,), {}, TypeError, r"Pass the number of examples of a batch"),
        ((ARRAYS, 0), {}, ValueError, "`size` expected at least one example a batch; got 0"),
        ((ARRAYS, 2.0), {}, TypeError, r"`size` expected an integer; got 2\.0"),
        ((ARRAYS, True), {}, TypeError, "`size` expected an integer; got True"),
        ((ARRAYS, 4), {"prefetch": -1}, ValueError, "`prefetch` expected at least 0"),
        ((ARRAYS, 4), {"shuffle": True}, TypeError, r"as in `shuffle=jax.random.key\(0\)`"),
        ((ARRAYS, 4), {"shuffle": np.ones(2)}, TypeError, "`shuffle` expected a random key"),
        ((ARRAYS, 4), {"shuffle": -1}, ValueError, "a seed of at least 0; got -1"),
        ((PARTS, 4), {"shuffle": 0}, ValueError, "`shuffle` is for arrays"),
        (
            (ARRAYS, 4),
            {"drop_last": "no"},
            TypeError,
            "`drop_last` expected True or False; got 'no",
        ),
        ((PARTS, 4), {"mask_name": None}, TypeError, "`mask_name` expected the name .*; got None"),
        (
            (PARTS, 4),
            {"sharding": jax.P("d")},
            TypeError,
            r"expected a `jax.sharding.Sharding`; got .* `jax.NamedSharding\(mesh, spec\)",
        ),
        (
            (ARRAYS, 4),
            {"sharding": jax.devices()[0]},
            TypeError,
            r"got the device .* `jax.sharding.SingleDeviceSharding\(device\)`",
        ),
        (({0: np.ones(3)}, 4), {}, TypeError, "arrays: expected a dict with strings .* the key 0"),
        ((3, 4), {}, TypeError, "an iterable of batches; got int"),
        (({}, 4), {}, ValueError, "expected a dict or a tuple of arrays; got none"),
        (({"x": np.zeros(0)}, 4), {}, ValueError, "0 examples fill no batch"),
        (({"x": np.ones(3), "y": np.ones(4)}, 4), {}, ValueError, r"3 in `arrays\['x'\]`, 4 in"),
        (({"x": 1.0}, 4), {}, ValueError, r"`arrays\['x'\]` expected an array of examples"),
        (({"x": MASKED}, 4), {}, TypeError, r"arrays\['x'\] is a masked array.* `np.ma.getdata\("),
        (({"mask": np.ones(4)}, 4), {}, ValueError, r"as in `mask_name='valid'`"),
    ],
)
def test_bad_input(arguments, options, error, text):
    with pytest.raises(error, match=text):
        batches(*arguments, **options)


# Arrays of dtypes that JAX does not have, and how to mend them.
FOREIGN = [
    (np.array(["a", "b"]), r"`np.unique\(.*\)` numbers labels, a tokenizer"),
    (np.array([b"a", b"b"]), "numbers labels"),
    (np.array([1, "b"], object), "numbers labels"),
    (np.array([1, None], object), r"`.*\.astype\(np.float32\)` if all its elements are numbers"),
    (np.array([1, 2], "datetime64[s]"), r"the days since a date: `\(.* - np.datetime64\('2000"),
    (np.array([1, 2], "timedelta64[s]"), r"such as days: `.* / np.timedelta64\(1, 'D'\)`"),
    (np.zeros(2, [("a", int)]), "Give a dict of its fields: `{name: .*\\[name\\] for name in"),
    (np.zeros(2, "V3"), "Give an array of numbers"),
]
if np.longdouble(0).itemsize > 8:  # on some machines it is float64
    FOREIGN += [
        (np.ones(2, np.longdouble), r"Write `.*\.astype\(np.float32\)`"),
        (np.ones(2, np.clongdouble), r"Write `.*\.astype\(np.complex64\)`"),
    ]


@pytest.mark.parametrize(("array", "text"), FOREIGN, ids=lambda x: str(getattr(x, "dtype", "")))
def test_a_dtype_that_jax_does_not_have(array, text):
    dtype = re.escape(str(array.dtype))
    told = rf"\['x'\]\['z'\]` has the dtype {dtype}, which JAX does not have\. .*{text}"
    arrays = {"x": {"z": array}, "y": np.arange(2)}
    with pytest.raises(TypeError, match="`arrays" + told):
        batches(arrays, 2)
    with pytest.raises(TypeError, match="`batch" + told):
        batches([arrays], 2).peek()
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    with pytest.raises(TypeError, match="`local" + told):
        jm.sharding.global_batch(arrays, sharding)
    with pytest.raises(TypeError, match=f"`target` has the dtype {dtype}.*{text}"):
        jm.losses.squared_error(array, array)
    with pytest.raises(TypeError, match=f"dtype {dtype} as target, .*{text}"):
        jm.losses.MeanSquaredError()(target=array, preds=array)
    with pytest.raises(TypeError, match=f"dtype {dtype} as values, .*{text}"):
        jm.metrics.Mean().update(array)


@pytest.mark.parametrize("dtype", [np.float16, jnp.bfloat16, jnp.float8_e4m3fn, np.bool_, ">f4"])
def test_other_dtypes_are_those_of_jax(dtype):
    assert batches({"x": np.zeros(2, dtype)}, 2).peek()["x"].shape == (2,)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("batch_size", "Did you mean `size`"),
        ("drop_remainder", "Did you mean `drop_last`"),
        ("seed", "Did you mean `shuffle`"),
        ("num_workers", "Give a loader that has it instead of arrays, such as a DataLoader"),
        ("collate_fn", "Give a loader that has it"),
        ("pin_memory", "`prefetch=2` puts batches on the device"),
        ("mask", "Did you mean `mask_name`|It takes arrays, size, shuffle, drop_last, prefetch"),
    ],
)
def test_arguments_of_other_libraries(option, text):
    with pytest.raises(TypeError, match=f"batches has no argument '{option}'.*({text})"):
        batches(ARRAYS, **{option: 2})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("state_dict", "It is an attribute: `saved = data.state`"),
        ("load_state_dict", "Set an attribute: `data.state = saved`"),
        ("reset", "Each loop begins the next epoch"),
        ("batch_size", r"It is the length of the mask of `data.peek\(\)`"),
    ],
)
def test_methods_of_other_libraries(name, text):
    data = batches(ARRAYS, 4)
    with pytest.raises(AttributeError, match=f"ArrayBatches has no method `{name}`\\. {text}"):
        getattr(data, name)
    assert not hasattr(data, name)


@pytest.mark.parametrize(
    ("loader", "error", "text"),
    [
        ([], ValueError, "The loader yields no batches. A generator does so only once"),
        ([ARRAYS], ValueError, "Batch 1 of the loader has 10 examples, more than the 4"),
        ([{"y": ["a"]}], TypeError, r"`batch\['y'\]\[0\]` has the dtype <U1, which"),
        ([{0: np.ones(3), "y": np.ones(3)}], TypeError, "batch: expected a dict with strings as k"),
        ([{"y": MASKED}], TypeError, r"batch\['y'\] is a masked array of NumPy"),
        ([{"y": np.array([1.0, -1e39])}], OverflowError, r"holds the float64 -1e\+39, which JAX"),
        ([{"y": np.array([1e300j])}], OverflowError, r"holds the complex128 1e\+300j, which JAX"),
        ([{"y": np.array([2**40])}], OverflowError, r"batch\['y'\] holds the int64 1099511627776"),
    ],
)
def test_bad_batches_of_a_loader(loader, error, text):
    with pytest.raises(error, match=text):
        list(batches(loader, 4))


@pytest.mark.filterwarnings("error")
def test_floats_of_64_bits_that_32_bits_have():
    values = np.array([1e-300, np.inf, -np.inf, np.nan, 3e38])
    (batch,) = batches({"x": values}, 5)
    np.testing.assert_array_equal(batch["x"], values.astype(np.float32))


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i8", "<i2"])
@pytest.mark.parametrize("is_loader", [False, True])
def test_bytes_in_any_order(dtype, is_loader):
    values = np.arange(4).astype(dtype)
    (batch,) = batches([{"x": values}] if is_loader else {"x": values}, 4)
    assert batch["x"].tolist() == [0, 1, 2, 3]


def test_bad_states():
    data = batches(ARRAYS, 4)
    before = data.state
    with pytest.raises(ValueError, match=r"with \['examples', 'length', 'seed'\]; got \['epoch'\]"):
        data.state = {"epoch": 3}
    with pytest.raises(ValueError, match="among 11 examples, and there are 10. Give the data"):
        data.state = {**before, "length": 11}
    assert data.state == before


POSITIONS = [
    (ARRAYS, "examples", -1, "an integer of at least 0 as 'examples'; got -1"),
    (ARRAYS, "examples", 3.7, r"an integer of at least 0 as 'examples'; got 3\.7"),
    (ARRAYS, "examples", None, "an integer of at least 0 as 'examples'; got None"),
    (ARRAYS, "length", "ten", "an integer of at least 0 as 'length'; got 'ten'"),
    (ARRAYS, "seed", "abc", "a list of integers of at least 0 as 'seed'; got 'abc'"),
    (ARRAYS, "seed", [0, -1], r"a list of integers of at least 0 as 'seed'; got \[0, -1\]"),
    (ARRAYS, "seed", [0.5], r"a list of integers of at least 0 as 'seed'; got \[0\.5\]"),
    (PARTS, "batches", -1, "an integer of at least 0 as 'batches'; got -1"),
    (PARTS, "epoch", 1.5, r"an integer of at least 0 as 'epoch'; got 1\.5"),
    (PARTS, "size", 0, "an integer of at least 1 as 'size'; got 0"),
]


@pytest.mark.parametrize(("arrays", "name", "value", "text"), POSITIONS)
def test_impossible_positions_change_nothing(arrays, name, value, text):
    data = batches(arrays, 4)
    before = data.state
    moved = {key: 4 if key in ("examples", "batches") else old for key, old in before.items()}
    with pytest.raises(ValueError, match=f"The `state` of batches expected {text}"):
        data.state = moved | {name: value}
    assert data.state == before
    data.state = before | {key: np.int64(4) for key in ("examples", "batches") if key in before}
    assert 4 in data.state.values()
