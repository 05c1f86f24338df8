"""`Settings`: hyperparameters by name or by group, which are read only."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import jax
from jax.tree_util import DictKey


class Settings(dict[str, Any]):
    """A dict that cannot be changed: it is a copy, and changes would not reach the optimizer."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(
            "These values are a copy, and changing them would not change the optimizer. Assign to "
            "its attribute: `optimizer.learning_rate = 1e-3`, or, for some groups, "
            "`optimizer.learning_rate = {'.head': 1e-3}`."
        )

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = _refuse
        clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return Settings, (dict(self),)  # copies and pickles would set each item


def _flatten(settings: Settings) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
    names = tuple(sorted(settings))
    return [(DictKey(name), settings[name]) for name in names], names


def _unflatten(names: tuple[str, ...], values: Iterable[Any]) -> Settings:
    return Settings(zip(names, values, strict=True))


jax.tree_util.register_pytree_with_keys(Settings, _flatten, _unflatten)
