"""`num_parameters`: the size of a model."""

import math
from typing import Any

from jax_metrics.module._inputs import Initializer
from jax_metrics.module._kinds import Parameter
from jax_metrics.tree import class_info, leaves_in_order, trees_with_paths


def num_parameters(model: Any) -> int:
    """The number of values in the Parameters of a model.

    Args:
        model: A model, a part of one, such as `model.trainable_parameters()`, or any pytree with
            modules inside; the result of `jax.eval_shape` of `init` is accepted, too.

    Raises:
        ValueError: If a module has no values yet.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.num_parameters(jm.MLP([64, 1]).init(0, jnp.ones((1, 4))))
        385
    """
    count = sum(
        math.prod(getattr(leaf.value, "shape", ()))
        for leaf in leaves_in_order(model)
        if issubclass(leaf.kind, Parameter)
    )
    for path, tree in trees_with_paths(model):
        if not getattr(tree, "initialized", True) and (not count or _lacks_values(tree)):
            place = f"{path} ({type(tree).__name__})" if path else type(tree).__name__
            raise ValueError(
                f"{place} was not initialized, so the sizes of its parameters are not known. Call "
                "`model = model.init(key, inputs)` first, or, for the sizes alone, "
                "`jax.eval_shape(lambda: model.init(0, inputs))`."
            )
    return count


def _lacks_values(tree: Any) -> bool:
    """Whether a Parameter that the class declares has no value yet."""
    missing = Initializer(id)
    return any(
        isinstance(vars(tree).get(name, missing), Initializer)
        for name, declared in class_info(type(tree)).metadata.items()
        if issubclass(declared.kind, Parameter)
    )
