"""What happens during a run besides the steps: checkpoints, early stopping, your own."""

from jax_metrics.training.callbacks._callback import Callback as Callback
from jax_metrics.training.callbacks._checkpoints import Checkpoints as Checkpoints
from jax_metrics.training.callbacks._early_stopping import EarlyStopping as EarlyStopping
from jax_metrics.training.callbacks._keep_best import KeepBest as KeepBest
from jax_metrics.training.callbacks._monitor import Monitor as Monitor
from jax_metrics.training.callbacks._reduce_on_plateau import ReduceOnPlateau as ReduceOnPlateau
from jax_metrics.training.callbacks._run import Run as Run
