"""`Tie`: what stands in a position whose value is stored in another one.

For JAX it is a part of the structure, without a leaf. The functions of this package pass it on like
any other part; `module` finds the value when the owner of the tie is called.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn

import jax

from jax_metrics.tree._references import from_references, to_references
from jax_metrics.tree._same_program import program_fingerprint, same_program


class TieError(ValueError):
    """A tie that cannot be made, or a tied position that is used without its model."""


class _NoValueError(TieError, AttributeError):
    """As an AttributeError, so that `hasattr` and `getattr` with a default can ask."""


@jax.tree_util.register_static
@dataclasses.dataclass(frozen=True, repr=False)
class Tie:
    """Says that one position of a model has the value of another one.

    `tie` makes it, and `ties` lists it in words.

    Attributes:
        source: The path of the position that has the value, in the owner.
        target: The path of the position that has none.
        transform: Maps the value of the source to that of the target; None if they are equal.
        owner: The class of the owner, for messages.
    """

    source: str
    target: str
    transform: Callable[[Any], Any] | None
    owner: str

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Tie)
            and (self.source, self.target) == (other.source, other.target)
            and same_program(self.transform, other.transform)
        )

    def __post_init__(self) -> None:  # JAX asks for the hash in each call of a compiled function
        hashed = hash((self.source, self.target, program_fingerprint(self.transform)))
        object.__setattr__(self, "_hash", hashed)

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.source, self.target, to_references(self.transform), self.owner)

    def __repr__(self) -> str:
        name = getattr(self.transform, "__name__", self.transform)
        return f"tied to {self.source}" + (f" by {name}" if self.transform is not None else "")

    def value(self, source: Any, stacked: int = 0) -> Any:
        """The value of the target, for that of the source; shapes give shapes.

        Args:
            source: The value of the source.
            stacked: How many axes there are in front of those that the transform is for.
        """
        if self.transform is None:
            return source
        transform = self.transform
        for _ in range(stacked):
            transform = jax.vmap(transform)
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves(source)):
            return jax.eval_shape(transform, source)
        return transform(source)

    def apart(self) -> TieError:
        """The error about a position that is used without the owner."""
        return _NoValueError(
            f"{self.target} of the {self.owner} is tied to {self.source}, so it has no value of "
            f"its own, and gets one while the {self.owner} is called. Call the whole model; or "
            f"take the part from `jm.untie(model)`, where it has a value. A method other than "
            "`__call__` that uses it needs the decorator `@jm.with_ties`."
        )

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self.apart()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a protocol that is asked for
            raise AttributeError(name)
        raise self.apart()

    __call__ = __jax_array__ = __array__ = __getitem__ = __neg__ = _refuse


for _name in ("add", "sub", "mul", "matmul", "truediv", "pow"):
    setattr(Tie, f"__{_name}__", Tie._refuse)
    setattr(Tie, f"__r{_name}__", Tie._refuse)


def _restored(source: str, target: str, transform: Any, owner: str) -> Tie:
    return Tie(source, target, from_references(transform), owner)
