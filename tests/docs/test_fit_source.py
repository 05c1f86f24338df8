"""The guide shows the source of `fit` as it is."""

import ast
from pathlib import Path

import jax_metrics as jm

ROOT = Path(__file__).parents[2]


class WithoutPrefix(ast.NodeTransformer):
    """Makes `copy` of `jm.copy`."""

    def visit_Attribute(self, node):
        is_jm = isinstance(node.value, ast.Name) and node.value.id == "jm"
        return ast.Name(node.attr) if is_jm else self.generic_visit(node)


def code_of_fit(source):
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    (fit,) = [function for function in functions if function.name == "fit"]
    fit.decorator_list = []  # it names the arguments in errors
    if ast.get_docstring(fit):
        fit.body = fit.body[1:]
    return ast.unparse(WithoutPrefix().visit(fit))


def test_the_guide_shows_the_source_of_fit(fenced_blocks):
    blocks = fenced_blocks(ROOT / "docs/guide/fit.md", "python")
    (shown,) = [code for block in blocks if "def fit(" in (code := str(block.code))]
    source = ROOT / "src/jax_metrics/training/loop/_fit.py"
    assert code_of_fit(shown) == code_of_fit(source.read_text())
    assert len(code_of_fit(shown).splitlines()) < 100
    assert jm.training.fit is jm.training.loop.fit
