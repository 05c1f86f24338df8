"""Beginners' mistakes with modules, layers, trees and the optimizer, and what each is told.

A function is a mistake; its row has the type and the text that it is told. Mistakes with metrics
are in `metrics/test_mistakes.py`.
"""

import dataclasses
import re
import warnings
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.ones((4, 3))
WIDE = jnp.ones((4, 7))
IMAGES = jnp.ones((1, 4, 4, 3))
SEQUENCE = jnp.ones((2, 5, 4))
RNG_ADVICE = "is not a part of it, so its parameters would be lost. Make it in `__init__`"


class Net(jm.Module):
    """A model with state, made in the usual way."""

    def __init__(self):
        self.layers = [jm.Linear(2), jm.BatchNorm()]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@pytest.fixture(scope="module")
def model():
    return Net().init(0, X)


@pytest.fixture(scope="module")
def sequential():
    return jm.Sequential(jm.Linear(2), jax.nn.relu).init(0, X)


# -- state and traces ------------------------------------------------------------------------------


def model_not_returned(model, _):
    jax.jit(lambda model, x: model(x))(model, X)


def auxiliary_model_forgotten(model, _):
    grad = jax.grad(lambda params, model: model.merge(params)(X).sum())
    jax.jit(grad)(model.parameters(), model)


def model_closed_over(model, _):
    jax.jit(lambda x: model(x))(X)


def model_as_the_jitted_function(model, _):
    jax.jit(model)(X)


def model_as_the_function_of_eval_shape(model, _):
    jax.eval_shape(model, X)


def model_under_vmap(model, _):
    jax.vmap(model)(X)


