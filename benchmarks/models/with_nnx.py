"""The models in Flax NNX."""

from collections.abc import Sequence
from typing import Any

import jax
from flax import nnx

from models.candidate import Candidate, Sizes, descend, mean_squared_error
from models.training import TRANSFORMATION, Training


class ConvNorm(nnx.Module):
    def __init__(self, inputs: int, features: int, size: int, stride: int, rngs: nnx.Rngs):
        shape = (size, size)
        self.conv = nnx.Conv(
            inputs, features, shape, stride, padding=size // 2, use_bias=False, rngs=rngs
        )
        self.norm = nnx.BatchNorm(features, momentum=0.9, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.norm(self.conv(x))


class Block(nnx.Module):
    def __init__(self, inputs: int, features: int, stride: int, project: bool, rngs: nnx.Rngs):
        self.first = ConvNorm(inputs, features, 1, 1, rngs)
        self.second = ConvNorm(features, features, 3, stride, rngs)
        self.third = ConvNorm(features, 4 * features, 1, 1, rngs)
        self.around = ConvNorm(inputs, 4 * features, 1, stride, rngs) if project else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = jax.nn.relu(self.first(x))
        y = self.third(jax.nn.relu(self.second(y)))
        return jax.nn.relu(y + (x if self.around is None else self.around(x)))


class ResNet(nnx.Module):
    def __init__(self, inputs: int, blocks: Sequence[int], classes: int, rngs: nnx.Rngs):
        self.stem = ConvNorm(inputs, 64, 7, 2, rngs)
        self.blocks = nnx.List()
        features = 64
        for stage, count in enumerate(blocks):
            for i in range(count):
                stride = 2 if stage and not i else 1
                self.blocks.append(Block(features, 64 * 2**stage, stride, not i, rngs))
                features = 4 * 64 * 2**stage
        self.head = nnx.Linear(features, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(jax.nn.relu(self.stem(x)), (3, 3), (2, 2), [(1, 1), (1, 1)])
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((1, 2)))


class EncoderLayer(nnx.Module):
    def __init__(self, features: int, heads: int, rngs: nnx.Rngs):
        self.norm1 = nnx.LayerNorm(features, epsilon=1e-5, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(heads, features, decode=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(features, epsilon=1e-5, rngs=rngs)
        self.linear1 = nnx.Linear(features, 4 * features, rngs=rngs)
        self.linear2 = nnx.Linear(4 * features, features, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(self.norm1(x))
        return x + self.linear2(jax.nn.gelu(self.linear1(self.norm2(x))))


class Encoder(nnx.Module):
    def __init__(self, features: int, layers: int, heads: int, rngs: nnx.Rngs):
        self.layers = nnx.List([EncoderLayer(features, heads, rngs) for _ in range(layers)])
        self.norm = nnx.LayerNorm(features, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class Perceptron(nnx.Module):
    def __init__(self, inputs: int, features: int, layers: int, rngs: nnx.Rngs):
        sizes = [inputs] + [features] * (layers - 1)
        self.layers = nnx.List([nnx.Linear(size, features, rngs=rngs) for size in sizes])

    def __call__(self, x: jax.Array) -> jax.Array:
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x)


def mlp(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Perceptron(x.shape[-1], sizes.features, sizes.layers, nnx.Rngs(0)))


def resnet(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(ResNet(x.shape[-1], sizes.blocks, sizes.classes, nnx.Rngs(0)))


def transformer(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Encoder(x.shape[-1], sizes.layers, sizes.heads, nnx.Rngs(0)))


def lstm(x: jax.Array, sizes: Sizes) -> Candidate:
    rngs = nnx.Rngs(0)
    return candidate(
        nnx.RNN(nnx.OptimizedLSTMCell(x.shape[-1], sizes.features, rngs=rngs), rngs=rngs),
        draws=True,
    )


def candidate(model: Any, *, draws: bool = False) -> Candidate:
    """The model as a candidate; one that draws keys in a call cannot be closed over when traced."""
    in_evaluation = nnx.clone(model)
    in_evaluation.eval()
    structure, trained, others = nnx.split(model, nnx.Param, ...)

    def forward(state: Any, x: jax.Array) -> jax.Array:
        return nnx.merge(structure, *state, copy=True)(x) if draws else in_evaluation(x)

    def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        def loss_of(parameters: Any, others: Any) -> tuple[jax.Array, Any]:
            model = nnx.merge(structure, parameters, others, copy=True)
            preds = model(x)
            return mean_squared_error(y, preds), nnx.state(model, nnx.Not(nnx.Param))

        parameters, others = state
        loss_and_gradients = jax.value_and_grad(loss_of, has_aux=True)
        (loss, others), gradients = loss_and_gradients(parameters, others)
        return (descend(parameters, gradients), others), loss

    return Candidate((trained, others), trained, forward, step, lambda: training(model))


def training(model: Any) -> Training:
    optimizer = nnx.Optimizer(model, TRANSFORMATION, wrt=nnx.Param)

    @nnx.jit
    def update(model: Any, optimizer: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        loss, gradients = nnx.value_and_grad(lambda model: mean_squared_error(y, model(x)))(model)
        optimizer.update(model, gradients)
        return loss

    def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        return state, update(*state, x, y)

    return Training((model, optimizer), step)
