import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import generate, stream
from jax_metrics.models.generation._sampling import choose, read_options

VOCABULARY = 11
PROMPTS = np.array([[3, 1, 4, 1, 5], [2, 7, 1, 8, 2]])
NEW = 6


class Counted(jm.models.Llama):
    """A decoder that counts how often it is traced."""

    traces = 0

    def __call__(self, tokens, **options):
        Counted.traces += 1
        return super().__call__(tokens, **options)


def llama():
    model = Counted(VOCABULARY, 8, 2, 2, num_kv_heads=1, mlp_features=16)
    model = model.init(0, model.example_inputs())
    # Logits that differ clearly, and depend on what was read.
    return jm.tree.map(lambda x: 8 * x, model, jm.Parameter)


MODEL = jax.jit(llama)()


@jax.jit
def all_logits(model, tokens):
    return model.eval()(tokens)


def recomputed(model, prompt, number, choose=lambda logits, row: int(logits.argmax())):
    """Continues one prompt without a cache, through calls of one length."""
    tokens = [int(token) for token in prompt]
    for _ in range(number):
        padded = np.zeros((1, 16), np.int32)
        padded[0, : len(tokens)] = tokens
        tokens.append(choose(all_logits(model, padded)[0, len(tokens) - 1], tokens))
    return tokens[len(prompt) :]


GREEDY = [recomputed(MODEL, prompt, NEW) for prompt in PROMPTS]


def test_greedy_equals_recomputing():
    written = generate(MODEL, PROMPTS, NEW)
    assert written.to_lists() == GREEDY
    assert written.tokens.dtype == jnp.int32 and written.lengths.tolist() == [NEW, NEW]
    assert len({tuple(row) for row in GREEDY}) == 2


@pytest.mark.slow
def test_a_prompt_without_batch():
    written = generate(MODEL, PROMPTS[0], NEW)
    assert written.tokens.shape == (NEW,) and written.to_lists() == GREEDY[0]
    assert generate(MODEL, PROMPTS[0].tolist(), 1).to_lists() == GREEDY[0][:1]


@pytest.mark.slow
@pytest.mark.parametrize("pad", [-1, 300])
def test_padding_may_be_no_token(pad):
    """That of prompts is never read; after the end of a sequence, it is `pad_token`."""
    expected = generate(MODEL, SHORT, NEW).to_lists()
    prompts = [np.array(prompt, np.uint8) for prompt in SHORT]
    for multiple in (None, 8):
        options = {"pad_token": pad, "pad_to_multiple_of": multiple, "stop_tokens": expected[0][0]}
        written = generate(MODEL, prompts, NEW, **options)
        assert written.tokens[0].tolist() == [expected[0][0], *[pad] * (NEW - 1)]
    keep = np.arange(5) < [[2], [5]]
    filled = np.where(keep, np.array([[3, 1, 0, 0, 0], PROMPTS[1]]), pad)
    assert generate(MODEL, filled, NEW, padding_mask=keep).to_lists() == expected
    assert generate(MODEL, jnp.array(filled), NEW, padding_mask=keep).to_lists() == expected


SHORT = [PROMPTS[0, :2].tolist(), PROMPTS[1].tolist()]


@pytest.mark.parametrize("side", ["list", "after", "before"])
def test_prompts_of_different_lengths(side):
    tokens, options = SHORT, {}
    if side == "after":
        tokens = np.array([[3, 1, 9, 9, 9], PROMPTS[1]])
        options = {"padding_mask": np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]], bool)}
    if side == "before":
        tokens = np.array([[9, 9, 9, 3, 1], PROMPTS[1]])
        options = {"padding_mask": np.array([[0, 0, 0, 1, 1], [1, 1, 1, 1, 1]], bool)}
    expected = [recomputed(MODEL, prompt, NEW) for prompt in SHORT]
    assert generate(MODEL, tokens, NEW, **options).to_lists() == expected


@pytest.mark.slow
def test_stop_tokens_end_a_sequence():
    stop = GREEDY[0][2]
    ends = [row.index(stop) + 1 if stop in row else NEW for row in GREEDY]
    written = generate(MODEL, PROMPTS, NEW, stop_tokens=[stop, VOCABULARY + 5], pad_token=9)
    assert written.to_lists() == [row[:end] for row, end in zip(GREEDY, ends, strict=True)]
    assert (written.tokens[0, ends[0] :] == 9).all() and ends[0] < NEW
    first = generate(MODEL, PROMPTS[0], NEW, stop_tokens=GREEDY[0][0])
    assert first.to_lists() == GREEDY[0][:1]


