"""The named errors and warnings of the tree layer."""


class StaticFieldError(TypeError):
    """A static field holds what cannot be static: an array, or a value without plain `==`.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Layer(jm.Module):
        ...     def __init__(self):
        ...         self.scale = jnp.ones(3)  # not declared as a node
        >>> try:
        ...     jax.tree.leaves(Layer())
        ... except jm.StaticFieldError as error:
        ...     print("Layer.scale" in str(error))
        True
    """


class CompactError(RuntimeError):
    """A `compact` method asked for other sub-modules than it did in its first run."""


class MergeError(ValueError):
    """The trees given to `merge` do not fit onto each other."""


class MutabilityError(AttributeError):
    """A field of an immutable Tree was assigned.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree, jm.Immutable):
        ...     x: float = jm.node(default=1.0)
        >>> try:
        ...     Point().x = 2.0
        ... except jm.MutabilityError:
        ...     print(Point().replace(x=2.0).x)
        2.0
    """


class LostStateWarning(UserWarning):
    """A field was assigned on a copy that a transformation made, and the copy was thrown away.

    Example:
        >>> import warnings
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> norm = jm.BatchNorm().init(0, jnp.ones((2, 3)))
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     y = jax.jit(lambda norm, x: norm(x))(norm, jnp.ones((2, 3)))  # norm is not returned
        >>> [warning.category.__name__ for warning in caught]
        ['LostStateWarning']
    """


class LeakedStateError(RuntimeError):
    """A traced value was assigned to an object that outlives the trace.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> outside = jm.Linear(2).init(0, jnp.ones((1, 2)))
        >>> @jax.jit
        ... def step(x):
        ...     outside.bias = x
        ...     return x
        >>> try:
        ...     step(jnp.ones(2))
        ... except jm.LeakedStateError as error:
        ...     print("bias" in str(error))
        True
    """


class UnusedResultWarning(UserWarning):
    """The result of a method that returns a new object was thrown away.

    Example:
        >>> import warnings
        >>> import jax_metrics as jm
        >>> def forgetful(model):
        ...     model.eval()  # instead of model = model.eval()
        ...     return model
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     model = forgetful(jm.Dropout(0.5))
        >>> [warning.category.__name__ for warning in caught], model.training
        (['UnusedResultWarning'], True)
    """
