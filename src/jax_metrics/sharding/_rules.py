"""`Rules`: which axes of which arrays are split over which axes of a mesh."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from jax.sharding import PartitionSpec

from jax_metrics.arguments import constructor_names_arguments

THRESHOLD = 2**16


@dataclasses.dataclass(frozen=True)
class Spread:
    """Also split what rules leave whole, as `fsdp` does: over this axis, from this size on."""

    axis: str
    min_size: int


@constructor_names_arguments
@dataclasses.dataclass(frozen=True)
class Rules:
    r"""Which axes of which arrays are split over which axes of a mesh.

    A rule is an entry of a dict. The first one that matches an array decides. Its key is

    - a regular expression that matches the whole path from the outermost module on, such as
      `".*kernel"` or `r"\.layers\[0\]\..*"`;
    - a kind, such as `jm.Parameter`, or a class: all arrays inside modules of this class;
    - `...`: all Parameters, and arrays without a kind, that nothing else matches.

    Its value has a name for each axis of the array, or None for an axis that is not split:
    `("embed", "mlp")`. The name is that of an axis of the mesh or of an entry of `axes`; a tuple of
    names splits one axis over several. `...` in front stands for any number of axes that are not
    split. None keeps the whole array on each device. For a class, the value may also be a dict of
    rules for the paths inside the module: `{jm.Linear: {"kernel": (None, "model")}}`.

    The axes that `Stack` adds are not counted. A declaration, `jm.Parameter.node(sharding=("embed",
    "mlp"))`, applies where no rule other than `...` matches. Arrays of other kinds, such as
    statistics, are on each device unless a rule matches them.

    Args:
        rules: The rules.
        axes: What a name in a rule means on the mesh: an axis, a tuple of axes, or None.
        threshold: The number of elements from which a Parameter that no rule matches is an error.
        spread: Set by `fsdp`.

    Raises:
        TypeError: If a key or a value is none of these.
        ValueError: If a pattern is not a regular expression.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1, 1), ("data", "model"))
        >>> rules = jm.sharding.Rules(
        ...     {".*kernel": ("embed", "mlp"), ".*bias": ("mlp",)},
        ...     axes={"embed": None, "mlp": "model"},
        ... )
        >>> layer = jm.sharding.init(jm.Linear(4), 0, jnp.ones((1, 3)), mesh, rules)
        >>> tuple(layer.kernel.sharding.spec)
        (None, 'model')
    """

    rules: Mapping[Any, Any]
    axes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    threshold: int = THRESHOLD
    spread: Spread | None = None

    def __post_init__(self) -> None:
        for key, value in self.rules.items():
            _check_key(key)
            if isinstance(value, Mapping):
                if not isinstance(key, type):
                    raise TypeError(
                        f"The rule {key!r} has a dict, which is for a class: its patterns are "
                        "compared with the paths inside the modules of that class."
                    )
                for pattern, spec in value.items():
                    if not isinstance(pattern, str):
                        raise TypeError(
                            f"The rules inside {key.__name__} have paths such as 'kernel' as keys; "
                            f"got {pattern!r}."
                        )
                    _check_key(pattern)
                    _check_spec(pattern, spec)
            else:
                _check_spec(key, value)
        for name, value in self.axes.items():
            _check_spec(f"axes[{name!r}]", (value,))


def as_rules(rules: Any) -> Rules:
    """Rules, from a plain dict too."""
    if isinstance(rules, Rules):
        return rules
    if isinstance(rules, Mapping):
        return Rules(rules)
    raise TypeError(
        "Expected rules as a dict such as {'.*kernel': (None, 'model')}, or `jm.sharding.Rules`, "
        f"`jm.sharding.fsdp(mesh)` or `jm.sharding.tensor_parallel(mesh, model)`; got {rules!r}."
    )


def _check_key(key: Any) -> None:
    if isinstance(key, str):
        try:
            re.compile(key)
        except re.error as error:
            raise ValueError(
                f"The pattern {key!r} is not a regular expression: {error}. `re.escape(path)` "
                "makes one of a path."
            ) from error
    elif not isinstance(key, type) and key is not ...:
        raise TypeError(
            f"The key of a rule is a pattern of paths, a kind or class, or `...`; got {key!r}."
        )


def _check_spec(key: Any, spec: Any) -> None:
    name = label(key)
    if isinstance(spec, str):
        raise TypeError(
            f"The rule {name} has {spec!r} where a tuple was expected, with a name or None for "
            f"each axis of the array. For an array of one axis write `({spec!r},)`."
        )
    if spec is None:
        return
    if not isinstance(spec, tuple | list | PartitionSpec):
        raise TypeError(
            f"The rule {name} has {spec!r}; expected None, or a tuple with a name or None for each "
            "axis of the array."
        )
    for position, entry in enumerate(spec):
        if entry is None or isinstance(entry, str) or (entry is ... and position == 0):
            continue
        if isinstance(entry, tuple) and all(isinstance(axis, str) for axis in entry):
            continue
        raise TypeError(
            f"The rule {name} has {entry!r} in {tuple(spec)}; expected a name, a tuple of names, "
            "or None for an axis that is not split; `...` may stand in front."
        )


def label(key: Any) -> str:
    """How messages name a rule."""
    return key.__name__ if isinstance(key, type) else "`...`" if key is ... else repr(key)
