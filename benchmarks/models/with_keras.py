"""The models in Keras, compiled for its own loop."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from models.candidate import Sizes

layers = keras.layers


def conv_norm(x: Any, features: int, size: int, stride: int = 1) -> Any:
    if size > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    x = layers.Conv2D(features, size, stride, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def resnet(x: Any, sizes: Sizes) -> Any:
    x = layers.ReLU()(conv_norm(x, 64, 7, 2))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, count in enumerate(sizes.blocks):
        for i in range(count):
            features, stride = 64 * 2**stage, 2 if stage and not i else 1
            y = layers.ReLU()(conv_norm(x, features, 1))
            y = layers.ReLU()(conv_norm(y, features, 3, stride))
            y = conv_norm(y, 4 * features, 1)
            x = x if i else conv_norm(x, 4 * features, 1, stride)
            x = layers.ReLU()(layers.Add()([x, y]))
    return layers.Dense(sizes.classes)(layers.GlobalAveragePooling2D()(x))


def transformer(x: Any, sizes: Sizes) -> Any:
    features = x.shape[-1]
    for _ in range(sizes.layers):
        h = layers.LayerNormalization(epsilon=1e-5)(x)
        x = layers.Add()([x, layers.MultiHeadAttention(sizes.heads, features // sizes.heads)(h, h)])
        h = layers.LayerNormalization(epsilon=1e-5)(x)
        h = layers.Dense(features)(layers.Dense(4 * features, activation="gelu")(h))
        x = layers.Add()([x, h])
    return layers.LayerNormalization(epsilon=1e-5)(x)


def mlp(x: Any, sizes: Sizes) -> Any:
    for _ in range(sizes.layers - 1):
        x = layers.Dense(sizes.features, activation="relu")(x)
    return layers.Dense(sizes.features)(x)


def fit(
    build: Callable[[Any, Sizes], Any],
    sizes: Sizes,
    batch: np.ndarray,
    target: np.ndarray,
    on_step: Callable[[], None],
    steps: int,
) -> None:
    """Trains with `Model.fit` on one batch again and again."""
    inputs = keras.Input(batch.shape[1:])
    model = keras.Model(inputs, build(inputs, sizes))
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.MeanSquaredError())

    class Note(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            on_step()

    def batches() -> Any:
        for _ in range(steps):
            yield batch, target

    model.fit(batches(), steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[Note()])
