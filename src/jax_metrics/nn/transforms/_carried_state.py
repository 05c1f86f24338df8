"""Carries state changes out of the copy of a module that a JAX transformation makes.

`scan` and `checkpoint` rebuild the modules passed to their function, so assignments in the call are
lost with the copy. Only changed leaves are returned: returning the parameters too would copy them.
"""

from typing import Any

import jax

from jax_metrics.module import aliased_as
from jax_metrics.tree import public_fields, trees_with_paths


class CarriedState:
    """Takes the changed leaves out of a copy of a module, and puts them into the module.

    Args:
        module: The module, outside of the transformation.
        path: Where it is in the module whose call is running.
    """

    def __init__(self, module: Any, path: str):
        self.module = module
        self.path = path
        self.structure: Any = None
        self.sources: list[int | None] = []  # for each leaf after the call: its index before

    def call(self, copy: Any, method: str, /, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Calls a method of the copy; returns the output and the changed leaves."""
        before = {id(leaf): index for index, leaf in enumerate(jax.tree.leaves(copy))}
        with aliased_as(copy, self.path):
            output = getattr(copy, method)(*args, **kwargs)
        leaves, self.structure = jax.tree.flatten(copy)
        self.sources = [before.get(id(leaf)) for leaf in leaves]
        return output, [leaf for leaf in leaves if id(leaf) not in before]

    def put_back(self, changed: list[Any], owner: Any) -> None:
        """Puts the changed leaves into the module; if need be, replaces it in its owner.

        Args:
            changed: The leaves, as `call` returned them.
            owner: The module that has this one in its field `layer`.
        """
        before, structure = jax.tree.flatten(self.module)
        if not changed and self.structure == structure:
            return
        new = iter(changed)
        leaves = [next(new) if source is None else before[source] for source in self.sources]
        module = _assigned(self.module, jax.tree.unflatten(self.structure, leaves))
        if module is not self.module:
            owner.layer = module


def _assigned(module: Any, after: Any) -> Any:
    """The module with the fields of another one; a new object only if the Trees in it differ."""
    pairs = list(zip(trees_with_paths(module), trees_with_paths(after), strict=False))
    same_layout = all(path == other and type(a) is type(b) for (path, a), (other, b) in pairs)
    if not same_layout or len(pairs) != len(list(trees_with_paths(after))):
        return after
    for (_, tree), (_, changed) in pairs:
        fields = vars(tree)
        for name, value in public_fields(changed).items():
            if name not in fields or (fields[name] is not value and not _has_trees(value)):
                setattr(tree, name, value)
    return module


def _has_trees(value: Any) -> bool:
    return next(iter(trees_with_paths(value)), None) is not None
