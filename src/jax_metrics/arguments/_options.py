"""Checks of the options of constructors: their names and plain types."""

import inspect
import reprlib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from jax_metrics.arguments._other_arguments import OTHER_ARGUMENTS
from jax_metrics.tree import nearest

# Names that other libraries use for the same arguments.
_SYNONYMS: dict[str, str | tuple[str, ...]] = {
    "y_true": "target",
    "labels": "target",
    "targets": "target",
    "y": "target",
    "y_pred": "preds",
    "predictions": "preds",
    "logits": ("preds", "from_logits"),
    "input": "preds",
    "output": "preds",
    "outputs": "preds",
    "y_score": "preds",
    "weights": "sample_weight",
    "weight": "sample_weight",
    "value": "values",
    "loss": "values",
    "batch_size": "size",
    "drop_remainder": "drop_last",
    "seed": ("shuffle", "key"),
    "key": "shuffle",
    "train_dataloaders": "data",
    "train_dataloader": "data",
    "val_dataloaders": "validation",
    "validation_data": "validation",
    "eval_dataset": "validation",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "nb_epoch": "epochs",
    "max_steps": "steps",
    "num_steps": "steps",
    "accumulate_grad_batches": "accumulate",
    "gradient_accumulation_steps": "accumulate",
    "steps_per_execution": "steps_per_call",
    "log_every_n_steps": "log_every",
    "val_check_interval": "validate_every",
    "logger": "loggers",
    "enable_progress_bar": "progress",
    "verbose": "progress",
    "lr": "learning_rate",
    "betas": ("b1", "b2"),
    "beta_1": "b1",
    "beta_2": "b2",
    "filepath": "folder",
    "dirpath": "folder",
    "directory": "folder",
    "log_dir": "folder",
    "max_to_keep": "keep",
    "save_interval_steps": "every",
    "every_n_train_steps": "every",
    "min_lr": "min_value",
    "epsilon": "min_delta",
    "threshold": "min_delta",
    "input_ids": "tokens",
    "prompt": "tokens",
    "attention_mask": "padding_mask",
    "pad_token_id": "pad_token",
    "eos_token_id": "stop_tokens",
    "generator": ("shuffle", "key"),
    "torch_dtype": "dtype",
    "pretrained_model_name_or_path": "path",
}
# The plain types that are checked.
_EXPECTED: dict[type, str] = {
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    str: "a string",
    type(None): "None",
}
# Strings and bytes are sequences.
_NO_NUMBERS = (type, Sequence, Mapping, Set)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question with the known name that was probably meant; empty if none is similar."""
    known = tuple(known)
    synonyms = _SYNONYMS.get(name, ())
    synonyms = (synonyms,) if isinstance(synonyms, str) else synonyms
    meant = " or ".join(f"`{synonym}`" for synonym in synonyms if synonym in known)
    return f" Did you mean {meant}?" if meant else nearest(name, known)


def instead_of(owner: str, name: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown argument: a sentence, a question, or nothing.

    Args:
        owner: The name of the class or function.
        name: The name of the argument.
        known: The names that the owner has.
    """
    sentence = OTHER_ARGUMENTS.get(owner, {}).get(name)
    return f" {sentence}" if sentence else did_you_mean(name, known)


def refuse_unknown(
    owner: str,
    unknown: Iterable[str],
    known: Iterable[str],
    hint: str = "",
) -> None:
    """Checks that there are no unknown arguments.

    Args:
        owner: The name of the class or function, for the message.
        unknown: The names that it does not have.
        known: The names that it has.
        hint: Added to the message.

    Raises:
        TypeError: If there are, with what takes the place of one, or the nearest known name.
    """
    known = tuple(known)
    for name in unknown:
        raise TypeError(
            f"{owner} has no argument {name!r}.{instead_of(owner, name, known)} It takes "
            f"{', '.join(known) or 'no arguments'}.{hint}"
        )


def check_constructor(
    cls: type, signature: inspect.Signature, args: Sequence[Any], options: Mapping[str, Any]
) -> None:
    """Checks how many options are given by position, and the types of those that are plain.

    Annotations of plain types, such as `int | None`, are checked; all others pass.

    Raises:
        TypeError: If one does not fit.
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature.parameters
    positional = [p.name for p in parameters.values() if p.kind in kinds]
    takes_any = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
    if len(args) > len(positional) and not takes_any:
        named = [n for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY]
        raise TypeError(
            f"{cls.__name__} takes {len(positional) or 'no'} argument{'s'[len(positional) == 1 :]} "
            f"by position, but got {len(args)}. Give options by name: "
            f"{', '.join(f'{name}=...' for name in named)}.{getattr(cls, '_arguments_hint', '')}"
        )
    for name, value in (*zip(positional, args, strict=False), *options.items()):
        if name in parameters:
            _check_type(cls, name, value, parameters[name].annotation)


def _check_type(cls: type, name: str, value: Any, annotation: Any) -> None:
    is_union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    allowed = typing.get_args(annotation) if is_union else (annotation,)
    if any(not isinstance(one, type) for one in allowed):
        return
    if isinstance(value, type):
        for one in allowed:
            if one is not object and one in value.__mro__:
                raise TypeError(
                    f"{name} of {cls.__name__} must be a {one.__name__}, but is the class "
                    f"{value.__name__}. Create an object of it: `{value.__name__}(...)`."
                )
    if any(one not in _EXPECTED for one in allowed) or any(_fits(value, one) for one in allowed):
        return
    expected = " or ".join(_EXPECTED[one] for one in allowed)
    raise TypeError(
        f"{name} of {cls.__name__} must be {expected}, but is the {type(value).__name__} "
        f"{reprlib.repr(value)}."
    )


def _fits(value: Any, kind: type) -> bool:
    dtype = getattr(value, "dtype", None)
    if kind is str or kind is type(None):
        return isinstance(value, kind)
    is_bool = isinstance(value, bool) or str(dtype) == "bool"
    if kind is bool:
        return is_bool
    if is_bool and kind is int:
        return False  # a flag where a count belongs
    if value is None or isinstance(value, _NO_NUMBERS) or getattr(value, "ndim", 0):
        return False
    # Other objects, such as traced scalars, have checks of their own.
    return kind is float or not isinstance(value, float)
