"""A model to optimize, transformations to do it with, and the same steps in bare optax."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jax_metrics as jm

X = jnp.linspace(-1, 1, 12).reshape(4, 3)
Y = jnp.sin(X.sum(1, keepdims=True))
STEPS = 5


def not_bias(params):
    return {path: "bias" not in path for path in params}


def labels(params):
    return {path: "slow" if "layers[0]" in path else "fast" for path in params}


TRANSFORMATIONS = {
    "sgd": lambda: optax.sgd(0.1, momentum=0.9),
    "adam": lambda: optax.adam(1e-2),
    "adamw": lambda: optax.adamw(1e-2, weight_decay=0.1, mask=not_bias),
    "masked": lambda: optax.chain(optax.masked(optax.scale(0.0), not_bias), optax.sgd(0.1)),
    "multi_transform": lambda: optax.multi_transform(
        {"slow": optax.sgd(0.01), "fast": optax.adam(0.1)}, labels
    ),
    "clip": lambda: optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2)),
    "inject_hyperparams": lambda: optax.inject_hyperparams(optax.adam)(
        optax.linear_schedule(0.1, 0.0, STEPS)
    ),
    "hyperparams": lambda: optax.inject_hyperparams(optax.adam)(0.1),
    "multi_steps": lambda: optax.MultiSteps(optax.adam(1e-2), 2),
    "schedule": lambda: optax.adam(optax.cosine_decay_schedule(0.1, STEPS)),
    "chain": lambda: optax.chain(
        optax.clip(0.5),
        optax.scale_by_adam(),
        optax.add_decayed_weights(0.1, mask=not_bias),
        optax.scale_by_schedule(optax.linear_schedule(-0.1, 0.0, STEPS)),
    ),
    "apply_if_finite": lambda: optax.apply_if_finite(optax.adam(1e-2), 3),
    "adafactor": lambda: optax.adafactor(1e-2, min_dim_size_to_factor=2),
    "schedule_free": lambda: optax.contrib.schedule_free_adamw(0.1, warmup_steps=2),
    "muon": lambda: optax.contrib.muon(1e-2),
    "sam": lambda: optax.contrib.sam(
        optax.sgd(0.1), optax.chain(optax.contrib.normalize(), optax.sgd(0.05))
    ),
    "prodigy": lambda: optax.contrib.prodigy(0.5),
    "noise": lambda: optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(0)), optax.sgd(0.1)),
}


@functools.cache
def ready_model():
    layers = [jm.Linear(4), jm.BatchNorm(), jnp.tanh, jm.Dropout(0.1), jm.Linear(1)]
    return jm.Sequential(*layers).init(0, X)


def make_model():
    return ready_model().copy()


def loss(model):
    return ((model.eval()(X) - Y) ** 2).mean()


def flat(tree):
    """What optax should see: the parameters by path."""
    leaves = jax.tree_util.tree_leaves_with_path(tree.parameters())
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


@jax.jit
def gradient(model):
    return jax.grad(lambda params: loss(model.merge(params)))(model.parameters())


def assert_close(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-5, atol=1e-6, err_msg=name)


def with_values(model, params):
    for path, value in params.items():
        model = model.at[path].set(value)
    return model


def bare_optax(transformation, model, **options):
    """Runs the same steps without any of this library's optimizer."""
    extra = optax.with_extra_args_support(transformation)

    @jax.jit
    def step(params, state):
        new = with_values(model, params)
        given = {name: make(new) for name, make in options.items()}
        updates, state = extra.update(flat(gradient(new)), state, params, **given)
        return optax.apply_updates(params, updates), state

    params = flat(model)
    state = transformation.init(params)
    for _ in range(STEPS):
        params, state = step(params, state)
    return params, state
