"""What `dir` shows of a package: the names that users need."""

from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any


def public_names(
    namespace: Mapping[str, Any],
    modules: Collection[str] = (),
    hidden: Collection[str] = (),
) -> list[str]:
    """The public names of a package.

    Args:
        namespace: The global names of the package.
        modules: The submodules that are public; Python makes the others attributes too.
        hidden: What the package exports for other packages of the library only.
    """
    return sorted(
        name
        for name, value in namespace.items()
        if (not name.startswith("_") or name == "__version__")
        and name not in hidden
        and (name in modules or not isinstance(value, ModuleType))
    )
