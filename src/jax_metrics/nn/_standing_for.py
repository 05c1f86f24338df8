"""`standing_for`: the layer inside of the layers that stand in its place."""

from typing import Any


def standing_for(layer: Any) -> Any:
    """The layer that a `LoRA` or `Remat` around it stands for; any other layer itself.

    Read its settings there: the layers around it have only its methods.
    """
    while hasattr(layer, "stands_for"):
        layer = layer.layer
    return layer
