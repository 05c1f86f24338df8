"""Modules that change how another module is stacked, stored, computed or trained."""

from jax_metrics.nn.transforms._ema import ExponentialMovingAverage as ExponentialMovingAverage
from jax_metrics.nn.transforms._lora import LoRA as LoRA
from jax_metrics.nn.transforms._lora import apply_lora as apply_lora
from jax_metrics.nn.transforms._lora import merge_lora as merge_lora
from jax_metrics.nn.transforms._policy import Policy as Policy
from jax_metrics.nn.transforms._remat import Remat as Remat
from jax_metrics.nn.transforms._stack import Stack as Stack
