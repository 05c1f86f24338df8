"""The models in Equinox, whose layers take one example and put its channels first."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from models.candidate import Candidate, Sizes, descend, mean_squared_error
from models.training import TRANSFORMATION, Training

nn = eqx.nn


class ConvNorm(eqx.Module):
    conv: nn.Conv2d
    norm: nn.BatchNorm

    def __init__(self, inputs: int, features: int, size: int, stride: int, key: jax.Array):
        padding = size // 2
        self.conv = nn.Conv2d(inputs, features, size, stride, padding, use_bias=False, key=key)
        self.norm = nn.BatchNorm(features, "batch", momentum=0.9, mode="batch")

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        return self.norm(self.conv(x), state)


class Block(eqx.Module):
    first: ConvNorm
    second: ConvNorm
    third: ConvNorm
    around: ConvNorm | None

    def __init__(self, inputs: int, features: int, stride: int, project: bool, key: jax.Array):
        keys = jax.random.split(key, 4)
        self.first = ConvNorm(inputs, features, 1, 1, keys[0])
        self.second = ConvNorm(features, features, 3, stride, keys[1])
        self.third = ConvNorm(features, 4 * features, 1, 1, keys[2])
        self.around = ConvNorm(inputs, 4 * features, 1, stride, keys[3]) if project else None

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        y, state = self.first(x, state)
        y, state = self.second(jax.nn.relu(y), state)
        y, state = self.third(jax.nn.relu(y), state)
        if self.around is not None:
            x, state = self.around(x, state)
        return jax.nn.relu(x + y), state


class ResNet(eqx.Module):
    stem: ConvNorm
    pool: nn.MaxPool2d
    blocks: list[Block]
    head: nn.Linear

    def __init__(self, inputs: int, blocks: Sequence[int], classes: int, key: jax.Array):
        keys = iter(jax.random.split(key, sum(blocks) + 2))
        self.stem = ConvNorm(inputs, 64, 7, 2, next(keys))
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.blocks = []
        features = 64
        for stage, count in enumerate(blocks):
            for i in range(count):
                stride = 2 if stage and not i else 1
                self.blocks.append(Block(features, 64 * 2**stage, stride, not i, next(keys)))
                features = 4 * 64 * 2**stage
        self.head = nn.Linear(features, classes, key=next(keys))

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        x, state = self.stem(jnp.moveaxis(x, -1, 0), state)
        x = self.pool(jax.nn.relu(x))
        for block in self.blocks:
            x, state = block(x, state)
        return self.head(x.mean((1, 2))), state


class EncoderLayer(eqx.Module):
    norm1: nn.LayerNorm
    attention: nn.MultiheadAttention
    norm2: nn.LayerNorm
    linear1: nn.Linear
    linear2: nn.Linear

    def __init__(self, features: int, heads: int, key: jax.Array):
        keys = jax.random.split(key, 3)
        biases = dict.fromkeys((f"use_{n}_bias" for n in ("query", "key", "value", "output")), True)
        self.norm1 = nn.LayerNorm(features)
        self.attention = nn.MultiheadAttention(heads, features, key=keys[0], **biases)
        self.norm2 = nn.LayerNorm(features)
        self.linear1 = nn.Linear(features, 4 * features, key=keys[1])
        self.linear2 = nn.Linear(4 * features, features, key=keys[2])

    def __call__(self, x: jax.Array) -> jax.Array:
        h = jax.vmap(self.norm1)(x)
        x = x + self.attention(h, h, h)
        h = jax.vmap(lambda token: self.linear1(self.norm2(token)))(x)
        return x + jax.vmap(self.linear2)(jax.nn.gelu(h))


class Encoder(eqx.Module):
    layers: list[EncoderLayer]
    norm: nn.LayerNorm

    def __init__(self, features: int, layers: int, heads: int, key: jax.Array):
        keys = jax.random.split(key, layers)
        self.layers = [EncoderLayer(features, heads, k) for k in keys]
        self.norm = nn.LayerNorm(features)

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        for layer in self.layers:
            x = layer(x)
        return jax.vmap(self.norm)(x), state


class Recurrent(eqx.Module):
    cell: nn.LSTMCell

    def __init__(self, inputs: int, features: int, key: jax.Array):
        self.cell = nn.LSTMCell(inputs, features, key=key)

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        def step(carry: Any, x: jax.Array) -> tuple[Any, jax.Array]:
            carry = self.cell(x, carry)
            return carry, carry[0]

        zeros = jnp.zeros(self.cell.hidden_size)
        return jax.lax.scan(step, (zeros, zeros), x)[1], state


class Perceptron(eqx.Module):
    layers: list[nn.Linear]

    def __init__(self, inputs: int, features: int, layers: int, key: jax.Array):
        sizes = [inputs] + [features] * (layers - 1)
        keys = jax.random.split(key, layers)
        self.layers = [nn.Linear(n, features, key=k) for n, k in zip(sizes, keys, strict=True)]

    def __call__(self, x: jax.Array, state: nn.State) -> tuple[jax.Array, nn.State]:
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x), state


def mlp(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Perceptron, x.shape[-1], sizes.features, sizes.layers)


def resnet(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(ResNet, x.shape[-1], sizes.blocks, sizes.classes)


def transformer(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Encoder, x.shape[-1], sizes.layers, sizes.heads)


def lstm(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(Recurrent, x.shape[-1], sizes.features)


def candidate(model_class: Any, *arguments: Any) -> Candidate:
    model, state = nn.make_with_state(model_class)(*arguments, key=jax.random.key(0))
    trained, constant = eqx.partition(model, eqx.is_inexact_array)

    def call(model: Any, state: nn.State, x: jax.Array) -> tuple[jax.Array, nn.State]:
        over_batch = jax.vmap(model, in_axes=(0, None), out_axes=(0, None), axis_name="batch")
        return over_batch(x, state)

    in_evaluation = nn.inference_mode(model)

    def forward(held: Any, x: jax.Array) -> jax.Array:
        return call(in_evaluation, held[1], x)[0]

    def step(held: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        def loss_of(parameters: Any, state: nn.State) -> tuple[jax.Array, nn.State]:
            preds, state = call(eqx.combine(parameters, constant), state, x)
            return mean_squared_error(y, preds), state

        parameters, state = held
        loss_and_gradients = jax.value_and_grad(loss_of, has_aux=True)
        (loss, state), gradients = loss_and_gradients(parameters, state)
        return (descend(parameters, gradients), state), loss

    def train() -> Training:
        @eqx.filter_jit(donate="all-except-first")
        def update(batch: Any, model: Any, state: nn.State, opt_state: Any) -> Any:
            x, y = batch

            def loss_of(model: Any) -> tuple[jax.Array, nn.State]:
                preds, changed = call(model, state, x)
                return mean_squared_error(y, preds), changed

            (loss, changed), grads = eqx.filter_value_and_grad(loss_of, has_aux=True)(model)
            updates, opt_state = TRANSFORMATION.update(grads, opt_state)
            return (eqx.apply_updates(model, updates), changed, opt_state), loss

        def one(held: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
            return update((x, y), *held)

        return Training((model, state, TRANSFORMATION.init(trained)), one)

    return Candidate((trained, state), trained, forward, step, train)
