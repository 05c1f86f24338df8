"""What a run takes from a checkpoint of a run with other callbacks, metrics, or another model."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jax_metrics.checkpoint import Checkpointer, CheckpointError
from jax_metrics.tree import warn_user

_log = logging.getLogger(__name__)
_MARK = "#"  # an array, so that the states beside it are kept apart; no class has this name
_DROPPED = object()
_MOST_SHOWN = 5


def resumed(checkpointer: Checkpointer, state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a run from the latest checkpoint.

    Other metrics begin with the row of the logs that begins; of the callbacks, those that were not
    there keep the state that they have, and states of others are dropped. The log says so, and a
    warning tells of a callback that is still there, but whose state has another form.

    Args:
        checkpointer: The checkpoints.
        state: The state to restore into.

    Raises:
        CheckpointError: If the checkpoint is damaged, or of another model or optimizer.
    """
    try:
        found = checkpointer.restore(dict(state))
        _tell_differences(found["callbacks"], state["callbacks"])
        return found
    except CheckpointError as error:  # one that is damaged raises again
        lenient = {name: x for name, x in state.items() if name not in ("callbacks", "tally")}
        found, left_out = checkpointer.restore(lenient, strict=False)
        if any(left_out):
            raise CheckpointError(_of_another(checkpointer, left_out)) from error
    tally = _tally(checkpointer, state["tally"])
    return {**found, "tally": tally, "callbacks": _callbacks(checkpointer, state["callbacks"])}


def _of_another(checkpointer: Checkpointer, left_out: Any) -> str:
    how = ("is new", "is gone", "has another shape", "has another dtype")
    lines = [
        f"`{name}` {what}" for names, what in zip(left_out, how, strict=True) for name in names
    ]
    items = sorted({line[1:].partition(".")[0].partition("`")[0] for line in lines})
    more = f", and {len(lines) - _MOST_SHOWN} more" if len(lines) > _MOST_SHOWN else ""
    folder = checkpointer.folder
    return (
        f"Step {checkpointer.steps()[-1]} of {folder}, the latest checkpoint, is of another "
        f"{' and '.join(items)}: {', '.join(lines[:_MOST_SHOWN])}{more}. To continue, give `fit` "
        "what the checkpoint was made with; to start again, choose another folder, or delete this "
        f"one. To start with what fits: `model, left_out = "
        f"jm.Checkpointer({str(folder)!r}).restore({{'model': model}}, strict=False)`, then "
        "`model['model']`."
    )


def _tally(checkpointer: Checkpointer, empty: Any) -> Any:
    """The losses and metrics since the last row of the logs, if they are of the same names."""
    tally, left_out = checkpointer.restore({"tally": empty}, strict=False)
    if not any(left_out):
        return tally["tally"]
    _log.warning("The checkpoint has other metrics; the row of the logs begins again.")
    return empty


def _callbacks(checkpointer: Checkpointer, states: Mapping[str, Any]) -> dict[str, Any]:
    """The saved states of the callbacks that are there now."""
    # If all of them are plain, they are one value, and else each is by itself.
    plain, others = checkpointer.restore({"callbacks": {}}, strict=False)
    saved: dict[str, Any] = plain["callbacks"]
    misfits: set[str] = set()
    if not saved:
        names = _names(others.unexpected)
        like = {name: state for name, state in states.items() if name in names}
        read, left_out = checkpointer.restore(
            {"callbacks": {**like, _MARK: np.zeros(())}}, strict=False
        )
        misfits = {name for part in left_out for name in _names(part)} & like.keys()
        saved = {name: read["callbacks"].get(name, _DROPPED) for name in names}
        if formless := {name for name in misfits if states[name] is None}:
            found = checkpointer.restore()["callbacks"]  # reads all items: only where it must
            saved |= {name: found[name] for name in formless}
            misfits -= formless
    _tell_differences(saved, states)
    for name in sorted(misfits):
        warn_user(
            f"The callback {name} has another `state` in {checkpointer.folder} than now, and "
            "begins without a past. To restore it, give `state` in `on_start` the structure, "
            "shapes and dtypes that it will have later."
        )
    return {name: saved[name] for name in saved.keys() & states.keys() - misfits}


def _tell_differences(saved: Mapping[str, Any], states: Mapping[str, Any]) -> None:
    """Tells of callbacks with a state that were not there before, or are no longer there."""
    for name in states.keys() - saved.keys():
        if states[name] is not None:
            _log.warning("%s is not in the checkpoint, and begins without a past.", name)
    for name in saved.keys() - states.keys():
        if saved[name] is not None:
            _log.warning("%s is in the checkpoint, but no longer there: it is dropped.", name)


def _names(full_names: Iterable[str]) -> list[str]:
    """The names of the callbacks that these names of arrays and values begin with."""
    return list(dict.fromkeys(name.split(".")[1] for name in full_names if "." in name))
