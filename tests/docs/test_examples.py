"""Every example runs in its quick mode, leaves the pictures that it names, and is linked."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_example_is_linked(script):
    assert f"]({script})" in (EXAMPLES / "README.md").read_text()
    assert f"](examples/{script})" in (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_example(script, tmp_path, environment):
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / script), "--quick"],
        cwd=tmp_path,
        env=environment(1),  # one device, as on a user's machine
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    saved = [line.removeprefix("saved: ") for line in run.stdout.splitlines() if "saved: " in line]
    assert saved, f"{script} printed no line 'saved: <path>':\n{run.stdout}"
    assert {path.name for path in tmp_path.iterdir()} == set(saved)
    described = (EXAMPLES / "README.md").read_text()
    for name in saved:
        picture = (tmp_path / name).resolve()
        assert picture.is_relative_to(tmp_path.resolve()), f"{picture} is not in the current folder"
        assert picture.stat().st_size > 0, f"{picture} is empty"
        assert f"`{name}`" in described, f"examples/README.md does not tell of {name}"
