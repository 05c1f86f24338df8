"""`compact`: sub-trees defined in the method that uses them."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt


class Linear(jt.Tree):
    w: float = jt.node()

    def __init__(self, w=1.0, name=None):
        self.w = w
        if name:
            self.name = name


class Bias(jt.Tree):
    b: float = jt.node(1.0)


class Owner(jt.Tree, jt.Extensions):
    """Runs the function that it is given as its compact method."""

    def __init__(self, run):
        self.run = run

    @jt.compact
    def __call__(self, *args):
        return self.run(self, *args)


def chain(owner):
    return [Linear(2.0), Bias(), Linear(3.0)]


def test_first_run_keeps_what_it_makes_and_later_runs_give_it_back():
    owner = Owner(chain)
    made = owner()
    assert [owner.linear, owner.bias, owner.linear2] == made
    assert all(a is b for a, b in zip(owner(), made, strict=True))
    assert owner._subtrees == ("linear", "bias", "linear2")
    assert sorted(jax.tree.leaves(owner)) == [1.0, 2.0, 3.0]


def test_later_runs_use_what_was_put_in_the_place():
    owner = Owner(chain)
    owner()
    owner.linear = Linear(7.0)
    changed = jax.tree.map(lambda x: 10 * x, owner)
    assert [tree.w for tree in changed()[::2]] == [70.0, 30.0]


def test_other_arguments_of_a_later_run_are_an_error():
    owner = Owner(lambda self, w: Linear(w).w)
    assert owner(5.0) == owner(5.0) == 5.0
    with pytest.raises(jt.CompactError, match=r"with `w=5\.0` in its first run, .* `w=6\.0`"):
        owner(6.0)


def test_trees_without_nodes_are_made_anew_in_each_run():
    class Setting(jt.Tree):
        def __init__(self, value):
            self.value = value

    owner = Owner(lambda self, w: (Setting(w).value, Linear(1.0).w))
    assert owner(5) == (5, 1.0) and owner(6) == (6, 1.0)
    assert owner._subtrees == ("linear",)


def test_objects_that_ran_and_their_rebuilt_copies_have_one_structure():
    one, two = Owner(chain), Owner(chain)
    before = jax.tree.structure(one)
    one(), two()
    assert jax.tree.structure(one) == jax.tree.structure(two) != before
    two()
    assert jax.tree.structure(jax.tree.map(lambda x: x, two)) == jax.tree.structure(one)


def test_what_constructors_make_is_their_own():
    class Nested(jt.Tree):
        part: Linear = jt.node(default_factory=Linear)

        def __init__(self):
            self.parts = [Linear(), Linear()]

    owner = Owner(lambda self: Nested())
    assert owner() is owner() is owner.nested
    assert owner._subtrees == ("nested",)


def test_constructor_that_calls_a_compact_method():
    class Eager(jt.Tree):
        def __init__(self):
            self.make()

        @jt.compact
        def make(self):
            return Bias()

    owner = Owner(lambda self: Eager())
    assert owner().make() is owner().bias
    assert owner._subtrees == ("eager",)


def test_compact_inside_compact():
    inner = Owner(chain)
    outer = Owner(lambda self: (inner(), Bias())[1])
    assert outer() is outer()
    assert outer._subtrees == ("bias",) and inner._subtrees == ("linear", "bias", "linear2")


def test_exception_in_the_first_run_keeps_nothing():
    def run(self, fail):
        Linear()
        return 1 / (1 - fail)

    owner = Owner(run)
    with pytest.raises(ZeroDivisionError):
        owner(True)
    assert not jt.in_compact() and jax.tree.leaves(owner) == []
    assert owner(False) == 1 and owner._subtrees == ("linear",)


def test_what_is_remembered_of_runs_is_shared_by_copies_until_one_runs():
    class Two(jt.Tree, jt.Extensions):
        @jt.compact
        def first(self):
            return Linear(w=1.0)

        @jt.compact
        def second(self):
            return Linear(w=2.0)

    tree = Two()
    tree.first()
    copies = [jax.tree.map(lambda x: x, tree) for _ in range(2)]
    for name in ("_compact_methods", "_compact_arguments"):
        assert vars(copies[0])[name] is vars(copies[1])[name]
    copies[0].second()
    assert [jax.tree.leaves(one) for one in (tree, *copies)] == [[1.0], [1.0, 2.0], [1.0]]


def test_two_methods_and_one_of_a_base_class():
    class Base(jt.Tree, jt.Extensions):
        @jt.compact
        def __call__(self):
            return Linear(1.0)

        @jt.compact
        def other(self):
            return Linear(2.0)

    class Heir(Base):
        @jt.compact
        def __call__(self):
            return Linear(3.0), super().__call__()

    tree = Heir()
    assert tree.other() is tree.other()
    assert tree() == tree() == (tree.linear3, tree.linear2)
    assert [tree.linear.w, tree.linear2.w, tree.linear3.w] == [2.0, 1.0, 3.0]
    assert tree._subtrees == ("linear", "linear2", "linear3")


def test_names():
    class MLPBlock(jt.Tree):
        w: float = jt.node(1.0)

    owner = Owner(lambda self: (MLPBlock(), Linear(name="head"), Linear(name="head"), Linear()))
    owner.linear = 5
    owner()
    assert owner._subtrees == ("mlp_block", "head", "head2", "linear2")
    assert owner.linear == 5


@pytest.mark.parametrize(
    "name, snake",
    [
        ("Linear", "linear"),
        ("MLP", "mlp"),
        ("MyLayer", "my_layer"),
        ("HTTPServer2", "http_server2"),
    ],
)
def test_snake_case(name, snake):
    assert jt.snake_case(name) == snake


def test_sub_tree_does_not_hide_a_method():
    class Filter(jt.Tree):
        w: float = jt.node(1.0)

    class FirstRun(jt.Tree):
        w: float = jt.node(1.0)

    owner = Owner(lambda self: (Filter(), FirstRun()))
    assert owner() == (owner.filter2, owner.first_run2)
    assert callable(owner.filter)


def test_declared_field_takes_the_sub_tree_with_its_kind():
    class Weight(jt.KindMixin):
        pass

    class Declared(jt.Tree):
        linear: Linear = Weight.node()

        @jt.compact
        def __call__(self):
            return Linear()

    tree = Declared()
    tree()
    assert tree.field_metadata["linear"].kind is Weight and jax.tree.leaves(tree) == [1.0]


def test_declared_static_field_is_in_the_way():
    class Declared(jt.Tree):
        linear: int = jt.static()

        @jt.compact
        def __call__(self):
            return Linear()

    text = r"Declared.__call__ creates a Linear for the field 'linear', which is declared static"
    with pytest.raises(ValueError, match=text):
        Declared()()


def branching(self, *classes):
    return [cls() for cls in classes]


@pytest.mark.parametrize(
    "now, text",
    [
        (
            (Linear, Linear),
            r"Owner.__call__ expects its sub-module number 2 to be 'bias', a Bias, as in its first "
            "run, but now makes a Linear there",
        ),
        (
            (Linear, Bias, Linear),
            r"made 2 sub-modules in its first run, and now asks for one more: Linear",
        ),
        (
            (Linear,),
            r"made 2 sub-modules in its first run but asked for 1 of them now; left over: bias: B",
        ),
        ((), r"asked for 0 of them now; left over: linear: Linear, bias: Bias\."),
    ],
    ids=["class", "more", "fewer", "none"],
)
def test_later_run_that_differs(now, text):
    owner = Owner(branching)
    owner(Linear, Bias)
    with pytest.raises(jt.CompactError, match=text):
        owner(*now)
    assert not jt.in_compact()
    owner(Linear, Bias)


def test_subclass_is_another_class():
    class Special(Linear):
        pass

    owner = Owner(branching)
    owner(Linear)
    with pytest.raises(jt.CompactError, match="a Linear, .* makes a Special"):
        owner(Special)


def test_recursion():
    def run(self, depth):
        return self(depth - 1) if depth else Linear()

    text = r"The compact method Owner.__call__ calls itself on the same object"
    with pytest.raises(jt.CompactError, match=text):
        Owner(run)(1)


def test_another_object_of_the_class_may_be_called():
    def run(self, other):
        return Linear(), other(None) if other else None

    one, two = Owner(run), Owner(run)
    assert one(two)[0] is not two.linear and one.linear is one(two)[0]


def test_compact_over_mutable_is_refused():
    text = r"`compact` cannot wrap 'call', which `mutable` has wrapped already. Write `@mutable`"
    with pytest.raises(ValueError, match=text):

        @jt.compact
        @jt.mutable
        def call(self): ...


def test_first_run():
    owner = Owner(lambda self: self.first_run)
    assert owner() is True and owner() is False


def test_first_run_outside():
    with pytest.raises(jt.CompactError, match=r"`first_run` of a Owner .* \(none runs\)"):
        _ = Owner(chain).first_run
    other = Owner(lambda self: Owner(chain).first_run)
    with pytest.raises(jt.CompactError, match=r"\(The compact method Owner.__call__ runs\)"):
        other()


class Fields(jt.Tree, jt.Extensions):
    w: jax.Array = jt.node()
    late: jax.Array = jt.node()

    @jt.compact
    def __call__(self, x):
        return self.get_field("w", lambda: jnp.ones(x.shape)) * x

    @jt.compact
    def lazily(self, now):
        return self.get_field("late", lambda: 1.0) if now else None

    @jt.compact
    def wrong(self):
        return self.get_field("nope", lambda: 1.0)


def test_get_field_makes_a_value_once():
    tree = Fields()
    tree(jnp.ones(2))
    tree.w = tree.w + 1
    assert tree(jnp.ones(2)).tolist() == [2.0, 2.0]
    assert tree.get_field("w", None) is tree.w


@pytest.mark.parametrize(
    "use, error, text",
    [
        (lambda tree: tree.wrong(), AttributeError, "Fields declares no field 'nope'. Declare it"),
        (lambda tree: tree.get_field("w", int), jt.CompactError, "`first_run` of a Fields was ask"),
        (
            lambda tree: (tree.lazily(False), tree.lazily(True)),
            jt.CompactError,
            r"Fields\.late has no value, and `get_field` makes one only in the first run",
        ),
    ],
)
def test_get_field_errors(use, error, text):
    with pytest.raises(error, match=text):
        use(Fields())


def test_in_compact():
    seen = []

    class Watching(jt.Tree):
        def __init__(self):
            seen.append(jt.in_compact())

    Owner(lambda self: (seen.append(jt.in_compact()), Watching(), seen.append(jt.in_compact())))()
    assert seen == [True, False, True] and not jt.in_compact()


def test_compact_under_jit():
    @jax.jit
    def run(owner, x):
        parts = owner()
        return owner, x * parts[0].w

    owner, y = run(Owner(chain), 3.0)
    assert y == 6.0 and owner.linear.w == 2.0
    assert run(owner, 3.0)[1] == 6.0
