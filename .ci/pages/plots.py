"""Draws what `plot()` shows of each metric in its tests, as small pictures for its page.

This compiles every metric, which takes minutes, so the pictures are kept in docs/reference/plots:
`.ci/write_pages --plots` draws those that are missing. Delete one to have it drawn anew.
"""

import io
import os
import re
import warnings
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "plots"
# What has no picture of one value: one draws each of its parts, the other's value is no number.
WITHOUT = {"Cat", "LossAndLogs"}
NUMBER = re.compile(r"-?\d+\.\d+")
SIZE = (3.2, 2.2)  # inches
STYLE = {
    "svg.hashsalt": "jax-metrics",  # ids are the same each time
    "svg.fonttype": "none",  # text as text
    "font.size": 8,
}
# What Matplotlib writes for its own use, or says again in each element.
NOISE = [
    (r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", ""),
    (r"<clipPath.*?</clipPath>| clip-path=\"[^\"]*\"| transform=\"rotate\(-?0 [^\"]*\"", ""),
    (r" id=\"(?:[a-z]+_\d+|figure_\d+|axes_\d+|matplotlib[^\"]*|text_\d+|line2d_\d+)\"", ""),
    (r"font-size: 8px;? ?|font-family: [^;\"]*;? ?|font: 8px [^;\"]*;? ?", ""),
    (r" style=\"\"| xlink:type=\"[^\"]*\"|<defs>\s*</defs>|\s*\n\s*", ""),
    (r"style type=\"text/css\">\*\{", r"style>text{font:8px sans-serif}*{"),
    (r"([;:]) ", r"\1"),
]


def rounded(number: re.Match[str]) -> str:
    """A coordinate with one decimal, which none of the pictures is too small for."""
    return f"{float(number[0]):.1f}".removesuffix(".0")


def compact(svg: str) -> str:
    """An SVG with coordinates of one decimal, and without noise."""
    for pattern, new in NOISE:
        svg = re.sub(pattern, new, svg, flags=re.S)
    svg = re.sub(r"<[^>]*>", lambda tag: NUMBER.sub(rounded, tag[0]), svg)  # but not in texts
    while (plain := re.sub(r"<g>((?:(?!<g[ >]|</g>).)*)</g>", r"\1", svg)) != svg:
        svg = plain
    return svg + "\n"


def drawn(metric: Any, arguments: dict[str, Any]) -> str:
    """The picture of a metric after one batch."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = metric(**arguments)
        axes = Figure(figsize=SIZE, layout="constrained").subplots()
        figure, _ = metric.plot(value, ax=axes)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return compact(text.getvalue())


def draw_missing() -> None:
    """Draws the pictures that are missing, and removes those of metrics that are gone."""
    # Programs run once here, so that compiling them takes nearly all of the time.
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    import metric_pages

    FOLDER.mkdir(exist_ok=True)
    wanted = {cls.__name__: case for cls, case in metric_pages.cases().items()}
    for path in FOLDER.glob("*.svg"):
        if path.stem not in wanted:
            path.unlink()
    for name, case in wanted.items():
        path = FOLDER / f"{name}.svg"
        if name not in WITHOUT and not path.exists():
            path.write_text(drawn(case["metric"], case["arguments"]))
            print(f"drew {path.name}")
