"""JSON files beside weights."""

import json
from pathlib import Path
from typing import Any

from jax_metrics.checkpoint import CheckpointError


def read_json(path: Path, kind: type[dict] | type[list]) -> Any:
    """What a JSON file has; None if there is none.

    Args:
        path: The file.
        kind: What it must have at the top.

    Raises:
        CheckpointError: If it has something else, or is not JSON.
    """
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON: {error}.") from error
    if not isinstance(found, kind):
        raise CheckpointError(
            f"{path} has a {type(found).__name__} at the top instead of a {kind.__name__}."
        )
    return found
