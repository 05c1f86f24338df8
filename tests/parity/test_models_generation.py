"""Generation and its filters, compared with those of transformers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import generation
from jax_metrics.models.weights import GPT2_FORMAT, LLAMA_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LOGITS = np.random.default_rng(0).normal(size=(4, 200)).astype(np.float32) * 3


def theirs(processor, logits, tokens=None):
    tokens = None if tokens is None else torch.tensor(tokens)
    return processor(tokens, torch.tensor(logits)).numpy()


@pytest.mark.parametrize("k", [1, 10, 500])
def test_top_k(k):
    expected = theirs(transformers.TopKLogitsWarper(k), LOGITS)
    np.testing.assert_array_equal(generation.keep_top_k(LOGITS, k), expected)


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 0.99])
def test_top_p(p):
    expected = theirs(transformers.TopPLogitsWarper(p), LOGITS)
    np.testing.assert_array_equal(generation.keep_top_p(LOGITS, p), expected)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.7])
def test_min_p(p):
    expected = theirs(transformers.MinPLogitsWarper(p), LOGITS)
    np.testing.assert_array_equal(generation.keep_min_p(LOGITS, p), expected)


@pytest.mark.parametrize("penalty", [0.8, 1.3, 2.0])
def test_repetition_penalty(penalty):
    tokens = np.random.default_rng(1).integers(0, 200, (4, 30))
    processor = transformers.RepetitionPenaltyLogitsProcessor(penalty)
    expected = theirs(processor, LOGITS.copy(), tokens)
    seen = np.zeros(LOGITS.shape, bool)
    np.put_along_axis(seen, tokens, True, axis=1)
    found = generation.penalize_repetition(LOGITS, seen, penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_all_filters_in_their_order():
    """The probabilities that a token is drawn with, after all filters."""
    expected = LOGITS.copy()
    for processor in (
        transformers.TemperatureLogitsWarper(1.7),
        transformers.TopKLogitsWarper(50),
        transformers.TopPLogitsWarper(0.8),
        transformers.MinPLogitsWarper(0.05),
    ):
        expected = theirs(processor, expected)
    found = generation.keep_top_k(jnp.asarray(LOGITS) / 1.7, 50)
    found = generation.keep_min_p(generation.keep_top_p(found, 0.8), 0.05)
    np.testing.assert_allclose(jax.nn.softmax(found), torch.tensor(expected).softmax(-1), rtol=1e-5)


def llama():
    config = transformers.LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
        initializer_range=0.5, tie_word_embeddings=False,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config), LLAMA_FORMAT


def gpt2():
    config = transformers.GPT2Config(
        vocab_size=61, n_embd=32, n_layer=3, n_head=4, n_positions=256, initializer_range=0.5,
        bos_token_id=0, eos_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config), GPT2_FORMAT


@pytest.mark.parametrize("make", [llama, gpt2])
def test_greedy_tokens_are_identical(make, weights):
    torch.manual_seed(0)
    model, format = make()
    model = model.eval()
    ours = weights.carried_over(format, model, format.from_config(model.config.to_dict()))
    rng = np.random.default_rng(0)
    prompts = [rng.integers(1, 61, size).tolist() for size in (9, 4, 7)]
    # Their padding comes first.
    tokens = torch.tensor([[0] * (9 - len(prompt)) + prompt for prompt in prompts])
    keep = torch.tensor([[0] * (9 - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    for penalty, new in ((None, 100), (1.5, 30)):
        options = {} if penalty is None else {"repetition_penalty": penalty}
        if penalty is not None:  # they count the padding as a token that occurred
            tokens, keep, prompts = tokens[:1], keep[:1], prompts[:1]
        expected = model.generate(
            tokens, attention_mask=keep, max_new_tokens=new, do_sample=False, pad_token_id=0,
            eos_token_id=None, **options,
        )[:, 9:]  # fmt: skip
        found = generation.generate(ours, prompts, new, **options)
        np.testing.assert_array_equal(found.tokens, expected)
    assert len(set(found.to_lists()[0])) > 5
    stop = int(expected[0, 10])
    expected = model.generate(
        tokens, attention_mask=keep, max_new_tokens=30, do_sample=False, pad_token_id=0,
        eos_token_id=stop, **options,
    )[:, 9:]  # fmt: skip
    found = jm.models.generate(ours, prompts, 30, stop_tokens=stop, **options)
    assert found.to_lists() == expected.tolist()
