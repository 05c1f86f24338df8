"""The page on the metrics of other libraries names what is here."""

import re
from pathlib import Path

import pytest

import jax_metrics as jm

PAGE = Path(__file__).parents[2] / "docs/guide/metrics-coverage.md"
CODE = re.compile(r"`([^`]+)`")


def rows(section):
    """The cells of the table in a section, as lists of what is written as code."""
    text = PAGE.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(lines) > 5
    return [[CODE.findall(cell) for cell in line.strip("| ").split(" | ")] for line in lines]


@pytest.mark.parametrize("row", rows("Under another name"), ids=lambda row: row[0][0])
def test_the_names_are_there(row):
    _, here = row
    names = [name for name in here if name.isidentifier()]
    assert names and all(hasattr(jm.metrics, name) for name in names), names


def test_what_is_not_here_is_not_here():
    for names, _ in rows("Not here"):
        assert not [name for name in names if hasattr(jm.metrics, name)]
