"""The loop: compiled steps, evaluation, values read late, and `fit`, which combines them."""

from jax_metrics.training.loop._data import as_batches as as_batches
from jax_metrics.training.loop._data import groups as groups
from jax_metrics.training.loop._display import Display as Display
from jax_metrics.training.loop._evaluate import Evaluation as Evaluation
from jax_metrics.training.loop._evaluate import evaluate as evaluate
from jax_metrics.training.loop._fit import fit as fit
from jax_metrics.training.loop._interrupts import Stopped as Stopped
from jax_metrics.training.loop._interrupts import interrupts as interrupts
from jax_metrics.training.loop._lacks_validation import lacks_validation as lacks_validation
from jax_metrics.training.loop._objective import as_objective as as_objective
from jax_metrics.training.loop._objective import supervised as supervised
from jax_metrics.training.loop._placement import replicated as replicated
from jax_metrics.training.loop._precautions import check_parts as check_parts
from jax_metrics.training.loop._precautions import check_validation as check_validation
from jax_metrics.training.loop._precautions import checked_counts as checked_counts
from jax_metrics.training.loop._precautions import closing as closing
from jax_metrics.training.loop._precautions import noting_errors as noting_errors
from jax_metrics.training.loop._retraces import Compiled as Compiled
from jax_metrics.training.loop._retraces import OnRetrace as OnRetrace
from jax_metrics.training.loop._retraces import RetraceError as RetraceError
from jax_metrics.training.loop._retraces import RetraceWarning as RetraceWarning
from jax_metrics.training.loop._rows import OnNaN as OnNaN
from jax_metrics.training.loop._rows import Rows as Rows
from jax_metrics.training.loop._steps import Steps as Steps
from jax_metrics.training.loop._tally import Tally as Tally
from jax_metrics.training.loop._tally import as_metrics as as_metrics
from jax_metrics.training.loop._train_mode import in_train_mode as in_train_mode
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
