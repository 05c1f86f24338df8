"""Checks and conversions of the arrays and options of losses and metrics."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.arguments._dtypes import refuse_dtype


def as_float(name: str, value: Any) -> jax.Array:
    """The array as float32, or as float64 if it is float64 already.

    Sums over classes or features lose too much in 16 bits, and integers have no gradients.

    Raises:
        TypeError: If its elements are not real numbers.
    """
    refuse_dtype(name, value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.itemsize == 8:
        # JAX would truncate integers to 32 bits.
        value = value.astype(np.float32) if value.dtype.kind in "iu" else value
    array = jnp.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.floating) and array.dtype.kind not in "biu":
        raise TypeError(f"{name} must hold real numbers, but its dtype is {array.dtype}.")
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))


def as_array(name: str, value: Any) -> jax.Array:
    """The array in JAX, with its dtype.

    Raises:
        OverflowError: If JAX would truncate its integers.
        TypeError: If JAX does not have its dtype.
    """
    refuse_dtype(name, value)
    refuse_truncation(**{name: value})
    return jnp.asarray(value)


# Arguments whose integers are names, not amounts.
IDS = ("indexes", "groups")
# Types of JAX arrays met so far: asking about a type is quicker than `isinstance`.
_array_types: set[type] = {type(None)}


def refuse_truncation(*values: Any, **named: Any) -> None:
    """Checks that JAX, which without x64 has integers of 32 bits, does not truncate those of NumPy.

    Raises:
        OverflowError: If it would.
        TypeError: If an array is masked.
    """
    if _array_types.issuperset(map(type, (*values, *named.values()))):
        return  # the usual case
    named = {f"argument {i}": value for i, value in enumerate(values)} | named
    for name, value in named.items():
        if isinstance(value, jax.Array):
            _array_types.add(type(value))
            continue
        for leaf in jax.tree.leaves(value):
            refuse_masked(name, leaf)
            if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "iu":
                _check_integers(name, leaf)


def _check_integers(name: str, array: Any) -> None:
    dtype = jax.dtypes.canonicalize_dtype(array.dtype)
    if dtype == array.dtype or not array.size:
        return
    limits = np.iinfo(dtype)
    extreme = array.max() if array.max() > limits.max else array.min()
    if not limits.min <= int(extreme) <= limits.max:
        raise OverflowError(
            f"{name} holds the {array.dtype} {extreme}, which JAX would truncate to {dtype}. "
            f"{_for_wide_integers(name)}"
        )


def numbered(name: str) -> str:
    """Code that numbers the different values of an argument from 0."""
    return f"`np.unique({name}, return_inverse=True)[1]`"


def _for_wide_integers(name: str) -> str:
    """What to give instead of integers beyond 32 bits; floats cannot be labels and ids."""
    name = name if name.isidentifier() else "x"
    if name in IDS:
        return f"Number them from 0, as {numbered(name)} does for those of all batches together."
    return (
        f"If they are numbers, give floats, `{name}.astype(np.float32)`, or set `jax_enable_x64`. "
        f"If they are labels or ids, number them from 0, as {numbered(name)} does for those of all "
        "batches together."
    )


def refuse_overflow(name: str, array: np.ndarray) -> None:
    """Checks that floats of 64 bits stay finite in JAX, which without x64 has those of 32 bits.

    Raises:
        OverflowError: If one becomes infinite.
    """
    dtype = jax.dtypes.canonicalize_dtype(array.dtype)
    if dtype == array.dtype or array.dtype.kind not in "fc":
        return
    try:
        with np.errstate(over="raise"):
            array.astype(dtype)
    except FloatingPointError:
        finite = array[np.isfinite(array)]
        raise OverflowError(
            f"{name} holds the {array.dtype} {finite[np.abs(finite).argmax()]}, which JAX would "
            f"make infinite in {dtype}. Give it in another unit, or set `jax_enable_x64`."
        ) from None


def refuse_masked(name: str, array: Any) -> None:
    """Checks that an array is not a masked one of NumPy, whose mask would be lost.

    Raises:
        TypeError: If it is.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array of NumPy, whose mask JAX does not have. Give its values, "
            f"`np.ma.getdata({name})`, and a mask of those that count beside them, "
            f"`~np.ma.getmaskarray({name})`."
        )


