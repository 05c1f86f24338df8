"""The code that the library was specified by runs as it is written."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "getting_started"


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")
def test_getting_started(run_blocks, file_block):
    blocks = sorted(FOLDER.glob("block_*.py"))
    assert len(blocks) == 5
    run_blocks(map(file_block, [FOLDER / "assumed_names.py", *blocks]))
