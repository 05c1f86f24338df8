"""Numbers as a person reads them."""

import math
from collections.abc import Mapping

_UNITS = ("", "k", "M", "G", "T")


def number(value: float) -> str:
    """Five significant digits or so, with four decimals where the size is usual.

    Example:
        >>> from jax_metrics.training.logs._number_formats import number
        >>> [number(value) for value in (0.5, 12, 1234.56, 250000, 3e-4, float("nan"))]
        ['0.5000', '12.0000', '1234.6', '250000', '3.000e-04', 'nan']
    """
    size = abs(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 1e-3 <= size < 1e3:
        return f"{value:.4f}"
    if 1e3 <= size < 1e9 and value % 1 == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if 1e3 <= size < 1e6 else f"{value:.3e}"


def rate(value: float) -> str:
    """A number of things a second: `0.0125`, `12.5`, `1.25k`."""
    value = float(f"{value:.3g}")
    if value < 1:
        return f"{value:g}"
    power = min(int(math.log10(value) // 3), len(_UNITS) - 1)
    scaled = value / 1000**power
    return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{_UNITS[power]}"


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: `1:02:03`, or `2d 1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}d ' if days else ''}{hour}:{minute:02}:{second:02}"


def columns(values: Mapping[str, float]) -> str:
    """Names and values in columns that stand below those of the last row with the same names."""
    return "  ".join(f"{name} {number(value):<9}" for name, value in values.items()).rstrip()
