"""The arguments of a call: their names, and the paths to them in structures."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from jax_metrics.arguments._options import did_you_mean

Index = str | int | Sequence[str | int]
Path = tuple[str | int, ...]

# Given next to the structures, so `on` does not apply to them.
OUTSIDE_OF_STRUCTURES = ("sample_weight", "mask")


class Reader(Protocol):
    """A loss or a metric: an object that reads the arguments of a call."""

    @property
    def on(self) -> Any:
        """The path to the arguments in structures."""
        ...

    @property
    def signature(self) -> inspect.Signature:
        """The arguments, by the names that callers use."""
        ...


def as_path(index: Index) -> Path:
    """The keys and indices as a tuple; a single one becomes a path of length 1."""
    return (index,) if isinstance(index, str | int) else tuple(index)


def step_into(name: str, value: Any, path: Path) -> Any:
    """The value at a path in a structure.

    Raises:
        KeyError: If the path does not exist.
    """
    for depth, step in enumerate(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            parent = name + "".join(f"[{key!r}]" for key in path[:depth])
            keys = f" with {', '.join(map(repr, value))}" if isinstance(value, Mapping) else ""
            raise KeyError(
                f"There is no {parent}[{step!r}]: {parent} is a {type(value).__name__}{keys}. "
                "Check `on=` and `index_into`."
            ) from error
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A structure with another value at a path that it has; of None, dicts with this path."""
    if not path:
        return new
    step, *rest = path
    if value is None:
        return {step: replaced(None, tuple(rest), new)}
    part = replaced(value[step], tuple(rest), new)
    if isinstance(value, Mapping):
        return {**value, step: part}
    parts = list(value)
    parts[int(step)] = part
    return parts


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Maps the arguments of a call to the parameters of a loss or a metric.

    Attributes:
        names: Pairs of a parameter and the name that callers use for it.
        paths: Pairs of a parameter and the path to follow in its argument.
    """

    names: tuple[tuple[str, str], ...] = ()
    paths: tuple[tuple[str, Path], ...] = ()

    def signature(
        self, parameters: Mapping[str, inspect.Parameter], extra: Iterable[str]
    ) -> inspect.Signature:
        """The signature of a call: keyword-only, with the names that callers use."""
        kind = inspect.Parameter.KEYWORD_ONLY
        more = {
            name: inspect.Parameter(name, kind, default=None, annotation=Any)
            for name in extra
            if name not in parameters
        }
        names = dict(self.names)
        return inspect.Signature(
            [p.replace(name=names.get(n, n), kind=kind) for n, p in {**parameters, **more}.items()]
        )

    def receive(self, reader: Reader, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by parameter, taken out of their structures.

        Raises:
            TypeError: If an argument is missing or unknown.
            KeyError: If a path does not exist.
        """
        expected = reader.signature.parameters
        self._check_known(reader, given, "was called with")
        missing = [
            n
            for n, p in expected.items()
            if p.default is inspect.Parameter.empty and n not in given
        ]
        if missing:
            raise TypeError(
                f"{type(reader).__name__} needs the argument {missing[0]!r}. It takes "
                f"{', '.join(expected)} and got {', '.join(given) or 'nothing'}."
            )
        parameter_of = {outer: name for name, outer in self.names}
        inputs = {parameter_of.get(name, name): value for name, value in given.items()}
        for name, value in inputs.items():
            if value is not None:
                inputs[name] = step_into(name, value, self.path_of(reader, name))
        return inputs

    def path_of(self, reader: Reader, name: str) -> Path:
        """The path to follow in an argument, by the name of its parameter."""
        path = dict(self.paths).get(name, ())
        on = reader.on
        return path if on is None or name in OUTSIDE_OF_STRUCTURES else (*as_path(on), *path)

    def index_into(self, reader: Reader, paths: Mapping[str, Index]) -> "Arguments":
        """A copy with further paths."""
        self._check_known(reader, paths, "cannot index into")
        parameter_of = {outer: name for name, outer in self.names}
        merged = dict(self.paths)
        for name, index in paths.items():
            name = parameter_of.get(name, name)
            merged[name] = (*as_path(index), *merged.get(name, ()))
        return dataclasses.replace(self, paths=tuple(merged.items()))

    def rename(self, reader: Reader, names: Mapping[str, str]) -> "Arguments":
        """A copy with other names for callers to use."""
        self._check_known(reader, names, "cannot rename")
        renamed = [names.get(name, name) for name in reader.signature.parameters]
        duplicates = [name for name in renamed if renamed.count(name) > 1]
        if duplicates:
            raise ValueError(
                f"Two arguments of {type(reader).__name__} would both be called {duplicates[0]!r}: "
                f"{', '.join(renamed)}. Give them different names."
            )
        parameter_of = {outer: name for name, outer in self.names}
        merged = dict(self.names) | {
            parameter_of.get(name, name): new for name, new in names.items()
        }
        return dataclasses.replace(self, names=tuple((n, o) for n, o in merged.items() if n != o))

    def _check_known(self, reader: Reader, names: Iterable[str], verb: str) -> None:
        expected = reader.signature.parameters
        for name in names:
            if name not in expected:
                advice = "Use `rename_arguments(...)` to give its arguments other names."
                if name in OUTSIDE_OF_STRUCTURES:
                    advice = f"To use it, give the class a parameter `{name}`."
                if not expected:
                    raise TypeError(
                        f"{type(reader).__name__} {verb} {name!r}, but it takes no arguments: its "
                        "`update` is not defined, or has no parameters. Write `def update(self, "
                        "target, preds)`."
                    )
                raise TypeError(
                    f"{type(reader).__name__} {verb} {name!r}, but it takes {', '.join(expected)}."
                    f"{did_you_mean(name, expected)} {advice}"
                )
