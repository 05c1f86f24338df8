"""`from_pretrained`: a model with the weights of a file, a folder or a repository."""

import os
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, overload

import jax.numpy as jnp

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint import CheckpointError, LeftOut, load, load_state_dict, state_dict
from jax_metrics.models._architecture import Architecture
from jax_metrics.models.pretrained._format_of import format_of_config, model_of, rules_for
from jax_metrics.models.pretrained._sentence_settings import with_sentence_settings
from jax_metrics.models.pretrained._source import find_source
from jax_metrics.models.pretrained._values import of_files, shapes_of, with_values
from jax_metrics.models.pretrained._weights import open_weights
from jax_metrics.models.weights import WeightFormat
from jax_metrics.module import Module

M = TypeVar("M", bound=Module)
Rule = Callable[[dict[str, Any]], dict[str, Any]]


@overload
def from_pretrained(
    path: str | os.PathLike[str],
    model: None = None,
    *,
    format: WeightFormat | None = None,
    rules: Iterable[Rule] | None = None,
    dtype: Any = None,
    strict: Literal[True] = True,
    key: Any = 0,
    download: bool = False,
    revision: str = "main",
) -> Architecture: ...
@overload
def from_pretrained(
    path: str | os.PathLike[str],
    model: M,
    *,
    format: WeightFormat | None = None,
    rules: Iterable[Rule] | None = None,
    dtype: Any = None,
    strict: Literal[True] = True,
    key: Any = 0,
    download: bool = False,
    revision: str = "main",
) -> M: ...
@overload
def from_pretrained(
    path: str | os.PathLike[str],
    model: Module | None = None,
    *,
    format: WeightFormat | None = None,
    rules: Iterable[Rule] | None = None,
    dtype: Any = None,
    strict: Literal[False],
    key: Any = 0,
    download: bool = False,
    revision: str = "main",
) -> tuple[Any, LeftOut]: ...


@names_arguments
def from_pretrained(
    path: str | os.PathLike[str],
    model: Module | None = None,
    *,
    format: WeightFormat | None = None,
    rules: Iterable[Rule] | None = None,
    dtype: Any = None,
    strict: bool = True,
    key: Any = 0,
    download: bool = False,
    revision: str = "main",
) -> Any:
    """Returns a model with pretrained weights, in eval mode.

    Only the shapes of the model are computed, and the weights go straight into it. Nothing in a
    file is executed.

    Args:
        path: A file: safetensors, its index, GGUF, or a state dict of PyTorch (`.pth`, `.pt`,
            `.bin`). Or a folder with one of these, and perhaps a `config.json`. Or the id of a
            repository, such as `"bert-base-uncased"`, in the local cache of Hugging Face.
        model: An uninitialized architecture, or an initialized model, which stays unchanged. None:
            the architecture that the file, or the `config.json` beside it, describes.
        format: How the weights are named and laid out; detected automatically for the formats in
            `jm.models.weights`. Weights under the names of the model need none.
        rules: Replace the rules of a format; see `jm.load_state_dict`.
        dtype: Dtype of the floating Parameters, such as `jnp.bfloat16`. None: those of the model,
            which are float32 for one that a configuration describes, whatever the file has.
        strict: Whether all names and shapes must fit. If False, the result is a pair of the model,
            which has initial values where none fit, and a `LeftOut`.
        key: The key for values that no file has: random keys, and with `strict=False` also missing
            weights.
        download: Whether to download what the cache lacks of a repository from the hub. Weights
            that are not in safetensors must be a single file there.
        revision: The branch, tag or commit of a repository.

    Raises:
        CheckpointError: If there are no weights, their architecture is unknown, or they do not fit;
            then the error lists everything that is missing or unexpected, or has another shape or
            dtype.
        ImportError: If a package that reads the file is not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Classifier(jm.models.Architecture):
        ...     def __init__(self):
        ...         self.head = jm.Linear(3)
        ...     def example_inputs(self):
        ...         return jm.Inputs(jnp.zeros((1, 4)))
        ...     def __call__(self, x):
        ...         return self.head(x)
        >>> model = Classifier().init(0, jnp.zeros((1, 4)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.save(f"{folder}/model.safetensors", model)
        ...     loaded = jm.models.from_pretrained(folder, Classifier())
        >>> jm.equal(loaded, model.eval())
        True
    """
    weights = open_weights(find_source(path, download=download, revision=revision))
    if dtype is not None:
        _check_floating(dtype)
    if model is None:
        format = format or format_of_config(weights.config, weights.path)
        described = with_sentence_settings(weights.config or {}, weights.path.parent)
        model = model_of(format, described, weights.path)
    tree = shapes_of(model, key, dtype)
    # Files that `jm.save` wrote have random keys and other state, too.
    whole = set(state_dict(tree)) <= weights.shapes.keys()
    like = tree if whole else of_files(tree)
    if rules is None:
        ours = whole or set(state_dict(like)) <= weights.shapes.keys()
        rules = () if ours else rules_for(tree, weights, format)
    options: dict[str, Any] = {"rules": rules, "cast": True, "strict": strict}
    try:
        if weights.arrays is None:
            result = load(weights.path, like, **options)
        else:
            result = load_state_dict(like, weights.arrays(), **options)
    except CheckpointError as error:
        raise CheckpointError(f"{weights.path}: {error}") from error
    part, left_out = result if not strict else (result, None)
    loaded = with_values(model, part if whole else tree.merge(part), key, dtype).eval()
    return loaded if strict else (loaded, left_out)


def _check_floating(dtype: Any) -> None:
    try:
        name = jnp.dtype(dtype).name
    except TypeError:
        raise CheckpointError(
            f"`dtype` needs one of JAX, such as `jnp.bfloat16`, or None; got {dtype!r}. With "
            "`jm.load`, arrays keep the dtypes of their file."
        ) from None
    if not jnp.issubdtype(dtype, jnp.floating):
        raise CheckpointError(f"`dtype` is one of floating numbers; got {name}.")
