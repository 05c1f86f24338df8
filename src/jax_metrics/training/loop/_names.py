"""The names of the values of a row: what each can be, and that no two values have the same."""

from collections.abc import Iterable, Mapping
from typing import Any

from jax_metrics.training.logs import check_name


def joined(**sources: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all sources by name.

    Args:
        **sources: The values by name; for errors, the keyword says what they are, as in `a_metric`.

    Raises:
        ValueError: If two of them have the same name, of which the logs would lose one.
    """
    values: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    for kind, source in sources.items():
        if taken := sorted(values.keys() & source.keys()):
            name = taken[0]
            was, now = (text.replace("_", " ") for text in (kinds[name], kind))
            raise ValueError(
                f"{now.capitalize()} is called {name!r} in the logs, as {was} is. Rename one of "
                f"them: {_renaming(f'my_{name}')}"
            )
        values |= source
        kinds |= dict.fromkeys(source, kind)
    return values


def check_names(names: Iterable[str]) -> None:
    """Checks that a row of the logs can have the names.

    Raises:
        ValueError: If one is empty, is not printable, or is that of the column of steps.
    """
    for name in names:
        try:
            check_name(name)
        except ValueError as error:
            raise ValueError(f"{error} Rename it: {_renaming('my_metric')}") from None


def _renaming(name: str) -> str:
    return (
        f"a metric as in `jm.metrics.Metrics({{{name!r}: metric}})`, a field that a module logs in "
        "its class, a model by its key."
    )
