"""Damaged and hostile files: what is read is what was written, or there is an error."""

import json
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

import jax_metrics as jm

TREE = {"a": np.array([1.5, -2.0], np.float32), "k": jax.random.key(0), "b": jnp.bfloat16(3)}


def same(loaded):
    return loaded.keys() == TREE.keys() and all(
        loaded[name].dtype == TREE[name].dtype and bool((loaded[name] == TREE[name]).all())
        for name in TREE
    )


def check(path, data):
    """Whether a file with these bytes is refused; if not, it must be read right."""
    path.write_bytes(data)
    try:
        loaded = jm.load(path)
    except jm.CheckpointError as error:
        assert str(path.parent) in str(error)
        return True
    assert same(loaded)
    return False


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def data(path):
    jm.save(path, TREE, metadata={"note": "x"})
    return path.read_bytes()


def flipped(data, position, bit):
    return data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


def test_every_byte_flipped(path, data):
    for position in range(len(data)):
        assert check(path, flipped(data, position, position % 8)), position


def test_every_byte_cut(path, data):
    for position in range(len(data)):
        assert check(path, data[:position]), position
        if position % 4 == 0:
            assert check(path, data[:position] + data[position + 1 :]), position
    assert check(path, data + b"\0")


def mutated(data, rng):
    """The data with one to three changes of a random kind."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        start, size = rng.randrange(len(data)), rng.choice([1, 1, 2, 8, 100])
        kind = rng.randrange(5)
        if kind == 0:
            data[start : start + size] = rng.randbytes(size)
        elif kind == 1:
            del data[start : start + size]
        elif kind == 2:
            data[start:start] = rng.randbytes(size)
        elif kind == 3:
            data[start:start] = data[start : start + size]
        else:
            digit = rng.choice([i for i, byte in enumerate(data) if chr(byte).isdigit()])
            data[digit] = ord(rng.choice("0123456789-e"))
        if not data:
            return b""
    return bytes(data)


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_random_mutations(path, data, count):
    rng = random.Random(count)
    for _ in range(count):
        check(path, mutated(data, rng))


def test_the_error_names_file_and_array(path, data):
    path.write_bytes(flipped(data, len(data) - 1, 0))
    with pytest.raises(
        jm.CheckpointError, match="model.safetensors is damaged: the checksums of '"
    ):
        jm.load(path)
    assert jm.load(path, verify=False).keys() == TREE.keys()


def raw(table, body=b"", size=None):
    header = table if isinstance(table, bytes) else json.dumps(table).encode()
    return (len(header) if size is None else size).to_bytes(8, "little") + header + body


ARRAY = {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\xff" * 64,
        raw({}, size=2**63),
        raw({"a": {**ARRAY, "shape": [2**62, 4]}}, b"ab"),
        raw({"a": {**ARRAY, "shape": [-2]}}, b"ab"),
        raw({"a": {**ARRAY, "data_offsets": [0, 2**40]}}, b"ab"),
        raw({"a": {**ARRAY, "data_offsets": [2, 0]}}, b"ab"),
        raw({"a": ARRAY, "b": ARRAY}, b"ab"),
        raw({"a": {**ARRAY, "dtype": "F4"}}, b"ab"),
        raw({"a": {**ARRAY, "dtype": "pickle"}}, b"ab"),
        raw(
            b'{"a":' + json.dumps(ARRAY).encode() + b',"a":' + json.dumps(ARRAY).encode() + b"}",
            b"ab",
        ),
        raw({"a": ARRAY, "__metadata__": {"jax_metrics": "{}"}}, b"ab"),
        raw({"a": ARRAY, "__metadata__": {"jax_metrics.checksum": "0" * 16}}, b"ab"),
        raw({"a": ARRAY, "__metadata__": {"x": 3}}, b"ab"),
        raw(b"[" * 100_000),
        raw(b'{"a":' * 100_000),
        b"PK\x03\x04" + b"\0" * 100,
    ],
    ids=lambda data: repr(data[8:40]),
)
def test_hostile_headers(path, data):
    path.write_bytes(data)
    with pytest.raises(jm.CheckpointError, match="model.safetensors (is damaged|cannot be read)"):
        jm.load(path)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"keys": {"a": "no such"}}, "cannot be decoded"),
        ({"dtypes": {"a": "float33"}}, "cannot be decoded"),
        ({"version": 9}, "a later version of jax_metrics"),
        ({"checksums": {}}, "its arrays are not those that have checksums"),
        ({"checksums": {"a": 3}}, "the checksums of 'a'"),
        ({"keys": 3}, "its metadata are not those of this library"),
    ],
)
def test_hostile_metadata_with_good_checksums(path, entry, text):
    from jax_metrics.checkpoint._header import CHECKSUM, CONTENTS, ZERO, checksum

    contents = {"version": 1, "checksums": {"a": ZERO}, "keys": {}, "dtypes": {}} | entry
    if "checksums" not in entry:
        contents["checksums"] = {"a": checksum(b"ab")}
    metadata = {CONTENTS: json.dumps(contents), CHECKSUM: ZERO}
    data = raw(json.dumps({"a": ARRAY, "__metadata__": metadata}, separators=(",", ":")).encode())
    signature = checksum(data[8:]).encode()
    path.write_bytes(data.replace(f'"{ZERO}"}}'.encode(), b'"' + signature + b'"}') + b"ab")
    with pytest.raises(jm.CheckpointError, match=text):
        jm.load(path)


def test_every_byte_of_an_index(path):
    jm.save(path, TREE, shard_size=1)
    index = path.with_name("model.safetensors.index.json")
    data = index.read_bytes()
    refused = sum(check(index, flipped(data, i, i % 8)) for i in range(0, len(data), 3))
    refused += sum(check(index, data[:i]) for i in range(0, len(data), 7))
    assert refused > 0.8 * (len(data) / 3 + len(data) / 7)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ({"weight_map": {"a": "../x.safetensors"}}, "names '../x.safetensors', which is no file"),
        ({"weight_map": {"a": 3}}, "names 3, which is no file next to it"),
        ({"weight_map": {}}, "names no file"),
        ({"weight_map": {"z": "s.safetensors"}}, "lacks 'z', which .* says is there"),
        ({"metadata": {"jax_metrics": {}}, "weight_map": {}}, "damaged, or no index"),
        ([], "damaged, or no index"),
        ({}, "damaged, or no index"),
    ],
)
def test_hostile_indexes(path, index, text):
    safetensors.numpy.save_file({"a": np.ones(2)}, path.with_name("s.safetensors"))
    path.with_name("model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(jm.CheckpointError, match=text):
        jm.load(path)


def test_deep_indexes(path):
    path.with_name("model.safetensors.index.json").write_text("[" * 100_000)
    with pytest.raises(jm.CheckpointError, match="damaged, or no index"):
        jm.load(path)


def test_a_shard_of_another_save_is_refused(path):
    jm.save(path, TREE, shard_size=1)
    shard = path.with_name("model-00001-of-00003.safetensors")
    jm.save(shard, {"a": np.zeros(2, np.float32)})
    with pytest.raises(jm.CheckpointError, match="is not the file that .* was written with"):
        jm.load(path)
