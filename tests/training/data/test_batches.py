"""`jm.training.batches`: batches of one shape, from arrays and loaders, at a saved position."""

import itertools
import json

import grain
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jax_metrics as jm
from jax_metrics.training import batches

N = 10
ARRAYS = {"x": np.arange(2.0 * N).reshape(N, 2), "y": np.arange(N)}


def valid(batch, name="y"):
    """The entries of a batch that are not padding."""
    return np.asarray(batch[name])[np.asarray(batch["mask"])].tolist()


def epochs(data, count=1):
    return [[valid(batch) for batch in data] for _ in range(count)]


def test_the_last_batch_is_padded_with_usual_values_and_masked():
    found = list(batches(ARRAYS, 4))
    assert [batch["x"].shape for batch in found] == [(4, 2)] * 3
    assert all(isinstance(batch["x"], jax.Array) for batch in found)
    assert found[-1]["y"].tolist() == [8, 9, 8, 9]
    assert found[-1]["mask"].tolist() == [True, True, False, False]
    assert found[-1]["mask"].dtype == bool
    assert [valid(batch) for batch in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 10, 16])
@pytest.mark.parametrize("drop_last", [False, True])
def test_the_length_is_the_number_of_batches(size, drop_last):
    if drop_last and size > N:
        with pytest.raises(ValueError, match="10 examples fill no batch of 16, and `drop_last`"):
            batches(ARRAYS, size, drop_last=True)
        return
    data = batches(ARRAYS, size, drop_last=drop_last)
    assert len(list(data)) == len(data)


def test_one_program_for_all_batches():
    traces = []

    @jax.jit
    def step(batch):
        traces.append(None)
        return jnp.sum(batch["x"], where=batch["mask"][:, None])

    assert sum(float(step(batch)) for batch in batches(ARRAYS, 4)) == ARRAYS["x"].sum()
    assert len(traces) == 1


def test_structures():
    x, y, mask = next(iter(batches((ARRAYS["x"], ARRAYS["y"]), 4)))
    assert (x.shape, y.shape, mask.shape) == ((4, 2), (4,), (4,))
    x, mask = next(iter(batches(jnp.arange(5.0), 4)))
    assert x.tolist() == [0, 1, 2, 3] and mask.all()
    nested = next(iter(batches({"in": {"a": ARRAYS["x"]}, "y": ARRAYS["y"]}, 4, mask_name="valid")))
    assert nested["in"]["a"].shape == (4, 2) and nested["valid"].all()


def test_an_epoch_is_a_permutation_that_follows_from_the_key():
    key = jax.random.key(3)
    first, second = epochs(batches(ARRAYS, 4, shuffle=key), 2)
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(N))
    assert first != second
    assert epochs(batches(ARRAYS, 4, shuffle=key), 2) == [first, second]
    assert epochs(batches(ARRAYS, 4, shuffle=jax.random.key_data(key)), 2) == [first, second]
    assert epochs(batches(ARRAYS, 4, shuffle=jax.random.key(4))) != [first]
    # The order must be the same in all versions of NumPy and JAX, so it is written down here.
    assert epochs(batches(ARRAYS, 10, shuffle=0)) == [[[6, 1, 0, 5, 3, 8, 7, 9, 2, 4]]]


def endless(data):
    """The entries of batch after batch, over all epochs."""
    while True:
        yield from map(valid, data)


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("prefetch", [0, 1, 5])
@pytest.mark.parametrize("drop_last", [False, True])
@given(consumed=st.integers(0, 8), seed=st.none() | st.integers(0, 3))
def test_it_resumes_with_exactly_the_next_batch(prefetch, drop_last, consumed, seed):
    data = batches(ARRAYS, 4, shuffle=seed, drop_last=drop_last, prefetch=prefetch)
    expected = list(itertools.islice(endless(data), 12))
    data = batches(ARRAYS, 4, shuffle=seed, drop_last=drop_last, prefetch=prefetch)
    seen = list(itertools.islice(endless(data), consumed))
    resumed = batches(ARRAYS, 4, shuffle=99, drop_last=drop_last)
    resumed.state = json.loads(json.dumps(data.state))
    assert seen + list(itertools.islice(endless(resumed), 12 - consumed)) == expected


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**40 + 3, 2**64 + 5])
def test_seeds_of_any_size_are_saved(seed):
    data = batches(ARRAYS, N, shuffle=seed)
    bits = np.random.MT19937(np.random.SeedSequence([seed, 0]))
    assert valid(data.peek()) == np.random.RandomState(bits).permutation(N).tolist()
    resumed = batches(ARRAYS, N)
    for words in (data.state["seed"], np.array(data.state["seed"], np.uint32), [seed]):
        resumed.state = json.loads(json.dumps(data.state)) | {"seed": words}
        assert valid(resumed.peek()) == valid(data.peek())


def test_another_size_continues_with_the_next_example():
    data = batches(ARRAYS, 4, shuffle=1)
    seen = valid(next(iter(data)))
    other = batches(ARRAYS, 3)
    other.state = data.state
    assert seen + sum(epochs(other)[0], []) == epochs(batches(ARRAYS, 10, shuffle=1))[0][0]


def test_later_changes_of_the_arrays_do_not_reach_a_batch():
    arrays = {"y": np.arange(1024)}
    batch = next(iter(batches(arrays, 1024)))
    arrays["y"][:] = 0
    assert batch["y"].tolist() == list(range(1024))


@pytest.mark.parametrize("kind", [jax.sharding.AxisType.Auto, jax.sharding.AxisType.Explicit])
def test_batches_are_sharded(kind):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(kind,))
    sharding = jax.NamedSharding(mesh, jax.P("data"))
    batch = next(iter(batches(ARRAYS, 8, sharding=sharding)))
    assert all(leaf.sharding.spec == jax.P("data") for leaf in batch.values())