@pytest.mark.slow
def test_drawn_tokens_depend_on_the_key_alone():
    first, again, other = (
        generate(MODEL, PROMPTS, NEW, key=key, temperature=3.0)
        for key in (jax.random.key(1), 1, jax.random.key(2))
    )
    assert first.to_lists() == again.to_lists() != other.to_lists()
    assert generate(MODEL, PROMPTS, NEW, key=1, temperature=0.0).to_lists() == GREEDY
    assert generate(MODEL, PROMPTS, NEW, key=1, top_k=1).to_lists() == GREEDY
    assert generate(MODEL, PROMPTS, NEW, key=1, top_p=0.0).to_lists() == GREEDY
    assert generate(MODEL, PROMPTS, NEW, key=jax.random.PRNGKey(1), min_p=1.0).to_lists() == GREEDY


@pytest.mark.parametrize("temperature", [1e-38, 1e-30, 1e-45, 5e-324])
def test_tiny_temperatures_leave_the_most_probable_token(temperature):
    key, numbers = read_options(
        key=0, temperature=temperature, top_k=None, top_p=None, min_p=None, repetition_penalty=None
    )
    logits = jnp.array([[1.0, 30.0, 20.0], [-5.0, -3.0, -2.0]])
    assert choose(logits, None, key, numbers, None).tolist() == [1, 2]


def test_keys_and_seeds():
    options = dict.fromkeys(("temperature", "top_k", "top_p", "min_p", "repetition_penalty"))
    for key in (3, np.int64(3), jnp.int32(3), jax.random.key(3), jax.random.PRNGKey(3)):
        assert jm.equal(read_options(key=key, **options)[0], jax.random.key(3))
    with pytest.raises(TypeError, match=r"needs one key, .* shape \(2,\) and dtype key"):
        read_options(key=jax.random.split(jax.random.key(0), 2), **options)


@pytest.mark.slow
def test_drawn_tokens_have_the_probabilities_of_the_filtered_logits():
    logits = all_logits(MODEL, PROMPTS[:1])[0, -1] / 2.0
    for name, keep in (("keep_top_k", 4), ("keep_top_p", 0.8), ("keep_min_p", 0.2)):
        kept = getattr(jm.models.generation, name)(logits, keep)
        many = np.repeat(PROMPTS[:1], 4000, axis=0)
        options = {name.removeprefix("keep_"): keep}
        drawn = generate(MODEL, many, 1, key=0, temperature=2.0, **options).tokens[:, 0]
        shares = np.bincount(drawn, minlength=VOCABULARY) / 4000
        np.testing.assert_allclose(shares, jax.nn.softmax(kept), atol=0.03)
        assert (shares[np.isinf(kept)] == 0).all()


@pytest.mark.slow
def test_repetition_is_penalized():
    def choose(logits, tokens):
        seen = jnp.zeros(VOCABULARY, bool).at[jnp.array(tokens)].set(True)
        return int(jm.models.generation.penalize_repetition(logits, seen, 1.8).argmax())

    expected = [recomputed(MODEL, prompt, NEW, choose) for prompt in SHORT]
    assert generate(MODEL, SHORT, NEW, repetition_penalty=1.8).to_lists() == expected
    assert expected != [recomputed(MODEL, prompt, NEW) for prompt in SHORT]


@pytest.mark.slow
def test_it_compiles_once_for_prompts_of_one_shape():
    Counted.traces = 0
    other = jm.tree.map(lambda x: x + 1, MODEL, jm.Parameter)
    for model, key, temperature in itertools.product((MODEL, other), (5, 6), (0.5, 0.75)):
        generate(model, PROMPTS + key % 2, NEW + 1, key=key, temperature=temperature, top_p=0.9)
    assert Counted.traces == 2  # the prompt and the steps
    for length in (2, 3, 5):
        generate(MODEL, PROMPTS[:, :length], NEW + 1, pad_to_multiple_of=8, max_length=16)
    assert Counted.traces == 4


def test_padding_to_a_multiple_changes_nothing():
    assert generate(MODEL, PROMPTS, NEW, pad_to_multiple_of=8, max_length=16).to_lists() == GREEDY


