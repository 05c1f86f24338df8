import copy
import pickle

import cloudpickle
import flax.linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tied_models import (
    PATHS,
    TIED,
    TOKENS,
    UNTIED,
    CompactModel,
    LanguageModel,
    X,
    by_hand,
    params_of,
    tied,
)

import jax_metrics as jm


def test_the_value_is_stored_once():
    assert jm.ties(TIED) == {".head.kernel": ".embed.embedding"}
    assert jm.num_parameters(UNTIED) - jm.num_parameters(TIED) == UNTIED.head.kernel.size
    assert len(jax.tree.leaves(TIED)) == len(jax.tree.leaves(UNTIED)) - 1
    assert [path for path, _ in TIED.named_parameters()] == [
        ".embed.embedding",
        ".body.kernel",
        ".body.bias",
    ]
    assert jm.ties(UNTIED) == {}  # it is as it was
    assert UNTIED.head.kernel.shape == (4, 7)


def test_it_is_used_in_both_positions():
    np.testing.assert_allclose(TIED(TOKENS), by_hand(params_of(TIED), TOKENS), rtol=1e-6)


@pytest.mark.parametrize("make", [LanguageModel, CompactModel])
def test_a_tie_before_init_is_one_after_it(make):
    after = tied(make().init(0, TOKENS))
    before = tied(make())
    assert jm.equal(before.init(0, TOKENS), after)
    in_place = tied(make())
    assert in_place.init(0, TOKENS, inplace=True) is in_place
    assert jm.equal(in_place, after)
    assert jm.equal(after(TOKENS), jax.jit(lambda model: model(TOKENS))(after), atol=1e-6)


def test_in_a_class_of_ones_own():
    assert jm.equal(LanguageModel(tied=True).init(0, TOKENS), TIED)
    shapes = jax.eval_shape(lambda: LanguageModel(tied=True).init(0, TOKENS))
    assert jax.tree.structure(shapes) == jax.tree.structure(TIED)
    assert jm.num_parameters(shapes) == jm.num_parameters(TIED)
    inside = jm.Sequential(LanguageModel(tied=True), jm.Linear(2)).init(0, TOKENS)
    assert jm.ties(inside) == {".layers[0].head.kernel": ".layers[0].embed.embedding"}
    assert inside(TOKENS).shape == (2, 3, 2)


def test_the_output_of_init_is_that_of_the_tied_model():
    output, model = LanguageModel(tied=True).init_with_output(0, TOKENS)
    assert jm.equal(output, model(TOKENS))


def test_init_of_a_model_with_tied_parts():
    """A pretrained part is called by `init`, and is left as it is."""
    model = jm.Sequential(TIED, jm.Linear(2)).init(1, TOKENS)
    assert jm.equal(model.layers[0], TIED)


def test_a_tie_of_values_that_were_never_initialized_together():
    class Pair(jm.Module):
        def __init__(self, a, b):
            self.a, self.b = a, b

        def __call__(self, x):
            return self.b(self.a(x))

    layer = jm.Linear(3).init(0, X)
    model = jm.tie(Pair(layer, jm.Linear(3).init(1, X)), ".a", ".b")
    assert jm.equal(model(X), layer(layer(X)))


def test_in_place():
    model = UNTIED.copy()
    assert jm.tie(model, *PATHS, transform=jnp.transpose, inplace=True) is model
    assert jm.equal(model, TIED)
    assert jm.untie(model, inplace=True) is model
    assert jm.ties(model) == {}


@pytest.mark.parametrize(
    "through",
    [
        jm.copy,
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: cloudpickle.loads(cloudpickle.dumps(model)),
        lambda model: jax.tree.map(lambda leaf: leaf, model),
        lambda model: model.merge(model.filter(jm.Parameter)),
        lambda model: model.map(lambda leaf: leaf, jm.Parameter),
        lambda model: model.replace(body=model.body),
        lambda model: model.at[".body.bias"].apply(lambda bias: bias),
        lambda model: model.freeze().unfreeze(),
        lambda model: model.eval().train(),
        lambda model: model.map_modules(jm.Linear, jm.copy),
        lambda model: tied(jm.untie(model)),
        tied,  # once more, the same
    ],
)
def test_it_survives(through):
    model = through(TIED)
    assert jm.equal(model, TIED)
    assert hash(jax.tree.structure(model)) == hash(jax.tree.structure(TIED))
    assert jm.equal(model(TOKENS), TIED(TOKENS))


