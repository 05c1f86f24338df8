"""Tokenizers from tokenizer.json and from GGUF files."""

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from gguf_files import write

import jax_metrics as jm
from jax_metrics.models import Tokenizer, load_tokenizer

tokenizers = pytest.importorskip("tokenizers")
pytest.importorskip("gguf")
pytest.importorskip("jinja2")


def words():
    """A tokenizer like that of BERT, with padding and truncation that a batch must not see."""
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5, "c": 6}
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    backend.enable_padding(length=128, pad_token="[PAD]")
    backend.enable_truncation(4)
    return backend


@pytest.fixture
def folder(tmp_path):
    words().save(str(tmp_path / "tokenizer.json"))
    settings = {
        "pad_token": {"content": "[PAD]"}, "cls_token": "[CLS]", "unk_token": "[UNK]",
        "eos_token": "</s>", "model_max_length": 8,
    }  # fmt: skip
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    return tmp_path


def test_batches(folder):
    tokenizer = load_tokenizer(folder)
    assert tokenizer.vocab_size == 7 and tokenizer.max_length == 8
    assert tokenizer.special == {"pad": "[PAD]", "cls": "[CLS]", "unk": "[UNK]"}
    ids, mask, types = tokenizer(["a b c", "b"])
    np.testing.assert_array_equal(ids, [[2, 4, 5, 6, 3], [2, 5, 3, 0, 0]])
    np.testing.assert_array_equal(mask, [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    assert ids.dtype == np.int32 and mask.dtype == bool and types.dtype == np.int32
    left = tokenizer(["a b c", "b"], pad_left=True, length=6)
    np.testing.assert_array_equal(left.ids, [[0, 2, 4, 5, 6, 3], [0, 0, 0, 2, 5, 3]])
    np.testing.assert_array_equal(left.mask, left.ids > 0)
    assert tokenizer("a", special=False).ids.tolist() == [[4]]
    assert tokenizer([]).ids.shape == (0, 0)


def test_pairs_and_long_texts(folder):
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    pair = tokenizer(["a"], ["b c"])
    assert pair.ids.tolist() == [[2, 4, 3, 5, 6, 3]] and pair.types.tolist() == [[0, 0, 0, 1, 1, 1]]
    assert tokenizer("a " * 20).ids.shape == (1, 8)
    assert tokenizer("a " * 20, max_length=5, length=6).ids.tolist() == [[2, 4, 4, 4, 3, 0]]
    assert len(tokenizer.encode("a " * 20)) == 22
    with pytest.raises(ValueError, match="8 tokens, which are more than `length=6`. Pass `max_le"):
        tokenizer("a " * 20, length=6)
    for wrong in (0, -1, 2.5, "8"):
        with pytest.raises(ValueError, match="`max_length` needs a positive integer; got"):
            tokenizer("a", max_length=wrong)
        with pytest.raises(ValueError, match="`max_length` needs a positive integer; got"):
            Tokenizer(tokenizer.backend, max_length=wrong)
    assert tokenizer("a b c", max_length=np.int64(2), special=False).ids.tolist() == [[4, 5]]
    for pairs, limit in ((None, 1), (["b"], 2)):
        with pytest.raises(ValueError, match=f"`max_length={limit}` leaves no room for a text"):
            tokenizer(["a"], pairs, max_length=limit)
    with pytest.raises(ValueError, match="There are 1 texts, but 2 pairs for them"):
        tokenizer(["a"], ["b", "c"])


def test_ids_and_texts(folder):
    tokenizer = load_tokenizer(folder)
    assert tokenizer.id_of("pad") == tokenizer.id_of("[PAD]") == 0 and tokenizer.id_of("c") == 6
    assert tokenizer.decode(np.array([2, 4, 5, 3])) == "a b"
    assert tokenizer.decode([2, 4, 3], skip_special=False) == "[CLS] a [SEP]"
    assert tokenizer.decode([]) == ""
    several = r"needs one sequence of ids, .* got {}. Decode each of several: .*to_lists"
    for ids, text in [
        (np.zeros((1, 3), int), r"shape \(1, 3\)"),
        ([[2], [2, 3]], "different lengths"),
        (4, r"shape \(\)"),
    ]:
        with pytest.raises(ValueError, match=several.format(text)):
            tokenizer.decode(ids)
    with pytest.raises(TypeError, match="`decode` needs integers, .* got float64"):
        tokenizer.decode([1.0])
    with pytest.raises(ValueError, match="There is no token 'eos'. The special ones are"):
        tokenizer.id_of("eos")


def test_settings_elsewhere(folder):
    (folder / "tokenizer_config.json").unlink()
    tokenizer = load_tokenizer(folder)
    assert tokenizer.special == {"pad": "[PAD]"} and tokenizer.max_length is None
    (folder / "special_tokens_map.json").write_text('{"cls_token": "[CLS]"}')
    (folder / "chat_template.jinja").write_text("template")
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 1000000000000000019}')
    tokenizer = load_tokenizer(folder)
    assert tokenizer.special["cls"] == "[CLS]" and tokenizer.max_length is None
    assert tokenizer.chat_template == "template"


@pytest.mark.parametrize(
    ("settings", "length", "ids"),
    [
        ({"max_seq_length": 5}, 5, [2, 1, 4, 4, 3]),
        ({"max_seq_length": 64}, 8, [2, 1, 4, 4, 4, 4, 4, 3]),
        ({"max_seq_length": None}, 8, [2, 1, 4, 4, 4, 4, 4, 3]),
        ({"max_seq_length": 4, "do_lower_case": True}, 4, [2, 5, 4, 3]),
    ],
)
def test_how_sentences_are_prepared(folder, settings, length, ids):
    (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(folder)
    assert tokenizer.max_length == length
    assert tokenizer("B" + " a" * 20).ids.tolist() == [ids]


@pytest.mark.parametrize("in_config", [True, False])
@pytest.mark.parametrize(
    ("cut", "fill", "expected"),
    [
        ("left", "right", [[5, 6], [4, 0]]),
        ("right", "left", [[4, 5], [0, 4]]),
        ("left", "left", [[5, 6], [0, 4]]),
    ],
)
def test_sides(tmp_path, in_config, cut, fill, expected):
    backend = words()
    other = {"left": "right", "right": "left"}
    sides = [other[cut], other[fill]] if in_config else [cut, fill]  # the configuration wins
    backend.enable_truncation(4, direction=sides[0])
    backend.enable_padding(direction=sides[1], pad_token="[PAD]")
    backend.save(str(tmp_path / "tokenizer.json"))
    settings = {"model_max_length": 2.0}
    if in_config:
        settings |= {"truncation_side": cut, "padding_side": fill}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load_tokenizer(tmp_path)
    assert tokenizer(["a b c", "a"], special=False).ids.tolist() == expected
    assert tokenizer(["a"], special=False, length=2, pad_left=False).ids.tolist() == [[4, 0]]
    assert tokenizer(["a"], special=False, length=2, pad_left=True).ids.tolist() == [[0, 4]]


@pytest.mark.parametrize(
    ("file", "settings", "text"),
    [
        (
            "tokenizer",
            {"model_max_length": "512"},
            "need a positive integer; got '512'. Cor",
        ),
        ("tokenizer", {"model_max_length": 0}, "need a positive integer; got 0"),
        ("tokenizer", {"model_max_length": True}, "need a positive integer; got True"),
        ("sentence_bert", {"max_seq_length": [8]}, r"need a positive integer; got \[8\]"),
        ("tokenizer", {"padding_side": "top"}, "`padding_side` must be 'left' or 'right'; got 't"),
        ("tokenizer", {"truncation_side": 1}, "`truncation_side` must be 'left' or 'right'; got 1"),
    ],
)
def test_settings_that_cannot_be(folder, file, settings, text):
    (folder / f"{file}_config.json").write_text(json.dumps(settings))
    with pytest.raises(jm.CheckpointError, match=f"The settings of the tokenizer in .*{text}"):
        load_tokenizer(folder)


def test_threads_share_a_tokenizer(folder):
    tokenizer = load_tokenizer(folder)
    tokenizer.max_length = None
    same = Tokenizer(tokenizer.backend, tokenizer.special)
    text = "a " * 100
    calls = {
        8: lambda: tokenizer([text] * 4, max_length=8).ids.shape[1],
        5: lambda: same([text] * 4, max_length=5).ids.shape[1],
        102: lambda: len(tokenizer.encode(text)),
    }
    with ThreadPoolExecutor(len(calls)) as pool:
        repeated = lambda call: {call() for _ in range(150)}  # noqa: E731
        found = dict(zip(calls, pool.map(repeated, calls.values()), strict=True))
    assert found == {length: {length} for length in calls}


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.txt", "", "has no tokenizer.json, and no GGUF file alone"),
        ("tokenizer.json", "{}", "tokenizer.json is no tokenizer: "),
    ],
)
def test_folders_without_a_tokenizer(tmp_path, name, content, text):
    (tmp_path / name).write_text(content)
    with pytest.raises(jm.CheckpointError, match=text):
        load_tokenizer(tmp_path)


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match="A tokenizer needs the package tokenizers: `pip install"):
        load_tokenizer(tmp_path)


