"""The adapter: Flax Linen modules as layers that hold their own variables."""

from jax_metrics.nn.flax._flax_call import FlaxCall as FlaxCall
from jax_metrics.nn.flax._flax_layer import FlaxLayer as FlaxLayer
from jax_metrics.nn.flax._fp8 import OverwriteWithGradient as OverwriteWithGradient
from jax_metrics.nn.flax._own_key import draw_key as draw_key
from jax_metrics.nn.flax._training_flags import IN_TRAINING as IN_TRAINING
from jax_metrics.nn.flax._training_flags import training_flags as training_flags
from jax_metrics.nn.flax._training_flags import with_training_flag as with_training_flag
