"""Mistakes in calls of models, gradients, optimizers, losses and metrics."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from mistake_cases import IMAGES, SEQUENCE, WIDE, Mistake, Net, X, sequential

import jax_metrics as jm
from jax_metrics import losses, metrics

LABELS = jnp.array([0, 1, 1, 0])
ADAM = optax.adam(1e-3)


def swapped_update():
    model = Net().init(0, X)
    grads, model = jm.grad(lambda model: model(X).sum())(model)
    jm.Optimizer(ADAM).init(model).update(model, grads)


def other_head():
    jm.load_state_dict(jm.Sequential(jm.Linear(5)).init(0, X), jm.state_dict(sequential()))


MISTAKES = [
    Mistake(
        "inputs with other features than at `init`",
        lambda: sequential()(WIDE),
        ValueError,
        "was initialized for inputs [..., 3]",
        "got [4, 7]",
        ".layers[0] (Linear)",
        "Its `kernel` has the shape [3, 2], and these inputs need [7, 2]",
    ),
    Mistake(
        "a kernel of one size for images",
        lambda: jm.Conv(2, 3).init(0, IMAGES),
        ValueError,
        "a window along one spatial axis",
        "the inputs have the shape (1, 4, 4, 3)",
        "Conv has `kernel_size=3`",
        "`kernel_size=(3, 3)`",
    ),
    Mistake(
        "floats to an embedding",
        lambda: jm.Embed(5, 2).init(0, LABELS)(X),
        ValueError,
        "expects integers, which number its vectors",
        "got float32",
        "Embed",
        "Write `x.astype(int)`",
    ),
    Mistake(
        "an additive mask",
        lambda: jm.nn.SelfAttention(2).init(0, SEQUENCE)(SEQUENCE, jnp.zeros((5, 5))),
        TypeError,
        "expects booleans for `mask`, True where a value counts",
        "got float32",
        "SelfAttention",
        "Write `mask == 0` for an additive mask",
    ),
    Mistake(
        "a rate in percent",
        lambda: jm.Dropout(50),
        ValueError,
        "is a probability, from 0 to 1",
        "got 50",
        "`rate`",
        "from 0 to 1",
    ),
    Mistake(
        "the mode as an argument of the call",
        lambda: sequential()(X, train=True),
        TypeError,
        "The mode is part of the model",
        "has no argument `train`",
        ".layers[0] (Linear)",
        "`model.train()`, `model.eval()`",
    ),
    Mistake(
        "a loss of one value for each example",
        lambda: jm.value_and_grad(lambda model: model(X))(sequential()),
        TypeError,
        "must return a scalar",
        "returned an array of the shape [4, 2]",
        "The loss function",
        "as in `losses.mean()`",
    ),
    Mistake(
        "an optimizer that was not initialized",
        lambda: jm.Optimizer(ADAM).update(sequential(), sequential()),
        RuntimeError,
        "was not initialized",
        "",
        "The optimizer",
        "`optimizer = jm.Optimizer(optax.adam(1e-3)).init(model)`",
    ),
    Mistake(
        "gradients and model swapped",
        swapped_update,
        ValueError,
        "which the parameters do not",
        "The gradients have .layers[1].mean, .layers[1].var",
        ".layers[1]",
        "It is `optimizer.update(grads, params)`",
    ),
    Mistake(
        "weights of another head",
        other_head,
        jm.CheckpointError,
        "the tree has shape (3, 5), float32",
        "the state shape (3, 2), float32",
        "`layers.0.kernel`",
        "`strict=False` to load what fits",
    ),
    Mistake(
        "a target `[n, 1]` for predictions `[n]`",
        lambda: losses.MeanSquaredError()(target=jnp.ones((4, 1)), preds=jnp.ones(4)),
        ValueError,
        "must have the same shape",
        "got target [4, 1], preds [4]",
        "target and preds",
        "Write `target[..., 0]` to drop the last axis",
    ),
    Mistake(
        "one-hot targets",
        lambda: metrics.Accuracy().update(target=jnp.eye(3, dtype=int), preds=jnp.ones((3, 3))),
        ValueError,
        "give `target.argmax(-1)`, with `num_classes=3`",
        "it has the shape of the scores, [3, 3]",
        "target looks one-hot",
        "give `num_labels=3` to the metric",
    ),
    Mistake(
        "labels out of range",
        lambda: losses.Crossentropy()(target=LABELS.at[1].set(3), preds=X),
        ValueError,
        "preds has 3 classes, 0 to 2",
        "holds the label 3",
        "target",
        "Leave out placeholder labels with `ignore_index`",
    ),
    Mistake(
        "logits as probabilities",
        lambda: losses.Crossentropy(from_logits=False)(target=LABELS, preds=3 * X),
        ValueError,
        "must be probabilities from 0 to 1",
        "but got 3",
        "preds",
        "give `from_logits=True`",
    ),
    Mistake(
        "probabilities as logits",
        lambda: losses.Crossentropy()(target=LABELS, preds=jax.nn.softmax(X)),
        UserWarning,
        "are read as logits",
        "look like probabilities, since all rows sum to 1",
        "preds",
        "Give `from_logits=False`",
    ),
    Mistake(
        "labels as strings",
        lambda: metrics.Accuracy().update(target=np.array(["a", "b", "a", "a"]), preds=X),
        TypeError,
        "Give numbers",
        "a NumPy array of dtype <U1",
        "Accuracy got a NumPy array of dtype <U1 as target",
        "`np.unique(target, return_inverse=True)` numbers labels",
    ),
    Mistake(
        "target and predictions swapped",
        lambda: losses.Crossentropy()(target=X, preds=LABELS),
        TypeError,
        "preds must be scores, floats",
        "are int32, while target is float32",
        "preds",
        "Were target and preds swapped?",
    ),
    Mistake(
        "an option of another library",
        lambda: metrics.Accuracy(n_classes=3),
        TypeError,
        "It takes average",
        "'n_classes'",
        "Accuracy has no argument",
        "Did you mean `num_classes`?",
    ),
    Mistake(
        "a name of another library",
        lambda: jm.nn.Conv2d,
        AttributeError,
        "",
        "'Conv2d'",
        "module 'jax_metrics.nn'",
        "Use `jm.nn.Conv`",
    ),
]
