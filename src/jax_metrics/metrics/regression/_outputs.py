"""Checks of arrays with several outputs along the last axis."""

from jax_metrics.arguments import positive


def outputs_shape(num_outputs: int | None) -> tuple[int, ...]:
    """The shape of a value for each output; empty without `num_outputs`.

    Raises:
        ValueError: If `num_outputs` is not greater than 0.
    """
    if num_outputs is None:
        return ()
    positive(num_outputs=num_outputs)
    return (num_outputs,)


def ends_with_outputs(shape: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """Checks that an array has the outputs along its last axis.

    Raises:
        ValueError: If it does not.
    """
    if outputs and shape[-1:] != outputs:
        raise ValueError(
            f"target and preds of shape {list(shape)} do not have num_outputs={outputs[0]} along "
            "the last axis."
        )


def rows_of_outputs(shape: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    """Checks that an array is `[batch]`, or `[..., *outputs]` if there are several outputs.

    Raises:
        ValueError: If it is not.
    """
    ends_with_outputs(shape, outputs)
    if not outputs and len(shape) != 1:
        raise ValueError(
            f"target and preds must be [batch], but their shape is {list(shape)}. Give "
            "`num_outputs` if outputs lie along the last axis; write `.reshape(-1)` to treat all "
            "elements as one output."
        )
