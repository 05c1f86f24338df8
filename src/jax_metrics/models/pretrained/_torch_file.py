"""The tensors of a file that PyTorch wrote."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._packages import package

# Where training scripts put the state dict among other things.
_INNER = ("state_dict", "model_state_dict", "model", "state_dict_ema", "model_ema")


def read_torch(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a state dict; nothing in the file is executed.

    Args:
        path: A file written by `torch.save(module.state_dict(), path)`, or by saving a dict that
            contains the state dict.

    Raises:
        CheckpointError: If the file has other things than tensors, or is damaged.
        ImportError: If PyTorch is not installed.
    """
    torch = package("torch", "A file of PyTorch")
    try:
        try:  # the tensors are read when they are used
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # the older form has no such way
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} has more than tensors, or is damaged, and is not loaded, because that could "
            "run code in it. Save `module.state_dict()` alone, with the program that wrote it."
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged, or no state dict of PyTorch: {error}") from error
    for name in _INNER:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
            break
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path} has a {type(found).__name__} instead of a state dict.")
    return {
        name: _array(value, torch)
        for name, value in found.items()
        if isinstance(value, torch.Tensor)
    }


def _array(tensor: Any, torch: Any) -> np.ndarray:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:  # NumPy's buffers have no bfloat16
        return tensor.view(torch.int16).numpy().view(jnp.bfloat16)
    return tensor.numpy()
