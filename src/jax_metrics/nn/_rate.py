"""The check of dropout rates."""


def check_rate(rate: float, name: str = "rate") -> None:
    """Raises unless a number is a probability.

    Args:
        rate: The number.
        name: The argument's name.

    Raises:
        ValueError: If it is below 0 or above 1, or NaN.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"`{name}` is a probability, from 0 to 1; got {rate}.")
