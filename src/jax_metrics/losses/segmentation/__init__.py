"""Losses of regions, by their overlap."""

from jax_metrics.losses.segmentation._dice import Dice as Dice
from jax_metrics.losses.segmentation._dice import GeneralizedDice as GeneralizedDice
from jax_metrics.losses.segmentation._dice import Tversky as Tversky
from jax_metrics.losses.segmentation._dice import dice as dice
from jax_metrics.losses.segmentation._dice import generalized_dice as generalized_dice
from jax_metrics.losses.segmentation._dice import tversky as tversky
