"""The warning about state that was assigned inside a traced function and thrown away."""

import copy
import gc
import inspect
import warnings

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt


class Count(jt.KindMixin):
    pass


class Counter(jt.Tree, jt.Extensions):
    n: jax.Array = Count.node()

    def __init__(self):
        self.n = jnp.zeros(())

    def __call__(self, x):
        self.n += x
        return x


class Owner(jt.Tree, jt.Extensions):
    def __init__(self):
        self.parts = [Counter()]

    def __call__(self, x):
        return self.parts[0](x)


def warned(f):
    """The messages of the warnings while `f` runs; those of `__del__` cannot be raised."""
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        f()
        gc.collect()
    assert {warning.category for warning in caught} <= {jt.LostStateWarning}
    return [str(warning.message) for warning in caught]


def call(tree, x):
    return tree(x)


def call_and_return(tree, x):
    return tree, tree(x)


def fresh(f):
    """JAX remembers traces by function, so each test traces one of its own."""
    return lambda *args: f(*args)


TRANSFORMS = {
    "jit": jax.jit,
    "vmap": lambda f: jax.vmap(f, in_axes=(None, 0)),
    "checkpoint": lambda f: jax.jit(jax.checkpoint(f)),
    "make_jaxpr": jax.make_jaxpr,
    "nested jit": lambda f: jax.jit(jax.jit(f)),
    "linearize": lambda f: lambda tree, x: jax.linearize(lambda tree: f(tree, x), tree),
}
MODELS = {"tree": (Counter, "Counter"), "nested": (Owner, "Counter")}


