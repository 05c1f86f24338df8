"""The types of the functions of metrics, by the arguments of their `update`.

A function takes the arguments of `update` and the options of the class, `P`. A ParamSpec cannot
follow keyword-only parameters, so checkers allow all arguments of `update` by position; at runtime
only the first two are.
"""

from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
V = TypeVar("V", covariant=True)


class Comparing(Protocol[V]):
    """A metric of target and predictions."""

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch."""

    def compute(self) -> V:
        """The value."""
        ...


class Comparison(Protocol[P, V]):
    """The function of a metric of target and predictions."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        sample_weight: Any = None,
        mask: Any = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> V:
        """The value of one batch."""
        ...


class Grouping(Protocol[V]):
    """A metric of target and predictions in groups."""

    def update(
        self, *, target: Any, preds: Any, groups: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch."""

    def compute(self) -> V:
        """The value."""
        ...


class GroupComparison(Protocol[P, V]):
    """The function of a metric of target and predictions in groups."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        groups: Any,
        sample_weight: Any = None,
        mask: Any = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> V:
        """The value of one batch."""
        ...


class Reducing(Protocol[V]):
    """A metric of plain values."""

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with values."""

    def compute(self) -> V:
        """The value."""
        ...


class Reducer(Protocol[P, V]):
    """The function of a metric of plain values."""

    __name__: str

    def __call__(
        self,
        values: Any,
        sample_weight: Any = None,
        mask: Any = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> V:
        """The value of one batch."""
        ...
