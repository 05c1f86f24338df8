"""Initializers of parameters: JAX's own, as values that compare, print and pickle.

JAX makes each one as a closure, which equals nothing but itself and does not pickle; a layer that
holds one would differ from its own copy after a checkpoint. Here `glorot_normal() ==
glorot_normal()`. Any function `(key, shape, dtype) -> array` is an initializer, too.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import jax
import jax.numpy as jnp
from jax.nn import initializers as _jax

from jax_metrics._other_names import missing_name
from jax_metrics.tree import public_names

# Those that decompose a matrix, which JAX does in 32 bits and more.
_DECOMPOSED = frozenset({"orthogonal", "delta_orthogonal"})
_IMPORTED = {"Any", "Protocol", "Sequence", "TYPE_CHECKING", "missing_name", "public_names"}


class InitializerLike(Protocol):
    """The type of a parameter initializer.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> def diagonal(key, shape, dtype=jnp.float32):
        ...     return jnp.eye(*shape, dtype=dtype)
        >>> initializer: jm.initializers.InitializerLike = diagonal
        >>> jm.Linear(2, kernel_init=initializer).init(0, jnp.ones((1, 2))).kernel
        Array([[1., 0.],
               [0., 1.]], dtype=float32)
    """

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: Any = ...) -> jax.Array:
        """The value.

        Args:
            key: A random key.
            shape: Its shape.
            dtype: Its dtype.
        """
        ...


@dataclasses.dataclass(frozen=True)
class Made:
    """An initializer made by one of JAX's functions.

    `he_normal` and the others return it.

    Attributes:
        name: Name of the function in `jax.nn.initializers`.
        arguments: Its arguments, as pairs.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: Any = None) -> jax.Array:
        """The value; see `InitializerLike`. Without a dtype it has the initializer's own."""
        arguments = dict(self.arguments)
        make = getattr(_jax, self.name)(**arguments)
        asked = arguments.get("dtype") if dtype is None else dtype
        if asked is None:
            return make(key, tuple(shape))
        if self.name in _DECOMPOSED and jnp.issubdtype(asked, jnp.floating):
            wide = jnp.promote_types(asked, jnp.float32)
            return make(key, tuple(shape), wide).astype(asked)
        return make(key, tuple(shape), asked)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.arguments)})"


def _given(**arguments: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in arguments.items() if value is not None)


def _scaled(name: str, in_axis: Any, out_axis: Any, batch_axis: Any, dtype: Any) -> Made:
    given = {"in_axis": in_axis, "out_axis": out_axis, "batch_axis": batch_axis, "dtype": dtype}
    usual = {"in_axis": -2, "out_axis": -1, "batch_axis": (), "dtype": None}
    return Made(name, tuple((k, v) for k, v in given.items() if v != usual[k]))


