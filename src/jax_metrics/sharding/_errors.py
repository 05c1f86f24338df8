"""`ShardingError`: rules, a tree and a mesh that do not fit each other."""

from collections.abc import Iterable
from typing import Any


class ShardingError(ValueError):
    """Rules do not fit a tree or a mesh. Its message has all problems at once.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> try:
        ...     jm.sharding.shard({"w": jax.numpy.ones(3)}, mesh, {".*kernel": ("data",)})
        ... except jm.sharding.ShardingError as error:
        ...     print(str(error).splitlines()[1])
        - the pattern '.*kernel' matches nothing; there are: `['w']`
    """


def raise_problems(problems: Iterable[str], tree: Any, mesh: Any) -> None:
    """Raises one error for all problems, if there are any; equal ones are reported once."""
    found = list(dict.fromkeys(problems))
    if found:
        lines = "".join(f"\n- {problem}" for problem in found)
        raise ShardingError(
            f"The rules do not fit this {type(tree).__name__} on the mesh "
            f"({described(mesh)}):{lines}"
        )


def described(mesh: Any) -> str:
    """The axes of a mesh with their sizes."""
    return ", ".join(f"{name}={size}" for name, size in mesh.shape.items())
