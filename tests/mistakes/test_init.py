"""Mistakes with `init`."""

import pytest
from mistake_cases import Net, X, assert_told, ids

import jax_metrics as jm
from jax_metrics import nn

RNG_ADVICE = "is not a part of it, so its parameters would be lost. Make it in `__init__`"


def called_before_init(_, __):
    Net()(X)


def shape_for_inputs(_, __):
    jm.Linear(2).init(0, (4, 3))


def inputs_one_by_one(_, __):
    nn.Bilinear(2).init(0, X, X)


def no_key(_, __):
    jm.Linear(2).init(X)


def unknown_method(_, __):
    jm.Linear(2).init(0, X, "encode")


def dropout_without_key(_, __):
    jm.Dropout(0.5)(X)


def forgotten_compact(_, __):
    class Plain(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Plain().init(0, X)


def forgotten_compact_without_inputs(_, __):
    class Plain(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Plain().init(0)(X)


def forward_for_call(_, __):
    class Plain(jm.Module):
        def forward(self, x):
            return x

    Plain()(X)


def forward_for_call_in_init(_, __):
    class Plain(jm.Module):
        def forward(self, x):
            return x

    Plain().init(0, X)


def no_call(_, __):
    class Empty(jm.Module):
        pass

    Empty().init(0, X)


def module_in_itself(_, __):
    net = Net()
    net.layers.append(net)
    net.init(0, X)


def module_in_a_parent_that_it_has(_, __):
    net = Net()
    net.layers[0].parent = net
    net.init(0, X)


def shared_layer(_, __):
    layer = jm.Linear(3)
    jm.Sequential(layer, layer).init(0, X)


INIT = [
    (called_before_init, RuntimeError, ".layers[0] (Linear) was called before it was initialized"),
    (shape_for_inputs, TypeError, "give an example of the inputs instead: `init(key, jnp.ones((4"),
    (inputs_one_by_one, TypeError, "Several inputs go into a tuple, `init(key, (a, b))`"),
    (no_key, TypeError, "Expected a random key or an integer seed, as in `init(42, ...)`"),
    (unknown_method, TypeError, "Linear has no method `encode` for `init` to call"),
    (dropout_without_key, RuntimeError, "Dropout"),
    (forgotten_compact, RuntimeError, f"Linear was made in a call of Plain and {RNG_ADVICE}"),
    (forgotten_compact, RuntimeError, "decorate the method that makes it with `@jm.compact`"),
    (forgotten_compact_without_inputs, RuntimeError, "Linear was made in a call of Plain"),
    (forward_for_call, TypeError, "Plain defines `forward`, but a Module is called by `__call__`"),
    (forward_for_call_in_init, TypeError, "Rename it: `def __call__(self, ...)`"),
    (no_call, TypeError, "Empty has no method `__call__` for `init` to call"),
    (module_in_itself, jm.SharingError, "The Net contains itself: .layers[2] is the model"),
    (module_in_a_parent_that_it_has, jm.SharingError, "contains itself: .layers[0].parent is the"),
    (shared_layer, jm.SharingError, "The same Linear is at .layers[0] and at .layers[1]"),
]


@pytest.mark.parametrize(("mistake", "kind", "text"), INIT, ids=ids(INIT))
def test_init(mistake, kind, text):
    assert_told(lambda: mistake(None, None), kind, text)
