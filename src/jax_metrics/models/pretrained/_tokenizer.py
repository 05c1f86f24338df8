"""`Tokenizer`: from texts to arrays of tokens, and back."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models._whole_numbers import read_positive
from jax_metrics.models.pretrained._chat_template import default_system
from jax_metrics.models.pretrained._gguf_file import GGUFFile
from jax_metrics.models.pretrained._gguf_tokenizer import tokenizer_of_gguf
from jax_metrics.models.pretrained._json_files import read_json
from jax_metrics.models.pretrained._packages import package
from jax_metrics.models.pretrained._sentence_settings import text_settings
from jax_metrics.models.pretrained._source import TOKENIZER, local_path
from jax_metrics.tree import OtherMethod, as_whole

Side = Literal["left", "right"]
_SPECIAL = ("bos", "eos", "pad", "unk", "sep", "cls", "mask")
_LONGEST = 10**9  # what files have where there is no limit is larger
# Truncation is a state of a backend, which copies of a tokenizer share.
_ENCODING = threading.Lock()


class Tokens(NamedTuple):
    """A batch of tokens, which a `Tokenizer` returns.

    Args:
        ids: int32 `[texts, length]`.
        mask: bool of the same shape: True for tokens, False for padding.
        types: int32 of the same shape: 0 for the first text of a pair, 1 for the second.
    """

    ids: np.ndarray
    mask: np.ndarray
    types: np.ndarray


class Tokenizer:
    """Turns texts into tokens, with the package `tokenizers`; threads can share one.

    Args:
        backend: A `tokenizers.Tokenizer`; its padding and truncation are switched off.
        special: The special tokens by role: `"pad"`, `"eos"`, `"bos"` and others.
        max_length: The longest sequence that the model takes, or was made for; None: any.
        chat_template: The template of the model, which `chat` asks for a default system message.
        truncation_side: Where texts that are too long are cut, `"right"` or `"left"`.
        padding_side: Where texts are padded unless a call says it, `"right"` or `"left"`.

    Raises:
        ValueError: If `max_length` or a side is something else.

    Example:
        >>> import tokenizers
        >>> import jax_metrics as jm
        >>> words = tokenizers.models.WordLevel({"[PAD]": 0, "a": 1, "b": 2}, unk_token="[PAD]")
        >>> backend = tokenizers.Tokenizer(words)
        >>> backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        >>> tokenizer = jm.models.Tokenizer(backend, {"pad": "[PAD]"})
        >>> batch = tokenizer(["a b b", "b"])
        >>> batch.ids.tolist(), batch.mask.sum(axis=1).tolist()
        ([[1, 2, 2], [2, 0, 0]], [3, 1])
        >>> tokenizer.decode([1, 2])
        'a b'
    """

    if not TYPE_CHECKING:  # for a checker it does not exist
        from_pretrained = OtherMethod("Write `tokenizer = jm.models.load_tokenizer(path)`.")

    def __init__(
        self,
        backend: Any,
        special: Mapping[str, str] | None = None,
        *,
        max_length: int | None = None,
        chat_template: str | None = None,
        truncation_side: Side = "right",
        padding_side: Side = "right",
    ):
        for name, side in (("truncation_side", truncation_side), ("padding_side", padding_side)):
            if side not in ("left", "right"):
                raise ValueError(f"`{name}` must be 'left' or 'right'; got {side!r}.")
        with _ENCODING:
            backend.no_padding()
            backend.no_truncation()
        self.backend = backend
        self.special = dict(special or {})
        self.max_length = None if max_length is None else read_positive("max_length", max_length)
        self.chat_template = chat_template
        self.truncation_side, self.padding_side = truncation_side, padding_side

    @property
    def vocab_size(self) -> int:
        """The number of tokens, including special tokens."""
        return self.backend.get_vocab_size()

    def id_of(self, token: str) -> int:
        """The id of a token, or of a special token given by its role, such as `"pad"`.

        Raises:
            ValueError: If there is none.
        """
        found = self.backend.token_to_id(self.special.get(token, token))
        if found is None:
            raise ValueError(
                f"There is no token {token!r}. The special ones are {self.special or 'unknown'}."
            )
        return found

    def __call__(
        self,
        texts: str | Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        length: int | None = None,
        max_length: int | None = None,
        special: bool = True,
        pad_left: bool | None = None,
    ) -> Tokens:
        """A batch of texts as arrays of one length.

        Args:
            texts: The texts; a single string is a batch of one.
            pairs: The second text of each pair.
            length: Pad to this length, so that all batches have one shape; None: to the longest
                text of the batch.
            max_length: Truncate longer texts to this length; None: the `max_length` of the
                tokenizer.
            special: Whether to add the special tokens of the model, such as `[CLS]` and `[SEP]`.
            pad_left: Pad on the left, as generation needs it; None: on the `padding_side` of the
                tokenizer.

        Raises:
            ValueError: If a text is longer than `length`, `max_length` has no room for the special
                tokens or is no positive integer, or the numbers of pairs and texts differ.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        if pairs is not None and len(pairs) != len(texts):
            raise ValueError(f"There are {len(texts)} texts, but {len(pairs)} pairs for them.")
        limit = self.max_length if max_length is None else read_positive("max_length", max_length)
        inputs = texts if pairs is None else list(zip(texts, pairs, strict=True))
        with _ENCODING:
            if limit is not None:
                self.backend.enable_truncation(limit, direction=self.truncation_side)
            try:
                found = self.backend.encode_batch(inputs, add_special_tokens=special)
            finally:
                self.backend.no_truncation()
        longest = max((len(one.ids) for one in found), default=0)
        if limit is not None and longest > limit:  # the tokenizer then does not cut at all
            raise ValueError(
                f"`max_length={limit}` leaves no room for a text beside the special tokens. Raise "
                "it, or pass `special=False`."
            )
        if length is not None and longest > length:
            raise ValueError(
                f"A text has {longest} tokens, which are more than `length={length}`. Pass "
                f"`max_length={length}` to cut it off."
            )
        shape = (len(found), longest if length is None else length)
        # Models without padding mask it out, so that any token will do.
        pad = self.id_of("pad") if "pad" in self.special else 0
        left = self.padding_side == "left" if pad_left is None else pad_left
        ids, types = np.full(shape, pad, np.int32), np.zeros(shape, np.int32)
        mask = np.zeros(shape, bool)
        for row, one in enumerate(found):
            count = len(one.ids)
            place = slice(shape[1] - count, None) if left else slice(0, count)
            ids[row, place], types[row, place], mask[row, place] = one.ids, one.type_ids, True
        return Tokens(ids, mask, types)

    def encode(self, text: str, *, special: bool = True) -> list[int]:
        """The ids of one text.

        Args:
            text: The text.
            special: Whether to add the special tokens of the model.
        """
        with _ENCODING:
            return self.backend.encode(text, add_special_tokens=special).ids

    def decode(self, ids: Any, *, skip_special: bool = True) -> str:
        """The text for a sequence of ids.

        Args:
            ids: Integers, shape `[length]`.
            skip_special: Whether to leave out special tokens.

        Raises:
            TypeError: If these are not integers.
            ValueError: If they are not one sequence, such as several, which are decoded one by one.
        """
        try:
            found = np.asarray(ids)
        except ValueError:  # lists of different lengths
            found = np.empty((len(ids), 0))
        if found.ndim != 1:
            shape = "different lengths" if found.ndim and not found.size else f"shape {found.shape}"
            raise ValueError(
                f"`decode` needs one sequence of ids, [length]; got {shape}. Decode each of "
                "several: `[tokenizer.decode(ids) for ids in generated.to_lists()]`."
            )
        if found.size and not np.issubdtype(found.dtype, np.integer):
            raise TypeError(f"`decode` needs integers, [length]; got {found.dtype}.")
        return self.backend.decode(found.tolist(), skip_special_tokens=skip_special)

    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        system: str | None = None,
        answer: bool = True,
    ) -> list[int]:
        """The ids of a conversation in ChatML format, which SmolLM2 and others were trained with.

        Args:
            messages: Dicts with `role`, such as `"user"` or `"assistant"`, and `content`.
            system: The system message for a conversation that does not begin with a message of the
                role `"system"`; None: the one that the model's template adds, if it adds any.
            answer: Whether to append the beginning of the assistant's message.

        Raises:
            ImportError: If the template is needed, and the package `jinja2` is not installed.
            ValueError: If the tokenizer lacks the tokens of this format, or its template cannot be
                run.
        """
        return self.encode(self.chat_text(messages, system=system, answer=answer), special=False)

    def chat_text(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        system: str | None = None,
        answer: bool = True,
    ) -> str:
        """Like `chat`, but returns the text."""
        for token in ("<|im_start|>", "<|im_end|>"):
            self.id_of(token)  # complains if there is none
        if not (messages and messages[0]["role"] == "system"):
            if system is None and self.chat_template:
                system = default_system(self.chat_template, self.special)
            if system is not None:
                messages = [{"role": "system", "content": system}, *messages]
        parts = [f"<|im_start|>{one['role']}\n{one['content']}<|im_end|>\n" for one in messages]
        return "".join(parts) + "<|im_start|>assistant\n" * answer


