"""GGUF files, as the package gguf writes them."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from gguf_files import write

import jax_metrics as jm
from jax_metrics.checkpoint import inverse, rename, transpose
from jax_metrics.models.pretrained._gguf_file import GGUFFile
from jax_metrics.models.weights import GGUF_FORMATS

gguf = pytest.importorskip("gguf")
KINDS = gguf.GGMLQuantizationType
QUANTIZED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
K_QUANTS = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
PLAIN = ["F32", "F16", "BF16"]


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def blocks(kind, rows):
    """Bytes of a type that the package cannot write; the float16 in them are finite."""
    _, width = gguf.GGML_QUANT_SIZES[KINDS[kind]]
    data = np.random.default_rng(0).integers(0, 256, (rows, width), np.uint8)
    data[:, 1::2] &= 0x3F
    return data


@pytest.mark.parametrize("kind", PLAIN + QUANTIZED + K_QUANTS)
def test_tensors_of_all_types(tmp_path, kind):
    if kind in K_QUANTS:
        data = blocks(kind, 3)
    else:
        # Many rows, of which the last chunk is not full.
        data = gguf.quantize(random(300, 512), KINDS[kind])
    path = write(tmp_path / "a.gguf", {"x": (data, KINDS[kind]), "y": random(2, 3)})
    file = GGUFFile(path)
    assert file.metadata["general.architecture"] == "tiny"
    found = {name: np.asarray(array) for name, array in file.arrays().items()}
    for name, array in file.arrays().items():
        assert (array.shape, array.dtype) == (found[name].shape, found[name].dtype)
    np.testing.assert_array_equal(found["y"], random(2, 3))
    assert file.tensors["x"].shape == found["x"].shape
    expected = gguf.dequantize(data, KINDS[kind])
    np.testing.assert_array_equal(found["x"].astype(np.float32), expected)
    assert found["x"].dtype == {"F16": "float16", "BF16": "bfloat16"}.get(kind, "float32")


def test_metadata_is_that_of_the_reader(tmp_path):
    entries = {
        "a__number": 3, "a__float": 0.5, "a__flag": True, "a__text": "ü", "a__words": ["x", "yz"],
        "a__numbers": [1, -2], "a__floats": [0.5, 1.5], "a__nested": [[1, 2], [3]],
        "a__nested_words": [["x"], ["y", "z"]],
    }  # fmt: skip
    path = write(tmp_path / "a.gguf", {"x": random(2)}, **entries)
    found = GGUFFile(path).metadata
    reader = gguf.GGUFReader(path)
    assert len(found) == len(list(found)) > len(entries)
    for name, value in entries.items():
        assert found[name.replace("__", ".")] == value
        if not name.startswith("a__nested"):
            assert reader.fields[name.replace("__", ".")].contents() == value


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda data: data[:100], "is damaged, or no GGUF file of version 2 or 3"),
        (lambda data: data[:-64], "the tensor 'y' ends after the file"),
        (lambda data: b"GGUX" + data[4:], "begins with b'GGUX' instead of b'GGUF'"),
        (lambda data: data[:4] + b"\x01" + data[5:], "it has version 1"),
        (lambda data: data.replace(b"general.arch", b"general.\xff\xff\xff\xff"), None),
        (lambda data: data[:24] + b"\xff" * 8 + data[32:], "a string ends after the file"),
        (lambda data: b"", "is empty"),
        (lambda data: data.replace(b"\x01\x00\x00\x00x\x02", b"\x01\x00\x00\x00x\x02"), None),
    ],
)
def test_damaged_files(tmp_path, change, text):
    path = write(tmp_path / "a.gguf", {"x": random(2, 32), "y": random(32, 64)})
    path.write_bytes(change(path.read_bytes()))
    if text is None:
        GGUFFile(path)
        return
    with pytest.raises(jm.CheckpointError, match=text):
        GGUFFile(path)


@pytest.mark.parametrize("alignment", [0, "x", 32.5, [32]])
def test_alignments_that_are_no_number_of_bytes(tmp_path, alignment):
    # The package does not write such files: the entry gets its name afterwards.
    path = write(tmp_path / "a.gguf", {"x": random(2)}, general__alignmenX=alignment)
    path.write_bytes(path.read_bytes().replace(b"general.alignmenX", b"general.alignment"))
    with pytest.raises(jm.CheckpointError, match="`general.alignment` is .* instead of a number"):
        GGUFFile(path)


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"general__architecturX": ["llama"]}, "does not say of which architecture it is"),
        ({"general__architecturX": "llama", "llama__embedding_length": "x"}, "has metadata that"),
        (
            {"general__architecturX": "llama", "llama__attention__head_count": 0},
            r"a.gguf has metadata that files of the architecture 'llama' do not have: "
            "`llama.attention.head_count` is 0; expected a positive integer",
        ),
        *(
            ({"general__architecturX": "llama", f"llama__{name}": value}, text)
            for name, value, text in [
                ("context_length", 0, "`llama.context_length` is 0; expected a positive integer"),
                ("vocab_size", 0, "`llama.vocab_size` is 0; expected a positive integer"),
                ("block_count", 1.5, "`llama.block_count` is 1.5; expected a positive integer"),
                ("attention__head_count_kv", 0, "`llama.attention.head_count_kv` is 0; expected"),
                ("rope__freq_base", 0.0, "`llama.rope.freq_base` is 0.0; expected a positive num"),
            ]
        ),
    ],
)
def test_metadata_of_other_types(tmp_path, entries, text):
    sizes = {
        "llama__attention__head_count": 2, "llama__block_count": 1, "llama__vocab_size": 5,
        "llama__feed_forward_length": 8, "llama__context_length": 4,
        "llama__attention__layer_norm_rms_epsilon": 1e-5, "llama__rope__dimension_count": 2,
        "llama__embedding_length": 4,
    }  # fmt: skip
    path = write(tmp_path / "a.gguf", {"x": random(2)}, **{**sizes, **entries})
    path.write_bytes(path.read_bytes().replace(b"general.architecturX", b"general.architecture"))
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(path)


def test_types_that_cannot_be_dequantized(tmp_path):
    data = np.zeros((2, 18), np.uint8)
    path = write(tmp_path / "a.gguf", {"x": (gguf.quantize(random(2, 32), KINDS.Q4_0), KINDS.Q4_0)})
    content = path.read_bytes()
    begin = content.index(b"\x01\x00\x00\x00\x00\x00\x00\x00x") + 9
    kind = begin + 4 + 2 * 8
    assert content[kind] == KINDS.Q4_0 and data.size
    path.write_bytes(content[:kind] + bytes([KINDS.IQ1_M]) + content[kind + 1 :])
    with pytest.raises(jm.CheckpointError, match="the rows of 'x' are no multiples of 256"):
        GGUFFile(path)


class Net(jm.models.Architecture):
    def __init__(self):
        self.layer = jm.Linear(4)

    def example_inputs(self):
        return jm.Inputs(jnp.zeros((1, 32)))

    def __call__(self, x):
        return self.layer(x)


@pytest.mark.parametrize("kind", ["F16", "Q8_0"])
def test_a_model_of_an_architecture_that_is_unknown(tmp_path, kind):
    data = gguf.quantize(random(4, 32), KINDS[kind])
    write(tmp_path / "a.gguf", {"w.weight": (data, KINDS[kind]), "w.bias": random(4)})
    rules = [
        transpose("w.weight"), rename("w.weight", "layer.kernel"), rename("w.bias", "layer.bias")
    ]  # fmt: skip
    model = jm.models.from_pretrained(tmp_path, Net(), rules=rules)
    expected = gguf.dequantize(data, KINDS[kind])
    np.testing.assert_array_equal(model.layer.kernel, expected.T)
    assert model.layer.kernel.dtype == jnp.float32
    with pytest.raises(jm.CheckpointError, match="a.gguf does not say of which architecture"):
        jm.models.from_pretrained(tmp_path)


# -- files of the Llama type ----------------------------------------------------------------------

LLAMA = {
    "llama__vocab_size": 7, "llama__block_count": 2, "llama__context_length": 16,
    "llama__embedding_length": 8, "llama__feed_forward_length": 12,
    "llama__attention__head_count": 2, "llama__attention__head_count_kv": 1,
    "llama__attention__layer_norm_rms_epsilon": 1e-5, "llama__rope__freq_base": 1e5,
    "tokenizer__ggml__eos_token_id": 2,
}  # fmt: skip


def test_the_configuration_of_a_llama(tmp_path):
    metadata = GGUFFile(write(tmp_path / "a.gguf", {"x": random(2)}, "llama", **LLAMA)).metadata
    config = GGUF_FORMATS["llama"].to_config(metadata, {"output.weight"})
    expected = {
        "model_type": "llama", "vocab_size": 7, "num_hidden_layers": 2, "hidden_size": 8,
        "intermediate_size": 12, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
        "max_position_embeddings": 16, "rope_theta": 1e5, "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": False, "eos_token_id": 2, "attention_bias": False, "mlp_bias": False,
    }  # fmt: skip
    assert {name: config[name] for name in expected} == expected
    assert "rope_scaling" not in config
    assert GGUF_FORMATS["llama"].to_config(metadata, set())["tie_word_embeddings"]
    scaled = {**metadata, "llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 2.0}
    assert GGUF_FORMATS["llama"].to_config(scaled, set())["rope_scaling"]["factor"] == 2.0
    with pytest.raises(jm.CheckpointError, match="frequencies of its own for the rotary embedding"):
        GGUF_FORMATS["llama"].to_config(metadata, {"rope_freqs.weight"})


def test_names_and_the_order_of_rows_of_a_llama():
    rules = GGUF_FORMATS["llama"].rules(
        {"head_dim": 4, "num_attention_heads": 2, "num_key_value_heads": 1}
    )
    rows = np.arange(8.0)[:, None] * np.ones((1, 3))
    state = {
        "blk.1.attn_q.weight": rows, "blk.1.attn_q.bias": rows[:, 0],
        "blk.0.attn_k.weight": rows[:4], "blk.0.ffn_up.weight": rows,
        "token_embd.weight": rows, "output.weight": rows, "output_norm.weight": rows[:, 0],
        "blk.0.attn_norm.weight": rows[:, 0],
    }  # fmt: skip
    found = state
    for rule in rules:
        found = rule(found)
    assert set(found) == {
        "model.layers.1.self_attn.q_proj.weight", "model.layers.1.self_attn.q_proj.bias",
        "model.layers.0.self_attn.k_proj.weight", "model.layers.0.mlp.up_proj.weight",
        "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
        "model.layers.0.input_layernorm.weight",
    }  # fmt: skip
    order = [0, 2, 1, 3, 4, 6, 5, 7]
    for part in ("weight", "bias"):
        query = found[f"model.layers.1.self_attn.q_proj.{part}"]
        np.testing.assert_array_equal(query.reshape(8, -1)[:, 0], order)
    np.testing.assert_array_equal(
        found["model.layers.0.self_attn.k_proj.weight"][:, 0], [0, 2, 1, 3]
    )
    for rule in inverse(rules):
        found = rule(found)
    assert set(found) == set(state)
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)


def test_metadata_that_is_incomplete(tmp_path):
    write(tmp_path / "a.gguf", {"x": random(2)}, "llama", llama__block_count=2)
    text = re.escape("a.gguf lacks the entry 'attention.head_count' of its metadata, which files")
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path, Net())
