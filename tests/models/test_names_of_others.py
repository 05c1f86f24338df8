"""Names that users of transformers, torchvision and sentence-transformers write."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import models
from jax_metrics.models import generate, stream

LLAMA = models.Llama(vocabulary=10, width=8, num_layers=1, num_heads=2)
SHAPES = jax.eval_shape(lambda: LLAMA.init(0, LLAMA.example_inputs()))
BERT = models.Bert(vocabulary=10, width=8, num_layers=1, num_heads=2)
WHISPER = models.Whisper(8, 1, 2, vocabulary=20, num_mels=4)
PROMPT = [3, 1]

MISTAKES = [
    # Arguments
    (lambda: generate(LLAMA, PROMPT, 2, do_sample=True), "Give `key=jax.random.key(0)` to sample"),
    (lambda: generate(LLAMA, PROMPT, 2, num_beams=4), "'num_beams'. There is no beam search"),
    (lambda: generate(LLAMA, PROMPT, 2, pad_token_id=0), "Did you mean `pad_token`?"),
    (lambda: generate(LLAMA, PROMPT, 2, eos_token_id=0), "Did you mean `stop_tokens`?"),
    (lambda: generate(LLAMA, PROMPT, 2, seed=0), "Did you mean `key`?"),
    (lambda: generate(LLAMA, input_ids=PROMPT, max_new_tokens=2), "Did you mean `tokens`?"),
    (lambda: generate(LLAMA, PROMPT, 2, attention_mask=1), "Did you mean `padding_mask`?"),
    (lambda: generate(LLAMA, PROMPT, max_length=5), "generate needs `max_new_tokens`"),
    (lambda: stream(LLAMA, PROMPT, 2, num_beams=4), "stream has no argument 'num_beams'. There"),
    (lambda: stream(LLAMA, PROMPT, 2, eos_token_id=0), "Did you mean `stop_tokens`?"),
    (lambda: stream(LLAMA, PROMPT), "stream needs `max_new_tokens`"),
    (lambda: models.from_pretrained("x", torch_dtype=jnp.bfloat16), "Did you mean `dtype`?"),
    (lambda: models.from_pretrained("x", device_map="auto"), "`jm.sharding.shard` spreads"),
    (lambda: models.load_tokenizer("x", use_fast=True), "It takes path, download, revision."),
    (lambda: models.save_pretrained(LLAMA, "x", max_shard_size=1), "Did you mean `shard_size`?"),
    (lambda: models.ResNet(pretrained=True), "Trained weights come from `jm.models.from_pretra"),
    (lambda: models.ResNet.preset("resnet50", weights="DEFAULT"), "ResNet has no argument `weig"),
    (lambda: SHAPES(input_ids=np.array([PROMPT])), "Did you mean `tokens`? It takes tokens, pos"),
    # Methods
    (lambda: models.Llama.from_pretrained("x"), "`model = jm.models.from_pretrained(path)`"),
    (lambda: models.Bert.from_pretrained("x"), "Bert has no method `from_pretrained`"),
    (lambda: models.Tokenizer.from_pretrained("x"), "`tokenizer = jm.models.load_tokenizer(path)`"),
    (lambda: LLAMA.save_pretrained("x"), "Write `jm.models.save_pretrained(model, folder)`"),
    (lambda: LLAMA.generate(PROMPT), "`jm.models.generate(model, tokens, max_new_tokens)`"),
    (lambda: jm.nn.LoRA(LLAMA, 2).generate(PROMPT), "'LoRA' object has no attribute 'generate'"),
    (lambda: WHISPER.generate(0), "`jm.models.generate(model.listen(features), tokens, max_new"),
    (lambda: WHISPER.transcribe("x"), "Whisper has no method `transcribe`"),
    (lambda: BERT.encode(["x"]), "`model(batch.ids, padding_mask=batch.mask)`"),
]


@pytest.mark.parametrize(("make", "text"), MISTAKES)
def test_a_name_of_another_library_is_told(make, text):
    with pytest.raises((AttributeError, TypeError)) as told:
        make()
    assert text in str(told.value)


def test_a_method_of_the_user_may_have_such_a_name():
    class Own(models.Architecture):
        half: int = 2

        def __init__(self):
            self.float = 3

        def example_inputs(self):
            return jm.Inputs(jnp.zeros(1))

        def generate(self):
            return self.half + self.float

    assert Own().generate() == 5


def test_such_a_name_of_a_field_has_no_default():
    @dataclasses.dataclass
    class Own(jm.Module):
        half: int
        encode: int

    with pytest.raises(TypeError, match="needs `half`, `encode`"):
        Own()
    assert Own(1, 2).half == 1
