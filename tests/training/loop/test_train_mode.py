"""A model that was evaluated is trained in train mode, and what was meant to stay stays."""

import jax
import problem
import pytest

import jax_metrics as jm
from jax_metrics.training.loop import in_train_mode
from jax_metrics.tree import trees_with_paths


def modes(model):
    return {path: (part.training, part.frozen) for path, part in trees_with_paths(model)}


@pytest.mark.slow
def test_a_model_in_eval_mode_is_trained_as_one_in_train_mode():
    expected = problem.fit(problem.stateful_model, epochs=1)
    run = problem.fit(lambda: problem.stateful_model().eval(), epochs=1)
    assert run.model.training and jm.equal(run.model, expected.model)


def evaluated_part(model):
    return model.at[".layers[1]"].apply(lambda part: part.eval())


def frozen_part(model):
    return model.at[".layers[1]"].apply(lambda part: part.freeze())


@pytest.mark.slow
@pytest.mark.parametrize("change", [evaluated_part, frozen_part])
def test_parts_stay_as_they_are(change):
    model = change(problem.stateful_model())
    run = problem.fit(lambda: model, steps=1)
    assert modes(run.model) == modes(model)
    assert jm.equal(run.model.layers[1].mean, model.layers[1].mean)


def test_frozen_parts_of_an_evaluated_model_stay_frozen():
    model = frozen_part(problem.stateful_model()).eval()
    changed = in_train_mode(model)
    assert changed.training and modes(changed)[".layers[1]"][1]
    assert not model.training


def test_models_in_containers_are_looked_at_as_a_whole():
    models = {"a": problem.model().eval(), "b": problem.model()}
    assert in_train_mode(models) is models
    both = in_train_mode(jax.tree.map(lambda x: x, {**models, "b": models["b"].eval()}))
    assert both["a"].training and both["b"].training
