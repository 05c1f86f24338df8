"""Reads code blocks out of documents and runs them."""

import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<code>.*?)^(?P=indent)```", re.M | re.S
)
NO_RUN = re.compile(r"<!-- no-run: [^\s>-][^>]*-->\s*\Z")


class Block(NamedTuple):
    """A piece of code, the file it stands in, and the line it begins at."""

    path: Path
    line: int
    code: str


def read_blocks(path: Path, language: str) -> list[Block]:
    """Returns the fenced blocks of one language, less those that a no-run comment opts out."""
    text = path.read_text()
    blocks = []
    for match in FENCE.finditer(text):
        if match["language"] == language and not NO_RUN.search(text, 0, match.start()):
            line = text.count("\n", 0, match.start("code")) + 1
            code = re.sub(f"^{match['indent']}", "", match["code"], flags=re.M)
            blocks.append(Block(path, line, code))
    return blocks


def run_block(block: Block, namespace: dict[str, Any]) -> None:
    """Runs a block; what it raises carries a note that names its file and line."""
    # The padding makes the line numbers in tracebacks those of the file.
    code = "\n" * (block.line - 1) + block.code
    try:
        exec(compile(code, str(block.path), "exec", dont_inherit=True), namespace)
    except BaseException as error:
        error.add_note(f"in the code block at {block.path}:{block.line}")
        raise


@pytest.fixture
def fenced_blocks() -> Callable[[Path, str], list[Block]]:
    return read_blocks


@pytest.fixture
def file_block() -> Callable[[Path], Block]:
    """A function that reads a file of code as one block."""
    return lambda path: Block(path, 1, path.read_text())


@pytest.fixture
def run_blocks(tmp_path, monkeypatch) -> Iterator[Callable[[Iterable[Block]], int]]:
    """A function that runs blocks in order, in one namespace, in a temporary folder, and counts."""
    # A real module, because dataclasses and type hints look theirs up by name.
    module = types.ModuleType("code_blocks")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)

    def run(blocks: Iterable[Block]) -> int:
        done = 0
        for block in blocks:
            run_block(block, vars(module))
            done += 1
        return done

    yield run
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
