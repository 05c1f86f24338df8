"""The value of the logs that a callback follows: whether it can come, and whether it came."""

from collections.abc import Mapping

from jax_metrics.training.callbacks._run import Run


def check_validates(follower: str, name: str, run: Run) -> None:
    """Checks that a value of the validation can come.

    Args:
        follower: What follows it, for errors.
        name: The name of the value.
        run: The run that begins.

    Raises:
        ValueError: If it is of a validation, and there is none.
    """
    if name.startswith("val/") and not run.validates:
        raise ValueError(
            f"{follower} waits for {name!r}, but there is no validation. "
            f"Pass `validation=` to `fit`, or follow {name.removeprefix('val/')!r}."
        )


def followed(follower: str, name: str, values: Mapping[str, float]) -> float | None:
    """The value in a row of the logs; None if it is of a validation, and the row is of none.

    Args:
        follower: What follows it, for errors.
        name: The name of the value.
        values: The row.

    Raises:
        ValueError: If such a row has no value of that name.
    """
    of_validation = name.startswith("val/")
    if name not in values and (not of_validation or any(n.startswith("val/") for n in values)):
        raise ValueError(
            f"{follower} waits for {name!r}, which the logs do not have; they have "
            f"{', '.join(map(repr, values))}."
        )
    return values.get(name)
