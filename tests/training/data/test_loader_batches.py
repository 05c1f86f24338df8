"""Batches of loaders that have a state of their own, or fill one buffer again and again."""

import itertools
import json

import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.training import batches
from jax_metrics.training.loop import groups

N = 10
PARTS = [{"y": np.arange(i, min(i + 4, N))} for i in range(0, N, 4)]


def valid(batch):
    """The entries of a batch that are not padding."""
    return np.asarray(batch["y"])[np.asarray(batch["mask"])].tolist()


def endless(data):
    """The entries of batch after batch, over all epochs."""
    while True:
        yield from map(valid, data)


class Counted:
    """A loader that gives its own state, as torchdata's does."""

    epoch = at = 0

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        while self.at < len(self.parts):
            self.at += 1
            yield self.parts[self.at - 1]
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


def test_a_loader_with_a_state_dict_is_set_to_its_state():
    data = batches(Counted(PARTS), prefetch=2)
    assert valid(next(iter(data))) == [0, 1, 2, 3]
    assert data.state == {"batches": 1, "epoch": 0, "loader": {"at": 1}, "size": 4}
    resumed = batches(Counted(PARTS))
    resumed.state = data.state
    expected = [[4, 5, 6, 7], [8, 9], [0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(itertools.islice(endless(resumed), 5)) == expected


class Reordered(Counted):
    """A loader with another order in each epoch, which its state knows."""

    def __iter__(self):
        order = np.random.default_rng(self.epoch).permutation(len(self.parts))
        while self.at < len(order):
            self.at += 1
            yield self.parts[order[self.at - 1]]
        self.epoch, self.at = self.epoch + 1, 0

    def state_dict(self):
        return {"epoch": self.epoch, "at": self.at}

    def load_state_dict(self, state):
        self.epoch, self.at = state["epoch"], state["at"]


class AtItsEnd(Counted):
    """A loader whose state at the end of an epoch is that end, where it yields nothing."""

    def state_dict(self):
        return {"at": self.at or len(self.parts)}


@pytest.mark.parametrize("kind", [Counted, Reordered, AtItsEnd])
@pytest.mark.parametrize("consumed", [3, 4, 6])
def test_a_loader_with_a_state_dict_goes_on_with_the_next_epoch(kind, consumed):
    whole = list(itertools.islice(endless(batches(kind(PARTS), 4)), 12))
    data = batches(kind(PARTS), 4)
    seen = list(itertools.islice(endless(data), consumed))
    saved = json.loads(json.dumps(data.state))
    resumed = batches(kind(PARTS), 4)
    resumed.state = saved
    for continued in (data, resumed):
        assert seen + list(itertools.islice(endless(continued), 12 - consumed)) == whole
    data.state = saved
    assert next(endless(data)) == whole[consumed]


class Random(Counted):
    """A loader whose state has arrays, and is the same object all the time."""

    def __init__(self, parts):
        super().__init__(parts)
        self.state = {"at": 0, "keys": [np.arange(4, dtype=np.uint8)], "count": np.int64(0)}

    def __iter__(self):
        for part in super().__iter__():
            self.state["at"] = self.at % len(self.parts)
            self.state["keys"][0] += 1
            yield {"y": part["y"], "key": np.repeat(self.state["keys"][0][:1], len(part["y"]))}

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state, self.at = state, state["at"]


@pytest.mark.parametrize("consumed", [1, 3, 4])
def test_a_state_with_arrays_is_saved_as_plain_values(consumed, tmp_path):
    def found(data):
        return ((valid(batch), int(batch["key"][0])) for batch in itertools.chain(data, data))

    whole = list(found(batches(Random(PARTS), 4)))
    data = batches(Random(PARTS), 4)
    seen = list(itertools.islice(found(data), consumed))
    with jm.Checkpointer(tmp_path) as checkpointer:
        checkpointer.save(1, data=data.state)
        checkpointer.wait()
        resumed = batches(Random(PARTS), 4)
        resumed.state = checkpointer.restore({"data": resumed.state})["data"]
    assert seen + list(itertools.islice(found(resumed), 6 - consumed)) == whole


def refilled(count=4, size=1024):
    buffer = np.empty((size, 16), np.float32)
    for number in range(count):
        buffer[:] = number
        yield {"x": buffer}


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("once", [True, False])
def test_a_loader_may_fill_the_same_memory_with_the_next_batch(prefetch, once):
    class Refilled:
        def __iter__(self):
            return refilled()

    data = batches(refilled() if once else Refilled(), prefetch=prefetch)
    first = next(iter(data))  # and the loop ends, while others were read ahead
    found = [first, *data]
    assert [np.unique(batch["x"]).tolist() for batch in found] == [[0], [1], [2], [3]]


class FailsOnce:
    """Yields batches again and again, and fails once before one of them."""

    def __init__(self, at):
        self.at, self.failed = at, False

    def __iter__(self):
        for index in range(6):
            self.check(index)
            yield {"y": np.arange(2 * index, 2 * index + 2)}

    def check(self, index):
        if index == self.at and not self.failed:
            self.failed = True
            raise OSError("the disk is away")


class FailingIterator(FailsOnce):
    """The same, of one epoch."""

    index = -1

    def __iter__(self):
        return self

    def __next__(self):
        self.check(self.index + 1)
        self.index += 1
        if self.index == 6:
            raise StopIteration
        return {"y": np.arange(2 * self.index, 2 * self.index + 2)}


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("at", [0, 2, 4, 5])
@pytest.mark.parametrize("cls", [FailsOnce, FailingIterator])
def test_the_batches_of_a_group_that_failed_come_again(cls, at, prefetch):
    data = batches(cls(at), prefetch=prefetch)
    found = []
    with pytest.raises(OSError, match="the disk is away"):
        for group in groups(data, lambda: 4):
            found.append([valid(batch) for batch in group])
    assert data.state["batches"] == 4 * len(found)
    again = groups(data, lambda: 4)
    while sum(map(len, found)) < 6:
        found.append([valid(batch) for batch in next(again)])
    assert sum(sum(found, []), []) == list(range(12))


@pytest.mark.parametrize("make", [list, iter])
def test_a_position_behind_the_end_of_a_shorter_loader(make):
    data = batches(make(PARTS))
    list(itertools.islice(data, 2))
    shorter = batches(make(PARTS[:2]))
    shorter.state = data.state
    text = "is after 2 batches of an epoch, and the loader has no more. Give the data that it was"
    with pytest.raises(ValueError, match=text):
        next(iter(shorter))


class Draws:
    """A random generator with a state, as PyTorch's."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)

    def get_state(self):
        return self.random.get_state(legacy=False)

    def set_state(self, state):
        self.random.set_state(state)


class Shuffled:
    """A loader that shuffles each epoch with a generator, as PyTorch's."""

    def __init__(self, parts):
        self.parts, self.generator = parts, Draws(0)

    def __iter__(self):
        return iter([self.parts[i] for i in self.generator.random.permutation(len(self.parts))])


@pytest.mark.parametrize("consumed", [0, 2, 3, 7])
def test_a_loader_that_shuffles_with_a_generator(consumed):
    whole = list(itertools.islice(endless(batches(Shuffled(PARTS), 4)), 12))
    assert whole[:3] != whole[3:6]
    data = batches(Shuffled(PARTS), 4)
    first = list(itertools.islice(endless(data), consumed))
    resumed = batches(Shuffled(PARTS), 4)
    resumed.state = json.loads(json.dumps(data.state))
    for rest in (data, resumed):  # a loop that was left goes on as a new run does
        assert first + list(itertools.islice(endless(rest), 12 - consumed)) == whole


def test_a_generator_may_get_a_new_seed_between_epochs():
    loader = Shuffled(PARTS)
    data = batches(loader, 4)
    first = [valid(batch) for batch in data]
    loader.generator.random.seed(0)
    assert [valid(batch) for batch in data] == first


class Global(list):
    """A loader that shuffles with the generator of the whole program."""

    generator = None

    class sampler:  # noqa: N801
        generator = None


def test_a_loader_that_shuffles_without_a_generator_is_told():
    data = batches(Global(PARTS), 4)
    next(iter(data))
    with pytest.warns(UserWarning, match="without a `generator`: as many .* epoch, 1, but other"):
        assert len(list(data)) == 2
