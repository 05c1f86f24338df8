"""The names that transformers gives the weights of ViT, CLIP and Whisper, there and back."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.checkpoint import CheckpointError, inverse
from jax_metrics.models.weights import (
    BERT_FORMAT,
    CLIP_FORMAT,
    GPT2_FORMAT,
    LLAMA_FORMAT,
    VIT_FORMAT,
    WHISPER_FORMAT,
    formats_of_model,
)


def vit(**options):
    sizes = {"patch_size": (4, 2), "image_size": (8, 4), "num_classes": 3, "mlp_features": 32}
    return jm.models.ViT(8, 2, 2, **{**sizes, **options})


def clip(**options):
    return jm.models.CLIP(
        5, image_width=8, image_layers=1, image_heads=2, patch_size=4, image_size=8, text_width=12,
        text_layers=2, text_heads=3, vocabulary=10, max_length=6, image_mlp_features=32,
        text_mlp_features=20, **options,
    )  # fmt: skip


def whisper(**options):
    sizes = {"vocabulary": 10, "num_mels": 6, "max_frames": 14, "max_length": 5, "mlp_features": 24}
    return jm.models.Whisper(8, 1, 2, **{**sizes, **options})


def text_model(architecture):
    return architecture(vocabulary=11, width=8, num_layers=2, num_heads=2, mlp_features=12)


# The format, a model, and the names there and the shapes of some weights.
CASES = {
    "vit": (
        VIT_FORMAT,
        vit(qkv_bias=False, dropout_rate=0.1),
        {
            "vit.embeddings.cls_token": (1, 1, 8),
            "vit.embeddings.position_embeddings": (1, 5, 8),
            "vit.embeddings.patch_embeddings.projection.weight": (8, 3, 4, 2),
            "vit.encoder.layer.1.attention.attention.query.weight": (8, 8),
            "vit.encoder.layer.1.attention.output.dense.bias": (8,),
            "vit.encoder.layer.0.intermediate.dense.weight": (32, 8),
            "vit.layernorm.weight": (8,),
            "classifier.weight": (3, 8),
        },
    ),
    "vit with a pooler": (
        VIT_FORMAT,
        vit(num_classes=None, representation_features=6),
        {"embeddings.cls_token": (1, 1, 8), "pooler.dense.weight": (6, 8)},
    ),
    "vit without a pooler": (VIT_FORMAT, vit(num_classes=None), {"layernorm.bias": (8,)}),
    "clip": (
        CLIP_FORMAT,
        clip(end_token=9),
        {
            "logit_scale": (),
            "vision_model.embeddings.class_embedding": (8,),
            "vision_model.embeddings.patch_embedding.weight": (8, 3, 4, 4),
            "vision_model.encoder.layers.0.mlp.fc1.weight": (32, 8),
            "text_model.embeddings.position_embedding.weight": (6, 12),
            "text_model.encoder.layers.1.self_attn.k_proj.bias": (12,),
            "visual_projection.weight": (5, 8),
        },
    ),
    "clip of old files": (CLIP_FORMAT, clip(), {}),
    "whisper": (
        WHISPER_FORMAT,
        whisper(decoder_layers=2, decoder_mlp_features=20),
        {
            "model.encoder.conv1.weight": (8, 6, 3),
            "model.encoder.embed_positions.weight": (7, 8),
            "model.encoder.layers.0.self_attn.v_proj.bias": (8,),
            "model.decoder.embed_tokens.weight": (10, 8),
            "model.decoder.layers.1.encoder_attn.q_proj.weight": (8, 8),
            "model.decoder.layers.1.fc1.weight": (20, 8),
            "model.decoder.layer_norm.weight": (8,),
        },
    ),
}


def initialized(model):
    """The model with zeros as its parameters."""
    model = jax.eval_shape(lambda: model.init(0, model.example_inputs()).eval())
    return jm.map(lambda x: np.zeros(x.shape, x.dtype), model, jm.Parameter)


def shapes_of(state):
    return {name: np.shape(value) for name, value in state.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_there_and_back(name):
    weights, model, names = CASES[name]
    model = initialized(model)
    assert weights in formats_of_model(model)
    ours = jm.state_dict(model.parameters())
    rules = weights.rules(model)
    state = dict(ours)
    for rule in inverse(rules):
        state = rule(state)
    assert {there: np.shape(state[there]) for there in names} == names
    for rule in rules:
        state = rule(state)
    assert shapes_of(state) == shapes_of(ours)
    # The configuration has all options: the model that it describes has the same ones.
    config = {"model_type": weights.model_type, **weights.to_config(model)}
    again = initialized(weights.from_config(config))
    assert str(jax.tree.structure(again)) == str(jax.tree.structure(model))
    assert shapes_of(jm.state_dict(again.parameters())) == shapes_of(ours)


@pytest.mark.slow
@pytest.mark.parametrize(("weights", "make"), [(VIT_FORMAT, vit), (CLIP_FORMAT, clip)])
def test_images_of_other_channels(weights, make):
    model = initialized(make(num_channels=1))
    again = initialized(weights.from_config(weights.to_config(model)))
    assert shapes_of(jm.state_dict(again.parameters())) == shapes_of(
        jm.state_dict(model.parameters())
    )


@pytest.mark.parametrize(
    ("vocabulary", "end"), [(10, None), (51_864, 50_256), (51_865, 50_257), (51_866, 50_257)]
)
def test_special_tokens_of_whisper(vocabulary, end):
    config = WHISPER_FORMAT.to_config(initialized(whisper(vocabulary=vocabulary)))
    assert config["eos_token_id"] == config["pad_token_id"] == end
    assert config.get("decoder_start_token_id") == (None if end is None else end + 1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (vit(pooling="mean"), "reads the class token .* `pooling='mean'`"),
        (
            vit(representation_features=6),
            "without a layer before the head; .*representation Linear",
        ),
        (vit().replace(head=jm.MLP([4, 3])), "one linear layer as its head; this model has MLP"),
    ],
)
def test_vits_that_transformers_does_not_have(model, message):
    with pytest.raises(CheckpointError, match=message):
        VIT_FORMAT.to_config(initialized(model))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("weights", "model", "rates"),
    [
        (VIT_FORMAT, vit(), {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.3}),
        (
            WHISPER_FORMAT,
            whisper(),
            {"dropout": 0.2, "attention_dropout": 0.3, "activation_dropout": 0.0},
        ),
        (
            BERT_FORMAT,
            text_model(jm.models.Bert),
            {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.3},
        ),
        (
            GPT2_FORMAT,
            text_model(jm.models.GPT2),
            {"resid_pdrop": 0.0, "embd_pdrop": 0.2, "attn_pdrop": 0.3},
        ),
        (LLAMA_FORMAT, text_model(jm.models.Llama), {"attention_dropout": 0.3}),
    ],
)
def test_each_rate_of_dropout_has_its_place(weights, model, rates):
    config = {**weights.to_config(initialized(model)), **rates}
    again = initialized(weights.from_config(config))
    assert weights.to_config(again).items() >= rates.items()
    first = next(iter(rates.values()))
    tree = again.decoder if weights is WHISPER_FORMAT else again.features
    for layer in tree.blocks:
        assert layer.self_attention.dropout_rate == 0.3
        assert layer.dropout1.rate == layer.dropout2.rate == (0.0 if len(rates) == 1 else first)


@pytest.mark.slow
def test_both_towers_of_clip_have_their_own_dropout():
    config = CLIP_FORMAT.to_config(initialized(clip()))
    config["text_config"]["attention_dropout"] = 0.3
    again = CLIP_FORMAT.from_config(config)
    assert [t.blocks[0].self_attention.dropout_rate for t in (again.image, again.text)] == [0, 0.3]
    assert CLIP_FORMAT.to_config(initialized(again)) == config


@pytest.mark.parametrize(
    ("weights", "config", "message"),
    [
        (VIT_FORMAT, {"hidden_act": "mish"}, "`hidden_act: 'mish'`, which is not supported"),
        (VIT_FORMAT, {"pooler_act": "relu"}, "`pooler_act: 'relu'`, which changes"),
        (WHISPER_FORMAT, {"scale_embedding": True}, "`scale_embedding: True`, which changes"),
        (
            CLIP_FORMAT,
            {"vision_config": {"hidden_act": "gelu"}, "text_config": {"hidden_act": "relu"}},
            "`hidden_act: 'relu'`, which changes .* and is not supported; only 'gelu'",
        ),
        (
            CLIP_FORMAT,
            {"vision_config": {"hidden_act": "gelu"}},
            "`hidden_act: 'quick_gelu'`, which changes .* and is not supported; only 'gelu'",
        ),
        (
            CLIP_FORMAT,
            {"text_config": {"layer_norm_eps": 1e-6}},
            "`layer_norm_eps: 1e-06`, which changes .* and is not supported; only 1e-05",
        ),
    ],
)
def test_what_is_refused(weights, config, message):
    with pytest.raises(ValueError, match=message):
        weights.from_config(config)
