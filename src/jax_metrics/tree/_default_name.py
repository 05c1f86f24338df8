"""`DefaultName`: a name that follows from the class unless it is given."""

from typing import Any

from jax_metrics.tree._compact import snake_case


class DefaultName:
    """A class attribute that reads as the name of the class in snake case.

    An instance with a name of its own shadows it.

    Example:
        >>> from jax_metrics.tree import DefaultName
        >>> class MeanError:
        ...     name = DefaultName()
        >>> MeanError().name
        'mean_error'
    """

    def __get__(self, instance: Any, owner: type) -> str:
        return snake_case(owner.__name__)
