import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.fixture
def model():
    return jm.Sequential(jm.Linear(2), jm.Linear(1)).init(0, jnp.ones((1, 3)))


def test_every_named_parameter_is_reached(model):
    for path, value in model.named_parameters():
        assert model.at[path].get() is value


def test_set_makes_a_copy(model):
    changed = model.at[".layers[1].bias"].set(jnp.ones(1))
    assert changed.layers[1].bias == 1 and model.layers[1].bias == 0
    assert changed.layers[0].kernel is model.layers[0].kernel


def test_apply(model):
    doubled = model.at[".layers[0].kernel"].apply(lambda kernel: 2 * kernel)
    assert jnp.allclose(doubled.layers[0].kernel, 2 * model.layers[0].kernel)


def test_a_module_can_be_replaced(model):
    assert model.at[".layers[1]"].set(jm.Linear(7)).layers[1].features == 7


def test_under_jit(model):
    @jax.jit
    def zeroed(model):
        return model.at[".layers[0].kernel"].apply(jnp.zeros_like)

    assert (zeroed(model).layers[0].kernel == 0).all()


def test_a_place_that_is_not_there(model):
    with pytest.raises(KeyError, match=r"There is no '\.layers\[5\]\.bias' in the Sequential"):
        model.at[".layers[5].bias"].get()
