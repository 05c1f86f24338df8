"""Arrays with the examples along the first axis: reading, selecting and padding them."""

from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import refuse_dtype, refuse_masked


def as_examples(tree: Any, what: str) -> tuple[Any, int]:
    """The tree with NumPy arrays as leaves, and the number of examples.

    Args:
        tree: A pytree of arrays, or of what NumPy can read, such as tensors of PyTorch on the CPU.
        what: What the tree is, for errors.

    Raises:
        TypeError: If a leaf has a dtype that JAX does not have, or is a masked array; or a dict has
            other keys than strings.
        ValueError: If there is no array, one is a scalar, or the numbers of examples differ.
    """
    if isinstance(tree, dict) and (others := [key for key in tree if not isinstance(key, str)]):
        raise TypeError(
            f"{what}: expected a dict with strings as keys, to which the mask is added; got the "
            f"key {others[0]!r}. Name the entry, as in `{{'x': ...}}`, or pass a tuple."
        )
    paths, structure = jax.tree.flatten_with_path(tree)
    arrays = [_as_array(leaf, f"{what}{jax.tree_util.keystr(path)}") for path, leaf in paths]
    lengths = {jax.tree_util.keystr(p): len(x) for (p, _), x in zip(paths, arrays, strict=True)}
    if not lengths:
        raise ValueError(f"{what}: expected a dict or a tuple of arrays; got none in {tree!r}.")
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"{what}: expected arrays with the same number of examples along the first axis; got "
            + ", ".join(f"{length} in `{what}{path}`" for path, length in lengths.items())
            + "."
        )
    return jax.tree.unflatten(structure, arrays), next(iter(lengths.values()))


def _as_array(leaf: Any, where: str) -> np.ndarray:
    refuse_masked(where, leaf)
    try:
        array = np.asarray(leaf)
    except Exception as error:
        raise TypeError(
            f"`{where}` expected an array that NumPy can read; got {type(leaf).__name__}: {error}"
        ) from error
    refuse_dtype(where, array)
    if array.ndim == 0:
        raise ValueError(f"`{where}` expected an array of examples; got the scalar {leaf!r}.")
    return array


def padded(tree: Any, count: int, size: int) -> Any:
    """Repeats examples until there are `size`, so that the padding holds usual values."""
    if count == size:
        return tree
    return jax.tree.map(lambda x: x[np.arange(size) % count], tree)


def with_mask(tree: Any, mask: np.ndarray, name: str) -> Any:
    """The mask as one more entry of a dict, or at the end of a tuple.

    Raises:
        ValueError: If the dict has an entry of that name.
    """
    if isinstance(tree, dict):
        if name in tree:
            raise ValueError(
                f"The examples have an entry {name!r}, the name of the mask that tells examples "
                "from padding. Name that mask otherwise, as in `mask_name='valid'`."
            )
        return {**tree, name: mask}
    return (*tree, mask) if isinstance(tree, tuple | list) else (tree, mask)
