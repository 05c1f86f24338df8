"""`save_pretrained`: a model as a folder that another library reads."""

import json
import os
from pathlib import Path
from typing import Any

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint import CheckpointError, inverse, save, state_dict
from jax_metrics.models.pretrained._differences import differences
from jax_metrics.models.pretrained._sentence_settings import check_modules
from jax_metrics.models.pretrained._values import of_files, shapes_of
from jax_metrics.models.weights import FORMATS, WeightFormat, formats_of_model
from jax_metrics.module import Module

_WAYS = "Merge LoRA first, with `jm.nn.merge_lora`, or write the weights alone with `jm.save`."


@names_arguments
def save_pretrained(
    model: Module,
    folder: str | os.PathLike[str],
    *,
    format: WeightFormat | None = None,
    shard_size: int | None = None,
) -> None:
    """Writes a model as a folder with `config.json` and safetensors, with another library's names.

    Hugging Face's transformers reads it, and so does `jm.models.from_pretrained`. Parameters and
    statistics are written, in their dtypes; random keys and caches are not. The configuration
    does not say the dtypes: `jm.models.from_pretrained` gives float32 unless `dtype` is passed.

    Args:
        model: An initialized model of a class that a format knows.
        folder: The folder, which is created if it does not exist; older files in it are replaced.
        format: How to name and lay out the weights; None: the first one for the class of the model.
        shard_size: As in `jm.save`.

    Raises:
        CheckpointError: If the model is not initialized, no format knows its class, or the format
            has no place for what it has, such as LoRA, another head or another epsilon; if the
            rules of the format cannot be inverted; if the folder has a `modules.json` of
            sentence-transformers that describes another model, or cannot be written.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.SileroVAD()
        >>> model = model.init(0, model.example_inputs())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.models.save_pretrained(model, folder)
        ...     loaded = jm.models.from_pretrained(folder)
        >>> jm.equal(loaded.parameters(), model.eval().parameters())
        True
    """
    format = format or _format_of(model)
    if not model.initialized:
        raise CheckpointError(
            f"The {type(model).__name__} is not initialized: it has no weights to save yet."
        )
    state = state_dict(of_files(model))
    config = _configuration(model, format)
    text = json.dumps(config, indent=2, sort_keys=True)
    _check_described(model, state, format, json.loads(text))
    rules = format.rules(model)
    theirs = _applied(inverse(rules), state)
    back = _applied(rules, theirs)
    if changed := sorted(
        name for name in state.keys() | back.keys() if _shape(state, name) != _shape(back, name)
    ):
        raise CheckpointError(
            f"The rules of the format {format.model_type!r} do not lead back to `{changed[0]}`: "
            "what they leave alone looks like something that they make. Give them longer names."
        )
    target = Path(folder)
    check_modules(target, config)
    target.mkdir(parents=True, exist_ok=True)
    save(target / "model.safetensors", theirs, metadata={"format": "pt"}, shard_size=shard_size)
    (target / "config.json").write_text(f"{text}\n", encoding="utf-8")


def _format_of(model: Any) -> WeightFormat:
    for format in formats_of_model(model):
        if format.to_config is not None:
            return format
    known = {one.architecture.__name__ for one in FORMATS if one.architecture and one.to_config}
    raise CheckpointError(
        f"No format is known for the class {type(model).__name__}; there are some for "
        f"{', '.join(sorted(known))}. Pass `format=`, or write the weights alone with `jm.save`."
    )


def _configuration(model: Any, format: WeightFormat) -> dict[str, Any]:
    if format.to_config is None:
        raise CheckpointError(
            f"The format {format.model_type!r} has no `to_config`, so that no config.json can be "
            "written. `jm.save` writes the weights alone."
        )
    try:
        return {"model_type": format.model_type, **format.to_config(model)}
    except CheckpointError:
        raise
    except ValueError as error:
        raise CheckpointError(f"{error} `jm.save` writes the weights alone.") from error
    except (AttributeError, LookupError, TypeError) as error:
        raise CheckpointError(
            f"{_no_place(model, format)}: {type(error).__name__}: {error}. {_WAYS}"
        ) from error


def _check_described(
    model: Any, state: dict[str, Any], format: WeightFormat, config: dict[str, Any]
) -> None:
    """Checks that a model which is made from the configuration computes the same."""
    try:
        described = format.from_config(config)
    except (ValueError, LookupError) as error:
        raise CheckpointError(f"{_no_place(model, format)}: {error} {_WAYS}") from error
    shapes = shapes_of(described, 0, None)
    again = state_dict(of_files(shapes))
    if different := sorted(
        name for name in state.keys() | again.keys() if _shape(state, name) != _shape(again, name)
    ):
        name, more = different[0], len(different) - 1
        has, described = (
            "nothing" if (shape := _shape(part, name)) is None else f"shape {shape}"
            for part in (state, again)
        )
        raise CheckpointError(
            f"{_no_place(model, format)}: its configuration describes another model. At `{name}` "
            f"this one has {has}, that one has {described}{f'; {more} more differ' * (more > 0)}. "
            f"{_WAYS}"
        )
    for path, ours, theirs in differences(model, shapes):
        raise CheckpointError(
            f"{_no_place(model, format)}: its configuration describes another model. At `{path}` "
            f"this one has {ours}, that one has {theirs}. Build it without this change, or write "
            "the weights alone with `jm.save`."
        )


def _no_place(model: Any, format: WeightFormat) -> str:
    name = type(model).__name__
    return f"The format {format.model_type!r} has no place for all that this {name} has"


def _applied(rules: Any, state: dict[str, Any]) -> dict[str, Any]:
    for rule in rules:
        state = rule(dict(state))
    return state


def _shape(state: dict[str, Any], name: str) -> Any:
    return state[name].shape if name in state else None
