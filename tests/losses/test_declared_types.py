"""What losses declare for type checkers is what they take."""

import ast
import inspect
import textwrap

import pytest

from jax_metrics import losses


def declared(cls):
    """The methods that the body of a class declares under `TYPE_CHECKING`, by name."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    blocks = [node for node in body.body if isinstance(node, ast.If)]
    return {method.name: method.args for block in blocks for method in block.body}


CLASSES = [
    value
    for value in vars(losses).values()
    if inspect.isclass(value) and value.__module__.startswith("jax_metrics.losses.")
]
DECLARING = [cls for cls in CLASSES if issubclass(cls, losses.Loss) and "__init__" in declared(cls)]


def test_losses_with_more_arguments_declare_them():
    assert {cls.__name__ for cls in DECLARING} >= {"GaussianNLL", "CTC", "TripletMargin"}


@pytest.mark.parametrize("cls", DECLARING, ids=lambda cls: cls.__name__)
def test_declared_is_what_is_taken(cls):
    methods = declared(cls)
    common = {"reduction", "weight", "on", "name"}
    for name, parameters in (
        ("__init__", inspect.signature(cls).parameters),
        ("__call__", dict(list(inspect.signature(cls.__call__).parameters.items())[1:])),
    ):
        arguments = methods[name].kwonlyargs
        defaults = {
            argument.arg: inspect.Parameter.empty if default is None else ast.literal_eval(default)
            for argument, default in zip(arguments, methods[name].kw_defaults, strict=True)
        }
        taken = {n: p.default for n, p in parameters.items() if n not in common}
        assert defaults == taken
