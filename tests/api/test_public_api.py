"""The public names and their arguments are those in `public_api.txt`, which a release promises."""

import difflib

import public_api
import pytest

import jax_metrics as jm

PACKAGES = dict(public_api.packages())


def test_the_public_api_is_the_one_that_is_checked_in():
    written, found = public_api.FILE.read_text(), public_api.text()
    change = "\n".join(
        difflib.unified_diff(
            written.splitlines(),
            found.splitlines(),
            "tests/api/public_api.txt",
            "found",
            lineterm="",
            n=0,
        )
    )
    assert written == found, f"""The public API is not the one that is checked in:

{change}

If the change is meant, run `.ci/write_pages`, commit what it writes, and note it in CHANGELOG.md.
What is removed (-) or takes other arguments must have been deprecated, see docs/guide/versions.md.
What only other packages of the library use belongs into `_HIDDEN` in the `__init__.py`."""


@pytest.mark.parametrize("name", PACKAGES)
def test_all_and_dir_are_the_public_names(name):
    package = PACKAGES[name]
    assert hasattr(package, "__all__"), f"{name} needs `__dir__` and `__all__`, as jm.sharding has"
    assert sorted(package.__all__) == [part for part in dir(package) if part != "__version__"]
    assert all(hasattr(package, part) for part in package.__all__)
    assert not [part for part in package.__all__ if part.startswith("_")]


def test_the_packages_are_found():
    assert {"jm", "jm.nn", "jm.losses", "jm.metrics", "jm.checkpoint", "jm.training"} <= {*PACKAGES}
    assert {"jm.testing", "jm.tree", "jm.module", "jm.training.loop"} <= {*PACKAGES}
    assert PACKAGES["jm.initializers"] is jm.nn.initializers


def test_a_star_import_brings_the_public_names():
    namespace = {}
    exec("from jax_metrics.losses import *", namespace)
    assert namespace.keys() - {"__builtins__"} == {*dir(jm.losses)}


def test_a_signature_is_the_same_in_all_versions():
    def function(a, *, b=1, c=jm.nn.relu, d=jm.losses.Reduction.SUM, **options): ...

    assert public_api.signature(function) == "(a, *, b=1, c=..., d=Reduction.SUM, **options)"