# -- GGUF -----------------------------------------------------------------------------------------

LETTERS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *"abcdeĠ0123Ċ:", "ab", "Ġa", "<tag>"]
ENTRIES = {
    "tokenizer__ggml__model": "gpt2", "tokenizer__ggml__pre": "smollm",
    "tokenizer__ggml__tokens": LETTERS, "tokenizer__ggml__merges": ["a b", "Ġ a"],
    "tokenizer__ggml__token_type": [3, 3, 3] + [1] * (len(LETTERS) - 4) + [4],
    "tokenizer__ggml__bos_token_id": 1, "tokenizer__ggml__eos_token_id": 2,
    "tokenizer__ggml__padding_token_id": 0, "tiny__context_length": 6,
    "tokenizer__chat_template": "{{ '<|im_start|>system\nbe<|im_end|>\n' }}",
}  # fmt: skip


def made(path, **changes):
    entries = {name: x for name, x in {**ENTRIES, **changes}.items() if x is not None}
    return write(path, {"x": np.zeros(2, np.float32)}, **entries)


def tokens(tokenizer, text):
    return [tokenizer.backend.id_to_token(i) for i in tokenizer.encode(text)]


def test_the_tokenizer_in_a_gguf_file(tmp_path):
    made(tmp_path / "a.gguf")
    for path in (tmp_path, tmp_path / "a.gguf"):
        tokenizer = load_tokenizer(path)
        assert tokenizer.special == {
            "bos": "<|im_start|>", "eos": "<|im_end|>", "pad": "<|endoftext|>"
        }  # fmt: skip
        assert tokenizer.max_length == 6
        assert tokens(tokenizer, "ab ab0 12") == ["ab", "Ġ", "ab", "0", "Ġ", "1", "2"]
        assert tokens(tokenizer, "a<|im_end|><tag>") == ["a", "<|im_end|>", "<tag>"]
        text = "ab abc 0<tag>"
        assert tokenizer.decode(tokenizer.encode(f"{text}<|im_end|>")) == text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("gpt-2", ["ab", "Ġa", "1", "2"]), ("llama-bpe", ["<|im_start|>", "ab", "Ġa", "1", "2"]),
        ("qwen2", ["ab", "Ġa", "1", "2"]),
    ],
)  # fmt: skip
def test_other_ways_to_cut(tmp_path, kind, expected):
    path = made(tmp_path / "a.gguf", tokenizer__ggml__pre=kind)
    assert tokens(load_tokenizer(path), "ab a12") == expected


