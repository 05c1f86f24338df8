"""Which format weights have: by their configuration, their model, and their names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jax_metrics.checkpoint import CheckpointError, state_dict
from jax_metrics.models._architecture import Architecture
from jax_metrics.models.pretrained._values import of_files
from jax_metrics.models.pretrained._weights import Weights
from jax_metrics.models.weights import (
    FORMATS,
    WeightFormat,
    check_config,
    format_of_type,
    formats_of_model,
)


def format_of_config(config: Mapping[str, Any] | None, path: Path) -> WeightFormat:
    """The format of weights whose model is described beside them.

    Raises:
        CheckpointError: If there is no description, or none that is known.
    """
    hint = "Pass the architecture as `model=`"
    if config is None:
        raise CheckpointError(
            f"{path} does not say of which architecture it is, and there is no config.json beside "
            f"it. {hint}."
        )
    found = format_of_type(config.get("model_type", ""))
    if found is None:
        raise CheckpointError(
            f"{path} is of the model type {config.get('model_type')!r}. Those that are known are "
            f"{', '.join(sorted({repr(format.model_type) for format in FORMATS}))}. {hint}, with "
            "a `format=` or `rules=` if the weights have other names."
        )
    return found


def model_of(format: WeightFormat, config: Mapping[str, Any], path: Path) -> Architecture:
    """The uninitialized model that a configuration describes.

    Raises:
        CheckpointError: If the configuration is incomplete, or describes what is not supported.
    """
    if format in FORMATS:  # other formats have entries of their own
        try:
            check_config(config)
        except ValueError as error:
            raise CheckpointError(
                f"The configuration of {path} is not one of the model type {format.model_type!r}: "
                f"{error} Correct its config.json."
            ) from error
    try:
        return format.from_config(config)
    except KeyError as error:
        raise CheckpointError(
            f"The configuration of {path} lacks {error}, which the model type "
            f"{format.model_type!r} needs. Complete its config.json, or pass `model=`."
        ) from error
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise CheckpointError(f"{path}: {error}") from error


def rules_for(tree: Any, weights: Weights, format: WeightFormat | None) -> Sequence[Any]:
    """The rules that make the names and layouts of weights those of a model.

    Of several formats for a model, it is the one of whose weights the most fit.

    Args:
        tree: The model with shapes.
        weights: The weights.
        format: The format, if it was given.
    """
    if format is not None:
        return format.rules(tree)
    candidates = formats_of_model(tree)
    by_type = format_of_type((weights.config or {}).get("model_type", ""))
    if by_type is not None and (by_type in candidates or by_type.architecture is None):
        return by_type.rules(tree)
    if len(candidates) < 2:
        return candidates[0].rules(tree) if candidates else ()
    wanted = set(state_dict(of_files(tree)))
    fits = lambda rules: _fit(rules, wanted, weights)  # noqa: E731
    return max((one.rules(tree) for one in candidates), key=fits)


def _fit(rules: Sequence[Any], wanted: set[str], weights: Weights) -> int:
    """How many names of the model the rules make, less those that it does not have."""
    try:
        names = weights.converted_names(rules)
    except CheckpointError:
        return -len(wanted)
    return len(wanted & names) - len(names - wanted)
