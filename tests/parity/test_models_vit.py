"""ViT against transformers: each layer, both heads, and the numbers of parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import VIT_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

IMAGES = np.random.default_rng(0).normal(size=(3, 8, 12, 3)).astype(np.float32)
THEIRS = torch.tensor(IMAGES.transpose(0, 3, 1, 2))


def config(**options):
    return transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=4, intermediate_size=24,
        image_size=(8, 12), patch_size=(4, 2), **options,
    )  # fmt: skip


@jax.jit
def layer_by_layer(model, images):
    """The output of each block from that of the one before, and the tokens in front of them."""
    body = model.features
    x = body.patches(images)
    x = x.reshape(*x.shape[:-3], -1, x.shape[-1])
    token = jnp.broadcast_to(body.class_token, (len(x), 1, x.shape[-1]))
    found = [body.positions(jnp.concatenate([token, x], 1))]
    for block in body.blocks.layers:
        found.append(block(found[-1]))
    return found, body(images), model(images)


@pytest.mark.parametrize("qkv_bias", [True, False])
def test_classifier(weights, tmp_path, qkv_bias):
    torch.manual_seed(0)
    theirs = transformers.ViTForImageClassification(
        config(num_labels=5, qkv_bias=qkv_bias, hidden_act="gelu")
    )
    theirs = weights.randomized(theirs)
    ours = weights.through_files(VIT_FORMAT, theirs, tmp_path)
    names = ["vit.embeddings", *(f"vit.layers.{i}" for i in range(3)), "vit.layernorm"]
    result, expected = weights.recorded(theirs, names, THEIRS)
    blocks, tokens, logits = layer_by_layer(ours, IMAGES)
    for name, block in zip(names, [*blocks, tokens], strict=True):
        weights.assert_close(block, expected[name], name)
    weights.assert_close(logits, result.logits)
    weights.in_bfloat16(
        ours, theirs, result.logits.numpy(),
        lambda model: model(IMAGES.astype(jnp.bfloat16)),
        lambda model: model(THEIRS.bfloat16()).logits,
    )  # fmt: skip


@pytest.mark.parametrize("size", [None, 20])
def test_body_with_its_pooler(weights, tmp_path, size):
    torch.manual_seed(0)
    theirs = weights.randomized(transformers.ViTModel(config(pooler_output_size=size)))
    ours = weights.through_files(VIT_FORMAT, theirs, tmp_path)
    with torch.no_grad():
        expected = theirs(THEIRS)
    _, tokens, pooled = layer_by_layer(ours, IMAGES)
    weights.assert_close(tokens, expected.last_hidden_state)
    weights.assert_close(pooled, expected.pooler_output)
    assert pooled.shape == (3, size or 16)


@pytest.mark.parametrize("name", jm.models.ViT.presets)
def test_numbers_of_parameters(name):
    preset = jm.models.ViT.presets[name]
    with torch.device("meta"):
        theirs = transformers.ViTForImageClassification(
            transformers.ViTConfig(
                hidden_size=preset["width"], num_hidden_layers=preset["num_layers"],
                num_attention_heads=preset["num_heads"], intermediate_size=4 * preset["width"],
                patch_size=preset["patch_size"], num_labels=1000,
            )
        )  # fmt: skip
    ours = jm.models.ViT.preset(name)
    ours = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    assert jm.num_parameters(ours) == theirs.num_parameters()
