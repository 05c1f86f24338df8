"""The parts of a training run; each can also be used alone in your own loop."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.training import loop as loop
from jax_metrics.training.callbacks import Callback as Callback
from jax_metrics.training.callbacks import Checkpoints as Checkpoints
from jax_metrics.training.callbacks import EarlyStopping as EarlyStopping
from jax_metrics.training.callbacks import KeepBest as KeepBest
from jax_metrics.training.callbacks import Monitor as Monitor
from jax_metrics.training.callbacks import ReduceOnPlateau as ReduceOnPlateau
from jax_metrics.training.callbacks import Run as Run
from jax_metrics.training.data import Batches as Batches
from jax_metrics.training.data import batches as batches
from jax_metrics.training.debugging import BadArray as BadArray
from jax_metrics.training.debugging import find_nan as find_nan
from jax_metrics.training.debugging import profile as profile
from jax_metrics.training.logs import ConsoleLogger as ConsoleLogger
from jax_metrics.training.logs import CSVLogger as CSVLogger
from jax_metrics.training.logs import History as History
from jax_metrics.training.logs import JSONLinesLogger as JSONLinesLogger
from jax_metrics.training.logs import LogError as LogError
from jax_metrics.training.logs import Logger as Logger
from jax_metrics.training.logs import Progress as Progress
from jax_metrics.training.logs import TensorBoardLogger as TensorBoardLogger
from jax_metrics.training.loop import Compiled as Compiled
from jax_metrics.training.loop import RetraceError as RetraceError
from jax_metrics.training.loop import RetraceWarning as RetraceWarning
from jax_metrics.training.loop import Stopped as Stopped
from jax_metrics.training.loop import evaluate as evaluate
from jax_metrics.training.loop import fit as fit
from jax_metrics.training.loop import interrupts as interrupts
from jax_metrics.training.loop import supervised as supervised
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), {"loop"})


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