@names_arguments
def load_tokenizer(
    path: str | os.PathLike[str], *, download: bool = False, revision: str = "main"
) -> Tokenizer:
    """Returns the tokenizer of a model.

    Its `max_length` is the one in `tokenizer_config.json`, or the shorter one with which a folder
    of sentence-transformers embeds texts; in a GGUF file, it is the length of the context. Texts
    are cut and padded on the sides that `tokenizer_config.json` or `tokenizer.json` names.

    Args:
        path: A `tokenizer.json`, a folder with one, a GGUF file or a folder with a single one, or
            the id of a repository, as in `from_pretrained`.
        download: As in `from_pretrained`; weights are downloaded only to read a GGUF file.
        revision: As in `from_pretrained`.

    Raises:
        CheckpointError: If there is no tokenizer, or it is damaged or of an unknown kind.
        ImportError: If the package `tokenizers` is not installed.

    Example:
        >>> import tempfile, tokenizers
        >>> import jax_metrics as jm
        >>> words = tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="a")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     tokenizers.Tokenizer(words).save(f"{folder}/tokenizer.json")
        ...     tokenizer = jm.models.load_tokenizer(folder)
        >>> tokenizer.encode("b")
        [1]
    """
    tokenizers = package("tokenizers", "A tokenizer")
    found = local_path(path, TOKENIZER, download=download, revision=revision)
    if found.is_dir():
        files = sorted(found.glob("*.gguf"))
        if not (found / "tokenizer.json").is_file() and len(files) == 1:
            found = files[0]
        else:
            found = found / "tokenizer.json"
    if found.suffix == ".gguf":
        file = GGUFFile(found)
        backend, special = tokenizer_of_gguf(file.metadata, found)
        template = file.metadata.get("tokenizer.chat_template")
        architecture = file.metadata.get("general.architecture")
        limit = file.metadata.get(f"{architecture}.context_length")
        if limit is not None and (as_whole(limit) or 0) < 1:
            raise CheckpointError(
                f"{found} has {limit!r} as `{architecture}.context_length`; expected a positive "
                "integer."
            )
        return Tokenizer(backend, special, max_length=limit, chat_template=template)
    if not found.is_file():
        raise CheckpointError(f"{found.parent} has no tokenizer.json, and no GGUF file alone.")
    try:
        backend = tokenizers.Tokenizer.from_file(str(found))
    except Exception as error:  # the package raises no narrower one
        raise CheckpointError(f"{found} is no tokenizer: {error}.") from error
    return _with_settings(backend, found.parent)


