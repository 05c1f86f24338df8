"""`Once`: the batches of an iterator, which yields each only once, by their numbers."""

import collections
from collections.abc import Iterator
from typing import Any


class Once:
    """Holds the batches that were read but not released.

    So those that were put on the device ahead of time are not lost when a loop ends early.

    Args:
        iterator: The iterator.
    """

    def __init__(self, iterator: Iterator[Any]):
        self._iterator = iterator
        self._held: collections.deque[Any] = collections.deque()
        self._first = 0  # the number of the first one that is held

    def since(self, number: int) -> Iterator[Any]:
        """Yields the batches with this number and higher ones.

        Raises:
            ValueError: If it was released.
        """
        if number < self._first:
            raise ValueError(
                f"The next batch would be number {number}, counted from 0, but the iterator has "
                f"passed {self._first}, and yields each only once. Pass what can be iterated "
                "again, such as a DataLoader or a list, or make new batches of a new iterator."
            )
        while self._has(number):
            yield self._held[number - self._first]
            number += 1

    def release(self, end: int) -> None:
        """Lets go of the batches with numbers below `end`."""
        while self._first < end and self._has(self._first):
            self._held.popleft()
            self._first += 1

    def _has(self, number: int) -> bool:
        """Whether there is a batch of this number, up to which all are read."""
        while len(self._held) <= number - self._first:
            try:
                self._held.append(next(self._iterator))
            except StopIteration:
                return False
        return True
