"""`find_nan`: the first array of a model that is NaN or infinite."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.xla_metadata import set_xla_metadata

from jax_metrics.arguments import names_arguments
from jax_metrics.losses import Loss
from jax_metrics.module import Cache, Inputs, LossLog, ModelState, Module, Parameter, calls_run_by
from jax_metrics.training.debugging._bad_array import BadArray
from jax_metrics.training.debugging._taps import Tap, Taps, is_checked, stats_of
from jax_metrics.training.loop import supervised
from jax_metrics.tree import copy, leaves_in_order, merge, trees_with_paths

_searches = itertools.count()


@names_arguments
def find_nan(
    model: Module,
    *inputs: Any,
    loss: Loss | Callable[..., Any] | None = None,
    backward: bool = True,
) -> BadArray | None:
    """Finds the first array of a model that is NaN or infinite, in the forward or backward pass.

    It runs the model once, and then its gradient, and checks the inputs and outputs of each module,
    also inside of `Stack`, `Remat`, recurrent layers and functions under `jax.jit` or `jax.vmap`.
    It checks Parameters, statistics such as those of BatchNorm, inputs, outputs, the loss, and the
    gradients of all these. The model and its keys stay unchanged.

    Args:
        model: The model, in the mode in which NaN appears.
        *inputs: The arguments of `loss` after the model, or those of a call of the model; or one
            `jm.Inputs`, for keyword arguments.
        loss: A function of the model and the inputs that returns the loss, or `(loss, aux)`: the
            function that `jm.value_and_grad` takes. Or a loss of `jm.losses`, with inputs and
            targets, or one batch, as `*inputs`; see `supervised`. What modules log as `LossLog` is
            added, as in `fit`. None: the sum of the model's outputs.
        backward: Whether to check gradients: those on the way to trainable Parameters. For a model
            without trainable Parameters, the gradients of its inputs are checked.

    Returns:
        The first array that is not finite, with its place and the arrays that became NaN or
        infinite after it; None if all are finite. Print it for a description.

    Raises:
        TypeError: If the model is not a Module, the loss is neither a loss nor a function that
            returns a scalar, or the call of a module differentiates in forward mode.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(2), jnp.abs, jnp.sqrt).init(0, jnp.ones((1, 3)))
        >>> print(jm.training.find_nan(model, jnp.zeros((4, 3))))
        backward pass: the gradient of input 0 of `.layers[2]` (Lambda) is bad.
          8 infinite in float32[4,2], the first at [0, 0]
          All that came into this module is finite, so its own code made it. Often it is the \
derivative of a square root, a norm, a logarithm or a division at 0, also in the branch that \
`jnp.where` does not choose.
          Then: gradient of output of `.layers[1]` (Lambda), gradient of input 0 of `.layers[1]` \
(Lambda), gradient of output of `.layers[0]` (Linear), gradient of parameter kernel of \
`.layers[0]` (Linear), and 1 more.
        >>> jm.training.find_nan(model, jnp.ones((4, 3))) is None
        True
    """
    if not isinstance(model, Module):
        several = isinstance(model, dict | list | tuple)
        hint = (
            "Make the models fields of one Module" if several else "Wrap a function in `jm.Lambda`"
        )
        raise TypeError(
            "`find_nan(model, *inputs)` expected a Module first; got a "
            f"{type(model).__name__}. {hint}."
        )
    if loss is not None and (isinstance(loss, type) or not callable(loss)):
        got = f"the class {loss.__name__}" if isinstance(loss, type) else f"a {type(loss).__name__}"
        raise TypeError(
            "`find_nan` takes as `loss` a function of the model and the inputs, as "
            "`jm.value_and_grad` does, or a loss such as `jm.losses.MeanSquaredError()`; got "
            f"{got}."
        )
    if isinstance(loss, Loss):
        loss = _of_batch(supervised(loss))
    given = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], Inputs) else Inputs(*inputs)
    search = _Search(model, given, loss)
    # The caches of JAX for traces do not know of taps. A mark on the operations keeps both apart:
    # what was traced before has no taps in it, and what is traced now must not be used later.
    with set_xla_metadata(find_nan=str(next(_searches))):
        found = search.forward()
        if not found and backward:
            found = search.backward()
    unique: dict[Any, BadArray] = {}
    for bad in found:  # the input of a model is also that of its call
        unique.setdefault((bad.path, bad.name, bad.call), bad)
    if not unique:
        return None
    first, *later = unique.values()
    return dataclasses.replace(first, later=tuple(later))


def _of_batch(objective: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of a model and a batch as one of the model and the parts of a tuple."""

    def loss_fn(model: Any, *batch: Any) -> Any:
        return objective(model, batch[0] if len(batch) == 1 else batch)

    return loss_fn


