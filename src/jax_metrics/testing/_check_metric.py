"""`check_metric`: what every metric must do, whoever wrote it."""

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
    normalize: Callable[[Any], Any] = lambda value: value,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Checks a metric on some examples, and raises an `AssertionError` that says what is wrong.

    - Its value is that of a reference, with sample weights too if the reference takes them.
    - It has a value before the first update, and after `reset` it is as it was then.
    - Eager and compiled updates give the same; any split into batches gives the same; so do `scan`,
      `vmap` with `reduce`, examples sharded over devices, and `sync` under `shard_map`.
    - Merging is associative and commutative, and one that has seen nothing changes nothing.
    - A padded batch gives what the unpadded one gives, though NaN stands in the padding; a batch
      that is all padding changes nothing; a weight of two is an example that came twice.
    - A pickle and a copy have the same value and structure; the shapes and dtypes of the state stay
      as they were, so that a second update is not traced anew.
    - Inputs in bfloat16 give what the same numbers give in float32.
    - Arguments that do not fit are refused and change nothing. Values that do not fit make the
      value NaN in traced code, which cannot raise.

    Args:
        metric: The metric; it is not changed.
        arguments: Arrays of numpy by name, as for `update`, with the examples along the first axis;
            a multiple of 8 of them.
        reference: A function of the same arguments, in float64, that gives the value.
        bad: Calls that must fail: arguments that replace some, the error, and its text.
        repetition: Whether a weight of two stands for two examples.
        order: Whether the value is the same in whatever order the examples come.
        splits: Whether the value is the same however the examples are split into updates; if not,
            merging is not checked either.
        padding: Whether padding changes nothing; not so if numbers are drawn for each example.
        normalize: What to do with values before they are compared, such as sorting.
        rtol: How far values may be off, relatively.
        atol: How far values may be off, absolutely.

    Raises:
        AssertionError: If something is not as it must be.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> from jax_metrics.testing import check_metric
        >>> arguments = {"values": np.arange(8.0)}
        >>> check_metric(jm.metrics.Mean(), arguments, reference=lambda values: values.mean())
    """
    examples = _Examples(metric, arguments, normalize, rtol, atol)
    examples.check_reference(reference)
    examples.check_states()
    examples.check_ways(repetition, order, splits)
    if metric.jittable:
        examples.check_eager_ways(order, splits, padding)
        examples.check_one_trace()
        examples.check_devices(splits)
    examples.check_refusals(bad)


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
        """Compares two values, NaN with NaN and infinity with infinity."""
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
        """The value is right."""
        if reference is None:
            return
        self.same(self.value, reference(**self.arguments), "is not what the reference gives")
        if "sample_weight" in inspect.signature(reference).parameters:
            weight = np.random.default_rng(1).uniform(0.5, 2, self.size)
            self.same(
                self._weighted(weight).compute(),
                reference(**self.arguments, sample_weight=weight),
                "with sample weights is not what the reference gives",
            )

    def check_states(self) -> None:
        """What it remembers keeps its shape, and can be kept, copied and forgotten."""
        metric, updated = self.metric, self.updated
        _expect(
            jax.tree.structure(updated) == jax.tree.structure(metric),
            f"{self.cls}: an update changes the structure",
        )
        for before, after in zip(jax.tree.leaves(metric), jax.tree.leaves(updated), strict=True):
            _expect(
                (before.shape, before.dtype) == (after.shape, after.dtype),
                f"{self.cls}: an update makes {before.shape} {before.dtype} into {after.shape} "
                f"{after.dtype}",
            )
        kept = pickle.loads(pickle.dumps(updated))
        _expect(
            jax.tree.structure(kept) == jax.tree.structure(updated),
            f"{self.cls}: a pickle has another structure",
        )
        self.same(kept.compute(), self.value, "a pickle has another value")
        _expect(
            list(updated.compute_logs()) != [], f"{self.cls}: compute_logs gives nothing to log"
        )

    def check_ways(self, repetition: bool, order: bool, splits: bool) -> None:
        """All ways to take the same examples in give the same value."""
        jittable = self.metric.jittable
        weight = np.random.default_rng(0).integers(0, 3, self.size)
        batches = {"given": self.inputs, "rounded": jax.tree.map(_in_16_bits, self.inputs)}
        if jittable and repetition and "sample_weight" in self.takes:
            repeated = jax.tree.map(lambda x: np.repeat(x, weight, 0), self.inputs)
            batches["repeated"] = repeated

        def ways(metric: Metric, batches: dict[str, Arrays]) -> tuple[Any, dict[str, Any]]:
            value, made = in_one_go(metric, batches["given"])
            made |= {name: copy(metric).update(**batches[name]) for name in batches}
            if jittable and splits:
                made |= in_parts(metric, batches["given"])
            return value, values(made)

        value, found = (jax.jit(ways) if jittable else ways)(self.metric, batches)
        self.same(value, self.value, "calling it does not give the batch value")
        self.same(found.pop("called"), self.value, "calling it does not accumulate")
        empty = copy(self.metric).compute()
        self.same(found.pop("reset"), empty, "reset does not forget everything")
        again = jax.tree.map(_in_32_bits, batches["rounded"])
        self.same(
            found.pop("rounded"),
            copy(self.metric).update(**again).compute(),
            "is another one with inputs in bfloat16",
        )
        if "repeated" in batches:
            weighted = self._weighted(weight).compute()
            self.same(weighted, found.pop("repeated"), "weights are not repetitions")
        if not order:
            found.pop(BACKWARD, None)
        for way, value in found.items():
            self.same(value, self.value, way)

    def check_eager_ways(self, order: bool, splits: bool, padding: bool) -> None:
        """Weights of one and padding change nothing, nor does it matter what compiles an update."""
        compiled = self.traced(self.metric, self.inputs)
        self.same(compiled, self.value, "compiled")
        if "mask" in self.takes and padding:
            self._check_padding(split=splits and order)
        if "sample_weight" in self.takes:
            self.same(self._weighted(np.ones(self.size)).compute(), self.value, "weighted by one")

    def _weighted(self, weight: np.ndarray) -> Metric:
        return copy(self.metric).update(**self.inputs, sample_weight=np.float32(weight))

    def _check_padding(self, split: bool) -> None:
        """Padded batches give what those without the padding give."""
        padded = jax.tree.map(_pad, self.inputs)
        shown = np.arange(self.size + _PADDING) < self.size
        first = np.random.default_rng(2).random(shown.size) < 0.5

        def value(*masks: np.ndarray) -> Any:
            metric = copy(self.metric)
            for mask in masks:
                metric.update(**padded, mask=mask)
            return metric.compute()

        self.same(value(shown), self.value, "padded")
        empty = copy(self.metric).compute()
        self.same(value(np.zeros_like(shown)), empty, "nothing but padding")
        if split:
            self.same(value(shown & first, shown & ~first), self.value, "split by a mask")

    def check_one_trace(self) -> None:
        """Carrying it through steps does not compile anew."""
        metric = jax.eval_shape(self.step, self.metric, self.inputs)
        before = len(self.traces)
        for _ in range(3):
            metric = jax.eval_shape(self.step, metric, self.inputs)
        count = len(self.traces) - before
        _expect(count == 0, f"{self.cls}: three equal steps were traced {count + 1} times")

    def check_devices(self, splits: bool) -> None:
        """Examples that lie on several devices count as those on one do."""
        devices = jax.devices()[:8]
        mesh = jax.make_mesh((len(devices),), ("batch",), axis_types=(AxisType.Auto,))
        split, whole = PartitionSpec("batch"), PartitionSpec()
        sharded = jax.device_put(self.inputs, NamedSharding(mesh, split))

        @functools.partial(jax.shard_map, mesh=mesh, in_specs=(whole, split), out_specs=whole)
        def synced(metric: Any, inputs: Any) -> Any:
            return copy(metric).merge_state(metric.batch_updates(**inputs).sync("batch"))

        @jax.jit
        def update(metric: Any, inputs: Any) -> tuple[Any, Any]:
            spread = copy(metric).update(**inputs)
            return spread, synced(metric, inputs) if splits else None

        spread, merged = update(self.metric, sharded)
        self.same(spread.compute(), self.value, "is another one with examples on several devices")
        if splits:
            self.same(merged.compute(), self.value, "is another one after sync")

    def check_refusals(self, bad: Sequence[BadCall]) -> None:
        """What does not fit is refused, and nothing is changed by it."""
        self.refuses({"no_such_argument": 1}, TypeError, "no_such_argument")
        if "mask" in self.takes:
            self.refuses({"mask": np.ones(self.size)}, TypeError, "mask must be boolean")
        for name in self.takes & {"sample_weight", "mask"}:
            self.refuses({name: np.ones(self.size + 1, bool)}, ValueError, name)
        for arguments, error, text in bad:
            self.refuses(arguments, error, text)

    def refuses(self, arguments: Arrays, error: type[Exception], text: str) -> None:
        """Fails unless a call does, with an error that says the text."""
        metric = copy(self.updated)
        try:
            metric.update(**{**self.inputs, **arguments})
        except error as raised:
            _expect(text in str(raised), f"{self.cls}: {raised!r} does not say {text!r}")
        else:
            _expect(False, f"{self.cls}: {sorted(arguments)} that do not fit raise no {error}")
        self.same(metric.compute(), self.value, "a refused update changed it")
        if error is ValueError and self.metric.jittable:
            self.is_not_silent(arguments)

    def is_not_silent(self, arguments: Arrays) -> None:
        """Fails unless traced code refuses the call too, or gives NaN."""
        inputs = {**self.inputs, **arguments}
        try:
            value = self.traced(self.metric, inputs)
        except ValueError:
            return
        leaves = jax.tree.leaves(value)
        _expect(
            any(np.isnan(np.asarray(leaf)).any() for leaf in leaves),
            f"{self.cls}: {sorted(arguments)} that do not fit give {value} in traced code, not NaN",
        )


def _in_32_bits(x: Any) -> Any:
    return np.asarray(x, np.float32) if jnp.issubdtype(x.dtype, jnp.floating) else np.asarray(x)


def _in_16_bits(x: Any) -> Any:
    return jnp.asarray(x, jnp.bfloat16) if jnp.issubdtype(x.dtype, jnp.floating) else x


def _pad(x: np.ndarray) -> np.ndarray:
    harmful = np.nan if jnp.issubdtype(x.dtype, jnp.floating) else x.dtype.type(0) - 7
    rest = np.full((_PADDING, *x.shape[1:]), harmful).astype(x.dtype)
    return np.concatenate([x, rest])