def test_functions_that_differ_are_other_structures():
    def twice(x):
        return 2 * x.T

    def as_lambda():
        return jm.tie(UNTIED, *PATHS, transform=lambda x: x.T)

    assert jm.equal(as_lambda(), as_lambda())  # the same code
    assert not jm.equal(as_lambda(), TIED)
    assert not jm.equal(jm.tie(UNTIED, *PATHS, transform=twice), TIED)
    np.testing.assert_allclose(as_lambda()(TOKENS), TIED(TOKENS))


def test_untie_gives_each_position_a_value():
    model = jm.untie(TIED)
    assert jm.num_parameters(model) == jm.num_parameters(UNTIED)
    assert jm.equal(model.head.kernel, TIED.embed.embedding.T)
    np.testing.assert_allclose(model(TOKENS), TIED(TOKENS), rtol=1e-6)
    jm.Optimizer(optax.sgd(0.1)).init(model)  # no array is in two positions
    same = jm.untie(jm.tie(jm.MLP([3, 3]).init(0, X), ".linear", ".linear2"))
    jm.Optimizer(optax.sgd(0.1)).init(same)
    assert jm.equal(same.linear, same.linear2)


def test_the_parts_of_an_untied_model_have_the_gradients_of_the_tied_one():
    def of_head(model):
        return jm.untie(model).head(jnp.ones((1, 4))).sum()

    grads = jax.grad(of_head)(TIED)
    assert jm.equal(grads.embed.embedding, jnp.ones((7, 4)))


def test_chains_and_several_ties():
    model = jm.MLP([3, 3, 3, 3]).init(0, X)
    kernels = [f".{name}.kernel" for name in ("linear", "linear2", "linear3", "linear4")]
    ends = jm.tie(model, kernels[1], kernels[2])  # tied before its source is
    ends = jm.tie(ends, kernels[0], kernels[1], transform=jnp.transpose)
    ends = jm.tie(ends, kernels[2], kernels[3], transform=jnp.transpose)
    assert jm.ties(ends) == {kernels[i + 1]: kernels[i] for i in range(3)}
    full = jm.untie(ends)
    assert jm.equal(full.linear3.kernel, model.linear.kernel.T)
    assert jm.equal(full.linear4.kernel, model.linear.kernel)
    np.testing.assert_allclose(ends(X), full(X), rtol=1e-6)
    one = jm.untie(ends, kernels[1])
    assert jm.ties(one) == {kernels[2]: kernels[1], kernels[3]: kernels[2]}
    np.testing.assert_allclose(one(X), full(X), rtol=1e-6)


def test_a_whole_layer_with_its_state():
    class Twice(jm.Module):
        def __init__(self):
            self.first, self.second = jm.BatchNorm(momentum=0.5), jm.BatchNorm(momentum=0.5)
            jm.tie(self, ".first", ".second", inplace=True)

        def __call__(self, x):
            return self.first(x), self.second(x)

    model = Twice().init(0, X)
    assert jm.num_parameters(model) == 6
    (one, other), after = jax.jit(lambda model, x: (model(x), model))(model, X)
    assert jm.equal(one, other)
    np.testing.assert_allclose(after.first.mean, 0.75 * X.mean(0), rtol=1e-6)  # moved twice
    assert jm.ties(after) == {".second": ".first"}


def test_layers_inside_of_a_tied_layer():
    """A tie from inside of a layer that is tied, and one to the inside of its source."""
    model = jm.Sequential(
        *(jm.Sequential(jm.Linear(3), jm.Linear(3)) for _ in range(2)), jm.Linear(3)
    )
    model = jm.tie(model.init(0, X), ".layers[0]", ".layers[1]")
    model = jm.tie(model, ".layers[1].layers[1].kernel", ".layers[2].kernel")
    model = jm.tie(model, ".layers[0].layers[0].kernel", ".layers[0].layers[1].kernel")
    full = jm.untie(model)
    kernel = model.layers[0].layers[0].kernel
    for part in (*full.layers[0].layers, *full.layers[1].layers, full.layers[2]):
        assert jm.equal(part.kernel, kernel)
    np.testing.assert_allclose(model(X), full(X), rtol=1e-6)


class Outer(jm.Module):
    """Has a model with a tie inside, and a table before it."""

    def __init__(self):
        self.model = LanguageModel(tied=True)
        self.table = jm.Embed(7, 4)
        self.last = jm.Linear(7, use_bias=False)

    def __call__(self, tokens):
        return self.model(tokens) + self.last(self.table(tokens))


