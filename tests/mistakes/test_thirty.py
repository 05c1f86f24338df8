"""The mistakes that beginners make most: what is told has all four parts, as recorded."""

import warnings
from pathlib import Path

import pytest
import thirty_of_calls
import thirty_of_models

MISTAKES = thirty_of_models.MISTAKES + thirty_of_calls.MISTAKES
PAGE = Path(__file__).parents[2] / "docs" / "design" / "errors.md"


def told(mistake):
    """The message of the error, or of the warning, that a mistake gets."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            mistake.make()
        except mistake.kind as error:
            return str(error)
    (message,) = (str(w.message) for w in caught if issubclass(w.category, mistake.kind))
    return message


def row(mistake):
    """The row of the table: parts of the message as they are, a dash for none."""
    parts = (mistake.expected, mistake.received, mistake.where, mistake.remedy)
    shown = [part.replace("|", "\\|") or "-" for part in parts]
    return f"| {mistake.title} | {mistake.kind.__name__} | {' | '.join(shown)} |"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_the_message_has_all_parts(mistake):
    message = told(mistake)
    for part in mistake[3:]:
        assert part in message


def test_most_messages_have_all_four():
    assert len(MISTAKES) >= 30
    assert all(mistake.remedy for mistake in MISTAKES)
    assert sum(all(mistake[3:]) for mistake in MISTAKES) >= len(MISTAKES) - 3


def test_the_record_has_the_same_table():
    section = PAGE.read_text().split("\n## What each message says\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [row(mistake) for mistake in MISTAKES]
