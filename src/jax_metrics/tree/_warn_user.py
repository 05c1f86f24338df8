"""`warn_user`: a warning that points to the user's program, not to a line of this library."""

import warnings
from typing import Any

from jax_metrics.tree._running_functions import user_line

_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each place once


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the innermost line that belongs neither to this library nor to JAX or Flax.

    Args:
        message: The text.
        category: The class of the warning.

    Example:
        >>> import warnings
        >>> import jax_metrics as jm
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     jm.tree.warn_user("The rate is 0.")
        >>> str(caught[0].message)
        'The rate is 0.'
    """
    warnings.warn_explicit(message, category, *user_line(), registry=_registry)
