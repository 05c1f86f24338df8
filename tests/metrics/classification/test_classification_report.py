"""The report and its table against those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import classification_report

from jax_metrics.metrics import ClassificationReport
from jax_metrics.metrics import classification_report as report_of

rng = np.random.default_rng(0)
TARGET, PREDS = rng.integers(0, 4, 60), rng.choice([0, 1, 2], 60)
BITS, PREDICTED = rng.integers(0, 2, (60, 3)), rng.integers(0, 2, (60, 3))
WEIGHT = rng.uniform(0.5, 2, 60)
NAMES = ["cat", "dog", "a rather long name", "cow"]


def assert_same(actual, expected):
    assert actual.keys() == expected.keys()
    for name, row in expected.items():
        if isinstance(row, dict):
            assert_same(actual[name], row)
        else:
            np.testing.assert_allclose(actual[name], row, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_classes(zero_division, weight):
    options = {"zero_division": zero_division, "sample_weight": weight}
    actual = report_of(TARGET, PREDS, num_classes=4, labels=NAMES, **options)
    expected = classification_report(TARGET, PREDS, target_names=NAMES, output_dict=True, **options)
    assert_same(actual, expected)


def test_binary():
    target, preds = BITS[:, 0], PREDICTED[:, 0]
    expected = classification_report(target, preds, target_names=["no", "yes"], output_dict=True)
    assert_same(report_of(target, preds, labels=["no", "yes"]), expected)


def test_labels():
    actual = report_of(BITS, PREDICTED, num_labels=3)
    expected = classification_report(BITS, PREDICTED, output_dict=True, zero_division=0)
    del expected["samples avg"]  # which is made of examples, not of counts
    assert_same(actual, expected)


@pytest.mark.parametrize("digits", [2, 4])
@pytest.mark.parametrize("names", [None, NAMES])
def test_table(names, digits):
    report = ClassificationReport(num_classes=4, labels=names).update(target=TARGET, preds=PREDS)
    expected = classification_report(
        TARGET, PREDS, target_names=names, digits=digits, zero_division=0
    )
    assert report.table(digits) == expected.rstrip("\n")


def test_table_of_labels():
    report = ClassificationReport(num_labels=3).update(target=BITS, preds=PREDICTED)
    expected = classification_report(BITS, PREDICTED, zero_division=0).split("\n")
    assert report.table().split("\n") == [one for one in expected if "samples" not in one][:-1]


def test_weights_in_the_table():
    report = ClassificationReport(num_classes=4)
    report.update(target=TARGET, preds=PREDS, sample_weight=np.full(60, 0.51))
    assert report.table().endswith(" 30.60")


def test_a_class_that_does_not_occur():
    actual = report_of(TARGET % 2, PREDS % 2, num_classes=3)
    assert float(actual["2"]["support"]) == 0
    expected = classification_report(TARGET % 2, PREDS % 2, output_dict=True)
    assert_same(actual["macro avg"], expected["macro avg"])


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "b"]])
def test_names_must_match(names):
    with pytest.raises(ValueError, match="labels must be 3 different names, but are"):
        ClassificationReport(num_classes=3, labels=names)


def test_a_class_is_not_named_like_a_row_of_all_classes():
    with pytest.raises(ValueError, match="labels must not be 'accuracy', 'macro avg', the name of"):
        ClassificationReport(num_classes=3, labels=["macro avg", "a", "accuracy"])
