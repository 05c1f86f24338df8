import re

import jax
import jax.numpy as jnp
import pytest
from tied_models import PATHS, TIED, TOKENS, UNTIED, CompactModel, LanguageModel, X, tied

import jax_metrics as jm

SOURCE, TARGET = PATHS


class Fields(jm.Module):
    """One field of each sort."""

    a: jax.Array = jm.Parameter.node()
    half: jax.Array = jm.Parameter.node()
    state: jax.Array = jm.State.node()
    none: jax.Array | None = jm.Parameter.node()

    def __init__(self):
        self.a = self.state = jnp.ones(3)
        self.half = jnp.ones(3, jnp.bfloat16)
        self.none = None
        self.setting = (1, 2)

    def __call__(self, x):
        self.a = x
        return x


FIELDS = Fields().init(0)
NESTED = jm.Sequential(TIED, UNTIED.body, UNTIED.head)


def fails(model, source, target, transform=None):
    """What `tie` raises; the model must stay as it was, in place too."""
    before = jm.copy(model)
    for inplace in (False, True):
        with pytest.raises(jm.TieError) as info:
            jm.tie(model, source, target, transform=transform, inplace=inplace)
        assert jm.equal(model, before)
    return str(info.value)


@pytest.mark.parametrize(
    ("model", "source", "target", "text"),
    [
        (UNTIED, ".embed.embeding", TARGET, "There is no '.embed.embeding' in the LanguageModel: "
         "at .embed, a Embed, there is only arguments, embedding"),
        (UNTIED, SOURCE, ".heads.kernel", "there is only embed, body, head."),
        (UNTIED, SOURCE, ".head.kernel.T", "there is nothing further inside"),
        (LanguageModel(), SOURCE, ".heads.kernel", "there is only embed, body, head."),
        (LanguageModel(), SOURCE, ".head.weight", "at .head, a Linear, there is only arguments."),
        (UNTIED, ".embed.", TARGET, "'.embed.' is not a path. Paths look like"),
        (UNTIED, "", TARGET, "got ''."),
        (UNTIED, 3, TARGET, "A tie takes the paths of two positions in a model, as in"),
        (UNTIED, SOURCE, TARGET, ".embed.embedding of the LanguageModel is float32[7, 4], but "
         ".head.kernel is float32[4, 7]. Two positions that are tied must agree; a `transform` "
         "maps the first to the second. Pass `transform=jnp.transpose`."),
        (UNTIED, ".body.bias", TARGET, "is float32[4], but .head.kernel is float32[4, 7]."),
        (FIELDS, ".a", ".half", "Define one that casts, as in `x.astype('bfloat16')`."),
        (UNTIED, SOURCE, SOURCE, "are the same position. Tie two of them."),
        (UNTIED, ".embed", SOURCE, "are parts of one another. Tie two positions, neither of which"),
        (UNTIED, SOURCE, ".embed", "are parts of one another"),
        (UNTIED, ".embed", ".head", ".embed of the LanguageModel is a Embed, but .head is a "
         "Linear. Tie layers of one class, or arrays in them."),
        (UNTIED, ".body", ".head", "is a Linear with .kernel: float32[4, 4], .bias: float32[4], "
         "but .head is a Linear with .kernel: float32[4, 7]."),
        (jm.MLP([3, 3]).init(0, X).at[".linear"].apply(lambda layer: layer.freeze()), ".linear",
         ".linear2", "differ in their settings or in their modes. Make them equal, as .linear2"),
        (UNTIED, ".embed.arguments", ".head.arguments", "is static, a part of the structure."),
        (UNTIED, ".body.bias", ".head.bias", ".head.bias of the LanguageModel is None, which has "
         "no arrays. Tie arrays or layers."),
        (FIELDS, ".a", ".state", ".a of the Fields has the kind Parameter, but .state has the kind "
         "State. Tie positions of one kind"),
        (FIELDS, ".none", ".a", ".none of the Fields is None, which has no arrays"),
        (TIED, ".body.kernel", TARGET, ".head.kernel of the LanguageModel is already tied to "
         ".embed.embedding by transpose of the LanguageModel. End that tie first"),
        (TIED, TARGET, SOURCE, "has its value from .embed.embedding, so tying it to "
         ".embed.embedding would leave both without one. Tie all of them to one position."),
        (TIED, ".body", ".head", ".head of the LanguageModel overlaps with .head.kernel, which is "
         "tied to .embed.embedding by transpose. End that tie first: `model = jm.untie(model, "
         "'.head.kernel')`."),
        (NESTED, ".layers[1].kernel", ".layers[0].head.kernel", "is already tied to"),
        (NESTED, ".layers[0].head", ".layers[2]", ".layers[0].head of the Sequential holds a "
         "position that is tied to .embed.embedding by transpose of the LanguageModel around it"),
        (NESTED, ".layers[2]", ".layers[0].head", "holds a position that is tied to"),
    ],
)  # fmt: skip
def test_what_cannot_be_tied(model, source, target, text):
    assert text in fails(model, source, target)