def glorot_uniform(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, uniform, by fan in and fan out (Glorot and Bengio, 2010).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.glorot_uniform()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("glorot_uniform", in_axis, out_axis, batch_axis, dtype)


def glorot_normal(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, truncated normal, by fan in and fan out (Glorot and Bengio, 2010).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.glorot_normal()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("glorot_normal", in_axis, out_axis, batch_axis, dtype)


def lecun_uniform(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, uniform, by fan in (LeCun et al., 1998).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.lecun_uniform()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("lecun_uniform", in_axis, out_axis, batch_axis, dtype)


def lecun_normal(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, truncated normal, by fan in (LeCun et al., 1998).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.lecun_normal()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("lecun_normal", in_axis, out_axis, batch_axis, dtype)


def he_uniform(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, uniform, by twice the inverse fan in (He et al., 2015).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.he_uniform()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("he_uniform", in_axis, out_axis, batch_axis, dtype)


def he_normal(
    in_axis: Any = -2, out_axis: Any = -1, batch_axis: Any = (), dtype: Any = None
) -> Made:
    """Variance scaling, truncated normal, by twice the inverse fan in (He et al., 2015).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.he_normal()(jax.random.key(0), (2, 4)).shape
        (2, 4)
    """
    return _scaled("he_normal", in_axis, out_axis, batch_axis, dtype)


xavier_uniform = glorot_uniform
xavier_normal = glorot_normal
kaiming_uniform = he_uniform
kaiming_normal = he_normal


def variance_scaling(
    scale: float,
    mode: str,
    distribution: str,
    in_axis: Any = -2,
    out_axis: Any = -1,
    batch_axis: Any = (),
    dtype: Any = None,
) -> Made:
    """Random with the variance `scale / n`.

    Args:
        scale: The factor.
        mode: The meaning of `n`: `"fan_in"`, `"fan_out"`, `"fan_avg"` or `"fan_geo_avg"`.
        distribution: `"truncated_normal"`, `"normal"` or `"uniform"`.
        in_axis: The axes of the parameter that count as inputs.
        out_axis: The axes that count as outputs.
        batch_axis: The axes that count as neither.
        dtype: The dtype if a call passes none.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> scaled = jm.initializers.variance_scaling(2.0, "fan_in", "normal")
        >>> jm.Linear(4, kernel_init=scaled).init(0, jax.numpy.ones((1, 2))).kernel.shape
        (2, 4)
    """
    first = _given(scale=scale, mode=mode, distribution=distribution)
    rest = _scaled("variance_scaling", in_axis, out_axis, batch_axis, dtype)
    return Made("variance_scaling", first + rest.arguments)


def constant(value: Any, dtype: Any = None) -> Made:
    """The same value everywhere.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.constant(0.5)(jax.random.key(0), (2,))
        Array([0.5, 0.5], dtype=float32)
    """
    return Made("constant", _given(value=value, dtype=dtype))


def normal(stddev: float = 0.01, dtype: Any = None) -> Made:
    """Normal distribution around zero.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(4, kernel_init=jm.initializers.normal(stddev=0.02))
        >>> layer.init(0, jax.numpy.ones((1, 2))).kernel.shape
        (2, 4)
    """
    return Made("normal", _given(stddev=stddev, dtype=dtype))


def truncated_normal(
    stddev: float = 0.01, dtype: Any = None, lower: float = -2.0, upper: float = 2.0
) -> Made:
    """Normal distribution around zero, truncated at `lower` and `upper` standard deviations.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(4, kernel_init=jm.initializers.truncated_normal(stddev=0.02))
        >>> layer.init(0, jax.numpy.ones((1, 2))).kernel.shape
        (2, 4)
    """
    arguments = _given(stddev=stddev, dtype=dtype, lower=lower, upper=upper)
    return Made("truncated_normal", arguments)


def uniform(scale: float = 0.01, dtype: Any = None) -> Made:
    """Uniform distribution from 0 to `scale`.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(4, kernel_init=jm.initializers.uniform(scale=0.1))
        >>> layer.init(0, jax.numpy.ones((1, 2))).kernel.shape
        (2, 4)
    """
    return Made("uniform", _given(scale=scale, dtype=dtype))


def orthogonal(scale: float = 1.0, column_axis: int = -1, dtype: Any = None) -> Made:
    """A random orthogonal matrix (Saxe et al., 2013)."""
    return Made("orthogonal", _given(scale=scale, column_axis=column_axis, dtype=dtype))


def delta_orthogonal(scale: float = 1.0, column_axis: int = -1, dtype: Any = None) -> Made:
    """Orthogonal in the middle of a convolution's kernel, zero elsewhere (Xiao et al., 2018).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> jm.initializers.delta_orthogonal()(jax.random.key(0), (3, 4, 4)).shape
        (3, 4, 4)
    """
    return Made("delta_orthogonal", _given(scale=scale, column_axis=column_axis, dtype=dtype))


zeros = _jax.zeros
ones = _jax.ones


def zeros_init() -> InitializerLike:
    """The initializer `zeros`, under Flax's name."""
    return zeros


def ones_init() -> InitializerLike:
    """The initializer `ones`, under Flax's name."""
    return ones


def __dir__() -> list[str]:
    """The public names."""
    return public_names(globals(), hidden=_IMPORTED)


if not TYPE_CHECKING:  # for type checkers a name that is missing is an error
    __all__ = __dir__()
    __getattr__ = missing_name(__name__)
