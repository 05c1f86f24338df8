"""The layers of the library: imports point downward, in no circle, and only to public names.

Imports inside functions and under `TYPE_CHECKING` count too: a lazy import that points upward is
still a dependency.
"""

import ast
import graphlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
PACKAGE = SRC / "jax_metrics"

# What each folder (or root file) of the package may import from the others.
CORE = {"tree", "module", "_other_names"}
SIBLINGS = {"nn", "losses", "regularizers", "metrics", "optim"}
MAY_IMPORT = {
    "_version": set(),
    "_other_names": set(),
    "arguments": {"tree"},
    "tree": set(),
    "module": {"tree"},
    "nn": CORE,
    "losses": CORE | {"arguments"},
    "regularizers": CORE | {"arguments", "losses"},  # a regularizer is a loss
    "metrics": CORE | {"arguments", "losses"},
    "optim": CORE | {"arguments"},
    "checkpoint": CORE | SIBLINGS | {"arguments"},
    "sharding": CORE | SIBLINGS | {"arguments"},
    "training": CORE | SIBLINGS | {"arguments", "checkpoint", "sharding"},
    "models": CORE | SIBLINGS | {"arguments", "checkpoint", "sharding"},
    "testing": CORE | SIBLINGS,
}
# Python 3.14 adds annotationlib, which code may import where it is there.
TREE_NEEDS = {"jax", "numpy", "annotationlib", *sys.stdlib_module_names}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yields line and full name of everything that `source`, a module of `package`, imports.

    `from a.b import c` gives `a.b.c`, whether `c` is a module or not.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = parents[: len(parents) - node.level + 1] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def module_name(path: Path) -> str:
    """Returns the full name of the module in the file at `path`, relative to src."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circle(sources: dict[Path, str]) -> list[str]:
    """Returns the modules of a circle of imports among files, relative to src; [] without one.

    A package is its `__init__.py`. That importing `a.b` also runs `a/__init__.py` does not count.
    """
    names = {module_name(path) for path in sources}
    graph: dict[str, set[str]] = {}
    for path, source in sources.items():
        found = {name for _, name in imports(source, ".".join(path.parent.parts))}
        targets = {name if name in names else name.rpartition(".")[0] for name in found}
        graph[module_name(path)] = targets & names
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def unit_of(name: str) -> str:
    """Returns the folder that a full name such as `jax_metrics.tree._field.node` lies in."""
    return (name.split(".") + [""])[1]


def owner_of(name: str) -> str | None:
    """Returns the package that the first private file or folder in a full name belongs to."""
    parts = name.split(".")
    shared = {"_version", "_other_names"}
    private = (i for i, part in enumerate(parts) if part[:1] == "_" and part not in shared)
    index = next(private, None)
    return None if index is None else ".".join(parts[:index])


def faults(source: str, path: str) -> list[str]:
    """Returns what is wrong with the imports of the file at `path`, relative to src."""
    package = ".".join(Path(path).parts[:-1])
    unit = unit_of(path.removesuffix(".py").replace("/", "."))
    if unit not in MAY_IMPORT:
        return [f"{path}: say in MAY_IMPORT which layer {unit!r} belongs to"]
    found = []
    for line, name in imports(source, package):
        where = f"{path}:{line}: imports {name}"
        if name.startswith("jax._src"):
            found.append(f"{where}, which is private to JAX")
        top, target = name.split(".")[0], unit_of(name)
        if top != "jax_metrics":
            if unit == "tree" and top not in TREE_NEEDS:
                found.append(f"{where}, but tree depends on JAX alone")
        elif target not in MAY_IMPORT:
            found.append(f"{where} from the package root")
        elif (owner := owner_of(name)) and not f"{package}.".startswith(f"{owner}."):
            found.append(f"{where}, which is private to {owner}")
        elif target != unit and target not in MAY_IMPORT[unit]:
            found.append(f"{where}, but {unit} may import {sorted(MAY_IMPORT[unit])} only")
    return found


@pytest.mark.parametrize("path", [str(path.relative_to(SRC)) for path in FILES])
def test_imports_point_downward(path):
    assert faults((SRC / path).read_text(), path) == []


def test_no_circles_of_files():
    assert circle({path.relative_to(SRC): path.read_text() for path in PACKAGE.rglob("*.py")}) == []


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: path.parent.name
)
def test_contributing_says_what_lives_in_each_folder(path):
    folder = path.parent.relative_to(PACKAGE)
    if folder.parts:
        purpose = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        assert f"| `{folder}` | {purpose} |" in (SRC.parent / "CONTRIBUTING.md").read_text()


def test_circles_are_found():
    sources = {
        "jax_metrics/a/__init__.py": "from jax_metrics.a._b import x",
        "jax_metrics/a/_b.py": "from jax_metrics.a import _c",
        "jax_metrics/a/_c.py": "import jax\ndef f():\n    from jax_metrics.d import y",
        "jax_metrics/d.py": "from jax_metrics import a",
        "jax_metrics/e.py": "from jax_metrics.a._b import x",
    }
    by_path = {Path(path): source for path, source in sources.items()}
    assert set(circle(by_path)) == {f"jax_metrics.{name}" for name in ("a", "a._b", "a._c", "d")}
    del by_path[Path("jax_metrics/d.py")]
    assert circle(by_path) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("jax_metrics/tree/_a.py", "import jax_metrics", "from the package root"),
        ("jax_metrics/nn/_a.py", "from jax_metrics import Module", "from the package root"),
        ("jax_metrics/nn/_a.py", "from .. import Module", "from the package root"),
        ("jax_metrics/tree/_a.py", "from ..module import Module", "tree may import [] only"),
        ("jax_metrics/nn/__init__.py", "from ..losses import mse", "nn may import"),
        ("jax_metrics/nn/_b/_a.py", "from ...optim import x", "nn may import"),
        ("jax_metrics/losses/_a.py", "from .. import metrics", "losses may import"),
        ("jax_metrics/nn/_a.py", "def f():\n    import jax_metrics.models.x", ":2: imports"),
        ("jax_metrics/nn/_a.py", "from jax._src import core", "private to JAX"),
        ("jax_metrics/nn/_a.py", "import jax._src.core as core", "private to JAX"),
        (
            "jax_metrics/nn/_a.py",
            "from jax_metrics.tree._x import y",
            "private to jax_metrics.tree",
        ),
        ("jax_metrics/nn/a/_a.py", "from ..b._c import x", "private to jax_metrics.nn.b"),
        ("jax_metrics/nn/_a.py", "from .b import _c", "private to jax_metrics.nn.b"),
        ("jax_metrics/tree/_a.py", "import optax", "depends on JAX alone"),
        ("jax_metrics/misc/_a.py", "", "which layer 'misc' belongs to"),
    ],
)
def test_faults_are_named(path, source, fault):
    (message,) = faults(source, path)
    assert fault in message


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("jax_metrics/tree/_a.py", "import jax, numpy, dataclasses\nfrom . import _b\n"),
        ("jax_metrics/metrics/_a.py", "from ..losses import mse\nfrom ..tree import Tree"),
        ("jax_metrics/nn/_b/_a.py", "from .._c import x\nfrom jax_metrics import tree"),
        ("jax_metrics/models/_a.py", "import flax.linen\nimport jax_metrics.nn as nn"),
    ],
)
def test_good_imports_pass(path, source):
    assert faults(source, path) == []
