"""`check_layer`: the checks that every layer must pass, including custom ones."""

import pickle
import re
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import Cache, Inputs, Log, Module, TreePart, iter_split
from jax_metrics.nn import FlaxLayer
from jax_metrics.nn.flax import IN_TRAINING, training_flags
from jax_metrics.testing._check_sharded import check_sharded
from jax_metrics.testing._layer_case import (
    LayerCase,
    as_loss,
    as_numpy,
    by_numpy,
    call_copy,
    is_float,
)
from jax_metrics.tree import copy, filter, merge


def check_layer(
    layer: Module,
    inputs: Any,
    *,
    twin: linen.Module | None = None,
    reference: Callable[..., Any] | None = None,
    key: int = 42,
    bad_inputs: Sequence[tuple[Any, type[Exception], str]] = (),
    rtol: float = 1e-5,
    atol: float = 1e-5,
    bfloat16: float | None = 0.1,
    vmap: bool = True,
    sharded: bool = True,
    pickler: Any = pickle,
) -> None:
    """Runs the checks that every layer must pass.

    - `init` is deterministic for a key, does not change the layer that it is called on, only
      creates arrays in fields that have a kind, and works under `eval_shape` and `vmap`.
    - With a `twin`: variables are bit-equal from the same key; outputs, gradients and changed
      state are close, in training and in evaluation mode.
    - With a `reference`: outputs in evaluation mode are close.
    - Evaluation mode and freezing agree, and change no state except caches and logs.
    - `jit`, `vmap` and `eval_shape` agree with the plain call; gradients are finite; a second call
      with the returned layer is not traced again.
    - A layer that was pickled, or flattened and unflattened, has the same structure and outputs.
    - In bfloat16 the outputs are finite, and close.
    - Sharded over the batch and over the features of its parameters, with Auto and Explicit mesh
      axes and under `shard_map`, the outputs are the same (with at least two devices).

    Args:
        layer: The layer, not initialized.
        inputs: The inputs of the call, as in `layer.init`.
        twin: The Flax module that the layer, a FlaxLayer, must agree with.
        reference: A function of the layer and its inputs that returns the expected output.
        key: The seed to initialize from.
        bad_inputs: Inputs that a call must reject, each with the expected exception and a pattern
            that its message matches.
        rtol: Relative tolerance of results.
        atol: Absolute tolerance of results.
        bfloat16: Tolerance in bfloat16, relative to the largest output; None skips the check.
        vmap: Whether to map the layer over a new axis of its inputs.
        sharded: Whether to shard the first axis of the inputs, as a batch.
        pickler: The module to pickle with, such as `cloudpickle` for layers with functions that
            `pickle` cannot pickle, such as `jax.nn.relu`.

    Raises:
        AssertionError: With the first check that failed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> from jax_metrics.testing import check_layer
        >>> check_layer(
        ...     jm.Linear(4),
        ...     jnp.ones((2, 3)),
        ...     reference=lambda layer, x: x @ layer.kernel + layer.bias,
        ...     bad_inputs=[(jnp.ones((2, 7)), Exception, "shape")],
        ... )
    """
    given = Inputs.from_value(inputs)
    case = LayerCase(layer, layer.init(key, given), given, jax.random.key(key), rtol, atol)
    _check_init(case)
    if twin is not None:
        _check_twin(case, twin)
    if reference is not None:
        expected = reference(case.initialized.eval(), *given.args, **given.kwargs)
        case.close(case.evaluated[0], expected, "the output, from the reference")
    _check_modes(case)
    _check_transformations(case)
    _check_gradients(case)
    _check_structure(case, pickler)
    if vmap:
        _check_vmap(case)
    if bfloat16 is not None:
        _check_bfloat16(case, bfloat16)
    if sharded:
        check_sharded(
            case.initialized,
            case.arrays,
            lambda layer, arrays: call_copy(layer, case.with_arrays(arrays))[0],
            case.evaluated[0],
            case.trained[0],
            case.close,
        )
    for wrong, error, pattern in bad_inputs:
        _check_rejected(case, Inputs.from_value(wrong), error, pattern)


