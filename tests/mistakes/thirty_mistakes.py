"""The mistakes that beginners make most, and where each message says the four things it must."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from mistake_cases import IMAGES, SEQUENCE, WIDE, Net, X

import jax_metrics as jm
from jax_metrics import losses, metrics

LABELS = jnp.array([0, 1, 1, 0])
ADAM = optax.adam(1e-3)


class Mistake(NamedTuple):
    """A mistake, and four parts of what is told: an empty one is in the line that raises."""

    title: str
    make: Callable[[], Any]
    kind: type
    expected: str
    received: str
    where: str
    remedy: str


def sequential() -> Any:
    return jm.Sequential(jm.Linear(2), jax.nn.relu).init(0, X)


def holding(make: Callable[[], Any], name: str = "w") -> Callable[[], Any]:
    """A module that assigns what is made to a field, and is initialized."""

    class Holder(jm.Module):
        def __init__(self):
            setattr(self, name, make())

        def __call__(self, x):
            return x

    return lambda: Holder().init(0, X)


def array_without_a_kind():
    class Scale(jm.Module):
        factor: jax.Array = jm.node()

        def __init__(self):
            self.factor, self.layer = jnp.ones(3), jm.Linear(2)

        def __call__(self, x):
            return self.layer(self.factor * x)

    jm.Optimizer(ADAM).init(Scale().init(0, X))


def layer_made_in_a_call():
    class Inline(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Inline().init(0, X)


def compact_with_a_branch():
    class Deep(jm.Module):
        deep = True

        @jm.compact
        def __call__(self, x):
            return jm.Linear(2)(jm.Linear(3)(x)) if self.deep else jm.Linear(2)(x)

    deep = Deep().init(0, X)
    deep.deep = False
    deep(X)


def mutable_default():
    class Model(jm.Module):
        def __init__(self, layers=[]):  # noqa: B006
            self.layers = layers

    Model().layers.append(jm.Linear(2))
    jax.tree.leaves(Model())


def result_not_assigned():
    model = sequential()
    model.eval()


def misspelt_attribute():
    model = Net().init(0, X)
    model.trainin = False


def shared_layer():
    layer = jm.Linear(3)
    jm.Sequential(layer, layer).init(0, X)


def after_donation():
    model = jax.tree.map(jnp.array, sequential())
    jax.tree.map(lambda array: array.delete(), model)
    model(X)


def swapped_update():
    model = Net().init(0, X)
    grads, model = jm.grad(lambda model: model(X).sum())(model)
    jm.Optimizer(ADAM).init(model).update(model, grads)


def other_head():
    jm.load_state_dict(jm.Sequential(jm.Linear(5)).init(0, X), jm.state_dict(sequential()))


MISTAKES = [
    Mistake(
        "`init` forgotten",
        lambda: Net()(X),
        RuntimeError,
        "before it was initialized",
        "was called",
        ".layers[0] (Linear)",
        "Call `model = model.init(key, inputs)`",
    ),
    Mistake(
        "a shape in place of inputs",
        lambda: jm.Linear(2).init(0, (4, 3)),
        TypeError,
        "an example of the inputs",
        "with the integers 4, 3",
        "the Linear",
        "`init(key, jnp.ones((4, 3)))`",
    ),
    Mistake(
        "the key forgotten",
        lambda: jm.Linear(2).init(X),
        TypeError,
        "Expected a random key or an integer seed",
        "got an array of float32[4, 3]",
        "`init(",
        "as in `init(42, ...)`",
    ),
    Mistake(
        "a layer made in a call, without `compact`",
        layer_made_in_a_call,
        RuntimeError,
        "is not a part of it, so its parameters would be lost",
        "Linear was made in a call",
        "of Inline",
        "decorate the method that makes it with `@jm.compact`",
    ),
    Mistake(
        "a branch in a compact method",
        compact_with_a_branch,
        jm.CompactError,
        "made 2 sub-modules in its first run",
        "asked for 1 of them now; left over: linear2: Linear",
        "Deep.__call__",
        "make them in `__init__`",
    ),
    Mistake(
        "one layer in two places",
        shared_layer,
        jm.SharingError,
        "In a pytree these are two modules",
        "The same Linear",
        "at .layers[0] and at .layers[1]",
        "`model = jm.tie(model, '.layers[0]', '.layers[1]')`",
    ),
    Mistake(
        "sizes of inputs, as in PyTorch",
        lambda: jm.Linear(3, 4),
        TypeError,
        "takes only `features` by position",
        "got 3, 4",
        "Linear",
        "The size of the inputs is not given: `init` infers it",
    ),
    Mistake(
        "a class in place of a layer",
        lambda: jm.Sequential(jm.Linear, jax.nn.relu),
        TypeError,
        "needs modules and functions",
        "got the class Linear",
        "Sequential needs modules and functions, but got the class Linear at position 0",
        "Create an object, as in `jm.Linear(...)`",
    ),
    Mistake(
        "a function in a list of modules",
        holding(lambda: [jm.Linear(2), jax.nn.relu], "layers"),
        TypeError,
        "accepts only arrays as leaves",
        "is the function `relu`",
        "Holder.layers[1]",
        "Write `jm.Lambda(relu)`",
    ),
    Mistake(
        "an array in a field that is not declared",
        holding(lambda: X),
        jm.StaticFieldError,
        "is a static field",
        "holds a JAX array, float32[4,3]",
        "Holder.w",
        "`w: jax.Array = jm.Parameter.node()`",
    ),
    Mistake(
        "an array with a kind, as in PyTorch",
        holding(lambda: jm.Parameter(X)),
        TypeError,
        "is a kind of fields, which has no objects",
        "Parameter",
        "",
        "assign the value in `__init__`: `self.w = array`",
    ),
    Mistake(
        "an array that is declared without a kind",
        array_without_a_kind,
        UserWarning,
        "The optimizer does not train",
        "the field has no kind",
        ".factor (Scale.factor)",
        "`factor: jax.Array = jm.Parameter.node()`",
    ),
    Mistake(
        "a set of modules",
        holding(lambda: {jm.Linear(2)}),
        jm.StaticFieldError,
        "cannot be a part of a pytree",
        "is a set of modules",
        "Holder.w",
        "Keep a list: `self.w = [...]`",
    ),
    Mistake(
        "a generator of modules",
        holding(lambda: (jm.Linear(2) for _ in range(2))),
        jm.StaticFieldError,
        "can be read only once",
        "holds a generator",
        "Holder.w",
        "Keep a list: `self.w = list(...)`",
    ),
    Mistake(
        "a mutable default",
        mutable_default,
        TypeError,
        "which all objects of the class would share",
        "is the list that is a default of `__init__`",
        "Model.layers",
        "`self.layers = [] if layers is None else layers`",
    ),
    Mistake(
        "a field with the name of a method",
        holding(lambda: [jm.Linear(2)], "train"),
        TypeError,
        "`train` is a method of Module",
        "is a field",
        "Holder.train",
        "Give the field another name, such as `train_`",
    ),
    Mistake(
        "an attribute misspelt",
        misspelt_attribute,
        UserWarning,
        "it has `training`",
        "`trainin`",
        "Net has no attribute",
        "Write `model = model.train()` or `model = model.eval()`",
    ),
    Mistake(
        "a model that is not returned from `jit`",
        lambda: jax.jit(lambda model, x: model(x))(Net().init(0, X), X),
        jm.LostStateWarning,
        "the copy that JAX made",
        "were assigned inside a traced function",
        "BatchNorm.mean and .var (at .layers[1])",
        "as in `return loss, model`",
    ),
    Mistake(
        "a model as the jitted function",
        lambda: jax.jit(Net().init(0, X))(X),
        jm.LeakedStateError,
        "would hold a dead value once the trace ends",
        "would be assigned a traced value, float32[2]",
        "BatchNorm.mean (at .layers[1] of the Net)",
        "as in `def f(model, x): ...; return result, model`",
    ),
    Mistake(
        "a metric that is not returned from `jit`",
        lambda: jax.jit(lambda m, x: m.update(x).compute())(metrics.Mean(), X),
        jm.LostStateWarning,
        "the copy that JAX made",
        "were assigned inside a traced function",
        "Mean.total and .weight",
        "as in `return loss, metric`",
    ),
    Mistake(
        "the result of `eval` is not assigned",
        result_not_assigned,
        jm.UnusedResultWarning,
        "returns a new Sequential",
        "the result is not used",
        "`model.eval(...)`",
        "Write `model = model.eval(...)`",
    ),
    Mistake(
        "a model that is used after donation",
        after_donation,
        RuntimeError,
        "it was donated to a compiled function",
        "holds a deleted array",
        ".layers[0] (Linear) holds a deleted array at .kernel",
        "Use the model that this function returned",
    ),
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
