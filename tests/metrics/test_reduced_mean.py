"""`reduction="none"` and the scores of sentences: each value is that of its example alone."""

import jax
import numpy as np
import pytest
from text_encoder import encoder, tokenizer

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
IMAGES = {
    "target": np.float32(rng.uniform(0.1, 1, (4, 24, 24, 3))),
    "preds": np.float32(rng.uniform(0.1, 1, (4, 24, 24, 3))),
}
SIGNALS = {name: x.reshape(4, 3, -1)[..., :60] for name, x in IMAGES.items()}
LARGE = {name: np.tile(x[:2], (1, 2, 2, 1)) for name, x in IMAGES.items()}
POINTS = {name: x[:, :5, :3, 0] for name, x in IMAGES.items()}


def maps(images):
    return images, images[:, ::2, ::2] ** 2


def opinions(signal, fs):
    return [signal.mean(), signal.max(), signal.min(), signal[0], signal[1]]


OF_IMAGES = [
    (jm.peak_signal_noise_ratio, {"data_range": 1.0, "axis": (1, 2, 3)}),
    (jm.structural_similarity_index_measure, {"data_range": 1.0}),
    (
        jm.multiscale_structural_similarity_index_measure,
        {"data_range": 1.0, "betas": (0.5, 0.5), "sigma": 0.5},
    ),
    (jm.universal_image_quality_index, {}),
    (jm.spectral_angle_mapper, {}),
    (jm.spatial_correlation_coefficient, {}),
    (jm.error_relative_global_dimensionless_synthesis, {}),
    (jm.root_mean_squared_error_using_sliding_window, {}),
    (jm.learned_perceptual_image_patch_similarity, {"feature": maps, "normalize": True}),
    (jm.deep_image_structure_and_texture_similarity, {"feature": maps}),
]
OF_SIGNALS = [
    (jm.signal_noise_ratio, {}),
    (jm.scale_invariant_signal_distortion_ratio, {}),
    (jm.scale_invariant_signal_noise_ratio, {}),
    (jm.signal_distortion_ratio, {"filter_length": 4}),
]
QUICK = {
    jm.peak_signal_noise_ratio,
    jm.spectral_angle_mapper,
    jm.signal_noise_ratio,
}


def cases():
    for given, functions in ((IMAGES, OF_IMAGES), (SIGNALS, OF_SIGNALS)):
        for function, options in functions:
            marks = () if function in QUICK else pytest.mark.slow
            yield pytest.param(function, given, options, marks=marks, id=function.__name__)
    speakers = {name: x[:, :2] for name, x in SIGNALS.items()}
    spectra = {name: x[:, :2].reshape(4, 2, 10, 3, 2) for name, x in SIGNALS.items()}
    for function, inputs in (
        (jm.visual_information_fidelity, LARGE),
        (jm.source_aggregated_signal_distortion_ratio, speakers),
        (jm.complex_scale_invariant_signal_noise_ratio, {n: x[:, 0] for n, x in spectra.items()}),
        (jm.procrustes_disparity, POINTS),
    ):
        yield pytest.param(function, inputs, {}, marks=pytest.mark.slow, id=function.__name__)


def pieces(given, axes):
    """Each example alone: the leading axes but the last ones, flattened."""
    flat = {name: x.reshape(-1, 1, *x.shape[x.ndim - axes :]) for name, x in given.items()}
    return [{name: x[i] for name, x in flat.items()} for i in range(len(flat["target"]))]


@pytest.mark.slow
@pytest.mark.parametrize(("function", "given", "options"), list(cases()))
def test_each_value_is_that_of_the_example_alone(function, given, options):
    axes = 1 if given is SIGNALS else given["target"].ndim - 1
    each = function(**given, **options, reduction="none")
    expected = [function(**one, **options) for one in pieces(given, axes)]
    np.testing.assert_allclose(each, expected, rtol=2e-5, atol=1e-6)
    total = function(**given, **options, reduction="sum")
    np.testing.assert_allclose(each.sum(), total, rtol=1e-5)


def test_complex_spectra_are_counted_without_an_axis_of_parts():
    spectra = rng.normal(size=(2, 3, 4, 5)) + 1j * rng.normal(size=(2, 3, 4, 5))
    each = jm.complex_scale_invariant_signal_noise_ratio(spectra, spectra + 0.1, reduction="none")
    assert each.shape == (6,)
    assert np.isfinite(each).all()


@pytest.mark.slow
def test_images_alone():
    images = IMAGES["target"]
    each = jm.total_variation(images, reduction="none")
    np.testing.assert_allclose(each, [jm.total_variation(x[None]) for x in images], rtol=1e-6)
    options = {
        "encoder": lambda images: images.mean((1, 2)),
        "regressor": lambda features: features.sum(-1),
    }
    each = jm.arniqa(images, reduction="none", **options)
    np.testing.assert_allclose(each.mean(), jm.arniqa(images, **options), rtol=1e-5)
    assert each.shape == (4,)