def _check_init(case: LayerCase) -> None:
    if case.uninitialized.initialized or not case.initialized.initialized:
        raise case.fail("`init` must return an initialized layer and not change the given one.")
    case.close(
        case.uninitialized.init(case.key, case.inputs),
        case.initialized,
        "a second `init`",
        exact=True,
    )
    kindless = len(jax.tree.leaves(case.initialized)) - len(
        jax.tree.leaves(filter(case.initialized, TreePart))
    )
    if kindless:
        raise case.fail(f"{kindless} arrays are in fields without a kind, such as `jm.Parameter`.")
    shapes = jax.eval_shape(lambda key: case.uninitialized.init(key, case.inputs), case.key)
    _check_shapes(case, shapes, case.initialized, "`init` under `eval_shape`")
    keys = jax.random.split(case.key, 2)

    def first_of_two(keys: jax.Array) -> Module:
        ensemble = jax.vmap(lambda key: case.uninitialized.init(key, case.inputs))(keys)
        return jax.tree.map(lambda x: x[0], ensemble)

    _check_shapes(case, jax.eval_shape(first_of_two, keys), case.initialized, "`init` under `vmap`")


def _check_shapes(case: LayerCase, actual: Any, expected: Any, what: str) -> None:
    shapes = [[(x.shape, x.dtype) for x in jax.tree.leaves(tree)] for tree in (actual, expected)]
    if shapes[0] != shapes[1]:
        raise case.fail(f"{what}, returns the shapes {shapes[0]} and not {shapes[1]}.")


def _check_twin(case: LayerCase, twin: linen.Module) -> None:
    layer, inputs = case.initialized, case.inputs
    if not isinstance(layer, FlaxLayer):
        raise TypeError(
            f"`twin=` needs a FlaxLayer; {type(layer).__name__} is not one. Pass a `reference=`."
        )
    variables: Any = twin.init(case.key, *inputs.args, **_with_mode(twin, inputs, training=True))
    case.close(layer.variables, dict(variables), "the variables, from the twin", exact=True)
    key = vars(layer).get("rng")
    rngs = {} if key is None else {"dropout": iter_split(key)[0]}
    mutable = [name for name in variables if name != "params"]
    for training, (ours, after) in ((False, case.evaluated), (True, case.trained)):
        mode = "in training" if training else "in evaluation mode"
        kwargs = _with_mode(twin, inputs, training=training)
        theirs, changed = twin.apply(variables, *inputs.args, rngs=rngs, mutable=mutable, **kwargs)
        case.close(ours, theirs, f"the output {mode}, from the twin")
        states = {name: getattr(after, "variables")[name] for name in mutable}  # noqa: B009
        case.close(states, dict(changed), f"the state after a call {mode}, from the twin")

    def loss(params: Any, args: tuple[Any, ...]) -> jax.Array:
        mode = _with_mode(twin, inputs, training=False)
        output, _ = twin.apply({**variables, "params": params}, *args, mutable=mutable, **mode)
        return as_loss(output)

    if "params" in variables:
        expected = jax.jit(jax.grad(loss))(variables["params"], inputs.args)
        grads: Any = merge(layer, case.gradients[0])
        case.close(grads.variables["params"], expected, "the gradients, from the twin")


def _with_mode(twin: linen.Module, inputs: Inputs, training: bool) -> dict[str, Any]:
    """The keyword arguments of a call of the twin, including its training flags."""
    names = [name for name, _ in training_flags(type(twin), "__call__")]
    flags = {n: IN_TRAINING[n] == training for n in names if getattr(twin, n, None) is None}
    return {**flags, **inputs.kwargs}


def _check_modes(case: LayerCase) -> None:
    evaluating, frozen = case.initialized.eval(), case.initialized.freeze()
    if evaluating.training or not frozen.frozen or not case.initialized.training:
        raise case.fail("`eval()` and `freeze()` must return a new layer in that mode.")
    output, after = case.evaluated
    case.close(
        _without_caches(after),
        _without_caches(evaluating),
        "the state after a call in evaluation mode",
    )
    frozen_output, after = call_copy(frozen, case.inputs)
    case.close(
        _without_caches(after), _without_caches(frozen), "the state after a call when frozen"
    )
    case.close(frozen_output, output, "the output when frozen, from that in evaluation mode")
    restored = evaluating.train()
    case.close(restored, case.initialized, "the layer after `eval()` and `train()`", exact=True)


