"""Dependencies have a lower bound and no other: an upper one would break installs later."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = sorted(
    {*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)}
)


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_a_dependency_has_a_lower_bound_only(requirement):
    # A name from the index, with extras perhaps; no URL, no marker, no second bound.
    assert re.fullmatch(r"[a-z][a-z0-9-]*(\[[a-z,]+\])?>=\d+(\.\d+)*", requirement)


def test_python_has_a_lower_bound_only():
    assert re.fullmatch(r">=3\.\d+", PROJECT["requires-python"])
