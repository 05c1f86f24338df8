import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


def data(key):
    return np.asarray(jax.random.key_data(key)).tolist()


@pytest.mark.parametrize("seed", [3, np.int64(3), np.array(3), jnp.array(3)], ids=repr)
def test_integers_are_seeds(seed):
    assert data(jm.Key(seed)) == data(jax.random.key(3))


@pytest.mark.parametrize(
    "key",
    [
        jax.random.key(0),
        jax.random.PRNGKey(0),
        np.array([0, 1], np.uint32),
        jax.random.key(0, impl="rbg"),
        jax.random.split(jax.random.key(0), 3),
    ],
    ids=["new", "legacy", "numpy", "rbg", "stack"],
)
def test_keys_stay_as_they_are(key):
    assert jm.Key(key) is key


@pytest.mark.parametrize(
    ("seed", "what"),
    [
        (True, "a bool"),
        (None, "a NoneType"),
        (1.5, "a float"),
        (np.zeros(2, np.float32), r"an array of float32\[2\]"),
        (np.zeros(3, np.uint32), r"an array of uint32\[3\]"),
    ],
)
def test_other_values_are_errors(seed, what):
    with pytest.raises(
        TypeError, match=rf"Expected a random key or an integer seed, as in .*; got {what}\."
    ):
        jm.Key(seed)


def test_keys_are_made_under_jit():
    assert data(jax.jit(jm.Key)(3)) == data(jax.random.key(3))
    key = jax.random.key(3)
    assert data(jax.jit(jm.Key)(key)) == data(key)


@pytest.mark.parametrize("num", [2, 5])
def test_iter_split_is_split(num):
    key = jax.random.key(0)
    assert [data(k) for k in jm.iter_split(key, num)] == data(jax.random.split(key, num))


def test_the_first_key_is_the_one_given():
    with jm.rng_key(7):
        first, second, third = (jm.next_key() for _ in range(3))
    assert data(first) == data(jax.random.key(7))
    assert len({str(data(k)) for k in (first, second, third)}) == 3


def test_blocks_nest_and_end():
    with jm.rng_key(0):
        jm.next_key()
        with jm.rng_key(0):
            inner = jm.next_key()
        outer = jm.next_key()
    assert data(inner) == data(jax.random.key(0)) != data(outer)


def test_no_key_outside_of_a_block():
    with pytest.raises(ZeroDivisionError), jm.rng_key(0):
        raise ZeroDivisionError
    with pytest.raises(
        RuntimeError,
        match=r"`next_key` was called where no key is known\. Call it during `init\(key, inputs\)`,"
        r" or inside of `with jm\.rng_key\(key\):`",
    ):
        jm.next_key()


def test_keys_differ_along_a_mapped_axis():
    def draw(_):
        with jm.rng_key(0):
            return jm.next_key(), jm.next_key(axis_name="batch")

    same, different = jax.vmap(draw, axis_name="batch")(jnp.zeros(3))
    assert len({str(k) for k in data(same)}) == 1
    assert len({str(k) for k in data(different)}) == 3
