"""Losses of label sequences that are not aligned with their inputs."""

from jax_metrics.losses.sequences._ctc import CTC as CTC
from jax_metrics.losses.sequences._ctc import ctc as ctc
