"""The state of every transformation: made once, apart from the parameters, and saved with them."""

import cloudpickle
import jax
import jax.numpy as jnp
import optax
import pytest
from optimizer_cases import TRANSFORMATIONS, flat, gradient, make_model

import jax_metrics as jm

OURS = {
    "with_hyperparams": lambda: jm.optim.with_hyperparams(optax.adam, learning_rate=0.1),
    "groups": lambda: jm.optim.groups({".layers[4]": optax.adam(0.1), ...: optax.sgd(0.1)}),
    "decay_mask": lambda: optax.adamw(0.1, mask=jm.optim.decay_mask()),
    "master_weights": lambda: jm.optim.master_weights(optax.adam(0.1)),
    "loss_scaling": lambda: jm.optim.loss_scaling(optax.adam(0.1)),
    "with_norms": lambda: jm.optim.with_norms(optax.adam(0.1)),
    "lbfgs": lambda: optax.lbfgs(),
    "all": lambda: jm.optim.with_norms(
        jm.optim.master_weights(
            jm.optim.loss_scaling(
                optax.chain(optax.clip_by_global_norm(1.0), optax.MultiSteps(optax.adam(0.1), 2))
            )
        )
    ),
}
EVERY = TRANSFORMATIONS | OURS


def sum_of_squares(model):
    return sum((leaf**2).sum() for leaf in jax.tree.leaves(model.parameters()))


def extra_arguments(name, model):
    """The further arguments of `update`."""
    if name != "lbfgs":
        return {}
    grad = jax.grad(sum_of_squares)(model.parameters())
    return {"value": sum_of_squares(model), "grad": grad, "value_fn": sum_of_squares}


def step_of(name):
    def step(model, optimizer):
        extra = extra_arguments(name, model)
        return optimizer.update(extra.get("grad", model.parameters()), model, **extra), optimizer

    return step


def buffers(tree):
    arrays = [
        jax.random.key_data(a) if jnp.issubdtype(a.dtype, jax.dtypes.prng_key) else a
        for a in jax.tree.leaves(tree)
    ]
    return [array.unsafe_buffer_pointer() for array in arrays if array.size]


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_a_step_is_compiled_once_and_can_be_donated(name):
    model = make_model()
    optimizer = jm.Optimizer(EVERY[name]()).init(model)
    every = buffers((model, optimizer))
    assert len(every) == len(set(every))
    model = jm.copy(model, arrays=True)  # the other tests need the first one
    step = jax.jit(step_of(name), donate_argnums=(0, 1))
    for _ in range(3):
        before = jax.tree.leaves(optimizer)
        model, optimizer = step(model, optimizer)
        assert not before or any(leaf.is_deleted() for leaf in before)  # if the step reads it
    assert step._cache_size() == 1
    scanned = jax.eval_shape(
        lambda carry: jax.lax.scan(lambda c, _: (step_of(name)(*c), None), carry, length=2),
        (model, optimizer),
    )
    assert jax.tree.structure(scanned[0]) == jax.tree.structure((model, optimizer))


@pytest.mark.parametrize("name", ["sam", "prodigy", "all"])
def test_a_state_made_inside_of_jit_shares_nothing_either(name):
    transformation = EVERY[name]()
    make = jax.jit(lambda model: (model, jm.Optimizer(transformation).init(model)))
    every = buffers(make(make_model()))
    assert len(every) == len(set(every))


@pytest.mark.parametrize("name", ["sam", "prodigy", "with_norms", "master_weights"])
def test_an_eager_step_can_be_donated(name):
    expected = model = make_model()
    optimizer = jm.Optimizer(EVERY[name]()).init(model)
    other = jm.copy(optimizer, arrays=True)
    model = jm.copy(model, arrays=True)
    for _ in range(3):
        grads = gradient(expected)
        expected = other.update(grads, expected)
        before, model = model, optimizer.update(grads, model, donate=True)
        assert before.layers[0].kernel.is_deleted()
    assert jm.equal(flat(model), flat(expected))


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_a_saved_optimizer_goes_on(name, tmp_path):
    transformation = EVERY[name]()
    model = make_model()
    optimizer = jm.Optimizer(transformation).init(model)
    step = jax.jit(step_of(name))
    model, optimizer = step(model, optimizer)
    jm.save(tmp_path / "state.safetensors", optimizer)
    fresh = jm.Optimizer(transformation).init(make_model())
    twins = [
        jm.load(tmp_path / "state.safetensors", like=fresh),
        jm.load_state_dict(fresh, jm.state_dict(optimizer)),
    ]
    for twin in twins:
        assert jm.equal(twin, optimizer)
        after, _ = step(model, twin)
    expected, _ = step(model, optimizer)
    assert jm.equal(flat(after), flat(expected))
    assert step._cache_size() == 1


@pytest.mark.parametrize("name", [name for name in OURS if name != "lbfgs"])
def test_a_pickled_optimizer_goes_on(name):
    model = make_model()
    optimizer = jm.Optimizer(EVERY[name]()).init(model)
    model = optimizer.update(gradient(model), model)
    twin = cloudpickle.loads(cloudpickle.dumps(optimizer))
    grads = gradient(model)
    assert jm.equal(flat(optimizer.update(grads, model)), flat(twin.update(grads, model)))
