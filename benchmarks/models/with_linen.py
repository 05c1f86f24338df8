"""The models in Flax Linen."""

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as linen
import jax
import optax

from models.candidate import Candidate, Sizes, descend, mean_squared_error
from models.training import TRANSFORMATION, Training


class ConvNorm(linen.Module):
    features: int
    size: int
    stride: int = 1

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        size, padding = (self.size, self.size), self.size // 2
        x = linen.Conv(self.features, size, self.stride, padding=padding, use_bias=False)(x)
        return linen.BatchNorm(use_running_average=not train, momentum=0.9)(x)


class Block(linen.Module):
    features: int
    stride: int
    project: bool

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = jax.nn.relu(ConvNorm(self.features, 1)(x, train))
        y = jax.nn.relu(ConvNorm(self.features, 3, self.stride)(y, train))
        y = ConvNorm(4 * self.features, 1)(y, train)
        if self.project:
            x = ConvNorm(4 * self.features, 1, self.stride)(x, train)
        return jax.nn.relu(x + y)


class ResNet(linen.Module):
    blocks: Sequence[int]
    classes: int

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = jax.nn.relu(ConvNorm(64, 7, 2)(x, train))
        x = linen.max_pool(x, (3, 3), (2, 2), [(1, 1), (1, 1)])
        for stage, count in enumerate(self.blocks):
            for i in range(count):
                x = Block(64 * 2**stage, 2 if stage and not i else 1, project=not i)(x, train)
        return linen.Dense(self.classes)(x.mean((1, 2)))


class EncoderLayer(linen.Module):
    heads: int

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = linen.LayerNorm(epsilon=1e-5)(x)
        x = x + linen.MultiHeadAttention(self.heads)(h)
        h = linen.LayerNorm(epsilon=1e-5)(x)
        h = linen.Dense(4 * x.shape[-1])(h)
        return x + linen.Dense(x.shape[-1])(jax.nn.gelu(h))


class Encoder(linen.Module):
    layers: int
    heads: int

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for _ in range(self.layers):
            x = EncoderLayer(self.heads)(x)
        return linen.LayerNorm(epsilon=1e-5)(x)


class Recurrent(linen.Module):
    features: int

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return linen.RNN(linen.OptimizedLSTMCell(self.features))(x)


class Perceptron(linen.Module):
    features: int
    layers: int

    @linen.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for _ in range(self.layers - 1):
            x = jax.nn.relu(linen.Dense(self.features)(x))
        return linen.Dense(self.features)(x)


def mlp(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Perceptron(sizes.features, sizes.layers), x)


def resnet(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(ResNet(sizes.blocks, sizes.classes), x)


def transformer(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Encoder(sizes.layers, sizes.heads), x)


def lstm(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Recurrent(sizes.features), x)


def candidate(model: linen.Module, x: jax.Array) -> Candidate:
    variables = jax.jit(lambda x: model.init(jax.random.key(0), x, train=False))(x)

    def forward(variables: Any, x: jax.Array) -> Any:
        return model.apply(variables, x, train=False)

    def step(variables: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        def loss_of(parameters: Any) -> tuple[jax.Array, Any]:
            given = {**variables, "params": parameters}
            preds, changed = model.apply(given, x, train=True, mutable=["batch_stats"])
            return mean_squared_error(y, preds), changed

        parameters = variables["params"]
        (loss, changed), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
        return {**changed, "params": descend(parameters, gradients)}, loss

    def train() -> Training:
        params = variables["params"]
        others = {name: part for name, part in variables.items() if name != "params"}

        @functools.partial(jax.jit, donate_argnums=0)
        def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
            params, others, opt_state = state

            def loss_of(params: Any) -> tuple[jax.Array, Any]:
                given = {"params": params, **others}
                preds, changed = model.apply(given, x, train=True, mutable=["batch_stats"])
                return mean_squared_error(y, preds), changed

            (loss, others), gradients = jax.value_and_grad(loss_of, has_aux=True)(params)
            updates, opt_state = TRANSFORMATION.update(gradients, opt_state, params)
            return (optax.apply_updates(params, updates), others, opt_state), loss

        return Training((params, others, TRANSFORMATION.init(params)), step)

    return Candidate(variables, variables["params"], forward, step, train)
