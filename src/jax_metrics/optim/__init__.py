"""The optimizer: any optax transformation and its state as one pytree."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.optim._decay_mask import decay_mask as decay_mask
from jax_metrics.optim._groups import groups as groups
from jax_metrics.optim._hyperparams import with_hyperparams as with_hyperparams
from jax_metrics.optim._loss_scaling import loss_scaling as loss_scaling
from jax_metrics.optim._master_weights import master_weights as master_weights
from jax_metrics.optim._norms import with_norms as with_norms
from jax_metrics.optim._optimizer import Optimizer as Optimizer
from jax_metrics.optim._state_layout import spec_of_state as spec_of_state
from jax_metrics.tree import public_names as _public_names

# What other packages of the library use, and users do not need.
_HIDDEN = frozenset({"spec_of_state"})


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals(), hidden=_HIDDEN)


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
