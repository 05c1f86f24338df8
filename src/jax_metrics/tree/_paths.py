"""Paths such as `.layers[0].kernel`: names for the parts of a tree, and access by name."""

import ast
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from jax_metrics.tree._copy import copy
from jax_metrics.tree._field_order import fields_in_order, items_in_order
from jax_metrics.tree._flatten import is_tree, layout_of
from jax_metrics.tree._leaves import leaf_types
from jax_metrics.tree._mutability import toplevel_made_mutable
from jax_metrics.tree._unused_result import check_result_used

A = TypeVar("A")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[([^\]]+)\]")


def trees_with_paths(
    value: Any, path: str = "", *, in_field_order: bool = False
) -> Iterator[tuple[str, Any]]:
    """All Trees in a value with their paths, outer ones first.

    Args:
        value: A Tree, or any pytree.
        path: The path of the value itself.
        in_field_order: Whether fields come as they were assigned, not as JAX flattens them.

    Example:
        >>> import jax_metrics as jm
        >>> model = jm.nn.Sequential(jm.Linear(3), jm.Linear(1))
        >>> [path for path, tree in jm.tree.trees_with_paths(model)]
        ['', '.layers[0]', '.layers[1]']
    """

    def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if is_tree(value):
            yield path, value
            fields = value.__dict__
            for name in names_of(value):
                if type(fields[name]) not in leaf_types:
                    yield from walk(fields[name], f"{path}.{name}")
        elif isinstance(value, dict):
            for key, item in items_of(value):
                yield from walk(item, f"{path}[{key!r}]")
        elif _is_namedtuple(value):
            for name, item in value._asdict().items():
                yield from walk(item, f"{path}.{name}")
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from walk(item, f"{path}[{index}]")

    names_of = fields_in_order if in_field_order else _names_as_flattened
    items_of = items_in_order if in_field_order else dict.items
    return walk(value, path)


def _names_as_flattened(tree: Any) -> Sequence[str]:
    return layout_of(tree).names


class At(Generic[A]):
    """The type of `model.at`; `model.at[path]` is one position in a tree.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.nn.Sequential(jm.Linear(2)).init(0, jnp.ones((1, 3)))
        >>> model.at[".layers[0].bias"].get()
        Array([0., 0.], dtype=float32)
        >>> model = model.at[".layers[0].bias"].set(jnp.ones(2))
        >>> model.layers[0].bias
        Array([1., 1.], dtype=float32)
    """

    def __init__(self, obj: A):
        self._obj = obj

    def __getitem__(self, path: str) -> "Position[A]":
        return Position(self._obj, path)


class Position(Generic[A]):
    """One position in a tree, named by a path."""

    def __init__(self, obj: A, path: str):
        self._obj = obj
        self._path = path
        self._steps = path_steps(path)

    def get(self) -> Any:
        """The value at the position.

        Raises:
            KeyError: If the path leads nowhere.
        """
        value: Any = self._obj
        for depth, step in enumerate(self._steps):
            value = self._step(value, step, depth)
        return value

    def set(self, value: Any) -> A:
        """A copy of the tree with another value at the position.

        Raises:
            KeyError: If the path leads nowhere.
        """
        changed = self.apply(lambda _: value)
        check_result_used(self._obj, "set", through=".at[path]")
        return changed

    def apply(self, f: Callable[[Any], Any]) -> A:
        """A copy of the tree with a function applied to the value at the position.

        Raises:
            KeyError: If the path leads nowhere.
        """
        self.get()
        return self._replaced(copy(self._obj), self._steps, f)

    def _replaced(self, value: Any, steps: list[str | int], f: Callable[[Any], Any]) -> Any:
        if not steps:
            return f(value)
        step, *rest = steps
        depth = len(self._steps) - len(steps)
        item = self._replaced(self._step(value, step, depth), rest, f)
        return with_child(value, step, item)

    def _step(self, value: Any, step: str | int, depth: int) -> Any:
        try:
            return child_of(value, step)
        except LookupError:
            pass
        raise KeyError(
            f"There is no {self._path!r} in the {type(self._obj).__name__}: at "
            f"{_beginning(self._path, depth)}, a {type(value).__name__}, there is {_choices(value)}"
        )


def child_of(value: Any, step: str | int) -> Any:
    """The value one step down a path.

    Raises:
        LookupError: If there is none.
    """
    try:
        if is_tree(value):
            return vars(value)[step]
        if _is_namedtuple(value):
            return value._asdict()[step]
        if isinstance(value, dict):
            return value[step]
        if isinstance(value, list | tuple) and isinstance(step, int):
            return value[step]
    except TypeError:
        pass
    raise LookupError(step)


def with_child(value: Any, step: str | int, item: Any) -> Any:
    """The value with another one a step down: itself, changed in place, or a new tuple."""
    if is_tree(value):
        with toplevel_made_mutable(value):
            setattr(value, str(step), item)
    elif _is_namedtuple(value):
        return value._replace(**{str(step): item})
    elif isinstance(value, tuple):
        return tuple(item if i == step else old for i, old in enumerate(value))
    else:
        value[step] = item
    return value


def _dotted(path: str) -> str:
    return path if path[:1] in ("", ".", "[") else f".{path}"


def path_steps(path: str) -> list[str | int]:
    """The names and keys of a path.

    Raises:
        KeyError: If it is not a path.
    """
    return [step for step, _ in _parsed(path)]


def path_parts(path: str) -> list[str]:
    """The steps of a path, each as it is written in one: `.layers` and `[0]`.

    Raises:
        KeyError: If it is not a path.
    """
    return [f".{step}" if is_name else f"[{step!r}]" for step, is_name in _parsed(path)]


@functools.lru_cache(maxsize=1024)
def _parsed(path: str) -> tuple[tuple[str | int, bool], ...]:
    """Each step of a path, and whether it is a name."""
    dotted = _dotted(path)
    steps: list[tuple[str | int, bool]] = []
    end = 0
    for match in _STEP.finditer(dotted):
        if match.start() != end:
            break
        name, key = match.groups()
        try:
            steps.append((name, True) if name else (ast.literal_eval(key), False))
        except (ValueError, SyntaxError):
            break
        end = match.end()
    if end != len(dotted):
        raise KeyError(f"{path!r} is not a path. Paths look like '.layers[0].kernel'.")
    return tuple(steps)


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _choices(value: Any) -> str:
    if is_tree(value):
        names = [name for name in vars(value) if not name.startswith("_")]
        return f"only {', '.join(names)}."
    if _is_namedtuple(value):
        return f"only {', '.join(value._fields)}."
    if isinstance(value, dict):
        return f"only {', '.join(map(repr, value))}."
    if isinstance(value, list | tuple):
        return f"only [0] to [{len(value) - 1}]." if value else "nothing."
    return "nothing further inside."


def _beginning(path: str, steps: int) -> str:
    matches = itertools.islice(_STEP.finditer(_dotted(path)), steps)
    return "".join(match.group() for match in matches) or "the root"
