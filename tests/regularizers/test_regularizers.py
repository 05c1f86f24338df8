import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses, regularizers
from jax_metrics.module import BatchStats, Module, Parameter
from jax_metrics.regularizers import L1, L1L2, L2, Orthogonal
from jax_metrics.testing import check_loss

rng = np.random.default_rng(0)
ARRAYS = {"kernel": rng.normal(size=(3, 4)), "layers": [rng.normal(size=4), np.ones((2, 2, 3))]}


class Kernel(Parameter):
    """A user-defined kind."""


class Layer(Module):
    kernel: jax.Array = Kernel.node()
    bias: jax.Array = Parameter.node()
    mean: jax.Array = BatchStats.node()

    def __init__(self, scale):
        self.kernel = scale * jnp.arange(4.0).reshape(2, 2)
        self.bias = scale * jnp.ones(2)
        self.mean = jnp.full(2, jnp.nan)


class Model(Module):
    def __init__(self):
        self.first = Layer(1)
        self.second = Layer(10)


def norms(parameters, power):
    return sum((abs(leaf) ** power).sum() for leaf in jax.tree.leaves(parameters))


def cosines(matrix):
    unit = matrix / np.linalg.norm(matrix, axis=-1, keepdims=True)
    size = len(unit)
    return (abs(unit @ unit.T).sum() - size) / (size * (size - 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (L1(0.5), lambda parameters: 0.5 * norms(parameters, 1)),
        (L2(l2=0.5), lambda parameters: 0.5 * norms(parameters, 2)),
        (
            L1L2(0.5, 0.25),
            lambda parameters: 0.5 * norms(parameters, 1) + 0.25 * norms(parameters, 2),
        ),
        (
            Orthogonal(0.5),
            lambda parameters: (
                0.5
                * (cosines(parameters["kernel"]) + cosines(parameters["layers"][1].reshape(4, 3)))
            ),
        ),
        (
            Orthogonal(0.5, mode="columns"),
            lambda parameters: (
                0.5
                * (
                    cosines(parameters["kernel"].T)
                    + cosines(parameters["layers"][1].reshape(4, 3).T)
                )
            ),
        ),
    ],
    ids=lambda value: repr(value) if isinstance(value, losses.Loss) else "",
)
def test_regularizer(loss, reference):
    check_loss(loss, {"parameters": ARRAYS}, reference=reference)
    assert isinstance(loss, losses.Loss)


def test_every_regularizer_has_a_function():
    found = {n for n, v in vars(regularizers).items() if isinstance(v, type)} - {"Regularizer"}
    assert found == {"L1", "L2", "L1L2", "Orthogonal"}
    np.testing.assert_allclose(regularizers.l1(ARRAYS), norms(ARRAYS, 1), rtol=1e-6)
    np.testing.assert_allclose(regularizers.l2(ARRAYS), norms(ARRAYS, 2), rtol=1e-6)
    np.testing.assert_allclose(
        regularizers.orthogonal(ARRAYS["kernel"]), cosines(ARRAYS["kernel"]), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), 11 * (6 + 2)),
        (Parameter, 11 * (6 + 2)),
        (Kernel, 11 * 6),
        (lambda field: field.name == "bias", 11 * 2),
        (lambda field: ".second" in field.path, 10 * (6 + 2)),
        ([Kernel, lambda field: ".second" in field.path], 10 * 6),
    ],
)
def test_parameters_of_a_module(filters, expected):
    """Running statistics, which are NaN here, are not parameters."""
    assert float(L1(1.0, filters=filters)(parameters=Model())) == expected


def test_gradients_of_a_module():
    gradients = jax.grad(lambda model: L2(0.5)(parameters=model))(Model())
    np.testing.assert_array_equal(gradients.second.bias, [10, 10])
    np.testing.assert_array_equal(gradients.second.mean, [0, 0])


def test_usable_where_losses_are():
    loss = L2(0.5, weight=2, name="decay").rename_arguments(parameters="model")
    assert list(loss.signature.parameters) == ["model"]
    assert float(loss(model={"a": jnp.ones(3)})) == 3
    assert float(L2(1.0, on="a")(parameters={"a": jnp.ones(3), "b": jnp.ones(2)})) == 3
    with pytest.raises(TypeError, match="was called with 'mask', but it takes parameters"):
        L2()(parameters=jnp.ones(2), mask=jnp.ones(2, bool))


def test_static():
    assert L2(0.5) == L2(l2=0.5) and hash(L2(0.5)) == hash(L2(l2=0.5))
    assert L2(0.5) != L2(0.25)
    assert pickle.loads(pickle.dumps(L1L2(1, 2, filters=Kernel))) == L1L2(1, 2, filters=(Kernel,))


@pytest.mark.slow
def test_precision_and_dtypes():
    half = {"a": jnp.full(4096, 0.1, jnp.bfloat16), "step": jnp.array(7)}
    found = L1(1.0)(parameters=half)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, 4096 * float(jnp.bfloat16(0.1)), rtol=1e-6)
    np.testing.assert_allclose(L2(1.0)(parameters=jnp.array([3 + 4j])), 25)
    gradient = jax.grad(lambda p: Orthogonal(1.0)(parameters=p))(jnp.zeros((2, 2)))
    np.testing.assert_array_equal(gradient, np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: L2()(parameters={}), ValueError, "the dict has no parameters yet.*model.init"),
        (
            lambda: L2(filters=lambda field: False)(parameters=Model()),
            ValueError,
            "the Model has no parameters that pass the filters",
        ),
        (lambda: L2(filters="bias")(parameters=Model()), TypeError, "A filter is a kind"),
        (lambda: Orthogonal(mode="x")(parameters=jnp.ones((2, 2))), ValueError, "'rows' or 'col"),
        (
            lambda: regularizers.Regularizer()(parameters=jnp.ones(2)),
            NotImplementedError,
            "Regularizer has no method `penalty`",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
