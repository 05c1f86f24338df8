"""The types of metrics; pyright reads this file, nothing runs it.

Each ignored line must be an error: pyright reports an ignore that is not needed.
"""

from typing import Any, assert_type

import jax
import jax.numpy as jnp

import jax_metrics as jm
from jax_metrics import metrics

target, preds = jnp.array([0, 1]), jnp.array([0.2, 0.9])

# Classes have their options and those of their bases.
accuracy = metrics.Accuracy(num_classes=3, average="macro", name="acc")
assert_type(accuracy, metrics.Accuracy)
metrics.Accuracy(n_classes=3)  # pyright: ignore[reportCallIssue]
metrics.Accuracy(num_classes="3")  # pyright: ignore[reportArgumentType]
metrics.Accuracy(3)  # pyright: ignore[reportCallIssue]
metrics.AUROC(max_fpr=0.1, num_classes=3)
metrics.AUROC(maxfpr=0.1)  # pyright: ignore[reportCallIssue]
metrics.LogAUC(treshold=3)  # pyright: ignore[reportCallIssue]
metrics.NormalizedEntropy(epsilon=0.1, from_logit=True)  # pyright: ignore[reportCallIssue]
metrics.F1Score(beta=2.0)  # pyright: ignore[reportCallIssue]

# A call has the arguments of `update`.
assert_type(accuracy(target=target, preds=preds, mask=target == 1), jax.Array)
accuracy(target=target)  # pyright: ignore[reportCallIssue]
accuracy(target=target, pred=preds)  # pyright: ignore[reportCallIssue]
accuracy(target, preds)  # pyright: ignore[reportCallIssue]
accuracy.update(target=target, pred=preds)  # pyright: ignore[reportCallIssue]
metrics.Mean()(preds, mask=target == 1)
metrics.Mean()(preds, masc=target == 1)  # pyright: ignore[reportCallIssue]
accuracy.rename_arguments(target="y")(y=target, preds=preds)
metrics.Metrics([accuracy])(target=target, preds=preds)
metrics.Metrics([accuracy]).compute(as_floats=True)


class Within(metrics.MeanOf):
    def values(self, target: Any, preds: Any) -> jax.Array:
        return abs(target - preds) < 1


class Positive(jm.Metric):
    total: metrics.Total

    def update(self, values: Any) -> None:
        self.total += (values > 0).sum()


Within()(target=target, preds=preds)
Within()(target=target, predictions=preds)  # pyright: ignore[reportCallIssue]
Positive()(values=preds)
Positive()(value=preds)  # pyright: ignore[reportCallIssue]


def any_metric(metric: jm.Metric) -> None:
    metric(target=target, other=preds)


# Functions have the arguments of `update` and the options of the class.
assert_type(metrics.accuracy(target, preds, num_classes=3, mask=target == 1), jax.Array)
metrics.accuracy(target, preds, num_clases=3)  # pyright: ignore[reportCallIssue]
metrics.accuracy(target, preds, num_classes="3")  # pyright: ignore[reportArgumentType]
metrics.accuracy(target, prds=preds)  # pyright: ignore[reportCallIssue]
assert_type(metrics.auroc(target, preds, max_fpr=0.1), jax.Array)
assert_type(metrics.roc(target, preds), metrics.Characteristic)
metrics.auroc(target, preds, maxfpr=0.1)  # pyright: ignore[reportCallIssue]
metrics.fairness(target, preds, groups=target, num_groups=2)
metrics.fairness(target, preds, num_groups=2)  # pyright: ignore[reportCallIssue]
metrics.auc(preds, preds, capacity=2)
metrics.click_through_rate(target)
metrics.median_absolute_error(target, preds)
metrics.d2_pinball_score(target, preds, alpha=0.3)
metrics.d2_pinball_score(target, preds, alfa=0.3)  # pyright: ignore[reportCallIssue]
metrics.functional(metrics.Mean)(preds, sample_weight=target)
metrics.functional(metrics.Mean)(preds, weight=target)  # pyright: ignore[reportCallIssue]
metrics.functional(metrics.Accuracy, "top_2", top_k=2)(target, preds, num_classes=3)
assert_type(metrics.accuracy.__name__, str)
