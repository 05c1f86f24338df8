"""The pictures of the guide are those that the script draws, and each is shown and described."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def images():
    """The page, the alternative text and the file of each picture in a page."""
    for page in PAGES:
        for text, target in IMAGE.findall(page.read_text()):
            yield page, text, (page.parent / target).resolve()


def test_the_drawings_are_up_to_date():
    script = runpy.run_path(str(PICTURES / "draw.py"))
    drawn = {name: draw().svg() for name, draw in script["PICTURES"].items()}
    written = {path.name: path.read_text() for path in PICTURES.glob("*.svg")}
    remedy = "run `python docs/pictures/draw.py` and commit what it writes"
    assert written.keys() == drawn.keys(), remedy
    outdated = [name for name in drawn if written[name] != drawn[name]]
    assert not outdated, f"{outdated}: {remedy}"


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_a_drawing_stays_within_its_edges(path):
    root = ElementTree.parse(path).getroot()
    width = float(root.attrib["width"])
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        # Letters of 13 pixels: monospace takes 7.8 each, the others less on average.
        mono = element.attrib.get("font-family") != "sans-serif"
        end = float(element.attrib["x"]) + len(element.text or "") * (7.9 if mono else 6.6)
        assert end <= width, element.text


def test_every_picture_is_described_and_there():
    shown = list(images())
    assert len(shown) > 5
    for page, text, path in shown:
        assert len(text.split()) >= 5, (
            f"{page}: the alternative text of {path.name} says too little"
        )
        assert path.is_file(), f"{page} shows {path}, which does not exist"
        assert path.stat().st_size < 200_000, f"{path} is large"


def test_every_picture_is_shown():
    shown = {path for _, _, path in images()}
    files = {path for path in PICTURES.iterdir() if path.suffix in (".svg", ".png")}
    assert files <= shown, files - shown
