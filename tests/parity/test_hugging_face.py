"""Files that PyTorch, the safetensors package and Hugging Face's transformers read and write."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

DTYPES = ["float32", "float16", "bfloat16", "int8", "int32", "int64", "bool"]


def bert(seed):
    torch.manual_seed(seed)
    config = transformers.BertConfig(
        vocab_size=11, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=12,
    )  # fmt: skip
    return transformers.BertModel(config)


def arrays(model):
    return {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}


def test_pytorch_reads_our_files(tmp_path):
    from safetensors.torch import load_file

    tree = {name: np.arange(6).reshape(2, 3).astype(jnp.dtype(name)) for name in DTYPES}
    jm.save(tmp_path / "model.safetensors", tree)
    loaded = load_file(tmp_path / "model.safetensors")
    assert {name: str(tensor.dtype) for name, tensor in loaded.items()} == {
        name: f"torch.{array.dtype}" for name, array in tree.items()
    }
    for name, array in tree.items():
        np.testing.assert_array_equal(loaded[name].float().numpy(), array.astype("float32"))


@pytest.mark.parametrize("shard_size", [None, 1000])
def test_transformers_loads_our_files(tmp_path, shard_size):
    model = bert(0)
    model.config.save_pretrained(tmp_path)
    jm.save(tmp_path / "model.safetensors", arrays(model), shard_size=shard_size)
    assert (len([*tmp_path.glob("*.safetensors")]) > 2) == (shard_size is not None)
    loaded, report = transformers.BertModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    for name, array in arrays(loaded).items():
        np.testing.assert_array_equal(array, arrays(model)[name])


def test_transformers_loads_our_index_into_a_model(tmp_path):
    from transformers.trainer_utils import load_sharded_checkpoint

    model, other = bert(0), bert(1)
    jm.save(tmp_path / "model.safetensors", arrays(model), shard_size=1000)
    load_sharded_checkpoint(other, str(tmp_path))
    for name, array in arrays(other).items():
        np.testing.assert_array_equal(array, arrays(model)[name])


@pytest.mark.parametrize("shard_size", ["10GB", "1KB"])
def test_we_load_the_files_of_transformers(tmp_path, shard_size):
    model = bert(0)
    model.save_pretrained(tmp_path, max_shard_size=shard_size)
    loaded = jm.load(tmp_path)
    assert loaded.keys() == arrays(model).keys()
    for name, array in loaded.items():
        np.testing.assert_array_equal(array, arrays(model)[name])
