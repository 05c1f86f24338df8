"""Batches of PyTorch's DataLoader, with the mask and the position of `jm.training.batches`."""

import itertools

import numpy as np
import pytest

from jax_metrics.training import batches

torch = pytest.importorskip("torch")
N = 10


def loader(kind):
    x, y = torch.arange(2.0 * N).reshape(N, 2), torch.arange(N)
    if kind == "tuples":
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4)
    examples = [{"x": x[i], "y": y[i]} for i in range(N)]
    return torch.utils.data.DataLoader(examples, batch_size=4)


def labels(batch):
    y, mask = (batch["y"], batch["mask"]) if isinstance(batch, dict) else batch[1:]
    return np.asarray(y)[np.asarray(mask)].tolist()


@pytest.mark.parametrize("of_sampler", [False, True])
@pytest.mark.parametrize("consumed", [0, 2, 3, 5])
def test_a_data_loader_that_shuffles_resumes_in_its_order(of_sampler, consumed):
    def shuffled():
        examples = [{"y": torch.tensor(i)} for i in range(N)]
        generator = torch.Generator().manual_seed(0)
        order = {"shuffle": True, "generator": generator}
        if of_sampler:
            order = {"sampler": torch.utils.data.RandomSampler(examples, generator=generator)}
        return batches(torch.utils.data.DataLoader(examples, batch_size=4, **order), 4)

    def first(data, count):
        return list(itertools.islice(itertools.chain.from_iterable(map(iter, [data] * 4)), count))

    whole = [labels(batch) for batch in first(shuffled(), 9)]
    data, resumed = shuffled(), shuffled()
    begun = [labels(batch) for batch in first(data, consumed)]
    resumed.state = data.state
    assert begun + [labels(batch) for batch in first(resumed, 9 - consumed)] == whole


@pytest.mark.parametrize("kind", ["tuples", "dicts"])
def test_a_data_loader_has_masks_and_resumes(kind):
    data = batches(loader(kind))
    epoch = list(data)
    assert [labels(batch) for batch in epoch] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    x = epoch[-1]["x"] if kind == "dicts" else epoch[-1][0]
    assert x.shape == (4, 2)
    assert labels(next(iter(data))) == [0, 1, 2, 3]
    resumed = batches(loader(kind), 4)
    resumed.state = data.state
    assert [labels(batch) for batch in resumed] == [[4, 5, 6, 7], [8, 9]]
