"""`Policy`: mixed precision for a whole model."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import CALL_WRAPPER, Module, Parameter, aliased_as
from jax_metrics.tree import class_info, copy, is_tree, public_fields, trees_with_paths

M = TypeVar("M", bound=Module)
Chosen = type | tuple[type, ...] | Callable[[Any], bool] | None


def normalizes(module: Any) -> bool:
    """Whether the module is a normalization layer."""
    return hasattr(module, "force_float32_reductions")


class Policy:
    """Dtypes of a model's parameters, computation and outputs (mixed precision).

    `apply` follows kinds: Parameters are cast to `param`, and everything else in the model, such as
    running statistics and keys, stays unchanged. Layers with the arguments `dtype` and
    `param_dtype` are set through them; other modules with Parameters get their inputs and
    Parameters cast in each call. The inputs and outputs of the model itself are cast, too.
    Gradients have the dtype of the Parameters. See Micikevicius et al., 2018,
    https://arxiv.org/abs/1710.03740; float16 also needs loss scaling, bfloat16 does not.

    Args:
        param: Parameter dtype; all three dtypes must be floating-point.
        compute: Computation and activation dtype; None: `param`.
        output: Output dtype of the model; None: `compute`.
        keep: The modules that store their Parameters and do their arithmetic in float32,
            regardless of the dtypes above; their output is still `compute`. A class,
            several, a function of a module, or None. By default the normalization layers.
        float32_softmax: Whether to compute the softmax of attention in float32, and with it, as in
            Flax, the weighted sum of the values.

    Raises:
        TypeError: If a dtype is not floating, or `keep` is none of these.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> policy = jm.nn.Policy(param=jnp.float32, compute=jnp.bfloat16, output=jnp.float32)
        >>> model = policy.apply(jm.MLP([8, 1]).init(42, jnp.ones((1, 4))))
        >>> model.linear.kernel.dtype, model.linear(jnp.ones((1, 4))).dtype
        (dtype('float32'), dtype(bfloat16))
        >>> model(jnp.ones((1, 4))).dtype
        dtype('float32')
    """

    def __init__(
        self,
        param: Any = jnp.float32,
        compute: Any = None,
        *,
        output: Any = None,
        keep: Chosen = normalizes,
        float32_softmax: bool = True,
    ):
        self.param = _floating("param", param)
        self.compute = self.param if compute is None else _floating("compute", compute)
        self.output = self.compute if output is None else _floating("output", output)
        if not (keep is None or callable(keep) or isinstance(keep, tuple)):
            raise TypeError(
                "Policy expected for `keep` a class, a tuple of them, or a function of a module, "
                f"as in `keep=jm.LayerNorm`; got {keep!r}."
            )
        self.keep = keep
        self.float32_softmax = float32_softmax

    def __repr__(self) -> str:
        return f"Policy(param={self.param}, compute={self.compute}, output={self.output})"

    def apply(self, model: M) -> M:
        """Returns the model under this policy, in place of any earlier one.

        Args:
            model: The model, initialized or not.

        Raises:
            TypeError: If it is not a Module.
        """
        if not isinstance(model, Module):
            raise TypeError(
                f"`policy.apply(model)` expected a Module; got a {type(model).__name__}."
            )
        keep = {id(m) for m in _modules(model) if self._keeps(m)}
        changed = copy(model)
        for before, module in zip(_modules(model), _modules(changed), strict=True):
            self._apply_to(module, id(before) in keep)
        around = vars(changed).get(CALL_WRAPPER) or _Casting()
        inputs = around.inputs or self.compute
        setattr(
            changed, CALL_WRAPPER, dataclasses.replace(around, inputs=inputs, output=self.output)
        )
        return changed

    def _keeps(self, module: Module) -> bool:
        if self.keep is None:
            return False
        if isinstance(self.keep, type | tuple):
            return isinstance(module, self.keep)
        return bool(self.keep(module))

    def _apply_to(self, module: Any, keep: bool) -> None:
        if CALL_WRAPPER in vars(module):
            delattr(module, CALL_WRAPPER)
        param = jnp.dtype(jnp.float32) if keep else self.param
        compute = jnp.dtype(jnp.float32) if keep else self.compute
        _cast_parameters(module, param)
        if _takes_dtype(module, "param_dtype"):
            module.param_dtype = param
        if hasattr(module, "force_fp32_for_softmax"):
            module.force_fp32_for_softmax = self.float32_softmax
        if normalizes(module):  # does its arithmetic in float32, and then casts to `dtype`
            module.force_float32_reductions = keep
            module.dtype = self.compute
        elif _takes_dtype(module, "dtype"):
            module.dtype = compute
            if keep and compute != self.compute:
                setattr(module, CALL_WRAPPER, _Casting(output=self.compute))
        elif _has_parameters(module):
            output = self.compute if keep else None
            setattr(module, CALL_WRAPPER, _Casting(compute, compute, param, output))


@dataclasses.dataclass(frozen=True)
class _Casting:
    """Wraps the call of a module and casts its inputs and outputs.

    Attributes:
        inputs: Dtype that floating-point inputs are cast to; None: no cast.
        compute: Dtype that Parameters are cast to during the call.
        param: Dtype of Parameters created by the call.
        output: Dtype that the output is cast to.
    """

    inputs: Any = None
    compute: Any = None
    param: Any = None
    output: Any = None

    def __call__(
        self, module: Any, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        args, kwargs = _cast((args, kwargs), self.inputs)
        if not module.initialized:  # the call makes the Parameters
            output = call(module, *args, **kwargs)
            _cast_parameters(module, self.param)
        elif self.compute is None or self.compute == self.param:
            output = call(module, *args, **kwargs)
        else:
            output = self._with_cast_parameters(module, call, args, kwargs)
        return _cast(output, self.output)

    def _with_cast_parameters(
        self, module: Any, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        clone = copy(module, shallow=True)
        delattr(clone, CALL_WRAPPER)  # lest `super().__call__` casts again
        _cast_parameters(clone, self.compute)
        before = public_fields(clone)
        with aliased_as(clone):
            output = call(clone, *args, **kwargs)
        for name, value in public_fields(clone).items():
            if name not in before or before[name] is not value:
                setattr(module, name, value)
        return output


def _floating(name: str, dtype: Any) -> np.dtype:
    try:
        found = jnp.dtype(dtype)
    except TypeError:
        found = None
    if found is None or not jnp.issubdtype(found, jnp.floating):
        raise TypeError(
            f"Policy expected a floating dtype for `{name}`, such as `jnp.bfloat16`; got {dtype!r}."
        )
    return found


def _modules(model: Module) -> list[Module]:
    return [tree for _, tree in trees_with_paths(model) if isinstance(tree, Module)]


def _takes_dtype(module: Any, name: str) -> bool:
    """Whether the module has this argument, and it is about floating numbers."""
    value = getattr(module, name, module)
    if value is module:
        return False
    return value is None or jnp.issubdtype(jnp.dtype(value), jnp.floating)


def _has_parameters(module: Any) -> bool:
    """Whether the module itself has a field for Parameters."""
    known = {**class_info(type(module)).metadata, **module.field_metadata}
    return any(
        metadata.node and issubclass(metadata.kind, Parameter) for metadata in known.values()
    )


def _cast_parameters(module: Any, dtype: Any) -> None:
    """Casts the module's own Parameters in place; to None leaves them."""
    for name, metadata in module.field_metadata.items():
        if metadata.node and issubclass(metadata.kind, Parameter):
            value = _cast(vars(module)[name], dtype)
            if value is not vars(module)[name]:
                setattr(module, name, value)


def _cast(value: Any, dtype: Any) -> Any:
    """The value with its floating arrays cast; those in Trees stay as they are."""
    if dtype is None:
        return value

    def one(leaf: Any) -> Any:
        array = isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)
        if not array or leaf.dtype == dtype or not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        if isinstance(leaf, jax.ShapeDtypeStruct):
            return jax.ShapeDtypeStruct(leaf.shape, dtype)
        return jnp.asarray(leaf, dtype)

    return jax.tree.map(one, value, is_leaf=is_tree)
