"""`export`: the forward pass of a model and its weights as one file."""

import json
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._atomic import remove_leftovers
from jax_metrics.checkpoint._encoding import Encoded, encoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._export_inputs import symbolic_inputs
from jax_metrics.checkpoint._header import EXPORT, check_metadata
from jax_metrics.checkpoint._load_state_dict import load_state_dict
from jax_metrics.checkpoint._names import named_leaves
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._state_dict import state_dict
from jax_metrics.checkpoint._write import write_file
from jax_metrics.module import Inputs, Log, Module, Parameter
from jax_metrics.tree import apply, filter

VERSION = 1
PROGRAM = "program"
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@names_arguments
def export(
    model: Module,
    inputs: Any,
    path: str | os.PathLike[str],
    *,
    shapes: Any = "batch, ...",
    constraints: Sequence[str] = (),
    platforms: Sequence[str] = ("cpu", "cuda", "tpu"),
    vjp_order: int = 0,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes the forward pass of a model and its weights, which run without the model's class.

    The file has the program, made by `jax.export`, and the arrays of the model. It is in the
    safetensors format, with checksums, and written atomically.

    Args:
        model: An initialized module in evaluation mode.
        inputs: The arguments of a call of the model, as in `init`: one value, a tuple of positional
            arguments, a dict of keyword arguments, or `jm.Inputs(...)`. Only shapes and dtypes
            matter, so `jax.ShapeDtypeStruct` will do.
        path: The file; an older one is replaced.
        shapes: Which axes may have another size later. A single string applies to every input with
            at least one axis: `"batch, ..."` leaves the size of the first axis open. If inputs
            differ, pass one string for each, arranged like `inputs`: `("batch, time", "batch, 1, 1,
            time")`. Axes with the same name have the same size, and `...` or `_` stand for sizes of
            `inputs`. None fixes all of them.
        constraints: What is known about open sizes, such as `"time <= 512"`.
        platforms: Where the program will run: some of `"cpu"`, `"cuda"`, `"rocm"`, and `"tpu"`.
        vjp_order: How many times the program can be differentiated.
        metadata: Strings by name, to be read with `jm.checkpoint.read_metadata`.

    Raises:
        CheckpointError: If the model cannot be exported, or the file cannot be written. Then an
            older file is unchanged.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.MLP([8, 2]).init(0, jnp.ones((1, 4))).eval()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.export(model, jnp.ones((1, 4)), f"{folder}/model.export", platforms=["cpu"])
        ...     loaded = jm.load_exported(f"{folder}/model.export")
        >>> loaded(jnp.ones((5, 4))).shape
        (5, 2)
    """
    package("flatbuffers")  # what JAX writes programs with
    metadata = check_metadata(metadata)
    _check_platforms(platforms)
    _check_model(model)
    weights = state_dict(filter(model, Parameter))
    state = {name: leaf for name, leaf in state_dict(model).items() if name not in weights}
    args, kwargs = symbolic_inputs(Inputs.from_value(inputs), shapes, constraints)
    program = _exported(model, weights, state, args, kwargs, platforms)
    description = {
        "version": VERSION,
        "model": type(model).__name__,
        "calling_convention": program.calling_convention_version,
        "platforms": list(program.platforms),
        "jax": jax.__version__,
        "jaxlib": version("jaxlib"),
    }
    entries = {PROGRAM: Encoded(np.frombuffer(_serialized(model, program, vjp_order), np.uint8))}
    entries |= {f"weights.{name}": encoded(leaf) for name, leaf in weights.items()}
    entries |= {f"state.{name}": encoded(leaf) for name, leaf in state.items()}
    remove_leftovers(Path(path))
    write_file(Path(path), entries, {**metadata, EXPORT: json.dumps(description)}, ties={})


def _check_platforms(platforms: Sequence[str]) -> None:
    names = [platforms] if isinstance(platforms, str) else list(platforms)
    unknown = [name for name in names if name not in PLATFORMS]
    if isinstance(platforms, str) or unknown or not names:
        raise CheckpointError(
            f"`platforms` is a list of some of {', '.join(map(repr, PLATFORMS))}; got "
            f"{platforms!r}. GPUs are 'cuda' (NVIDIA) or 'rocm' (AMD)."
        )


def _check_model(model: Any) -> None:
    if not isinstance(model, Module):
        raise CheckpointError(
            f"Only a module can be exported; got a {type(model).__name__}. Write one whose "
            "`__call__` does what is to be exported."
        )
    if not model.initialized:
        raise CheckpointError(
            f"The {type(model).__name__} is not initialized, so it has no weights. Write "
            "`model = model.init(key, inputs)` first."
        )
    training: list[str] = []
    apply(lambda tree: training.append(type(tree).__name__) if _trains(tree) else None, model)
    if training:
        raise CheckpointError(
            f"The {type(model).__name__} is in training mode ({', '.join(dict.fromkeys(training))})"
            ", so dropout and batch statistics would act as in training. Export `model.eval()`."
        )
    hollow = [n for n, leaf in state_dict(model).items() if isinstance(leaf, jax.ShapeDtypeStruct)]
    if hollow:
        raise CheckpointError(
            f"`{hollow[0]}` has a shape, but no values: it comes from `jax.eval_shape`. Export a "
            "model with weights."
        )


def _trains(tree: Any) -> bool:
    return isinstance(tree, Module) and tree.training


def _exported(
    model: Module,
    weights: dict[str, Any],
    state: dict[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    platforms: Sequence[str],
) -> jax.export.Exported:
    # Without values and placements: the program is for one device.
    skeleton = jax.tree.map(_shape, model)
    changed: list[str] = []

    def forward(weights: Any, state: Any, args: Any, kwargs: Any) -> Any:
        given = {**weights, **state}
        called = load_state_dict(skeleton, given)
        result = called(*args, **kwargs)
        after = named_leaves(filter(called, lambda info: not issubclass(info.kind, Log)))
        changed[:] = [name for name, (_, leaf) in after.items() if leaf is not given.get(name)]
        return result

    jitted = jax.jit(forward)
    arguments = (jax.tree.map(_shape, weights), jax.tree.map(_shape, state), args, kwargs)
    try:
        jitted.trace(*arguments)
    except jax.errors.InconclusiveDimensionOperation as error:
        raise CheckpointError(
            f"The {type(model).__name__} cannot be exported with open sizes, because it needs to "
            f"know one: {error}\nFix that size in `shapes` (None fixes all), or state what is known"
            ' about it, as in `constraints=["time <= 512"]`.'
        ) from error
    if changed:
        raise CheckpointError(
            f"A call of the {type(model).__name__} changes {', '.join(map(repr, changed))}, which "
            "an exported program cannot keep. Export a module that takes them as inputs and "
            "returns them."
        )
    try:
        return jax.export.export(jitted, platforms=tuple(platforms))(*arguments)
    except Exception as error:  # whatever the lowering rules of JAX raise
        raise CheckpointError(_not_writable(model, error)) from error


def _shape(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(np.shape(leaf), jax.typeof(leaf).dtype)


def _serialized(model: Module, program: jax.export.Exported, vjp_order: int) -> bytes:
    try:
        return bytes(program.serialize(vjp_order=vjp_order))
    except (ValueError, TypeError, NotImplementedError) as error:
        raise CheckpointError(_not_writable(model, error)) from error


def _not_writable(model: Module, error: Exception) -> str:
    return (
        f"The program of the {type(model).__name__} cannot be exported: {error}\nInputs and "
        "outputs are arrays in tuples, lists, and dicts with strings as keys. Callbacks to "
        "Python, such as `jax.debug.print`, are not possible."
    )
