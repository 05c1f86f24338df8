"""What weight decay leaves alone."""

import flax.linen
import jax
import jax.numpy as jnp
import optax
import pytest
from optimizer_cases import (
    STEPS,
    X,
    assert_close,
    bare_optax,
    flat,
    gradient,
    make_model,
    not_bias,
)

import jax_metrics as jm

TOKENS = jnp.zeros((2, 4), int)


def decaying(model, *spare, **options):
    """The paths of the parameters that change when all gradients are zero."""
    decay = optax.add_decayed_weights(1.0, mask=jm.optim.decay_mask(*spare, **options))
    optimizer = jm.Optimizer(decay).init(model)
    ones = jax.tree.map(lambda p: jnp.full_like(p, 3.0), model.parameters())
    zeros = jax.tree.map(jnp.zeros_like, ones)
    updates = optimizer.update(zeros, model.merge(ones), apply_updates=False)
    return {path for path, update in flat(updates).items() if (update != 0).all()}


class OwnNorm(jm.Module):
    gain: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.gain = jnp.ones(3)

    def __call__(self, x):
        return self.gain * x


class TokenEmbedding(jm.Module):
    table: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.table = jnp.ones((5, 3))

    def __call__(self, x):
        return self.table[x]


class Mixer(flax.linen.Module):
    @flax.linen.compact
    def __call__(self, x):
        return flax.linen.LayerNorm()(flax.linen.Dense(3)(x))


MODELS = {
    "linear": (lambda: jm.Linear(2).init(0, X), {".kernel"}),
    "batch_norm": (lambda: make_model(), {".layers[0].kernel", ".layers[4].kernel"}),
    "own_norm": (lambda: jm.Sequential(OwnNorm(), jm.Linear(1)).init(0, X), {".layers[1].kernel"}),
    "embed": (
        lambda: jm.Sequential(jm.Embed(5, 3), jm.nn.LearnedPositionEmbedding(4), jm.Linear(1)).init(
            0, TOKENS
        ),
        {".layers[2].kernel"},
    ),
    "own_embedding": (
        lambda: jm.Sequential(TokenEmbedding(), jm.Linear(1)).init(0, TOKENS),
        {".layers[1].kernel"},
    ),
    "attention": (
        lambda: jm.SelfAttention(2, normalize_qk=True).init(0, jnp.ones((2, 3, 8))),
        {f".{name}['kernel']" for name in ("query", "key", "value", "out")},
    ),
    "recurrent": (
        lambda: jm.SimpleRNN(3).init(0, jnp.ones((2, 3, 4))),
        {".cells[0].i['kernel']", ".cells[0].h['kernel']"},
    ),
    "weight_norm": (lambda: jm.nn.WeightNorm(jm.Linear(2)).init(0, X), {".layer_instance.kernel"}),
    "spectral_norm": (
        lambda: jm.nn.SpectralNorm(jm.Linear(2)).init(0, X),
        {".layer_instance.kernel"},
    ),
    "stack": (lambda: jm.nn.Stack(jm.Linear(3), 2).init(0, X), {".layer.kernel"}),
    "flax": (
        lambda: jm.nn.FlaxModule(Mixer()).init(0, X),
        {".params['Dense_0']['kernel']"},
    ),
}


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("name", MODELS)
def test_biases_norms_and_embeddings_are_spared(name):
    make, expected = MODELS[name]
    assert decaying(make()) == expected


def test_it_is_adamw_with_a_mask_by_hand():
    model = make_model()

    def kernels(params):
        return {path: path.endswith("kernel") for path in params}

    assert kernels(flat(model)) != not_bias(flat(model))
    expected, _ = bare_optax(optax.adamw(1e-2, weight_decay=0.5, mask=kernels), model)
    adamw = optax.adamw(1e-2, weight_decay=0.5, mask=jm.optim.decay_mask())
    optimizer = jm.Optimizer(adamw).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model)
    assert_close(flat(model), expected)


@pytest.mark.parametrize(
    ("spare", "options", "expected"),
    [
        ([".layers[4]"], {}, {".layers[0].kernel"}),
        ([".layers[4].kernel"], {}, {".layers[0].kernel"}),
        ([jm.Linear], {}, set()),
        (["*.kernel"], {"decay": ".layers[0]"}, {".layers[0].kernel", ".layers[0].bias"}),
        (
            [lambda field: "[0]" in field.path],
            {"decay": [jm.BatchNorm]},
            {".layers[1].scale", ".layers[1].bias", ".layers[4].kernel"},
        ),
    ],
)
def test_rules_of_ones_own(spare, options, expected):
    assert decaying(make_model(), *spare, **options) == expected


def test_plain_pytrees_by_name():
    params = {"w": jnp.ones(1), "b": jnp.ones(1), "out_bias": jnp.ones(1)}
    decay = optax.add_decayed_weights(1.0, mask=jm.optim.decay_mask())
    updates = jm.Optimizer(decay).init(params).update(params, params, apply_updates=False)
    assert updates == {"w": 2, "b": 1, "out_bias": 1}


def test_in_groups_it_is_asked_about_those_of_the_group():
    model = make_model()
    adamw = optax.adamw(1e-2, mask=jm.optim.decay_mask())
    optimizer = jm.Optimizer(jm.optim.groups({".layers[4]": adamw, ...: optax.sgd(0.1)}))
    optimizer = optimizer.init(model)
    new = optimizer.update(jax.tree.map(jnp.zeros_like, model.parameters()), model)
    assert (new.layers[4].kernel != model.layers[4].kernel).all()
    assert (new.layers[0].kernel == model.layers[0].kernel).all()


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"decay_mask takes paths such as .*; got 0\.1"):
        jm.optim.decay_mask(0.1)
    with pytest.raises(TypeError, match=r"decay_mask takes paths such as .*; got None"):
        jm.optim.decay_mask(decay=[None])
    with pytest.raises(ValueError, match=r"decay_mask: no parameter matches \.head\. The paramet"):
        decaying(make_model(), ".head")
    with pytest.raises(ValueError, match=r"decay_mask: no parameter matches Conv\."):
        decaying(make_model(), decay=jm.Conv)
    with pytest.raises(RuntimeError, match="`decay_mask` looks at the modules of the model"):
        optax.adamw(0.1, mask=jm.optim.decay_mask()).init({"w": X})
