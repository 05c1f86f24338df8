import operator

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import (
    AUROC,
    Cat,
    Expression,
    Max,
    Mean,
    Min,
    Precision,
    Running,
    Sum,
)

VALUES = np.array([1.5, -2.0, 4.0, 3.0], np.float32)
BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]


def value_of(metric):
    return metric.update(VALUES).compute()


@pytest.mark.slow
@pytest.mark.parametrize("function", BINARY)
@pytest.mark.parametrize(
    "left, right, numbers",
    [
        (Max(), Min(), (4.0, -2.0)),
        (Max(), 2, (4.0, 2.0)),
        (2.0, Max(), (2.0, 4.0)),
        (Max(), jnp.array(3.0), (4.0, 3.0)),
        (2 * Max(), Max(), (8.0, 4.0)),
    ],
)
def test_binary_operators(function, left, right, numbers):
    np.testing.assert_allclose(value_of(function(left, right)), function(*numbers))


@pytest.mark.parametrize("function, expected", [(operator.neg, 2.0), (abs, 2.0)])
def test_unary_operators(function, expected):
    assert value_of(function(Min())) == expected
    assert value_of(-abs(Min())) == -2.0


def test_an_item_of_a_value():
    np.testing.assert_array_equal(value_of(Cat(4)[0]), VALUES)
    np.testing.assert_array_equal(value_of(Cat(4)[0][1:3]), VALUES[1:3])
    with pytest.raises(TypeError, match="not iterable"):
        list(Mean())


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize(
    "array", [np.array([1.0, 2.0]), np.float32(3.0), jnp.array([1.0, 2.0])], ids=lambda a: type(a)
)
@pytest.mark.parametrize("function", BINARY)
def test_an_array_on_the_left_is_an_operand(function, array):
    expression = function(array, Max())
    assert type(expression) is Expression
    np.testing.assert_allclose(value_of(expression), function(array, 4.0))


@pytest.mark.parametrize(
    "ask",
    [
        bool,
        lambda better: 1 if better else 2,
        lambda better: not better,
        lambda better: better and True,
        lambda better: max(Max(), Min()),
        lambda better: sorted([Max(), Min()]),
    ],
)
def test_an_expression_is_neither_true_nor_false(ask):
    for better in (Max() > Min(), Max() <= 3, -Max()):
        with pytest.raises(TypeError, match=r"neither true nor false.*if a.compute\(\) > b.comp"):
            ask(better)
    assert bool(Max())


@pytest.mark.parametrize("verb", [operator.add, lambda a, b: a.merge_state(b)])
def test_merging_metrics_of_other_options_raises(verb):
    for one, other, differing in [
        (Sum(), Sum(name="other"), ""),
        (AUROC(thresholds=[0.2, 0.8]), AUROC(thresholds=[0.3, 0.8]), ""),
        (Precision(threshold=0.2), Precision(threshold=0.6), r".*0\.2.* and .*0\.6"),
        (Running(Precision(), window=2), Running(Precision(threshold=0.6), window=2), ""),
    ]:
        cls = type(one).__name__
        with pytest.raises(
            ValueError, match=f"merge two {cls}, but their options differ{differing}"
        ):
            verb(one, other)


def test_plus_merges_metrics_of_the_same_options_only():
    halves = Sum().update(VALUES[:2]) + Sum().update(VALUES[2:])
    assert type(halves) is Sum and halves.compute() == VALUES.sum()
    with pytest.raises(ValueError, match="their options differ"):
        Sum() + Sum(name="other")
    with pytest.raises(ValueError, match="their options differ"):
        AUROC(thresholds=[0.2, 0.8]) + AUROC(thresholds=[0.3, 0.8])
    with pytest.raises(ValueError, match="their options differ"):
        Running(Precision(), window=2) + Running(Precision(threshold=0.6), window=2)
    both = Expression(operator.add, Sum(), Sum(name="other"))
    assert value_of(both) == 2 * VALUES.sum()
    assert value_of(Sum() + Max()) == VALUES.sum() + 4


@pytest.mark.slow
def test_operands_are_copied():
    best = Max()
    spread = best - Min()
    spread.update(VALUES)
    assert best.compute() == -np.inf and spread.compute() == 6
    assert value_of(best / (best + 1)) == 4 / 5


def test_each_operand_gets_its_arguments():
    ratio = jm.metrics.MeanSquaredError() / Mean()
    value = ratio(target=jnp.ones(2), preds=jnp.zeros(2), values=jnp.array([2.0]))
    assert value == 0.5 and list(ratio.signature.parameters) == [
        "target",
        "preds",
        "sample_weight",
        "mask",
        "values",
    ]
    with pytest.raises(TypeError, match="Nothing in this Expression takes 'pred'; it takes target"):
        ratio.update(pred=1)
