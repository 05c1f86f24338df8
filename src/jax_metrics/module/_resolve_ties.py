"""Ties while a model runs: a twin of the model, in which the tied positions have their values.

Only the objects on the way to a tied position have twins; all others are those of the model itself.
What the call assigns to a twin is handed on to the original at the end.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from jax_metrics.tree import (
    Tie,
    TieError,
    child_of,
    forget_layout,
    is_tree,
    path_parts,
    path_steps,
    public_fields,
    twin,
    with_child,
)

# An optional static field: the ties of a model, with paths that begin at it.
TIES = "_ties"
# A module with this method stands in front of the layer in its field `layer`, and changes its
# values: paths that led into the layer go on to do so, and the method returns the changed layer.
ADAPTED = "_adapted"
# A module with this flag holds one layer with the values of many, along an axis in front. A tie of
# such a layer is about each of them.
STACKED = "_stacked"
Steps = Sequence[str | int]


def ties_of(tree: Any) -> tuple[Tie, ...]:
    """The ties whose paths begin at a Tree."""
    return vars(tree).get(TIES, ())


def value_at(root: Any, steps: Steps) -> Any:
    """The value at the end of a path, which may lead through tied positions.

    Raises:
        LookupError: If it leads nowhere.
        TieError: If a position on the way is tied by a model that is not among those passed.
    """
    passed = [root]
    for step in steps:
        value = passed[-1]
        try:
            value = child_of(value, step)
        except LookupError:
            if not hasattr(type(value), ADAPTED):
                raise
            value = child_of(value._adapted(), step)
        passed.append(_followed(value, passed) if type(value) is Tie else value)
    return passed[-1]


def _followed(tie: Tie, passed: list[Any]) -> Any:
    for index in reversed(range(len(passed))):
        tree = passed[index]
        if is_tree(tree) and tie in ties_of(tree):
            source = value_at(tree, path_steps(tie.source))
            return tie.value(source, sum(map(is_stacked, passed[:index])))
    raise tie.apart()


def is_stacked(value: Any) -> bool:
    """Whether the value is a module with the values of many layers in one."""
    return is_tree(value) and getattr(value, STACKED, False)


def stored_at(root: Any, steps: Steps) -> Any:
    """What is stored at a path itself: the `Tie`, if the position is tied."""
    for step, rest in zip(steps, range(len(steps) - 1, -1, -1), strict=True):
        try:
            root = child_of(root, step)
        except LookupError:
            if not hasattr(type(root), ADAPTED):
                raise
            root = child_of(root.layer, step)
        if type(root) is Tie and rest:
            raise LookupError(step)
    return root


def is_in_place(owner: Any, tie: Tie) -> bool:
    """Whether the target holds the tie, not a value."""
    try:
        stored = stored_at(owner, path_steps(tie.target))
    except LookupError:
        return False
    return type(stored) is Tie and stored == tie


def overlap(path: str, other: str) -> bool:
    """Whether two paths lead to the same position, or one into the other's."""
    parts, others = path_parts(path), path_parts(other)
    common = min(len(parts), len(others))
    return parts[:common] == others[:common]


@contextlib.contextmanager
def resolved(owner: Any, *, initializing: bool) -> Iterator[Any]:
    """Gives the block a twin of a model in which the tied positions have their values.

    Args:
        owner: The model.
        initializing: Whether `init` runs, which ties positions that it makes values for at its end.

    Raises:
        TieError: If a position that was tied has a value of its own, or the block assigns one.
    """
    ties = ties_of(owner)
    in_place = [tie for tie in ties if is_in_place(owner, tie)]
    if len(in_place) < len(ties) and not initializing:
        raise _not_in_place(owner, next(tie for tie in ties if tie not in in_place))
    filling = _Filling(owner, in_place)
    yield filling.root
    filling.hand_on()


def with_values(owner: Any, ties: Sequence[Tie], stacked: int) -> Any:
    """A twin of a model in which some tied positions have their values.

    Args:
        owner: The model.
        ties: Its ties of those positions.
        stacked: How many axes its values have in front, being a layer of stacks.
    """
    return _Filling(owner, ties, stacked).root


