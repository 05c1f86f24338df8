"""`load_exported`: a program that `export` wrote, as a module."""

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.export
import jax.numpy as jnp

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._export import PROGRAM, VERSION
from jax_metrics.checkpoint._export_inputs import check_inputs, signature
from jax_metrics.checkpoint._file import File
from jax_metrics.checkpoint._load import load
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._rules import skip
from jax_metrics.module import ModelState, Module, Parameter


class Program:
    """The program of an exported model.

    Args:
        data: The bytes that `jax.export` wrote.
        model: The name of the model's class.
    """

    def __init__(self, data: bytes, model: str):
        self.data = data
        self.model = model
        exported = jax.export.deserialize(bytearray(data))
        arguments, _ = jax.tree.unflatten(exported.in_tree, exported.in_avals)
        self.weights, self.state = arguments[:2]
        self.inputs = arguments[2:]
        self.platforms = exported.platforms
        # Each call of the exported function itself would be traced again.
        self.run = jax.jit(exported.call if exported.has_vjp() else _without_gradient(exported))
        exported.mlir_module()  # fails if this version of JAX cannot read it

    def __reduce__(self) -> Any:
        return Program, (self.data, self.model)

    def __repr__(self) -> str:
        return f"{self.model}{signature(*self.inputs)}"


class ExportedModel(Module):
    """The forward pass of a model that `jm.export` wrote; see `jm.load_exported`.

    A module like any other: it passes through `jax.jit`, is part of other modules, and its weights
    can be trained if the program can be differentiated.

    Args:
        program: The program.
        weights: The parameters by name.
        state: All other arrays by name.
    """

    weights: dict[str, Any] = Parameter.node()
    state: dict[str, Any] = ModelState.node()

    def __init__(self, program: Program, weights: dict[str, Any], state: dict[str, Any]):
        self.program = program
        self.weights = weights
        self.state = state

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the program.

        Args:
            *args: The arguments of the model, with shapes and dtypes that fit those of the export.
            **kwargs: As the model took them.

        Raises:
            ValueError: If they do not fit.
        """
        check_inputs(self.program.inputs, args, kwargs)
        return self.program.run(self.weights, self.state, args, kwargs)


@names_arguments
def load_exported(path: str | os.PathLike[str], *, verify: bool = True) -> ExportedModel:
    """Reads a file of `jm.export`, as a module that does not need the model's class.

    Args:
        path: The file.
        verify: Whether to compare the weights with their checksums. The program is always checked.

    Raises:
        CheckpointError: If the file is damaged, has no exported program, or one that this version
            or this device cannot run.
        FileNotFoundError: If there is no file.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3))).eval()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.export(model, jnp.ones((1, 3)), f"{folder}/model.export")
        ...     loaded = jm.load_exported(f"{folder}/model.export")
        >>> loaded.program
        Linear(float32[batch, 3])
        >>> loaded(jnp.ones((3, 3))).shape
        (3, 2)
    """
    package("flatbuffers")
    file = File(Path(path))
    if file.export is None:
        raise CheckpointError(
            f"{path} has no exported program: `jm.export` did not write it. `jm.load` reads arrays."
        )
    description = _description(path, file.export)
    data = file.read(PROGRAM, verify=True).tobytes()
    try:
        program = Program(data, description["model"])
    except Exception as error:  # whatever the parsers of JAX raise
        raise CheckpointError(
            f"The program in {path} cannot be read: {error!r} ({_versions(description)})."
        ) from error
    _check_platform(path, program.platforms)
    shapes = jax.tree.map(
        lambda aval: jax.ShapeDtypeStruct(aval.shape, aval.dtype),
        {"weights": program.weights, "state": program.state},
    )
    arrays = load(path, shapes, rules=[skip(PROGRAM)], verify=verify)
    return ExportedModel(program, **arrays).init(0).eval()


def _description(path: Any, text: str) -> dict[str, Any]:
    try:
        description = dict(json.loads(text))
        later, convention = description["version"] > VERSION, int(description["calling_convention"])
        model = f"{description['model']}, {_versions(description)}"
    except (ValueError, LookupError, TypeError) as error:
        raise CheckpointError(f"{path} has no description of its program: {error!r}.") from error
    if later:
        raise CheckpointError(f"A later version of jax_metrics exported {path}: update it.")
    oldest = jax.export.minimum_supported_calling_convention_version
    newest = jax.export.maximum_supported_calling_convention_version
    if not oldest <= convention <= newest:
        raise CheckpointError(
            f"{path} has the calling convention {convention}, but JAX {jax.__version__} runs "
            f"{oldest} to {newest}: {model}. Install a version near to that one, or export the "
            "model again with this one."
        )
    return description


def _versions(description: dict[str, Any]) -> str:
    return (
        f"exported with JAX {description['jax']} and jaxlib {description['jaxlib']}, read with "
        f"JAX {jax.__version__} and jaxlib {version('jaxlib')}"
    )


def _check_platform(path: Any, platforms: tuple[str, ...]) -> None:
    here = next(iter(jnp.zeros(()).devices())).platform  # where new arrays are
    names = ["cuda", "rocm"] if here == "gpu" else [here]
    if not {*names} & {*platforms}:
        raise CheckpointError(
            f"{path} was exported for {', '.join(platforms)}, and does not run on {here}. Export "
            f"it with `platforms=[..., {names[0]!r}]`, or choose another device: `with "
            f"jax.default_device(jax.devices({platforms[0]!r})[0])`."
        )


def _without_gradient(exported: jax.export.Exported) -> Any:
    @jax.custom_vjp
    def call(*args: Any) -> Any:
        return exported.call(*args)

    def forward(*args: Any) -> Any:
        raise ValueError(
            "This program was exported without its gradient. Export it with `vjp_order=1`."
        )

    call.defvjp(forward, lambda residuals, gradient: gradient)
    return call