@pytest.mark.slow
def test_several_values_of_each_signal():
    signals = SIGNALS["target"]
    options = {"fs": 8000, "model": opinions}
    each = jm.non_intrusive_speech_quality_assessment(signals, reduction="none", **options)
    assert list(each) == ["mos", "noisiness", "discontinuity", "coloration", "loudness"]
    np.testing.assert_allclose(each["mos"], signals.reshape(12, -1).mean(1), rtol=1e-6)
    means = jm.non_intrusive_speech_quality_assessment(signals, **options)
    np.testing.assert_allclose(means["loudness"], each["loudness"].mean(), rtol=1e-6)


@pytest.mark.slow
def test_values_are_kept_across_updates_merges_and_programs():
    metric = jm.SignalNoiseRatio(reduction="none", capacity=14)
    update = jax.jit(lambda metric, mask: metric.update(**SIGNALS, mask=mask))
    mask = np.arange(12).reshape(4, 3) % 4 != 1
    metric = update(metric, mask)
    each = jm.signal_noise_ratio(**SIGNALS, reduction="none")
    kept = np.asarray(each)[mask.reshape(-1)]
    np.testing.assert_allclose(metric.compute()[:9], kept, rtol=1e-6)
    assert np.isnan(metric.compute()[9:]).all()
    merged = metric.merge_state(jm.SignalNoiseRatio(reduction="none", capacity=14))
    np.testing.assert_allclose(merged.compute()[:9], kept, rtol=1e-6)
    full = update(metric, mask)
    assert full.overflowed
    assert np.isnan(full.compute()).all()


def test_one_ratio_of_all_values_has_nothing_to_reduce():
    with pytest.raises(ValueError, match="reduction='sum' is of several ratios, but without `axis"):
        jm.PeakSignalNoiseRatio(data_range=1.0, reduction="sum")


# -- texts -----------------------------------------------------------------------------------------

TARGET = ["the cat sat on the mat", "a mat", "the cat", "on a cat"]
PREDS = ["the cat on the mat sat", "a cat", "the cat", "mat"]
ENCODED = {"tokenizer": tokenizer, "encoder": encoder}
OF_TEXTS = [
    (jm.chrf_score, {}),
    (jm.extended_edit_distance, {}),
    (jm.translation_edit_rate, {}),
    (jm.bert_score, ENCODED),
    (jm.bert_score, {**ENCODED, "baseline": (0.1, 0.2, 0.3)}),
    (
        jm.infolm,
        {**ENCODED, "mask_id": 9, "special_ids": (6, 7, 8), "information_measure": "l1_distance"},
    ),
]


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(("function", "options"), OF_TEXTS)
def test_scores_of_sentences(function, options):
    given = {**options, "return_sentence_level_score": True}
    score, each = function(TARGET, PREDS, **given)
    jax.tree.map(np.testing.assert_array_equal, score, function(TARGET, PREDS, **options))
    alone = [function([t], [p], **options) for t, p in zip(TARGET, PREDS, strict=True)]
    expected = jax.tree.map(lambda *values: np.stack(values), *alone)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6), each, expected
    )
    _, masked = function(TARGET, PREDS, mask=[True, False, True, True], **given)
    for found, all_of in zip(jax.tree.leaves(masked), jax.tree.leaves(each), strict=True):
        np.testing.assert_array_equal(found[:3], np.asarray(all_of)[[0, 2, 3]])
        assert np.isnan(found[3])


@pytest.mark.slow
def test_distances_of_strings_and_of_tokens():
    each = jm.edit_distance(TARGET, PREDS, reduction="none")
    np.testing.assert_array_equal(each, [jm.edit_distance(*x) for x in zip(TARGET, PREDS)])  # noqa: B905
    assert jm.edit_distance("mat", "cat", reduction="none").shape == (1,)
    metric = jm.EditDistance(reduction="none", capacity=3)
    assert metric.update(target=TARGET[:3], preds=PREDS[:3]).compute()[1] == each[1]
    assert not metric.overflowed
    assert metric.update(target="mat", preds="mat").overflowed
    target, preds = np.array([[1, 2, 3], [1, -1, -1]]), np.array([[2, 3], [1, 2]])
    found = jm.token_edit_distance(target, preds, pad_id=-1, reduction="none")
    np.testing.assert_array_equal(found, [1, 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.EditDistance(reduction="none"), "keeps the value of each example and needs a"),
        (lambda: jm.TokenEditDistance(capacity=3), "so leave the capacity out"),
        (lambda: jm.CHRFScore(return_sentence_level_score=True), "and needs a capacity"),
        (lambda: jm.CHRFScore(capacity=3), "return_sentence_level_score=False. got capacity=3"),
    ],
)
def test_a_capacity_is_needed_just_where_values_are_kept(make, message):
    with pytest.raises(ValueError, match=message):
        make()
