"""What a folder of sentence-transformers says beside its `config.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._json_files import read_json

_ENTRIES = ("sentence_pooling", "sentence_normalize")
_POOLING = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
}


def sentence_settings(folder: Path) -> dict[str, Any]:
    """How hidden states become the vector of a sentence: `sentence_pooling`, `sentence_normalize`.

    Args:
        folder: A folder of a model; without `modules.json`, the result is empty.

    Raises:
        CheckpointError: If it describes something else.
    """
    found: dict[str, Any] = {}
    for module in read_json(folder / "modules.json", list) or ():
        kind = module["type"].rpartition(".")[2]
        if kind == "Pooling":
            found["sentence_pooling"] = _pooling(folder / module["path"] / "config.json")
        elif kind == "Normalize":
            found["sentence_normalize"] = True
        elif kind != "Transformer":
            raise CheckpointError(
                f"{folder / 'modules.json'} has a {kind}, which is not supported; a Transformer, "
                "Pooling and Normalize are. Pass `model=` to load the encoder alone."
            )
    return found


def with_sentence_settings(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration with what the files beside it say of sentences.

    Args:
        config: The configuration, which has such entries, too, if `save_pretrained` wrote it.
        folder: As in `sentence_settings`.

    Raises:
        CheckpointError: If they contradict each other, or describe something else.
    """
    found = sentence_settings(folder)
    for name, value in found.items():
        if config.get(name, value) != value:
            raise CheckpointError(
                f"{folder / 'config.json'} has `{name}: {config[name]!r}`, but modules.json beside "
                f"it says {value!r}. Remove the one that is wrong, or pass `model=`."
            )
    return {**found, **config}


def check_modules(folder: Path, config: Mapping[str, Any]) -> None:
    """Checks that a `modules.json` in the folder says the same of sentences as a configuration.

    Args:
        folder: The folder that the configuration will be written into.
        config: The configuration.

    Raises:
        CheckpointError: If it says something else.
    """
    if not (folder / "modules.json").is_file():
        return
    wanted = {name: config[name] for name in _ENTRIES if name in config}
    try:
        found: Any = sentence_settings(folder)
    except CheckpointError:
        found = "something else"
    if found != wanted:
        raise CheckpointError(
            f"{folder} has a modules.json of another model, which says {found or 'nothing'} of "
            f"sentences; this one has {wanted or 'nothing'}. Save it into another folder, or "
            "remove that file."
        )


def text_settings(folder: Path) -> tuple[int | None, bool]:
    """How texts are prepared: the longest number of tokens, and whether they become lower case.

    Args:
        folder: A folder of a model; without `sentence_bert_config.json`, nothing is prescribed.

    Raises:
        CheckpointError: If it is no JSON.
    """
    settings: Mapping[str, Any] = read_json(folder / "sentence_bert_config.json", dict) or {}
    return settings.get("max_seq_length"), bool(settings.get("do_lower_case"))


def _pooling(path: Path) -> str:
    settings: Mapping[str, Any] = read_json(path, dict) or {}
    modes = [name for name, value in settings.items() if name.startswith("pooling_mode") and value]
    if len(modes) != 1 or modes[0] not in _POOLING:
        raise CheckpointError(
            f"{path} pools by {', '.join(modes) or 'nothing'}, which is not supported; one of "
            f"{', '.join(_POOLING)} is. Pass `model=` to load the encoder alone."
        )
    return _POOLING[modes[0]]
