"""A Griffe extension: signatures as Python has them, where the source does not show them.

Layers and losses get their constructors from their fields, and functions of metrics are made from
classes; only the running library knows their arguments.
"""

import inspect
import re
from typing import Any

import griffe
from public_api import Name, names

EXAMPLE = re.compile(r"^Example:$", re.M)
KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}


def shown(value: Any) -> str:
    """A default as a reader would write it."""
    if inspect.isfunction(value) or inspect.isclass(value) or inspect.isbuiltin(value):
        return value.__name__
    text = repr(value)
    if text.startswith("<") and text.endswith(">"):
        return getattr(value, "__name__", str(value))
    return text


def type_of(annotation: Any, parent: Any) -> Any:
    """An annotation as an expression whose names are links."""
    if annotation is inspect.Parameter.empty:
        return None
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    try:
        tree = compile(text, "<annotation>", "eval", flags=0x400, optimize=2)  # an AST
        return griffe.get_expression(tree.body, parent=parent)
    except SyntaxError:
        return text


def parameters(signature: inspect.Signature, parent: Any) -> griffe.Parameters:
    """The parameters of a signature."""
    return griffe.Parameters(
        *(
            griffe.Parameter(
                parameter.name,
                annotation=type_of(parameter.annotation, parent),
                kind=KINDS[parameter.kind],
                default=None if parameter.default is parameter.empty else shown(parameter.default),
            )
            for parameter in signature.parameters.values()
        )
    )


def complete(package: griffe.Module, name: Name) -> None:
    """Gives the object of a name the signature, and a function the docstring, that it has."""
    try:
        signature = inspect.signature(name.value)
    except (TypeError, ValueError):
        return
    found: Any = package[name.path.removeprefix("jax_metrics.")]
    found = found.final_target if found.is_alias else found
    if found.is_class:
        if "__init__" not in found.members or "__init__" not in vars(name.value):
            init = griffe.Function("__init__", parent=found, lineno=found.lineno)
            found.set_member("__init__", init)
        init = found.members["__init__"]
        init.parameters = griffe.Parameters(
            griffe.Parameter("self", kind=KINDS[inspect.Parameter.POSITIONAL_OR_KEYWORD]),
            *parameters(signature, found),
        )
    elif found.is_attribute:  # a function that was made by another one
        function = griffe.Function(
            found.name,
            parameters=parameters(signature, found.parent),
            returns=type_of(signature.return_annotation, found.parent),
            docstring=griffe.Docstring(
                EXAMPLE.sub("Examples:", name.doc), parent=found, parser="google"
            ),
            lineno=found.lineno,
        )
        found.parent.set_member(found.name, function)


class RuntimeSignatures(griffe.Extension):
    """Reads the signatures of the public names from the running library."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Lets Griffe find examples, whose section has the plural in its name there.

        Args:
            obj: An object that was read.
            **kwargs: What else Griffe gives.
        """
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub("Examples:", obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Completes the objects of the package.

        Args:
            pkg: The package that was read from its files.
            **kwargs: What else Griffe gives.
        """
        if pkg.name == "jax_metrics":
            for name in names():
                if name.is_ours and callable(name.value):
                    complete(pkg, name)
