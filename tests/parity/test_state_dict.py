"""State dicts and files of PyTorch, loaded by rules: the numbers must be those of PyTorch.

The last two have the layouts of Hugging Face's BERT and GPT-2, written out here with PyTorch.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import merge, rename, reshape, skip, split, transpose

torch = pytest.importorskip("torch")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
LINEAR = [transpose("{*to}.weight"), rename("{*to}.weight", "{*to}.kernel")]


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def randomized(module):
    """The module in eval mode, with random values also where PyTorch begins with zeros or ones."""
    generator = torch.Generator().manual_seed(0)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.4 + 0.1)
    return module.eval()


def assert_equal_outputs(ours, theirs, x, rules, y=lambda module, x: module(x)):
    """Loads the weights and compares the outputs."""
    ours = ours.init(0, x).eval()
    # PyTorch has no random keys, so those of the model stay.
    part = jm.filter(ours, lambda field: not issubclass(field.kind, jm.Rng))
    loaded = ours.merge(jm.load_state_dict(part, theirs.state_dict(), rules=rules))
    with torch.no_grad():
        expected = y(theirs, torch.from_numpy(x))
    np.testing.assert_allclose(loaded(x), expected.numpy(), **CLOSE)


def test_linear():
    assert_equal_outputs(jm.Linear(4), randomized(torch.nn.Linear(3, 4)), random(2, 3), LINEAR)


def test_conv():
    rules = [transpose("weight", (2, 3, 1, 0)), rename("weight", "kernel")]
    assert_equal_outputs(
        jm.Conv(4, (3, 2), padding="VALID"),
        randomized(torch.nn.Conv2d(3, 4, (3, 2))),
        random(2, 6, 5, 3),
        rules,
        y=lambda module, x: module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1),
    )


def test_batch_norm():
    rules = [
        skip("num_batches_tracked"),
        rename("weight", "scale"),
        rename("running_{name}", "{name}"),
    ]
    assert_equal_outputs(
        jm.BatchNorm(epsilon=1e-5), randomized(torch.nn.BatchNorm1d(3)), random(4, 3), rules
    )


def test_embedding():
    x = np.array([[0, 3], [6, 2]])
    assert_equal_outputs(
        jm.Embed(7, 4), randomized(torch.nn.Embedding(7, 4)), x, [rename("weight", "embedding")]
    )


def test_multihead_attention():
    names = ["query", "key", "value"]
    rules = [
        split("in_proj_weight", [f"{name}.kernel" for name in names]),
        split("in_proj_bias", [f"{name}.bias" for name in names]),
        rename("out_proj.weight", "out.kernel"),
        rename("out_proj.bias", "out.bias"),
        transpose("{*to}.kernel"),
        reshape("out.kernel", (2, 4, 8)),
        *[reshape(f"{name}.kernel", (8, 2, 4)) for name in names],
        *[reshape(f"{name}.bias", (2, 4)) for name in names],
    ]
    theirs = randomized(torch.nn.MultiheadAttention(8, 2, batch_first=True))
    x = random(2, 5, 8)
    assert_equal_outputs(
        jm.MultiHeadAttention(2), theirs, x, rules, y=lambda module, x: module(x, x, x)[0]
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_lstm(layers):
    gates = ["if_" if gate == "f" else f"i{gate}" for gate in "ifgo"]
    rules = [
        merge(["bias_ih_l{n}", "bias_hh_l{n}"], "bias_l{n}", "sum"),
        split("weight_ih_l{n}", [f"cells.{{n}}.{gate}.kernel" for gate in gates]),
        split("weight_hh_l{n}", [f"cells.{{n}}.h{gate}.kernel" for gate in "ifgo"]),
        split("bias_l{n}", [f"cells.{{n}}.h{gate}.bias" for gate in "ifgo"]),
        transpose("{*to}.kernel"),
    ]
    theirs = randomized(torch.nn.LSTM(3, 4, layers, batch_first=True))
    ours = jm.LSTM(4, num_layers=layers, return_sequences=True)
    assert_equal_outputs(ours, theirs, random(2, 5, 3), rules, y=lambda module, x: module(x)[0])


# -- layouts of Hugging Face ----------------------------------------------------------------------


def attend(query, key, value, heads, causal):
    split_heads = lambda x: x.unflatten(-1, (heads, -1)).transpose(1, 2)  # noqa: E731
    found = torch.nn.functional.scaled_dot_product_attention(
        *map(split_heads, (query, key, value)), is_causal=causal
    )
    return found.transpose(1, 2).flatten(2)


def modules(**named):
    return torch.nn.ModuleDict(named)


class Bert(torch.nn.Module):
    def __init__(self, vocabulary=11, length=6, size=8, hidden=12, layers=2):
        super().__init__()
        linear, norm = torch.nn.Linear, lambda: torch.nn.LayerNorm(size, eps=1e-12)
        self.embeddings = modules(
            word_embeddings=torch.nn.Embedding(vocabulary, size),
            position_embeddings=torch.nn.Embedding(length, size),
            token_type_embeddings=torch.nn.Embedding(2, size),
            LayerNorm=norm(),
        )
        projections = lambda: modules(  # noqa: E731
            query=linear(size, size), key=linear(size, size), value=linear(size, size)
        )
        blocks = [
            modules(
                attention=modules(
                    self=projections(), output=modules(dense=linear(size, size), LayerNorm=norm())
                ),
                intermediate=modules(dense=linear(size, hidden)),
                output=modules(dense=linear(hidden, size), LayerNorm=norm()),
            )
            for _ in range(layers)
        ]
        self.encoder = modules(layer=torch.nn.ModuleList(blocks))

    def forward(self, ids):
        e = self.embeddings
        x = e["word_embeddings"](ids) + e["position_embeddings"].weight[: ids.shape[1]]
        x = e["LayerNorm"](x + e["token_type_embeddings"].weight[0])
        for block in self.encoder["layer"]:
            projections, output = block["attention"]["self"], block["attention"]["output"]
            parts = [projections[name](x) for name in ("query", "key", "value")]
            x = output["LayerNorm"](x + output["dense"](attend(*parts, 2, causal=False)))
            inner = torch.nn.functional.gelu(block["intermediate"]["dense"](x))
            x = block["output"]["LayerNorm"](x + block["output"]["dense"](inner))
        return x


class OurBert(jm.Module):
    def __init__(self):
        super().__init__()
        self.words, self.types = jm.Embed(11, 8), jm.Embed(2, 8)
        self.positions = jm.nn.LearnedPositionEmbedding(6)
        self.norm = jm.LayerNorm(epsilon=1e-12)
        gelu = lambda x: jax.nn.gelu(x, approximate=False)  # noqa: E731
        layer = jm.nn.TransformerEncoderLayer(2, mlp_features=12, activation=gelu, epsilon=1e-12)
        self.encoder = jm.nn.TransformerEncoder(layer, 2)

    def __call__(self, ids):
        # All tokens are of the first type here.
        x = self.positions(self.words(ids)) + self.types(jnp.zeros_like(ids))
        return self.encoder(self.norm(x))


BERT = [
    rename("embeddings.word_embeddings.weight", "words.embedding"),
    rename("embeddings.position_embeddings.weight", "positions.embedding"),
    rename("embeddings.token_type_embeddings.weight", "types.embedding"),
    rename("embeddings.LayerNorm.{name}", "norm.{name}"),
    rename("encoder.layer.{i}.attention.self.{*rest}", "encoder.layers.{i}.self_attention.{*rest}"),
    rename("encoder.layer.{i}.attention.output.dense.{name}",
           "encoder.layers.{i}.self_attention.out.{name}"),
    rename("encoder.layer.{i}.attention.output.LayerNorm.{name}",
           "encoder.layers.{i}.norm1.{name}"),
    rename("encoder.layer.{i}.intermediate.dense.{name}",
           "encoder.layers.{i}.feed_forward.linear1.{name}"),
    rename("encoder.layer.{i}.output.dense.{name}",
           "encoder.layers.{i}.feed_forward.linear2.{name}"),
    rename("encoder.layer.{i}.output.LayerNorm.{name}", "encoder.layers.{i}.norm2.{name}"),
    rename("{*to}.norm{i}.weight", "{*to}.norm{i}.scale"),
    rename("norm.weight", "norm.scale"),
    *LINEAR,
]  # fmt: skip


def test_bert():
    ids = np.array([[1, 5, 9, 0, 3], [2, 2, 10, 7, 4]])
    assert_equal_outputs(OurBert(), randomized(Bert()), ids, BERT)


class Conv1D(torch.nn.Module):
    """GPT-2's linear layer, whose weight has the inputs first."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class GPT2(torch.nn.Module):
    def __init__(self, vocabulary=11, length=6, size=8, layers=2):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(vocabulary, size), torch.nn.Embedding(length, size)
        blocks = [
            modules(
                ln_1=torch.nn.LayerNorm(size),
                attn=modules(c_attn=Conv1D(size, 3 * size), c_proj=Conv1D(size, size)),
                ln_2=torch.nn.LayerNorm(size),
                mlp=modules(c_fc=Conv1D(size, 4 * size), c_proj=Conv1D(4 * size, size)),
            )
            for _ in range(layers)
        ]
        self.h, self.ln_f = torch.nn.ModuleList(blocks), torch.nn.LayerNorm(size)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for block in self.h:
            parts = block["attn"]["c_attn"](block["ln_1"](x)).chunk(3, dim=-1)
            x = x + block["attn"]["c_proj"](attend(*parts, 2, causal=True))
            inner = block["mlp"]["c_fc"](block["ln_2"](x))
            x = x + block["mlp"]["c_proj"](torch.nn.functional.gelu(inner, approximate="tanh"))
        return self.ln_f(x)


