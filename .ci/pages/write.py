"""Compares the files that are made from the code with what they should be, and writes them."""

from collections.abc import Sequence
from pathlib import Path

import names_page
import plots
import public_api
import topic_pages

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def made() -> dict[Path, str]:
    """The text of each file."""
    reference = {REFERENCE / name: text for name, text in topic_pages.pages().items()}
    names = {names_page.FILE: names_page.text()}
    return reference | names | {public_api.FILE: public_api.text()}


def main(arguments: Sequence[str] = ()) -> None:
    """Writes what has changed, and removes pages of topics that are gone."""
    if "--plots" in arguments:
        plots.draw_missing()
    files = made()
    for path in sorted({*REFERENCE.glob("*.md")} - files.keys()):
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    for path, text in files.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {path.relative_to(ROOT)}")
