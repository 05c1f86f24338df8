"""Every exported loss passes `check_loss`, on the cases that the folder `cases` holds."""

import inspect
import runpy
from pathlib import Path

import jax
import numpy as np
import pytest

from jax_metrics import losses
from jax_metrics.testing import check_loss

# Each file is for a folder of the losses, and has a list CASES.
FILES = sorted((Path(__file__).parent / "cases").glob("*.py"))
CASES = [case for file in FILES for case in runpy.run_path(str(file))["CASES"]]
BASES = {"Loss", "Reduction", "Terms"}


# These share most of the code with another loss, whose case tells nearly as much.
SIBLINGS = {
    "CIoU",
    "CategoricalFocalCrossentropy",
    "Circle",
    "CosineEmbedding",
    "DIoU",
    "GIoU",
    "GeneralizedCrossentropy",
    "GeneralizedDice",
    "LogCosh",
    "MeanSquaredLogarithmicError",
    "MulticlassHinge",
    "MulticlassPerceptron",
    "MulticlassSparsemax",
    "MultilabelMargin",
    "MultilabelSoftMargin",
    "PolyCrossentropy",
    "Sparsemax",
    "SquaredHinge",
}


def quick_first(cases):
    """The cases, of which siblings and second ones of a class are slow."""
    seen = set()
    for case in cases:
        name = type(case.values[0]).__name__
        marks = [pytest.mark.slow] * (name in SIBLINGS or name in seen)
        seen.add(name)
        yield pytest.param(*case.values, id=case.id, marks=[*case.marks, *marks])


@pytest.mark.quick_cases(9)
@pytest.mark.parametrize(("loss", "arguments", "reference", "options"), [*quick_first(CASES)])
def test_loss(loss, arguments, reference, options):
    check_loss(loss, arguments, reference=reference, **options)


@pytest.mark.parametrize(("loss", "arguments", "reference", "options"), CASES)
def test_a_batch_of_no_examples_is_accepted(loss, arguments, reference, options):
    nothing = {name: np.asarray(value)[:0] for name, value in arguments.items()}
    result = jax.eval_shape(lambda arguments: loss(**arguments), nothing)
    assert result.dtype == np.float32


@pytest.mark.slow
@pytest.mark.parametrize("loss", [losses.Crossentropy(), losses.Dice(), losses.MultiMargin()])
def test_the_loss_of_no_examples_is_0(loss):
    assert loss(target=np.zeros((0, 2), int), preds=np.zeros((0, 2, 3))) == 0


def exported(condition):
    return {
        name
        for name, value in vars(losses).items()
        if not name.startswith("_") and condition(value) and name not in BASES
    }


def test_every_loss_is_registered():
    # Its kernel has no examples; see classification/test_linear_crossentropy.py.
    others = {"LinearCrossentropy"}
    assert exported(inspect.isclass) - others == {type(c.values[0]).__name__ for c in CASES}


def test_every_loss_has_a_function():
    functions = exported(inspect.isfunction)
    for c in CASES:
        loss = c.values[0]
        name = {"nt_xent": "ntxent"}.get(loss.name, loss.name.removeprefix("mean_"))
        assert name in functions, loss


def test_functions_have_keywords_after_the_second_argument():
    for name in exported(inspect.isfunction) - {"smooth_labels"}:
        parameters = list(inspect.signature(getattr(losses, name)).parameters.values())
        assert [p.name for p in parameters[:2]] in (["target", "preds"], ["anchor", "positive"])
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:]), name
