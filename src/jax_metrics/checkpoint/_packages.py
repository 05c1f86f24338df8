"""The packages of the extra `checkpoint`, imported when they are used."""

import importlib
from types import ModuleType


def package(name: str) -> ModuleType:
    """Imports a package of the extra `checkpoint`.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Files need the package {name.partition('.')[0]}: "
            "`pip install 'jax-metrics[checkpoint]'`."
        ) from error
