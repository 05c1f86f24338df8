"""`in_train_mode`: a model that was evaluated is trained in train mode again."""

from typing import Any

import jax

from jax_metrics.module import Module
from jax_metrics.tree import trees_with_paths


def in_train_mode(model: Any) -> Any:
    """The model in train mode, if all of it is in eval mode; what is frozen does not count.

    After an evaluation a whole model is in eval mode, and training it in this mode would be a
    mistake. If only parts are in eval mode, such as the BatchNorm of a pretrained part, they stay
    in it.

    Args:
        model: A module, or a pytree of modules.
    """
    modules = [tree for _, tree in trees_with_paths(model) if isinstance(tree, Module)]
    if any(module.training for module in modules if not module.frozen):
        return model
    is_module = lambda node: isinstance(node, Module)  # noqa: E731
    return jax.tree.map(lambda x: x.train() if is_module(x) else x, model, is_leaf=is_module)