def _without_caches(layer: Module) -> Module:
    """All fields except caches and logs, which calls in evaluation mode may change."""
    changing = (Cache, Log)
    return filter(layer, lambda info: not issubclass(info.kind, changing))


def _check_transformations(case: LayerCase) -> None:
    for layer in (case.initialized.eval(), case.initialized):
        mode = "in training" if layer.training else "in evaluation mode"
        output, after = case.trained if layer.training else case.evaluated
        case.traces.clear()
        compiled, returned = case.step(layer, case.arrays)
        case.close(compiled, output, f"the output of `jit` {mode}, from that without")
        case.close(returned, after, f"the layer after `jit` {mode}, from that without")
        case.step(returned, case.arrays)
        if len(case.traces) != 1:
            raise case.fail(
                f"a call with the layer that the previous call returned is traced again, {mode}: "
                "the structure of the layer, or a shape or dtype in it, has changed."
            )
        shapes = jax.eval_shape(case.step, layer, case.arrays)
        _check_shapes(case, shapes, (output, after), f"`eval_shape` {mode}")


def _check_gradients(case: LayerCase) -> None:
    for what, tree in zip(("parameters", "inputs"), case.gradients, strict=True):
        for path, value in jax.tree_util.tree_leaves_with_path(tree):
            if not np.isfinite(np.float64(value)).all():
                where = jax.tree_util.keystr(path)
                raise case.fail(f"the gradient of the {what} at {where} is not finite.")


def _check_structure(case: LayerCase, pickler: Any) -> None:
    layer = case.initialized.eval()
    leaves, structure = jax.tree.flatten(layer)
    rebuilt = jax.tree.unflatten(structure, leaves)
    case.close(rebuilt, layer, "the layer after flatten and unflatten", exact=True)
    case.close(copy(layer), layer, "the copied layer", exact=True)
    try:
        pickled = pickler.loads(pickler.dumps(layer))
    except Exception as error:
        raise case.fail(f"it cannot be pickled: {type(error).__name__}: {error}") from error
    case.close(pickled, layer, "the unpickled layer", exact=True)
    output, _ = case.step(pickled, case.arrays)
    case.close(output, case.evaluated[0], "the output of the unpickled layer")


def _check_vmap(case: LayerCase) -> None:
    layer = case.initialized.eval()
    others = [by_numpy(lambda x: x[::-1], x) if x.ndim else x for x in case.arrays]
    pairs = zip(case.arrays, others, strict=True)
    stacked = [by_numpy(lambda *xs: np.stack(xs), *pair) for pair in pairs]
    outputs = jax.jit(jax.vmap(lambda arrays: case.step(layer, arrays)[0]))(stacked)
    singles = (case.evaluated[0], case.step(layer, others)[0])
    for number, single in enumerate(singles):
        output = jax.tree.map(lambda x, number=number: as_numpy(x)[number], outputs)
        case.close(output, single, "the output of `vmap`, from single calls")


def _check_bfloat16(case: LayerCase, tolerance: float) -> None:
    def lower(value: Any) -> Any:
        return by_numpy(lambda x: x.astype(jnp.bfloat16), value) if is_float(value) else value

    low = jax.tree.map(lower, (case.initialized.eval(), case.arrays))
    output, _ = case.step(*low)
    expected, _ = case.evaluated
    for value, other in zip(jax.tree.leaves(output), jax.tree.leaves(expected), strict=True):
        if is_float(other):
            value, other = np.float32(value), np.float32(other)
            error = abs(value - other).max(initial=0)
            allowed = tolerance * max(abs(other).max(initial=0), 1)
            if not error <= allowed:  # NaN is not
                raise case.fail(
                    f"the output in bfloat16 differs by {error} from that in float32; the "
                    f"tolerance is {allowed}."
                )


def _check_rejected(case: LayerCase, inputs: Inputs, error: type[Exception], pattern: str) -> None:
    try:
        call_copy(case.initialized.eval(), inputs)
    except error as raised:
        if re.search(pattern, str(raised)) is None:
            raise case.fail(
                f"for the bad inputs {inputs!r} the error should match {pattern!r}; it is: {raised}"
            ) from raised
        return
    raise case.fail(f"the bad inputs {inputs!r} should raise {error.__name__}, and did not.")
