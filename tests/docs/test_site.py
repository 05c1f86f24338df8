"""What the check of the site finds, and the pictures of metrics; the site itself is built by CI."""

import json
import re
import xml.etree.ElementTree

import check_site
import metric_pages
import plots
import pytest

METRICS = {cls.__name__ for cls in metric_pages.cases()}
REMEDY = "run `.ci/write_pages --plots` and commit what it draws"


def test_each_metric_has_a_picture():
    drawn = {path.stem for path in plots.FOLDER.glob("*.svg")}
    without = METRICS - plots.WITHOUT - drawn
    assert not without, f"{sorted(without)} have no picture: {REMEDY}"
    assert drawn <= METRICS, f"{sorted(drawn - METRICS)} belong to no metric: {REMEDY}"


@pytest.mark.parametrize("path", sorted(plots.FOLDER.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_is_small_and_whole(path):
    assert path.stat().st_size < 20_000
    assert xml.etree.ElementTree.parse(path).getroot().tag.endswith("svg")


def test_pictures_keep_their_numbers():
    svg = '<g id="axes_1"><g><path d="M 1.26 2.0" clip-path="url(#p)"/><text>0.98</text></g></g>'
    assert plots.compact(svg) == '<path d="M 1.3 2"/><text>0.98</text>\n'


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="missing.html">', "missing.html leads to no file"),
        ('<a href="#missing">', "#missing leads to no place in page.html"),
        ('<img src="picture.png">', "no alternative text of picture.png"),
        ('<script src="https://example.org/x.js">', "loads https://example.org/x.js"),
    ],
)
def test_faults_of_pages_are_named(html, fault, tmp_path):
    (tmp_path / "picture.png").touch()
    page = tmp_path / "page.html"
    page.write_text(f"<p id='place'>{html}")
    (found,) = check_site.faults_of_files(tmp_path)
    assert found == f"page.html: {fault}"
    page.write_text("<p id='place'><a href='#place'><img src='picture.png' alt='a picture'>")
    assert check_site.faults_of_files(tmp_path) == []


def test_searches_that_cannot_succeed_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(check_site, "QUERIES", {"nn.Dense": "a.html", "Conv2d": "a.html"})
    (tmp_path / "search").mkdir()
    docs = [{"location": "a.html#b", "title": "jm.Linear (Dense)", "text": ""}]
    index = {"config": {"separator": r"[\s()]+|\.(?!\d)"}, "docs": docs}
    (tmp_path / "search" / "search_index.json").write_text(json.dumps(index))
    (fault,) = check_site.faults_of_index(tmp_path)
    assert fault == "search for Conv2d: nothing in a.html has Conv2d"


def test_what_is_looked_at_has_sources():
    pages = [re.sub(r"\.html$", ".md", page) for page in check_site.LOOKED_AT]
    written = [page for page in pages if not page.startswith("/examples")]
    assert all((check_site.ROOT / "docs" / page[1:]).exists() for page in written)
