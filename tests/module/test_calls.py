import re

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


class Block(jm.Module):
    def __init__(self):
        super().__init__("block")
        self.a = jm.Linear(3)
        self.ab = jm.Lambda(jnp.sin)

    def __call__(self, x):
        return self.ab(self.a(x))


class Net(jm.Module):
    def __init__(self):
        self.blocks = [Block(), Block()]

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return jnp.tanh(x)


def scopes(f, *args):
    """The name of each operation's scope in a jaxpr."""
    equations = jax.make_jaxpr(f)(*args).eqns
    return {eqn.primitive.name: str(eqn.source_info.name_stack) for eqn in equations}


def test_operations_carry_the_path_of_their_module():
    model = Net().init(0, X)
    names = scopes(lambda x: model(x), X)
    assert names["tanh"] == "net"
    assert names["sin"] == "net/blocks[1]/ab"
    assert names["dot_general"].startswith("net/blocks[1]/a")


def test_the_compiled_program_carries_the_path():
    model = Net().init(0, X)
    hlo = jax.jit(lambda model, x: model(x)).lower(model, X).compile().as_text()
    assert re.search(r'op_name="[^"]*net/blocks\[0\]/a/[^"]*dot_general"', hlo)


def test_gradients_carry_the_path():
    model = Net().init(0, X)
    names = scopes(jax.grad(lambda x: model(x).sum()), X)
    assert names["cos"] == "jvp(net)/blocks[1]/ab"
    assert names["dot_general"].startswith("transpose(jvp(net))/blocks[0]/a")


def test_compact_modules_are_named_by_their_field():
    model = jm.MLP([4, 2]).init(0, X)
    assert scopes(lambda x: model(x), X)["dot_general"].startswith("mlp/linear2")


def test_a_call_of_the_base_class_opens_no_scope_of_its_own():
    class Child(Block):
        def __call__(self, x):
            return super().__call__(x)

    model = Child().init(0, X)
    assert scopes(lambda x: model(x), X)["sin"] == "block/ab"


def test_a_module_from_elsewhere_goes_by_its_own_name():
    other = jm.Lambda(jnp.sin, name="other")

    class Calls(jm.Module):
        def __call__(self, x):
            return other(x)

    assert scopes(lambda x: Calls()(x), X)["sin"] == "calls/other"


def test_a_sibling_whose_name_begins_alike_keeps_its_name():
    class Apply(jm.Module):
        def __call__(self, x, f):
            return f(x)

    class Siblings(jm.Module):
        def __init__(self):
            self.a = Apply()
            self.ab = jm.Lambda(jnp.sin)

        def __call__(self, x):
            return self.a(x, self.ab)

    assert scopes(lambda x: Siblings()(x), X)["sin"] == "siblings/a/ab"


def test_a_call_that_fails_leaves_no_scope_behind():
    class Fails(jm.Module):
        def __call__(self, x):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        jm.Sequential(Fails())(X)
    assert scopes(lambda x: jm.Lambda(jnp.sin)(x), X)["sin"] == "lambda"


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda net: net(X), r"\.blocks\[0\]\.a \(Linear\)"),
        (lambda net: net.blocks[1](X), r"\.a \(Linear\)"),
        (lambda net: net.blocks[1].a(X), "Linear"),
    ],
    ids=["net", "block", "layer"],
)
def test_errors_say_where_they_are(call, place):
    with pytest.raises(RuntimeError, match=rf"^{place} was called before it was initialized"):
        call(Net())


def test_calls_keep_the_docs_of_the_class():
    assert jm.Linear.__call__.__name__ == "__call__"
    assert Net.__call__.__qualname__ == "Net.__call__"


def test_a_function_runs_the_calls_inside_a_block():
    model = Net().init(0, X)
    seen = []

    def around(call, own_call, args, kwargs):
        seen.append((call.path, type(call.module).__name__))
        return own_call(2 * args[0], **kwargs)

    with jm.module.calls_run_by(around):
        output = model.blocks[0](X)
    assert seen == [("", "Block"), (".a", "Linear"), (".ab", "Lambda")]
    linear = model.blocks[0].a
    assert jnp.array_equal(output, jnp.sin(2 * linear(4 * X)))
    with pytest.raises(ZeroDivisionError), jm.module.calls_run_by(lambda *_: 1 / 0):
        model(X)
    assert model(X).shape == X.shape
