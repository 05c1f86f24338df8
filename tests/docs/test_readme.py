"""The README shows the code that the library was specified by, and only measured numbers."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPECIFIED = Path(__file__).parent / "getting_started"


def section(name):
    (text,) = (part for part in README.split("\n## ") if part.startswith(f"{name}\n"))
    return text


README = (ROOT / "README.md").read_text()


def test_the_five_examples_are_as_specified():
    blocks = re.findall(r"```python\n(.*?)```", section("Five examples"), re.S)
    files = [SPECIFIED / "assumed_names.py", *sorted(SPECIFIED.glob("block_*.py"))]
    code = [
        path.read_text().removeprefix(
            "# Names that the text around the blocks takes for granted.\n"
        )
        for path in files
    ]
    assert [block.strip() for block in blocks] == [text.strip() for text in code]


def test_every_measured_number_is_in_the_benchmarks():
    measured = (ROOT / "docs" / "benchmarks.md").read_text()
    rows = [row for row in section("Measured").splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 5
    for row in rows:
        _, ours, others = (cell.strip() for cell in row.strip("|").split("|"))
        numbers = {*re.findall(r"(?<![\w.])\d+(?:\.\d+)?\b", f"{ours} {others}")} - {"1"}
        missing = [
            x for x in numbers if not re.search(rf"(?<![\d.]){re.escape(x)}(?![\d.])", measured)
        ]
        assert not missing, f"{missing} of {row!r} are not in docs/benchmarks.md"
