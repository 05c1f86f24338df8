"""Assignments that work in Python and do not do what they say: misspelt names, counters.

They are looked at where a static or undeclared field is assigned, which makes JAX compile again and
so happens rarely. Assigning a declared node never comes here.
"""

import difflib
import weakref
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES, signature_of
from jax_metrics.tree._layout import NATIVE
from jax_metrics.tree._traces import running_trace, traces_from
from jax_metrics.tree._warn_user import warn_user

_PACKAGE = "jax_metrics."
_SIMILAR = 0.85
_MOST_CHANGES = 3
# By class and field: how many compilations changed it, and the last one.
_changes: "weakref.WeakKeyDictionary[type, dict[str, tuple[int, Any]]]" = (
    weakref.WeakKeyDictionary()
)


def check_static_assignment(tree: Any, layout: Any, name: str, value: Any) -> None:
    """Warns of a name that resembles a setting, and of a number that every call changes.

    Args:
        tree: The object, before the assignment.
        layout: Its layout; None if it has not been flattened since the last change.
        name: The field, which is static or new.
        value: Its new value.
    """
    if layout is not None and name not in layout.template and type(value) not in TREE_TYPES:
        _check_spelling(tree, name)
    elif NATIVE not in tree.__dict__ and type(value) in (int, float):
        _check_counter(tree, name, value)


def _check_spelling(tree: Any, name: str) -> None:
    cls = type(tree)
    if name.startswith("_") or hasattr(cls, name):
        return
    descriptors = {n for n in dir(cls) if hasattr(getattr(cls, n, None), "__set__")}
    settings = sorted(n for n in descriptors | vars(tree).keys() if not n.startswith("_"))
    options = signature_of(cls).parameters if cls.__module__.startswith(_PACKAGE) else {}
    if name in options:
        warn_user(
            f"`{name}` is an option of the constructor of {cls.__name__}, which has used it "
            "already: this assignment makes a new attribute, which nothing reads. Make a new "
            f"{cls.__name__}."
        )
        return
    for near in difflib.get_close_matches(name, {*settings, *options}, 1, _SIMILAR):
        if name.rstrip("0123456789") != near.rstrip("0123456789"):
            known = f"it has `{near}`" if near in settings else f"its constructor takes `{near}`"
            hint = cls._read_only.get(near, f"Did you mean `{near}`?")
            warn_user(
                f"{cls.__name__} has no attribute `{name}`, so this assignment makes a new one, "
                f"which nothing reads; {known}. {hint}"
            )


def _check_counter(tree: Any, name: str, value: Any) -> None:
    """Counts the programs that change a number; each change makes another program necessary."""
    old = tree.__dict__.get(name)
    if type(old) is not type(value) or old == value:
        return
    compiling = [t for t in traces_from(running_trace()) if type(t).__name__.startswith("Dynamic")]
    if not compiling:
        return
    counts = _changes.setdefault(type(tree), {})
    count, last = counts.get(name, (0, None))
    if last is not None and last() is compiling[-1]:
        return
    counts[name] = (count + 1, weakref.ref(compiling[-1]))
    if count + 1 == _MOST_CHANGES:
        cls = type(tree).__name__
        declaration = type(tree)._counter_declaration
        warn_user(
            f"{cls}.{name} is a Python number, a part of the structure, and was now changed inside "
            f"of {_MOST_CHANGES} compiled functions: each change compiles again, with every call. "
            f"Keep it in an array: declare `{name}: jax.Array = {declaration}` in the class body, "
            f"and assign `self.{name} = jnp.asarray({type(old)()!r})` in `__init__`."
        )


def explain_read_only(tree: Any, name: str, error: AttributeError) -> AttributeError:
    """The error for an assignment that Python, or the class, refused."""
    cls = type(tree)
    attribute = getattr(cls, name, None)
    if not isinstance(attribute, property) or attribute.fset is not None:
        return error
    instead = cls._read_only.get(name, "It follows from other fields.")
    return AttributeError(
        f"`{name}` of {cls.__name__} cannot be assigned. {instead} A field of your own needs "
        "another name."
    )
