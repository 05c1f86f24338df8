"""`inspect.signature` of a class shows the arguments of its constructor."""

import inspect

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


def test_signatures():
    expected = {
        Plain: "(size, *, name=None)",
        Inherits: "(size, *, name=None)",
        Overrides: "(other)",
        Record: "(size: int = 3) -> None",
        Says: "(anything)",
        InheritsSaid: "(anything)",
    }
    assert {cls: str(inspect.signature(cls)) for cls in expected} == expected
