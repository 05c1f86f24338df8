"""CLIP against transformers: each layer of both towers, the vectors, and the logits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import CLIP_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

IMAGES = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)
# The end, 18, is not the largest number; behind it is padding.
TOKENS = np.array([[17, 3, 19, 5, 18], [17, 4, 18, 19, 18]])
THEIRS = {
    "pixel_values": torch.tensor(IMAGES.transpose(0, 3, 1, 2)),
    "input_ids": torch.tensor(TOKENS),
}
IMAGE_LAYERS = [
    "vision_model.pre_layrnorm", *(f"vision_model.encoder.layers.{i}" for i in range(3)),
    "visual_projection",
]  # fmt: skip
TEXT_LAYERS = [
    "text_model.embeddings", *(f"text_model.encoder.layers.{i}" for i in range(2)),
    "text_model.final_layer_norm", "text_projection",
]  # fmt: skip


def clip(weights, **text):
    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        projection_dim=6,
        text_config={
            "vocab_size": 20, "hidden_size": 12, "intermediate_size": 24, "num_hidden_layers": 2,
            "num_attention_heads": 3, "max_position_embeddings": 7, "eos_token_id": 18,
            "bos_token_id": 17, "pad_token_id": 18, **text,
        },
        vision_config={
            "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 3,
            "num_attention_heads": 4, "image_size": 8, "patch_size": 4,
        },
    )  # fmt: skip
    return weights.randomized(transformers.CLIPModel(config))


@jax.jit
def layer_by_layer(model, images, tokens):
    """The outputs of the blocks, each from that of the one before."""
    tower = model.image
    x = tower.patches(images)
    x = x.reshape(*x.shape[:-3], -1, x.shape[-1])
    token = jnp.broadcast_to(tower.class_token, (len(x), 1, x.shape[-1]))
    image = [tower.norm_before(tower.positions(jnp.concatenate([token, x], 1)))]
    for block in tower.blocks.layers:
        image.append(block(image[-1]))
    text = [model.text.positions(model.text.embed(tokens))]
    for block in model.text.blocks.layers:
        text.append(block(text[-1]))
    image.append(model.encode_image(images))
    text += [model.text(tokens), model.encode_text(tokens)]
    return image, text, model(images, tokens)


def test_each_layer(weights, tmp_path):
    theirs = clip(weights)
    ours = weights.through_files(CLIP_FORMAT, theirs, tmp_path)
    result, expected = weights.recorded(theirs, IMAGE_LAYERS + TEXT_LAYERS, **THEIRS)
    image, text, logits = layer_by_layer(ours, IMAGES, TOKENS)
    names = IMAGE_LAYERS + TEXT_LAYERS
    for name, found in zip(names, image + text, strict=True):
        weights.assert_close(found, expected[name], name)
    weights.assert_close(logits, result.logits_per_image)
    weights.assert_close(ours.encode_image(IMAGES, normalize=True), result.image_embeds)
    weights.assert_close(ours.encode_text(TOKENS, normalize=True), result.text_embeds)
    half = {"input_ids": THEIRS["input_ids"], "pixel_values": THEIRS["pixel_values"].bfloat16()}
    weights.in_bfloat16(
        ours, theirs, result.logits_per_image.numpy(),
        lambda model: model(IMAGES.astype(jnp.bfloat16), TOKENS),
        lambda model: model(**half).logits_per_image,
    )  # fmt: skip


def test_the_end_in_old_configurations_is_the_largest_token(weights, tmp_path):
    theirs = clip(weights, eos_token_id=2)
    ours = weights.through_files(CLIP_FORMAT, theirs, tmp_path)
    assert ours.text.end_token is None
    with torch.no_grad():
        expected = theirs(**THEIRS)
    weights.assert_close(ours(IMAGES, TOKENS), expected.logits_per_image)


def test_a_file_with_the_numbers_of_positions(weights):
    theirs = clip(weights)
    state = theirs.state_dict()
    ours = CLIP_FORMAT.from_config(theirs.config.to_dict())
    ours = ours.init(0, ours.example_inputs())
    rules = CLIP_FORMAT.rules(ours)
    expected = jm.load_state_dict(ours, state, rules=rules)
    assert not jm.equal(expected, ours)
    for tower, count in (("text", 7), ("vision", 5)):
        state[f"{tower}_model.embeddings.position_ids"] = torch.arange(count)[None]
    assert jm.equal(jm.load_state_dict(ours, state, rules=rules), expected)


@pytest.mark.parametrize("name", jm.models.CLIP.presets)
def test_numbers_of_parameters(name):
    preset = jm.models.CLIP.presets[name]
    towers = {}
    for tower in ("image", "text"):
        width = preset[f"{tower}_width"]
        towers[tower] = {
            "hidden_size": width, "intermediate_size": 4 * width,
            "num_hidden_layers": preset[f"{tower}_layers"],
            "num_attention_heads": preset[f"{tower}_heads"],
        }  # fmt: skip
    size = {"image_size": preset.get("image_size", 224), "patch_size": preset["patch_size"]}
    config = transformers.CLIPConfig(
        projection_dim=preset["features"], text_config=towers["text"],
        vision_config=towers["image"] | size,
    )  # fmt: skip
    with torch.device("meta"):
        theirs = transformers.CLIPModel(config)
    ours = jm.models.CLIP.preset(name)
    ours = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    assert jm.num_parameters(ours) == theirs.num_parameters()
