import functools

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


class Base(jm.Module):
    def __init__(self):
        self.linear = jm.Linear(3)

    def __call__(self, x):
        return self.f(x)

    def method(self, x):
        return self.linear(x)


def nested(self):
    inner = lambda x: self.linear(x)  # noqa: E731
    return lambda x: 2 * inner(x)


FUNCTIONS = {
    "lambda": (lambda self: lambda x: self.linear(x), "a function .* the object itself"),
    "nested": (nested, "a function .* the object itself"),
    "bound method": (lambda self: self.method, "a bound method .* the object itself"),
    "method of a part": (lambda self: self.linear.__call__, "a bound method .* a Linear"),
    "partial": (lambda self: functools.partial(self.method), "a partial .* the object itself"),
    "partial of a part": (
        lambda self: functools.partial(lambda layer, x: layer(x), self.linear),
        "a partial .* a Linear",
    ),
    "closure over a part": (
        lambda self: (lambda layer: lambda x: layer(x))(self.linear),
        "a function .* a Linear",
    ),
}


@pytest.mark.parametrize("make, text", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_over_the_object_are_refused(make, text):
    class Model(Base):
        def __init__(self):
            super().__init__()
            self.f = make(self)

    with pytest.raises(jm.StaticFieldError, match=rf"^Model\.f would hold {text}.*`def f\(self"):
        Model()
    model = Base().init(0, X, call_method="method")
    with pytest.raises(jm.StaticFieldError, match=r"keep the module in the field and call it"):
        model.f = make(model)
    assert "f" not in vars(model)


def test_functions_over_other_things_are_accepted():
    class Model(Base):
        def __init__(self, scale):
            super().__init__()
            loss = jm.losses.Huber()
            self.f = lambda x: scale * loss(target=x, preds=x)
            self.g = functools.partial(jnp.clip, max=scale)
            self.activation = jax.nn.relu
            self.layer = jm.Linear  # a class, not a module

    assert Model(2.0).f(X) == 0.0
