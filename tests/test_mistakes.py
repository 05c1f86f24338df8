"""Where the tables of mistakes are: for each mistake of a first list, the row that tests it.

`mistakes` has those with modules, layers and the optimizer, `metrics/mistakes` those with metrics
and collections, and `losses/test_mistakes.py` those with losses.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
STATE, INIT, FIELDS = "mistakes/test_state.py", "mistakes/test_init.py", "mistakes/test_fields.py"
CALLS, CONSTRUCTORS = "mistakes/test_calls.py", "mistakes/test_constructors.py"
OPTIMIZER, LOSSES = "mistakes/test_optimizer.py", "losses/test_mistakes.py"
INPUTS, OPTIONS = "metrics/mistakes/test_inputs.py", "metrics/mistakes/test_options.py"
COLLECTIONS = "metrics/mistakes/test_collections.py"

# The number of the mistake, the file, and its rows.
ROWS = [
    ("1", INIT, ["called_before_init"]),
    ("1b", INIT, ["shape_for_inputs"]),
    ("2", STATE, ["model_not_returned"]),
    ("2b", STATE, ["model_closed_over", "model_as_the_jitted_function", "function_of_eval_shape"]),
    ("2c", STATE, ["optimizer_not_returned", "metric_not_returned", "collection_not_returned"]),
    ("3", FIELDS, ['holding("w", lambda: X)', "array_in_a_metric"]),
    ("4", FIELDS, ["array_without_a_kind"]),
    ("4b", FIELDS, ["jm.Parameter(X)", "jm.Parameter.node(X)"]),
    ("5", LOSSES, ["target [n, 1]"]),
    ("5", INPUTS, ["target [n, 1], MSE"]),
    ("5b", INPUTS, ["one-hot, Accuracy"]),
    ("6", LOSSES, ["labels out of range"]),
    ("6", INPUTS, ["labels out of range"]),
    ("7", LOSSES, ["logits, from_logits=False"]),
    ("7", "losses/test_probabilities.py", ["test_probabilities_as_logits"]),
    ("7b", INPUTS, ["logits to Accuracy", "logits to AUROC"]),
    ("8", INPUTS, ["string labels", "a list of strings"]),
    ("8", LOSSES, ["string labels"]),
    ("10", "checkpoint/test_state_dict.py", ["test_an_error_lists_every_misfit"]),
    ("11", OPTIONS, ["swapped scores and labels", "swapped probabilities"]),
    ("11", LOSSES, ["swapped labels and scores"]),
    ("14", CALLS, ["jm.Embed(5, 2)"]),
    ("15", INIT, ["no_key"]),
    ("16", INIT, ["dropout_without_key"]),
    ("16b", CONSTRUCTORS, ["jm.Dropout(50)"]),
    ("17b", CALLS, ["was initialized for inputs [..., 3]; got [4, 7]"]),
    ("18", OPTIONS, ["wrong num_classes", "missing num_classes"]),
    ("18b", OPTIONS, ["num_classes as a string", "n_classes"]),
    ("19", CONSTRUCTORS, ["jm.Sequential(jm.Linear)"]),
    ("19", COLLECTIONS, ["a class in a collection"]),
    ("21", FIELDS, ["module_in_the_class_body", "list_as_a_default_of_init"]),
    ("22", FIELDS, ["{jm.Linear(2)}"]),
    ("22b", FIELDS, ["(jm.Linear(n) for n in (1, 2))"]),
    ("24", OPTIMIZER, ["after_donation", "optimizer_after_donation"]),
    ("25b", OPTIMIZER, ["update_before_init", "optimizer_before_init_of_the_model"]),
    ("26", "tree/test_unused_result.py", ["optimizer.update"]),
    ("27", FIELDS, ["jm.field(X)"]),
    ("28", "tree/test_compact.py", ["CompactError"]),
    ("28b", INIT, ["forgotten_compact", "forgotten_compact_without_inputs"]),
    ("29", FIELDS, ["method_as_a_declared_field", 'holding("name"', 'holding("training"']),
    ("30", FIELDS, ["misspelt_mode", "misspelt_argument"]),
    ("33", INIT, ["shared_layer"]),
    ("35", CALLS, ["Write `mask == 0`"]),
    ("36", CONSTRUCTORS, ["jm.Linear(3, 4)", "jm.BatchNorm(16)", "jm.LayerNorm(16)"]),
]


@pytest.mark.parametrize(("number", "file", "rows"), ROWS)
def test_a_mistake_has_a_row(number, file, rows):
    text = (TESTS / file).read_text()
    assert all(row in text for row in rows), [row for row in rows if row not in text]
