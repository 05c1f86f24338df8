"""Kinds: what the fields of a module are for. Make a kind of your own by subclassing one of these.

TreePart
|- Parameter            changed by the optimizer
|- State                changed by the program
|  |- Rng               random keys
|  |- MetricState       what a metric has gathered
|  |- ModelState        what a layer keeps between calls
|  |  |- BatchStats     running statistics of normalization layers
|  |  `- Cache          such as keys and values during decoding
|  `- OptState          the state of an optimizer
`- Log                  values to be looked at after a call
|- LossLog           added to the loss
`- MetricLog         reported with the metrics
"""

from jax_metrics.tree import KindMixin


class TreePart(KindMixin):
    """The root of all kinds."""


class Parameter(TreePart):
    """What an optimizer changes."""


class State(TreePart):
    """What the program itself changes."""


class Rng(State):
    """A random key."""


class MetricState(State):
    """What a metric has gathered."""


class ModelState(State):
    """What a layer keeps from one call to the next."""


class BatchStats(ModelState):
    """Running statistics of a normalization layer."""


BatchStat = BatchStats


class Cache(ModelState):
    """What a layer remembers within one sequence, such as keys and values during decoding."""


class OptState(State):
    """The state of an optimizer."""


class Log(TreePart):
    """A value that a call leaves behind to be looked at."""


class LossLog(Log):
    """A value to be added to the loss."""


class MetricLog(Log):
    """A value to be reported with the metrics."""
