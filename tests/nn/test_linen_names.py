"""Layers have the names, arguments and defaults of Linen."""

import dataclasses
import inspect
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest

from jax_metrics import nn

X = jnp.linspace(-1, 1, 8).reshape(2, 4)
# Exact by default here; see the guide.
OTHER_DEFAULTS = {"use_fast_variance": False}
OTHER_NAMES = {"Dense": "Linear", "DenseGeneral": "LinearGeneral"}
# They are given to layers as arguments, such as `dot_general_cls=linen.Fp8DirectDotGeneralOp`.
PRODUCTS = {
    "Fp8DirectDotGeneralOp",
    "Fp8DotGeneral",
    "Fp8DotGeneralOp",
    "Fp8Einsum",
    "NANOOFp8DotGeneralOp",
}
LINEN = {
    name: value
    for name, value in vars(linen).items()
    if isinstance(value, type) and issubclass(value, linen.Module) and value is not linen.Module
}


@pytest.mark.parametrize("name", sorted(LINEN.keys() - PRODUCTS))
def test_every_module_of_linen_has_a_counterpart(name):
    ours = getattr(nn, OTHER_NAMES.get(name, name))
    if name == "Sequential":  # takes its layers one by one
        return
    theirs = {
        f.name: f for f in dataclasses.fields(LINEN[name]) if f.name not in ("parent", "name")
    }
    parameters = dict(ours.__signature__.parameters)
    parameters.pop("name")
    assert list(parameters) == list(theirs)
    for label, field in theirs.items():
        if label in OTHER_DEFAULTS:
            assert parameters[label].default == OTHER_DEFAULTS[label]
            continue
        assert_same_default(label, parameters[label].default, field)


def assert_same_default(name: str, ours: Any, field: Any) -> None:
    if field.default_factory is not dataclasses.MISSING:
        theirs = field.default_factory()
    elif field.default is dataclasses.MISSING:
        theirs = inspect.Parameter.empty
    else:
        theirs = field.default
    if name.endswith("_init") and callable(theirs):
        arguments = jax.random.key(0), (3, 4, 5, 6), jnp.float32
        assert (ours(*arguments) == theirs(*arguments)).all(), name
    elif name == "attention_fn":  # ours has no NaN where dropout drops all weights
        assert ours.__wrapped__ is theirs
    elif callable(theirs) and callable(ours) and name == "merge_fn":
        assert (ours(X, X) == theirs(X, X)).all()
    else:
        assert ours is theirs or ours == theirs, f"{name}: {ours!r} is not {theirs!r}"


def test_every_function_of_linen_that_belongs_is_here():
    names = {n for n in dir(linen.activation) if getattr(linen, n, None) is not None}
    names = {n for n in names if inspect.isroutine(getattr(linen, n)) or n in ("relu", "gelu")}
    names |= {"pool", "dot_product_attention", "dot_product_attention_weights"}
    for name in names - {"compact"}:
        ours, theirs = getattr(nn, name), getattr(linen, name)
        # Those of attention check the mask first.
        assert ours is theirs or ("attention" in name and ours.__wrapped__ is theirs)
