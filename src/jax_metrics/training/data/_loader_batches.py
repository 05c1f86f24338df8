"""`LoaderBatches`: batches that another loader makes, such as grain's or PyTorch's."""

import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.training.data._batches import OTHER_DATA, Batches, counted
from jax_metrics.training.data._examples import as_examples, padded
from jax_metrics.training.data._loader_state import as_plain, from_plain
from jax_metrics.training.data._once import Once
from jax_metrics.tree import warn_user

_Position = tuple[int, int, Any]


class LoaderBatches(Batches):
    """Batches of any iterable; its position is that of the iterable, or a number to skip.

    - An iterator with `get_state` and `set_state`, as grain has them, is set to its state.
      One that is given as an iterator begins each epoch where it was when it was given.
    - So is a loader with `state_dict` and `load_state_dict`, as torchdata's. Its state at the end
      of an epoch is part of the position, because it may say which epoch follows.
    - The random generator that a DataLoader of PyTorch shuffles with is set to its state at the
      beginning of the epoch, and as many batches are skipped as were yielded.
    - Of other iterators, which yield each batch once, those that were read ahead are held.
    - Of all others, as many batches are skipped as were yielded.

    Args:
        loader: Yields batches: dicts or tuples of arrays or of tensors.
        size: The number of examples of a batch; None: that of the first one.
        drop_last: Whether to leave out batches with fewer examples.
        **options: Of `Batches`.
    """

    def __init__(self, loader: Any, size: int | None, drop_last: bool, **options: Any):
        super().__init__(**options)
        self._loader, self._size, self._drop_last = loader, size, drop_last
        self._at: _Position = (0, 0, None)
        is_iterator, has_state = hasattr(loader, "__next__"), hasattr(loader, "set_state")
        # An iterator begins each epoch where it is now, which only its state can bring back.
        self._first = as_plain(loader.get_state()) if is_iterator and has_state else None
        self._is_once = is_iterator and not (has_state or hasattr(loader, "load_state_dict"))
        self._once: Once | None = None  # of this epoch
        plain = not is_iterator and not hasattr(loader, "load_state_dict")
        self._generator = _generator_of(loader) if plain else None
        self._began: Any = None  # the state of the generator at the beginning of the epoch
        self._ended: Any = None  # the state in which the loader is since the end of an epoch

    @property
    def epoch(self) -> int:
        """How many epochs have been yielded to their end."""
        return self._at[0]

    @property
    def begun(self) -> bool:
        """Whether some batches of the current epoch have been yielded, and others have not."""
        return self._at[1] > 0

    @property
    def yields_once(self) -> bool:
        """Whether the loader is an iterator that has only one epoch."""
        # What a class in Python has as `__iter__` may begin again, which that of generators,
        # `map` and the like does not.
        return self._is_once and not inspect.isfunction(type(self._loader).__iter__)

    def _remaining(self) -> Iterator[tuple[Any, np.ndarray, _Position]]:
        epoch, done, state = self._at
        source = self._source(done, state)
        found = (before := done) > 0
        held: tuple[Any, np.ndarray, _Position] | None = None
        for batch in source:
            found = True
            done += 1
            examples = batch if self._is_once else _read(batch)
            count = len(jax.tree.leaves(examples)[0])
            size = self._size = self._size or count
            if count > size:
                raise ValueError(
                    f"Batch {done} of the loader has {count} examples, more than the {size} of a "
                    "batch. Pass its `size`; arrays that are to be split belong in a dict or tuple."
                )
            if count == 0 or (self._drop_last and count < size):
                continue
            position = (epoch, done, self._state_of(source))
            if held is not None:
                yield held
            held = padded(examples, count, size), np.arange(size) < count, position
        if not found:
            raise ValueError(
                "The loader yields no batches. A generator does so only once: pass an object that "
                "can be iterated again for each epoch, such as a DataLoader or a list."
            )
        if held is None and before:
            raise ValueError(
                f"The position is after {before} batches of an epoch, and the loader has no more. "
                f"{OTHER_DATA}"
            )
        if held is None:
            raise ValueError(
                f"Every batch of the loader has fewer than {self._size} examples, and `drop_last` "
                "leaves such out. Pass a smaller `size`, or `drop_last=False`."
            )
        self._ended = self._state_of_loader()
        yield *held[:2], (epoch + 1, 0, self._ended)  # behind it the next epoch begins

    def _common(self) -> dict[str, Any]:
        try:
            number = len(self._loader)
        except TypeError:  # not known in advance
            number = None
        return {"the number of batches": number, "`size`": self._size, "the position": self._at[:2]}

    def _source(self, done: int, state: Any) -> Any:
        """The batches of the loader from a position on."""
        if state is not None and hasattr(self._loader, "load_state_dict"):
            ended, self._ended = self._ended, None
            if state is ended:
                return iter(self._loader)
            self._loader.load_state_dict(from_plain(state))
            source = iter(self._loader)
            first = [*itertools.islice(source, 1)]
            # Some yield nothing from the end of an epoch on, and then the next epoch.
            return itertools.chain(first, source) if first else iter(self._loader)
        if self._is_once:
            self._once = self._once or Once(map(_read, self._loader))
            return self._once.since(done)
        if self._generator is not None:
            ended, self._ended = self._ended, None
            if state is not None and state is not ended:  # it may have got a new seed since
                self._generator.set_state(from_plain(state))
            self._began = as_plain(self._generator.get_state())
        source: Any = iter(self._loader)
        state = self._first if state is None and done == 0 else state
        if state is not None and hasattr(source, "set_state"):
            source.set_state(from_plain(state))
            return source
        if done and self._generator is None and hasattr(_sampler_of(self._loader), "generator"):
            warn_user(
                "The loader shuffles without a `generator`: as many batches are skipped as were "
                f"yielded in this epoch, {done}, but other ones, so that examples come twice or "
                "never. Give it one, `DataLoader(..., shuffle=True, "
                "generator=torch.Generator().manual_seed(0))`."
            )
        for _ in range(done):
            next(source, None)
        return source

    def _state_of(self, source: Any) -> Any:
        if hasattr(source, "get_state") and hasattr(source, "set_state"):
            return as_plain(source.get_state())
        return self._state_of_loader() if self._generator is None else self._began

    def _state_of_loader(self) -> Any:
        if self._generator is not None:
            return as_plain(self._generator.get_state())
        has_state = hasattr(self._loader, "load_state_dict")
        return as_plain(self._loader.state_dict()) if has_state else None

    def _epoch_of(self, position: _Position) -> int:
        return position[0]

    def _move(self, position: _Position) -> None:
        epoch, done, _ = position
        if self._once is not None:
            self._once.release(done)
            self._once = self._once if epoch == self.epoch else None
        self._at = position

    def _position(self) -> dict[str, Any]:
        epoch, done, state = self._at
        return {"batches": done, "epoch": epoch, "loader": state, "size": self._size}

    def _restore(self, state: Mapping[str, Any]) -> None:
        size = None if state["size"] is None else counted(state, "size", least=1)
        self._at = counted(state, "epoch"), counted(state, "batches"), state["loader"]
        self._size = self._size or size  # the first batch to come may be a short one
        self._ended = None


def _generator_of(loader: Any) -> Any:
    """The generator that a DataLoader of PyTorch draws the order of an epoch from, or None."""
    for owner in (_sampler_of(loader), loader):
        generator = getattr(owner, "generator", None)
        if hasattr(generator, "get_state") and hasattr(generator, "set_state"):
            return generator
    return None


def _sampler_of(loader: Any) -> Any:
    """What gives the order of a DataLoader; it has a `generator` if the order is random."""
    return getattr(loader, "sampler", None)


def _read(batch: Any) -> Any:
    """The arrays of a batch; a list of entries, as PyTorch's loader has it, is a tuple.

    They are copies, because the loader may fill the same memory with the next batch, which is read
    before this one is used.
    """
    examples, _ = as_examples(tuple(batch) if isinstance(batch, list) else batch, "batch")
    return jax.tree.map(lambda x: x.copy() if x.flags.writeable else x, examples)
