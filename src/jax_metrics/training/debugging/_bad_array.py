"""`BadArray`: an array with NaN or infinite values, and where it is in a model."""

import dataclasses

_MOST_LATER = 4
_BACKWARD = (
    " Often it is the derivative of a square root, a norm, a logarithm or a division at 0, also in "
    "the branch that `jnp.where` does not choose."
)


@dataclasses.dataclass(frozen=True)
class BadArray:
    """An array with NaN or infinite values, and where it is in a model.

    Attributes:
        phase: `"forward"` or `"backward"`.
        path: The path of the module that the array belongs to; empty for the model itself.
        module: The class of that module.
        name: What the array is to the module: `"input 0"`, `"output"`, `"parameter kernel"`,
            `"state mean"`, `"logged loss penalty"`, `"loss"`, or `"gradient of ..."` one of these.
        shape: Its shape.
        dtype: The name of its dtype.
        nan: How many of its values are NaN.
        inf: How many are infinite.
        position: Where the first such value is: one index for each axis.
        call: Which call of the module it was, counted from 0: the number of a layer in a `Stack`,
            or a step in time.
        calls: How many calls of the module there were.
        caller: The path of the enclosing module whose call was running.
        later: The arrays that became NaN or infinite after it.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(2), jnp.log).init(0, jnp.ones((1, 3)))
        >>> bad = jm.training.find_nan(model, jnp.zeros((1, 3)))
        >>> bad.phase, bad.path, bad.name, bad.inf, bad.position
        ('forward', '.layers[1]', 'output', 2, (0, 0))
    """

    phase: str
    path: str
    module: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    nan: int
    inf: int
    position: tuple[int, ...]
    call: int = 0
    calls: int = 1
    caller: str = ""
    later: tuple["BadArray", ...] = ()

    def __str__(self) -> str:
        size = f"{self.dtype}[{','.join(map(str, self.shape))}]"
        lines = [
            f"{self.phase} pass: the {self._label()} is bad.",
            f"  {self._counts()} in {size}, the first at {list(self.position)}",
            f"  {self._cause()}",
        ]
        if self.later:
            shown = ", ".join(bad._label() for bad in self.later[:_MOST_LATER])
            more = len(self.later) - _MOST_LATER
            lines.append(f"  Then: {shown}{f', and {more} more' if more > 0 else ''}.")
        return "\n".join(lines)

    def _label(self) -> str:
        place = f"`{self.path}` ({self.module})" if self.path else f"the model ({self.module})"
        number = f", call {self.call} of {self.calls}" if self.calls > 1 else ""
        return f"{self.name} of {place}{number}"

    def _counts(self) -> str:
        counts = ((self.nan, "NaN"), (self.inf, "infinite"))
        return " and ".join(f"{count} {what}" for count, what in counts if count)

    def _cause(self) -> str:
        backward = _BACKWARD if self.phase == "backward" else ""
        code = f"in the call of `{self.caller}`" if self.caller else "in the call of the model"
        if self.name.startswith(("parameter", "state")):
            return "It is part of the model, before any computation: look where it came from."
        if self.name == "loss":
            return "The outputs of all modules are finite, so the function of the loss made it."
        if self.name.startswith("input") and not self.path:
            return "It was given so, before any computation."
        if self.name.startswith("input"):
            return f"All modules before gave finite values, so code {code} made it."
        if self.name == "gradient of output":
            where = f"{code} or in that of the loss" if not self.caller else code
            return f"The gradients behind it are finite, so code {where} made it.{backward}"
        return f"All that came into this module is finite, so its own code made it.{backward}"
