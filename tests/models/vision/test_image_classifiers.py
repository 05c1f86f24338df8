"""What holds for every classifier of images, on tiny ones."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models import ConvNeXt, EfficientNetLite, MobileNetV3, ResNet

X = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype(np.float32)
SMALL = {"num_classes": 5}


def groups():
    return jm.nn.GroupNorm(4)


# The model, and the shape of its feature map.
MODELS = {
    "basic": (
        lambda **o: ResNet([1, 1], bottleneck=False, widths=[8, 16], stem_width=8, **o),
        (4, 4, 16),
    ),
    "bottleneck": (lambda **o: ResNet([1, 1], widths=[4, 8], stem_width=8, **o), (4, 4, 32)),
    "groups": (
        lambda **o: ResNet([1, 1], widths=[4, 8], stem_width=8, norm=groups, **o),
        (4, 4, 32),
    ),
    "lite": (lambda **o: EfficientNetLite(width=0.05, depth=0.1, **o), (1, 1, 1280)),
    "mobile": (
        lambda **o: MobileNetV3(
            [(3, 8, 8, True, False, 2), (5, 24, 8, False, True, 1)], 16, width=0.5, **o
        ),
        (8, 8, 48),
    ),
    "convnext": (
        lambda **o: ConvNeXt([1, 1], [8, 12], stochastic_depth=0.5, layer_scale=1.0, **o),
        (4, 4, 12),
    ),
}


# They compile for long, and share their code with the others.
LARGE = {"bottleneck", "groups", "lite"}
traces = []


@jax.jit
def initialized(model):
    return model.init(0, model.example_inputs())


@jax.jit
def called(model, x):
    return model(x), model


@jax.jit
def gradients(model, x):
    """Those of the Parameters, the logits, and the model after the call."""
    traces.append(None)

    def loss_fn(model):
        logits = model(x)
        return (logits**2).mean(), logits

    (_, after, logits), grads = jm.value_and_grad(loss_fn, has_aux=True)(model)
    return grads, logits, after


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in MODELS],
)
def case(request):
    make, shape = MODELS[request.param]
    return make, shape, initialized(make(**SMALL))


@pytest.mark.slow
def test_evaluation(case):
    make, shape, model = case
    features = jax.eval_shape(lambda model, x: model.features(x), model.eval(), X)
    assert features.shape == (4, *shape)
    logits, after = called(model.eval(), X)
    assert logits.shape == (4, 5)
    assert jm.equal(after, model.eval())  # it changes nothing
    pooled = make(num_classes=None).replace(features=model.features)
    y, _ = called(initialized(pooled).eval(), X)
    assert y.shape == (4, shape[-1])
    head = model.eval().head
    if isinstance(pooled.head, jm.LayerNorm):  # ConvNeXt normalizes what it returns
        head = head[1:]
    np.testing.assert_allclose(head(y), logits, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_training(case):
    _, _, model = case
    traces.clear()
    grads, first, after = gradients(model, X)
    assert len(jax.tree.leaves(grads)) == len(jax.tree.leaves(jm.filter(model, jm.Parameter)))
    for path, grad in jax.tree.leaves_with_path(grads):
        assert np.isfinite(grad).all(), path
    statistics = jm.filter(model, jm.BatchStats)
    changed = not jm.equal(jm.filter(after, jm.BatchStats), statistics)
    assert changed == bool(jax.tree.leaves(statistics))
    _, second, _ = gradients(after, X)
    random = bool(jax.tree.leaves(jm.filter(model, jm.Rng)))
    assert np.allclose(first, second) != random  # dropout and stochastic depth
    assert len(traces) == 1


@pytest.mark.slow
def test_a_new_head_on_frozen_features(case):
    _, shape, model = case
    frozen = model.features.freeze()
    new = initialized(model.replace(head=jm.Linear(3), features=frozen))
    assert jm.equal(new.features, frozen)  # `init` made the head only
    grads, logits, after = gradients(new, X)
    assert logits.shape == (4, 3)
    assert [g.shape for g in jax.tree.leaves(grads)] == [(shape[-1], 3), (3,)]
    assert all(np.abs(g).max() > 0 for g in jax.tree.leaves(grads))
    assert jm.equal(after, new)  # frozen features are in evaluation mode, too
