"""Metrics of sounds against those of torchmetrics in float64, and the packages for speech."""

import sys
from pathlib import Path

import numpy as np
import pytest

from jax_metrics import metrics

pytest.importorskip("torch")

rng = np.random.default_rng(0)
TARGET = np.float32(rng.normal(size=(4, 3, 400)))
PREDS = np.float32(0.7 * TARGET + 0.2 * rng.normal(size=TARGET.shape) + 0.3)


@pytest.fixture
def torch():
    pytest.importorskip("torchmetrics")
    return pytest.importorskip("torch")


@pytest.fixture
def theirs(torch):
    import torchmetrics.functional.audio as functional

    return functional


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-5)


NAMES = [
    ("signal_noise_ratio", [{}, {"zero_mean": True}]),
    ("scale_invariant_signal_distortion_ratio", [{}, {"zero_mean": True}]),
    ("scale_invariant_signal_noise_ratio", [{}]),
    (
        "source_aggregated_signal_distortion_ratio",
        [
            {"scale_invariant": scale, "zero_mean": zero}
            for scale in (False, True)
            for zero in (False, True)
        ],
    ),
    (
        "signal_distortion_ratio",
        [{"filter_length": 64}, {"filter_length": 9, "load_diag": 0.1, "zero_mean": True}],
    ),
]


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, grid in NAMES for options in grid]
)
@pytest.mark.parametrize("noise", [1, 1e-3])
def test_signals(torch, theirs, name, options, noise):
    preds = np.float32(TARGET + noise * (PREDS - TARGET))
    given = [torch.tensor(x).double() for x in (preds, TARGET)]
    assert_close(
        getattr(metrics, name)(TARGET, preds, **options),
        getattr(theirs, name)(*given, **options).mean(),
    )


@pytest.mark.parametrize("is_complex", [False, True])
def test_spectra(torch, theirs, is_complex):
    target, preds = (x.reshape(4, 3, 20, 10, 2) for x in (TARGET, PREDS))
    given = [torch.tensor(x).double() for x in (preds, target)]
    expected = theirs.complex_scale_invariant_signal_noise_ratio(*given).mean()
    if is_complex:
        target, preds = (x[..., 0] + 1j * x[..., 1] for x in (target, preds))
    assert_close(metrics.complex_scale_invariant_signal_noise_ratio(target, preds), expected)


@pytest.mark.parametrize("eval_func", ["max", "min"])
@pytest.mark.parametrize("speakers", [2, 3, 7])
def test_speaker_wise(torch, theirs, speakers, eval_func):
    target = np.float32(rng.normal(size=(5, speakers, 100)))
    preds = np.float32(0.7 * target[:, ::-1] + 1.2 * rng.normal(size=target.shape))
    given = [torch.tensor(x).double() for x in (preds, target)]
    expected = theirs.permutation_invariant_training(
        *given, theirs.signal_noise_ratio, eval_func=eval_func
    )
    found = metrics.permutation_invariant_training(
        target, preds, metric_func=metrics.SignalNoiseRatio(), eval_func=eval_func
    )
    assert_close(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    ordered = theirs.pit_permutate(given[0], expected[1])
    assert_close(metrics.pit_permutate(preds, found[1]), ordered)


def test_permutation_wise(torch, theirs):
    given = [torch.tensor(x).double() for x in (PREDS[:, ::-1].copy(), TARGET)]
    expected = theirs.permutation_invariant_training(
        *given, theirs.source_aggregated_signal_distortion_ratio, mode="permutation-wise"
    )
    found = metrics.permutation_invariant_training(
        TARGET,
        PREDS[:, ::-1],
        metric_func=metrics.SourceAggregatedSignalDistortionRatio(),
        mode="permutation-wise",
    )
    assert_close(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def speech(rate):
    """Two seconds of noise with the rhythm of speech, and the same with more noise."""
    time = np.arange(2 * rate) / rate
    clean = np.sin(2 * np.pi * 4 * time) ** 2 * rng.normal(size=(2, time.size))
    return np.float32(clean), np.float32(clean + 0.2 * rng.normal(size=clean.shape))


@pytest.mark.parametrize("extended", [False, True])
def test_intelligibility(monkeypatch, extended):
    monkeypatch.delitem(sys.modules, "pystoi", raising=False)  # a fake one of another test
    pystoi = pytest.importorskip("pystoi")
    target, preds = speech(10000)
    expected = [
        pystoi.stoi(t, p, 10000, extended=extended)
        for t, p in zip(np.float64(target), np.float64(preds), strict=True)
    ]
    found = metrics.short_time_objective_intelligibility(target, preds, fs=10000, extended=extended)
    assert_close(found, np.mean(expected))


@pytest.mark.parametrize(("rate", "mode"), [(8000, "nb"), (16000, "nb"), (16000, "wb")])
def test_quality(monkeypatch, rate, mode):
    monkeypatch.delitem(sys.modules, "pesq", raising=False)
    pesq = pytest.importorskip("pesq")
    target, preds = speech(rate)
    expected = [pesq.pesq(rate, t, p, mode) for t, p in zip(target, preds, strict=True)]
    found = metrics.perceptual_evaluation_speech_quality(target, preds, fs=rate, mode=mode)
    assert_close(found, np.mean(expected))


POLYNOMIALS = {  # from what the network returns to opinions, of `dnsmos` and `dnsmos_personalized`
    "mos_sig": ([-0.08397278, 1.22083953, 0.0052439],
                [-0.01019296, 0.02751166, 1.19576786, -0.24348726]),
    "mos_bak": ([-0.13166888, 1.60915514, -0.39604546],
                [-0.04976499, 0.44276479, -0.1644611, 0.96883132]),
    "mos_ovr": ([-0.06766283, 1.11546468, 0.04602535],
                [-0.00533021, 0.005101, 1.18058466, -0.11236046]),
}  # fmt: skip


@pytest.mark.parametrize("personalized", [False, True])
def test_opinions(monkeypatch, personalized):
    for name in ("speechmos", "speechmos.dnsmos"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("librosa")
    dnsmos = pytest.importorskip("speechmos.dnsmos")
    clean, noisy = speech(16000)
    signals = np.tile(np.stack([clean[0], noisy[0]]), 6)[:, : 11 * 16000]
    signals *= 0.5 / abs(signals).max()
    found = metrics.deep_noise_suppression_mean_opinion_score(signals, personalized=personalized)
    kind = "dnsmos_personalized" if personalized else "dnsmos"
    expected = [dnsmos.run(one.astype(np.float64), 16000, model_type=kind) for one in signals]
    for name, key in zip(found, ("p808_mos", "sig_mos", "bak_mos", "ovrl_mos"), strict=True):
        assert_close(found[name], np.mean([one[key] for one in expected]))

    # The opinions about two windows of 9.01 seconds, one second apart, by the network itself.
    folder = "pdnsmos_models" if personalized else "dnsmos_models"
    path = Path(dnsmos.__file__).parent / folder / "sig_bak_ovr.onnx"
    network = onnxruntime.InferenceSession(str(path))
    windows = np.concatenate([signals[:, :144160], signals[:, 16000:160160]])
    raw = np.stack([network.run(None, {"input_1": one[None]})[0][0] for one in windows])
    for column, (name, both) in enumerate(POLYNOMIALS.items()):
        assert_close(found[name], np.polyval(both[personalized], raw[:, column]).mean())
