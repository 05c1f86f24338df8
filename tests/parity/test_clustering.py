"""Metrics of clusters against those of TorchMetrics."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

# PyTorch says once that it does not check sparse tensors, which TorchMetrics makes.
pytestmark = pytest.mark.filterwarnings("ignore:Sparse invariant checks:UserWarning")

rng = np.random.default_rng(0)
N = 120
TARGET = rng.integers(0, 5, N)
CLUSTERS = [
    np.where(rng.random(N) < share, TARGET, rng.integers(0, size, N))
    for share, size in ((0.0, 5), (0.5, 8), (0.9, 3))
]
DATA = rng.normal(size=(N, 4)) + 3 * rng.normal(size=(5, 4))[TARGET]
EXTRINSIC = [
    ("adjusted_mutual_info_score", [{"average_method": m} for m in ("arithmetic", "max")]),
    ("adjusted_rand_score", [{}]),
    ("completeness_score", [{}]),
    ("fowlkes_mallows_index", [{}]),
    ("homogeneity_score", [{}]),
    ("mutual_info_score", [{}]),
    (
        "normalized_mutual_info_score",
        [{"average_method": m} for m in ("arithmetic", "geometric", "min", "max")],
    ),
    ("rand_score", [{}]),
    ("v_measure_score", [{"beta": beta} for beta in (0.5, 1.0, 2.0)]),
]
INTRINSIC = [
    ("calinski_harabasz_score", {}),
    ("davies_bouldin_score", {}),
    *(("dunn_index", {"p": p}) for p in (1, 2, 3)),
]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def peer(torch):
    return pytest.importorskip("torchmetrics.functional.clustering")


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("preds", CLUSTERS)
@pytest.mark.parametrize(
    ("name", "options"), [(name, one) for name, grid in EXTRINSIC for one in grid]
)
def test_clusters_and_classes(torch, peer, name, options, preds):
    expected = getattr(peer, name)(torch.tensor(preds), torch.tensor(TARGET), **options)
    assert_close(getattr(jm, name)(TARGET, preds, **options), expected)


@pytest.mark.parametrize(("name", "options"), INTRINSIC)
def test_data_in_clusters(torch, peer, name, options):
    expected = getattr(peer, name)(torch.tensor(DATA), torch.tensor(TARGET), **options)
    assert_close(getattr(jm, name)(DATA, TARGET, **options), expected)
