"""`check_loss`: the checks that every loss must pass, including custom ones."""

import copy
import functools
import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.losses import Loss, Reduction, Terms

Arrays = Mapping[str, Any]


def check_loss(
    loss: Loss,
    arguments: Arrays,
    *,
    reference: Callable[..., Any] | None = None,
    differentiable: Sequence[str] | None = None,
    numeric_gradient: bool = True,
    limits: Sequence[tuple[Arrays, Any]] = (),
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Checks a loss on one batch, and raises an `AssertionError` that describes what is wrong.

    - It is static: it has no leaves, a hash, equal copies, and a pickle; an equal loss causes no
      second trace.
    - Its values agree with a reference, including `jit`, `vmap`, and inputs in 16 bits.
    - The reductions, with and without weights, follow from its values.
    - A padded batch has the same value and gradient as the unpadded one, even if the padding is
      NaN; value and gradient of a fully masked batch are 0.
    - Its gradients agree with finite differences in float64.
    - Its values at limits (zeros, infinities, large numbers) are the expected ones, and its
      gradients are finite where the values are.
    - Wrong shapes and unknown arguments are rejected.

    Args:
        loss: The loss, of any reduction.
        arguments: NumPy arrays by name, as for a call: floats in float64 or float32, with the
            examples along the first axis. At least two examples, not near kinks of the loss.
        reference: A function of the same arguments in float64 that returns the losses before the
            reduction (the loss itself, for a regularizer).
        differentiable: The arguments to differentiate with respect to; by default those with
            floats, except `target`.
        numeric_gradient: Whether to compare gradients with finite differences; pass False if the
            loss stops gradients.
        limits: Pairs of arguments and the expected losses before the reduction.
        rtol: Relative tolerance of values.
        atol: Absolute tolerance of values.

    Raises:
        AssertionError: If a check fails.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> from jax_metrics.testing import check_loss
        >>> class Cubic(jm.losses.Loss):
        ...     def call(self, target, preds):
        ...         jm.losses.squared_error(target, preds)  # rejects wrong shapes
        ...         return abs(target - preds).astype(float) ** 3
        >>> arguments = {"target": np.array([0.0, 1.0]), "preds": np.array([2.0, 0.5])}
        >>> check_loss(Cubic(), arguments, reference=lambda target, preds: abs(target - preds) ** 3)
    """
    arguments = jax.tree.map(np.asarray, dict(arguments))
    names = differentiable if differentiable is not None else _with_floats(arguments)
    batch = _Batch(loss, arguments, tuple(names), rtol, atol)
    batch.check_static()
    batch.check_values(reference)
    batch.check_transforms()
    batch.check_16_bits()
    if "sample_weight" in loss.signature.parameters:
        batch.check_reductions()
        batch.check_mask()
        batch.check_rejections()
    if numeric_gradient:
        batch.check_gradients()
    for limit, expected in limits:
        batch.check_limit(limit, np.asarray(expected))


def _with_floats(arguments: Arrays) -> list[str]:
    return [
        name
        for name, value in arguments.items()
        if name != "target" and any(x.dtype.kind == "f" for x in jax.tree.leaves(value))
    ]


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


class _Batch:
    """A loss and a batch to check it on.

    Compiling takes nearly all of the time, so each program serves several checks.
    """

    def __init__(
        self, loss: Loss, arguments: Arrays, names: tuple[str, ...], rtol: float, atol: float
    ):
        self.loss = loss
        self.cls = type(loss).__name__
        self.arguments = arguments
        self.names = names
        self.rtol = rtol
        self.atol = atol
        self.single = _as_dtype(arguments, np.float32)
        self.unreduced: Loss = loss.replace(reduction="none", weight=1.0)
        self.values_of = jax.jit(lambda arguments: self.unreduced(**arguments))
        self.values = np.asarray(self.values_of(self.single))
        self._compiled = jax.jit(self._evaluate)

    def run(self, arguments: dict[str, Any], more: dict[str, Any]) -> tuple[Any, Any]:
        """The result of each reduction, and the gradients of the sum, as NumPy arrays."""
        return jax.device_get(self._compiled(arguments, more))

    def _evaluate(self, arguments: dict[str, Any], more: dict[str, Any]) -> tuple[Any, Any]:
        rest = {n: v for n, v in arguments.items() if n not in self.names}

        def evaluate(varied: dict[str, Any]) -> tuple[jax.Array, dict[Reduction, jax.Array]]:
            results = {
                reduction: self.unreduced.replace(reduction=reduction)(**varied, **rest, **more)
                for reduction in Reduction
            }
            return results[Reduction.SUM], results

        gradients, results = jax.grad(evaluate, has_aux=True)({n: arguments[n] for n in self.names})
        return results, gradients

    def close(self, actual: Any, expected: Any, what: str, scale: float = 1) -> None:
        """Compares values; NaN equals NaN, and infinity equals infinity."""
        np.testing.assert_allclose(
            np.asarray(actual, float),
            np.asarray(expected, float),
            rtol=self.rtol * scale,
            atol=self.atol * scale,
            err_msg=f"{self.cls}: {what}",
        )

    def check_static(self) -> None:
        """It can be closed over, passed, compared and pickled."""
        loss = self.loss
        _expect(not jax.tree.leaves(loss), f"{self.cls} has leaves: {jax.tree.leaves(loss)}")
        others = [copy.deepcopy(loss), loss.replace(), jax.tree.map(lambda x: x, loss)]
        try:
            others.append(pickle.loads(pickle.dumps(loss)))
        except (pickle.PicklingError, AttributeError):  # a class or option without a module
            pass
        for other in others:
            _expect(other == loss, f"{self.cls}: a copy is not equal: {other!r}, {loss!r}")
            _expect(hash(other) == hash(loss), f"{self.cls}: a copy has a different hash")
        _expect(loss != loss.replace(name="another"), f"{self.cls}: `==` ignores fields")

    def check_values(self, reference: Callable[..., Any] | None) -> None:
        """The values agree with the reference, and between eager and compiled code."""
        _expect(self.values.dtype == np.float32, f"{self.cls} returns {self.values.dtype}")
        self.close(self.unreduced(**self.single), self.values, "eager differs from jit")
        if reference is not None:
            expected = reference(**_as_dtype(self.arguments, np.float64))
            _expect(
                np.shape(expected) == self.values.shape,
                f"{self.cls}: losses have shape {self.values.shape}, and the reference "
                f"{np.shape(expected)}",
            )
            self.close(self.values, expected, "values differ from the reference")

    def check_transforms(self) -> None:
        """`jit` with the loss as an argument, and `vmap`."""
        traces = []

        @jax.jit
        def call(loss: Loss, arguments: Any) -> Any:
            traces.append(loss)
            return loss(**arguments)

        for loss in (self.unreduced, self.unreduced.replace()):
            shape = call.lower(loss, self.single).out_info.shape
            _expect(
                shape == self.values.shape, f"{self.cls} has a different shape when passed to jit"
            )
        _expect(len(traces) == 1, f"{self.cls}: an equal loss caused jit to retrace")
        twice = jax.tree.map(lambda x: np.stack([x, x]), self.single)
        mapped = jax.jit(jax.vmap(lambda a: self.unreduced(**a)))(twice)
        self.close(mapped, np.stack([self.values] * 2), "under vmap")

    def check_16_bits(self) -> None:
        """Inputs in 16 bits are converted to float32 before anything is computed."""
        small = _as_dtype(self.arguments, jnp.bfloat16)
        # A compiler may keep more digits, and the sum converts what `call` returns.
        terms = jax.eval_shape(lambda arguments: self.loss.call(**arguments), small)
        dtype = terms.values.dtype if isinstance(terms, Terms) else terms.dtype
        _expect(dtype == jnp.float32, f"{self.cls}.call returns {dtype} for bfloat16")
        in_float32 = self.values_of(_as_dtype(small, np.float32))
        self.close(self.values_of(small), in_float32, "in bfloat16")

    def check_reductions(self) -> None:
        """Sums and means follow from the values of the loss."""
        values = self.values.astype(float)
        weights = np.linspace(0.5, 1.5, len(values))
        weighted = values * weights.reshape((-1,) + (1,) * (values.ndim - 1))
        plain, _ = self.run(self.single, {"sample_weight": np.ones_like(weights, np.float32)})
        scaled, _ = self.run(self.single, {"sample_weight": weights.astype(np.float32)})
        twice, _ = self.run(self.single, {"sample_weight": 2 * np.ones_like(weights, np.float32)})
        self.close(plain["none"], values, "none")
        self.close(plain["sum"], values.sum(), "sum", 10)
        self.close(scaled["none"], weighted, "none with weights")
        self.close(scaled["sum"], weighted.sum(), "sum with weights", 10)
        # The loss determines how many values count: those of ignored labels, for example, do not.
        count = values.sum() / float(plain["sum_over_batch_size"]) if values.sum() else 1
        mean = scaled["sum_over_batch_size"]
        self.close(mean, weighted.sum() / count, "sum_over_batch_size with weights", 10)
        mean = twice["mean_over_weights"]
        self.close(mean, plain["mean_over_weights"], "mean_over_weights depends on scale", 10)

    def check_mask(self) -> None:
        """A padded batch has the results of the unpadded one."""
        size = len(self.values)
        padded = jax.tree.map(_pad, self.single)
        mask = np.arange(size + 2) < size
        weights = {"sample_weight": np.ones(size, np.float32)}
        expected, expected_gradients = self.run(self.single, weights)
        weights = {"sample_weight": _pad(weights["sample_weight"])}
        results, gradients = self.run(padded, {**weights, "mask": mask})
        masked, masked_gradients = self.run(padded, {**weights, "mask": mask & False})
        for reduction in Reduction:
            values = results[reduction]
            if reduction is Reduction.NONE:
                self.close(values[size:], np.zeros_like(values[size:]), "none of padding")
                values = values[:size]
            self.close(values, expected[reduction], f"{reduction} of a padded batch")
            self.close(masked[reduction], 0, f"{reduction} of a fully masked batch")
        for name in self.names:
            expected_padded = jax.tree.map(
                lambda x: np.concatenate([x, np.zeros_like(x[:2])]), expected_gradients[name]
            )
            compare = functools.partial(self.close, what=f"gradient of {name} in a padded batch")
            jax.tree.map(compare, gradients[name], expected_padded)
            jax.tree.map(
                compare, masked_gradients[name], jax.tree.map(np.zeros_like, expected_padded)
            )

    def check_gradients(self) -> None:
        """Gradients agree with central differences along some directions, in float64."""
        with jax.enable_x64(True):
            arguments = _as_dtype(self.arguments, np.float64)
            _, gradients = self.run(arguments, {})
            rng = np.random.default_rng(0)
            for _ in range(3):
                step = jax.tree.map(lambda x: rng.normal(size=x.shape), gradients)
                high, low = (
                    float(self.run(_moved(arguments, step, size), {})[0]["sum"])
                    for size in (1e-5, -1e-5)
                )
                products = jax.tree.map(lambda g, s: np.sum(np.asarray(g) * s), gradients, step)
                actual, numeric = sum(jax.tree.leaves(products)), (high - low) / 2e-5
                self.close(actual, numeric, "gradient differs from finite differences", 10)

    def check_limit(self, limit: Arrays, expected: np.ndarray) -> None:
        """Values at a limit are the expected ones, and gradients are finite where values are."""
        arguments = _as_dtype(jax.tree.map(np.asarray, dict(limit)), np.float32)
        finite = np.isfinite(expected)
        self.close(self.values_of(arguments), expected, f"values at {limit}")
        _, gradients = self.run(arguments, {} if finite.all() else {"mask": finite})
        for leaf in jax.tree.leaves(gradients):
            _expect(bool(np.isfinite(leaf).all()), f"{self.cls}: gradient {leaf} at {limit}")

    def check_rejections(self) -> None:
        """Wrong shapes, dtypes and names raise."""
        size = len(self.values)
        self.rejects(ValueError, "a mask that is too long", mask=np.ones(size + 1, bool))
        self.rejects(ValueError, "weights that are too long", sample_weight=np.ones(size + 1))
        self.rejects(TypeError, "a mask of floats", mask=np.ones(size, np.float32))
        self.rejects(TypeError, "an unknown argument", no_such_argument=1)
        for name, parameter in self.loss.signature.parameters.items():
            if parameter.default is inspect.Parameter.empty:
                wider = np.asarray(self.single[name])[..., None]
                self.rejects((ValueError, TypeError), f"one more axis of {name}", **{name: wider})

    def rejects(self, errors: Any, what: str, **changes: Any) -> None:
        """Raises unless a call with these arguments raises one of the errors."""
        try:
            self.unreduced(**{**self.single, **changes})
        except errors:
            return
        raise AssertionError(f"{self.cls} accepts {what}")


def _moved(arguments: Arrays, step: Arrays, size: float) -> dict[str, Any]:
    """The arguments after a step of some of them."""
    moved = {
        name: jax.tree.map(lambda x, s: x + size * s, arguments[name], by)
        for name, by in step.items()
    }
    return {**arguments, **moved}


def _as_dtype(arguments: Any, dtype: Any) -> Any:
    """The arguments with all floats in one dtype."""

    def convert(x: Any) -> Any:
        return x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x

    return jax.tree.map(convert, arguments)


def _pad(x: np.ndarray) -> np.ndarray:
    """Adds two examples with invalid values."""
    if x.dtype == bool:
        return np.concatenate([x, ~x[:2]])
    invalid = np.nan if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    return np.concatenate([x, np.full_like(x[:2], invalid)])
