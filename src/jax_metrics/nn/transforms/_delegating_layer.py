"""`DelegatingLayer`: the base of layers that stand in the place of another one."""

import abc
import functools
from types import FunctionType
from typing import TYPE_CHECKING, Any

from jax_metrics.module import Module
from jax_metrics.nn._checked_layer import CheckedLayer


class DelegatingLayer(CheckedLayer):
    """A layer that runs another one, `layer`, in its own way: its call, and its other methods.

    So `embed.attend(h)` works with `Remat(embed)` too.
    """

    layer: Module

    @property
    def stands_for(self) -> type:
        """The class of the layer, which this one can replace in a compact method."""
        return getattr(self.layer, "stands_for", type(self.layer))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer.

        Args:
            *args: The arguments of the layer.
            **kwargs: Its keyword arguments.
        """
        return self._run_method("__call__", *args, **kwargs)

    @abc.abstractmethod
    def _run_method(self, method: str, /, *args: Any, **kwargs: Any) -> Any:
        """Runs a method of the layer."""

    if not TYPE_CHECKING:  # for type checkers a name that is missing is an error

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or not _has_method(vars(self).get("layer"), name):
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
                )
            return functools.partial(self._run_method, name)


def _has_method(layer: Any, name: str) -> bool:
    """Whether a layer, or the one that it stands for, has a method of this name."""
    if isinstance(getattr(type(layer), name, None), FunctionType):
        return True
    return isinstance(layer, DelegatingLayer) and _has_method(vars(layer).get("layer"), name)
