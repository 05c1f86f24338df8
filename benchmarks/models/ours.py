"""The models in JAX Metrics."""

import functools
from typing import Any

import jax

import jax_metrics as jm
from models.candidate import Candidate, Sizes, descend, mean_squared_error
from models.training import TRANSFORMATION, Training


def conv_norm(features: int, size: int, stride: int = 1) -> list[jm.Module]:
    conv = jm.Conv(features, (size, size), strides=stride, padding=size // 2, use_bias=False)
    return [conv, jm.BatchNorm(momentum=0.9)]


def block(features: int, stride: int, project: bool) -> jm.Module:
    branch = jm.Sequential(
        *conv_norm(features, 1),
        jax.nn.relu,
        *conv_norm(features, 3, stride),
        jax.nn.relu,
        *conv_norm(4 * features, 1),
    )
    around = jm.Sequential(*conv_norm(4 * features, 1, stride)) if project else None
    return jm.Sequential(jm.nn.Residual(branch, projection=around), jax.nn.relu)


def resnet(x: jax.Array, sizes: Sizes) -> Candidate:
    stages = [
        block(64 * 2**stage, 2 if stage and not i else 1, project=not i)
        for stage, count in enumerate(sizes.blocks)
        for i in range(count)
    ]
    model = jm.Sequential(
        *conv_norm(64, 7, 2),
        jax.nn.relu,
        jm.nn.MaxPool((3, 3), 2, padding=1),
        *stages,
        jm.nn.GlobalAvgPool(),
        jm.Linear(sizes.classes),
    )
    return candidate(model, x)


def transformer(x: jax.Array, sizes: Sizes) -> Candidate:
    layer = jm.nn.TransformerEncoderLayer(
        sizes.heads, dropout_rate=0.0, activation=jax.nn.gelu, norm_first=True
    )
    norm = jm.LayerNorm(epsilon=1e-5)
    return candidate(jm.nn.TransformerEncoder(layer, sizes.layers, norm=norm), x)


def lstm(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(jm.nn.LSTM(sizes.features, return_sequences=True), x)


def mlp(x: jax.Array, sizes: Sizes) -> Candidate:
    return candidate(jm.MLP([sizes.features] * sizes.layers), x)


def candidate(model: jm.Module, x: jax.Array) -> Candidate:
    model = jax.jit(lambda x: model.init(0, x))(x)

    def forward(model: Any, x: jax.Array) -> jax.Array:
        return model.eval()(x)

    return Candidate(model, model.filter(jm.Parameter), forward, step, lambda: training(model))


def step(model: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
    def loss_of(parameters: Any, model: Any) -> tuple[jax.Array, Any]:
        model = model.merge(parameters)
        return mean_squared_error(y, model(x)), model

    parameters = model.filter(jm.Parameter)
    (loss, model), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters, model)
    return model.merge(descend(parameters, gradients)), loss


def training(model: jm.Module) -> Training:
    optimizer = jm.Optimizer(TRANSFORMATION).init(model)

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        model, optimizer = state

        def loss_of(model: Any) -> jax.Array:
            return mean_squared_error(y, model(x))

        (loss, model), gradients = jm.value_and_grad(loss_of)(model)
        return (optimizer.update(gradients, model), optimizer), loss

    return Training((model, optimizer), step)
