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
    """The root of all kinds.

    Example:
        >>> import jax_metrics as jm
        >>> class Weights(jm.TreePart):
        ...     '''A kind of your own.'''
        >>> class Layer(jm.Module):
        ...     scale: float = Weights.node(default=1.0)
        >>> jm.filter(Layer(), Weights).scale, jm.filter(Layer(), jm.Parameter).scale
        (1.0, Nothing)
    """

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
    """A random key.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Noise(jm.Module):
        ...     key: jax.Array = jm.Rng.node()
        ...     def __init__(self):
        ...         self.key = jax.random.key(0)
        >>> jm.filter(Noise(), jm.Rng).key.shape
        ()
    """


class MetricState(State):
    """The accumulated state of a metric.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     total: jax.Array = jm.MetricState.node()
        ...     def __init__(self):
        ...         self.total = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.MetricState).total.shape
        (3,)
    """


class ModelState(State):
    """State of a layer between calls.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     counts: jax.Array = jm.ModelState.node()
        ...     def __init__(self):
        ...         self.counts = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.ModelState).counts.shape
        (3,)
    """


class BatchStats(ModelState):
    """Running statistics of a normalization layer."""


BatchStat = BatchStats


class Cache(ModelState):
    """State of a layer within one sequence, such as keys and values during decoding.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     keys: jax.Array = jm.Cache.node()
        ...     def __init__(self):
        ...         self.keys = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.Cache).keys.shape
        (3,)
    """


class OptState(State):
    """The state of an optimizer.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     moments: jax.Array = jm.OptState.node()
        ...     def __init__(self):
        ...         self.moments = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.OptState).moments.shape
        (3,)
    """


class Log(TreePart):
    """A value recorded by a call for inspection.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     activation: jax.Array = jm.Log.node()
        ...     def __init__(self):
        ...         self.activation = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.Log).activation.shape
        (3,)
    """


class LossLog(Log):
    """A value to be added to the loss.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     penalty: jax.Array = jm.LossLog.node()
        ...     def __init__(self):
        ...         self.penalty = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.LossLog).penalty.shape
        (3,)
    """


class MetricLog(Log):
    """A value to be reported with the metrics.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     entropy: jax.Array = jm.MetricLog.node()
        ...     def __init__(self):
        ...         self.entropy = jnp.zeros(3)
        >>> jm.filter(Layer(), jm.MetricLog).entropy.shape
        (3,)
    """