class Loader:
    """Batches of a list, as any iterable has them."""

    def __init__(self, parts):
        self.parts = parts

    def __iter__(self):
        yield from self.parts


PARTS = [{"y": np.arange(i, min(i + 4, N))} for i in range(0, N, 4)]


def loaders():
    dataset = grain.MapDataset.source(np.arange(N)).map(lambda y: {"y": y})
    return {
        "list": PARTS,
        "iterable": Loader(PARTS),
        "grain map": dataset.shuffle(seed=0).batch(4),
        "grain iter": dataset.to_iter_dataset().batch(4),
        "grain loader": grain.DataLoader(
            data_source=np.arange(N),
            sampler=grain.samplers.IndexSampler(N, shuffle=True, seed=1, num_epochs=1),
            operations=[Entry(), grain.transforms.Batch(4)],
        ),
    }


class Entry(grain.transforms.Map):
    def map(self, element):
        return {"y": element}


@pytest.mark.parametrize("name", loaders())
@pytest.mark.parametrize("consumed", range(4))
def test_loaders_have_the_same_mask_and_resume(name, consumed):
    whole = list(itertools.islice(endless(batches(loaders()[name])), 6))
    assert sorted(sum(whole[:3], [])) == list(range(N))
    data = batches(loaders()[name])
    assert next(iter(data))["y"].shape == (4,)
    seen = whole[:1] + list(itertools.islice(endless(data), consumed))
    resumed = batches(loaders()[name])  # the size is in the state
    resumed.state = data.state
    assert seen + list(itertools.islice(endless(resumed), 5 - consumed)) == whole


def all_sources():
    arrays = {"arrays": lambda: batches(ARRAYS, 4, shuffle=0)}
    of_loaders = {name: lambda name=name: batches(loaders()[name]) for name in loaders()}
    iterators = {
        "iterator": lambda: batches(iter(PARTS * 2)),
        "grain iterator": lambda: batches(iter(loaders()["grain iter"])),
    }
    return {**arrays, **of_loaders, **iterators}


@pytest.mark.parametrize("name", all_sources())
def test_a_look_at_the_next_batch_does_not_move(name):
    whole = [valid(batch) for batch in all_sources()[name]()]
    data = all_sources()[name]()
    before = data.state["batches" if "batches" in data.state else "examples"]
    first = valid(data.peek())
    assert before == 0 and not data.begun
    found = []
    for batch in data:
        found.append(valid(batch))
        if len(found) < len(whole):
            assert valid(data.peek()) == whole[len(found)]
    assert (first, found) == (whole[0], whole)


def test_after_the_last_batch_the_next_one_is_that_of_the_next_epoch():
    data, other = batches(ARRAYS, 4, shuffle=0), batches(ARRAYS, 4, shuffle=0)
    seen = [(valid(batch), valid(data.peek())) for batch in data]
    expected = epochs(other, 2)
    assert [first for first, _ in seen] == expected[0]
    assert seen[-1][1] == expected[1][0]
    assert epochs(data) == expected[1:]


def numbered(count=None):
    """An iterator, which has no state and cannot be read again."""
    numbers = itertools.count() if count is None else range(count)
    return ({"y": np.full(2, number)} for number in numbers)


@pytest.mark.parametrize("prefetch", [0, 2, 5])
def test_an_iterator_loses_no_batch_when_a_loop_ends_early(prefetch):
    data = batches(numbered(), prefetch=prefetch)
    found = [int(batch["y"][0]) for _ in range(3) for batch in itertools.islice(data, 4)]
    assert found == list(range(12))


@pytest.mark.parametrize("consumed", range(4))
def test_a_new_iterator_continues_from_a_saved_position(consumed):
    data = batches(numbered())
    for _ in itertools.islice(data, consumed):
        pass
    resumed = batches(numbered())
    resumed.peek()
    resumed.state = data.state
    assert int(resumed.peek()["y"][0]) == consumed


def test_an_iterator_does_not_go_back():
    data = batches(numbered(), 2)
    before = data.state
    for _ in itertools.islice(data, 3):
        pass
    data.state = before
    with pytest.raises(ValueError, match="would be number 0, .* but the iterator has passed 3"):
        data.peek()


def test_a_loader_may_begin_again_each_time_that_it_is_iterated():
    class Restarting:
        def __iter__(self):
            self.source = iter(PARTS)
            return self

        def __next__(self):
            return next(self.source)

    data = batches(Restarting())
    assert epochs(data, 2) == [[valid(batch) for batch in batches(PARTS)]] * 2


def test_short_batches_of_a_loader_can_be_dropped():
    assert epochs(batches(Loader(PARTS), drop_last=True), 2) == [[[0, 1, 2, 3], [4, 5, 6, 7]]] * 2


def test_all_batches_of_a_loader_are_too_small():
    with pytest.raises(ValueError, match="has fewer than 5 examples, and `drop_last` leaves such"):
        list(batches(PARTS, 5, drop_last=True))


def test_a_generator_is_used_up():
    data = batches(iter(PARTS))
    assert len(epochs(data)[0]) == 3
    with pytest.raises(ValueError, match="A generator does so only once"):
        list(data)


def test_one_position_has_one_iteration():
    data = batches(ARRAYS, 2)
    first = iter(data)
    next(first)
    assert valid(next(iter(data))) == [2, 3]
    with pytest.raises(RuntimeError, match="another iteration or a new `state` has moved"):
        next(first)


def test_it_works_with_metrics_and_losses():
    metric = jm.metrics.Mean()
    for batch in batches(ARRAYS, 4):
        metric.update(values=batch["y"], mask=batch["mask"])
    assert float(metric.compute()) == 4.5
