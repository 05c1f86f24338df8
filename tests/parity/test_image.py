"""Metrics of images against those of torchmetrics in float64, scikit-image and SciPy."""

import importlib

import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import metrics

pytest.importorskip("torch")

rng = np.random.default_rng(0)
TARGET = np.float32(rng.uniform(0.05, 1, size=(3, 48, 44, 3)))
PREDS = np.float32(np.clip(TARGET + 0.1 * rng.normal(size=TARGET.shape), 0.05, 1))
FUSED = {
    "preds": PREDS,
    "ms": np.float32(rng.uniform(size=(3, 24, 22, 3))),
    "pan": np.float32(rng.uniform(size=(3, 48, 44, 3))),
    "pan_lr": np.float32(rng.uniform(size=(3, 24, 22, 3))),
}


@pytest.fixture
def torch():
    pytest.importorskip("torchmetrics")
    return pytest.importorskip("torch")


@pytest.fixture
def to_torch(torch):
    return lambda x: torch.tensor(np.moveaxis(x, -1, 1).copy()).double()


def assert_close(found, expected, rtol=1e-5):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=rtol, atol=1e-7)


# For each function the options here, and there if they differ.
GRID = [
    ("peak_signal_noise_ratio", {"data_range": 1.0}, None),
    ("peak_signal_noise_ratio", {"data_range": (0.2, 0.8), "base": 2.0}, None),
    (
        "peak_signal_noise_ratio",
        {"data_range": 1.0, "axis": (1, 2, 3)},
        {"data_range": 1.0, "dim": (1, 2, 3)},
    ),
    (
        "peak_signal_noise_ratio",
        {"data_range": 1.0, "axis": (1, 2, 3), "reduction": "sum"},
        {"data_range": 1.0, "dim": (1, 2, 3), "reduction": "sum"},
    ),
    ("structural_similarity_index_measure", {"data_range": 1.0}, None),
    ("structural_similarity_index_measure", {"data_range": (0.1, 0.9), "sigma": (1.0, 2.0)}, None),
    (
        "structural_similarity_index_measure",
        {"data_range": 1.0, "gaussian_kernel": False, "kernel_size": (7, 5), "k1": 0.02},
        None,
    ),
    ("structural_similarity_index_measure", {"data_range": 1.0, "reduction": "sum"}, None),
    *(
        (
            "multiscale_structural_similarity_index_measure",
            {"data_range": 1.0, "betas": (0.3, 0.4), "sigma": 1.0, "normalize": normalize},
            {
                "data_range": 1.0,
                "betas": (0.3, 0.4),
                "sigma": 1.0,
                "normalize": normalize,
                "kernel_size": 7,
            },
        )
        for normalize in ("relu", "simple", None)
    ),
    ("universal_image_quality_index", {}, None),
    ("universal_image_quality_index", {"kernel_size": (9, 9), "sigma": (2.0, 1.0)}, None),
    ("spectral_angle_mapper", {}, None),
    *(("spatial_correlation_coefficient", {"window_size": size}, None) for size in (8, 5)),
    (
        "spatial_correlation_coefficient",
        {"high_pass_filter": ((-1, 2, -1),)},
        {"hp_filter": [[-1, 2, -1]]},
    ),
    ("error_relative_global_dimensionless_synthesis", {"ratio": 2}, None),
    *(
        ("root_mean_squared_error_using_sliding_window", {"window_size": size}, None)
        for size in (8, 7)
    ),
    *(
        (
            "relative_average_spectral_error",
            {"window_size": size, "image_shape": (48, 44, 3)},
            {"window_size": size},
        )
        for size in (8, 7)
    ),
    *(
        ("spectral_distortion_index", {"p": power, "num_channels": 3}, {"p": power})
        for power in (1, 3)
    ),
]


@pytest.mark.parametrize(("name", "ours", "theirs"), GRID)
def test_pairs_of_images(torch, to_torch, name, ours, theirs):
    import torchmetrics.functional.image as functional

    options = dict(ours if theirs is None else theirs)
    if "hp_filter" in options:
        options["hp_filter"] = torch.tensor(options["hp_filter"])
    expected = getattr(functional, name)(to_torch(PREDS), to_torch(TARGET), **options)
    if "sum" in ours.values() and "axis" not in ours:
        expected = expected.sum()
    assert_close(getattr(metrics, name)(TARGET, PREDS, **ours), expected)