def optimizer_not_returned(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(params)

    @jax.jit
    def step(params, optimizer):
        return optimizer.update(params, params)

    step(params, optimizer)


def optimizer_closed_over(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(params)
    jax.jit(lambda params: optimizer.update(params, params))(params)


def metric_not_returned(_, __):
    jax.jit(lambda metric, x: metric.update(x).compute())(jm.metrics.Mean(), X)


def metric_closed_over(_, __):
    metric = jm.metrics.Mean()
    jax.jit(lambda x: metric.update(x).compute())(X)


def collection_not_returned(_, __):
    metrics = jm.Metrics([jm.metrics.MeanSquaredError()])
    jax.jit(lambda metrics, x: metrics.update(target=x, preds=x).compute())(metrics, X)


def collection_closed_over(_, __):
    metrics = jm.Metrics([jm.metrics.MeanSquaredError()])
    jax.jit(lambda x: metrics.update(target=x, preds=x).compute())(X)


STATE = [
    (model_not_returned, jm.LostStateWarning, "BatchNorm.mean and .var (at .layers[1])"),
    (model_not_returned, jm.LostStateWarning, "Return the Net from the function and use"),
    (auxiliary_model_forgotten, jm.LostStateWarning, "as in `return loss, model`"),
    (model_closed_over, jm.LeakedStateError, "(at .layers[1] of the Net) would be assigned"),
    (model_closed_over, jm.LeakedStateError, "as in `def f(model, x): ...; return result, model`"),
    (model_as_the_jitted_function, jm.LeakedStateError, "call `model = model.eval()` first"),
    (model_as_the_function_of_eval_shape, jm.LeakedStateError, "Pass the Net to the function"),
    (model_under_vmap, jm.LeakedStateError, "(under `vmap`)"),
    (optimizer_not_returned, jm.LostStateWarning, "as in `return loss, optimizer`"),
    (optimizer_closed_over, jm.LeakedStateError, "as in `def f(optimizer, x): ...; return result"),
    (metric_not_returned, jm.LostStateWarning, "as in `return loss, metric`"),
    (metric_closed_over, jm.LeakedStateError, "Pass the Mean to the function as an argument"),
    (collection_not_returned, jm.LostStateWarning, "as in `return loss, metrics`"),
    (collection_closed_over, jm.LeakedStateError, "Pass the Metrics to the function"),
]

# -- initialization --------------------------------------------------------------------------------


def called_before_init(_, __):
    Net()(X)


def shape_for_inputs(_, __):
    jm.Linear(2).init(0, (4, 3))


def inputs_one_by_one(_, __):
    nn.Bilinear(2).init(0, X, X)


def no_key(_, __):
    jm.Linear(2).init(X)


def unknown_method(_, __):
    jm.Linear(2).init(0, X, "encode")


def dropout_without_key(_, __):
    jm.Dropout(0.5)(X)


def forgotten_compact(_, __):
    class Plain(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Plain().init(0, X)


def forgotten_compact_without_inputs(_, __):
    class Plain(jm.Module):
        def __call__(self, x):
            return jm.Linear(2)(x)

    Plain().init(0)(X)


def forward_for_call(_, __):
    class Plain(jm.Module):
        def forward(self, x):
            return x

    Plain()(X)


def forward_for_call_in_init(_, __):
    class Plain(jm.Module):
        def forward(self, x):
            return x

    Plain().init(0, X)


def no_call(_, __):
    class Empty(jm.Module):
        pass

    Empty().init(0, X)


def module_in_itself(_, __):
    net = Net()
    net.layers.append(net)
    net.init(0, X)


def module_in_a_parent_that_it_has(_, __):
    net = Net()
    net.layers[0].parent = net
    net.init(0, X)


def shared_layer(_, __):
    layer = jm.Linear(3)
    jm.Sequential(layer, layer).init(0, X)


INIT = [
    (called_before_init, RuntimeError, ".layers[0] (Linear) was called before it was initialized"),
    (shape_for_inputs, TypeError, "give an example of the inputs instead: `init(key, jnp.ones((4"),
    (inputs_one_by_one, TypeError, "Several inputs go into a tuple, `init(key, (a, b))`"),
    (no_key, TypeError, "Expected a random key or an integer seed, as in `init(42, ...)`"),
    (unknown_method, TypeError, "Linear has no method `encode` for `init` to call"),
    (dropout_without_key, RuntimeError, "Dropout"),
    (forgotten_compact, RuntimeError, f"Linear was made in a call of Plain and {RNG_ADVICE}"),
    (forgotten_compact, RuntimeError, "decorate the method that makes it with `@jm.compact`"),
    (forgotten_compact_without_inputs, RuntimeError, "Linear was made in a call of Plain"),
    (forward_for_call, TypeError, "Plain defines `forward`, but a Module is called by `__call__`"),
    (forward_for_call_in_init, TypeError, "Rename it: `def __call__(self, ...)`"),
    (no_call, TypeError, "Empty has no method `__call__` for `init` to call"),
    (module_in_itself, jm.SharingError, "The Net contains itself: .layers[2] is the model"),
    (module_in_a_parent_that_it_has, jm.SharingError, "contains itself: .layers[0].parent is the"),
    (shared_layer, jm.SharingError, "The same Linear is at .layers[0] and at .layers[1]"),
]

# -- fields ----------------------------------------------------------------------------------------


def holding(name: str, value: Any, *, attribute: bool = False) -> Any:
    """A mistake: a module that assigns a value to a field, and is initialized."""

    def mistake(_, __):
        class Holder(jm.Module):
            def __init__(self):
                setattr(self, name, value())

            def __call__(self, x):
                return x

        Holder().init(0, X)

    return mistake


def kind_by_name(_, __):
    jm.node(kind="param")


def array_without_a_kind(_, __):
    class Scale(jm.Module):
        factor: jax.Array = jm.node()

        def __init__(self):
            self.factor = jnp.ones(3)
            self.layer = jm.Linear(2)

        def __call__(self, x):
            return self.layer(self.factor * x)

    jm.Optimizer(optax.sgd(0.1)).init(Scale().init(0, X))


def array_in_a_metric(_, __):
    class Count(jm.Metric):
        def __init__(self):
            self.total = jnp.zeros(())

        def update(self, values):
            return self

        def compute(self):
            return self.total

    Count().update(X)


def method_as_a_declared_field(_, __):
    class Model(jm.Module):
        train: float = jm.node(1.0)

    Model()


def module_in_the_class_body(_, __):
    class Model(jm.Module):
        layer = jm.Linear(2)

    Model()


def modules_in_the_class_body(_, __):
    class Model(jm.Module):
        layers = [jm.Linear(2)]  # noqa: RUF012 - the mistake

    Model()


def module_as_a_default(_, __):
    @jm.dataclass
    class Model(jm.Module):
        layer: jm.Linear = jm.node(jm.Linear(2))

    Model()


def list_as_a_default_of_init(_, __):
    class Model(jm.Module):
        def __init__(self, layers=[]):  # noqa: B006 - the mistake
            self.layers = layers

    Model()


def list_of_the_class(_, __):
    class Model(jm.Module):
        layers = []  # noqa: RUF012 - the mistake

        def __init__(self):
            self.layers.append(jm.Linear(2))

    Model()


def list_as_a_default_of_a_field(_, __):
    jm.node([])


def misspelt_mode(model, _):
    jm.copy(model).trainin = False


def misspelt_argument(_, sequential):
    jm.copy(sequential).layers[0].feature = 3


def mode_as_an_attribute(model, _):
    jm.copy(model).training = False


def frozen_as_an_attribute(model, _):
    jm.copy(model).frozen = True


def option_of_optax(_, __):
    jm.Optimizer(optax.adam(1e-3)).learning_rate = 1e-5


def counter_in_python(_, __):
    class Counting(jm.Module):
        def __init__(self):
            self.step = 0

        def __call__(self, x):
            self.step += 1
            return x

    @jax.jit
    def call(model, x):
        return model(x), model

    model = Counting()
    for _ in range(3):
        _, model = call(model, X)


FIELDS = [
    (holding("w", lambda: X), jm.StaticFieldError, "`w: jax.Array = jm.Parameter.node()`, or"),
    (array_in_a_metric, jm.StaticFieldError, '`total: jax.Array = jm.metrics.state("sum")`'),
    (kind_by_name, TypeError, "The kind of a field is a class, as in `jm.node(kind=jm.Parameter)`"),
    (array_without_a_kind, UserWarning, "The optimizer does not train .factor (Scale.factor)"),
    (array_without_a_kind, UserWarning, "`factor: jax.Array = jm.Parameter.node()`"),
    (holding("w", lambda: jm.Parameter(X)), TypeError, "Parameter is a kind of fields, which has"),
    (holding("w", lambda: jm.State(X)), TypeError, "`w: jax.Array = jm.State.node()`"),
    (holding("w", lambda: jm.Parameter.node(X)), jm.StaticFieldError, "was assigned a declaration"),
    (holding("w", lambda: jm.node(X)), jm.StaticFieldError, "`self.w = array`"),
    (holding("w", lambda: jm.field(X)), TypeError, "needs `node=True`, for a child of the pytree"),
    (holding("w", lambda: {jm.Linear(2)}), jm.StaticFieldError, "Holder.w is a set of modules"),
    (
        holding("w", lambda: (jm.Linear(n) for n in (1, 2))),
        jm.StaticFieldError,
        "Holder.w holds a generator, which can be read only once",
    ),
    (holding("w", lambda: map(jm.Linear, (1, 2))), jm.StaticFieldError, "`self.w = list(...)`"),
    (
        holding("w", lambda: {"a": jm.Linear(2), 1: jm.Linear(2)}),
        TypeError,
        "Holder.w holds a dict with the keys 'a', 1, which JAX cannot sort",
    ),
    (method_as_a_declared_field, TypeError, "Model.train is a field, but `train` is a method"),
    *(
        (holding(name, lambda: [jm.Linear(2)]), TypeError, f"but `{name}` is a method of")
        for name in ("train", "eval", "init", "copy", "update", "parameters", "filter")
    ),
    (holding("name", lambda: 3), TypeError, "Holder.name is the name of the module, a string"),
    (holding("training", lambda: 1), AttributeError, "`training` of Holder cannot be assigned"),
    (holding("at", lambda: 1), AttributeError, "A field of your own needs another name"),
    (mode_as_an_attribute, AttributeError, "Write `model = model.train()` or `model = model.eval"),
    (frozen_as_an_attribute, AttributeError, "Write `model = model.freeze()`"),
    (module_in_the_class_body, TypeError, "Model.layer is a Linear in the class body"),
    (modules_in_the_class_body, TypeError, "Model.layers is a list in the class body"),
    (module_as_a_default, ValueError, "`default_factory=lambda: Linear(...)`"),
    (list_as_a_default_of_init, TypeError, "Model.layers is the list that is a default of `__init"),
    (list_of_the_class, TypeError, "Write `self.layers = []` in `__init__` first"),
    (list_as_a_default_of_a_field, ValueError, "Write `default_factory=lambda: []` instead"),
    (misspelt_mode, UserWarning, "Net has no attribute `trainin`"),
    (misspelt_mode, UserWarning, "`model = model.eval()`"),
    (misspelt_argument, UserWarning, "it has `features`. Did you mean `features`?"),
    (option_of_optax, AttributeError, "and then `optimizer.learning_rate = 1e-5`"),
    (counter_in_python, UserWarning, "Counting.step is a Python number"),
    (counter_in_python, UserWarning, "declare `step: jax.Array = jm.State.node()`"),
]

# -- constructors ----------------------------------------------------------------------------------

INFERRED = "The size of the inputs is not given: `init` infers it"
CONSTRUCTORS = [
    (lambda: jm.Linear(3, 4), TypeError, "Linear takes only `features` by position; got 3, 4"),
    (lambda: jm.Linear(3, 4), TypeError, INFERRED),
    (lambda: jm.Conv(3, 16, 3), TypeError, "only `features`, `kernel_size` by position; got 3, 16"),
    (lambda: jm.Conv(3, 16, 3), TypeError, INFERRED),
    (lambda: jm.BatchNorm(16), TypeError, "BatchNorm takes no arguments by position; got 16"),
    (lambda: jm.LayerNorm(16), TypeError, "Give others by name: epsilon, dtype"),
    (lambda: nn.RMSNorm(16), TypeError, INFERRED),
    (lambda: nn.InstanceNorm(16), TypeError, INFERRED),
    (lambda: nn.GroupNorm(8, 16), TypeError, "only `num_groups` by position; got 8, 16"),
    (lambda: nn.LSTMCell(3, 4), TypeError, INFERRED),
    (lambda: jm.LSTM(3, 4), TypeError, "LSTM takes only `features` by position"),
    (lambda: nn.MultiHeadAttention(16, 2), TypeError, "only `num_heads` by position; got 16, 2"),
    (lambda: nn.PReLU(0.1), TypeError, "PReLU takes no arguments by position"),
    (lambda: nn.SeparableConv(3, 16, 3), TypeError, "`kernel_size` by position; got 3, 16, 3"),
    (lambda: jm.MaxPool(2, 2, "SAME"), TypeError, "Give others by name: padding"),
    (lambda: jm.MLP(64, 1), TypeError, "as in `MLP([64, 1])`"),
    (lambda: jm.MLP([64], 1), TypeError, "MLP expects a function for `activation`; got 1"),
    (lambda: jm.MLP(["64"]), TypeError, "MLP expects an integer for `features[0]`; got '64'"),
    (lambda: jm.Linear("10"), TypeError, "Linear expects an integer for `features`; got '10'"),
    (lambda: jm.Linear(2.0), TypeError, "Linear expects an integer for `features`; got 2.0"),
    (lambda: jm.Linear(True), TypeError, "Linear expects an integer for `features`; got True"),
    (lambda: jm.Linear(-1), ValueError, "a positive integer for `features`; got -1"),
    (lambda: jm.Linear(2, use_bias=3), TypeError, "True or False for `use_bias`; got 3"),
    (lambda: jm.Linear(2, dtype="flaot32"), TypeError, "a dtype for `dtype`, such as `jnp.float32"),
    (lambda: jm.Conv(2, "33"), TypeError, "an integer or a sequence for `kernel_size`; got '33'"),
    (lambda: jm.LayerNorm(epsilon=16), ValueError, "a small number for `epsilon`, such as 1e-6"),
    (lambda: jm.BatchNorm(momentum=16), ValueError, "a number from 0 to 1 for `momentum`; got 16"),
    (lambda: jm.BatchNorm(use_running_average=16), TypeError, "True or False for `use_running_av"),
    (lambda: jm.Dropout(50), ValueError, "`rate` is a probability, from 0 to 1; got 50"),
    (lambda: jm.Dropout("0.5"), TypeError, "Dropout expects a number for `rate`; got '0.5'"),
    (lambda: jm.Dropout(0.5, rng_collection=1), TypeError, "a string for `rng_collection`; got 1"),
    (lambda: nn.GroupedQueryAttention("8"), TypeError, "an integer for `num_heads`; got '8'"),
    (lambda: jm.GRU(3, num_layers=0), ValueError, "a positive integer for `num_layers`; got 0"),
    (lambda: jm.Linear(in_features=3), TypeError, "Linear has no argument `in_features`. Did you"),
    (lambda: jm.Linear(4, bias=False), TypeError, "Did you mean `use_bias`?"),
    (lambda: jm.GlobalAvgPool(keepdim=True), TypeError, "Did you mean `keepdims`?"),
    (lambda: jm.Linear(), TypeError, "Linear needs `features`, as in `Linear(features=...)`"),
    (lambda: jm.Embed(10), TypeError, "as in `Embed(num_embeddings=..., features=...)`"),
    (lambda: jm.Linear(X), TypeError, "make the layer first and call it"),
    (lambda: jm.Flatten(1), TypeError, "Flatten.name is the name of the module, a string"),
    (lambda: jm.Sequential(jm.Linear), TypeError, "got the class Linear at position 0. Create"),
    (lambda: nn.Residual(jm.Linear), TypeError, "got the class Linear. Create an object"),
    (
        lambda: jm.Sequential(jm.Linear(2), 3),
        TypeError,
        "got 3 at position 1, which cannot be called",
    ),
    (lambda: nn.Stack(jm.Linear, 2), TypeError, "Stack expected a module, as in"),
    (lambda: jm.Optimizer(Net()), TypeError, "Optimizer wraps an optax transformation"),
]

# -- calls -----------------------------------------------------------------------------------------


class Product(jm.Module):
    """A user's own layer, with an error of JAX in it."""

    def __init__(self):
        self.layer = jm.Linear(2)

    def __call__(self, x):
        return self.layer(x) @ x


def initialized(layer: jm.Module, inputs: Any = X) -> jm.Module:
    return layer.init(0, inputs)


def scores(x, mask):
    layer = initialized(nn.SelfAttention(2), SEQUENCE)
    return layer(x, mask)


CALLS = [
    (lambda m, s: s(WIDE), ValueError, ".layers[0] (Linear) was initialized for inputs [..., 3]"),
    (lambda m, s: s(WIDE), ValueError, "got [4, 7]"),
    (lambda m, s: jax.jit(s)(WIDE), ValueError, "was initialized for inputs [..., 3]; got [4, 7]"),
    (lambda m, s: m.layers[1](WIDE), TypeError, "BatchNorm was initialized for inputs [..., 2]"),
    (lambda m, s: s.layers[0]("abc"), TypeError, "expects arrays, but input 0 is a str ('abc')"),
    (lambda m, s: s.layers[0](object()), TypeError, "input 0 is a object"),
    (lambda m, s: s.layers[0]({"a": X}), Exception, "Linear failed for the inputs dict"),
    (lambda m, s: s(X, X), TypeError, "(Linear) failed for the inputs float32[4,3], float32[4,3]"),
    (
        lambda m, s: initialized(jm.LayerNorm())(WIDE),
        ValueError,
        "LayerNorm was initialized for inputs [..., 3]; got [4, 7]",
    ),
    (
        lambda m, s: initialized(jm.Conv(2, (3, 3)), IMAGES)(jnp.ones((1, 3, 4, 4))),
        ValueError,
        "Conv was initialized for inputs [..., 3]; got [1, 3, 4, 4]",
    ),
    (
        lambda m, s: initialized(jm.Conv(4, (3, 3), feature_group_count=2), jnp.ones((1, 4, 4, 4)))(
            jnp.ones((1, 4, 4, 6))
        ),
        ValueError,
        "was initialized for inputs [..., 4]; got [1, 4, 4, 6]",
    ),
    (
        lambda m, s: initialized(nn.GroupedQueryAttention(2), SEQUENCE)(SEQUENCE[..., :2]),
        ValueError,
        ".query (Linear) was initialized for inputs [..., 4]; got [2, 5, 2]",
    ),
    (
        lambda m, s: initialized(nn.MultiHeadAttention(2), SEQUENCE)(SEQUENCE[..., :2]),
        ValueError,
        "MultiHeadAttention was initialized for",
    ),
    (
        lambda m, s: initialized(jm.Embed(5, 2), np.array([1]))(X),
        ValueError,
        "Embed failed for the inputs float32[4,3], where it has embedding float32[5,2]",
    ),
    (
        lambda m, s: initialized(jm.MLP([3, 2]))(WIDE),
        ValueError,
        ".linear (Linear) was initialized for inputs [..., 3]",
    ),
    (lambda m, s: Product().init(0, X), TypeError, "dot_general requires"),  # and a note
    (lambda m, s: jm.MaxPool(2)(IMAGES), ValueError, "`window_shape=(2, 2)`"),
    (lambda m, s: jm.Conv(2, 3).init(0, IMAGES), ValueError, "`kernel_size=(3, 3)`"),
    (lambda m, s: nn.DepthwiseConv(3).init(0, IMAGES), ValueError, "`kernel_size=(3, 3)`"),
    (lambda m, s: scores(SEQUENCE, jnp.zeros((5, 5))), TypeError, "Write `mask == 0` if 0 is at"),
    (lambda m, s: scores(SEQUENCE, np.ones((5, 5), int)), TypeError, "`mask.astype(bool)` if 1 is"),
    (
        lambda m, s: initialized(nn.GroupedQueryAttention(2), SEQUENCE)(
            SEQUENCE, padding_mask=np.ones((2, 5))
        ),
        TypeError,
        "GroupedQueryAttention expects booleans for `padding_mask`",
    ),
    (
        lambda m, s: nn.TransformerEncoderLayer(2).init(
            0, jm.Inputs(SEQUENCE, mask=jnp.zeros((5, 5)))
        ),
        TypeError,
        ".self_attention (GroupedQueryAttention) expects booleans for `mask`",
    ),
    (
        lambda m, s: nn.MultiHeadAttention(2).init(
            0, jm.Inputs(SEQUENCE, mask=linen.make_causal_mask(SEQUENCE[..., 0]))
        ),
        TypeError,
        "MultiHeadAttention expects booleans for `mask`",
    ),
    (lambda m, s: m.layers[1](X[:, :2], mask=np.ones(4)), TypeError, "BatchNorm expects booleans"),
    (
        lambda m, s: nn.GlobalAvgPool()(SEQUENCE, mask=np.ones((2, 5))),
        TypeError,
        "GlobalAvgPool expects booleans for `mask`",
    ),
    (
        lambda m, s: jm.GRU(2).init(0, jm.Inputs(SEQUENCE, mask=np.ones((2, 5)))),
        TypeError,
        "GRU expects booleans for `mask`",
    ),
    (lambda m, s: s.forward(X), AttributeError, "Sequential has no method `forward`. Call the mod"),
    (lambda m, s: s.state_dict(), AttributeError, "Write `jm.state_dict(model)`"),
    (lambda m, s: s.load_state_dict({}), AttributeError, "Write `model = jm.load_state_dict(model"),
    (lambda m, s: jm.metrics.Mean().forward(X), AttributeError, "Mean has no method `forward`"),
    (lambda m, s: jm.metrics.Mean().reset_states(), AttributeError, "It is `metric.reset()`"),
]


def after_donation(_, sequential):
    model = jax.tree.map(jnp.array, sequential)
    jax.tree.map(lambda array: array.delete(), model)  # as donation does
    model(X)


def new_head_with_the_old_optimizer(_, __):
    def model(features):
        return jm.Sequential(jm.Linear(2), jm.Linear(features)).init(0, X)

    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(model(1))
    optimizer.update(model(5), model(5))


def new_head_that_does_not_broadcast(_, __):
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init({"w": jnp.ones(2)})
    optimizer.update({"w": jnp.ones(3)}, {"w": jnp.ones(3)})


def learning_rate_of_a_wrong_type(_, sequential):
    params = sequential.parameters()
    jm.Optimizer(optax.adam("1e-3")).init(params).update(params, params)


def transformation_that_needs_parameters(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.add_decayed_weights(0.1)).init(params)
    optimizer.update(params, apply_updates=False)


def state_of_no_tree(_, __):
    jm.Optimizer(optax.adam(1e-3)).init({"w": "weights"})


def update_before_init(_, sequential):
    jm.Optimizer(optax.adam(1e-3)).update(sequential, sequential)


def optimizer_before_init_of_the_model(_, __):
    jm.Optimizer(optax.adam(1e-3)).init(Net())


OPTIMIZER = [
    (after_donation, RuntimeError, "holds a deleted array at .kernel: it was donated to a"),
    (new_head_with_the_old_optimizer, ValueError, "At .layers[1].bias: the optimizer was init"),
    (new_head_with_the_old_optimizer, ValueError, "call `optimizer = optimizer.adapt(model)`"),
    (new_head_that_does_not_broadcast, ValueError, "of the shape (2,), but the gradient has (3,)"),
    (learning_rate_of_a_wrong_type, TypeError, "Optimizer.update failed in optax"),
    (transformation_that_needs_parameters, ValueError, "Optimizer.update failed in optax"),
    (state_of_no_tree, TypeError, "the parameter is a str, 'weights', but only arrays of"),
    (update_before_init, RuntimeError, "The optimizer was not initialized"),
    (optimizer_before_init_of_the_model, ValueError, "has no trainable parameters. Initialize"),
]


def ids(rows: Any) -> list[str]:
    names = (getattr(row[0], "__name__", "") for row in rows)
    return [name.replace("<lambda>", "call") for name in names]


@pytest.mark.parametrize(("mistake", "kind", "text"), STATE, ids=ids(STATE))
def test_state_and_traces(mistake, kind, text, model, sequential):
    assert_told(lambda: mistake(jm.copy(model), sequential), kind, text)


@pytest.mark.parametrize(("mistake", "kind", "text"), INIT, ids=ids(INIT))
def test_init(mistake, kind, text):
    assert_told(lambda: mistake(None, None), kind, text)


@pytest.mark.parametrize(("mistake", "kind", "text"), FIELDS, ids=ids(FIELDS))
def test_fields(mistake, kind, text, model, sequential):
    assert_told(lambda: mistake(model, sequential), kind, text)


@pytest.mark.parametrize(("make", "kind", "text"), CONSTRUCTORS)
def test_constructors(make, kind, text):
    assert_told(make, kind, text)


@pytest.mark.parametrize(("call", "kind", "text"), CALLS)
def test_calls(call, kind, text, model, sequential):
    assert_told(lambda: call(model.eval(), sequential), kind, text)


@pytest.mark.parametrize(("mistake", "kind", "text"), OPTIMIZER, ids=ids(OPTIMIZER))
def test_optimizer(mistake, kind, text, sequential):
    assert_told(lambda: mistake(None, sequential), kind, text)


def assert_told(mistake: Any, kind: type, text: str) -> None:
    if issubclass(kind, Warning):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            mistake()
        found = [w for w in told if issubclass(w.category, kind) and text in str(w.message)]
        assert found, [str(w.message) for w in told]
        assert found[0].filename == __file__
    else:
        with pytest.raises(kind, match=re.escape(text)):
            mistake()


def test_an_error_of_flax_is_the_cause(sequential):
    with pytest.raises(ValueError, match="was initialized for inputs") as told:
        sequential(WIDE)
    assert type(told.value.__cause__).__name__ == "ScopeParamShapeError"


def test_an_error_in_code_of_the_user_gets_a_note():
    with pytest.raises(TypeError) as told:
        jm.Sequential(Product()).init(0, X)
    notes = told.value.__notes__
    assert "Raised in .layers[0] (Product), called with float32[4,3]." in notes
    assert sum(note.startswith("Raised in") for note in notes) == 1


def test_an_own_error_of_the_user_stays():
    error = KeyError("own")

    def fails(x):
        raise error

    with pytest.raises(KeyError) as told:
        jm.Sequential(fails)(X)
    assert told.value is error


def test_an_error_of_the_library_stays(model):
    with pytest.raises(RuntimeError) as told:
        Net()(X)
    assert told.value.__cause__ is None and not hasattr(told.value, "__notes__")


def test_correct_programs_are_silent(model, sequential):
    class Base(jm.Module):
        def forward(self, x):
            return 2 * x

    class Inherits(Base):
        def __call__(self, x):
            return self.forward(x)

    @dataclasses.dataclass
    class Options:
        rate: float = 0.5

    class Plain(jm.Module):
        def __init__(self, sizes=(2, 3), options=None):
            self.sizes = sizes
            self.options = options
            self.layer1 = jm.Linear(2)
            self.used = False

        def __call__(self, x):
            if not self.used:
                self.used = True
            return self.layer1(x)

    plain = Plain(options=Options()).init(0, X)
    plain.layer2 = jm.Linear(3)
    plain.note = "own"
    plain.rate2 = 0.5
    jax.jit(lambda model, x: (model(x), model))(plain, X)
    assert (Inherits()(X) == 2 * X).all()
    jm.Optimizer(optax.adam(1e-3)).init(model)
    assert nn.GroupNorm(2) and nn.GroupNorm(None, group_size=1) and jm.LayerNorm(epsilon=0.0)
    assert nn.Einsum((3, 4), "bi,io->bo") and jm.Conv(np.int64(2), [3])
    assert jm.Linear(2, dtype="float32")
