import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm
from jax_metrics.module import check_sharing


class Heads(jm.Module):
    def __init__(self, make_head):
        self.body = jm.Linear(2)
        self.heads = {"a": [make_head()], "b": make_head()}

    def __call__(self, x):
        x = self.body(x)
        return self.heads["a"][0](x) + self.heads["b"](x)


X = jnp.ones((1, 3))


def shared_heads():
    head = jm.Linear(1)
    return Heads(lambda: head)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_module_in_two_places_is_an_error_of_init(inplace):
    with pytest.raises(
        jm.SharingError,
        match=r"The same Linear is at \.heads\['a'\]\[0\] and at \.heads\['b'\]\. .* Use "
        r"another module in the second place, such as `jm\.copy\(module\)`",
    ):
        shared_heads().init(0, X, inplace=inplace)


def test_two_modules_that_are_alike_are_fine():
    model = Heads(lambda: jm.Linear(1)).init(0, X)
    assert model.heads["a"][0].kernel is not model.heads["b"].kernel


def test_a_module_that_holds_itself_twice_over():
    part = jm.Linear(2)
    with pytest.raises(jm.SharingError, match=r"\.layers\[0\] and at \.layers\[1\]\.layers\[0\]"):
        jm.Sequential(part, jm.Sequential(part)).init(0, X)


@pytest.mark.parametrize("make", [jm.Flatten, lambda: jm.Lambda(abs)], ids=["Flatten", "Lambda"])
def test_modules_without_leaves_may_be_shared(make):
    part = make()
    model = jm.Sequential(part, jm.Linear(2), part).init(0, X)
    assert model(X).shape == (1, 2)


def test_an_array_in_two_places_is_an_error():
    model = Heads(lambda: jm.Linear(1)).init(0, X)
    model.heads["b"].kernel = model.heads["a"][0].kernel
    with pytest.raises(
        jm.SharingError,
        match=r"The same array is at \.heads\['a'\]\[0\]\.kernel and at "
        r"\.heads\['b'\]\.kernel\. .* another array in the second place, such as `jnp\.array\(x\)`",
    ):
        check_sharing(model)


def test_an_array_put_in_two_places_by_the_call_is_an_error_of_init():
    class Tied(jm.Module):
        a: jax.Array = jm.Parameter.node()
        b: jax.Array = jm.Parameter.node()

        def __call__(self, x):
            self.a = self.b = jnp.ones(3)

    with pytest.raises(jm.SharingError, match=r"The same array is at \.a and at \.b"):
        Tied().init(0, X)


def test_states_may_share_an_array():
    class Zeros(jm.Module):
        total: jax.Array = jm.State.node()
        count: jax.Array = jm.State.node()

        def __init__(self):
            self.total = self.count = jnp.zeros(())

    check_sharing(Zeros().init(0))


def test_trees_outside_of_a_module_are_checked():
    layer = jm.Linear(1).init(0, X)
    with pytest.raises(jm.SharingError, match=r"The same Linear is at \[0\] and at \[1\]"):
        check_sharing([layer, layer])
    with pytest.raises(jm.SharingError, match=r"is at \['a'\] and at \['b'\]"):
        check_sharing({"a": layer, "b": layer})


def test_copies_share_arrays_in_different_models_only():
    layer = jm.Linear(1).init(0, X)
    with pytest.raises(jm.SharingError, match="The same array"):
        check_sharing([layer, layer.copy()])
