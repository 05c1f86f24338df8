"""Classes in a module with `from __future__ import annotations`: every annotation is a string."""

from __future__ import annotations

import dataclasses

import jax
import pytest

import jax_metrics.tree as jt


class Leaf(jt.Tree):
    x: float = jt.node(1.0)


class Plain(jt.Tree):
    parts: list[Leaf] | None
    count: int

    def __init__(self, parts, count):
        self.parts, self.count = parts, count


@jt.dataclass
class Ours(jt.Tree):
    parts: list[Leaf] | None
    count: int


@dataclasses.dataclass
class Standard(jt.Tree):
    parts: list[Leaf] | None
    count: int


@pytest.mark.parametrize("cls", [Plain, Ours, Standard])
def test_string_annotations_are_evaluated(cls):
    assert jax.tree.leaves(cls([], 3)) == []
    assert cls([], 3).field_metadata["parts"].node
    assert not cls([], 3).field_metadata["count"].node
    assert jax.tree.leaves(cls([2.0, Leaf()], 3)) == [2.0, 1.0]


def test_a_class_that_names_itself_where_it_is_local():
    class Chain(jt.Tree):
        following: Chain | None

        def __init__(self, following):
            self.following = following

    assert Chain(None).field_metadata["following"].node
    assert jax.tree.structure(Chain(Chain(None))).num_nodes == 3
