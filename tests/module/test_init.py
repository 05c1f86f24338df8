import functools

import jax
import jax.numpy as jnp
import pytest
from jax.test_util import check_grads

import jax_metrics as jm


class Affine(jm.Module):
    """Makes `w` from a field Initializer, `offset` in `rng_init`, `b` in the call."""

    w: jax.Array = jm.Parameter.node()
    offset: jax.Array = jm.Parameter.node()
    b: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.w = jm.Initializer(lambda key: jax.random.normal(key, (3,)))

    def rng_init(self):
        assert isinstance(self.w, jax.Array)
        self.offset = jax.random.normal(jm.next_key(), (3,))

    def __call__(self, x, scale=1.0):
        if self.initializing():
            assert self.offset.shape == (3,)
            self.b = jax.random.normal(jm.next_key(), x.shape[-1:])
        return scale * self.w * x + self.b + self.offset


class Plain(jm.Module):
    def __call__(self, *args, **kwargs):
        assert self.initializing()
        self.seen = repr((args, kwargs))


X = (2, 3)


def equal(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    return all(jax.tree.leaves(jax.tree.map(lambda x, y: bool((x == y).all()), a, b)))


def test_fields_come_before_rng_init_before_the_call():
    model = Affine().init(0, jnp.ones(X))
    assert model.w.shape == model.offset.shape == model.b.shape == (3,)


def test_the_keys_of_fields_rng_init_and_call_differ():
    model = Affine().init(0, jnp.ones(X))
    assert not jnp.allclose(model.w, model.offset)
    assert not jnp.allclose(model.offset, model.b)
    assert not jnp.allclose(model.w, model.b)


@pytest.mark.parametrize(
    "key",
    [42, jnp.asarray(42), jax.random.key(42)],
    ids=["int", "array", "key"],
)
def test_an_integer_and_its_key_give_the_same(key):
    assert equal(Affine().init(key, jnp.ones(X)), Affine().init(jax.random.key(42), jnp.ones(X)))


def test_legacy_keys_are_taken():
    legacy = Affine().init(jax.random.PRNGKey(42), jnp.ones(X))
    assert equal(legacy, Affine().init(42, jnp.ones(X)))


def test_another_key_gives_other_parameters():
    assert not equal(Affine().init(0, jnp.ones(X)), Affine().init(1, jnp.ones(X)))


def test_a_key_of_another_type_is_an_error():
    with pytest.raises(TypeError, match=r"Expected a random key or an integer seed.*got a str"):
        Affine().init("seed", jnp.ones(X))


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        (1, "((1,), {})"),
        ([1, 2], "(([1, 2],), {})"),
        ((1, 2), "((1, 2), {})"),
        ({"a": 1}, "((), {'a': 1})"),
        (jm.Inputs(1, a=2), "((1,), {'a': 2})"),
        (jm.Inputs((1, 2)), "(((1, 2),), {})"),
    ],
)
def test_inputs(inputs, seen):
    assert Plain().init(0, inputs).seen == seen


def test_without_inputs_the_module_is_not_called():
    model = Affine().init(0)
    assert model.initialized
    assert model.w.shape == (3,)
    with pytest.raises(AttributeError, match=r"Affine.b is declared but has no value yet"):
        model(jnp.ones(X))


def test_another_method_can_be_called():
    embed = jm.Embed(10, 4).init(0, jnp.ones((1, 4)), call_method="attend")
    assert embed.embedding.shape == (10, 4)


def test_init_returns_a_new_module():
    model = Affine()
    other = model.init(0, jnp.ones(X))
    assert other is not model
    assert other.initialized and not model.initialized
    assert isinstance(model.w, jm.Initializer)


def test_init_in_place():
    model = Affine()
    assert model.init(0, jnp.ones(X), inplace=True) is model
    assert equal(model, Affine().init(0, jnp.ones(X)))


@pytest.mark.slow
def test_init_under_jit_and_eval_shape():
    make = functools.partial(jm.MLP([4, 2]).init, 0)
    eager = make(jnp.ones(X))
    jitted = jax.jit(make)(jnp.ones(X))
    shapes = jax.eval_shape(make, jax.ShapeDtypeStruct(X, "float32"))
    assert jitted.initialized and shapes.initialized
    assert jax.tree.structure(shapes) == jax.tree.structure(eager)
    for a, b, c in zip(*map(jax.tree.leaves, (eager, jitted, shapes)), strict=True):
        assert jnp.allclose(a, b) and a.shape == c.shape and a.dtype == c.dtype


def test_init_under_vmap_makes_an_ensemble():
    keys = jax.random.split(jax.random.key(0), 3)
    model = jm.MLP([4, 2])
    many = jax.vmap(lambda key: model.init(key, jnp.ones(X)))(keys)
    one = model.init(keys[1], jnp.ones(X))
    assert equal(jax.tree.map(lambda leaf: leaf[1], many), one)
    x = jnp.arange(6.0).reshape(X)
    outputs = jax.vmap(lambda model, x: model(x), in_axes=(0, None))(many, x)
    assert jnp.allclose(outputs[1], one(x), atol=1e-6)


