"""The rates of dropout in transformer layers, which other libraries have one by one."""

from collections.abc import Iterable
from typing import Any

from jax_metrics.module import key_from_init
from jax_metrics.nn import Dropout


def set_rates(layers: Iterable[Any], *, attention: float, inside: float | None = None) -> None:
    """Changes rates in transformer layers, in place.

    Args:
        layers: The layers, not initialized yet.
        attention: That of the attention weights.
        inside: That inside the feed-forward networks; None: it stays.
    """
    for layer in layers:
        for name in {"self_attention", "cross_attention"} & vars(layer).keys():
            part = getattr(layer, name)
            part.dropout_rate = attention
            # As in its constructor: if it drops nothing, it keeps no random key.
            part.rng = key_from_init() if attention > 0 else None
        if inside is not None:
            layer.feed_forward.dropout = Dropout(inside)