def same_shape(**arrays: jax.Array) -> None:
    """Checks that all arrays have the same shape; nothing is broadcast.

    Raises:
        ValueError: If the shapes differ.
    """
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    if all(shape == next(iter(shapes.values())) for shape in shapes.values()):
        return
    listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    longest = max(shapes, key=lambda name: len(shapes[name]))
    shortest = min(shapes, key=lambda name: len(shapes[name]))
    hint = "Nothing is broadcast implicitly; use `jnp.broadcast_to`."
    if shapes[longest] == [*shapes[shortest], 1]:
        hint = f"Write `{longest}[..., 0]` to drop the last axis."
    raise ValueError(f"{' and '.join(shapes)} must have the same shape, but got {listed}. {hint}")


def refuse_broadcast(**arrays: Any) -> None:
    """Checks that no two arrays would be broadcast by accident, such as `[n]` with `[n, 1]`.

    Labels `[...]` for scores `[..., classes]` pass, and so do scalars, structures, shapes that
    cannot be broadcast, and those of the same rank with as many examples, such as `[n, 1]` with
    `[n, m]`.

    Raises:
        ValueError: If two would.
    """
    known = {n: a for n, a in arrays.items() if len(getattr(a, "shape", ())) > 0}
    names = list(known)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            if _broadcasts(known[one].shape, known[other].shape):
                same_shape(**{one: known[one], other: known[other]})


def _broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    short, long = sorted((one, other), key=len)
    if len(one) == len(other) and one[0] == other[0]:
        return False
    if short == long[: len(short)] and any(n != 1 for n in long[len(short) :]):
        return False
    try:
        np.broadcast_shapes(one, other)
    except ValueError:
        return False
    return True


def pair(target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
    """Targets and predictions as floats of the same shape.

    Raises:
        TypeError: If their elements are not real numbers.
        ValueError: If their shapes differ.
    """
    target, preds = as_float("target", target), as_float("preds", preds)
    same_shape(target=target, preds=preds)
    return target, preds


def signs(target: jax.Array) -> jax.Array:
    """Binary labels as -1 and 1.

    Elementwise: labels above 0 become 1, all others -1. So labels from {0, 1} and from {-1, 1} both
    work, and no label depends on the rest of the batch.

    Raises:
        ValueError: If there are other classes, outside of `jit`.
    """
    others = abs(target) > 1
    if not isinstance(others, Tracer) and others.any():
        raise ValueError(
            f"target holds {float(target[others][0]):g}, but must hold two classes, 0 and 1 or -1 "
            "and 1. For more classes use a loss of classes, such as `Crossentropy`."
        )
    return jnp.where(target > 0, 1, -1).astype(target.dtype)


def positive(**options: float) -> None:
    """Checks that options are greater than 0; traced ones pass.

    Raises:
        ValueError: If an option is not.
    """
    for name, value in options.items():
        if not isinstance(value, Tracer) and not value > 0:
            raise ValueError(f"{name} must be greater than 0, but is {value}.")


def between(low: float, high: float, **options: float) -> None:
    """Checks that options are in a closed interval; traced ones pass.

    Raises:
        ValueError: If an option is not.
    """
    for name, value in options.items():
        if not isinstance(value, Tracer) and not low <= value <= high:
            raise ValueError(f"{name} must lie between {low} and {high}, but is {value}.")


def one_of(name: str, value: Any, options: tuple[Any, ...]) -> None:
    """Checks that an option has one of the allowed values.

    Raises:
        ValueError: If it has another value.
    """
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, not {value!r}.")


def distinct(name: str, names: Iterable[Any]) -> tuple[str, ...]:
    """The names of several values as strings, checked to differ, since a dict keeps one of each.

    Raises:
        ValueError: If a name is repeated.
    """
    names = tuple(map(str, names))
    repeated = sorted({one for one in names if names.count(one) > 1})
    if repeated:
        raise ValueError(
            f"{name} must differ from each other, since each names a value, but "
            f"{', '.join(map(repr, repeated))} is repeated in {list(names)}."
        )
    return names


def multiply_log(factor: jax.Array, log: jax.Array) -> jax.Array:
    """`factor * log` of a logarithm: 0, with gradient 0, where it is 0 times minus infinity."""
    return factor * jnp.where((factor == 0) & jnp.isneginf(log), 0, log)


def safe_log(factor: jax.Array, value: jax.Array) -> jax.Array:
    """`log(value)`, but 0 where factor and value are both 0, so that gradients stay finite.

    Multiplied by the factor it equals `jax.scipy.special.xlogy`, whose gradient is NaN there.
    """
    return jnp.log(jnp.where((factor == 0) & (value == 0), 1, value))
