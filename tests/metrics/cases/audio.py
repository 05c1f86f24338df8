"""Metrics of sounds, with references in NumPy and SciPy."""

import sys
import types

import numpy as np
from networks import opinions_of
from scipy.linalg import solve_toeplitz

from jax_metrics.metrics import (
    ComplexScaleInvariantSignalNoiseRatio,
    DeepNoiseSuppressionMeanOpinionScore,
    NonIntrusiveSpeechQualityAssessment,
    PerceptualEvaluationSpeechQuality,
    PermutationInvariantTraining,
    ScaleInvariantSignalDistortionRatio,
    ScaleInvariantSignalNoiseRatio,
    ShortTimeObjectiveIntelligibility,
    SignalDistortionRatio,
    SignalNoiseRatio,
    SourceAggregatedSignalDistortionRatio,
    SpeechReverberationModulationEnergyRatio,
)

rng = np.random.default_rng(0)
TARGET = rng.normal(size=(8, 2, 40)).astype(np.float32)
PREDS = (0.8 * TARGET + 0.3 * rng.normal(size=TARGET.shape) + 0.1).astype(np.float32)
SIGNALS = {"target": TARGET[:, 0], "preds": PREDS[:, 0]}
SPEAKERS = {"target": TARGET, "preds": PREDS[:, ::-1]}
SPECTRA = {name: x.reshape(8, 5, 8, 2) for name, x in {"target": TARGET, "preds": PREDS}.items()}
SHAPE = [({"preds": np.zeros((8, 41))}, ValueError, "must have the same shape")]


def of_signals(values):
    """The reference of a metric with one value for each example."""

    def reference(target, preds, sample_weight=None):
        target, preds = np.float64(target), np.float64(preds)
        return np.average(values(target, preds), weights=sample_weight)

    return reference


def ratio(signal, noise, axes=-1):
    return 10 * np.log10((signal**2).sum(axes) / (noise**2).sum(axes))


def snr(target, preds):
    return ratio(target, target - preds)


def si_sdr(target, preds, axes=-1):
    scale = (target * preds).sum(axes, keepdims=True) / (target**2).sum(axes, keepdims=True)
    return ratio(scale * target, scale * target - preds, axes)


def si_snr(target, preds):
    return si_sdr(*(x - x.mean(-1, keepdims=True) for x in (target, preds)))


def of_spectra(target, preds):
    return si_sdr(target.reshape(8, -1), preds.reshape(8, -1))


def sa_sdr(target, preds):
    return si_sdr(target, preds, (-2, -1))


def sdr(target, preds):
    values = []
    for t, p in zip(target, preds, strict=True):
        t, p = t / np.linalg.norm(t), p / np.linalg.norm(p)
        own, cross = (np.correlate(x, t, "full")[len(t) - 1 :][:6] for x in (t, p))
        explained = cross @ solve_toeplitz(own, cross)
        values.append(10 * np.log10(explained / (1 - explained)))
    return np.array(values)


def best_order(target, preds):
    return np.maximum(*(snr(target, x).mean(1) for x in (preds, preds[:, ::-1])))


def fake(name, **members):
    """Puts a module in place of a package that is large, or has to be compiled."""
    module = types.ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


# The tests of the packages themselves are those of parity; here their values are simple.
fake("pesq", pesq=lambda fs, target, preds, mode: np.corrcoef(target, preds)[0, 1])
fake("pystoi", stoi=lambda target, preds, fs, extended: np.corrcoef(target, preds)[0, 1])
fake("srmrpy", srmr=lambda signal, fs, **settings: (abs(signal).mean(), None))
fake("speechmos")
fake(
    "speechmos.dnsmos",
    run=lambda signal, fs, model_type: dict(
        p808_mos=signal.mean(), sig_mos=signal.max(), bak_mos=signal.min(), ovrl_mos=signal.std()
    ),
)


def correlations(target, preds):
    pairs = zip(target, preds, strict=True)
    return np.array([np.corrcoef(t, p)[0, 1] for t, p in pairs])


def alone(value, sample_weight=None):
    return {name: np.average(column, weights=sample_weight) for name, column in value.items()}


def dnsmos(values, sample_weight=None):
    columns = dict(
        p808_mos=values.mean(1), mos_sig=values.max(1), mos_bak=values.min(1), mos_ovr=values.std(1)
    )
    return alone(columns, sample_weight)


def nisqa(values, sample_weight=None):
    return alone(
        {
            "mos": values.mean(1),
            "noisiness": values.max(1),
            "discontinuity": values.min(1),
            "coloration": values.std(1),
            "loudness": abs(values).mean(1),
        },
        sample_weight,
    )


def modulation(values, sample_weight=None):
    return np.average(abs(values).mean(1), weights=sample_weight)


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        "sharded": False,
        **options,
    }


ALONE = {"values": TARGET[:, 0]}
NO_SIGNAL = [({"target": 1.0, "preds": 1.0}, ValueError, "Signals must be [..., time]")]

CASES = [
    case(SignalNoiseRatio(), SIGNALS, of_signals(snr), SHAPE + NO_SIGNAL, sharded=True),
    case(ScaleInvariantSignalDistortionRatio(), SIGNALS, of_signals(si_sdr), SHAPE),
    case(ScaleInvariantSignalNoiseRatio(), SIGNALS, of_signals(si_snr), SHAPE),
    case(
        ComplexScaleInvariantSignalNoiseRatio(),
        SPECTRA,
        of_signals(of_spectra),
        [(SIGNALS, ValueError, "must be complex, [..., frequency, time]")],
    ),
    case(
        SourceAggregatedSignalDistortionRatio(),
        {"target": TARGET, "preds": PREDS},
        of_signals(sa_sdr),
        [({"target": np.ones(8), "preds": np.ones(8)}, ValueError, "[..., speakers, time]")],
    ),
    case(SignalDistortionRatio(filter_length=6), SIGNALS, of_signals(sdr), SHAPE),
    case(
        PermutationInvariantTraining(metric_func=SignalNoiseRatio()),
        SPEAKERS,
        of_signals(best_order),
        [({"target": np.ones(8), "preds": np.ones(8)}, ValueError, "[batch, speakers, ...]")],
    ),
    case(PerceptualEvaluationSpeechQuality(fs=16000, mode="wb"), SIGNALS, of_signals(correlations)),
    case(ShortTimeObjectiveIntelligibility(fs=10000), SIGNALS, of_signals(correlations), SHAPE),
    case(SpeechReverberationModulationEnergyRatio(fs=16000), ALONE, modulation),
    case(NonIntrusiveSpeechQualityAssessment(fs=16000, model=opinions_of), ALONE, nisqa),
    case(DeepNoiseSuppressionMeanOpinionScore(), ALONE, dnsmos),
]

# These share the base and its state with `SignalNoiseRatio`.
SIBLINGS = {type(one["metric"]) for one in CASES} - {SignalNoiseRatio}
