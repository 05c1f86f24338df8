import inspect
import pickle

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.arange(6.0).reshape(2, 3)


class Scale(jm.nn.FlaxLayer, flax_class=linen.RMSNorm):
    scale: jax.Array = jm.Parameter.node(init=False)
    epsilon: float = 1e-6


class Wide(Scale):
    """A subclass that only changes what comes after the call."""

    def __call__(self, x):
        return 2 * super().__call__(x)


@pytest.mark.slow
def test_a_layer_of_ones_own_is_its_flax_module():
    layer = Scale(epsilon=0.1).init(0, X)
    expected = linen.RMSNorm(epsilon=0.1).apply({"params": {"scale": jnp.ones(3)}}, X)
    assert (layer(X) == expected).all()
    assert isinstance(layer.scale, jax.Array)


def test_a_layer_can_be_subclassed():
    wide = Wide(epsilon=0.1).init(0, X)
    assert (wide(X) == 2 * Scale(epsilon=0.1).init(0, X)(X)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.Linear(), "Linear needs `features`, as in `Linear\\(features=\\.\\.\\.\\)`"),
        (lambda: jm.Linear(3, foo=2), "Linear has no argument `foo`. It takes features, use_bias"),
        (lambda: jm.Linear(3, features=2), "Linear got `features` both by position and by name"),
        (lambda: jm.Linear(*range(11)), "Linear takes only `features` by position; got 0, 1, 2"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_the_signature_tells_the_arguments():
    parameters = inspect.signature(Scale).parameters
    assert list(parameters) == ["epsilon", "name"]
    assert parameters["epsilon"].default == 1e-6
    assert parameters["name"].kind is inspect.Parameter.KEYWORD_ONLY


def test_arguments_are_attributes():
    layer = jm.Linear(4, use_bias=False)
    assert (layer.features, layer.use_bias, layer.dtype) == (4, False, None)


def test_an_argument_can_be_changed_later():
    layer = jm.Linear(4)
    before = jax.tree.structure(layer)
    layer.features = 5
    assert layer.init(0, X)(X).shape == (2, 5)
    assert jax.tree.structure(layer) != before
    layer.features = 4
    assert jax.tree.structure(layer) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: jm.Linear(4), lambda: jm.Linear(features=4, use_bias=True)),
        (lambda: jm.Linear(4), lambda: jm.Linear(4, kernel_init=jm.initializers.lecun_normal())),
        (lambda: jm.Conv(4, [3, 3]), lambda: jm.Conv(4, (3, 3))),
        (
            lambda: jm.LayerNorm(reduction_axes=[-1, -2]),
            lambda: jm.LayerNorm(epsilon=1e-6, reduction_axes=(-1, -2)),
        ),
    ],
)
def test_layers_that_are_alike_have_one_structure(one, other):
    assert jax.tree.structure(one()) == jax.tree.structure(other())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: jm.Linear(4), lambda: jm.Linear(5)),
        (lambda: jm.Linear(4), lambda: jm.Linear(4, use_bias=False)),
        (lambda: jm.Dropout(0), lambda: jm.Dropout(0.0)),
        (lambda: jm.Linear(4), lambda: jm.Linear(4, kernel_init=jm.initializers.he_normal())),
        (lambda: jm.Linear(4), lambda: jm.Linear(4, name="encoder")),
    ],
)
def test_layers_that_differ_have_different_structures(one, other):
    assert jax.tree.structure(one()) != jax.tree.structure(other())


def test_the_repr_shows_what_differs_from_the_defaults():
    text = repr(jm.Linear(4, use_bias=False).init(0, X))
    assert "features=4, use_bias=False" in text
    assert "dtype=None" not in text and "kernel: float32[3,4]" in text


def test_a_pickled_layer_is_the_same():
    layer = jm.Sequential(jm.Linear(4), jm.BatchNorm(momentum=0.5)).init(0, X)
    restored = pickle.loads(pickle.dumps(layer))
    assert jax.tree.structure(restored) == jax.tree.structure(layer)
    assert (restored(X) == layer(X)).all()


def test_a_variable_that_is_not_there_yet():
    with pytest.raises(AttributeError, match=r"Linear\.kernel is declared but has no value yet"):
        _ = jm.Linear(4).kernel


def test_variables_that_are_off_are_none():
    assert jm.Linear(4, use_bias=False).init(0, X).bias is None


def test_a_layer_of_ones_own_must_declare_all_variables():
    class Forgetful(jm.nn.FlaxLayer, flax_class=linen.Dense):
        kernel: jax.Array = jm.Parameter.node(init=False)
        features: int

    with pytest.raises(TypeError, match="Forgetful declares no field for 'bias'"):
        Forgetful(2).init(0, X)


def test_initializers_of_ones_own():
    layer = jm.Linear(4, kernel_init=lambda key, shape, dtype=None: jnp.full(shape, 3.0))
    assert (layer.init(0, X).kernel == 3).all()


def test_a_key_for_dropout_does_not_change_the_parameters():
    class Both(jm.Module):
        def __init__(self, dropout):
            self.linear = jm.Linear(4)
            self.dropout = jm.Dropout(0.5) if dropout else jnp.tanh

        def __call__(self, x):
            return self.dropout(self.linear(x))

    kernels = [Both(dropout).init(0, X).linear.kernel for dropout in (False, True)]
    assert (kernels[0] == kernels[1]).all()


def test_a_layer_called_twice_keeps_its_first_parameters():
    class Twice(jm.Module):
        def __init__(self):
            self.linear = jm.Linear(3)

        def __call__(self, x):
            return self.linear(self.linear(x))

    model = Twice().init(0, X)
    assert (model.linear.kernel == jm.Linear(3).init(0, X).kernel).all()
    assert jnp.allclose(model(X), X @ model.linear.kernel @ model.linear.kernel)


def test_a_layer_inside_of_a_flax_call_is_no_child_of_it():
    layer = jm.Linear(2).init(0, X)

    class Outer(linen.Module):
        @linen.compact
        def __call__(self, x):
            return linen.Dense(2)(layer(x))

    variables = Outer().init(jax.random.key(0), X)
    assert list(variables["params"]) == ["Dense_0"]


def test_ensembles_by_vmap():
    keys = jax.random.split(jax.random.key(0), 3)
    layers = jax.vmap(lambda key: jm.Linear(4).init(key, X))(keys)
    outputs = jax.vmap(lambda layer: layer(X))(layers)
    expected = jm.Linear(4).init(keys[2], X)(X)
    assert jnp.allclose(outputs[2], expected, atol=1e-6)


def test_arrays_are_no_arguments():
    with pytest.raises(
        TypeError,
        match=r"The argument `mask` is a JAX array, but arguments of layers are part of the "
        r"structure\. Give it as a numpy array: `mask=np\.asarray\(\.\.\.\)`",
    ):
        jm.Conv(2, (3,), mask=jnp.ones((3, 3, 2)))


def test_a_layer_around_a_layer_takes_layers_only():
    with pytest.raises(TypeError, match="expected a layer of Flax for `layer_instance`"):
        jm.nn.WeightNorm(jax.nn.relu).init(0, X)
