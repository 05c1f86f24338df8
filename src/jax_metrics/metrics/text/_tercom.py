"""The tokenizer of Tercom, the reference implementation of the translation edit rate."""

import re
from typing import NamedTuple

from jax_metrics.metrics.text._tokenizers import unescaped

_WESTERN = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"([{-~[-`!-&(-+:-@/])", r" \1 "),  # symbols
        (r"'s ", r" 's "),
        (r"'s$", r" 's"),
        (r"([^0-9])([\.,])", r"\1 \2 "),  # a period or comma, unless it is after a digit
        (r"([\.,])([^0-9])", r" \1 \2"),  # unless it is before a digit
        (r"([0-9])(-)", r"\1 \2 "),  # a dash after a digit
    )
)
_MARKS = re.compile(r"[\.,\?:;!\"\(\)]")
_ASIAN_MARKS = (
    re.compile("([\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb])"),
    re.compile("([\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09])"),
)
_ASIAN_LETTERS = tuple(
    re.compile(f"([{letters}])")
    for letters in (
        "\u4e00-\u9fff\u3400-\u4dbf",  # ideographs
        "\u31c0-\u31ef\u2e80-\u2eff",  # strokes and radicals
        "\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f",  # compatibility forms
        "\u3200-\u3f22",  # enclosed letters and months
    )
)
# Hiragana, katakana and its extensions. As in Tercom, only a text of nothing else is matched.
_KANA = tuple(
    re.compile(f"(^|^[{letters}])([{letters}]+)(?=$|^[{letters}])")
    for letters in ("\u3040-\u309f", "\u30a0-\u30ff", "\u31f0-\u31ff")
)


class TercomTokenizer(NamedTuple):
    """Splits a text into words.

    Attributes:
        normalize: Whether to separate punctuation and to replace XML entities.
        no_punctuation: Whether to remove punctuation.
        lowercase: Whether to ignore case.
        asian_support: Whether the first two options apply to Chinese and Japanese, too.
    """

    normalize: bool
    no_punctuation: bool
    lowercase: bool
    asian_support: bool

    def words(self, text: str) -> list[str]:
        """The words of a text."""
        text = text.rstrip()
        text = text.lower() if self.lowercase else text
        if self.normalize:
            text = f" {unescaped(text.replace(chr(10) + '-', '').replace(chr(10), ' '))} "
            for pattern, replacement in _WESTERN:
                text = pattern.sub(replacement, text)
            text = _separated(text) if self.asian_support else text
        if self.no_punctuation:
            for pattern in (_MARKS, *_ASIAN_MARKS) if self.asian_support else (_MARKS,):
                text = pattern.sub("", text)
        return text.split()


def _separated(text: str) -> str:
    for pattern in _ASIAN_LETTERS:
        text = pattern.sub(r" \1 ", text)
    for pattern in _KANA:
        text = pattern.sub(r"\1 \2 ", text)
    for pattern in _ASIAN_MARKS:
        text = pattern.sub(r" \1 ", text)
    return text