@pytest.mark.parametrize("make, name", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_forgotten_return_is_reported_once(transform, make, name):
    [message] = warned(lambda: transform(fresh(call))(make(), jnp.ones(2)))
    assert message.startswith(f"{name}.n was assigned inside a traced function, on the copy")
    assert f"so the new value is lost. Return the {name} from the function" in message


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_returned_module_is_silent(transform):
    assert warned(lambda: transform(fresh(call_and_return))(Owner(), jnp.ones(2))) == []


def test_place_of_the_warning_is_the_assignment():
    with pytest.warns(jt.LostStateWarning) as caught:
        jax.jit(fresh(call))(Counter(), 1.0)
        gc.collect()
    source, start = inspect.getsourcelines(Counter)
    offset = next(i for i, line in enumerate(source) if "self.n += x" in line)
    assert caught[0].filename == __file__ and caught[0].lineno == start + offset


def test_grad():
    def loss(tree, x):
        return tree(x)

    def loss_with_state(tree, x):
        return tree(x), tree

    assert len(warned(lambda: jax.grad(loss)(Counter(), 1.0))) == 1
    assert warned(lambda: jax.grad(loss_with_state, has_aux=True)(Counter(), 1.0)) == []


def test_scan():
    def dropping(tree, x):
        return jax.tree.map(lambda y: y, tree), tree(x) + tree.map(lambda y: y)(x)

    def run(body):
        return warned(lambda: jax.lax.scan(body, Counter(), jnp.ones(3)))

    assert run(call_and_return) == []
    messages = run(dropping)
    assert messages and all(message.startswith("Counter.n was assigned") for message in messages)


def test_compiled_calls_are_silent():
    step = jax.jit(fresh(call))
    tree = Counter()
    assert len(warned(lambda: step(tree, 1.0))) == 1
    assert warned(lambda: [step(tree, 1.0) for _ in range(3)]) == []


@pytest.mark.parametrize("merge", [lambda a, b: a.merge(b), lambda a, b: a.merge(b, inplace=True)])
def test_after_merge_inside_the_trace(merge):
    def step(weights, tree, x):
        return merge(tree, weights)(x)

    def keeping(weights, tree, x):
        tree = merge(tree, weights)
        return tree(x), tree

    tree = Counter()
    assert warned(lambda: jax.jit(keeping)(tree.filter(Count), tree, 1.0)) == []
    assert len(warned(lambda: jax.jit(step)(tree.filter(Count), tree, 1.0))) >= 1


@pytest.mark.parametrize(
    "derive",
    [
        lambda tree: jax.tree.map(lambda x: x, tree),
        lambda tree: tree.map(lambda x: x),
        lambda tree: tree.apply(lambda part: None),
        lambda tree: tree.filter(),
    ],
    ids=["tree.map", "map", "apply", "filter"],
)
def test_copies_by_the_verbs_are_reported_too(derive):
    assert len(warned(lambda: jax.jit(lambda tree, x: derive(tree)(x))(Counter(), 1.0))) == 1


@pytest.mark.parametrize("how", [jt.copy, copy.copy, copy.deepcopy])
def test_explicit_copies_are_silent(how):
    assert warned(lambda: jax.jit(lambda tree, x: how(tree)(x))(Counter(), 1.0)) == []


def test_objects_made_inside_the_trace_are_silent():
    assert warned(lambda: jax.jit(lambda x: Owner()(x))(1.0)) == []
    assert warned(lambda: jax.eval_shape(lambda: Owner())) == []


def test_reading_and_static_assignments_are_silent():
    def read(tree, x):
        tree.parts[0].mode = "eval"
        return tree.parts[0].n + x

    assert warned(lambda: jax.jit(read)(Owner(), 1.0)) == []


def test_what_is_assigned_outside_of_a_trace_is_silent():
    def outside():
        tree = jax.jit(lambda tree: tree)(Counter())
        tree(1.0)
        tree.n = jnp.ones(())

    assert warned(outside) == []


def test_many_assignments_to_one_object_are_reported_once():
    class Two(jt.Tree):
        a: float = jt.node(0.0)
        b: float = jt.node(0.0)

    def assign(tree, x):
        for _ in range(3):
            tree.a = x
            tree.b = x

    [message] = warned(lambda: jax.jit(assign)(Two(), 1.0))
    assert message.startswith("Two.a and .b were assigned")


def test_state_that_went_through_another_transformation_is_kept():
    def outer(tree, x):
        tree(x)
        tree, y = jax.jit(fresh(call_and_return))(tree, x)
        return tree, y

    tree, _ = jax.jit(outer)(Counter(), 2.0)
    assert tree.n == 4.0
    assert warned(lambda: jax.jit(outer)(Owner(), 2.0)) == []


def test_warning_can_be_ignored():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        jax.jit(fresh(call))(Counter(), 1.0)
        gc.collect()
        assert [w.category for w in seen] == [jt.LostStateWarning]
        warnings.simplefilter("ignore", jt.LostStateWarning)
        jax.jit(fresh(call))(Counter(), 1.0)
        gc.collect()
    assert len(seen) == 1


def test_a_function_that_raised_is_silent():
    def failing(tree, x):
        tree(x)
        raise ValueError("no")

    def run():
        failures = []
        for _ in range(2):
            try:
                jax.jit(fresh(failing))(Owner(), 1.0)
            except ValueError as error:
                failures.append(error)
        # The objects of the first one die while another function is traced.
        jax.jit(lambda x: (failures.clear(), x)[1])(1.0)

    assert warned(run) == []


@pytest.mark.parametrize(
    "read",
    [jax.tree.leaves, jax.tree.structure, lambda tree: jax.tree.reduce(lambda a, b: 0, tree)],
)
def test_reading_does_not_silence_the_warning(read):
    def step(tree, x):
        tree(x)
        read(tree)

    assert len(warned(lambda: jax.jit(step)(Counter(), 1.0))) == 1


def test_all_fields_and_objects_are_in_one_warning():
    class Pair(jt.Tree):
        def __init__(self):
            self.first, self.second = Counter(), Counter()

    def step(tree, x):
        tree.first(x), tree.second(x)

    messages = warned(lambda: jax.jit(step)(Pair(), 1.0))
    assert len(messages) == 2 and all(m.startswith("Counter.n was assigned") for m in messages)
