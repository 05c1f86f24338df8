"""State dicts and files of models with ties, in models with and without them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tied_models import PATHS, TIED, TOKENS, UNTIED, LanguageModel, X

import jax_metrics as jm

OTHER = LanguageModel(tied=True).init(5, TOKENS)
LAYERS = jm.tie(jm.MLP([3, 3]).init(0, X), ".linear", ".linear2")
M = r"`(model\.)?"  # the item of a checkpoint
SAYS = (
    rf"In the state, {M}head\.kernel` is tied to {M}embed\.embedding`, but not in the tree: it "
    r"gets a copy of that value, and training will make them differ\. Tie them first, with `jm.tie`"
)


def restored(checkpoints, like, rename=None, **options):
    names = {f"model.{old}": f"model.{new}" for old, new in (rename or {}).items()}
    found = checkpoints.restore({"model": like}, rename=names or None, **options)
    return (found[0]["model"], found[1]) if isinstance(found, tuple) else found["model"]


@pytest.fixture(params=["state", "file", "shards", "checkpoint"])
def carried(request, tmp_path):
    """A function that loads one tree into another, by a state dict, a file, or a checkpoint."""
    steps = []

    def carry(tree, like, **options):
        if request.param == "state":
            return jm.load_state_dict(like, jm.state_dict(tree), **options)
        if request.param == "checkpoint":
            with jm.Checkpointer(tmp_path / "checkpoints", keep=1) as checkpoints:
                checkpoints.save(len(steps), model=tree)
                steps.append(tree)
                return restored(checkpoints, like, **options)
        path = tmp_path / "model.safetensors"
        jm.save(path, tree, shard_size=60 if request.param == "shards" else None)
        return jm.load(path, like=like, **options)

    return carry


def test_the_tie_is_noted(tmp_path):
    state = jm.state_dict({"model": TIED})
    assert list(state) == ["model.body.bias", "model.body.kernel", "model.embed.embedding"]
    assert state.ties["model.head.kernel"][:2] == ("model.embed.embedding", (1, 0))
    jm.save(tmp_path / "a.safetensors", state)  # a state dict is a tree
    loaded = jm.load(tmp_path / "a.safetensors")
    assert loaded.keys() == state.keys()
    assert loaded.ties == state.ties
    doubled = jax.tree.map(lambda leaf: 2 * leaf, state)
    assert doubled.ties == state.ties
    assert type(jm.state_dict(UNTIED)) is dict
    assert jm.state_dict(LAYERS).ties.keys() == {"linear2.bias", "linear2.kernel"}


def test_into_a_model_with_the_tie(carried):
    assert jm.equal(carried(TIED, OTHER), TIED)
    assert jm.equal(carried(TIED, jax.eval_shape(lambda: OTHER)), TIED)
    assert jm.equal(carried(LAYERS, jax.tree.map(jnp.zeros_like, LAYERS)), LAYERS)


def test_into_a_model_without_it_works_and_says_so(carried):
    with pytest.warns(UserWarning, match=SAYS):
        loaded = carried(TIED, jm.untie(OTHER))
    assert jm.equal(loaded, jm.untie(TIED))
    jm.Optimizer(optax.sgd(0.1)).init(loaded)  # no array is in two positions
    with pytest.warns(UserWarning, match=rf"{M}linear2\.\w+` is tied to {M}linear\.\w+`"):
        layers = carried(LAYERS, jm.MLP([3, 3]).init(1, X))
    assert jm.equal(layers.linear2, LAYERS.linear)
    jm.Optimizer(optax.sgd(0.1)).init(layers)


def test_with_other_names(carried):
    class Renamed(LanguageModel):
        def __init__(self):
            super().__init__()
            self.table, self.out = self.embed, self.head
            del self.embed, self.head

        def __call__(self, tokens):
            return self.out(jnp.tanh(self.body(self.table(tokens))))

    names = {"embed.{*rest}": "table.{*rest}", "head.{*rest}": "out.{*rest}"}
    model = Renamed().init(1, TOKENS)
    with pytest.warns(
        UserWarning, match=rf"In the state, {M}out\.kernel` is tied, but not in the tree"
    ):
        loaded = carried(TIED, model, rename=names)
    assert jm.equal(loaded.out.kernel, TIED.embed.embedding.T)
    tied = jm.tie(model, ".table.embedding", ".out.kernel", transform=jnp.transpose)
    assert jm.equal(carried(TIED, tied, rename=names)(TOKENS), TIED(TOKENS))


def test_a_file_without_ties_into_a_model_with_them(carried):
    assert jm.equal(carried(jm.untie(TIED), OTHER), TIED)
    assert jm.equal(carried(jm.untie(LAYERS), LAYERS), LAYERS)


def test_values_that_differ_are_told(carried):
    with pytest.raises(
        jm.CheckpointError,
        match=rf"tied: {M}head\.kernel`: the tree uses {M}embed\.embedding` there, but the state "
        r"has another value \(shape \(4, 7\), float32\)",
    ):
        carried(UNTIED, OTHER)
    loaded, left_out = carried(UNTIED, OTHER, strict=False)
    assert [name.removeprefix("model.") for name in left_out.unexpected] == ["head.kernel"]
    assert jm.equal(loaded.embed, UNTIED.embed)


def test_the_source_may_be_missing():
    with pytest.raises(jm.CheckpointError, match=r"missing: `embed\.embedding`(.|\n)*tied: `head"):
        state = {k: v for k, v in jm.state_dict(UNTIED).items() if k != "embed.embedding"}
        jm.load_state_dict(TIED, state)


def test_a_function_that_files_cannot_note(carried):
    model = jm.tie(UNTIED, *PATHS, transform=twice)
    assert jm.equal(carried(model, model), model)
    assert jm.equal(carried(jm.untie(model), model), model)
    with pytest.raises(
        jm.CheckpointError,
        match=rf"missing: {M}head\.kernel` \(shape \(4, 7\), float32\), tied to "
        rf"{M}embed\.embedding` in the state by `twice`, which only a tree that has the tie knows",
    ):
        carried(model, UNTIED)


def twice(x):
    return 2 * x.T


@pytest.mark.parametrize(
    ("transform", "axes"),
    [
        (jnp.transpose, (1, 0)),
        (lambda x: x.T, (1, 0)),
        (lambda x: x.T.T.T, (1, 0)),
        (jax.jit(lambda x: jnp.swapaxes(x, 0, 1)), (1, 0)),
        (lambda x: -x.T, None),
        (lambda x: jnp.zeros((4, 7)), None),
        (lambda x: x.reshape(4, 7), None),
    ],
)
def test_which_functions_are_noted(transform, axes):
    ties = jm.state_dict(jm.tie(UNTIED, *PATHS, transform=transform)).ties
    assert ties["head.kernel"].axes == axes


def test_chains(carried):
    kernels = [".linear.kernel", ".linear2.kernel", ".linear3.kernel"]
    model = jm.MLP([3, 3, 3]).init(0, X)
    ends = jm.tie(model, kernels[0], kernels[1], transform=jnp.transpose)
    ends = jm.tie(ends, kernels[1], kernels[2], transform=jnp.transpose)
    with pytest.warns(UserWarning, match=rf"{M}linear[23]\.kernel` is tied to"):
        loaded = carried(ends, model)
    assert jm.equal(loaded, jm.untie(ends))
    assert jm.equal(carried(jm.untie(ends), ends), ends)


def test_random_keys_and_layers_by_a_function(carried):
    model = jm.Sequential(jm.Dropout(0.5), jm.Dropout(0.5)).init(0, X)
    model = jm.tie(model, ".layers[0]", ".layers[1]")
    with pytest.warns(UserWarning, match=rf"{M}layers\.1\.rng` is tied to {M}layers\.0\.rng`"):
        assert jm.equal(carried(model, jm.untie(model)), jm.untie(model))
    layers = jm.tie(jm.untie(LAYERS), ".linear", ".linear2", transform=jm.copy)
    assert jm.equal(carried(layers, layers), layers)
    with pytest.raises(jm.CheckpointError, match=rf"tied to {M}linear` in the state by `copy`"):
        carried(layers, jm.untie(layers))


def test_a_part_whose_source_is_tied_by_its_model():
    model = jm.Sequential(jm.Embed(7, 4), LanguageModel(tied=True))
    model.layers[1] = OTHER
    model.layers[0] = jm.Embed(7, 4).init(0, TOKENS)
    model = jm.tie(model, ".layers[0].embedding", ".layers[1].embed.embedding")
    assert list(jm.state_dict(model.layers[1])) == ["body.bias", "body.kernel"]
    names = jm.state_dict(model).ties
    assert {name: tied.source for name, tied in names.items()} == {
        "layers.1.embed.embedding": "layers.0.embedding",
        "layers.1.head.kernel": "layers.1.embed.embedding",
    }


@pytest.mark.parametrize(
    "table",
    [{"a": ["b", [0, 0], ""]}, {"a": ["b"]}, {"a": [1, None, ""]}, ["a"], {"a": ["b", [5], ""]}],
)
def test_metadata_that_are_no_ties(table):
    from jax_metrics.checkpoint._tied_names import ties_from_json

    with pytest.raises((ValueError, TypeError, AttributeError)):
        ties_from_json(table)


def test_metadata_that_name_nothing(tmp_path):
    state = jm.state_dict(TIED)
    state.ties["head.kernel"] = state.ties["head.kernel"]._replace(source="nowhere", axes=(2, 1, 0))
    with pytest.raises(jm.CheckpointError, match=r"missing: `head\.kernel`"):
        jm.load_state_dict(UNTIED, state)
    state.ties["head.kernel"] = state.ties["head.kernel"]._replace(source="head.kernel")
    with pytest.raises(jm.CheckpointError, match=r"missing: `head\.kernel`"):
        jm.load_state_dict(UNTIED, state)


def test_values_are_compared_as_they_are():
    nan = TIED.at[".embed.embedding"].apply(lambda table: table.at[0].set(jnp.nan))
    state = jm.state_dict(jm.untie(nan))
    assert jm.equal(jm.load_state_dict(TIED, state), nan)
    state["head.kernel"] = np.asarray(state["head.kernel"]) + 1
    with pytest.raises(jm.CheckpointError, match="tied: `head"):
        jm.load_state_dict(TIED, state)


class Block(jm.Module):
    """A layer with a tie of its own."""

    def __init__(self):
        self.up, self.down = jm.Linear(2, use_bias=False), jm.Linear(3, use_bias=False)
        jm.tie(self, ".up.kernel", ".down.kernel", transform=jnp.transpose, inplace=True)

    def __call__(self, x):
        return self.down(self.up(x))


def test_stacked_layers(carried):
    stack = jm.nn.Stack(Block(), 4).init(0, X)
    assert jm.state_dict(stack).ties["layer.down.kernel"].axes == (0, 2, 1)
    with pytest.warns(
        UserWarning, match=rf"{M}layer\.down\.kernel` is tied to {M}layer\.up\.kernel`"
    ):
        assert jm.equal(carried(stack, jm.untie(stack)), jm.untie(stack))
    assert jm.equal(carried(jm.untie(stack), stack), stack)


def test_damage_of_a_source_is_noticed(tmp_path):
    """Where the position that is tied is loaded, and its source is not."""
    path = tmp_path / "model.safetensors"
    jm.save(path, TIED)
    content = bytearray(path.read_bytes())
    start = content.index(np.asarray(TIED.embed.embedding).tobytes())
    like = {"head": {"kernel": jnp.zeros((4, 7))}}
    with pytest.warns(UserWarning, match=r"`head\.kernel` is tied to"):
        loaded, left_out = jm.load(path, like=like, strict=False)
    assert jm.equal(loaded["head"]["kernel"], TIED.embed.embedding.T)
    assert left_out.unexpected == ("body.bias", "body.kernel", "embed.embedding")
    content[start + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(jm.CheckpointError, match=r"damaged(.|\n)*embed\.embedding"):
        jm.load(path, like=like, strict=False)