def test_a_position_inside_of_a_tied_layer():
    pair = jm.Sequential(jm.MLP([3, 3]), jm.Linear(3)).init(0, X)
    pair.layers[0] = jm.tie(pair.layers[0], ".linear", ".linear2")
    text = fails(pair, ".layers[1].kernel", ".layers[0].linear2.kernel")
    assert "is inside of a position that is tied already. End that tie first" in text
    text = fails(pair.layers[0], ".linear.bias", ".linear2.bias")
    assert "overlaps with .linear2, which is tied to .linear." in text


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        (lambda x: x.T[1:], "<lambda>, is float32[3, 7], but .head.kernel is float32[4, 7]."),
        (lambda x: x.nothing, "The transform of the tie from .embed.embedding to .head.kernel "
         "failed for float32[7, 4]: AttributeError"),
    ],
)  # fmt: skip
def test_transforms_that_do_not_fit(transform, text):
    assert text in fails(UNTIED, *PATHS, transform)


@pytest.mark.parametrize("value", [3, jnp.ones(3), [UNTIED]])
def test_only_modules_have_ties(value):
    with pytest.raises(jm.TieError, match="`jm.tie` ties two positions of a Module; got a"):
        jm.tie(value, *PATHS)


@pytest.mark.parametrize(
    ("model", "paths", "text"),
    [
        (LanguageModel, PATHS, "Pass `transform=jnp.transpose`."),
        (LanguageModel, (SOURCE, ".head.bias"), ".head.bias of the LanguageModel is None"),
        (CompactModel, (SOURCE, ".heads.kernel"), "in the CompactModel: at the root"),
    ],
)
def test_what_only_init_can_find_out(model, paths, text):
    with pytest.raises(jm.TieError, match=re.escape(text)):
        jm.tie(model(), *paths).init(0, TOKENS)


@pytest.mark.parametrize(
    "use",
    [
        lambda: TIED.head(jnp.ones((1, 4))),
        lambda: jax.jit(lambda head, x: head(x))(TIED.head, jnp.ones((1, 4))),
        lambda: jnp.ones((1, 4)) @ TIED.head.kernel,
        lambda: TIED.head.kernel * 2,
        lambda: 2 - TIED.head.kernel,
        lambda: -TIED.head.kernel,
        lambda: TIED.head.kernel[0],
        lambda: TIED.head.kernel.shape,
        lambda: jnp.sum(TIED.head.kernel),
        lambda: TIED.head.variables,
        lambda: jm.Sequential(TIED.head)(jnp.ones((1, 4))),
        lambda: jm.tie(jm.MLP([3, 3]).init(0, X), ".linear", ".linear2").linear2(X),
    ],
)
def test_a_tied_position_apart_from_its_model(use):
    with pytest.raises(
        jm.TieError,
        match=r"(\.head\.kernel|\.linear2) of the \w+ is tied to \S+, so it has no value of its "
        r"own, and gets one while the \w+ is called\. Call the whole model; or take the part from "
        r"`jm.untie\(model\)`",
    ):
        use()


