"""Precision, recall, F1 score and support of every class at once."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.classification._outcomes import (
    Outcomes,
    add_outcomes,
    count_outcomes,
    zero_outcomes,
)
from jax_metrics.metrics.counts import average_scores, divide
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total

_COLUMNS = ("precision", "recall", "f1-score", "support")
_AVERAGES = {"macro avg": "macro", "weighted avg": "weighted"}


class ClassificationReport(LabelMetric):
    """Precision, recall, F1 score and support of every class, and their averages.

    The value is a dictionary of dictionaries, `value["cat"]["f1-score"]`, like that of
    scikit-learn. Besides the classes it has `"macro avg"`, `"weighted avg"` and `"accuracy"`, which
    is a single number; with labels it has `"micro avg"` instead of `"accuracy"`. `table` formats it
    as text. A binary target has two classes. The macro average leaves out classes that occur in
    neither target nor predictions.

    Args:
        labels: Names of the classes, in order; by default `"0"`, `"1"` and so on.
        zero_division: The value where the denominator is zero.
        **options: See `Labels`.

    Raises:
        ValueError: If the names are not distinct, one is that of a row of all classes, such as
            `"accuracy"`, or their number is not that of the classes.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 2, 2]), jnp.array([0, 2, 2, 2])
        >>> report = jm.metrics.ClassificationReport(num_classes=3, labels=["cat", "dog", "cow"])
        >>> report = report.update(target=target, preds=preds)
        >>> float(report.compute()["cow"]["recall"])
        1.0
        >>> print(report.table())
                      precision    recall  f1-score   support
        <BLANKLINE>
                 cat       1.00      1.00      1.00         1
                 dog       0.00      0.00      0.00         1
                 cow       0.67      1.00      0.80         2
        <BLANKLINE>
            accuracy                           0.75         4
           macro avg       0.56      0.67      0.60         4
        weighted avg       0.58      0.75      0.65         4
        >>> float(jm.metrics.classification_report(target, preds, num_classes=3)["accuracy"])
        0.75
    """

    bounds = (0, None)
    outcomes: Total

    def __init__(
        self,
        *,
        labels: Sequence[str] | None = None,
        zero_division: float = 0.0,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(**options)
        size = (*self.labels.shape, 2)[0]
        names = tuple(map(str, range(size) if labels is None else labels))
        if len(names) != size or len(set(names)) != size:
            raise ValueError(f"labels must be {size} different names, but are {list(names)}.")
        if taken := {"accuracy", "micro avg", *_AVERAGES} & set(names):
            raise ValueError(
                f"labels must not be {', '.join(map(repr, sorted(taken)))}, the name of a row of "
                "all classes. Choose another name for the class."
            )
        self.names = names
        self.zero_division = zero_division
        self.outcomes = zero_outcomes(self.labels, self.dtype)

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        outcomes, fault = count_outcomes(batch, self.labels)
        self.outcomes = add_outcomes(self.outcomes, outcomes, fault)

    def compute(self) -> dict[str, Any]:
        """The report."""
        counts = Outcomes(*self.outcomes.value)
        if not self.labels.shape:
            tp, fp, fn, tn = counts
            pairs = ((tn, tp), (fn, fp), (fp, fn), (tp, tn))  # a positive of 1 is a negative of 0
            counts = Outcomes(*(jnp.stack(pair) for pair in pairs))
        scores = self._scores(counts)
        columns = _row(scores, counts)
        report: dict[str, Any] = {
            name: {column: values[index] for column, values in columns.items()}
            for index, name in enumerate(self.names)
        }
        overall = Outcomes(*(one.sum() for one in counts))
        included = counts.occurs
        if self.labels.num_labels is None:
            report["accuracy"] = divide(overall.tp, overall.support, self.zero_division)
        else:
            report["micro avg"] = _row(self._scores(overall), overall)
            included = jnp.ones_like(included)
        for name, average in _AVERAGES.items():
            averages = [
                average_scores(score, counts.support, average, self.zero_division, included)
                for score in scores
            ]
            report[name] = _row(averages, overall)
        return report

    def _scores(self, counts: Outcomes) -> list[jax.Array]:
        """Precision, recall and F1 score."""
        support, predicted = counts.support, counts.predicted
        ratios = (
            (counts.tp, predicted),
            (counts.tp, support),
            (2 * counts.tp, support + predicted),
        )
        return [divide(part, whole, self.zero_division) for part, whole in ratios]

    def table(self, digits: int = 2) -> str:
        """The report as text, a line for each class, in the format of scikit-learn.

        Args:
            digits: The number of decimals.
        """
        report = self.compute()
        overall = "accuracy" if self.labels.num_labels is None else "micro avg"
        averages = (overall, *_AVERAGES)
        width = max(map(len, (*self.names, *averages)))
        support = report["macro avg"]["support"]

        def line(name: str) -> str:
            row = report[name]
            if not isinstance(row, dict):
                row = {"f1-score": row, "support": support}
            cells = [f"{float(row[c]):.{digits}f}" if c in row else "" for c in _COLUMNS[:-1]]
            weight = float(row["support"])
            return _line(
                name, width, [*cells, f"{weight:.{0 if weight.is_integer() else digits}f}"]
            )

        header = _line("", width, _COLUMNS)
        return "\n".join([header, "", *map(line, self.names), "", *map(line, averages)])


def _row(scores: Sequence[jax.Array], counts: Outcomes) -> dict[str, jax.Array]:

    return dict(zip(_COLUMNS, (*scores, counts.support), strict=True))


def _line(name: str, width: int, cells: Sequence[str]) -> str:
    return f"{name:>{width}} " + "".join(f" {cell:>9}" for cell in cells)


classification_report = functional(ClassificationReport)
