"""Every metric of other libraries is here, or stands on the page that tells where it is."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import jax_metrics as jm

PAGE = Path(__file__).parents[2] / "docs/guide/metrics-coverage.md"


def names_of(section, column):
    """The names in a column of the table of a section of the page."""
    text = PAGE.read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row[column])}


LISTED = names_of("Under another name", 0) | names_of("Not here", 0)
PARTS = (
    *("aggregation", "audio", "classification", "clustering", "detection", "image", "multimodal"),
    *("nominal", "pairwise", "regression", "retrieval", "segmentation", "shape", "text", "video"),
    "wrappers",
)


def candidates(name):
    """The names that a metric may have here, by the rules of the page."""
    plain = re.sub(r"^(Binary|Multiclass|Multilabel|binary_|multiclass_|multilabel_)", "", name)
    for one in (name, plain):
        yield from (one, one.removesuffix("Score"), one.removesuffix("_score"))
        yield from (one.removesuffix("_metric"), one.removesuffix("_loss"))


def missing(names):
    known = {*dir(jm.metrics), *LISTED}
    return sorted(name for name in names if not known.intersection(candidates(name)))


def parts_of(package):
    for part in PARTS:
        try:
            yield importlib.import_module(f"{package}.{part}")
        except ModuleNotFoundError:
            continue


def test_what_takes_their_place_is_here():
    assert len(LISTED) > 100
    assert names_of("Under another name", 1) <= {*dir(jm.metrics)}


def test_torchmetrics():
    base = pytest.importorskip("torchmetrics").Metric
    classes = {
        name
        for module in parts_of("torchmetrics")
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and issubclass(cls, base)
    }
    classes |= {*importlib.import_module("torchmetrics").__all__} - {"functional"}
    functions = {name for m in parts_of("torchmetrics.functional") for name in m.__all__}
    assert len(classes) > 180 and len(functions) > 180
    assert not missing(classes | functions)


def test_keras():
    metrics = pytest.importorskip("keras").metrics
    names = {n for n, cls in vars(metrics).items() if inspect.isclass(cls)}
    assert len(names) > 40 and not missing(names)


def test_torcheval():
    metrics = pytest.importorskip("torcheval.metrics")
    functional = pytest.importorskip("torcheval.metrics.functional")
    assert not missing({*metrics.__all__, *functional.__all__})


def test_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    assert not missing(metrics.__all__)
