"""n-grams of tokens or characters, and how many of them two texts have in common."""

from collections import Counter
from collections.abc import Hashable, Sequence


def ngrams(tokens: Sequence[str], n: int) -> Sequence[Hashable]:
    """The n-grams of a list of tokens, in their order."""
    return tokens if n == 1 else list(zip(*(tokens[i:] for i in range(n)), strict=False))


def substrings(text: str, n: int) -> Sequence[Hashable]:
    """The n-grams of characters of a string, in their order."""
    return [text[i : i + n] for i in range(len(text) - n + 1)]


def in_common(found: Sequence[Hashable], references: Sequence[Sequence[Hashable]]) -> int:
    """How many of the n-grams are in a reference, each at most as often as in one of them."""
    different = set(found)
    if len(different) == len(found):  # usual for n-grams of several words, and much faster
        if len(references) == 1:
            return len(different.intersection(references[0]))
        return len(different.intersection({item for one in references for item in one}))
    counts = Counter(found)
    largest = Counter(references[0])
    for reference in references[1:]:
        largest |= Counter(reference)
    return sum([min(count, largest[item]) for item, count in counts.items() if item in largest])
