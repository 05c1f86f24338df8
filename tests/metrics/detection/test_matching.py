"""Matching, run-length encodings and needed counts, against plain loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.metrics.detection._coco_options import lowest_matches
from jax_metrics.metrics.detection._matching import match, rank_in_class
from jax_metrics.metrics.detection._precision_curves import _needed
from jax_metrics.metrics.detection._run_lengths import as_runs, overlap_of_runs

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


def matched_one_by_one(overlap, ignored, crowd, threshold):
    """The matches of one image, as COCO finds them: first objects that are not ignored."""
    free, found = np.ones(len(ignored), bool), []
    for row in overlap:
        best, at = threshold, -1
        for j in np.argsort(ignored, kind="stable"):
            if at >= 0 and not ignored[at] and ignored[j]:
                break
            if (free[j] or crowd[j]) and row[j] >= best:
                best, at = row[j], j
        if at >= 0:
            free[at] = False
        found.append((at >= 0, at >= 0 and ignored[at]))
    return np.array(found).T


def test_matching_is_that_of_coco():
    rng = np.random.default_rng(0)
    overlap = rng.integers(5, 21, (6, 8, 4)) / 20  # with ties, and at thresholds
    crowd = rng.random((6, 4)) < 0.2
    ignored = crowd[..., None] | (rng.random((6, 4, 2)) < 0.3)
    found = jax.jit(match)(overlap, ignored, crowd, lowest_matches(THRESHOLDS))
    for image in range(6):
        for area in range(2):
            for index, threshold in enumerate(THRESHOLDS):
                expected = matched_one_by_one(
                    overlap[image], ignored[image, :, area], crowd[image], threshold
                )
                actual = [np.asarray(x)[image, :, area, index] for x in found]
                np.testing.assert_array_equal(actual, expected)


def test_ranks_count_earlier_objects_of_the_class():
    assert rank_in_class(jnp.array([[3, 1, 3, 3, 1]])).tolist() == [[0, 0, 1, 2, 1]]


def test_recalls_are_compared_as_in_float64():
    objects = np.arange(1, 201)
    needed = jax.jit(lambda n: _needed(tuple(RECALLS.tolist()), n))(objects)
    fractions = [np.arange(n + 1) / n for n in objects]
    expected = np.stack([np.searchsorted(x, RECALLS) for x in fractions], -1)
    np.testing.assert_array_equal(needed, expected)


def test_a_threshold_above_a_fraction_is_not_reached_by_it():
    above = np.nextafter(0.75, 1)
    assert np.asarray(lowest_matches([0.75, above])).tolist() == [
        0.75,
        np.nextafter(np.float32(0.75), np.float32(1)),
    ]


def encodings():
    """The same two masks as pixels, as counts, and compressed."""
    pixels = np.zeros((2, 4, 5), bool)
    pixels[0, 1:3, 1:4] = True
    pixels[1, :, 3:] = True
    counts = [[5, 2, 2, 2, 2, 2, 5], [12, 8]]
    return pixels, counts, [b"52200000003", "<8"]


def test_run_length_encodings():
    pixels, counts, compressed = encodings()
    compressed[0] = _compressed(counts[0])
    runs = as_runs(pixels)
    for encoded in (counts, compressed):
        others = as_runs([{"size": [4, 5], "counts": one} for one in encoded])
        for one, other in zip(runs, others, strict=True):
            assert one.area == other.area
            np.testing.assert_array_equal(one.bounds, other.bounds)


def _compressed(counts):
    """The counts as text: groups of five bits, the lowest first, from the fourth on differences."""
    text = []
    for index, count in enumerate(counts):
        number = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            group, number = number & 31, number >> 5
            more = number != (-1 if group & 16 else 0)
            text.append(chr(48 + group + 32 * more))
    return "".join(text)


def test_the_overlap_of_runs_is_that_of_pixels():
    rng = np.random.default_rng(0)
    preds, target = rng.random((5, 6, 7)) < 0.5, rng.random((4, 6, 7)) < 0.5
    preds[0], target[0] = False, False
    crowd = np.array([False, False, True, False])
    common = (preds[:, None] & target).sum((2, 3))
    area = preds.sum((1, 2))[:, None]
    union = np.where(crowd, area, (preds[:, None] | target).sum((2, 3)))
    found = overlap_of_runs(as_runs(preds), as_runs(target), crowd)
    np.testing.assert_allclose(found, common / np.maximum(union, 1), rtol=1e-6)
    assert overlap_of_runs([], as_runs(target), crowd).shape == (0, 4)


def test_counts_that_are_not_those_of_the_size():
    with pytest.raises(ValueError, match=r"pixels of its size, 4 \* 5, but their sum is 21"):
        as_runs([{"size": [4, 5], "counts": [20, 1]}])
