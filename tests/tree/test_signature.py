"""`inspect.signature` of a class shows the arguments of its constructor."""

import inspect

import pytest

import jax_metrics.tree as jt


class Plain(jt.Tree):
    def __init__(self, size, *, name=None):
        self.size, self.name = size, name


class Inherits(Plain):
    pass


class Overrides(Plain):
    def __init__(self, other):
        super().__init__(other)


@jt.dataclass
class Record(jt.Tree):
    size: int = 3


class Says(Plain):
    pass


Says.__signature__ = inspect.signature(lambda anything: None)


class InheritsSaid(Says):
    pass


class Bare(jt.Tree):
    pass


def test_signatures():
    expected = {
        Bare: "()",
        Plain: "(size, *, name=None)",
        Inherits: "(size, *, name=None)",
        Overrides: "(other)",
        Record: "(size: int = 3) -> None",
        Says: "(anything)",
        InheritsSaid: "(anything)",
    }
    assert {cls: str(inspect.signature(cls)) for cls in expected} == expected


class Fails(jt.Tree):
    def __init__(self, size):
        raise TypeError("an error of the constructor itself")


class Takes(jt.Tree):
    def __init__(self, size=1, /, width=2, **options):
        self.options = options


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: Plain(3, nam="a"), "Plain has no argument `nam`. Did you mean `name`?"),
        (lambda: Inherits(3, nam="a"), "Inherits has no argument `nam`. Did you mean `name`?"),
        (lambda: Record(sise=1), "Did you mean `size`? It takes size."),
        (lambda: Bare(x=1), "Bare() takes no arguments"),
        (lambda: Says(other=1), "Says has no argument `other`. It takes anything."),
        (lambda: Plain(), "Plain needs `size`, as in `Plain(size=...)`"),
        (lambda: Fails(size=1), "an error of the constructor itself"),
    ],
)
def test_unknown_arguments(make, text):
    with pytest.raises(TypeError) as caught:
        make()
    assert text in str(caught.value)


def test_any_keyword_is_taken_where_the_class_takes_any():
    assert Takes(1, size=3).options == {"size": 3}
