"""Metrics of text against sacrebleu, rouge-score, jiwer and torchmetrics, over grids of options."""

import random

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

ALPHABET = (
    "the cat, sat on. A mat's 3.5 end-of & a dog; (really) isn't Mr. e.g. 10% ran 1,000 it".split()
)
ASIAN = ["猫は マット。", "これは,テスト", "漢字 と ひらがな", "カタカナ！", "中文 abc 3.5"]


def texts(count, longest, words=ALPHABET, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(words, k=rng.randint(0, longest))) for _ in range(count)]


def noisy(text, rng, words):
    """The text with a few words replaced, dropped, repeated or moved."""
    parts = text.split()
    for _ in range(rng.randint(0, 5)):
        if parts:
            i, j = rng.randrange(len(parts)), rng.randrange(len(parts))
            parts[i : i + 1] = rng.choice([[], [parts[i]] * 2, [rng.choice(words)]])
            part = parts[j : j + 4]
            del parts[j : j + 4]
            parts[i:i] = part
    return " ".join(parts)


def corpus(count=40, longest=14, words=ALPHABET, seed=0):
    """Predictions, and two references of each."""
    rng = random.Random(seed)
    preds = texts(count, longest, words, seed)
    return preds, [[noisy(one, rng, words), noisy(one, rng, words)] for one in preds]


PREDS, TARGET = corpus()
LONG = corpus(12, 60, seed=1)
CORPORA = {
    "short": (PREDS, TARGET),
    "long": LONG,
    "different": (texts(10, 50, seed=2), [[one] for one in texts(10, 50, seed=3)]),
    "asian": corpus(12, 4, ASIAN, seed=4),
}


def assert_close(found, expected, **options):
    np.testing.assert_allclose(
        np.asarray(found), expected, **{"rtol": 1e-5, "atol": 1e-7, **options}
    )


def by_reference(target):
    """The references as sacrebleu takes them: a list for each position."""
    return [list(one) for one in zip(*target, strict=True)]


# -- jiwer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(CORPORA))
def test_error_rates(name):
    jiwer = pytest.importorskip("jiwer")
    preds, target = CORPORA[name]
    pairs = [(p, t[0]) for p, t in zip(preds, target, strict=True) if t[0]]
    preds, target = [p for p, _ in pairs], [t for _, t in pairs]
    words = jiwer.process_words(target, preds)
    assert_close(jm.word_error_rate(target, preds), words.wer)
    assert_close(jm.match_error_rate(target, preds), words.mer)
    assert_close(jm.word_information_preserved(target, preds), words.wip)
    assert_close(jm.word_information_lost(target, preds), words.wil)
    assert_close(jm.char_error_rate(target, preds), jiwer.cer(target, preds))


# -- sacrebleu ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokenize", ["none", "13a", "zh", "intl", "char"])
@pytest.mark.parametrize("smooth", ["none", "exp", "floor", "add-k"])
@pytest.mark.parametrize("name", list(CORPORA))
def test_sacre_bleu(name, smooth, tokenize):
    sacrebleu = pytest.importorskip("sacrebleu")
    preds, target = CORPORA[name]
    for lowercase, effective_order in ((False, False), (True, True)):
        peer = sacrebleu.BLEU(
            lowercase=lowercase,
            force=True,
            tokenize=tokenize,
            smooth_method=smooth,
            effective_order=effective_order,
        )
        options = dict(
            tokenize=tokenize, smooth=smooth, lowercase=lowercase, effective_order=effective_order
        )
        expected = peer.corpus_score(preds, by_reference(target)).score
        assert_close(100 * jm.sacre_bleu_score(target, preds, **options), expected)
        for i in range(3):
            expected = peer.sentence_score(preds[i], target[i]).score
            assert_close(100 * jm.sacre_bleu_score(target[i], preds[i], **options), expected)


@pytest.mark.parametrize(
    ("tokenize", "package"), [("ja-mecab", "MeCab"), ("ko-mecab", "mecab_ko"), ("intl", "regex")]
)
def test_tokenizers_with_packages(tokenize, package):
    pytest.importorskip(package)
    sacrebleu = pytest.importorskip("sacrebleu")
    preds = ["これはペンです。", "나는 학생입니다.", "Ünï—code “quotes” 5€, 3,5 and …"]
    target = [["それはペンだった。"], ["그는 학생이다."], ["Unicode “quotes” 5€, 3,5 or …"]]
    peer = sacrebleu.BLEU(tokenize=tokenize, smooth_method="exp")
    expected = peer.corpus_score(preds, by_reference(target)).score
    assert_close(
        100 * jm.sacre_bleu_score(target, preds, tokenize=tokenize, smooth="exp"), expected
    )


@pytest.mark.parametrize("name", list(CORPORA))
@pytest.mark.parametrize("eps_smoothing", [False, True])
@pytest.mark.parametrize(
    ("n_word_order", "options"),
    [(0, {}), (2, {}), (1, {"lowercase": True}), (2, {"whitespace": True}), (0, {"beta": 1.0})],
)
def test_chrf(name, n_word_order, eps_smoothing, options):
    sacrebleu = pytest.importorskip("sacrebleu")
    preds, target = CORPORA[name]
    peer = sacrebleu.CHRF(word_order=n_word_order, eps_smoothing=eps_smoothing, **options)
    found = jm.chrf_score(
        target, preds, n_word_order=n_word_order, eps_smoothing=eps_smoothing, **options
    )
    assert_close(100 * found, peer.corpus_score(preds, by_reference(target)).score)


