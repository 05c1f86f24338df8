"""What a rerun of `fit` takes from a checkpoint of another run."""

import jax
import numpy as np
import problem
import pytest
from problem import X, fit

import jax_metrics as jm
from jax_metrics.training import Callback, Checkpoints, EarlyStopping, KeepBest


class Counts(Callback):
    """Counts steps, in a state of one form or another."""

    def __init__(self, state=None):
        self.state = {"steps": 0} if state is None else state

    def on_step(self, run):
        if isinstance(self.state, dict):
            self.state = {"steps": self.state["steps"] + 1}


class Arrays(Callback):
    """Has an array, so that the states of callbacks are not one plain value."""

    def __init__(self, size=2):
        self.state = np.full(size, 1.0)

    def on_step(self, run):
        self.state = self.state * 2


@pytest.fixture(scope="module")
def two_epochs():
    return fit(epochs=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "told", "steps"),
    [
        ([], [Arrays], "Arrays is not in the checkpoint, and begins without a past", None),
        ([Arrays], [], "Arrays is in the checkpoint, but no longer there: it is dropped", None),
        ([Counts], [Counts, Arrays], "Arrays is not in the checkpoint", 12),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ([Counts, Arrays], [Counts], "Arrays is in the checkpoint, but no longer", 12),
                ([Counts, Arrays], [Arrays], "Counts is in the checkpoint, but no longer", None),
                ([Arrays], [Arrays, Counts], "Counts is not in the checkpoint", 6),
            )
        ),
    ],
)
def test_a_run_continues_with_other_callbacks(
    tmp_path, caplog, two_epochs, before, after, told, steps
):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path), *(make() for make in before)])
    assert not caplog.records
    callbacks = {type(made).__name__: made for made in (make() for make in after)}
    run = fit(epochs=2, callbacks=[Checkpoints(tmp_path), *callbacks.values()])
    assert run.restored and run.step == 12
    assert jm.equal(run.model, two_epochs.model)
    assert [told in record.getMessage() for record in caplog.records] == [True]
    if steps is not None:
        assert callbacks["Counts"].state == {"steps": steps}
    if told.startswith("Counts"):  # Arrays was there, and goes on
        assert callbacks["Arrays"].state[0] == 2.0**12


@pytest.mark.slow
def test_a_callback_with_a_state_of_another_form_begins_without_a_past(tmp_path, two_epochs):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path), Arrays(), Counts()])
    arrays, counts = Arrays(3), Counts()
    with pytest.warns(UserWarning, match=r"The callback Arrays has another `state` in .* `on_sta"):
        run = fit(epochs=2, callbacks=[Checkpoints(tmp_path), arrays, counts])
    assert jm.equal(run.model, two_epochs.model)
    assert counts.state == {"steps": 12} and arrays.state[0] == 2.0**6


class Begins(Callback):
    """Has no state before the first step."""

    def __init__(self, later):
        self.later, self.restored = later, None

    def on_restore(self, run):
        self.restored = self.state

    def on_step(self, run):
        self.state = self.later


@pytest.mark.slow
@pytest.mark.parametrize("others", [(), (Counts,), (Arrays, Counts)])
@pytest.mark.parametrize(
    "later", [3, {"n": 3, "average": np.ones(2)}, np.ones(2), {"a": {"key": jax.random.key(3)}}]
)
def test_a_state_that_begins_as_none_is_restored(tmp_path, caplog, later, others):
    made = [make() for make in others]
    fit(steps=2, callbacks=[Checkpoints(tmp_path), Begins(later), *made])
    again = Begins(later)
    fit(steps=2, callbacks=[Checkpoints(tmp_path), again, *(make() for make in others)])
    assert jm.equal(again.restored, later)
    assert not caplog.records


class Counts2(Counts):
    """Its name ends in a number, as that of the second `Counts` does."""


def test_each_callback_has_a_state_of_its_own():
    callbacks = [Counts2(), Counts(), Counts(), Counts2(), EarlyStopping("loss"), KeepBest("loss")]
    names = fit(steps=1, callbacks=callbacks).state["callbacks"].keys()
    assert [*names] == [
        *("Counts2", "Counts", "Counts3", "Counts22", "EarlyStopping(loss)", "KeepBest(loss)")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("cls", [EarlyStopping, KeepBest])  # plain values, and with arrays
def test_the_past_of_a_callback_goes_to_the_one_that_follows_the_same_value(tmp_path, caplog, cls):
    def train(epochs, *monitors):
        followers = [cls(name, mode="min") for name in monitors]
        callbacks = [*followers, Checkpoints(tmp_path)]
        metrics = {"error@0.5": jm.metrics.Accuracy()}
        fit(epochs=epochs, callbacks=callbacks, validation=problem.batches(22), metrics=metrics)
        return {follower.monitor: follower.best for follower in followers}

    first = train(1, "loss", "val/error@0.5")
    assert not caplog.records
    assert train(1, "val/error@0.5", "loss") == first
    assert not caplog.records
    assert train(1, "val/loss", "loss") == {"val/loss": None, "loss": first["loss"]}
    assert sorted(record.getMessage().partition(",")[0] for record in caplog.records) == [
        f"{cls.__name__}(val/error@0_5) is in the checkpoint",
        f"{cls.__name__}(val/loss) is not in the checkpoint",
    ]


@pytest.mark.slow
def test_keeping_the_best_may_begin_and_end_in_the_middle(tmp_path):
    validation = problem.batches(8)
    options = {"validation": validation, "metrics": jm.metrics.Accuracy()}
    fit(epochs=1, callbacks=[Checkpoints(tmp_path)], **options)
    keep_best = KeepBest("val/accuracy")
    run = fit(epochs=2, callbacks=[Checkpoints(tmp_path), keep_best], **options)
    assert run.step == keep_best.step == 12
    assert fit(epochs=3, callbacks=[Checkpoints(tmp_path)], **options).step == 18


@pytest.mark.slow
@pytest.mark.parametrize("first", [None, jm.metrics.ConfusionMatrix(num_classes=2)])
def test_a_run_continues_with_other_metrics(tmp_path, caplog, two_epochs, first):
    fit(steps=8, log_every=5, metrics=first, callbacks=[Checkpoints(tmp_path)])
    accuracy = jm.metrics.Accuracy()
    run = fit(steps=12, log_every=5, metrics=accuracy, callbacks=[Checkpoints(tmp_path)])
    assert run.restored and jm.equal(run.model, two_epochs.model)
    assert ["accuracy" in row for row in run.history.rows] == [False] * 3 + [True] * 2
    assert "The checkpoint has other metrics; the row" in caplog.text


def test_another_model_is_refused_by_name(tmp_path):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path)])

    def other():
        return jm.Sequential(jm.Linear(2)).init(0, X[:2])

    message = (
        r"Step 6 of .*, is of another model and optimizer: `model.layers.2.bias` is gone, .* "
        r"and 7 more. To continue, give `fit` what .*; to start again, choose another folder"
    )
    with pytest.raises(jm.CheckpointError, match=message) as raised:
        fit(model=other, epochs=2, callbacks=[Checkpoints(tmp_path)])
    assert "rename=" not in str(raised.value)
    assert "`model.layers.0.bias`: the tree has shape (2,)" in str(raised.value.__cause__)


def test_a_damaged_checkpoint_is_told_as_such(tmp_path):
    fit(epochs=1, callbacks=[Checkpoints(tmp_path)])
    for file in (tmp_path / "6").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    with pytest.raises(jm.CheckpointError, match="is damaged, or cannot be read"):
        fit(epochs=2, callbacks=[Checkpoints(tmp_path)])
