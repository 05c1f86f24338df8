"""Edit distance and longest common subsequence, a whole column of the table at once.

The differences between neighbours in the table are 1, 0 or -1, so two integers with one bit for
each row hold a column, and each step is a few operations on integers of any length.

Sources: Myers: A Fast Bit-Vector Algorithm for Approximate String Matching, 1999; Hyyrö: A
Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances, 2003; Crochemore,
Iliopoulos, Pinzon, Reid: A Fast and Practical Bit-Vector Algorithm for the Longest Common
Subsequence Problem, 2001.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

Items = Sequence[Hashable]


class Column(NamedTuple):
    """A column of the table of edit distances; bit `i` is about row `i + 1`.

    Attributes:
        rises: Where the distance is one more than in the row above.
        falls: Where it is one less.
        keeps: Where it is the one of the row above in the previous column.
        grows: Where it is one more than in the previous column.
    """

    rises: int
    falls: int
    keeps: int = 0
    grows: int = 0


def positions(items: Items) -> dict[Hashable, int]:
    """For each item the positions where it occurs, as the bits of an integer."""
    found: dict[Hashable, int] = {}
    bit = 1
    for item in items:
        found[item] = found.get(item, 0) | bit
        bit <<= 1
    return found


def columns(found: dict[Hashable, int], size: int, items: Items) -> list[Column]:
    """The columns of the table, one for each item.

    Args:
        found: The positions of the items of the other sequence, along the rows.
        size: The length of the other sequence.
        items: The sequence along the columns.
    """
    full = (1 << size) - 1
    rises, falls = full, 0
    result = []
    for item in items:
        equal = found.get(item, 0)
        keeps = ((((equal & rises) + rises) ^ rises) | equal | falls) & full
        grows = falls | (full ^ (keeps | rises))
        shrinks = keeps & rises
        from_left = ((grows << 1) | 1) & full
        rises = ((shrinks << 1) & full) | (full ^ (keeps | from_left))
        falls = keeps & from_left
        result.append(Column(rises, falls, keeps, grows))
    return result


def last_distance(
    found: dict[Hashable, int],
    size: int,
    items: Items,
    first: Column | None = None,
    skipped: int = 0,
) -> int:
    """The edit distance of two sequences; it takes less time than `columns`.

    Args:
        found: The positions of the items of the other sequence, along the rows.
        size: The length of the other sequence.
        items: The sequence along the columns.
        first: The column to go on from; by default that of no items.
        skipped: The number of items up to that column.
    """
    full = (1 << size) - 1
    rises, falls = (full, 0) if first is None else first[:2]
    for item in items:  # as in `columns`
        equal = found.get(item, 0)
        keeps = ((((equal & rises) + rises) ^ rises) | equal | falls) & full
        from_left = (((falls | (full ^ (keeps | rises))) << 1) | 1) & full
        rises = (((keeps & rises) << 1) & full) | (full ^ (keeps | from_left))
        falls = keeps & from_left
    return skipped + len(items) + rises.bit_count() - falls.bit_count()


def edit_distance(a: Items, b: Items) -> int:
    """The least number of insertions, deletions and substitutions that turn one into the other."""
    if a == b:
        return 0
    if len(a) < len(b):
        a, b = b, a
    return last_distance(positions(a), len(a), b) if b else len(a)


def common_ends(a: Items, b: Items) -> tuple[int, int]:
    """The lengths of the common beginning, and of the common end of the rest."""
    shorter, start = min(len(a), len(b)), 0
    while start < shorter and a[start] == b[start]:
        start += 1
    end = 0
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return start, end


def aligned(target: Items, preds: Items) -> tuple[int, int]:
    """The edit distance, and how many items are equal in an alignment of that distance.

    Of several such alignments it takes the one of rapidfuzz, and so of jiwer: without the common
    ends, and from the last items, a deletion if possible, else an insertion.
    """
    start, end = common_ends(target, preds)
    target, preds = target[start : len(target) - end], preds[start : len(preds) - end]
    hits, i, j = start + end, len(target), len(preds)
    if not i or not j:
        return i + j, hits
    table = columns(positions(target), i, preds)
    distance = j + table[-1].rises.bit_count() - table[-1].falls.bit_count()
    while i and j:
        if table[j - 1].rises >> (i - 1) & 1:
            i -= 1
            continue
        j -= 1
        if not j or not table[j - 1].falls >> (i - 1) & 1:
            i -= 1
            hits += target[i] == preds[j]
    return distance, hits


def _unmatched(a: Items, b: Items) -> list[int]:
    """For each item of `b`, where the length of the common subsequence does not grow along `a`."""
    found, full = positions(a), (1 << len(a)) - 1
    rest, result = full, []
    for item in b:
        both = rest & found.get(item, 0)
        rest = ((rest + both) | (rest - both)) & full
        result.append(rest)
    return result


def common_length(a: Items, b: Items) -> int:
    """The length of the longest common subsequence."""
    if len(a) < len(b):
        a, b = b, a
    return len(a) - _unmatched(a, b)[-1].bit_count() if b else 0


def common_indices(a: Items, b: Items) -> list[int]:
    """The indices in `a` of a longest common subsequence; of several, as rouge-score takes it."""
    table = _unmatched(a, b)
    i, j, indices = len(a), len(b), []
    while i and j:
        if a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            indices.append(i)
        elif table[j - 1] >> (i - 1) & 1:
            i -= 1
        else:
            j -= 1
    return indices


def weighted_distance(a: Items, b: Items, substitution_cost: int) -> int:
    """The edit distance where a substitution has a cost, and other edits cost 1."""
    if substitution_cost == 0:
        return abs(len(a) - len(b))
    if substitution_cost == 1:
        return edit_distance(a, b)
    return len(a) + len(b) - 2 * common_length(a, b)  # a deletion and an insertion cost no more
