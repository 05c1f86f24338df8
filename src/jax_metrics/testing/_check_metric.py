"""`check_metric`: the checks that every metric must pass, including custom ones."""

import functools
import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jax_metrics.metrics import Metric
from jax_metrics.testing._metric_ways import BACKWARD, in_one_go, in_parts, values
from jax_metrics.tree import copy

Arrays = Mapping[str, Any]
BadCall = tuple[Arrays, type[Exception], str]

_PADDING = 4


def check_metric(
    metric: Metric,
    arguments: Arrays,
    *,
    reference: Callable[..., Any] | None = None,
    bad: Sequence[BadCall] = (),
    repetition: bool = True,
    order: bool = True,
    splits: bool = True,
    padding: bool = True,
    sharded: bool = True,
    normalize: Callable[[Any], Any] = lambda value: value,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Checks a metric on some examples; raises an `AssertionError` that describes what is wrong.

    - Its value agrees with a reference, including sample weights if the reference takes them.
    - Its value lies inside of its `bounds`.
    - It has a value before the first update, and `reset` restores that value.
    - Eager and compiled updates agree, and so do all splits into batches, `scan`, `vmap` with
      `reduce`, examples sharded over devices, and `sync` under `shard_map`.
    - Merging is associative and commutative, and merging an empty metric changes nothing.
    - A padded batch has the value of the unpadded one, even if the padding is NaN; a fully masked
      batch changes nothing; a weight of two is the same as repeating the example.
    - A pickle and a copy have the same value and structure; the shapes and dtypes of the state do
      not change, so that a second update is not retraced.
    - Inputs in bfloat16 have the value of the same numbers in float32.
    - Invalid arguments are rejected and change nothing. In traced code, which cannot raise, invalid
      values make the value NaN.

    Args:
        metric: The metric; it is not changed.
        arguments: NumPy arrays by name, as for `update`, with the examples along the first axis;
            the number of examples must be a multiple of 8.
        reference: A function of the same arguments, in float64, that returns the value.
        bad: Calls that must fail: replaced arguments, the expected error, and a part of its text.
        repetition: Whether a weight of two is the same as repeating the example.
        order: Whether the value does not depend on the order of the examples.
        splits: Whether the value does not depend on how the examples are split into updates; if
            False, merging is not checked either.
        padding: Whether padding changes nothing; pass False if the metric draws a random number for
            each example.
        sharded: Whether to check examples sharded over devices, and `sync`.
        normalize: A function applied to values before they are compared, such as sorting.
        rtol: Relative tolerance of values.
        atol: Absolute tolerance of values.

    Raises:
        AssertionError: If a check fails.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> from jax_metrics.testing import check_metric
        >>> arguments = {"values": np.arange(8.0)}
        >>> check_metric(jm.metrics.Mean(), arguments, reference=lambda values: values.mean())
    """
    examples = _Examples(metric, arguments, normalize, rtol, atol)
    examples.check_reference(reference)
    examples.check_bounds()
    examples.check_states()
    examples.check_ways(repetition, order, splits)
    if metric.jittable:
        examples.check_eager_ways(order, splits, padding)
        examples.check_one_trace()
        if sharded:
            examples.check_devices(splits)
    examples.check_rejections(bad)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


class _Examples:
    """A metric and examples to check it on.

    Compiling takes nearly all of the time, so programs are few and shared.
    """

    def __init__(
        self,
        metric: Metric,
        arguments: Arrays,
        normalize: Callable[[Any], Any],
        rtol: float,
        atol: float,
    ):
        self.metric = metric
        self.cls = type(metric).__name__
        self.arguments = {
            name: jax.tree.map(np.asarray, value) for name, value in arguments.items()
        }
        self.inputs = jax.tree.map(_in_32_bits, self.arguments)
        self.size = jax.tree.leaves(self.inputs)[0].shape[0]
        _expect(self.size % 8 == 0, f"Give a multiple of 8 examples; got {self.size}.")
        self.takes = set(metric.signature.parameters)
        self.normalize = normalize
        self.rtol, self.atol = rtol, atol
        self.traces: list[None] = []
        self.step = jax.jit(self._step)
        self.traced = jax.jit(lambda metric, inputs: copy(metric).update(**inputs).compute())
        self.updated = copy(metric).update(**self.inputs)
        self.value = self.updated.compute()

    def same(self, value: Any, expected: Any, what: str) -> None:
        """Compares two values; NaN equals NaN, and infinity equals infinity."""
        leaves, expected_leaves = (
            jax.tree.leaves(self.normalize(jax.tree.map(np.asarray, one)))
            for one in (value, expected)
        )
        _expect(
            len(leaves) == len(expected_leaves), f"{self.cls}: {what}: {value} is not {expected}"
        )
        for leaf, expected_leaf in zip(leaves, expected_leaves, strict=True):
            np.testing.assert_allclose(
                np.asarray(leaf, float),
                np.asarray(expected_leaf, float),
                rtol=self.rtol,
                atol=self.atol,
                err_msg=f"{self.cls}: {what}",
            )

    def _step(self, metric: Any, inputs: Any) -> Any:
        self.traces.append(None)
        return metric.update(**inputs)

    def check_reference(self, reference: Callable[..., Any] | None) -> None:
        """The value agrees with the reference."""
        if reference is None:
            return
        self.same(self.value, reference(**self.arguments), "differs from the reference")
        if "sample_weight" in inspect.signature(reference).parameters:
            weight = np.random.default_rng(1).uniform(0.5, 2, self.size)
            self.same(
                self._weighted(weight).compute(),
                reference(**self.arguments, sample_weight=weight),
                "with sample weights differs from the reference",
            )

    def check_bounds(self) -> None:
        """Finite numbers of the value lie inside of the bounds, but for rounding."""
        value, form, (low, high) = self.value, self.metric.plot_form, self.metric.bounds
        if isinstance(form, tuple):
            value = [getattr(value, field) for field in form]
        elif hasattr(value, "_fields"):
            value = value[0]
        for leaf in jax.tree.leaves(value):
            numbers = np.ravel(np.asarray(leaf, float))
            numbers = numbers[np.isfinite(numbers)]
            outside = np.zeros(numbers.shape, bool)
            if low is not None:
                outside |= numbers < low - self.atol
            if high is not None:
                outside |= numbers > high + self.atol
            _expect(
                not outside.any(),
                f"{self.cls}: {numbers[outside]} lies outside of the bounds {self.metric.bounds}",
            )

    def check_states(self) -> None:
        """The state keeps its structure, shapes and dtypes, and can be pickled."""
        metric, updated = self.metric, self.updated
        _expect(
            jax.tree.structure(updated) == jax.tree.structure(metric),
            f"{self.cls}: an update changes the structure",
        )
        for before, after in zip(jax.tree.leaves(metric), jax.tree.leaves(updated), strict=True):
            _expect(
                (before.shape, before.dtype) == (after.shape, after.dtype),
                f"{self.cls}: an update changes {before.shape} {before.dtype} to {after.shape} "
                f"{after.dtype}",
            )
        unpickled = pickle.loads(pickle.dumps(updated))
        _expect(
            jax.tree.structure(unpickled) == jax.tree.structure(updated),
            f"{self.cls}: a pickle has a different structure",
        )
        self.same(unpickled.compute(), self.value, "a pickle has a different value")
        _expect(list(updated.compute_logs()) != [], f"{self.cls}: compute_logs returns no logs")

    def check_ways(self, repetition: bool, order: bool, splits: bool) -> None:
        """All ways to update with the same examples lead to the same value."""
        jittable = self.metric.jittable
        weight = np.random.default_rng(0).integers(0, 3, self.size)
        batches = {"rounded": jax.tree.map(_in_16_bits, self.inputs)}
        if repetition and "sample_weight" in self.takes:
            repeated = jax.tree.map(lambda x: np.repeat(x, weight, 0), self.inputs)
            batches["repeated"] = repeated

        def ways(
            metric: Metric, inputs: Arrays, batches: dict[str, Arrays]
        ) -> tuple[Any, dict[str, Any]]:
            value, metrics = in_one_go(metric, inputs)
            metrics |= {name: copy(metric).update(**batch) for name, batch in batches.items()}
            if splits:
                metrics |= in_parts(metric, inputs)
            return value, values(metrics)

        value, results = (jax.jit(ways) if jittable else ways)(self.metric, self.inputs, batches)
        self.same(value, self.value, "calling it does not return the batch value")
        self.same(results.pop("called"), self.value, "calling it does not accumulate")
        empty = copy(self.metric).compute()
        self.same(results.pop("reset"), empty, "reset does not restore the initial value")
        again = jax.tree.map(_in_32_bits, batches["rounded"])
        self.same(
            results.pop("rounded"),
            copy(self.metric).update(**again).compute(),
            "differs with inputs in bfloat16",
        )
        if "repeated" in batches:
            weighted = self._weighted(weight).compute()
            self.same(weighted, results.pop("repeated"), "weights differ from repetitions")
        if not order:
            results.pop(BACKWARD, None)
        for way, value in results.items():
            self.same(value, self.value, way)

    def check_eager_ways(self, order: bool, splits: bool, padding: bool) -> None:
        """Weights of one, padding, and an enclosing `jit` change nothing."""
        compiled = self.traced(self.metric, self.inputs)
        self.same(compiled, self.value, "compiled")
        if "mask" in self.takes and padding:
            self._check_padding(split=splits and order)
        if "sample_weight" in self.takes:
            self.same(self._weighted(np.ones(self.size)).compute(), self.value, "weighted by one")

    def _weighted(self, weight: np.ndarray) -> Metric:
        return copy(self.metric).update(**self.inputs, sample_weight=np.float32(weight))

    def _check_padding(self, split: bool) -> None:
        """Padded batches have the value of the unpadded ones."""
        padded = jax.tree.map(_pad, self.inputs)
        valid = np.arange(self.size + _PADDING) < self.size
        first = np.random.default_rng(2).random(valid.size) < 0.5

        def value(*masks: np.ndarray) -> Any:
            metric = copy(self.metric)
            for mask in masks:
                metric.update(**padded, mask=mask)
            return metric.compute()

        self.same(value(valid), self.value, "padded")
        empty = copy(self.metric).compute()
        self.same(value(np.zeros_like(valid)), empty, "fully masked")
        if split:
            self.same(value(valid & first, valid & ~first), self.value, "split by a mask")

    def check_one_trace(self) -> None:
        """Carrying it through steps does not recompile."""
        metric = jax.eval_shape(self.step, self.metric, self.inputs)
        before = len(self.traces)
        for _ in range(3):
            metric = jax.eval_shape(self.step, metric, self.inputs)
        count = len(self.traces) - before
        _expect(count == 0, f"{self.cls}: three equal steps were traced {count + 1} times")

    def check_devices(self, splits: bool) -> None:
        """Examples on several devices have the same value as on one."""
        devices = jax.devices()[:8]
        mesh = jax.make_mesh((len(devices),), ("batch",), axis_types=(AxisType.Auto,))
        split, whole = PartitionSpec("batch"), PartitionSpec()
        sharded = jax.device_put(self.inputs, NamedSharding(mesh, split))

        @functools.partial(jax.shard_map, mesh=mesh, in_specs=(whole, split), out_specs=whole)
        def synced(metric: Any, inputs: Any) -> Any:
            return copy(metric).merge_state(metric.batch_updates(**inputs).sync("batch"))

        @jax.jit
        def update(metric: Any, inputs: Any) -> tuple[Any, Any]:
            sharded = copy(metric).update(**inputs)
            return sharded, synced(metric, inputs) if splits else None

        across_devices, merged = update(self.metric, sharded)
        self.same(across_devices.compute(), self.value, "differs with examples on several devices")
        if splits:
            self.same(merged.compute(), self.value, "differs after sync")

    def check_rejections(self, bad: Sequence[BadCall]) -> None:
        """Invalid arguments are rejected and change nothing."""
        self.rejects({"no_such_argument": 1}, TypeError, "no_such_argument")
        if "mask" in self.takes:
            self.rejects({"mask": np.ones(self.size)}, TypeError, "mask must be boolean")
        for name in self.takes & {"sample_weight", "mask"}:
            self.rejects({name: np.ones(self.size + 1, bool)}, ValueError, name)
        for arguments, error, text in bad:
            self.rejects(arguments, error, text)

    def rejects(self, arguments: Arrays, error: type[Exception], text: str) -> None:
        """Raises unless a call raises an error with this text."""
        metric = copy(self.updated)
        try:
            metric.update(**{**self.inputs, **arguments})
        except error as raised:
            _expect(text in str(raised), f"{self.cls}: {raised!r} does not contain {text!r}")
        else:
            _expect(False, f"{self.cls}: invalid {sorted(arguments)} raise no {error}")
        self.same(metric.compute(), self.value, "a rejected update changed it")
        if error is ValueError and self.metric.jittable:
            self.is_nan_when_traced(arguments)

    def is_nan_when_traced(self, arguments: Arrays) -> None:
        """Raises unless traced code rejects the call, too, or returns NaN."""
        inputs = {**self.inputs, **arguments}
        try:
            value = self.traced(self.metric, inputs)
        except ValueError:
            return
        leaves = jax.tree.leaves(value)
        _expect(
            any(np.isnan(np.asarray(leaf)).any() for leaf in leaves),
            f"{self.cls}: invalid {sorted(arguments)} return {value} in traced code, not NaN",
        )


def _in_32_bits(x: Any) -> Any:
    return np.asarray(x, np.float32) if jnp.issubdtype(x.dtype, jnp.floating) else np.asarray(x)


def _in_16_bits(x: Any) -> Any:
    return jnp.asarray(x, jnp.bfloat16) if jnp.issubdtype(x.dtype, jnp.floating) else x


def _pad(x: np.ndarray) -> np.ndarray:
    invalid = np.nan if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype.type(0) - 7
    rest = np.full((_PADDING, *x.shape[1:]), invalid).astype(x.dtype)
    return np.concatenate([x, rest])
