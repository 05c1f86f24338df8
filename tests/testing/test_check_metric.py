"""`check_metric` finds what is wrong with a metric."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Total
from jax_metrics.metrics.inputs import as_numbers, weights, where_weighted
from jax_metrics.testing import check_metric

X = {"values": np.random.default_rng(0).normal(size=16)}


class Sum(jm.Metric):
    """A metric that is right; those below each get one thing wrong."""

    def __init__(self):
        self.total = Total()

    def update(self, values, sample_weight=None, mask=None):
        values = as_numbers(values, jnp.float32)
        weight = weights(values.shape, sample_weight, mask, jnp.float32)
        self.total += (where_weighted(values, weight) * weight).sum()

    def compute(self):
        return self.total.value


class Squeezed(Sum):
    """Uses the root of the weights."""

    def update(self, values, sample_weight=None, mask=None):
        root = None if sample_weight is None else jnp.sqrt(sample_weight)
        super().update(values, root, mask)


class Unmasked(Sum):
    def update(self, values, mask=None):
        super().update(jnp.nan_to_num(values))


class Peaks(Sum):
    """Adds the largest value of each batch."""

    def update(self, values):
        self.total += jnp.max(values).astype(jnp.float32)


class First(jm.Metric):
    """Keeps the first value."""

    first: jax.Array = jm.metrics.state(
        lambda a, b: jnp.where(jnp.isnan(a), b, a), lambda x: jnp.full_like(x, jnp.nan)
    )

    def __init__(self):
        self.first = jnp.full((), jnp.nan)

    def update(self, values):
        new = jnp.asarray(values, jnp.float32)[0]
        self.first = jnp.where(jnp.isnan(self.first), new, self.first)

    def compute(self):
        return self.first


class NotNeutral(jm.Metric):
    """Is one more with every metric that it is merged with."""

    total: jax.Array = jm.metrics.state("sum")

    def __init__(self):
        self.total = jnp.zeros(())

    def update(self, values):
        self.total += jnp.sum(values, dtype=jnp.float32)

    def _merged(self, other):
        made = super()._merged(other)
        made.total += 1
        return made

    def compute(self):
        return self.total


class Short(Sum):
    """Adds up in the dtype of its inputs."""

    def update(self, values):
        self.total += jnp.sum(values**2).astype(jnp.float32)


class Narrowing(jm.Metric):
    total: jax.Array = jm.metrics.state("sum")

    def __init__(self):
        self.total = jnp.zeros(())

    def update(self, values):
        self.total = (self.total + jnp.sum(values)).astype(jnp.bfloat16)

    def compute(self):
        return self.total


class Deaf(Sum):
    """Raises for values that it does not check in traced code."""

    def update(self, values):
        jm.metrics.check(values < 100, "values are too large")
        super().update(values)


class Bounded(Sum):
    def __init__(self, low, high):
        super().__init__()
        self.bounds = (low, high)


class Remembering(Sum):
    def reset(self):
        return self


@dataclasses.dataclass
class Wrong:
    metric: jm.Metric
    message: str
    options: dict = dataclasses.field(default_factory=dict)


def test_a_correct_metric_passes():
    check_metric(
        Sum(),
        X,
        reference=lambda values, sample_weight=1: (values * sample_weight).sum(),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(Sum(), "differs from the reference", {"reference": lambda values: 1.0}),
        Wrong(
            Squeezed(),
            "with sample weights differs from the reference",
            {"reference": lambda values, sample_weight=1: (values * sample_weight).sum()},
        ),
        Wrong(Bounded(100, None), r"lies outside of the bounds \(100, None\)"),
        Wrong(Bounded(None, -100), r"lies outside of the bounds \(None, -100\)"),
        Wrong(Squeezed(), "weights differ from repetitions"),
        Wrong(Unmasked(), "fully masked"),
        Wrong(Peaks(), "mapped and reduced"),
        Wrong(First(), "merged the other way round"),
        Wrong(NotNeutral(), "calling it does not accumulate"),
        Wrong(Short(), "differs with inputs in bfloat16"),
        Wrong(Narrowing(), r"an update changes \(\) float32 to \(\) bfloat16"),
        Wrong(Remembering(), "reset does not restore the initial value"),
        Wrong(
            Deaf(),
            "invalid .* return .* in traced code, not NaN",
            {"bad": [({"values": np.full(16, 101.0)}, ValueError, "too large")]},
        ),
        Wrong(
            Sum(),
            "raise no .*ValueError",
            {"bad": [({"values": np.full(16, 101.0)}, ValueError, "too large")]},
        ),
    ],
    ids=lambda wrong: f"{type(wrong.metric).__name__}: {wrong.message}",
)
def test_what_is_wrong_is_named(wrong):
    with pytest.raises(AssertionError, match=f"{type(wrong.metric).__name__}: .*{wrong.message}"):
        check_metric(wrong.metric, X, **wrong.options)
