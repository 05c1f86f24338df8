"""`lacks_validation`: whether a run that continues must begin with a validation."""

from jax_metrics.training.callbacks import Run


def lacks_validation(run: Run, validate_every: int | None) -> bool:
    """Whether a restored run was stopped in the validation after its latest steps.

    Then the row of these steps has not ended; `epoch_ended` of the run is set for its end.

    Args:
        run: The run, after `on_start` of the callbacks.
        validate_every: As for `fit`.
    """
    logged = run.history.rows[-1]["step"] if len(run.history) else 0
    if not run.restored or run.step == logged:  # each validation ends a row
        return False
    run.epoch_ended = not run.data.begun
    if validate_every is None:
        return run.epoch_ended or run.finished
    return run.step // validate_every > logged // validate_every or run.finished
