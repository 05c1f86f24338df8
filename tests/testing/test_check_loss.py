"""`check_loss` finds what is wrong with a loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.losses import Loss, squared_error
from jax_metrics.testing import check_loss

X = {"target": np.array([0.5, 1.5, -1.0]), "preds": np.array([1.0, 3.0, -2.0])}


class Right(Loss):
    def call(self, target, preds):
        return squared_error(target, preds)


class Broadcasts(Loss):
    same_shape = False

    def call(self, target, preds):
        return (jnp.asarray(target, jnp.float32) - jnp.asarray(preds, jnp.float32)) ** 2


class Counts(Loss):
    """Depends on the size of the batch, which padding changes."""

    def call(self, target, preds):
        return squared_error(target, preds) * len(preds)


class Half(Loss):
    """Computes with inputs in 16 bits without converting them."""

    def call(self, target, preds):
        squared_error(target, preds)
        return jnp.square(target - preds)


class Stops(Loss):
    def call(self, target, preds):
        return squared_error(target, preds) * jax.lax.stop_gradient(jnp.abs(jnp.asarray(preds)))


class Root(Loss):
    def call(self, target, preds):
        return jnp.sqrt(squared_error(target, preds))


class Eager(Loss):
    """Another value under `jit`."""

    def call(self, target, preds):
        return squared_error(target, preds) + isinstance(jnp.asarray(preds), jax.core.Tracer)


def test_a_correct_loss():
    check_loss(Right(), X, reference=lambda target, preds: (target - preds) ** 2)


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        (
            Right(),
            {"reference": lambda target, preds: target - preds},
            "values differ from the reference",
        ),
        (
            Right(),
            {"reference": lambda target, preds: 0.0},
            r"have shape \(3,\), and the reference",
        ),
        (Broadcasts(), {}, "(?s)float32 for bfloat16|Broadcasts accepts one more axis"),
        (Counts(), {}, "(?s)none of a padded batch"),
        (Half(), {}, "Half.call returns bfloat16 for bfloat16"),
        (Stops(), {}, "gradient differs from finite differences"),
        (
            Root(),
            {"limits": [({"target": np.ones(1), "preds": np.ones(1)}, [0])]},
            "gradient .* at",
        ),
        (Right(), {"limits": [({"target": np.ones(1), "preds": np.ones(1)}, [1])]}, "values at"),
        (Eager(), {}, "eager differs from jit"),
    ],
    ids=lambda value: value.name if isinstance(value, Loss) else "",
)
def test_a_wrong_loss(loss, options, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss, X, **options)