@pytest.mark.parametrize(
    ("entries", "first", "last"),
    [
        ({"add_bos_token": True}, True, False),
        ({"add_bos_token": False, "pre": "llama-bpe"}, False, False),
        ({"add_eos_token": True}, False, True),
        ({"add_eos_token": True, "pre": "llama-bpe"}, True, True),
    ],
)
def test_tokens_at_the_ends(tmp_path, entries, first, last):
    entries = {f"tokenizer__ggml__{name}": value for name, value in entries.items()}
    tokenizer = load_tokenizer(made(tmp_path / "a.gguf", **entries))
    expected = ["<|im_start|>"] * first + ["ab"] + ["<|im_end|>"] * last
    assert tokens(tokenizer, "ab") == expected
    assert tokenizer(["a"], ["b"]).types.tolist() == [[0] * len(expected) + [1] * len(expected)]
    assert tokenizer.encode("a", special=False) == [tokenizer.id_of("a")]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tokenizer__ggml__model": "llama"}, "a tokenizer of the kind 'llama' with 'smollm'. Th"),
        ({"tokenizer__ggml__pre": "odd"}, "of the kind 'gpt2' with 'gpt-2', 'smollm', 'llama-bpe'"),
        ({"tokenizer__ggml__merges": ["x y"]}, "has a damaged tokenizer: "),
        ({"tokenizer__ggml__merges": [1, 2]}, "has a damaged tokenizer: 'int' object has no attr"),
        ({"tokenizer__ggml__bos_token_id": "a"}, "has a damaged tokenizer: "),
        ({"tiny__context_length": 0}, "a.gguf has 0 as `tiny.context_length`; expected a positiv"),
        ({"tokenizer__ggml__tokens": None}, "lacks the entry 'tokenizer.ggml.tokens' of its tok"),
    ],
)
def test_tokenizers_that_cannot_be_read(tmp_path, changes, text):
    path = made(tmp_path / "a.gguf", **changes)
    with pytest.raises(jm.CheckpointError, match=re.escape(text)):
        load_tokenizer(path)