def _with_settings(backend: Any, folder: Path) -> Tokenizer:
    settings = read_json(folder / "tokenizer_config.json", dict) or {}
    settings = {**(read_json(folder / "special_tokens_map.json", dict) or {}), **settings}
    special = {}
    for role in _SPECIAL:
        token = settings.get(f"{role}_token")
        token = token.get("content") if isinstance(token, Mapping) else token
        if token is not None and backend.token_to_id(token) is not None:
            special[role] = token
    if "pad" not in special and (padding := backend.padding):
        special["pad"] = padding["pad_token"]
    template = settings.get("chat_template")
    if isinstance(template, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in template}
        template = named.get("default")
    separate = folder / "chat_template.jinja"
    if template is None and separate.is_file():
        template = separate.read_text(encoding="utf-8")
    trained, lower = text_settings(folder)
    if lower:
        kinds = package("tokenizers", "A tokenizer").normalizers
        own = [] if backend.normalizer is None else [backend.normalizer]
        backend.normalizer = kinds.Sequence([kinds.Lowercase(), *own])
    limits = [limit for limit in (settings.get("model_max_length"), trained) if limit is not None]
    cut, filled = backend.truncation or {}, backend.padding or {}
    try:
        limit = min(map(_as_limit, limits), default=_LONGEST)
        return Tokenizer(
            backend,
            special,
            max_length=limit if limit < _LONGEST else None,
            chat_template=template if isinstance(template, str) else None,
            truncation_side=settings.get("truncation_side") or cut.get("direction", "right"),
            padding_side=settings.get("padding_side") or filled.get("direction", "right"),
        )
    except ValueError as error:
        raise CheckpointError(f"The settings of the tokenizer in {folder}: {error}") from error


def _as_limit(length: Any) -> int:
    """A length of a file, which may be a float such as 1e30 for no limit."""
    if isinstance(length, bool) or not isinstance(length, int | float) or not length >= 1:
        raise ValueError(
            "`model_max_length` and `max_seq_length` need a positive integer; got "
            f"{length!r}. Correct tokenizer_config.json or sentence_bert_config.json."
        )
    return int(min(length, _LONGEST))
