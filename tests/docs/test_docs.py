"""Every Python block of the README and of the pages in docs runs."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Where there is a screen, matplotlib says that its Agg backend cannot show a figure.
pytestmark = pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")


def case(page: Path) -> Any:
    """The pages of the guide use most of the library, which has tests of its own."""
    marks = [pytest.mark.slow] if {"guide", "from"} & {*page.parts} else []
    return pytest.param(str(page.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("page", [case(page) for page in PAGES])
def test_page(page, fenced_blocks, run_blocks):
    blocks = fenced_blocks(ROOT / page, "python")
    assert run_blocks(blocks) == len(blocks)


PAGE = """\
# Title

```bash
false
```

```python
x = 1
```

<!-- no-run: needs a cluster -->
```python
x = 2
```

- An item:

  ```python
  x += 2

  if x != 3:
      raise ValueError(x)
  assert False, "the last line"
  ```
"""


def test_failure_names_file_and_line(tmp_path, fenced_blocks, run_blocks):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    blocks = fenced_blocks(page, "python")
    assert [block.line for block in blocks] == [8, 19]
    with pytest.raises(AssertionError, match="the last line") as info:
        run_blocks(blocks)
    assert info.value.__notes__ == [f"in the code block at {page}:19"]
    assert (str(info.traceback[-1].path), info.traceback[-1].lineno + 1) == (str(page), 23)


def test_no_run_needs_a_reason(tmp_path, fenced_blocks):
    page = tmp_path / "page.md"
    page.write_text("<!-- no-run: -->\n```python\nx\n```\n")
    assert len(fenced_blocks(page, "python")) == 1