@pytest.mark.slow
def test_integers_of_numpy_and_jax():
    options = {"pad_token": np.int32(0), "pad_to_multiple_of": np.int64(8), "stop_tokens": ()}
    options |= {"max_length": jnp.int32(16), "key": np.int64(1), "top_k": np.int64(1)}
    assert generate(MODEL, PROMPTS, np.int64(NEW), **options).to_lists() == GREEDY
    with pytest.raises(ValueError, match="is too short for prompts of 8 tokens and 6 new ones"):
        generate(MODEL, PROMPTS, jnp.int32(NEW), pad_to_multiple_of=8, max_length=np.int64(12))


@pytest.mark.parametrize("at_once", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_stream(at_once):
    rows = list(stream(MODEL, PROMPTS, NEW, tokens_at_once=at_once))
    assert np.array_equal(np.array(rows).T, GREEDY)
    ends = GREEDY[0].index(GREEDY[0][2]) + 1
    one = stream(MODEL, PROMPTS[0], NEW, tokens_at_once=at_once, stop_tokens=GREEDY[0][2])
    assert list(one) == GREEDY[0][:ends]
    assert list(stream(MODEL, PROMPTS[0], 1)) == GREEDY[0][:1]


@pytest.mark.slow
def test_a_stream_may_be_left():
    tokens = stream(MODEL, PROMPTS[0], NEW)
    assert [next(tokens), next(tokens)] == GREEDY[0][:2]
    tokens.close()


@pytest.mark.slow
def test_bfloat16_and_other_caches():
    model = jm.tree.map(lambda x: x.astype(jnp.bfloat16), MODEL, jm.Parameter)
    assert generate(model, PROMPTS, NEW, cache_dtype=jnp.float32).tokens.shape == (2, NEW)
    assert generate(model, PROMPTS, NEW).tokens.shape == (2, NEW)


@pytest.mark.slow
@pytest.mark.parametrize("where", [jm.Linear, jm.nn.GroupedQueryAttention, ".features", ""])
def test_adapted_models(where):
    adapted = jm.nn.apply_lora(MODEL, where, 2)
    adapted = jm.tree.map(lambda x: x + 0.05, adapted, jm.Parameter)  # also the second factors
    expected = generate(jm.nn.merge_lora(adapted), PROMPTS, NEW).to_lists()
    assert generate(adapted, PROMPTS, NEW).to_lists() == expected
    with pytest.raises(ValueError, match="the model knows those from 0 to 10"):
        generate(adapted, [11], NEW)
    with pytest.raises(ValueError, match="Counted has 2048 positions"):
        generate(adapted, [1], 5000)


class Decoder(jm.Module):
    """A decoder of one's own, without `logits_at` and with learned positions."""

    def __init__(self, **options):
        self.embed = jm.Embed(VOCABULARY, 8)
        self.positions = jm.nn.LearnedPositionEmbedding(16)
        layer = jm.nn.TransformerEncoderLayer(2, causal=True, dropout_rate=0.5)
        self.blocks = jm.nn.TransformerEncoder(layer, 2, **options)

    def __call__(self, tokens, *, positions=None, padding_mask=None):
        x = self.positions(self.embed(tokens), positions)
        return 4 * self.embed.attend(self.blocks(x, padding_mask=padding_mask))


@pytest.mark.slow
@pytest.mark.parametrize("scan", [False, True])
def test_any_decoder(scan):
    model = Decoder(scan=scan).init(0, PROMPTS)
    expected = [recomputed(model, prompt, NEW) for prompt in SHORT]
    assert generate(model, SHORT, NEW).to_lists() == expected


@pytest.mark.slow
@pytest.mark.parametrize("multiple", [8, 16])
def test_padding_takes_no_positions(multiple):
    model = jm.models.GPT2(VOCABULARY, 8, 1, 2, max_length=10)
    model = model.init(0, model.example_inputs())
    expected = generate(model, PROMPTS[0], NEW).to_lists()
    assert generate(model, PROMPTS[0], NEW, pad_to_multiple_of=multiple).to_lists() == expected
    keep = np.arange(12) >= 7
    tokens = np.concatenate([np.zeros(7, int), PROMPTS[0]])
    assert generate(model, tokens, NEW, padding_mask=keep).to_lists() == expected
    for options in ({"tokens": PROMPTS[0]}, {"tokens": tokens, "padding_mask": keep}):
        with pytest.raises(ValueError, match="has 10 positions; prompts of 5 tokens and 7"):
            generate(model, max_new_tokens=NEW + 1, pad_to_multiple_of=multiple, **options)


MISTAKES = [
    ({"tokens": []}, ValueError, r"with at least one token, or a list of such prompts; got shape"),
    ({"tokens": [[1], []]}, ValueError, "Prompt 1 has no tokens"),
    ({"tokens": np.zeros((1, 2, 3), int)}, ValueError, r"got shape \(1, 2, 3\)"),
    ({"tokens": [1.0]}, TypeError, "`tokens` needs integers; got float64"),
    ({"tokens": [3, 11]}, ValueError, "integers from 3 to 11; the model knows those from 0 to 10"),
    ({"padding_mask": [1, 1]}, TypeError, "`padding_mask` needs booleans"),
    ({"padding_mask": [True]}, ValueError, r"needs the shape of `tokens`, \(2,\); got \(1,\)"),
    ({"padding_mask": [False, False]}, ValueError, "Prompt 0 is all padding"),
    ({"tokens": [[1]], "padding_mask": [[True]]}, ValueError, "A list of prompts is padded by"),
    ({"max_new_tokens": 0}, ValueError, "`max_new_tokens` needs a positive integer; got 0"),
    ({"max_length": 7}, ValueError, "too short for prompts of 2 tokens and 7 new ones: .* needs 8"),
    ({"max_new_tokens": 5000}, ValueError, "Counted has 2048 positions; prompts of 2 tokens and"),
    ({"temperature": 1.0}, ValueError, r"`temperature` need a random key, .* Pass `key="),
    ({"key": 0, "temperature": -1.0}, ValueError, "`temperature` needs a number of at least 0"),
    ({"key": 0, "top_p": 2.0}, ValueError, "`top_p` needs a number from 0 to 1; got 2.0"),
    ({"key": 0, "min_p": -1.0}, ValueError, "`min_p` needs a number from 0 to 1; got -1.0"),
    ({"key": 0, "top_k": 0}, ValueError, "`top_k` needs a positive integer; got 0"),
    ({"key": "0"}, TypeError, "`key` needs one key, as `jax.random.key"),
    ({"key": jnp.zeros(2)}, TypeError, r"or a seed; got 'an array of shape \(2,\) and dtype f"),
    ({"key": 0, "temperature": "1"}, TypeError, "`temperature` needs a number; got '1'"),
    ({"key": 0, "top_p": [0.5]}, TypeError, r"`top_p` needs a number; got \[0.5\]"),
    ({"repetition_penalty": "2"}, TypeError, "`repetition_penalty` needs a number; got '2'"),
    ({"repetition_penalty": 0.0}, ValueError, "`repetition_penalty` needs a positive number"),
    ({"max_new_tokens": np.float32(4)}, ValueError, "`max_new_tokens` needs a positive integer"),
    ({"stop_tokens": 1.9}, TypeError, "`stop_tokens` needs integers; got 1.9"),
    ({"stop_tokens": [1, None]}, TypeError, r"`stop_tokens` needs integers; got \[1, None\]"),
    ({"cache_dtype": jnp.int8}, TypeError, "`cache_dtype` needs a floating dtype; got int8"),
    ({"cache_dtype": "bool"}, TypeError, "`cache_dtype` needs a floating dtype; got bool"),
    ({"pad_token": 0.5}, TypeError, "`pad_token` needs an integer; got 0.5"),
]


@pytest.mark.parametrize(("change", "error", "message"), MISTAKES)
def test_mistakes(change, error, message):
    arguments = {"tokens": [1, 2], "max_new_tokens": 7, **change}
    with pytest.raises(error, match=message):
        generate(MODEL, **arguments)


def test_mistakes_of_streams_are_told_at_once():
    with pytest.raises(ValueError, match="`tokens_at_once` needs a positive integer; got 0"):
        stream(MODEL, [1], 2, tokens_at_once=0)
    with pytest.raises(ValueError, match="`tokens_at_once` needs a positive integer; got 1.5"):
        stream(MODEL, [1], 2, tokens_at_once=1.5)
    with pytest.raises(ValueError, match="need a random key"):
        stream(MODEL, [1], 2, top_k=5)


@pytest.mark.slow
def test_a_model_without_a_cache():
    model = jm.models.Bert(VOCABULARY, 8, 1, 2, head="masked_language")
    model = model.init(0, model.example_inputs())
    with pytest.raises(ValueError, match="No layer for a cache in this Bert"):
        generate(model, [1, 2], 3)
