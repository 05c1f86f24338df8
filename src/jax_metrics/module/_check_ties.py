"""Whether two positions of a model can be tied."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import jax

from jax_metrics.module._inputs import Initializer
from jax_metrics.module._resolve_ties import ADAPTED, overlap, stored_at, ties_of, value_at
from jax_metrics.tree import (
    At,
    FieldMetadata,
    Nothing,
    Tie,
    TieError,
    class_info,
    has_compact_method,
    is_tree,
    path_parts,
    path_steps,
    trees_with_paths,
)

_NO_VALUE = object()


def normalized(path: Any) -> str:
    """The path in the form that ties keep: `.layers[0].kernel` for `layers[0].kernel`.

    Raises:
        TieError: If it is not a path.
    """
    try:
        parts = path_parts(path) if isinstance(path, str) else []
    except KeyError as error:
        raise TieError(error.args[0]) from error
    if not parts:
        raise TieError(
            "A tie takes the paths of two positions in a model, as in `jm.tie(model, "
            f"'.embed.embedding', '.head.kernel')`; got {path!r}."
        )
    return "".join(parts)


def check_tie(owner: Any, tie: Tie, *, final: bool = False) -> bool:
    """Whether both positions have values, so that they can be tied now; otherwise `init` does it.

    Args:
        owner: The model.
        tie: The tie.
        final: Whether there must be values.

    Raises:
        TieError: If they cannot be tied.
    """
    cls = type(owner).__name__
    if not is_tree(owner) or not hasattr(owner, "initialized"):
        raise TieError(f"`jm.tie` ties two positions of a Module; got a {cls}.")
    if overlap(tie.source, tie.target):
        same = tie.source == tie.target
        raise TieError(
            f"{tie.source} and {tie.target} of the {cls} are the same position. Tie two of them."
            if same
            else f"{tie.source} and {tie.target} of the {cls} are parts of one another. Tie two "
            "positions, neither of which is inside of the other."
        )
    _check_other_ties(owner, tie)
    source = _Position(owner, tie.source, final)
    target = _Position(owner, tie.target, final)
    _check_ties_inside(owner, tie, source, target)
    for position in (source, target):
        position.check_value(cls)
    _check_kinds(cls, source, target)
    if tie.transform is None and is_tree(source.value) and is_tree(target.value):
        _check_classes(cls, source, target)
    if not (source.has_value and target.has_value):
        return False
    _check_fit(cls, tie, source, target)
    return True


class _Position:
    """One position of a tie.

    Attributes:
        path: Its path.
        metadata: The declaration of the field that it is in.
        stored: What is stored there: the `Tie`, if it is tied.
        value: The value, if there is one.
        has_value: Whether it is there yet; if not, `init` makes it.

    Raises:
        TieError: If there is no such position.
    """

    def __init__(self, owner: Any, path: str, final: bool):
        self.path = path
        self.stored = self.value = _NO_VALUE
        tree, field = _field_at(owner, path)
        known = {**class_info(type(tree)).metadata, **tree.field_metadata}
        self.metadata: FieldMetadata | None = known.get(field)
        by_init = not final and not getattr(tree, "initialized", True)
        with contextlib.suppress(LookupError):  # as on the way through another tied position
            self.stored = stored_at(owner, path_steps(path))
        try:
            self.value = value_at(owner, path_steps(path))
        except LookupError:
            if not by_init or not (self.metadata or has_compact_method(type(tree))):
                raise TieError(_nothing_at(owner, path)) from None
        if isinstance(self.value, Initializer):
            self.value = _NO_VALUE
        if self.value is None and by_init:
            self.value = _NO_VALUE
        self.has_value = self.value is not _NO_VALUE and (final or not _waits_for_init(self.value))

    def check_value(self, cls: str) -> None:
        """Raises if what is there cannot be tied."""
        if not self.has_value:
            return
        if type(self.stored) is not Tie and not (self.metadata and self.metadata.node):
            raise TieError(
                f"{self.path} of the {cls} is static, a part of the structure. Tie arrays or "
                "layers."
            )
        leaves = jax.tree.leaves(self.value)
        if not leaves or not all(_is_array(leaf) for leaf in leaves):
            raise TieError(
                f"{self.path} of the {cls} is {_described(self.value)}, which has no arrays. Tie "
                "arrays or layers."
            )


def _field_at(owner: Any, path: str) -> tuple[Any, str]:
    """The innermost Tree around a position, and the name of its field."""
    steps = path_steps(path)
    found, field = owner, str(steps[0])
    for index, step in enumerate(steps):
        try:
            value = value_at(owner, steps[:index])
        except LookupError:
            break
        if is_tree(value):
            adapted = hasattr(type(value), ADAPTED) and step not in vars(value)
            found, field = (value.layer if adapted else value), str(step)
    return found, field


def _nothing_at(owner: Any, path: str) -> str:
    try:
        At(owner)[path].get()
    except KeyError as error:
        return error.args[0]
    return f"There is no {path!r} in the {type(owner).__name__}."


def _waits_for_init(value: Any) -> bool:
    return any(not getattr(tree, "initialized", True) for _, tree in trees_with_paths(value))


def _check_other_ties(owner: Any, tie: Tie) -> None:
    """Raises if a tie crosses another one of the model."""
    cls = type(owner).__name__
    others = [other for other in ties_of(owner) if other.target != tie.target]
    for other in others:
        if overlap(other.target, tie.target):
            raise TieError(
                f"{tie.target} of the {cls} overlaps with {other.target}, which is {other!r}. End "
                f"that tie first: `model = jm.untie(model, {other.target!r})`."
            )
    origin = _origin(tie.source, others)
    if overlap(origin, tie.target):
        raise TieError(
            f"{tie.source} of the {cls} has its value from {origin}, so tying it to {tie.target} "
            "would leave both without one. Tie all of them to one position."
        )


def _check_ties_inside(owner: Any, tie: Tie, source: "_Position", target: "_Position") -> None:
    """Raises if a position is tied already, or holds one that another model has tied."""
    cls = type(owner).__name__
    if type(target.stored) is Tie and target.stored != tie:
        raise TieError(
            f"{tie.target} of the {cls} is already {target.stored!r} of the {target.stored.owner}. "
            "End that tie first, with `jm.untie`."
        )
    if target.stored is _NO_VALUE and target.value is not _NO_VALUE:
        raise TieError(
            f"{tie.target} of the {cls} is inside of a position that is tied already. End that tie "
            "first, with `jm.untie`."
        )
    for position in (source, target):
        loose = [other for other in _loose_ties(position.value) if other not in ties_of(owner)]
        if loose and type(position.stored) is not Tie:
            raise TieError(
                f"{position.path} of the {cls} holds a position that is {loose[0]!r} of the "
                f"{loose[0].owner} around it, and would be lost. Tie the arrays one by one, or end "
                "that tie first, with `jm.untie`."
            )


def _origin(path: str, ties: Sequence[Tie]) -> str:
    """The path where the value of a position is stored in the end."""
    parts = path_parts(path)
    for tie in ties:
        target = path_parts(tie.target)
        if parts[: len(target)] == target:
            return _origin(tie.source + "".join(parts[len(target) :]), ties)
    return path


def _loose_ties(value: Any) -> Iterator[Tie]:
    """The ties in a value whose owners are not in it."""
    trees = [tree for _, tree in trees_with_paths(value)]
    own = [tie for tree in trees for tie in ties_of(tree)]
    found = jax.tree.leaves(value, is_leaf=lambda item: type(item) is Tie)
    for item in (*found, *(item for tree in trees for item in vars(tree).values())):
        if type(item) is Tie and item not in own:
            yield item


def _check_kinds(cls: str, source: _Position, target: _Position) -> None:
    for position in (source, target):
        if position.metadata is None or is_tree(position.value):
            return
    kinds = [p.metadata.kind.__name__ for p in (source, target) if p.metadata]
    if kinds[0] != kinds[1]:
        names = ["no kind" if kind == "NoneType" else f"the kind {kind}" for kind in kinds]
        raise TieError(
            f"{source.path} of the {cls} has {names[0]}, but {target.path} has {names[1]}. Tie "
            "positions of one kind: what an optimizer changes in one it would change in the other."
        )


def _check_classes(cls: str, source: _Position, target: _Position) -> None:
    one, other = source.value, target.value
    if type(one) is not type(other):
        raise TieError(
            f"{source.path} of the {cls} is a {type(one).__name__}, but {target.path} is a "
            f"{type(other).__name__}. Tie layers of one class, or arrays in them."
        )


def _check_fit(cls: str, tie: Tie, source: _Position, target: _Position) -> None:
    """Raises if the value of the source, transformed, differs in structure from the target's."""
    made = source.value
    by = ""
    if tie.transform is not None:
        by = f", transformed by {getattr(tie.transform, '__name__', tie.transform)},"
        try:
            made = jax.eval_shape(tie.transform, source.value)
        except Exception as error:
            raise TieError(
                f"The transform of the tie from {tie.source} to {tie.target} failed for "
                f"{_described(source.value)}: {type(error).__name__}: {error}"
            ) from error
    gives, takes = _described(made), _described(target.value)
    if gives != takes:
        raise TieError(
            f"{tie.source} of the {cls}{by} is {gives}, but {tie.target} is {takes}. Two "
            "positions that are tied must agree; a `transform` maps the first to the second."
            f"{_hint(tie, made, target.value)}"
        )
    if jax.tree.structure(made) != jax.tree.structure(target.value):
        raise TieError(
            f"{tie.source} and {tie.target} of the {cls}, {gives}, differ in their settings or in "
            f"their modes. Make them equal, as {tie.target} would be lost:\n{made}\n{target.value}"
        )


def _hint(tie: Tie, made: Any, wanted: Any) -> str:
    """The transform that two arrays lack, if it is a usual one."""
    if tie.transform is not None or not (_is_array(made) and _is_array(wanted)):
        return ""
    if made.shape == wanted.shape:
        return f" Define one that casts, as in `x.astype({str(wanted.dtype)!r})`."
    return " Pass `transform=jnp.transpose`." if made.shape == wanted.shape[::-1] else ""


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _described(value: Any) -> str:
    """An array by dtype and shape; a layer, or a container, by its class and its arrays."""
    if _is_array(value):
        return f"{value.dtype}{list(value.shape)}"
    if value is None or type(value) is Nothing:
        return str(value)
    arrays = [
        f"{jax.tree_util.keystr(path)}: {_described(leaf) if _is_array(leaf) else repr(leaf)}"
        for path, leaf in jax.tree_util.tree_leaves_with_path(value)
    ]
    return f"a {type(value).__name__}" + (f" with {', '.join(arrays)}" if arrays else "")
