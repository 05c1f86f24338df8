"""Names that are written with and without the name of the body before them."""

from typing import Any

from jax_metrics.models.weights._one_way import OneWay


def with_prefix(prefix: str, *parts: str) -> OneWay:
    """A rule that puts a prefix before the names that begin with one of these parts.

    Files of a body alone, such as `BertModel`, lack the prefix that files of a model with a head
    have.

    Args:
        prefix: What to put before them, such as `"bert"`.
        *parts: The first parts of the names in the body, such as `"encoder"`.
    """

    def rule(state: dict[str, Any]) -> dict[str, Any]:
        return {
            f"{prefix}.{name}" if name.split(".")[0] in parts else name: value
            for name, value in state.items()
        }

    return OneWay(rule)


def without_prefix(prefix: str) -> OneWay:
    """A rule that takes a prefix off the names that have it.

    Args:
        prefix: As in `with_prefix`.
    """
    return OneWay(
        lambda state: {name.removeprefix(f"{prefix}."): value for name, value in state.items()}
    )
