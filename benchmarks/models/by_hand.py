"""The models in bare JAX: dicts of arrays, and functions of them."""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from models.candidate import Sizes, mean_squared_error
from models.training import TRANSFORMATION, Training

Params = dict[str, Any]


class Maker:
    """Makes parameters with random keys."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def linear(self, inputs: int, outputs: int) -> Params:
        key = jax.random.fold_in(jax.random.key(0), next(self._numbers))
        kernel = jax.random.normal(key, (inputs, outputs)) / inputs**0.5
        return {"kernel": kernel, "bias": jnp.zeros(outputs)}

    def conv(self, inputs: int, outputs: int, size: int) -> Params:
        key = jax.random.fold_in(jax.random.key(0), next(self._numbers))
        scale = (size * size * inputs) ** -0.5
        return {
            "kernel": scale * jax.random.normal(key, (size, size, inputs, outputs)),
            **norm(outputs),
        }


def norm(features: int) -> Params:
    return {"scale": jnp.ones(features), "shift": jnp.zeros(features)}


def linear(p: Params, x: jax.Array) -> jax.Array:
    return x @ p["kernel"] + p["bias"]


def layer_norm(p: Params, x: jax.Array) -> jax.Array:
    mean = x.mean(-1, keepdims=True)
    variance = (x * x).mean(-1, keepdims=True) - mean * mean
    return (x - mean) * (jax.lax.rsqrt(variance + 1e-5) * p["scale"]) + p["shift"]


def mlp(x: jax.Array, sizes: Sizes) -> Training:
    make = Maker()
    params = [make.linear(sizes.features, sizes.features) for _ in range(sizes.layers)]

    def apply(params: Any, stats: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        *hidden, last = params
        for layer in hidden:
            x = jax.nn.relu(linear(layer, x))
        return linear(last, x), stats

    return training(apply, params, {})


def transformer(x: jax.Array, sizes: Sizes) -> Training:
    make, features = Maker(), x.shape[-1]
    layers = [
        {
            "norm1": norm(features),
            **{name: make.linear(features, features) for name in ("query", "key", "value", "out")},
            "norm2": norm(features),
            "linear1": make.linear(features, 4 * features),
            "linear2": make.linear(4 * features, features),
        }
        for _ in range(sizes.layers)
    ]

    def attention(p: Params, x: jax.Array) -> jax.Array:
        split = (*x.shape[:-1], sizes.heads, features // sizes.heads)
        query, key, value = (linear(p[n], x).reshape(split) for n in ("query", "key", "value"))
        weights = jnp.einsum("bqhd,bkhd->bhqk", query / split[-1] ** 0.5, key)
        mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(weights), value)
        return linear(p["out"], mixed.reshape(x.shape))

    def apply(params: Any, stats: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        for p in params["layers"]:
            x = x + attention(p, layer_norm(p["norm1"], x))
            h = jax.nn.gelu(linear(p["linear1"], layer_norm(p["norm2"], x)))
            x = x + linear(p["linear2"], h)
        return layer_norm(params["norm"], x), stats

    return training(apply, {"layers": layers, "norm": norm(features)}, {})


def resnet(x: jax.Array, sizes: Sizes) -> Training:
    make, features = Maker(), 64
    params: dict[str, Any] = {"stem": make.conv(x.shape[-1], 64, 7)}
    strides = {}
    for stage, count in enumerate(sizes.blocks):
        for i in range(count):
            width, name = 64 * 2**stage, f"block_{stage}_{i}"
            strides[name] = 2 if stage and not i else 1
            params[name] = {
                "first": make.conv(features, width, 1),
                "second": make.conv(width, width, 3),
                "third": make.conv(width, 4 * width, 1),
            }
            if not i:
                params[name]["around"] = make.conv(features, 4 * width, 1)
            features = 4 * width
    params["head"] = make.linear(features, sizes.classes)
    convs = [path[:-1] for path, leaf in jax.tree.leaves_with_path(params) if leaf.ndim == 4]
    names = [jax.tree_util.keystr(path) for path in convs]
    widths = [leaf.shape[-1] for leaf in jax.tree.leaves(params) if leaf.ndim == 4]
    stats = {
        name: {"mean": jnp.zeros(width), "var": jnp.ones(width)}
        for name, width in zip(names, widths, strict=True)
    }

    def apply(params: Any, stats: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        stats = dict(stats)

        def conv_norm(x: jax.Array, *path: str, stride: int = 1) -> jax.Array:
            p = functools.reduce(lambda node, name: node[name], path, params)
            pad = p["kernel"].shape[0] // 2
            x = jax.lax.conv_general_dilated(
                x,
                p["kernel"],
                (stride, stride),
                [(pad, pad)] * 2,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )
            mean = x.mean((0, 1, 2))
            var = jnp.maximum((x * x).mean((0, 1, 2)) - mean * mean, 0)
            key = "".join(f"['{name}']" for name in path)
            old = stats[key]
            stats[key] = {
                "mean": 0.9 * old["mean"] + 0.1 * mean,
                "var": 0.9 * old["var"] + 0.1 * var,
            }
            return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * p["scale"]) + p["shift"]

        x = jax.nn.relu(conv_norm(x, "stem", stride=2))
        around = ((0, 0), (1, 1), (1, 1), (0, 0))
        window = (1, 3, 3, 1), (1, 2, 2, 1)
        x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, *window, around)
        for name, stride in strides.items():
            y = jax.nn.relu(conv_norm(x, name, "first"))
            y = jax.nn.relu(conv_norm(y, name, "second", stride=stride))
            y = conv_norm(y, name, "third")
            if "around" in params[name]:
                x = conv_norm(x, name, "around", stride=stride)
            x = jax.nn.relu(x + y)
        return linear(params["head"], x.mean((1, 2))), stats

    return training(apply, params, stats)


def training(apply: Any, params: Any, stats: Any) -> Training:
    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, jax.Array]:
        params, stats, opt_state = state

        def loss_of(params: Any) -> tuple[jax.Array, Any]:
            preds, changed = apply(params, stats, x)
            return mean_squared_error(y, preds), changed

        (loss, stats), grads = jax.value_and_grad(loss_of, has_aux=True)(params)
        updates, opt_state = TRANSFORMATION.update(grads, opt_state, params)
        return (optax.apply_updates(params, updates), stats, opt_state), loss

    return Training((params, stats, TRANSFORMATION.init(params)), step)
