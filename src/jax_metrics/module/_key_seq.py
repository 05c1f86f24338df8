"""`KeySeq`: a module that hands out random keys."""

from collections.abc import Hashable
from typing import Any

import jax

from jax_metrics.module._field_key import advance_key, key_from_init
from jax_metrics.module._inputs import Initializer
from jax_metrics.module._keys import Key
from jax_metrics.module._kinds import Rng
from jax_metrics.module._module import Module


class KeySeq(Module):
    """Returns a new random key at each call, and keeps the state for it.

    Args:
        key: The key or integer seed to start from; without one, `init` assigns it.
        axis_name: Make the keys differ along this mapped axis, of `vmap` or `shard_map`.

    Example:
        >>> import jax_metrics as jm
        >>> keys = jm.KeySeq(42)
        >>> bool(keys() == keys())
        False
    """

    key: Any = Rng.node()

    def __init__(self, key: Any = None, *, axis_name: Hashable | None = None):
        self.key = key_from_init() if key is None else Key(key)
        self.axis_name = axis_name

    def __call__(self, *, axis_name: Hashable | None = None) -> jax.Array:
        """The next key.

        Args:
            axis_name: As in the constructor, for this call.

        Raises:
            RuntimeError: If there is no key yet.
        """
        if isinstance(self.key, Initializer):
            raise RuntimeError(
                "A KeySeq has no key yet. Initialize the module that it is in with "
                "`init(key, ...)`, or pass one: `jm.KeySeq(42)`."
            )
        name = self.axis_name if axis_name is None else axis_name
        key = advance_key(self, "key", differs=name is not None)
        return key if name is None else jax.random.fold_in(key, jax.lax.axis_index(name))
