"""`check_layer` finds what is wrong with a layer."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm
from jax_metrics.testing import check_layer

X = jnp.arange(6.0).reshape(2, 3)


class Scale(jm.Module):
    """A layer that is right; those below each get one thing wrong."""

    factor: jax.Array = jm.Parameter.node()

    def __call__(self, x):
        if self.initializing():
            self.factor = jnp.ones(x.shape[-1:])
        return x * self.factor


class Counting(Scale):
    count: jax.Array = jm.State.node()

    def __init__(self):
        super().__init__()
        self.count = jnp.array(0)

    def __call__(self, x):
        self.count += 1
        return super().__call__(x)


class Kindless(Scale):
    offset: jax.Array = jm.node()

    def __init__(self):
        super().__init__()
        self.offset = jnp.zeros(())


class Random(Scale):
    def __call__(self, x):
        y = super().__call__(x)
        return y if isinstance(x, jax.core.Tracer) else y + 1


class Growing(Scale):
    calls: int = 0

    def __call__(self, x):
        if self.training and not self.frozen and not self.initializing():
            self.calls += 1
        return super().__call__(x)


class Steep(Scale):
    def __call__(self, x):
        return jnp.sqrt(super().__call__(x) * 0)


class Local(Scale):
    def __init__(self):
        super().__init__()
        self.function = lambda x: x


class Overflowing(Scale):
    def __call__(self, x):
        y = super().__call__(x)
        return y if y.dtype == jnp.float32 else y / 0


class Gathering(Scale):
    """Its gather has no unambiguous sharding."""

    def __call__(self, x):
        return super().__call__(x)[jnp.arange(x.shape[0])]


class OverTheBatch(Scale):
    def __call__(self, x):
        return super().__call__(x) - x.mean(0)


@pytest.mark.slow
def test_sharding_is_checked():
    with pytest.raises(Exception, match="out sharding could not be resolved"):
        check_layer(Gathering(), X)
    with pytest.raises(AssertionError, match="the output under `shard_map`"):
        check_layer(OverTheBatch(), X, vmap=False)
    check_layer(Gathering(), X, sharded=False)
    check_layer(OverTheBatch(), X, sharded=False)


def test_a_correct_layer_passes():
    check_layer(Scale(), X, reference=lambda layer, x: x * layer.factor)
    check_layer(Scale(), {"x": X})


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Counting, "Counting: the state after a call in evaluation mode, at .count, is"),
        (Kindless, "Kindless: 1 arrays are in fields without a kind, such as `jm.Parameter`"),
        (Random, "Random: the output of `jit` in evaluation mode, from that without"),
        (
            Growing,
            "Growing: a call with the layer .* returned is traced again, in training",
        ),
        (Steep, "Steep: the gradient of the parameters at .factor is not finite"),
        (Local, "Local: it cannot be pickled: .*Error"),
        (Overflowing, "Overflowing: the output in bfloat16 differs by (nan|inf)"),
    ],
)
def test_what_is_wrong_is_named(layer, message):
    with pytest.raises(AssertionError, match=f"(?s){message}"):
        check_layer(layer(), X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": lambda layer, x: x + 1}, "the output, from the reference, at the root, is"),
        ({"reference": lambda layer, x: x[0]}, r"is float32\[2, 3\] and not float32\[3\]"),
        ({"reference": lambda layer, x: (x,)}, "from the reference, differs in structure"),
        ({"bad_inputs": [(X, ValueError, "")]}, "should raise ValueError, and did not"),
        (
            {"bad_inputs": [(X[:, :2], ValueError, "nonsense")]},
            "the error should match 'nonsense'; it is: Incompatible shapes",
        ),
    ],
)
def test_results_are_compared(options, message):
    with pytest.raises(AssertionError, match=f"(?s)Scale: .*{message}"):
        check_layer(Scale(), X, **options)


def test_a_twin_with_other_arguments_differs():
    with pytest.raises(AssertionError, match="the variables, from the twin"):
        check_layer(jm.Linear(3), X, twin=linen.Dense(4))
    with pytest.raises(AssertionError, match="BatchNorm: the state after a call in training"):
        check_layer(jm.BatchNorm(), X, twin=linen.BatchNorm(momentum=0.5))


def test_a_twin_needs_a_flax_layer():
    with pytest.raises(TypeError, match="Scale is not one. Pass a `reference=`"):
        check_layer(Scale(), X, twin=linen.RMSNorm())
