"""`Metrics`: a collection of metrics."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Unpack

from jax_metrics.losses import Loss
from jax_metrics.metrics._composite import Composite
from jax_metrics.metrics._logs import to_floats
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._routing import Inputs
from jax_metrics.metrics.collections._padding import as_sizes, padded
from jax_metrics.tree import copy, running_trace


class Metrics(Composite):
    """A collection of metrics, updated as one compiled program.

    Each metric gets the arguments that it takes. The compiler shares common computations, such as
    the counts of precision and recall.

    Args:
        metrics: A list of metrics, which keep their names; a dict of metrics, which are named by
            their keys; or nested lists and dicts, where names are joined by `/`. Repeated names in
            lists are numbered: `mean`, `mean2`; or `l2`, `l2_2` after a digit. The metrics are
            copied.
        prefix: A prefix of the names in the logs.
        postfix: A postfix of the names in the logs.
        pad_to: A number of examples, or several. An eager update pads its batch to the smallest of
            them that fits and masks the padding, so that the smaller last batch of an epoch does
            not cause a recompilation. All arrays must then have examples along the first axis.

    Raises:
        ValueError: If two metrics have the same name, and one of them is named by its key.
        TypeError: If there is something other than metrics, or a metric without a mask is to be
            padded.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> metrics = jm.metrics.Metrics(
        ...     {"mse": jm.metrics.MeanSquaredError(), "loss": jm.metrics.Mean()}, prefix="val/"
        ... )
        >>> metrics = metrics.update(target=jnp.ones(2), preds=jnp.zeros(2), values=0.5)
        >>> {name: float(value) for name, value in metrics.compute().items()}
        {'val/mse': 1.0, 'val/loss': 0.5}
        >>> float(metrics["loss"].compute())
        0.5
    """

    _variable: ClassVar[str] = "metrics"

    metrics: list[Metric]

    _arguments_hint: ClassVar[str] = (
        ' Put several metrics into a list or a dict: `Metrics([a, b])`, `Metrics({"name": a})`.'
    )

    def __init__(
        self,
        metrics: Any,
        *,
        prefix: str = "",
        postfix: str = "",
        pad_to: int | Sequence[int] | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        named = list(with_names(metrics, Metric, lambda metric: metric.name))
        self.names = tuple(name for name, _ in named)
        self.metrics = [copy(metric, arrays=True) for _, metric in named]
        self.prefix, self.postfix = prefix, postfix
        self.pad_to = as_sizes(pad_to, self.metrics)
        self.higher_is_better = self._common("higher_is_better")
        self.bounds = self._common("bounds")

    def parts(self) -> list[Metric]:
        """The metrics, in the given order."""
        return self.metrics

    def _named_parts(self) -> Iterator[tuple[str, Metric]]:
        return self.items()

    def _received(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
        inputs = super()._received(args, kwargs)
        if not self.pad_to or running_trace() is not None:
            return inputs
        return padded(inputs, self.pad_to)

    def compute(self, *, as_floats: bool = False) -> dict[str, Any]:
        """The value of each metric by name; a dict of values becomes one entry for each.

        Args:
            as_floats: Whether scalars become Python floats and other arrays NumPy arrays, in one
                transfer from the device. Traced values stay as they are.
        """
        values: dict[str, Any] = {}
        for name, metric in zip(self.names, self.metrics, strict=True):
            for path, value in _flattened(name, metric.compute()):
                if (full := f"{self.prefix}{path}{self.postfix}") in values:
                    raise ValueError(
                        f"Two values are called {full!r}, the second one of the member {name!r}. "
                        "Give one of the metrics another key or `name`."
                    )
                values[full] = value
        return to_floats(values) if as_floats else values

    def compute_logs(self) -> dict[str, Any]:
        """The same as `compute(as_floats=True)`, ready for a logger."""
        return to_floats(self.compute())

    @property
    def directions(self) -> dict[str, bool | None]:
        """Whether a higher value is better, by name."""
        return {
            f"{self.prefix}{path}{self.postfix}": direction
            for name, metric in zip(self.names, self.metrics, strict=True)
            for path, direction in _flattened(name, metric.directions)
        }

    def __getitem__(self, name: str) -> Metric:
        if name not in self.names:
            raise KeyError(f"There is no metric {name!r}; there are {', '.join(self.names)}.")
        return self.metrics[self.names.index(name)]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def items(self) -> Iterator[tuple[str, Metric]]:
        """Names and metrics, without prefix and postfix."""
        return zip(self.names, self.metrics, strict=True)


def with_names(given: Any, kind: Any, name_of: Any) -> Iterator[tuple[str, Any]]:
    """The objects in nested lists and dicts with their names; repeated names in lists are numbered.

    Raises:
        ValueError: If a key gives an object the name of another one.
        TypeError: If there is an object of another class.
    """
    seen: set[str] = set()
    for name, item, is_key in _walk(given, kind, name_of, ""):
        if is_key and name in seen:
            raise ValueError(
                f"Two of them are called {name!r}. Give one another key, or another name, as in "
                f"`{type(item).__name__}(..., name=...)`."
            )
        unique = _numbered(name, seen)
        seen.add(unique)
        yield unique, item


def _numbered(name: str, seen: set[str]) -> str:
    """The name, or if it is taken the name and the first free number from 2 on."""
    if name not in seen:
        return name
    stem = f"{name}_" if name[-1:].isdigit() else name
    return next(f"{stem}{n}" for n in itertools.count(2) if f"{stem}{n}" not in seen)


def _walk(given: Any, kind: Any, name_of: Any, path: str) -> Iterator[tuple[str, Any, bool]]:
    """The objects, their names, and whether a key names them."""
    if isinstance(given, Mapping):
        for name, item in given.items():
            if _is_member(item, kind):
                yield f"{path}{name}", item, True
            else:
                yield from _walk(item, kind, name_of, f"{path}{name}/")
    elif isinstance(given, Sequence) and not isinstance(given, str):
        for item in given:
            yield from _walk(item, kind, name_of, path)
    elif _is_member(given, kind):
        yield f"{path}{name_of(given)}", given, False
    else:
        raise TypeError(
            f"Expected {'a Metric' if kind is Metric else 'a Loss or a function'}, or lists and "
            f"dicts of them, but got {_described(given)}{f' at {path!r}' if path else ''}."
        )


def _is_member(item: Any, kind: Any) -> bool:
    # Classes and metrics are callable, too.
    return isinstance(item, kind) and (kind is Metric or not isinstance(item, type | Metric))


def _described(given: Any) -> str:
    if isinstance(given, type):
        return f"the class {given.__name__} (create an object of it: `{given.__name__}(...)`)"
    if isinstance(given, Metric):
        return f"the metric {given.name} (which belongs in `jm.metrics.Metrics`)"
    if isinstance(given, Loss):
        return f"the loss {given.name} (which belongs in `jm.metrics.Losses`)"
    if given is None:
        return "None"
    return f"a {type(given).__name__}"


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield name, value
        return
    for key, item in value.items():
        yield from _flattened(f"{name}/{key}", item)
