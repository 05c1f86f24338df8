import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


@pytest.mark.parametrize(
    ("shape", "flat"),
    [((2, 3, 4, 5), (2, 60)), ((2, 3), (2, 3)), ((2,), (2, 1)), ((0, 3, 4), (0, 12))],
)
def test_flatten(shape, flat):
    x = np.arange(np.prod(shape)).reshape(shape)
    np.testing.assert_array_equal(jm.Flatten()(jnp.asarray(x)), x.reshape(flat))
