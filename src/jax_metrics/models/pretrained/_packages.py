"""The packages of the extra `pretrained`, imported when they are used."""

import importlib
from types import ModuleType


def package(name: str, purpose: str) -> ModuleType:
    """Imports an optional package.

    Args:
        name: The module.
        purpose: What needs it, for the message.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        where = "torch" if top == "torch" else "'jax-metrics[pretrained]'"
        raise ImportError(f"{purpose} needs the package {top}: `pip install {where}`.") from error
