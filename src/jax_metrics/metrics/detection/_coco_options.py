"""The options of mean average precision, checked and converted."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

Areas = Mapping[str, tuple[float, float]]


def lowest_matches(thresholds: Sequence[float]) -> jax.Array:
    """The thresholds in float32, so that an overlap of 9 / 10 compares as it does in float64."""
    result = []
    for threshold in thresholds:
        fraction = float(Fraction(threshold).limit_denominator(1000))
        lowest = np.float32(threshold)
        if 0 < threshold - fraction < 1e-12:
            lowest = np.nextafter(lowest, np.float32(2))
        result.append(lowest)
    return jnp.array(result, jnp.float32)


def fractions(
    name: str, values: Sequence[float] | None, otherwise: tuple[float, ...]
) -> tuple[float, ...]:
    """The given numbers, checked to be from 0 to 1, or the defaults.

    Raises:
        ValueError: If they are not from 0 to 1.
    """
    values = otherwise if values is None else tuple(float(value) for value in values)
    if not values or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"{name} must be numbers from 0 to 1, but are {list(values)}.")
    return values


def maximums(values: Sequence[int]) -> tuple[int, ...]:
    """Positive numbers of detections, at least one, in increasing order.

    Raises:
        ValueError: If they are not positive and increasing, or there are none.
    """
    check_increasing("max_detection_thresholds", values)
    if not len(values) or values[0] < 1:
        raise ValueError(f"max_detection_thresholds must be positive, but are {list(values)}.")
    return tuple(int(value) for value in values)


def check_increasing(name: str, values: Sequence[float]) -> None:
    """Checks that values increase.

    Raises:
        ValueError: If they do not.
    """
    if list(values) != sorted(set(values)):
        raise ValueError(f"{name} must increase, but are {list(values)}.")


def ranges_of_areas(ranges: Areas) -> dict[str, tuple[float, float]]:
    """The lowest and the highest area by name.

    Raises:
        ValueError: If a range is empty, or there is none.
    """
    wrong = [name for name, (low, high) in ranges.items() if not low < high]
    if wrong or not ranges:
        raise ValueError(
            "area_ranges must be the lowest and the highest area by name, as in "
            f"{{'all': (0, 1e10)}}, but are {dict(ranges)}."
        )
    return {name: (float(low), float(high)) for name, (low, high) in ranges.items()}