def test_a_model_is_differentiable():
    model = jm.MLP([4, 1], activation=jnp.tanh).init(0, jnp.ones(X))
    check_grads(lambda model: model(jnp.ones(X)).sum(), (model,), order=1, modes=["rev"])


def test_calling_an_uninitialized_module_names_its_place():
    model = jm.Sequential(jm.Sequential(jm.Linear(2)))
    with pytest.raises(
        RuntimeError,
        match=r"\.layers\[0\]\.layers\[0\] \(Linear\) was called before it was initialized\. "
        r"Call `model = model\.init\(key, inputs\)`",
    ):
        model(jnp.ones(X))


def test_a_compact_module_called_first_outside_of_init():
    with pytest.raises(
        RuntimeError,
        match=r"A compact method makes a Linear for the first time, outside of `init`\. "
        r"Call `model = model\.init\(key, inputs\)`",
    ):
        jm.MLP([2])(jnp.ones(X))


def test_a_compact_module_cannot_be_called_after_init_without_inputs():
    with pytest.raises(RuntimeError, match="for the first time, outside of `init`"):
        jm.MLP([2]).init(0)(jnp.ones(X))


def test_modules_made_inline_get_their_initializers_run():
    class Outer(jm.Module):
        @jm.compact
        def __call__(self, x):
            return Affine()(Affine()(x))

    model = Outer().init(0, jnp.ones(X))
    assert not jnp.allclose(model.affine.w, model.affine2.w)
    assert model.affine.initialized


def test_initializing_is_over_after_an_error():
    class Fails(jm.Module):
        def __call__(self):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Fails().init(0, ())
    with pytest.raises(RuntimeError, match="was called before it was initialized"):
        jm.Linear(2)(jnp.ones(X))
    with pytest.raises(RuntimeError, match="`next_key` was called where no key is known"):
        jm.next_key()


def test_pretrained_parts_stay_as_they_are():
    body = jm.Sequential(jm.Linear(4), jm.BatchNorm()).init(7, jnp.ones(X))
    model = jm.Sequential(body, jm.Linear(2)).init(0, 5 * jnp.ones(X))
    assert equal(model.layers[0], body)
    assert model.layers[1].initialized


def test_init_of_an_initialized_model_changes_nothing():
    model = jm.MLP([4, 2]).init(0, jnp.ones(X))
    assert equal(model.init(1, jnp.ones(X)), model)


def test_rng_init_of_pretrained_parts_does_not_run_again():
    class Counted(jm.Module):
        runs: int = jm.State.node(0)

        def rng_init(self):
            self.runs += 1

    part = Counted().init(0)
    assert jm.Sequential(part).init(1).layers[0].runs == 1


def test_immutable_modules_can_be_initialized():
    class Frozen(jm.Module, jm.Immutable):
        w: jax.Array = jm.Parameter.node()

        def __call__(self, x):
            if self.initializing():
                self.w = jax.random.normal(jm.next_key(), x.shape)
            return self.w * x

    model = Frozen().init(0, jnp.ones(2))
    assert model.w.shape == (2,)
    with pytest.raises(jm.MutabilityError):
        model.w = jnp.zeros(2)


def test_values_assigned_before_init_are_kept():
    layer = jm.Linear(2)
    layer.kernel = jnp.full((3, 2), 7.0)
    layer = layer.init(0, jnp.ones(X))
    assert (layer.kernel == 7).all()
    assert (layer.bias == 0).all()


@pytest.mark.parametrize("name", [None, "encoder"])
def test_names(name):
    assert jm.Sequential(name=name).name == (name or "sequential")


def test_names_name_the_fields_of_compact_methods():
    class Net(jm.Module):
        @jm.compact
        def __call__(self, x):
            return jm.Linear(2)(jm.Linear(4, name="encoder")(x))

    assert Net().init(0, jnp.ones(X))._subtrees == ("linear", "encoder")


def test_an_initializer_in_an_undeclared_field_is_an_error():
    class Noise(jm.Module):
        def __init__(self):
            self.level = jm.Initializer(lambda key: jax.random.normal(key, (3,)))

    with pytest.raises(TypeError, match=r"Noise\.level holds an Initializer but is static"):
        Noise().init(0)


def test_a_module_with_initializers_passes_through_jax():
    class Noise(jm.Module):
        level: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.level = jm.Initializer(lambda key: jax.random.normal(key, (3,)))

        def __call__(self, x):
            return x * self.level

    x = jnp.ones((2, 3))
    model = jm.Sequential(Noise(), jm.Dropout(0.5))
    expected = model.init(0, x).layers[0].level
    assert (jax.jit(lambda model, x: model.init(0, x))(model, x).layers[0].level == expected).all()
    shapes = jax.eval_shape(lambda model, x: model.init(0, x), model, x)
    assert shapes.layers[0].level.shape == (3,)
    assert isinstance(jax.jit(lambda model: model)(model).layers[0].level, jm.Initializer)
    assert jax.tree.leaves(model) == []
    assert jax.tree.structure(jm.Dropout(0.5)) == jax.tree.structure(jm.Dropout(0.5))
    assert (model.merge(model.init(0, x)).layers[0].level == expected).all()
