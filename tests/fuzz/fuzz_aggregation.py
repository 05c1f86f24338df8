"""Metrics of plain values."""

import fuzz_draws as draws
import numpy as np
from fuzz_subject import ROWS, Generator, Subject, code_of

SHAPES = ((ROWS,), (ROWS, 2))


def _flat(values, sample_weight):
    """All values, and the weight of each."""
    weight = np.broadcast_to(sample_weight.reshape(-1, *[1] * (values.ndim - 1)), values.shape)
    return values.astype(float).ravel(), weight.ravel()


def _values(rng: Generator, ints: bool = True):
    """Draws of one shape and dtype."""
    shape = SHAPES[rng.integers(2)]
    if ints and rng.random() < 0.4:
        dtype = draws.integer_dtype(rng)
        low, high = np.iinfo(dtype).min // 2, np.iinfo(dtype).max // 2
        low, high = max(low, -(2**30)), min(high, 2**30)
        return lambda rng: {
            "values": rng.integers(low, high, shape).astype(dtype)
            if rng.random() < 0.7
            else np.full(shape, high, dtype)
        }
    dtype = draws.float_dtype(rng)
    return lambda rng: {"values": draws.as_dtype(draws.numbers(rng, *shape), dtype)}


def mean(rng: Generator) -> Subject:
    def reference(values, sample_weight):
        return np.average(
            *_flat(values, sample_weight)[:1], weights=_flat(values, sample_weight)[1]
        )

    def size(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return 3e-7 * np.average(abs(flat), weights=weight)

    return Subject(code_of("Mean"), _values(rng), reference, atol=size)


def total(rng: Generator) -> Subject:
    def reference(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return (flat * weight).sum()

    def size(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return 3e-7 * (abs(flat) * weight).sum()

    return Subject(code_of("Sum"), _values(rng), reference, atol=size)


def reduce(rng: Generator) -> Subject:
    reduction = str(rng.choice(["sum", "sum_over_batch_size", "mean_over_weights"]))

    def divisor(flat, weight):
        return {"sum": 1, "sum_over_batch_size": flat.size, "mean_over_weights": weight.sum()}[
            reduction
        ]

    def reference(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return (flat * weight).sum() / divisor(flat, weight)

    def size(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return 3e-7 * (abs(flat) * weight).sum() / divisor(flat, weight)

    # The number of values includes those of weight zero, so the reference would need them.
    weighted = reduction != "sum_over_batch_size"
    return Subject(
        code_of("Reduce", reduction=reduction),
        _values(rng),
        reference,
        atol=size,
        weighted=weighted,
    )


def largest(rng: Generator) -> Subject:
    return Subject(
        code_of("Max"), _values(rng, ints=False), lambda values, sample_weight: values.max(), atol=0
    )


def smallest(rng: Generator) -> Subject:
    return Subject(
        code_of("Min"), _values(rng, ints=False), lambda values, sample_weight: values.min(), atol=0
    )


def _variance(values, sample_weight, ddof=0.0):
    flat, weight = _flat(values, sample_weight)
    # In long doubles: the squares of 1e7 + noise leave few digits of a double.
    flat, weight = flat.astype(np.longdouble), weight.astype(np.longdouble)
    deviation = flat - (flat * weight).sum() / weight.sum()
    freedom = weight.sum() - ddof
    if freedom <= 1e-6 * weight.sum():
        return np.nan
    return float((weight * deviation**2).sum() / freedom)


def _spread(name: str, value):
    def make(rng: Generator) -> Subject:
        ddof = int(rng.integers(2))
        return Subject(
            code_of(name, ddof=ddof),
            _values(rng, ints=False),
            lambda values, sample_weight: value(values, sample_weight, ddof),
            rtol=2e-5,
            atol=0,
        )

    return make


variance = _spread("Variance", _variance)
std = _spread("Std", lambda *arguments: np.sqrt(_variance(*arguments)))
standard_error = _spread(
    "StandardError",
    lambda values, sample_weight, ddof: np.sqrt(
        _variance(values, sample_weight, ddof) / _flat(values, sample_weight)[1].sum()
    ),
)


def last_value(rng: Generator) -> Subject:
    return Subject(
        code_of("LastValue"),
        _values(rng, ints=False),
        lambda values, sample_weight: values.reshape(len(values), -1)[-1, -1],
        atol=0,
    )


def cat(rng: Generator) -> Subject:
    draw = _values(rng, ints=False)
    shape = draw(rng)["values"].shape[1:]
    capacity = int(rng.choice([5, ROWS, 20]))

    def reference(values, sample_weight):
        kept = values[:capacity]
        rows = np.zeros((capacity, *shape))
        rows[: len(kept)] = kept
        return rows, len(kept), len(values) > capacity

    return Subject(code_of("Cat", capacity=capacity, shape=shape), draw, reference, atol=0)


def throughput(rng: Generator) -> Subject:
    def draw(rng):
        return {
            "count": rng.integers(0, 2 ** rng.integers(1, 29), ROWS),
            "seconds": np.float32(rng.random(ROWS) * 10.0 ** rng.integers(-6, 7)),
        }

    return Subject(
        code_of("Throughput"),
        draw,
        lambda count, seconds, sample_weight: count.sum() / seconds.sum(),
    )


def expression(rng: Generator) -> Subject:
    def reference(values, sample_weight):
        flat, weight = _flat(values, sample_weight)
        return flat.max() - 2 * np.average(flat, weights=weight)

    def size(values, sample_weight):
        return 1e-6 * abs(values).max()

    code = "jm.metrics.Max() - 2 * jm.metrics.Mean()"
    # `+` of two expressions adds their values.
    ways = ("at once", "in batches", "scanned", "eager", "padded", "reduced")
    return Subject(code, _values(rng, ints=False), reference, atol=size, ways=ways)


FAMILY = {
    "Mean": mean,
    "Sum": total,
    "Reduce": reduce,
    "Max": largest,
    "Min": smallest,
    "Variance": variance,
    "Std": std,
    "StandardError": standard_error,
    "LastValue": last_value,
    "Cat": cat,
    "Throughput": throughput,
    "Expression": expression,
}