def test_a_gguf_file_without_a_tokenizer(tmp_path):
    path = write(tmp_path / "a.gguf", {"x": np.zeros(2, np.float32)})
    with pytest.raises(jm.CheckpointError, match="a.gguf has no tokenizer. Those of the kind 'gpt"):
        load_tokenizer(path)


# -- conversations --------------------------------------------------------------------------------


def test_conversations(tmp_path):
    tokenizer = load_tokenizer(made(tmp_path / "a.gguf"))
    messages = [{"role": "a", "content": "b"}]
    body = "<|im_start|>a\nb<|im_end|>\n"
    system, answer = "<|im_start|>system\nbe<|im_end|>\n", "<|im_start|>assistant\n"
    assert tokenizer.chat_text(messages) == system + body + answer
    assert tokenizer.chat_text(messages, answer=False, system="c") == (
        "<|im_start|>system\nc<|im_end|>\n" + body
    )
    given = [{"role": "system", "content": "d"}, *messages]
    assert tokenizer.chat_text(given) == "<|im_start|>system\nd<|im_end|>\n" + body + answer
    tokenizer.chat_template = None
    assert tokenizer.chat_text(messages, answer=False) == body
    ids = tokenizer.chat(messages, answer=False)
    assert [tokenizer.backend.id_to_token(i) for i in ids] == [
        "<|im_start|>", "a", "Ċ", "b", "<|im_end|>", "Ċ"
    ]  # fmt: skip


REPEATED = "{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}"
IS_GIVEN = "{% if messages[0]['role'] == 'system' %}"
# As in Qwen2.5, whose tools are described in a system message, too.
WITH_TOOLS = f"""{{%- if tools %}}
    {{{{- '<|im_start|>system\\n' }}}}
    {{{{- "</tools><|im_end|>\\n" }}}}
{{%- else %}}
    {IS_GIVEN}{REPEATED}
    {{%- else %}}
        {{{{- '<|im_start|>system\\nYou are "Q".\\nHelp.<|im_end|>\\n' }}}}
    {{%- endif %}}
{{%- endif %}}"""


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (f"{IS_GIVEN}{REPEATED}{{% endif %}}", None),
        (WITH_TOOLS, 'You are "Q".\nHelp.'),
        ("<|im_start|>system\nOn {{ strftime_now('%d') and bos_token }}<|im_end|>", "On [CLS]"),
        ("{% generation %}<|im_start|>{%- endgeneration -%}system\nx<|im_end|>", "x"),
        ("{% for one in messages %}{{ one.content }}{% break %}{% endfor %}", None),
    ],
)
def test_the_system_message_of_a_template(folder, template, expected):
    backend = words()
    backend.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    backend.save(str(folder / "tokenizer.json"))
    templates = [{"name": "rag", "template": "no"}, {"name": "default", "template": template}]
    for form in (template, templates):
        settings = {"bos_token": "[CLS]", "chat_template": form}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        text = load_tokenizer(folder).chat_text([{"role": "user", "content": "a"}], answer=False)
        system = "" if expected is None else f"<|im_start|>system\n{expected}<|im_end|>\n"
        assert text == system + "<|im_start|>user\na<|im_end|>\n"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% if %}", "cannot be run.*TemplateSyntaxError.*Pass `system=`"),
        ("{{ raise_exception('tools only') }}", "cannot be run.*ValueError: tools only"),
        ("{{ messages.append(1) }}", "cannot be run.*SecurityError"),
    ],
)
def test_templates_that_cannot_be_run(monkeypatch, template, text):
    backend = words()
    backend.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer = Tokenizer(backend, chat_template=template)
    messages = [{"role": "user", "content": "a"}]
    with pytest.raises(ValueError, match=text):
        tokenizer.chat_text(messages)
    assert "system\nb<|im_end|>" in tokenizer.chat_text(messages, system="b")
    monkeypatch.setitem(sys.modules, "jinja2.sandbox", None)
    with pytest.raises(ImportError, match="template needs the package jinja2: `pip install"):
        tokenizer.chat_text(messages)


def test_tokenizers_without_the_tokens_of_conversations():
    with pytest.raises(ValueError, match=r"There is no token '<\|im_start\|>'"):
        Tokenizer(words()).chat([{"role": "user", "content": "a"}])
