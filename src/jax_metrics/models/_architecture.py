"""What all architectures share: named presets, and inputs to initialize them with."""

import types
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from jax_metrics.module import Inputs, Module
from jax_metrics.tree import OtherMethod

_WEIGHTS = " Trained weights come from `jm.models.from_pretrained(path, model)`."
_NONE: Mapping[str, Mapping[str, Any]] = types.MappingProxyType({})


class Architecture(Module):
    """A complete, well-known model, with presets for the sizes that papers describe.

    A subclass defines its `presets`, which are arguments of its constructor by name, and
    `example_inputs`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Classifier(jm.models.Architecture):
        ...     presets = {"tiny": {"width": 8}, "small": {"width": 64}}
        ...     def __init__(self, width: int, num_classes: int = 10):
        ...         self.layer, self.head = jm.Linear(width), jm.Linear(num_classes)
        ...     def example_inputs(self):
        ...         return jm.Inputs(jnp.zeros((1, 4)))
        ...     def __call__(self, x):
        ...         return self.head(self.layer(x))
        >>> model = Classifier.preset("tiny", num_classes=3)
        >>> model = model.init(0, model.example_inputs())
        >>> model.layer.kernel.shape, model.head.kernel.shape
        ((4, 8), (8, 3))
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = _NONE
    _other_arguments: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("pretrained", "weights", "checkpoint_path"), _WEIGHTS
    )
    if not TYPE_CHECKING:  # for a checker they do not exist
        from_pretrained = OtherMethod("Write `model = jm.models.from_pretrained(path)`.")
        save_pretrained = OtherMethod("Write `jm.models.save_pretrained(model, folder)`.")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """Returns an uninitialized model of a named size.

        Args:
            name: One of `presets`.
            **changes: Arguments of the constructor that replace those of the preset.

        Raises:
            ValueError: If there is no such preset.
        """
        if name not in cls.presets:
            raise ValueError(
                f"{cls.__name__} has the presets {', '.join(map(repr, cls.presets))}; got {name!r}."
            )
        return cls(**{**cls.presets[name], **changes})

    @abstractmethod
    def example_inputs(self) -> Inputs:
        """Returns small inputs that the model can be initialized with."""
