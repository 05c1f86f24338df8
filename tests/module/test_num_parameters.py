import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((1, 4))


def make():
    return jm.Sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5), jm.Linear(2))


def test_it_counts_the_values_of_parameters():
    model = make().init(0, X)
    assert jm.num_parameters(model) == 4 * 3 + 3 + 2 * 3 + 3 * 2 + 2
    assert jm.num_parameters([model, {"more": jm.Linear(1).init(0, X)}, X]) == 29 + 5
    model.layers[0].freeze(inplace=True)
    assert jm.num_parameters(model.trainable_parameters()) == 29 - 15
    assert jm.num_parameters(model.states()) == 0


def test_shapes_will_do():
    assert jm.num_parameters(jax.eval_shape(lambda: make().init(0, X))) == 29


def test_modules_without_parameters():
    class Own(jm.Module):
        scale: float = jm.Parameter.node(1.0)

    assert jm.num_parameters(Own()) == 1
    assert jm.num_parameters(jm.Flatten().init(0)) == 0
    assert jm.num_parameters({}) == 0


@pytest.mark.parametrize(
    "model, place",
    [
        (make(), "Sequential"),
        (jm.Linear(3), "Linear"),
        (jm.MLP([3]), "MLP"),
        (jm.Sequential(jm.Linear(3).init(0, X), jm.Linear(2)), r"\.layers\[1\] \(Linear\)"),
    ],
)
def test_before_init(model, place):
    with pytest.raises(ValueError, match=f"^{place} was not initialized, so the sizes"):
        jm.num_parameters(model)