def test_visual_information(to_torch):
    from torchmetrics.functional.image import visual_information_fidelity

    expected = visual_information_fidelity(to_torch(255 * PREDS), to_torch(255 * TARGET))
    assert_close(metrics.visual_information_fidelity(255 * TARGET, 255 * PREDS), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_integers(to_torch, dtype):
    from torchmetrics.functional.image import structural_similarity_index_measure

    target, preds = (dtype(255 * x) for x in (TARGET, PREDS))
    expected = structural_similarity_index_measure(
        to_torch(preds), to_torch(target), data_range=255.0
    )
    assert_close(
        metrics.structural_similarity_index_measure(target, preds, data_range=255), expected
    )


def test_volumes(to_torch):
    from torchmetrics.functional.image import structural_similarity_index_measure

    target, preds = (x[:2, :14, :16].reshape(2, 14, 16, 3) for x in (TARGET, PREDS))
    target, preds = (np.stack([x, x**2, x[:, ::-1]] * 5, 1) for x in (target, preds))
    expected = structural_similarity_index_measure(
        to_torch(preds), to_torch(target), data_range=1.0
    )
    assert_close(
        metrics.structural_similarity_index_measure(target, preds, data_range=1.0), expected
    )


def test_blocks(to_torch):
    from torchmetrics.functional.image import peak_signal_noise_ratio_with_blocked_effect

    blocks = np.kron(rng.uniform(size=(1, 6, 5, 1)), np.ones((1, 8, 8, 1))).astype(np.float32)
    for preds in (blocks, TARGET[:1, :, :40, 1:2]):
        target = TARGET[:1, :, :40, :1]
        expected = peak_signal_noise_ratio_with_blocked_effect(
            to_torch(preds), to_torch(target), data_range=1.0
        )
        found = metrics.peak_signal_noise_ratio_with_blocked_effect(target, preds, data_range=1.0)
        assert_close(found, expected)


def test_variation_and_gradients(to_torch):
    from torchmetrics.functional.image import image_gradients, total_variation

    for reduction in ("sum", "mean"):
        expected = total_variation(to_torch(TARGET), reduction)
        assert_close(metrics.total_variation(TARGET, reduction=reduction), expected)
    for ours, theirs in zip(
        metrics.image_gradients(TARGET), image_gradients(to_torch(TARGET)), strict=True
    ):
        assert_close(ours, np.moveaxis(np.asarray(theirs), 1, -1))


@pytest.mark.parametrize("order", [1, 2])
def test_pan_sharpening(to_torch, order):
    import torchmetrics.functional.image as functional

    theirs = [to_torch(FUSED[name]) for name in ("preds", "ms", "pan", "pan_lr")]
    expected = functional.spatial_distortion_index(*theirs, norm_order=order)
    found = metrics.spatial_distortion_index(**FUSED, num_channels=3, norm_order=order)
    assert_close(found, expected)
    options = {"alpha": 2.0, "beta": 0.5, "norm_order": order}
    expected = functional.quality_with_no_reference(*theirs, **options)
    assert_close(metrics.quality_with_no_reference(**FUSED, num_channels=3, **options), expected)


def test_scikit_image():
    skimage = pytest.importorskip("skimage.metrics")
    each = [
        skimage.structural_similarity(
            np.float64(t),
            np.float64(p),
            channel_axis=-1,
            data_range=1.0,
            gaussian_weights=True,
            use_sample_covariance=False,
        )
        for t, p in zip(TARGET, PREDS, strict=True)
    ]
    ssim = metrics.StructuralSimilarityIndexMeasure(data_range=1.0, padding="valid")
    assert_close(ssim.values(TARGET, PREDS), each)
    expected = skimage.peak_signal_noise_ratio(
        np.float64(TARGET), np.float64(PREDS), data_range=1.0
    )
    assert_close(metrics.peak_signal_noise_ratio(TARGET, PREDS, data_range=1.0), expected)


REAL = np.float32(rng.normal(size=(60, 12)) @ rng.normal(size=(12, 12)))
GENERATED = np.float32(rng.normal(size=(50, 12)) @ rng.normal(size=(12, 12)) + 0.3)


@pytest.fixture
def identity(torch):
    class Identity(torch.nn.Module):
        num_features = 12

        def forward(self, x):
            return x

    return Identity()


@pytest.mark.parametrize("offset", [0, 1000])
def test_frechet_distance(torch, identity, offset):
    from torchmetrics.image.fid import FrechetInceptionDistance

    theirs = FrechetInceptionDistance(identity)
    ours = metrics.FrechetInceptionDistance(num_features=12)
    for features, real in ((REAL, True), (GENERATED, False)):
        moved = np.float32(features + offset)
        theirs.update(torch.tensor(moved).double(), real=real)
        for part in np.split(moved, 5):
            ours.update(images=part, real=real)
    assert_close(ours.compute(), theirs.compute())


def test_frechet_distance_with_more_features_than_images(torch, identity):
    from torchmetrics.image.fid import FrechetInceptionDistance

    theirs = FrechetInceptionDistance(identity)
    ours = metrics.FrechetInceptionDistance(num_features=12)
    for features, real in ((REAL[:8], True), (GENERATED[:6], False)):
        theirs.update(torch.tensor(features).double(), real=real)
        ours.update(images=features, real=real)
    assert_close(ours.compute(), theirs.compute())


@pytest.mark.parametrize("options", [{}, {"degree": 2, "gamma": 0.5, "coef": 2.0}])
def test_kernel_distance(torch, options):
    from torchmetrics.image.kid import poly_mmd

    ours = metrics.KernelInceptionDistance(
        num_features=12, capacity=50, subset_size=50, subsets=1, **options
    )
    ours.update(images=REAL[:50], real=True).update(images=GENERATED, real=False)
    given = [torch.tensor(x).double() for x in (REAL[:50], GENERATED)]
    assert_close(ours.compute()["mean"], poly_mmd(*given, **options))


@pytest.mark.parametrize("threshold", [0.1, 0.9])
def test_memorization(torch, identity, threshold):
    from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

    theirs = MemorizationInformedFrechetInceptionDistance(identity, cosine_distance_eps=threshold)
    ours = metrics.MemorizationInformedFrechetInceptionDistance(
        num_features=12, capacity=60, cosine_distance_eps=threshold
    )
    for features, real in ((REAL, True), (GENERATED, False)):
        # The other way round: there the mean is over the real images.
        theirs.update(torch.tensor(features).double(), real=not real)
        ours.update(images=features, real=real)
    assert_close(ours.compute(), theirs.compute())


@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save:UserWarning")
@pytest.mark.filterwarnings("ignore:std:UserWarning")
def test_inception_score(torch, identity):
    from torchmetrics.image.inception import InceptionScore

    theirs = InceptionScore(identity, splits=1)
    theirs.update(torch.tensor(REAL).double())
    found = metrics.inception_score(REAL, num_features=12, splits=1)
    assert_close(found["mean"], theirs.compute()[0])


CHANNELS = (64, 192, 384, 256, 256)


def test_perceptual_similarity(torch, to_torch, monkeypatch):
    from torchmetrics.functional.image import lpips as theirs

    sizes = (3, *CHANNELS)
    kernels = [
        np.float32(rng.normal(size=pair) / np.sqrt(pair[0]))
        for pair in zip(sizes, CHANNELS, strict=False)
    ]

    class Network(torch.nn.Module):
        def __init__(self, **options):
            super().__init__()

        def forward(self, x):
            maps = []
            for kernel in kernels:
                x = torch.relu(torch.einsum("nchw,cd->ndhw", x, torch.tensor(kernel).to(x)))
                maps.append(x)
            return maps

    def maps_of(images):
        maps = []
        for kernel in kernels:
            images = jnp.maximum(jnp.matmul(images, kernel, precision="highest"), 0)
            maps.append(images)
        return maps

    monkeypatch.setattr(theirs, "Alexnet", Network)
    torch.manual_seed(0)
    network = theirs._LPIPS(pretrained=False, net="alex").double()
    weights = [np.asarray(lin.model[-1].weight)[0, :, 0, 0] for lin in network.lins]
    small = [x[:, :12, :10] for x in (TARGET, PREDS)]
    for normalize in (False, True):
        expected = network(*map(to_torch, small), normalize=normalize).squeeze()
        metric = metrics.LearnedPerceptualImagePatchSimilarity(
            feature=maps_of, weights=weights, normalize=normalize
        )
        assert_close(metric.values(*small), expected.detach(), rtol=2e-5)


def test_structure_and_texture(torch, to_torch, monkeypatch):
    from torchmetrics.functional.image.dists import DISTSNetwork

    network = DISTSNetwork.__new__(DISTSNetwork)
    torch.nn.Module.__init__(network)
    network.chns = [3, 3]
    alpha, beta = rng.uniform(size=(2, 6))
    network.alpha, network.beta = (
        torch.nn.Parameter(torch.tensor(x).view(1, -1, 1, 1)) for x in (alpha, beta)
    )
    monkeypatch.setattr(DISTSNetwork, "forward_once", lambda self, x: [x, x[..., ::2, ::2] ** 2])
    expected = network(to_torch(PREDS), to_torch(TARGET)).detach()
    metric = metrics.DeepImageStructureAndTextureSimilarity(
        feature=lambda x: [x[:, ::2, ::2] ** 2],
        alpha=[alpha[:3], alpha[3:]],
        beta=[beta[:3], beta[3:]],
    )
    assert_close(metric.values(TARGET, PREDS), expected)


@pytest.mark.parametrize("method", ["lerp", "slerp_any", "slerp_unit"])
def test_path_length(torch, monkeypatch, method):
    module = "torchmetrics.functional.image.perceptual_path_length"
    theirs = importlib.import_module(module)
    monkeypatch.setattr(theirs, "_TORCHVISION_AVAILABLE", True)
    latents = rng.normal(size=(2, 40, 6))

    class Generator(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.given = iter(latents)

        def sample(self, number):
            return torch.tensor(next(self.given))

        def forward(self, z):
            return 127.5 * (z**2 + 1)

    class Distance(torch.nn.Module):
        def forward(self, first, second):
            return ((first - second) ** 2).sum(-1)

    options = {"epsilon": 0.1, "interpolation_method": method}
    mean, std, _ = theirs.perceptual_path_length(
        Generator(), num_samples=40, sim_net=Distance(), **options
    )
    found = metrics.perceptual_path_length(
        *latents,
        generator=lambda z: z**2,
        distance=lambda first, second: ((first - second) ** 2).sum(-1),
        capacity=40,
        **options,
    )
    assert_close([found["mean"], found["std"]], [mean, std], rtol=2e-5)
