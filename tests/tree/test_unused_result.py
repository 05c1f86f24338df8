"""Statements such as `model.eval()` are reported, and nothing else is."""

import functools
import operator
import warnings

import jax
import jax.numpy as jnp
import optax
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))
model = jm.Sequential(jm.Linear(2), jm.Dropout(0.5)).init(0, X)
optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
grads = jax.tree.map(jnp.ones_like, model.trainable_parameters())
OPTIONS = {"apply_updates": True}


def in_a_loop():
    for part in [model, model]:
        part.eval()


class Owner:
    def __init__(self):
        self.model = model

    def freeze_all(self):
        self.model.freeze(mode=True)


DROPPED = [
    ("model.eval()", "`model.eval(...)` returns a new Sequential and leaves the old one as it is"),
    ("model.train(False)", "Write `model = model.train(...)`"),
    ("model.freeze(mode=True)", "Write `model = model.freeze(...)`"),
    ("model.unfreeze()", "Write `model = model.unfreeze(...)`"),
    ("model.replace(name='other')", "Write `model = model.replace(...)`"),
    ("model.layers[0].eval()", "returns a new Linear"),
    ("model.at['.layers[0].bias'].set(1.0)", "`model.at[path].set(...)` returns a new Sequential"),
    ("model.merge(grads)", "Write `model = model.merge(...)`"),
    ("model.update(grads)", "Write `model = model.update(...)`"),
    ("optimizer.update(grads, model)", "Write `model = optimizer.update(...)`"),
    ("optimizer.update(grads, params=model)", "returns the updated parameters and leaves the old"),
    ("optimizer.update(jm.grad(lambda m: m(X).sum())(model)[0], model)", "`model = optimizer.upd"),
]


@pytest.mark.parametrize("code, text", DROPPED)
@pytest.mark.parametrize("template", ["{}", "def f():\n  {}\nf()", "if True:\n  {}\nelse:\n  0"])
def test_a_statement_is_reported(code, text, template):
    with pytest.warns(jm.UnusedResultWarning) as caught:
        exec(compile(template.format(code), "user.py", "exec"), dict(globals()))
    assert text in str(caught[0].message) and len(caught) == 1
    assert caught[0].filename == "user.py"


@pytest.mark.parametrize("run", [in_a_loop, Owner().freeze_all])
def test_in_functions(run):
    with pytest.warns(jm.UnusedResultWarning, match="the result is not used") as caught:
        run()
    assert caught[0].filename == __file__


def test_in_a_traced_function():
    @jax.jit
    def step(model, optimizer, grads):
        optimizer.update(grads, model)
        return model, optimizer

    with pytest.warns(jm.UnusedResultWarning, match="`model = optimizer.update"):
        step(model, optimizer, grads)


class Own(jm.Sequential):
    def eval(self, inplace=False):
        return super().eval(inplace=inplace)


@pytest.mark.parametrize(
    "code",
    [
        "changed = model.eval()",
        "_ = model.eval()",
        "model.eval()(X)",
        "[part.eval() for part in [model]]",
        "list(map(jm.Module.eval, [model]))",
        "list(map(operator.methodcaller('eval'), [model]))",
        "[].extend(map(jm.Module.eval, [model]))",
        "[].append(model.eval)",
        "functools.partial(model.eval)()",
        "(lambda: model.eval())()",
        "jm.copy(model).eval(inplace=True)",
        "jm.copy(model).freeze(True, True)",
        "assert model.freeze()",
        "jm.copy(model).merge(grads, inplace=True)",
        "model.map(lambda x: None)",  # to look at each leaf
        "model.map_modules(jm.Linear, lambda layer: layer)",
        "model.at['.layers[0].bias'].apply(lambda x: x)",
        "model.at['.layers[0].bias'].get()",
        "jax.eval_shape(lambda model: model.eval(), model)",
        "Own(jm.Flatten()).eval()",
        "changed = optimizer.update(grads, model)",
        "optimizer.update(grads, model, **OPTIONS)",
        "optimizer.init(model)",
    ],
)
def test_all_else_is_silent(code):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(code, "user.py", "exec"), dict(globals()))
    assert caught == [] and functools and operator


def test_the_interactive_prompt_shows_the_result(capsys):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile("model.eval()", "prompt", "single"), dict(globals()))
    assert caught == [] and "Sequential" in capsys.readouterr().out