class _Search:
    """The two passes; arrays are arguments of the compiled programs, everything else is not."""

    def __init__(self, model: Module, inputs: Inputs, loss: Callable[..., Any] | None):
        self.model = model
        self.loss = loss
        leaves, self.structure = jax.tree.flatten((inputs.args, inputs.kwargs))
        self.leaves = leaves
        self.arrays = {i: leaf for i, leaf in enumerate(leaves) if hasattr(leaf, "shape")}

    def forward(self) -> list[BadArray]:
        """The bad arrays of the forward pass, in order."""
        taps = Taps("forward")
        sources = [*self._of_model(), *self._of_inputs()]

        def run(model: Any, arrays: dict[int, Any]) -> Any:
            return self._loss(model, arrays, taps)

        loss = jax.block_until_ready(jax.jit(run)(self.model, self.arrays))
        found = _bad(sources) + taps.bad_arrays()
        if self.loss is not None:
            place = "forward", "", type(self.model).__name__, "loss"
            found += _bad([(Tap.of(loss, *place), loss)])
        return found

    def backward(self) -> list[BadArray]:
        """The bad arrays of the backward pass, in order."""
        taps = Taps("backward")
        wanted = self.model.trainable_parameters(lambda info: is_checked(info.value))
        by_inputs = not jax.tree.leaves(wanted)
        if by_inputs:
            wanted = {i: leaf for i, leaf in self.arrays.items() if is_checked(leaf)}

        def run(wanted: Any, model: Any, arrays: dict[int, Any]) -> Any:
            def loss(wanted: Any) -> Any:
                if by_inputs:
                    return self._loss(model, {**arrays, **wanted}, taps)
                return self._loss(merge(model, wanted), arrays, taps)

            return jax.grad(loss)(wanted)

        try:
            gradients = jax.block_until_ready(jax.jit(run)(wanted, self.model, self.arrays))
        except (NotImplementedError, TypeError) as error:
            if "custom_lin" in str(error) or "custom_vjp" in str(error):
                raise TypeError(
                    "`find_nan` follows gradients backward, and the call of a module "
                    "differentiates in forward mode, as `jax.jvp` and `jax.jacfwd` do, which JAX "
                    "does not let both happen. Pass `backward=False` to search the forward pass."
                ) from error
            raise
        return taps.bad_arrays() + _bad(() if by_inputs else self._of_gradients(gradients))

    def _loss(self, model: Any, arrays: dict[int, Any], taps: Taps) -> Any:
        args, kwargs = self._inputs(arrays)
        own = copy(model)  # discards the state changes of the call
        taps.locate(own)
        with calls_run_by(taps.run):
            if self.loss is None:
                output = own(*args, **kwargs)
            else:
                output = self.loss(own, *args, **kwargs)
        if self.loss is None:
            floats = filter(is_checked, jax.tree.leaves(output))
            return sum((jnp.sum(x.real.astype(jnp.float32)) for x in floats), jnp.zeros(()))
        value: Any = output[0] if isinstance(output, tuple) and output else output
        if jnp.ndim(value) or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
            raise TypeError(
                "`find_nan` needs a `loss` that returns a scalar, or `(loss, aux)`, as for "
                f"`jm.value_and_grad`; it returned {jnp.result_type(value)}"
                f"{list(jnp.shape(value))}. Reduce it, as in `losses.mean()`."
            )
        return sum(_logged(own, taps), jnp.asarray(value))

    def _inputs(self, arrays: dict[int, Any]) -> Any:
        filled = [arrays.get(i, leaf) for i, leaf in enumerate(self.leaves)]
        return jax.tree.unflatten(self.structure, filled)

    def _of_model(self) -> Iterator[tuple[Tap, Any]]:
        for leaf, place, name in _leaves(self.model):
            if issubclass(leaf.kind, Parameter):
                kind = "parameter"
            elif issubclass(leaf.kind, ModelState) and not issubclass(leaf.kind, Cache):
                kind = "state"
            else:
                continue  # of unknown use, such as a best value that starts at infinity
            yield Tap.of(leaf.value, "forward", *place, f"{kind} {name}"), leaf.value

    def _of_inputs(self) -> Iterator[tuple[Tap, Any]]:
        args, kwargs = self._inputs(self.arrays)
        for key, value in [*enumerate(args), *kwargs.items()]:
            for keys, leaf in jax.tree_util.tree_leaves_with_path(value):
                if is_checked(leaf):
                    name = f"input {key}{jax.tree_util.keystr(keys)}"
                    yield Tap.of(leaf, "forward", "", type(self.model).__name__, name), leaf

    def _of_gradients(self, gradients: Any) -> Iterator[tuple[Tap, Any]]:
        for leaf, place, name in _leaves(gradients):
            name = f"gradient of parameter {name}"
            yield Tap.of(leaf.value, "backward", *place, name), leaf.value


def _logged(model: Any, taps: Taps) -> Iterator[jax.Array]:
    """The losses that modules have logged in a call, tapped."""
    for leaf, place, name in _leaves(model):
        if issubclass(leaf.kind, LossLog):
            yield jnp.mean(taps.tapped(leaf.value, *place, f"logged loss {name}", place[0]))


def _leaves(model: Any) -> Iterator[tuple[Any, tuple[str, str], str]]:
    """The arrays of a model that can be bad, with path and class of their module and their name."""
    trees = dict(trees_with_paths(model))
    for leaf in leaves_in_order(model):
        if is_checked(leaf.value):
            parts = (leaf.path.startswith((f"{p}.", f"{p}[")) for p in trees)
            owner = max(itertools.compress(trees, parts), key=len)
            name = leaf.path[len(owner) :].removeprefix(".")
            yield leaf, (owner, type(trees[owner]).__name__), name


def _bad(arrays: Any) -> list[BadArray]:
    taps, values = zip(*arrays, strict=True) if (arrays := list(arrays)) else ((), ())
    stats = _all_stats(list(values)) if values else []
    return [b for tap, s in zip(taps, stats, strict=True) if (b := tap.bad_array(s)) is not None]


@jax.jit
def _all_stats(arrays: list[Any]) -> list[Any]:
    return [stats_of(x) for x in arrays]
