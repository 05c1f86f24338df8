"""Regularizers: losses of the parameters of a model instead of its predictions."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.regularizers._l1l2 import L1 as L1
from jax_metrics.regularizers._l1l2 import L1L2 as L1L2
from jax_metrics.regularizers._l1l2 import L2 as L2
from jax_metrics.regularizers._l1l2 import l1 as l1
from jax_metrics.regularizers._l1l2 import l2 as l2
from jax_metrics.regularizers._orthogonal import Orthogonal as Orthogonal
from jax_metrics.regularizers._orthogonal import orthogonal as orthogonal
from jax_metrics.regularizers._regularizer import Regularizer as Regularizer
from jax_metrics.regularizers._regularizer import selected_parameters as selected_parameters
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
