"""The system message that a chat template adds to conversations without one."""

import datetime
import re
from collections.abc import Mapping
from typing import Any

from jax_metrics.models.pretrained._packages import package

_SYSTEM = re.compile(r"<\|im_start\|>system\n(.*?)<\|im_end\|>", re.DOTALL)
# A tag of transformers around what the assistant writes; it changes nothing in the text.
_GENERATION = re.compile(r"(\{%[-+]?\s*)(end)?generation(\s*[-+]?%\})")


def default_system(template: str, special: Mapping[str, str]) -> str | None:
    """The system message that a template writes before a conversation of one user message.

    Templates are programs, so only running them tells: many write a system message in one branch
    and repeat the given one in another. This one is run by Jinja, in a sandbox.

    Args:
        template: The template, for conversations in ChatML.
        special: The special tokens by role, which templates know as `bos_token` and so on.

    Raises:
        ImportError: If the package `jinja2` is not installed.
        ValueError: If the template cannot be run.
    """
    sandbox = package("jinja2.sandbox", "The system message of a chat template")
    environment = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    source = _GENERATION.sub(
        lambda tag: f"{tag[1]}{'endif' if tag[2] else 'if true'}{tag[3]}", template
    )
    try:
        text = environment.from_string(source).render(
            messages=[{"role": "user", "content": "Hello"}],
            add_generation_prompt=True,
            **{f"{role}_token": token for role, token in special.items()},
        )
    except Exception as error:  # a template can raise anything
        raise ValueError(
            "The chat template of this tokenizer cannot be run, so its default system message is "
            f"unknown: {type(error).__name__}: {error}. Pass `system=`, or give the `Tokenizer` no "
            "`chat_template` for conversations without one."
        ) from error
    found = _SYSTEM.search(text)
    return found[1] if found else None


def _refuse(message: Any) -> None:
    raise ValueError(message)