def _not_in_place(owner: Any, tie: Tie) -> TieError:
    cls = type(owner).__name__
    try:
        stored_at(owner, path_steps(tie.target))
    except LookupError:
        if owner.initialized:
            return TieError(
                f"{tie.target} of the {cls} is tied to {tie.source}, but there is no {tie.target} "
                f"any more. End the tie, `model = jm.untie(model, {tie.target!r})`, and tie what "
                "took its place."
            )
    if not owner.initialized:
        return TieError(
            f"{tie.target} of the {cls} is to be tied to {tie.source} when `init` has made their "
            "values. Call `model = model.init(key, inputs)` on the outermost module first."
        )
    return TieError(
        f"{tie.target} of the {cls} is tied to {tie.source}, but was given a value of its own. "
        f"Set {tie.source} instead; or end the tie, `model = jm.untie(model, {tie.target!r})`."
    )


class _Filling:
    """Makes the twins, and hands on what was assigned to them."""

    def __init__(self, owner: Any, ties: Sequence[Tie], stacked: int = 0):
        self.stacked = stacked
        self.originals: dict[int, Any] = {}  # by the id of the twin
        self.twins: list[Any] = []
        self.ties = ties
        self.filled: set[str] = set()
        self.root = self._twin(owner)
        for tie in ties:
            self._fill(tie)
        vars(self.root).pop(TIES, None)
        forget_layout(self.root)
        self.before = [_contents(twin) for twin in self.twins]

    def _fill(self, tie: Tie) -> None:
        if tie.target in self.filled:
            return
        self.filled.add(tie.target)
        for other in self.ties:
            if overlap(other.target, tie.source):
                self._fill(other)
        try:
            source = value_at(self.root, path_steps(tie.source))
        except LookupError:
            raise TieError(
                f"{tie.target} of the {type(self.root).__name__} is tied to {tie.source}, but "
                f"there is no {tie.source} any more. End a tie before you replace its source: "
                f"`model = jm.untie(model, {tie.target!r})`."
            ) from None
        value = tie.value(source, self.stacked)
        self._put(self.root, path_steps(tie.target), value)

    def _put(self, value: Any, steps: Steps, new: Any) -> Any:
        if not steps:
            return new
        step, *rest = steps
        value = self._twin(value)
        try:
            inner = child_of(value, step)
        except LookupError:  # the path leads into the layer that this one adapts
            step, inner, rest = "layer", value.layer, [*steps]
        return with_child(value, step, self._put(inner, rest, new))

    def _twin(self, value: Any) -> Any:
        if id(value) in self.originals or isinstance(value, tuple):
            return value
        made = twin(value) if is_tree(value) else value.copy()
        self.originals[id(made)] = value
        self.twins.append(made)
        return made

    def hand_on(self) -> None:
        """Assigns to the originals what was assigned to their twins."""
        for made, before in zip(self.twins, self.before, strict=True):
            original = self.originals[id(made)]
            after = _contents(made)
            changed = [
                key
                for key in before.keys() | after.keys()
                if key not in after or key not in before or after[key] is not before[key]
            ]
            if changed and isinstance(original, list):
                original[:] = self._handed_on(original, before, made)
            else:
                for key in changed:
                    self._assign(original, key, after)

    def _handed_on(self, original: list[Any], before: dict[int, Any], made: list[Any]) -> list[Any]:
        """The items of a list that was changed; the old ones as they are in the original."""
        places = {id(item): index for index, item in reversed(before.items())}
        return [
            original[places[id(item)]] if id(item) in places else self._original(item)
            for item in made
        ]

    def _assign(self, original: Any, key: Any, after: dict[Any, Any]) -> None:
        old = _contents(original).get(key)
        if type(old) is Tie:
            raise TieError(
                f"A call of the {old.owner} assigned to {old.target}, which is tied to "
                f"{old.source} and can only be read. Assign to {old.source}; or, for layers with "
                "state, tie the whole layers, which then share it."
            )
        if key not in after:
            if is_tree(original):
                delattr(original, key)
            else:
                del original[key]
        else:
            with_child(original, key, self._original(after[key]))

    def _original(self, value: Any) -> Any:
        """The value with originals for twins."""
        if id(value) in self.originals:
            return self.originals[id(value)]
        if type(value) in (list, tuple):
            return type(value)(map(self._original, value))
        if type(value) is dict:
            return {key: self._original(item) for key, item in value.items()}
        return value


def _contents(value: Any) -> dict[Any, Any]:
    if is_tree(value):
        return public_fields(value)
    return dict(value) if isinstance(value, dict) else dict(enumerate(value))
