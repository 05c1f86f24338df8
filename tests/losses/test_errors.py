"""Options and shapes that raise, beyond those that `check_loss` tries with every loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses

Z = jnp.zeros
INTS = jnp.zeros(2, int)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.huber(Z(2), Z(2), delta=0), "delta must be greater than 0, but is 0"),
        (lambda: losses.smooth_l1(Z(2), Z(2), beta=-1), "beta must be greater than 0, but is -1"),
        (lambda: losses.quantile(Z(2), Z(2), q=2), "q must lie between 0 and 1, but is 2"),
        (lambda: losses.quantile(Z(2), Z(2), q=(0.1, 2)), r"q\[1\] must lie between 0 and 1"),
        (lambda: losses.quantile(Z(2), Z((2, 3)), q=(0.1, 0.2)), r"must be \[2, 2\] for targets"),
        (
            lambda: losses.absolute_percentage_error(Z(2), Z(2), epsilon=0),
            "epsilon must be greater",
        ),
        (lambda: losses.gaussian_nll(Z(2), Z(2), var=Z(3)), r"the shape of preds, \[2\], or one"),
        (lambda: losses.gaussian_nll(Z(2), Z(2), var=Z(2), epsilon=0), "epsilon must be greater"),
        (lambda: losses.cosine_embedding(Z(3), Z((2, 3)), other=Z((2, 3))), r"one label for each"),
        (lambda: losses.generalized_crossentropy(INTS, Z((2, 3)), q=0), "q must be greater than 0"),
        (lambda: losses.generalized_crossentropy(INTS, Z((2, 3)), q=2), "q must lie between 0 and"),
        (lambda: losses.multiclass_hinge(Z((2, 3)), Z((2, 3))), r"labels \[2\], not probabilitie"),
        (lambda: losses.multiclass_hinge(INTS + 3, Z((2, 3))), "the label 3, but preds has 3 cla"),
        (lambda: losses.multi_margin(INTS, Z((2, 3)), p=3), "p must be one of 1, 2, not 3"),
        (lambda: losses.multi_margin(INTS, Z((2, 3)), class_weights=[1]), "each of 3 classes"),
        (
            lambda: losses.multilabel_soft_margin(Z((2, 3)), Z((2, 3)), class_weights=[1]),
            "each of 3 classes",
        ),
        (lambda: losses.triplet_margin(Z(2), Z(2), negative=Z(3)), r"anchor \[2\], positive \[2\]"),
        (lambda: losses.triplet_margin(Z(2), Z(2), negative=Z(2), p=0.5), "p must be 1 or greater"),
        (lambda: losses.ntxent(INTS, Z((2, 3)), temperature=0), "temperature must be greater"),
        (lambda: losses.ntxent(INTS, Z((3, 3))), r"groups \[n\] and preds embeddings \[n, d\]"),
        (lambda: losses.circle(INTS, Z((2, 3)), mask=Z(3) > 0), r"mask has shape \[3\], but must"),
        (lambda: losses.ranking_softmax(Z(2), Z(2), where=Z(3) > 0), r"preds \[2\], where \[3\]"),
        (
            lambda: losses.dice(Z(3), Z(3), binary=True),
            r"Write `target\[None\]` and `preds\[None\]`",
        ),
        (lambda: losses.dice(INTS[None], Z((1, 2, 3)), class_weights=[1]), "each of 3 classes"),
        (lambda: losses.ctc(INTS, Z((2, 3, 4))), r"labels \[n, labels\] and preds logits"),
        (
            lambda: losses.ctc(INTS[None], Z((1, 3, 4)), blank=4),
            "blank must be one of the 4 classes",
        ),
        (
            lambda: losses.ctc(INTS[None], Z((1, 3, 4)), target_length=INTS),
            r"target_length must be integers \[1\], one for each sequence, but is int32\[2\]",
        ),
        (
            lambda: losses.ctc(INTS[None], Z((1, 3, 4)), target_length=INTS[:1] + 3),
            "target_length must be from 0 to 2, .* is 3 in row 0",
        ),
        (
            lambda: losses.ctc(INTS[None], Z((1, 3, 4)), preds_length=[-1]),
            "preds_length must be from 0 to 3, .* is -1 in row 0",
        ),
        (lambda: losses.ctc(INTS[None] + 4, Z((1, 3, 4))), "the label 4, but preds has 4 classes"),
    ],
)
def test_value_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.squared_error(Z(2, complex), Z(2)), "target must hold real numbers"),
        (lambda: losses.multiclass_hinge(Z(2), Z((2, 3))), "Labels must be integers"),
        (
            lambda: losses.ranking_softmax(Z(2), Z(2), where=Z(2)),
            "where must be boolean, but is flo",
        ),
        (lambda: losses.ntxent(Z(2), Z((2, 3))), "groups as integers, but is float32"),
        (lambda: losses.ctc(Z((1, 2)), Z((1, 3, 4))), "labels as integers, but is float32"),
    ],
)
def test_type_errors(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    "loss",
    [
        losses.MulticlassHinge(),
        losses.MulticlassPerceptron(),
        losses.MultiMargin(),
        losses.MulticlassSparsemax(),
        losses.GeneralizedCrossentropy(),
        losses.PolyCrossentropy(),
        losses.CategoricalFocalCrossentropy(),
    ],
    ids=lambda loss: loss.name,
)
def test_wrong_labels_are_nan_under_jit(loss):
    loss = loss.replace(reduction="none")
    preds = jnp.array([[1.0, 2.0, 0.0]] * 3)
    found = jax.jit(lambda t: loss(target=t, preds=preds))(jnp.array([0, 3, -1]))
    np.testing.assert_array_equal(np.isnan(found), [False, True, True])


def test_wrong_labels_of_sequences_and_regions():
    regions = jax.jit(lambda t: losses.dice(t, Z((2, 2, 3))))(jnp.array([[0, 3], [0, 1]]))
    np.testing.assert_array_equal(np.isnan(regions), [True, False])
    sequences = jax.jit(lambda t: losses.ctc(t, Z((2, 3, 3))))(jnp.array([[3], [1]]))
    np.testing.assert_array_equal(np.isnan(sequences), [True, False])
    labels, scores = jnp.ones((2, 1), int), Z((2, 3, 3))
    of_lengths = jax.jit(lambda n: losses.ctc(labels, scores, preds_length=n))
    np.testing.assert_array_equal(np.isnan(of_lengths(jnp.array([3, 4]))), [False, True])
    mask = jnp.array([True, False])
    losses.CTC()(target=labels, preds=scores, preds_length=jnp.array([3, 4]), mask=mask)