@pytest.mark.parametrize("name", list(CORPORA))
@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("asian_support", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("no_punctuation", [False, True])
def test_translation_edit_rate(name, normalize, no_punctuation, lowercase, asian_support):
    sacrebleu = pytest.importorskip("sacrebleu")
    preds, target = CORPORA[name]
    if name in ("long", "different"):
        preds, target = preds[:4], target[:4]
    peer = sacrebleu.TER(
        normalized=normalize,
        no_punct=no_punctuation,
        case_sensitive=not lowercase,
        asian_support=asian_support,
    )
    options = dict(
        normalize=normalize,
        no_punctuation=no_punctuation,
        lowercase=lowercase,
        asian_support=asian_support,
    )
    expected = peer.corpus_score(preds, by_reference(target)).score
    assert_close(100 * jm.translation_edit_rate(target, preds, **options), expected)


def test_translation_edits_of_random_words():
    lib_ter = pytest.importorskip("sacrebleu.metrics.lib_ter")
    from jax_metrics.metrics.text._shifts import translation_edits

    rng = random.Random(0)
    for i in range(150):
        longest = (8, 20, 60)[i % 3]
        preds, target = (
            rng.choices("abcdefgh"[: rng.randint(1, 8)], k=rng.randint(0, longest)) for _ in "pt"
        )
        assert translation_edits(preds, target) == lib_ter.translation_edit_rate(preds, target)[0]


# -- rouge-score ----------------------------------------------------------------------------------


@pytest.mark.parametrize("use_stemmer", [False, True])
@pytest.mark.parametrize("name", ["short", "long", "different"])
def test_rouge(name, use_stemmer):
    scorer = pytest.importorskip("rouge_score.rouge_scorer")
    preds, target = CORPORA[name]
    lines = [one.replace(". ", ".\n") for one in preds]
    target = [[one.replace(". ", ".\n") for one in several] for several in target]
    keys = ("rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum")
    peer = scorer.RougeScorer(keys, use_stemmer=use_stemmer)
    scores = [peer.score_multi(t, p) for t, p in zip(target, lines, strict=True)]
    found = jm.rouge_score(target, lines, rouge_keys=keys, use_stemmer=use_stemmer)
    for key in keys:
        for part in ("fmeasure", "precision", "recall"):
            expected = np.mean([getattr(one[key], part) for one in scores])
            assert_close(found[f"{key}_{part}"], expected)


# -- torchmetrics ---------------------------------------------------------------------------------


@pytest.fixture
def peer():
    """A function of torchmetrics."""
    pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.text")
    return lambda name: getattr(functional, name)


@pytest.mark.parametrize("ignore_index", [None, 0, -100])
def test_perplexity(peer, ignore_index):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    target, preds = rng.integers(0, 6, (4, 7)), rng.normal(size=(4, 7, 6))
    if ignore_index == -100:
        target[:, 5:] = -100
    expected = peer("perplexity")(
        torch.tensor(preds), torch.tensor(target), ignore_index=ignore_index
    )
    assert_close(jm.perplexity(target, preds, ignore_index=ignore_index), expected)


@pytest.mark.parametrize("substitution_cost", [1, 2, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_edit_distance(peer, reduction, substitution_cost):
    options = dict(reduction=reduction, substitution_cost=substitution_cost)
    # Of longer strings torchmetrics only looks at a band of the table.
    target, preds = [one[0][:24] for one in TARGET], [one[:24] for one in PREDS]
    expected = peer("edit_distance")(preds, target, **options)
    assert_close(jm.edit_distance(target, preds, **options), expected)


@pytest.mark.parametrize("name", ["word_error_rate", "char_error_rate"])
def test_error_rates_of_torchmetrics(peer, name):
    target = [one[0] for one in TARGET]
    assert_close(getattr(jm, name)(target, PREDS), peer(name)(PREDS, target))


@pytest.mark.parametrize("n_gram", [1, 2, 4])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
def test_bleu(peer, n_gram, smooth, weights):
    options = dict(n_gram=n_gram, smooth=smooth)
    options["weights"] = list(range(1, n_gram + 1)) if weights else None
    assert_close(
        jm.bleu_score(TARGET, PREDS, **options), peer("bleu_score")(PREDS, TARGET, **options)
    )


@pytest.mark.parametrize("accumulate", ["best", "avg"])
def test_rouge_of_torchmetrics(peer, accumulate):
    keys = ("rouge1", "rouge2", "rougeL")
    options = dict(accumulate=accumulate, rouge_keys=keys)
    options |= dict(normalizer=str.upper, tokenizer=lambda text: text.replace("A", " ").split())
    expected = peer("rouge_score")(PREDS, TARGET, **options)
    found = jm.rouge_score(TARGET, PREDS, **options)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert_close(found[key], value)


@pytest.mark.parametrize(
    "options",
    [{}, {"alpha": 0.5}, {"rho": 0.0, "deletion": 0.5}, {"insertion": 0.3}, {"language": "ja"}],
)
@pytest.mark.parametrize("name", ["short", "asian", "different"])
def test_extended_edit_distance(peer, name, options):
    preds, target = CORPORA[name]
    expected = peer("extended_edit_distance")(preds, target, **options)
    assert_close(jm.extended_edit_distance(target, preds, **options), expected)


def test_squad(peer):
    questions = [
        {"id": str(i), "answers": {"text": several, "answer_start": [0] * len(several)}}
        for i, several in enumerate(TARGET)
    ]
    answers = [{"id": str(i), "prediction_text": one} for i, one in enumerate(PREDS)]
    expected = peer("squad")(answers, questions)
    for target, preds in ((questions, answers[::-1]), (TARGET, PREDS)):
        found = jm.squad(target, preds)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(found[key], value)
