"""The table of docs/guide/names.md, from the names that errors tell of."""

from itertools import groupby
from pathlib import Path

from jax_metrics._other_names import OTHER_NAMES

FILE = Path(__file__).parents[2] / "docs" / "guide" / "names.md"
SECTIONS = {
    "jm.losses": "Losses",
    "jm.metrics": "Metrics",
    "jm.Metrics": "Metrics",
    "jm.initializers": "Initializers",
    "jm.models": "Models",
    "jax.nn": "Activations",
}
FIRST_LAYER = "jm.AdaptiveLogSoftmax"


def section(ours: str) -> str:
    """The heading under which a name stands."""
    layers = list(OTHER_NAMES).index(ours) >= list(OTHER_NAMES).index(FIRST_LAYER)
    found = next((title for start, title in SECTIONS.items() if ours.startswith(start)), None)
    return found or ("Layers" if layers else "Building and training models")


def text() -> str:
    """The contents of the file: what is written above its first heading, and the tables."""
    parts = [FILE.read_text().split("\n## ")[0].split("\n| here ")[0].rstrip() + "\n"]
    for title, group in groupby(OTHER_NAMES, key=section):
        rows = []
        for ours in group:
            here = ours if ours.startswith("a ") else f"`{ours}`"
            rows.append(f"| {here} | {', '.join(f'`{name}`' for name in OTHER_NAMES[ours])} |")
        parts.append(f"## {title}\n\n| here | elsewhere |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)
