"""`OtherMethod`: a method of other libraries, which a class does not have."""

from typing import Any


class OtherMethod:
    """A class attribute whose use raises, naming what to write instead; `hasattr` is false.

    So it is for the class itself, as in `Net.from_pretrained(...)`.

    Args:
        instead: What to write.

    Example:
        >>> from jax_metrics.tree import OtherMethod
        >>> class Net:
        ...     forward = OtherMethod("Call it: `net(x)`.")
        >>> hasattr(Net(), "forward")
        False
    """

    def __init__(self, instead: str):
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(f"{owner.__name__} has no method `{self.name}`. {self.instead}")
