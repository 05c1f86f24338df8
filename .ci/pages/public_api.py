"""The public names of the library, as `dir` shows them, with the arguments that they take."""

import enum
import inspect
import types
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax_metrics as jm

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "api" / "public_api.txt"
# The subclasses of these have the same methods, which do not say more.
FAMILIES = (jm.Metric, jm.Loss, jm.Module)
PLAIN = (bool, int, float, str, type(None))


class Name(NamedTuple):
    """A public object and the places where it is found, the shortest first.

    Attributes:
        value: The object.
        places: Names such as `jm.nn.Linear`.
    """

    value: Any
    places: tuple[str, ...]

    @property
    def short(self) -> str:
        """The name to use: in the root, if it is there."""
        return self.places[0]

    @property
    def last(self) -> str:
        """The name without the package."""
        return self.short.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The module that defines it, `jax.nn` for what comes from there."""
        found = getattr(self.value, "__module__", None)
        return found if isinstance(found, str) else type(self.value).__module__

    @property
    def is_ours(self) -> bool:
        """Whether this library defines it, rather than handing it on from JAX."""
        return self.module.startswith("jax_metrics") or isinstance(self.value, types.UnionType)

    @property
    def doc(self) -> str:
        """Its own docstring; that of a base class or of its type says nothing about it."""
        if isinstance(self.value, type):
            return inspect.cleandoc(vars(self.value).get("__doc__") or "")
        if isinstance(self.value, str | types.UnionType) or not hasattr(self.value, "__module__"):
            return ""
        return inspect.getdoc(self.value) or ""

    @property
    def path(self) -> str:
        """The full name in the package `jax_metrics` that documents it best."""
        inner = max(self.places, key=lambda place: place.count("."))
        return f"jax_metrics{inner.removeprefix('jm')}"


def packages(module: types.ModuleType = jm, name: str = "jm") -> Iterator[tuple[str, Any]]:
    """The public packages by name, as `dir` shows them one in the other."""
    yield name, module
    for part in dir(module):
        value = getattr(module, part)
        # `jm.initializers` is the same as `jm.nn.initializers`.
        inside = isinstance(value, types.ModuleType) and value.__name__.startswith("jax_metrics.")
        if inside and part != "initializers" and not part.startswith("_"):
            yield from packages(value, f"{name}.{part}")
    if module is jm:
        yield "jm.initializers", jm.initializers


@cache
def names() -> tuple[Name, ...]:
    """The public objects, each once, in the order of their names."""
    found: dict[Any, tuple[Any, list[str]]] = {}
    for package, module in packages():
        for part in dir(module):
            value = getattr(module, part)
            if not isinstance(value, types.ModuleType) and part != "__version__":
                place = f"{package}.{part}"
                # Two constants may be one object; two names of one function are one entry.
                key = place if isinstance(value, PLAIN) else id(value)
                found.setdefault(key, (value, []))[1].append(place)
    order = sorted(found.values(), key=lambda pair: pair[1][0].lower())
    return tuple(
        Name(value, tuple(sorted(places, key=lambda place: (place.count("."), place))))
        for value, places in order
    )


def default(value: Any) -> str:
    """A default as text that is the same in all versions of Python and JAX."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    simple = isinstance(value, PLAIN) or (isinstance(value, tuple) and value == ())
    return repr(value) if simple else "..."


def signature(function: Any) -> str | None:
    """The names and defaults of the arguments, without types, which versions print otherwise."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    plain = []
    for parameter in parameters:
        value = inspect.Parameter.empty
        if parameter.default is not inspect.Parameter.empty:
            value = Text(default(parameter.default))
        plain.append(parameter.replace(annotation=inspect.Parameter.empty, default=value))
    return str(inspect.Signature(plain))


class Text(str):
    """Text whose repr has no quotes."""

    def __repr__(self) -> str:
        """The text."""
        return str(self)


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class defines or takes from a private base."""
    inherited = {
        name for base in FAMILIES if cls is not base and issubclass(cls, base) for name in dir(base)
    }
    for name in sorted(vars(cls)):
        if not name.startswith("_") and name not in inherited:
            value = inspect.getattr_static(cls, name)
            if isinstance(value, property) or callable(getattr(cls, name, None)):
                yield name, value


def lines() -> Iterator[str]:
    """The lines of the file: one for each name, and for each method of a class."""
    for name in names():
        first, *others = name.places
        if not name.is_ours:
            yield f"{first} from {name.module.split('.')[0]}"
        elif isinstance(name.value, enum.EnumMeta):
            yield f"{first} has {', '.join(name.value.__members__)}"
        elif isinstance(name.value, type) and issubclass(name.value, BaseException):
            yield f"{first} ({', '.join(base.__name__ for base in name.value.__bases__)})"
        elif callable(name.value) and not isinstance(name.value, types.UnionType):
            yield f"{first}{signature(name.value) or '(...)'}"
        else:
            yield first
        yield from (f"{other} is {first}" for other in others)
        if isinstance(name.value, type) and name.is_ours:
            for method, value in methods(name.value):
                arguments = (
                    "" if isinstance(value, property) else signature(getattr(name.value, method))
                )
                yield f"{first}.{method}{arguments or ''}"


def text() -> str:
    """The contents of the file."""
    return "\n".join(sorted(lines(), key=lambda line: (line.lower(), line))) + "\n"