OUTER = Outer().init(0, TOKENS)


def test_a_source_that_a_part_has_tied():
    model = jm.tie(OUTER, ".model.head.kernel", ".last.kernel")
    full = jm.untie(model)
    assert jm.equal(full.last.kernel, OUTER.model.embed.embedding.T)
    np.testing.assert_allclose(model(TOKENS), full(TOKENS), rtol=1e-6)


def test_the_source_of_a_part_may_be_tied():
    model = jm.tie(OUTER, ".table.embedding", ".model.embed.embedding")
    full = jm.untie(model)
    assert jm.equal(full.model.head.kernel, OUTER.table.embedding.T)
    np.testing.assert_allclose(model(TOKENS), full(TOKENS), rtol=1e-6)
    with pytest.raises(
        jm.TieError, match=r"\.model\.embed\.embedding of the Outer is tied to \.tab"
    ):
        model.model(TOKENS)
    assert list(jm.state_dict(model.model)) == ["body.bias", "body.kernel"]


def test_a_whole_model_that_has_ties():
    pair = jm.Sequential(jm.MLP([3, 3]), jm.MLP([3, 3])).init(0, X)
    pair.layers[0] = jm.tie(pair.layers[0], ".linear.kernel", ".linear2.kernel")
    pair.layers[1] = jm.tie(pair.layers[1], ".linear.kernel", ".linear2.kernel")
    model = jm.tie(pair, ".layers[0]", ".layers[1]")
    full = jm.untie(model)
    assert jm.ties(full) == {}
    assert jm.num_parameters(full) == 48
    np.testing.assert_allclose(model(X), full(X), rtol=1e-6)


def test_values_in_dicts_and_layers_of_flax():
    path = ".layers[1].params['kernel']"

    def make():
        return jm.Sequential(jm.Linear(3), jm.nn.FlaxModule(flax.linen.Dense(3)))

    model = jm.tie(make().init(0, X), ".layers[0].kernel", path)
    assert jm.equal(jm.tie(make(), ".layers[0].kernel", path).init(0, X), model)
    assert jm.num_parameters(model) == 15
    np.testing.assert_allclose(model(X), jm.untie(model)(X), rtol=1e-6)
    with pytest.raises(jm.TieError, match=r"\.layers\[1\]\.params\['kernel'\] of the Sequential"):
        model.layers[1](X)

    rows = jnp.ones((1, 2, 4))
    attention = [jm.nn.MultiHeadAttention(num_heads=2) for _ in range(2)]
    model = jm.Sequential(*attention).init(0, rows)
    model = jm.tie(model, ".layers[0].query", ".layers[1].query")
    assert len(jax.tree.leaves(model.parameters())) == 14
    np.testing.assert_allclose(model(rows), jm.untie(model)(rows), rtol=1e-6)
    with pytest.raises(jm.TieError, match=r"\.layers\[1\]\.query of the Sequential is tied to"):
        model.layers[1](rows)


def test_paths_may_leave_out_the_first_dot():
    assert jm.equal(jm.tie(UNTIED, "embed.embedding", "head.kernel", transform=jnp.transpose), TIED)


def test_it_is_shown():
    assert "kernel: tied to .embed.embedding by transpose" in repr(TIED)
    table = TIED.tabulate(TOKENS)
    assert "kernel: tied to .embed.embedding by transpose" in table
    assert f"Total: {jm.num_parameters(TIED)} " in table
    assert repr(jm.to_dict(TIED)["head"]["kernel"]) == "tied to .embed.embedding by transpose"


def test_other_methods():
    class Autoencoder(jm.Module):
        def __init__(self):
            self.encoder = jm.Linear(2, use_bias=False)
            self.decoder = jm.Linear(3, use_bias=False)
            jm.tie(
                self, ".encoder.kernel", ".decoder.kernel", transform=jnp.transpose, inplace=True
            )

        def __call__(self, x):
            return self.decode(self.encoder(x))

        @jm.with_ties
        def decode(self, code):
            return self.decoder(code)

        def plain(self, code):
            return self.decoder(code)

    model = Autoencoder().init(0, X)
    code = model.encoder(X)
    assert jm.equal(model.decode(code), model(X))
    assert jm.equal(jm.untie(model).plain(code), model(X))
    with pytest.raises(jm.TieError, match="needs the decorator `@jm.with_ties`"):
        model.plain(code)
