"""`to_string` and the repr of Trees."""

import jax.numpy as jnp
import numpy as np

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


class Leaf(jt.Tree, jt.Extensions):
    kernel: object = Weight.node()
    bias: object = Weight.node(None)
    size: int = Weight.static(3)

    def __init__(self):
        self.kernel = jnp.ones((2, 3))
        self._hidden = 1


class Owner(jt.Tree, jt.Extensions):
    def __init__(self):
        self.parts = [Leaf(), 5]
        self.options = {"a": np.zeros(2, np.int8), "b": jt.NOTHING}
        self.activation = np.tanh
        self.sizes = [1, 2]
        self.empty = jt.Tree()
        self.text = "x" * 100


LEAF = """Leaf {
    bias: None,              Weight
    size: 3,                 Weight
    kernel: float32[2,3],    Weight
}"""
OWNER = """Owner {
    parts: list [
        Leaf {
            bias: None,              Weight
            size: 3,                 Weight
            kernel: float32[2,3],    Weight
        },
        5,
    ],
    options: dict {
        'a': np.int8[2],
        'b': Nothing,
    },
    activation: tanh,
    sizes: [1, 2],
    empty: Tree {},
    text: '%s...,
}"""


def test_outline():
    assert jt.to_string(Leaf()) == LEAF == Leaf().to_string()
    assert jt.to_string(Owner()) == OWNER % ("x" * 76)


def test_options():
    shown = jt.to_string(Leaf(), static_fields=False)
    assert "size" not in shown and "kernel" in shown
    assert "_hidden: 1," in jt.to_string(Leaf(), private_fields=True)
    assert "_hidden" not in LEAF


def test_color_dims_the_kinds_and_changes_nothing_else():
    colored = jt.to_string(Leaf(), color=True)
    assert colored.count("\x1b[2mWeight\x1b[0m") == 3
    assert colored.replace("\x1b[2m", "").replace("\x1b[0m", "") == LEAF


def test_repr_stays_short():
    class Big(jt.Tree, jt.Repr):
        def __init__(self):
            self.parts = [Leaf() for _ in range(1000)]

    lines = repr(Big()).splitlines()
    assert len(lines) == 61 and lines[-1] == "... (print(jm.to_string(...)) shows all)"
    assert len(jt.to_string(Big()).splitlines()) == 5004
    assert repr(Leaf()) == LEAF


def test_max_lines():
    assert jt.to_string([Leaf()], max_lines=1).splitlines()[0] == "list ["
    assert jt.to_string(Leaf(), max_lines=5) == LEAF


def test_other_pytrees():
    assert jt.to_string(3) == "3"
    assert jt.to_string({"a": (Leaf(),)}).startswith("dict {\n    'a': tuple [\n        Leaf {")
