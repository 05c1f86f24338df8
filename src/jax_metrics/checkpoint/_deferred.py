"""`Deferred`: an array of a state dict that is read when it is needed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_metrics.arguments import constructor_names_arguments


@constructor_names_arguments
class Deferred:
    """An array of a state dict that is read when it is needed.

    `load_state_dict` reads several at once, in threads, each straight to its destination, and
    releases them one by one. Rules that transpose, reshape, rename and skip entries do not read
    them; other rules, and functions of your own, read them first.

    Args:
        read: Returns the array. Other threads call it.
        shape: Its shape.
        dtype: Its dtype.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> kernel = jm.checkpoint.Deferred(lambda: np.ones((2, 3)), (2, 3), np.float32)
        >>> rules = [jm.checkpoint.transpose("kernel")]
        >>> model = jm.load_state_dict(model, {"kernel": kernel, "bias": jnp.zeros(2)}, rules=rules)
        >>> model.kernel.shape
        (3, 2)
    """

    def __init__(self, read: Callable[[], Any], shape: Sequence[int], dtype: Any):
        self._read = read
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)

    @property
    def nbytes(self) -> int:
        """The size of the array."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    @property
    def stand_in(self) -> np.ndarray:
        """An array of this shape that takes no memory."""
        return np.broadcast_to(np.uint8(0), self.shape)

    def then(self, change: Callable[[np.ndarray], np.ndarray]) -> "Deferred":
        """The result of a function of the array, computed when it is needed.

        Args:
            change: A function that changes the shape, but not the dtype, as `np.transpose` does.
        """
        shape = change(self.stand_in).shape
        return Deferred(lambda: change(np.asarray(self)), shape, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The array."""
        return np.asarray(self._read(), self.dtype if dtype is None else dtype)
