"""The edits of the translation edit rate: edits of words, and shifts of sequences of words.

It follows Tercom, as sacrebleu does: the search for shifts is greedy and restricted, and the edit
distance is that within a band along the diagonal of the table.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from jax_metrics.metrics.text._edits import Column, columns, last_distance, positions

_LONGEST_SHIFT = 10
_FARTHEST_SHIFT = 50
_MOST_CANDIDATES = 1000
_BAND = 25

Words = list[str]
Rows = list[list[float]]


class Shift(NamedTuple):
    """A sequence of words of the prediction, and where to move it."""

    start: int
    length: int
    goal: int

    def applied(self, words: Words) -> Words:
        """The words in their new order."""
        start, length, goal = self
        moved, rest = words[start : start + length], words[:start] + words[start + length :]
        # A goal after the sequence counts the words of the sequence, too.
        at = goal - length if goal > start + length else goal
        return rest[:at] + moved + rest[at:]


class Alignment(NamedTuple):
    """How the words of a prediction are aligned with those of a reference.

    Attributes:
        last: For each word of the reference the last word of the prediction up to it, or -1.
        wrong_target: For each word of the reference whether it is edited.
        wrong: For each word of the prediction whether it is edited.
    """

    last: list[int]
    wrong_target: list[bool]
    wrong: list[bool]


def translation_edits(preds: Words, target: Words) -> int:
    """The number of edits and shifts that turn a prediction into a reference."""
    if not target:
        return len(preds)
    table = _Table(target)
    shifts, candidates = 0, 0
    while True:
        table.align(preds)
        best: tuple[tuple[float, ...], Words] | None = None
        for shift in _shifts(preds, target, table.alignment()) if table.distance else ():
            shifted = shift.applied(preds)
            gain = table.distance - table.distance_of(shifted, min(shift.start, shift.goal))
            rank = (gain, shift.length, -shift.start, -shift.goal)
            if best is None or rank > best[0]:
                best = rank, shifted
            candidates += 1
            if candidates >= _MOST_CANDIDATES:
                return shifts + table.distance
        if best is None or best[0][0] <= 0:
            return shifts + table.distance
        shifts, preds = shifts + 1, best[1]


def _shifts(preds: Words, target: Words, alignment: Alignment) -> Iterator[Shift]:
    """The shifts to try: of wrong words that are the same as wrong words of the reference."""
    last, wrong_target, wrong = alignment
    places: dict[str, list[int]] = {}
    for j, word in enumerate(target):
        places.setdefault(word, []).append(j)
    for i, word in enumerate(preds):
        for j in places.get(word, ()):
            if abs(j - i) > _FARTHEST_SHIFT:
                continue
            longest = min(_LONGEST_SHIFT, len(preds) - i, len(target) - j)
            for length in range(1, longest + 1):
                if preds[i + length - 1] != target[j + length - 1]:
                    break
                if not any(wrong[i : i + length]) or not any(wrong_target[j : j + length]):
                    continue
                if i <= last[j] < i + length:
                    continue  # within itself
                before = -1
                for k in range(j - 1, j + length):
                    goal = 0 if k < 0 else last[k] + 1
                    if goal != before:
                        yield Shift(i, length, goal)
                    before = goal


class _Table:
    """The table of edit distances of predictions, aligned one after the other, and a reference.

    A column with the bits of its differences is much faster than the numbers of a band, and the
    same if the band has the shortest path; see `_fits`.
    """

    distance: int

    def __init__(self, target: Words):
        self.target, self.found = target, positions(target)

    def align(self, preds: Words) -> None:
        """Fills the table for a prediction."""
        self.preds = preds
        self.columns: list[Column] = columns(self.found, len(self.target), preds)
        self.rows: Rows = []
        self.distance = self.distance_of(preds, len(preds))
        if not self._fits(self.distance, len(preds)):
            self.rows = self._band(preds, [])

    def distance_of(self, preds: Words, same: int) -> int:
        """The distance of a prediction of the same length, whose first words are the same."""
        first = self.columns[same - 1] if same else None
        rest = preds[same:]
        distance = last_distance(self.found, len(self.target), rest, first, same)
        if self._fits(distance, len(preds)):
            return distance
        return int(self._band(preds, self.rows[: same + 1])[-1][-1])

    def _fits(self, distance: int, length: int) -> bool:
        """Whether a path of this distance cannot leave the band."""
        size = len(self.target)
        return size < _BAND or distance + abs(size - length) + 1 < _BAND

    def _band(self, preds: Words, rows: Rows) -> Rows:
        """The rows of distances within the band, one for each word of the prediction."""
        target, size = self.target, len(self.target)
        rows = list(rows) or [[float(j) for j in range(size + 1)]]
        slope = size / len(preds) if preds else 1.0
        width = max(_BAND, math.ceil(slope / 2 + _BAND)) if slope / 2 > _BAND else _BAND
        for i in range(len(rows), len(preds) + 1):
            middle, word, above = math.floor(i * slope), preds[i - 1], rows[-1]
            end = size + 1 if i == len(preds) else min(size + 1, middle + width)
            row = [math.inf] * (size + 1)
            value = math.inf
            for j in range(max(0, middle - width), end):
                if j == 0:
                    value = above[0] + 1
                else:
                    value = min(above[j - 1] + (word != target[j - 1]), above[j] + 1, value + 1)
                row[j] = value
            rows.append(row)
        return rows

    def alignment(self) -> Alignment:
        """The alignment: of several the one that replaces, else deletes, else inserts last."""
        preds, target = self.preds, self.target
        i, j = len(preds), len(target)
        last, wrong_target, wrong = [0] * j, [False] * j, [False] * i
        while i or j:
            equal = bool(i and j) and preds[i - 1] == target[j - 1]
            if i and j and (equal or self._replaces(i, j)):
                last[j - 1] = i - 1
                wrong[i - 1] = wrong_target[j - 1] = not equal
                i, j = i - 1, j - 1
            elif i and (not j or self._deletes(i, j)):
                wrong[i - 1] = True
                i -= 1
            else:
                last[j - 1], wrong_target[j - 1] = i - 1, True
                j -= 1
        return Alignment(last, wrong_target, wrong)

    def _replaces(self, i: int, j: int) -> bool:
        """Whether the last of `i` and of `j` different words are replaced in a shortest path."""
        if self.rows:
            return self.rows[i - 1][j - 1] + 1 == self.rows[i][j]
        return not self.columns[i - 1].keeps >> (j - 1) & 1

    def _deletes(self, i: int, j: int) -> bool:
        """Whether the last of `i` words of the prediction is deleted in a shortest path."""
        if self.rows:
            return self.rows[i - 1][j] + 1 == self.rows[i][j]
        return bool(self.columns[i - 1].grows >> (j - 1) & 1)
