import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


def data(key):
    return np.asarray(jax.random.key_data(key)).tolist()


class Noisy(jm.Module):
    def __init__(self):
        self.keys = jm.KeySeq()

    def __call__(self, x):
        return x + jax.random.normal(self.keys(), x.shape)


def test_keys_differ_and_repeat_with_the_seed():
    first, second = jm.KeySeq(42), jm.KeySeq(jax.random.key(42))
    drawn = [data(first()) for _ in range(3)]
    assert drawn == [data(second()) for _ in range(3)]
    assert len(set(map(str, drawn))) == 3


def test_init_gives_the_key():
    model = Noisy().init(0, jnp.ones(2))
    assert not (model(jnp.ones(2)) == model(jnp.ones(2))).any()


def test_two_sequences_of_a_model_differ():
    model = jm.Sequential(Noisy(), Noisy()).init(0)
    one, other = (data(layer.keys()) for layer in model.layers)
    assert one != other


def test_without_a_key():
    with pytest.raises(
        RuntimeError,
        match=r"A KeySeq has no key yet\. Initialize the module that it is in with "
        r"`init\(key, \.\.\.\)`, or pass one: `jm\.KeySeq\(42\)`",
    ):
        jm.KeySeq()()


def test_the_state_passes_through_jit():
    @jax.jit
    def draw(keys):
        return keys(), keys

    expected = jm.KeySeq(1)
    keys = jm.KeySeq(1)
    for _ in range(3):
        key, keys = draw(keys)
        assert data(key) == data(expected())


def test_the_key_is_an_rng():
    assert jm.KeySeq(0).filter(jm.Rng).key is not jm.NOTHING
    assert jm.KeySeq(0).filter(jm.Parameter).key is jm.NOTHING


@pytest.mark.parametrize("where", ["constructor", "call"])
def test_keys_differ_along_a_mapped_axis(where):
    keys = jm.KeySeq(0, axis_name="batch" if where == "constructor" else None)

    def draw(keys, _):
        key = keys() if where == "constructor" else keys(axis_name="batch")
        return key, keys

    drawn, after = jax.vmap(draw, in_axes=(None, 0), out_axes=(0, None), axis_name="batch")(
        keys, jnp.zeros(3)
    )
    assert len(set(map(str, data(drawn)))) == 3
    assert after.key.shape == ()
