"""Immutable Trees, and `replace`, `mutable`, `toplevel_mutable`, `make_mutable`."""

import jax
import pytest

import jax_metrics.tree as jt


@jt.dataclass
class Leaf(jt.Tree, jt.Immutable, jt.Extensions):
    x: float = jt.node(1.0)
    size: int = 3
    late: float = jt.node(init=False)

    def add(self, y):
        self.x += y
        return self.x

    def __call__(self, y):
        return self.add(10 * y)

    @jt.toplevel_mutable
    def added(self, y):
        self.x += y
        return self

    @jt.toplevel_mutable
    def added_with_output(self, y):
        self.x += y
        return y, self


class Owner(jt.ImmutableTree, jt.Extensions):
    def __init__(self):
        self.parts = [Leaf(), {"a": Leaf()}]

    def change(self, inner=True):
        self.mode = "changed"
        if inner:
            self.parts[0].add(1.0)
            self.parts[1]["a"].x = 7.0
        return self.parts[0]

    @jt.toplevel_mutable
    def change_inner(self):
        self.parts[0].add(1.0)
        return self


@pytest.mark.parametrize("change", [lambda t: setattr(t, "x", 2.0), lambda t: delattr(t, "x")])
def test_assignment_is_refused(change):
    text = r"Leaf\.x cannot be assigned: Leaf is immutable. Make a changed copy with `.replace\(x="
    with pytest.raises(jt.MutabilityError, match=text):
        change(Leaf())
    assert not Leaf().is_mutable


def test_rebuilt_objects_are_immutable():
    with pytest.raises(AttributeError):
        jax.tree.map(lambda x: x, Leaf()).x = 3


def test_constructor_may_assign_and_inner_trees_stay_immutable():
    class Builder(jt.ImmutableTree):
        def __init__(self):
            self.leaf = Leaf()
            with pytest.raises(jt.MutabilityError):
                self.leaf.x = 2.0
            self.done = self.is_mutable if hasattr(self, "is_mutable") else None

    tree = Builder()
    assert tree.done is True and not tree.is_mutable
    assert jax.tree.structure(tree) == jax.tree.structure(Builder())


def test_replace():
    leaf = Leaf()
    changed = leaf.replace(x=2.0, size=4, late=5.0)
    assert (changed.x, changed.size, changed.late) == (2.0, 4, 5.0)
    assert leaf.x == 1.0 and leaf.size == 3 and not changed.is_mutable
    assert jax.tree.structure(leaf.replace(x=2.0)) == jax.tree.structure(leaf)


def test_replace_of_an_unknown_field():
    with pytest.raises(TypeError, match=r"Leaf has no field 'nope'. Its fields: x, size, late\."):
        Leaf().replace(nope=1)
    with pytest.raises(TypeError, match="no field 'sise'. Did you mean `size`?"):
        Leaf().replace(sise=1)
    with pytest.raises(TypeError, match="Leaf.is_mutable is not a field, so `replace` cannot"):
        Leaf().replace(is_mutable=True)


def test_make_mutable():
    owner = Owner()
    before = jax.tree.structure(owner)
    with jt.make_mutable(owner):
        owner.change()
        assert owner.is_mutable and owner.parts[0].is_mutable
        new = Leaf()
        owner.parts.append(new)
    assert owner.parts[0].x == 2.0 and owner.mode == "changed"
    for tree in (owner, owner.parts[0], owner.parts[1]["a"], new):
        assert not tree.is_mutable
    owner.parts.pop()
    with jt.make_mutable(owner):
        del owner.mode
    assert jax.tree.structure(owner) == before


def test_make_mutable_toplevel_only():
    owner = Owner()
    with jt.make_mutable(owner, toplevel_only=True):
        owner.change(inner=False)
        with pytest.raises(jt.MutabilityError, match="Leaf.x"):
            owner.change()


def test_make_mutable_ends_with_an_exception_and_nests():
    leaf = Leaf()
    with pytest.raises(ZeroDivisionError), jt.make_mutable(leaf):
        with jt.make_mutable(leaf):
            pass
        assert leaf.is_mutable
        _ = 1 / 0
    assert not leaf.is_mutable


def test_trees_taken_out_while_mutable_are_immutable_after_it():
    owner = Owner()
    with jt.make_mutable(owner):
        leaf = owner.parts.pop(0)
    assert not leaf.is_mutable


