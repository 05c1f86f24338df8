"""Language models written in the names of transformers, and loaded again."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import GPT2, Bert, Llama

SIZES = {"vocabulary": 11, "width": 8, "num_layers": 1, "num_heads": 2, "mlp_features": 12}
MODELS = {
    "llama": (Llama(**SIZES, num_kv_heads=1), "model.layers.0.mlp.gate_proj.weight"),
    "head_dim": (Llama(**SIZES, head_dim=6, tied=False), "lm_head.weight"),
    "llama3": (
        Llama(**SIZES, rope_scaling=jm.nn.Llama3RotaryScaling(8.0), rope_base=500.0),
        "model.norm.weight",
    ),
    "linear": (
        Llama(**SIZES, rope_scaling=jm.nn.LinearRotaryScaling(2.0)),
        "model.embed_tokens.weight",
    ),
    "bert": (Bert(**SIZES), "encoder.layer.0.attention.self.query.bias"),
    "sentences": (Bert(**SIZES, pooling="mean", normalize=True), "embeddings.LayerNorm.weight"),
    "pooler": (Bert(**SIZES, pooling="cls", head="pooler"), "pooler.dense.weight"),
    "masked": (Bert(**SIZES, head="masked_language"), "cls.predictions.transform.dense.weight"),
    "gpt2": (GPT2(**SIZES), "transformer.h.0.attn.c_attn.weight"),
}


def filled(model):
    """The model with random values, which takes no compilation."""
    shapes = jax.eval_shape(lambda: model.init(0, model.example_inputs()).eval())
    rng = np.random.default_rng(0)
    keys = jm.map(lambda _: jax.random.key(0), shapes, jm.Rng)
    draw = lambda leaf: jnp.asarray(rng.random(leaf.shape, np.float32))  # noqa: E731
    return jm.map(draw, keys, jm.Parameter)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_round_trips(tmp_path, name):
    model, written = MODELS[name]
    model = filled(model)
    jm.models.save_pretrained(model, tmp_path)
    assert written in jm.load(tmp_path)
    loaded = jm.models.from_pretrained(tmp_path)
    assert jm.equal(loaded.parameters(), model.parameters())
    assert jax.tree.structure(loaded) == jax.tree.structure(model)


def test_an_activation_without_a_name(tmp_path):
    model = filled(Bert(**SIZES, activation=jnp.sin))
    with pytest.raises(ValueError, match="has no name in a configuration; there are names for 'ge"):
        jm.models.save_pretrained(model, tmp_path)


def test_a_scaling_without_a_name(tmp_path):
    model = filled(Llama(**SIZES, rope_scaling=jnp.sqrt))
    with pytest.raises(ValueError, match="has the scaling .*, which has no name in a configuratio"):
        jm.models.save_pretrained(model, tmp_path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"vocab_size": None}, "lacks 'vocab_size', which the model type 'llama' needs. Complete"),
        ({"hidden_act": "odd"}, "has `hidden_act: 'odd'`, which is not supported"),
        ({"num_hidden_layers": "2"}, "`num_hidden_layers` is '2'; expected a positive integer"),
    ],
)
def test_configurations_that_do_not_do(tmp_path, changes, text):
    jm.models.save_pretrained(filled(MODELS["llama"][0]), tmp_path)
    config = {**json.loads((tmp_path / "config.json").read_text()), **changes}
    config = {name: value for name, value in config.items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path)


def test_heads_with_a_matrix_of_their_own(tmp_path):
    jm.models.save_pretrained(filled(MODELS["masked"][0]), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    with pytest.raises(jm.CheckpointError, match="has `tie_word_embeddings: False`, which changes"):
        jm.models.from_pretrained(tmp_path)


def with_lora(where):
    return lambda model: jm.nn.apply_lora(model, where, rank=2)


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("sentences", lambda model: model.replace(head=jm.Linear(2).init(0, jnp.ones((1, 8)))),
         "has a pooler or a head for masked tokens; this model has Linear. `jm.save` writes"),
        ("masked", lambda model: jm.untie(model), "At `head.decoder.kernel` this one has shape"),
        ("llama", with_lora(".features.blocks.layers[0].feed_forward.gate"),
         "At `features.*gate.* this one has .*Merge LoRA first, with `jm.nn.merge_lora`, or"),
        ("gpt2", with_lora(jm.Linear), "has no place for all that this GPT2 has: .*Merge LoRA"),
    ],
)  # fmt: skip
def test_what_the_formats_have_no_place_for(tmp_path, name, change, text):
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.save_pretrained(change(filled(MODELS[name][0])), tmp_path / "new")
    assert not (tmp_path / "new").exists()


# -- folders of sentence-transformers -------------------------------------------------------------


def sentences(folder, kinds=("Transformer", "Pooling", "Normalize"), name="bert", **pooling):
    jm.models.save_pretrained(filled(MODELS[name][0]), folder)
    modules = [
        {"path": f"{i}_{kind}", "type": f"sentence_transformers.models.{kind}"}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mode", "expected"),
    [("bert", "mean_tokens", "mean"), ("masked", "cls_token", "cls")],
)
def test_how_sentences_are_embedded(tmp_path, name, mode, expected):
    pooling = {f"pooling_mode_{mode}": True, "pooling_mode_max_tokens": False}
    sentences(tmp_path, name=name, **pooling)
    model = jm.models.from_pretrained(tmp_path)
    assert model.pooling == expected and model.normalize and model.head is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kinds"),
    [("bert", None), ("pooler", None), ("llama", None), ("sentences", ("Transformer", "Dense"))],
)
def test_modules_of_another_model_stay_in_no_folder(tmp_path, name, kinds):
    sentences(tmp_path, **({"kinds": kinds} if kinds else {"pooling_mode_mean_tokens": True}))
    before = (tmp_path / "config.json").read_text()
    with pytest.raises(jm.CheckpointError, match="has a modules.json of another model, which says"):
        jm.models.save_pretrained(filled(MODELS[name][0]), tmp_path)
    assert (tmp_path / "config.json").read_text() == before


@pytest.mark.slow
def test_modules_of_the_same_model(tmp_path):
    sentences(tmp_path, pooling_mode_mean_tokens=True)
    model = filled(MODELS["sentences"][0])
    jm.models.save_pretrained(model, tmp_path)
    loaded = jm.models.from_pretrained(tmp_path)
    assert jm.equal(loaded.parameters(), model.parameters()) and loaded.normalize
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    with pytest.raises(
        jm.CheckpointError, match="has `sentence_pooling: 'mean'`, but modules.json"
    ):
        jm.models.from_pretrained(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"pooling_mode_weightedmean_tokens": True},
            "pools by pooling_mode_weightedmean_tokens, w",
        ),
        ({}, "pools by nothing, which is not supported; one of pooling_mode_mean_tokens"),
        ({"kinds": ("Transformer", "Dense")}, "has a Dense, which is not supported; a Transformer"),
    ],
)
def test_other_ways_to_embed(tmp_path, options, text):
    sentences(tmp_path, **options)
    with pytest.raises(jm.CheckpointError, match=text):
        jm.models.from_pretrained(tmp_path)
    assert jm.models.from_pretrained(tmp_path, Bert(**SIZES)).pooling is None


@pytest.mark.slow
def test_older_names_are_read(tmp_path):
    model = filled(MODELS["bert"][0])
    jm.models.save_pretrained(model, tmp_path)
    state = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma"): array
        for name, array in jm.load(tmp_path).items()
    }
    jm.save(tmp_path / "model.safetensors", state)
    loaded = jm.models.from_pretrained(tmp_path)
    assert jm.equal(loaded.parameters(), model.parameters())
