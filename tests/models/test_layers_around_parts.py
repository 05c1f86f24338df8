"""Models with a `LoRA` or `Remat` around a part whose settings they read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import models
from jax_metrics.nn import LoRA, Remat

WAVE = jnp.zeros((1, 512))
WHISPER = models.Whisper(8, 1, 2, vocabulary=10, num_mels=4, max_frames=8, max_length=5)
VIT = models.ViT(image_size=8, patch_size=4, width=8, num_layers=1, num_heads=2, num_classes=2)
CLIP = models.CLIP(
    features=8, image_size=8, patch_size=4, image_width=8, image_layers=1, image_heads=2,
    vocabulary=10, text_width=8, text_layers=1, text_heads=2,
)  # fmt: skip
PARTS = {
    "Whisper.decoder": (WHISPER, lambda m: m.listen(jnp.zeros((1, 8, 4)))(jnp.ones((1, 1), int))),
    "SileroVAD.head": (models.SileroVAD(), lambda m: m.start_stream(1).stream(WAVE)),
    "VAE.mean": (models.VAE.preset("mnist", widths=(4, 4), latents=2), lambda m: m.sample(0, 2)),
    "ViT.features": (VIT, lambda m: m(*m.example_inputs().args)),
    "CLIP.image": (CLIP, lambda m: m(*m.example_inputs().args)),
    "UNet.features": (models.UNet(2, width=4, depth=2), lambda m: m.smallest_size()),
}


@pytest.mark.parametrize("wrap", [lambda x: LoRA(x, 2, key=0), Remat], ids=["LoRA", "Remat"])
@pytest.mark.parametrize("part", PARTS)
def test_the_settings_of_the_part_are_found(part, wrap):
    model, run = PARTS[part]
    name = part.rpartition(".")[2]

    def both():
        plain = model.init(0, model.example_inputs()).eval()
        wrapped = plain.replace(**{name: wrap(getattr(plain, name))}).eval()
        return run(plain), run(wrapped)

    plain, wrapped = jax.eval_shape(both)
    assert jax.tree.map(jnp.shape, plain) == jax.tree.map(jnp.shape, wrapped)


@pytest.mark.slow
def test_a_wrapped_decoder_says_the_same():
    features = np.random.default_rng(0).normal(size=(2, 8, 4)).astype(np.float32)
    model = WHISPER.init(0, WHISPER.example_inputs()).eval()
    adapted = jm.nn.apply_lora(model, ".decoder", 2)
    written = [
        models.generate(m.listen(features), [[1], [1]], 3).to_lists() for m in (model, adapted)
    ]
    assert written[0] == written[1]
