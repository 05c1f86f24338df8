"""CONTRIBUTING.md says of each layer that it draws whether it is there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "jax_metrics"


def drawn_layers() -> dict[str, bool]:
    """The names of the layers, and whether the remark behind them says that they are missing."""
    section = (ROOT / "CONTRIBUTING.md").read_text().split("\n## Layers\n")[1]
    layers = {}
    for line in section.split("```")[1].strip().split("\n"):
        names, _, remark = line.partition("(")
        for name in names.split():
            missing = "not exist yet" in remark
            # A remark names those that it is about, unless it is about all of the line.
            layers[name] = missing and (remark.startswith("does ") or name in remark)
    return layers


@pytest.mark.parametrize(("layer", "missing"), drawn_layers().items())
def test_a_layer_is_there_or_said_to_be_missing(layer, missing):
    assert (PACKAGE / layer).is_dir() != missing


def test_every_folder_is_drawn():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= drawn_layers().keys()
