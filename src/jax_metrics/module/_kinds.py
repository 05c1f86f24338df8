"""Kinds: the roles of a module's fields. Subclass one of these to define your own kind.

TreePart
|- Parameter            changed by the optimizer
|- State                changed by the program
|  |- Rng               random keys
|  |- MetricState       accumulated state of a metric
|  |- ModelState        state of a layer between calls
|  |  |- BatchStats     running statistics of normalization layers
|  |  `- Cache          such as keys and values during decoding
|  `- OptState          the state of an optimizer
`- Log                  values recorded by a call for inspection
   |- LossLog           added to the loss
   `- MetricLog         reported with the metrics
"""

from typing import Any, NoReturn

from jax_metrics.tree import KindMixin


class TreePart(KindMixin):
    """The root of all kinds."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises: a kind has no objects."""
        name = cls.__name__
        raise TypeError(
            f"{name} is a kind of fields, which has no objects. Declare the field in the class "
            f"body, `w: jax.Array = jm.{name}.node()`, and assign the value in `__init__`: "
            "`self.w = array`."
        )


class Parameter(TreePart):
    """Values changed by an optimizer."""


class State(TreePart):
    """Values changed by the program itself."""


class Rng(State):
    """A random key."""


class MetricState(State):
    """The accumulated state of a metric."""


class ModelState(State):
    """State of a layer between calls."""


class BatchStats(ModelState):
    """Running statistics of a normalization layer."""


BatchStat = BatchStats


class Cache(ModelState):
    """State of a layer within one sequence, such as keys and values during decoding."""


class OptState(State):
    """The state of an optimizer."""


class Log(TreePart):
    """A value recorded by a call for inspection."""


class LossLog(Log):
    """A value to be added to the loss."""


class MetricLog(Log):
    """A value to be reported with the metrics."""