def test_mutable_returns_output_and_changed_copy():
    owner = Owner()
    leaf, changed = jt.mutable(owner.change)()
    assert changed.parts[0].x == 2.0 and changed.mode == "changed"
    assert owner.parts[0].x == 1.0 and not hasattr(owner, "mode")
    assert leaf is changed.parts[0]
    assert not leaf.is_mutable and not changed.is_mutable


@pytest.mark.parametrize(
    "f, args",
    [
        (lambda leaf: leaf.add, (2.0,)),
        (lambda leaf: Leaf.add, (None, 2.0)),
        (lambda leaf: lambda tree, y: tree.add(y), (None, 2.0)),
        (lambda leaf: leaf, (0.2,)),
    ],
    ids=["bound", "unbound", "function", "callable tree"],
)
def test_what_mutable_takes(f, args):
    leaf = Leaf()
    args = tuple(leaf if arg is None else arg for arg in args)
    output, changed = jt.mutable(f(leaf))(*args)
    assert output == changed.x == 3.0 and leaf.x == 1.0


def test_mutable_toplevel_only():
    owner = Owner()
    _, changed = jt.mutable(owner.change, toplevel_only=True)(inner=False)
    assert changed.mode == "changed"
    with pytest.raises(jt.MutabilityError, match="Leaf.x"):
        jt.mutable(owner.change, toplevel_only=True)()


def test_mutable_under_jit():
    step = jax.jit(jt.mutable(Leaf.add))
    output, leaf = step(Leaf(), 2.0)
    output, leaf = step(leaf, 2.0)
    assert output == leaf.x == 5.0 and not leaf.is_mutable


def test_output_is_immutable_while_an_outer_block_is_open():
    owner = Owner()
    with jt.make_mutable(owner):
        owner.change()
        leaf, _ = jt.mutable(owner.change)()
        assert not leaf.is_mutable and owner.is_mutable


@pytest.mark.parametrize("wrap", [jt.mutable, jt.toplevel_mutable])
def test_mutable_of_a_method_of_something_else(wrap):
    text = r"Expected a method of a Tree, but '.*Other\.go' is bound to a Other"

    class Other:
        def go(self): ...

    with pytest.raises(TypeError, match=text):
        wrap(Other().go)


@pytest.mark.parametrize("wrap", [jt.mutable, jt.toplevel_mutable])
@pytest.mark.parametrize("args, what", [((3,), "int"), ((), "NoneType")])
def test_mutable_without_a_tree(wrap, args, what):
    def call(tree): ...

    text = rf"'call' changes a Tree, its first argument, but was given a {what}"
    with pytest.raises(TypeError, match=text):
        wrap(call)(*args)


def test_toplevel_mutable():
    leaf = Leaf()
    changed = leaf.added(2.0)
    output, more = changed.added_with_output(3.0)
    assert (leaf.x, changed.x, output, more.x) == (1.0, 3.0, 3.0, 6.0)
    assert not changed.is_mutable and not more.is_mutable
    with pytest.raises(jt.MutabilityError, match="Leaf.x"):
        Owner().change_inner()


def test_toplevel_mutable_inside_mutable_stays_mutable():
    def twice(leaf):
        leaf = leaf.added(1.0)
        leaf.x += 1.0
        return leaf

    output, unchanged = jt.mutable(twice)(Leaf())
    assert output.x == 3.0 and not output.is_mutable and unchanged.x == 1.0


def test_mutable_trees_can_be_given_too():
    class Counter(jt.Tree):
        n: int = jt.node(0)

        def add(self):
            self.n += 1

    counter = Counter()
    assert jt.mutable(counter.add)()[1].n == 1 and counter.n == 0


class Compact(jt.ImmutableTree, jt.Extensions):
    @jt.compact
    def __call__(self, y):
        leaf = Leaf()
        return leaf.add(y)


def test_compact_and_mutable():
    tree = Compact()
    with pytest.raises(jt.MutabilityError):
        tree(1.0)
    output, tree = jt.mutable(tree)(1.0)
    assert output == 2.0 and tree.leaf.x == 2.0
    assert not tree.is_mutable and not tree.leaf.is_mutable
    output, tree = jt.mutable(tree)(1.0)
    assert output == 3.0 and tree._subtrees == ("leaf",)


def test_mutable_above_compact():
    class Both(jt.ImmutableTree):
        @jt.mutable
        @jt.compact
        def call(self):
            return Leaf().add(1.0)

    output, tree = Both().call()
    assert output == tree.leaf.x == 2.0
