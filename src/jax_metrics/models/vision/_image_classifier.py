"""What all image classifiers share: features of every position, their mean, and a head."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.models._architecture import Architecture
from jax_metrics.module import Inputs, Module
from jax_metrics.nn import Sequential
from jax_metrics.tree import node


class ImageClassifier(Architecture):
    """Calls `features`, takes the mean over all positions, and calls `head`.

    Args:
        features: Maps images, `[batch, height, width, channels]`, to a feature map.
        head: Maps the means of the features, `[batch, features]`, to logits.
        num_channels: Channels of the images of `example_inputs`.
    """

    features: Sequential
    head: Any = node()

    def __init__(self, features: Sequential, head: Module, *, num_channels: int):
        self.features = features
        self.head = head
        self.num_channels = num_channels

    def example_inputs(self) -> Inputs:
        """One small black image, `[1, 32, 32, num_channels]`."""
        return Inputs(jnp.zeros((1, 32, 32, self.num_channels)))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Classifies images.

        Args:
            images: Shape `[batch, height, width, channels]`.

        Returns:
            The logits, `[batch, num_classes]`; without a head, the mean features.
        """
        return self.head(self.features(images).mean(axis=(1, 2)))
