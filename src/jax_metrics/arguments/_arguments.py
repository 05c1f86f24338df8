"""Which arguments a call takes, by which names, and where in structures they are."""

import dataclasses
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Index = str | int | Sequence[str | int]
Path = tuple[str | int, ...]

# These lie beside the structures that `on` looks into.
BESIDE = ("sample_weight", "mask")


class Reader(Protocol):
    """What has arguments to read: a loss, a metric."""

    @property
    def on(self) -> Any:
        """Where in structures to find the arguments."""
        ...

    @property
    def signature(self) -> inspect.Signature:
        """The arguments, under the names that callers use."""
        ...


def as_path(index: Index) -> Path:
    """The keys and indices as a tuple; a single one stands for a path of one."""
    return (index,) if isinstance(index, str | int) else tuple(index)


def step_into(name: str, value: Any, path: Path) -> Any:
    """What stands in a structure at a path.

    Raises:
        KeyError: If nothing does.
    """
    for done, step in enumerate(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            place = name + "".join(f"[{key!r}]" for key in path[:done])
            keys = f" with {', '.join(map(repr, value))}" if isinstance(value, Mapping) else ""
            raise KeyError(
                f"There is no {place}[{step!r}]: {place} is a {type(value).__name__}{keys}. Check "
                "`on=` and `index_into`."
            ) from error
    return value


@dataclasses.dataclass(frozen=True)
class Arguments:
    """How the arguments of a call become those of a loss or a metric.

    Attributes:
        names: Pairs of the own name of an argument and the one that callers use.
        paths: Pairs of the own name of an argument and where in it to look.
    """

    names: tuple[tuple[str, str], ...] = ()
    paths: tuple[tuple[str, Path], ...] = ()

    def signature(
        self, own: Mapping[str, inspect.Parameter], extra: Iterable[str]
    ) -> inspect.Signature:
        """The signature of a call: keywords only, under the names that callers use."""
        defaults = {name: parameter.default for name, parameter in own.items()}
        defaults |= dict.fromkeys(extra)
        names = dict(self.names)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature(
            [inspect.Parameter(names.get(n, n), kind, default=d) for n, d in defaults.items()]
        )

    def receive(self, reader: Reader, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments under the own names, taken out of their structures.

        Raises:
            TypeError: If one is missing, or there is no such argument.
            KeyError: If a structure lacks the place to look at.
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
        own = {outer: name for name, outer in self.names}
        inputs = {own.get(name, name): value for name, value in given.items()}
        paths = dict(self.paths)
        for name, value in inputs.items():
            path = paths.get(name, ())
            if reader.on is not None and name not in BESIDE:
                path = (*as_path(reader.on), *path)
            if value is not None:
                inputs[name] = step_into(name, value, path)
        return inputs

    def index_into(self, reader: Reader, paths: Mapping[str, Index]) -> "Arguments":
        """These, with further places to look at."""
        self._check_known(reader, paths, "cannot index into")
        own = {outer: name for name, outer in self.names}
        merged = dict(self.paths)
        for name, index in paths.items():
            name = own.get(name, name)
            merged[name] = (*as_path(index), *merged.get(name, ()))
        return dataclasses.replace(self, paths=tuple(merged.items()))

    def rename(self, reader: Reader, names: Mapping[str, str]) -> "Arguments":
        """These, with other names for callers to use."""
        self._check_known(reader, names, "cannot rename")
        taken = [names.get(name, name) for name in reader.signature.parameters]
        twice = [name for name in taken if taken.count(name) > 1]
        if twice:
            raise ValueError(
                f"Two arguments of {type(reader).__name__} would both be called {twice[0]!r}: "
                f"{', '.join(taken)}. Give each a name of its own."
            )
        own = {outer: name for name, outer in self.names}
        merged = dict(self.names) | {own.get(name, name): new for name, new in names.items()}
        return dataclasses.replace(self, names=tuple((n, o) for n, o in merged.items() if n != o))

    def _check_known(self, reader: Reader, names: Iterable[str], what: str) -> None:
        expected = reader.signature.parameters
        for name in names:
            if name not in expected:
                raise TypeError(
                    f"{type(reader).__name__} {what} {name!r}, but it takes {', '.join(expected)}. "
                    "`rename_arguments(...)` makes it take other names."
                )
