"""`joined`: the values of a row from several sources, each under a name of its own."""

from collections.abc import Mapping
from typing import Any


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
                f"them: a metric as in `jm.metrics.Metrics({{'my_{name}': metric}})`, a field that "
                "a module logs in its class, a model by its key."
            )
        values |= source
        kinds |= dict.fromkeys(source, kind)
    return values
