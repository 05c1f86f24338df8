"""`check_layer`: what every layer has to get right, its user's own ones included."""

import dataclasses
import functools
import pickle
import re
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import Cache, Inputs, Log, Module, Parameter, TreePart, iter_split
from jax_metrics.nn import FlaxLayer
from jax_metrics.nn.flax import IN_TRAINING, training_flags
from jax_metrics.testing._check_sharded import check_sharded
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
    """Checks that a layer does what layers must do.

    - `init` gives the same from the same key, leaves the layer that it is called on alone, gives
      each field with an array a kind, and works under `eval_shape` and `vmap`.
    - With a `twin`: variables are bit-equal from the same key; outputs, gradients and changed
      state are close, in training and in evaluation mode.
    - With a `reference`: outputs in evaluation mode are close.
    - Evaluation mode and freezing change no state but caches, and give the same.
    - `jit`, `vmap` and `eval_shape` agree with the plain call; gradients are finite; a second call
      with the returned layer is not traced again.
    - A layer that was pickled, or taken apart by JAX, has the same structure and does the same.
    - In bfloat16 the outputs are finite, and close.
    - Sharded over the batch and over the features of its parameters, with Auto and Explicit mesh
      axes and under `shard_map`, it does the same (with two devices or more).

    Args:
        layer: The layer, not initialized.
        inputs: What to call it with, as in `layer.init`.
        twin: The Flax module that the layer, a FlaxLayer, is to be equal to.
        reference: What the layer computes, as a function of the layer and its inputs.
        key: The seed to initialize from.
        bad_inputs: Inputs that a call must refuse, each with the exception and a pattern that its
            text matches.
        rtol: How far results may be from each other, in relation to them.
        atol: How far at least.
        bfloat16: How far they may be in bfloat16, in relation to the largest; None: do not check.
        vmap: Whether to map the layer over a new axis of its inputs.
        sharded: Whether to shard the first axis of the inputs, as a batch.
        pickler: What to pickle with: `cloudpickle`, where a layer holds functions that `pickle`
            refuses, such as `jax.nn.relu`.

    Raises:
        AssertionError: With the first thing that is wrong.

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
    case = _Case(layer, layer.init(key, given), given, jax.random.key(key), rtol, atol)
    _check_init(case)
    if twin is not None:
        _check_twin(case, twin)
    if reference is not None:
        expected = reference(case.made.eval(), *given.args, **given.kwargs)
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
            case.made,
            case.arrays,
            lambda layer, arrays: _call(layer, case.with_arrays(arrays))[0],
            case.evaluated[0],
            case.trained[0],
            case.close,
        )
    for wrong, error, pattern in bad_inputs:
        _check_refused(case, Inputs.from_value(wrong), error, pattern)


@dataclasses.dataclass(frozen=True)
class _Case:
    """A layer that is checked.

    Attributes:
        fresh: The layer as it was given.
        made: The layer after `init`.
        inputs: What to call it with.
        key: What it was made from.
        rtol: How far results may be apart, in relation to them.
        atol: How far at least.
    """

    fresh: Module
    made: Module
    inputs: Inputs
    key: jax.Array
    rtol: float
    atol: float

    @functools.cached_property
    def arrays(self) -> list[Any]:
        """The arrays among the inputs."""
        return [leaf for leaf in jax.tree.leaves(self._arguments) if _is_array(leaf)]

    def with_arrays(self, arrays: Sequence[Any]) -> Inputs:
        """The inputs with other arrays in their place."""
        left = iter(arrays)
        args, kwargs = jax.tree.map(lambda x: next(left) if _is_array(x) else x, self._arguments)
        return Inputs(*args, **kwargs)

    @property
    def _arguments(self) -> Any:
        return self.inputs.args, self.inputs.kwargs

    @functools.cached_property
    def traces(self) -> list[None]:
        """As long as the number of times that `step` was traced."""
        return []

    @functools.cached_property
    def step(self) -> Callable[[Module, Sequence[Any]], tuple[Any, Module]]:
        """A compiled call with these arrays: its output, and the layer after it."""

        def call(layer: Module, arrays: Sequence[Any]) -> tuple[Any, Module]:
            self.traces.append(None)
            return _call(layer, self.with_arrays(arrays))

        return jax.jit(call)

    @functools.cached_property
    def evaluated(self) -> tuple[Any, Module]:
        """The output of a call in evaluation mode, and the layer after it."""
        return _call(self.made.eval(), self.inputs)

    @functools.cached_property
    def trained(self) -> tuple[Any, Module]:
        """The same in training."""
        return _call(self.made, self.inputs)

    @functools.cached_property
    def gradients(self) -> tuple[Any, list[Any]]:
        """Those of the parameters, and those of the inputs."""
        layer = self.made.eval()

        def loss(params: Any, floats: list[Any]) -> jax.Array:
            left = iter(floats)
            arrays = [next(left) if _is_float(x) else x for x in self.arrays]
            return _as_loss(_call(merge(layer, params), self.with_arrays(arrays))[0])

        floats = [x for x in self.arrays if _is_float(x)]
        return jax.jit(jax.grad(loss, argnums=(0, 1)))(filter(layer, Parameter), floats)

    def fail(self, what: str) -> AssertionError:
        return AssertionError(f"{type(self.fresh).__name__}: {what}")

    def close(self, actual: Any, expected: Any, what: str, *, exact: bool = False) -> None:
        """Raises unless two trees have the same structure and (nearly) the same values."""
        shown = jax.tree.structure(actual), jax.tree.structure(expected)
        if shown[0] != shown[1]:
            raise self.fail(f"{what}, differs in structure: {shown[0]} is not {shown[1]}.")
        pairs = zip(jax.tree_util.tree_leaves_with_path(actual), jax.tree.leaves(expected))  # noqa: B905
        for (path, value), other in pairs:
            where = f"{what}, at {jax.tree_util.keystr(path) or 'the root'}"
            a, b = _plain(value), _plain(other)
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise self.fail(
                    f"{where}, is {a.dtype}{list(a.shape)} and not {b.dtype}{list(b.shape)}."
                )
            rtol, atol = (0, 0) if exact else (self.rtol, self.atol)
            wide = (x.astype(np.float64) if x.dtype.kind == "V" else x for x in (a, b))
            if not np.allclose(*wide, rtol=rtol, atol=atol, equal_nan=True):
                raise self.fail(f"{where}, is\n{value}\nand not\n{other}")


def _plain(value: Any) -> np.ndarray:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    return np.asarray(value)


def _by_numpy(function: Callable[..., np.ndarray], *arrays: Any) -> Any:
    """Applies a function of NumPy to arrays of one dtype, which may be that of random keys.

    For each operation on each shape JAX would compile a program, and that takes far longer.
    """
    found = function(*map(_plain, arrays))
    if not jnp.issubdtype(arrays[0].dtype, jax.dtypes.prng_key):
        return found
    return jax.random.wrap_key_data(jnp.asarray(found), impl=jax.random.key_impl(arrays[0]))


def _call(layer: Module, inputs: Inputs) -> tuple[Any, Module]:
    """The output of a call, and the layer after it; the given one stays as it is."""
    layer = copy(layer)
    return layer(*inputs.args, **inputs.kwargs), layer


def _check_init(case: _Case) -> None:
    if case.fresh.initialized or not case.made.initialized:
        raise case.fail("`init` must return an initialized layer and leave the given one alone.")
    case.close(case.fresh.init(case.key, case.inputs), case.made, "a second `init`", exact=True)
    bare = len(jax.tree.leaves(case.made)) - len(jax.tree.leaves(filter(case.made, TreePart)))
    if bare:
        raise case.fail(f"{bare} arrays are in fields without a kind, such as `jm.Parameter`.")
    shapes = jax.eval_shape(lambda key: case.fresh.init(key, case.inputs), case.key)
    _check_shapes(case, shapes, case.made, "`init` under `eval_shape`")
    keys = jax.random.split(case.key, 2)

    def first_of_two(keys: jax.Array) -> Module:
        ensemble = jax.vmap(lambda key: case.fresh.init(key, case.inputs))(keys)
        return jax.tree.map(lambda x: x[0], ensemble)

    _check_shapes(case, jax.eval_shape(first_of_two, keys), case.made, "`init` under `vmap`")


def _check_shapes(case: _Case, actual: Any, expected: Any, what: str) -> None:
    shapes = [[(x.shape, x.dtype) for x in jax.tree.leaves(tree)] for tree in (actual, expected)]
    if shapes[0] != shapes[1]:
        raise case.fail(f"{what}, gives the shapes {shapes[0]} and not {shapes[1]}.")


def _check_twin(case: _Case, twin: linen.Module) -> None:
    layer, inputs = case.made, case.inputs
    if not isinstance(layer, FlaxLayer):
        raise TypeError(
            f"Only a FlaxLayer has a twin; {type(layer).__name__} is none. Give a `reference=`."
        )
    made: Any = twin.init(case.key, *inputs.args, **_with_mode(twin, inputs, training=True))
    case.close(layer.variables, dict(made), "the variables, from the twin", exact=True)
    key = vars(layer).get("rng")
    rngs = {} if key is None else {"dropout": iter_split(key)[0]}
    lasting = [name for name in made if name != "params"]
    for training, (ours, after) in ((False, case.evaluated), (True, case.trained)):
        mode = "in training" if training else "in evaluation mode"
        kwargs = _with_mode(twin, inputs, training=training)
        theirs, changed = twin.apply(made, *inputs.args, rngs=rngs, mutable=lasting, **kwargs)
        case.close(ours, theirs, f"the output {mode}, from the twin")
        states = {name: getattr(after, "variables")[name] for name in lasting}  # noqa: B009
        case.close(states, dict(changed), f"the state after a call {mode}, from the twin")

    def loss(params: Any, args: tuple[Any, ...]) -> jax.Array:
        mode = _with_mode(twin, inputs, training=False)
        output, _ = twin.apply({**made, "params": params}, *args, mutable=lasting, **mode)
        return _as_loss(output)

    if "params" in made:
        wanted = jax.jit(jax.grad(loss))(made["params"], inputs.args)
        grads: Any = merge(layer, case.gradients[0])
        case.close(grads.variables["params"], wanted, "the gradients, from the twin")


def _with_mode(twin: linen.Module, inputs: Inputs, training: bool) -> dict[str, Any]:
    """The keywords of a call of the twin, with those that tell it the mode."""
    names = [name for name, _ in training_flags(type(twin), "__call__")]
    told = {n: IN_TRAINING[n] == training for n in names if getattr(twin, n, None) is None}
    return {**told, **inputs.kwargs}


def _check_modes(case: _Case) -> None:
    evaluating, frozen = case.made.eval(), case.made.freeze()
    if evaluating.training or not frozen.frozen or not case.made.training:
        raise case.fail("`eval()` and `freeze()` must return a layer in that mode, and a new one.")
    output, after = case.evaluated
    case.close(_lasting(after), _lasting(evaluating), "the state after a call in evaluation mode")
    still, after = _call(frozen, case.inputs)
    case.close(_lasting(after), _lasting(frozen), "the state after a call when frozen")
    case.close(still, output, "the output when frozen, from that in evaluation mode")
    back = evaluating.train()
    case.close(back, case.made, "the layer after `eval()` and `train()`", exact=True)


def _lasting(layer: Module) -> Module:
    """What evaluation mode leaves alone: all but caches and logs."""
    changing = (Cache, Log)
    return filter(layer, lambda info: not issubclass(info.kind, changing))


def _is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def _check_transformations(case: _Case) -> None:
    for layer in (case.made.eval(), case.made):
        mode = "in training" if layer.training else "in evaluation mode"
        output, after = case.trained if layer.training else case.evaluated
        case.traces.clear()
        compiled, returned = case.step(layer, case.arrays)
        case.close(compiled, output, f"the output of `jit` {mode}, from that without")
        case.close(returned, after, f"the layer after `jit` {mode}, from that without")
        case.step(returned, case.arrays)
        if len(case.traces) != 1:
            raise case.fail(
                f"a call with the layer that the one before returned is traced again, {mode}: the "
                "structure of the layer, or a shape or dtype in it, has changed."
            )
        shapes = jax.eval_shape(case.step, layer, case.arrays)
        _check_shapes(case, shapes, (output, after), f"`eval_shape` {mode}")


def _is_float(value: Any) -> bool:
    return hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)


def _as_loss(output: Any) -> jax.Array:
    """A number in which each value of the output has a weight of its own."""
    floats = [x.astype(jnp.float32) for x in jax.tree.leaves(output) if _is_float(x)]
    return sum((jnp.sum(jnp.sin(x + jnp.arange(x.size).reshape(x.shape))) for x in floats), 0.0)  # type: ignore[return-value]


def _check_gradients(case: _Case) -> None:
    for what, tree in zip(("parameters", "inputs"), case.gradients, strict=True):
        for path, value in jax.tree_util.tree_leaves_with_path(tree):
            if not np.isfinite(np.float64(value)).all():
                where = jax.tree_util.keystr(path)
                raise case.fail(f"the gradient of the {what} at {where} is not finite.")


def _check_structure(case: _Case, pickler: Any) -> None:
    layer = case.made.eval()
    leaves, structure = jax.tree.flatten(layer)
    rebuilt = jax.tree.unflatten(structure, leaves)
    case.close(rebuilt, layer, "the layer that was taken apart by JAX", exact=True)
    case.close(copy(layer), layer, "the layer that was copied", exact=True)
    try:
        pickled = pickler.loads(pickler.dumps(layer))
    except Exception as error:
        raise case.fail(f"it cannot be pickled: {type(error).__name__}: {error}") from error
    case.close(pickled, layer, "the layer that was pickled", exact=True)
    output, _ = case.step(pickled, case.arrays)
    case.close(output, case.evaluated[0], "the output of the layer that was pickled")


def _check_vmap(case: _Case) -> None:
    layer = case.made.eval()
    others = [_by_numpy(lambda x: x[::-1], x) if x.ndim else x for x in case.arrays]
    pairs = zip(case.arrays, others, strict=True)
    stacked = [_by_numpy(lambda *xs: np.stack(xs), *pair) for pair in pairs]
    outputs = jax.jit(jax.vmap(lambda arrays: case.step(layer, arrays)[0]))(stacked)
    singles = (case.evaluated[0], case.step(layer, others)[0])
    for number, single in enumerate(singles):
        output = jax.tree.map(lambda x, number=number: _plain(x)[number], outputs)
        case.close(output, single, "the output of `vmap`, from those one by one")


def _check_bfloat16(case: _Case, tolerance: float) -> None:
    def lower(value: Any) -> Any:
        return _by_numpy(lambda x: x.astype(jnp.bfloat16), value) if _is_float(value) else value

    low = jax.tree.map(lower, (case.made.eval(), case.arrays))
    output, _ = case.step(*low)
    expected, _ = case.evaluated
    for value, other in zip(jax.tree.leaves(output), jax.tree.leaves(expected), strict=True):
        if _is_float(other):
            value, other = np.float32(value), np.float32(other)
            furthest = abs(value - other).max(initial=0)
            allowed = tolerance * max(abs(other).max(initial=0), 1)
            if not furthest <= allowed:  # NaN is not
                raise case.fail(
                    f"the output in bfloat16 is {furthest} away from that in float32; allowed is "
                    f"{allowed}."
                )


def _check_refused(case: _Case, inputs: Inputs, error: type[Exception], pattern: str) -> None:
    try:
        _call(case.made.eval(), inputs)
    except error as raised:
        if re.search(pattern, str(raised)) is None:
            raise case.fail(
                f"for the bad inputs {inputs!r} the error should say {pattern!r}; it says: {raised}"
            ) from raised
        return
    raise case.fail(f"the bad inputs {inputs!r} should raise {error.__name__}, and did not.")