class OurGPT2(jm.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = jm.Embed(11, 8), jm.nn.LearnedPositionEmbedding(6)
        options = {"activation": jax.nn.gelu, "norm_first": True, "causal": True}
        layer = jm.nn.TransformerEncoderLayer(2, **options)
        self.decoder = jm.nn.TransformerEncoder(layer, 2, norm=jm.LayerNorm(epsilon=1e-5))

    def __call__(self, ids):
        return self.decoder(self.wpe(self.wte(ids)))


GPT_2 = [
    rename("{name}.weight", "{name}.embedding"),
    rename("ln_f.embedding", "decoder.norm.scale"),
    rename("ln_f.bias", "decoder.norm.bias"),
    rename("h.{i}.ln_{n}.weight", "decoder.layers.{i}.norm{n}.scale"),
    rename("h.{i}.ln_{n}.bias", "decoder.layers.{i}.norm{n}.bias"),
    split("h.{i}.attn.c_attn.{name}",
          [f"h.{{i}}.attn.{part}.{{name}}" for part in ("query", "key", "value")], axis=-1),
    rename("h.{i}.attn.c_proj.{name}", "h.{i}.attn.out.{name}"),
    rename("h.{i}.attn.{*rest}", "decoder.layers.{i}.self_attention.{*rest}"),
    rename("h.{i}.mlp.c_fc.{name}", "decoder.layers.{i}.feed_forward.linear1.{name}"),
    rename("h.{i}.mlp.c_proj.{name}", "decoder.layers.{i}.feed_forward.linear2.{name}"),
    rename("{*to}.weight", "{*to}.kernel"),
]  # fmt: skip


def test_gpt2():
    ids = np.array([[1, 5, 9, 0, 3], [2, 2, 10, 7, 4]])
    assert_equal_outputs(OurGPT2(), randomized(GPT2()), ids, GPT_2)


# -- files ----------------------------------------------------------------------------------------


def test_torch_reads_our_files(tmp_path):
    files = pytest.importorskip("safetensors.torch")
    tree = {"a": jnp.arange(3, dtype=jnp.bfloat16), "b": {"c": jnp.ones((2, 2), jnp.float8_e5m2)}}
    jm.save(tmp_path / "model.safetensors", tree)
    loaded = files.load_file(tmp_path / "model.safetensors")
    assert loaded["a"].dtype == torch.bfloat16 and loaded["a"].tolist() == [0, 1, 2]
    assert loaded["b.c"].dtype == torch.float8_e5m2 and loaded["b.c"].shape == (2, 2)


def test_we_read_files_of_torch(tmp_path):
    files = pytest.importorskip("safetensors.torch")
    theirs = randomized(torch.nn.Linear(3, 4))
    files.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours = jm.Linear(4).init(0, random(2, 3))
    loaded = jm.load(tmp_path, like=ours, rules=LINEAR)
    np.testing.assert_allclose(
        loaded(random(2, 3)), theirs(torch.from_numpy(random(2, 3))).detach().numpy(), **CLOSE
    )


def test_tensors_in_bfloat16():
    state = {"a": torch.ones(2, dtype=torch.bfloat16)}
    loaded = jm.load_state_dict({"a": jnp.zeros(2, jnp.bfloat16)}, state)
    assert loaded["a"].dtype == jnp.bfloat16 and loaded["a"].sum() == 2