def test_generic_code_may_ask_a_tied_position():
    assert not hasattr(TIED.head.kernel, "shape")
    assert getattr(TIED.head.kernel, "dtype", None) is None
    with pytest.raises(AttributeError, match="^__nothing__$"):
        TIED.head.kernel.__nothing__  # noqa: B018


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda model: model.at[TARGET].set(UNTIED.head.kernel), "was given a value of its own. "
         "Set .embed.embedding instead; or end the tie, `model = jm.untie(model, "),
        (lambda model: model.replace(head=UNTIED.head), "was given a value of its own"),
        (lambda model: model.replace(head=jm.Sequential(UNTIED.head)), "but there is no "
         ".head.kernel any more. End the tie, `model = jm.untie(model, '.head.kernel')`, and tie"),
    ],
)  # fmt: skip
def test_a_change_that_breaks_a_tie(change, text):
    model = change(TIED)
    with pytest.raises(jm.TieError, match=re.escape(text)):
        model(TOKENS)
    assert jm.ties(jm.untie(model, TARGET)) == {}


def test_a_source_that_is_gone():
    model = TIED.replace(embed=jm.Sequential(TIED.embed))
    for use in (lambda: model(TOKENS), lambda: jm.untie(model)):
        with pytest.raises(
            jm.TieError,
            match=r"but there is no \.embed\.embedding any more\. End a tie before you replace its "
            r"source: `model = jm.untie\(model, '\.head\.kernel'\)`",
        ):
            use()


def test_a_broken_tie_can_be_made_again():
    model = TIED.at[TARGET].set(UNTIED.head.kernel)
    assert jm.equal(tied(model), TIED)


def test_a_call_before_init():
    with pytest.raises(
        jm.TieError, match=r"is to be tied to \.embed\.embedding when `init` has made"
    ):
        tied(LanguageModel())(TOKENS)


def test_a_call_that_assigns_to_a_tied_position():
    class Moves(jm.Module):
        def __init__(self):
            self.one, self.other = Fields(), Fields()
            jm.tie(self, ".one.a", ".other.a", inplace=True)

        def __call__(self, x):
            return self.other(x)

    with pytest.raises(
        jm.TieError,
        match=r"A call of the Moves assigned to \.other\.a, which is tied to \.one\.a and can only "
        r"be read\. Assign to \.one\.a; or, for layers with state, tie the whole layers",
    ):
        Moves().init(0)(X[0])


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (TIED, "is not tied; its ties are .head.kernel to .embed.embedding."),
        (UNTIED, "is not tied; it has no ties."),
    ],
)
def test_untie_of_what_is_not_tied(model, text):
    with pytest.raises(jm.TieError, match=re.escape(text)):
        jm.untie(model, ".body.kernel")


def test_a_result_that_is_not_used():
    with pytest.warns(
        jm.tree.UnusedResultWarning, match=r"Write `model = jm.tie\(model, \.\.\.\)`"
    ):
        jm.tie(UNTIED, SOURCE, TARGET, transform=jnp.transpose)
    with pytest.warns(
        jm.tree.UnusedResultWarning, match=r"`jm.untie\(model, \.\.\.\)` returns a new"
    ):
        jm.untie(TIED)


@pytest.mark.parametrize(
    ("one", "other"),
    [(TIED, UNTIED), (UNTIED, TIED), (TIED, jm.tie(UNTIED, *PATHS, transform=lambda x: x.T))],
)
def test_merging_other_ties(one, other):
    with pytest.raises(
        jm.tree.MergeError,
        match=r"At \.head\.kernel: expected a .* but a tree to merge has a .* there\. Merge trees "
        r"with the same ties: make them with `jm.tie`, or end them with `jm.untie`\.",
    ):
        one.merge(other.parameters())


def test_a_shared_layer_is_told_of_ties():
    layer = jm.Linear(3)
    shared = jm.Sequential(layer, layer)
    with pytest.raises(
        jm.SharingError,
        match=r"tie them: `model = jm.tie\(model, '\.layers\[0\]', '\.layers\[1\]'\)`",
    ):
        shared.init(0, X)
    model = jm.tie(shared, ".layers[0]", ".layers[1]").init(0, X)
    assert jm.num_parameters(model) == 12
    arrays = jm.MLP([3, 3]).init(0, X)
    arrays.linear2.kernel = arrays.linear.kernel
    with pytest.raises(
        jm.SharingError,
        match=r"tie them: `model = jm.tie\(model, '\.linear\.kernel', '\.linear2\.kernel'\)`",
    ):
        jm.module.check_sharing(arrays)
    jm.module.check_sharing(jm.tie(arrays, ".linear.kernel", ".linear2.kernel"))
