"""The README's two commands are what continuous integration runs."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"


@pytest.mark.parametrize(("number", "ending"), [(1, "examples/digits.py"), (2, "pytest -n 2 -q")])
def test_ci_runs_the_readme_command(number, ending, tmp_path, fenced_blocks):
    page = tmp_path / "section.md"
    sections = (ROOT / "README.md").read_text().split("\n## ")
    (section,) = (part for part in sections if part.startswith("Two commands\n"))
    page.write_text(section)
    commands = [block.code.strip() for block in fenced_blocks(page, "bash")]
    assert len(commands) == 2
    assert commands[number - 1].endswith(ending)

    printed = subprocess.run([CI / "readme_command", str(number)], capture_output=True, text=True)
    assert printed.stdout.strip() == commands[number - 1], printed.stderr
    call = re.compile(rf'^readme_command "\$\w+" {number}$', re.M)
    assert call.search((CI / "run").read_text())
