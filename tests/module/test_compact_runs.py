"""What a compact method may do anew in each run: define classes, make losses, give arguments."""

import gc

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


class WithLocalClass(jm.Module):
    @jm.compact
    def __call__(self, x, scale=1.0):
        class Inner(jm.Module):
            @jm.compact
            def __call__(self, y):
                return scale * jm.Linear(2)(y)

        return Inner()(x)


class WithLocalSubclass(jm.Module):
    @jm.compact
    def __call__(self, x, scale=1.0):
        class Scaled(jm.Linear):
            factor = scale

            def __call__(self, y):
                return self.factor * super().__call__(y)

        return Scaled(2)(x)


class WithLocalFunction(jm.Module):
    @jm.compact
    def __call__(self, x, scale=1.0):
        @jm.compact_module
        def block(y):
            return scale * jm.Linear(2)(y)

        return block()(x)


LOCAL = [WithLocalClass, WithLocalSubclass, WithLocalFunction]


@pytest.mark.slow
@pytest.mark.parametrize("cls", LOCAL)
def test_a_local_class_sees_the_variables_of_each_run(cls):
    model = cls().init(0, X)
    once = model(X)
    assert once.shape == (2, 2) and len(jax.tree.leaves(model.parameters())) == 2
    assert jnp.allclose(model(X, 3.0), 3 * once)
    assert jnp.allclose(jax.jit(lambda model, s: model(X, s))(model, 2.0), 2 * once)
    assert jnp.allclose(model(X), once)
    copy = jax.tree.map(lambda leaf: leaf, model)
    assert jnp.allclose(copy(X, 2.0), 2 * once)


@pytest.mark.parametrize("cls", LOCAL)
def test_nothing_piles_up(cls):
    model = cls().init(0, X)

    def classes():
        gc.collect()
        return sum(isinstance(value, type) for value in gc.get_objects())

    model(X)
    before = classes()
    for _ in range(30):
        jax.eval_shape(lambda model: model(X), model.eval())
    assert classes() <= before + 1


def test_another_local_class_of_the_same_name_is_an_error():
    class Model(jm.Module):
        @jm.compact
        def __call__(self, x, double):
            if double:

                class Inner(jm.Module):
                    def __call__(self, x):
                        return 2 * x
            else:

                class Inner(jm.Module):
                    def __call__(self, x):
                        return x

            return Inner()(x)

    model = Model().init(0, (X, True))
    with pytest.raises(jm.CompactError, match="expects its sub-module number 1 to be 'inner'"):
        model(X, False)


def test_losses_made_inline_are_those_of_the_run():
    class Model(jm.Module):
        @jm.compact
        def __call__(self, x, delta):
            return jm.losses.Huber(delta=delta)(target=x, preds=jm.Linear(3)(x))

    model = Model().init(0, (X, 1.0))
    preds = model.linear(X)
    for delta in (1.0, 0.1):
        expected = jm.losses.Huber(delta=delta)(target=X, preds=preds)
        assert model(X, delta) == expected
    assert model._subtrees == ("linear",)


class Configured(jm.Module):
    def __init__(self, w, name="dense", rate=0.5):
        self.w = w
        self.inner = name
        self.rate = rate

    @jm.compact
    def __call__(self, x):
        x = jm.Linear(self.w, name=self.inner, use_bias=True)(x)
        return jm.Dropout(rate=self.rate)(x)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("w", 5, r"'dense' with `features=2` in its first run, but now asks for `features=5`"),
        ("inner", "other", r"with `name='dense'` in its first run, .* `name='other'`"),
        ("rate", 0.1, r"'dropout' with `rate=0\.5` .* asks for `rate=0\.1`"),
        ("w", 2.0, r"asks for `features=2\.0`"),
    ],
)
def test_changed_arguments_are_an_error(field, value, text):
    model = Configured(2).init(0, X)
    setattr(model, field, value)
    with pytest.raises(jm.CompactError, match=text):
        model(X)


def test_a_sub_module_replaced_together_with_its_argument_is_accepted():
    model = Configured(2).init(0, X)
    model.dense = jm.Linear(5).init(1, X)
    model.w = 5
    assert model.eval()(X).shape == (2, 5)


def test_equal_arguments_and_functions_are_accepted():
    class Model(jm.Module):
        sizes = [4, 2]

        @jm.compact
        def __call__(self, x):
            return jm.MLP(list(self.sizes), activation=lambda y: y)(x)

    model = Model().init(0, X)
    assert model(X).shape == model(X).shape == (2, 2)
