"""State dicts and files: any pytree as named arrays, in memory and on disk."""

from jax_metrics.checkpoint._checkpointer import Checkpointer as Checkpointer
from jax_metrics.checkpoint._deferred import Deferred as Deferred
from jax_metrics.checkpoint._errors import CheckpointError as CheckpointError
from jax_metrics.checkpoint._export import export as export
from jax_metrics.checkpoint._inverse import inverse as inverse
from jax_metrics.checkpoint._load import load as load
from jax_metrics.checkpoint._load import read_metadata as read_metadata
from jax_metrics.checkpoint._load_exported import ExportedModel as ExportedModel
from jax_metrics.checkpoint._load_exported import load_exported as load_exported
from jax_metrics.checkpoint._load_state_dict import load_state_dict as load_state_dict
from jax_metrics.checkpoint._misfits import LeftOut as LeftOut
from jax_metrics.checkpoint._rules import merge as merge
from jax_metrics.checkpoint._rules import rename as rename
from jax_metrics.checkpoint._rules import reshape as reshape
from jax_metrics.checkpoint._rules import skip as skip
from jax_metrics.checkpoint._rules import split as split
from jax_metrics.checkpoint._rules import transpose as transpose
from jax_metrics.checkpoint._save import save as save
from jax_metrics.checkpoint._state_dict import state_dict as state_dict
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
