"""`Optimizer`: an optax transformation together with its state."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from jax_metrics.arguments import instead_of
from jax_metrics.module import Initializer, OptState, check_sharing
from jax_metrics.optim._carried_state import carried_over
from jax_metrics.optim._checks import check_floats, checked_grads, checked_params
from jax_metrics.optim._eval_params import eval_values
from jax_metrics.optim._explicit_mesh import run_update
from jax_metrics.optim._flat import as_flat, is_function, trainable, with_leaves
from jax_metrics.optim._hyperparams import (
    labels_of,
    read_hyperparams,
    state_with,
    with_hyperparams,
)
from jax_metrics.optim._loss_scaling import check_order, loss_scale_in
from jax_metrics.optim._master_weights import check_conditions
from jax_metrics.optim._norms import NormsState
from jax_metrics.optim._optimizer_errors import (
    check_deleted,
    check_state_shapes,
    explain_optax,
    listed,
    unknown_attribute,
    warn_of_untrained,
)
from jax_metrics.optim._rules import Rule, as_rules, check_used, matches, places
from jax_metrics.optim._seen_tree import seen_as_flat
from jax_metrics.optim._state_layout import settled
from jax_metrics.optim._state_nodes import nodes_of
from jax_metrics.optim._transformation import is_transformation, with_extra_args
from jax_metrics.tree import Extensions, OtherMethod, Tree, check_result_used, copy, static

O = TypeVar("O", bound="Optimizer")  # noqa: E741
P = TypeVar("P")


class Optimizer(Tree, Extensions):
    """Wraps an optax transformation and its state as a pytree that passes through `jit`.

    Given a model, it updates the Parameters of the modules that are not frozen, and has state for
    those only. optax sees them as a plain dict keyed by path, so labels and masks refer to paths:
    `lambda params: {path: "bias" not in path for path in params}`.

    Hyperparameters that are given here, and not to the function that makes the transformation, are
    a part of the state: `optimizer.learning_rate` can be read, and set between steps or inside of
    them, without a new compilation. So can those of `optax.inject_hyperparams` anywhere in the
    transformation. Where several groups have a hyperparameter of the same name, it is a dict by
    group; assigning a number sets all of them, and assigning a dict sets the groups in it.

    Args:
        optimizer: The optax transformation; or a function that makes one, such as `optax.adam`.
        **hyperparams: The arguments of that function. See `jm.optim.with_hyperparams`.

    Raises:
        TypeError: If `optimizer` is none of these, or the arguments do not fit.

    Example:
        >>> import jax, jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((1, 2)))
        >>> optimizer = jm.Optimizer(optax.sgd, learning_rate=0.1).init(model)
        >>> grads = jax.grad(lambda model: model(jnp.ones((1, 2))).sum())(model)
        >>> model = optimizer.update(grads, model)
        >>> model.bias
        Array([-0.1], dtype=float32)
        >>> optimizer.learning_rate = 0.05
    """

    _variable: ClassVar[str] = "optimizer"
    if not TYPE_CHECKING:  # for a checker they do not exist
        step = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        minimize = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        apply_gradients = OtherMethod("It is `model = optimizer.update(grads, model)`.")
        zero_grad = OtherMethod("Gradients are values that `jm.value_and_grad` returns.")
        state_dict = OtherMethod("Write `jm.state_dict(optimizer)`.")
        load_state_dict = OtherMethod("Write `optimizer = jm.load_state_dict(optimizer, state)`.")

    optimizer: optax.GradientTransformation = static()
    opt_state: Any = OptState.node(None)
    _paths: tuple[str, ...] | None = static(None)
    if TYPE_CHECKING:
        learning_rate: Any

    def __init__(self, optimizer: Any, **hyperparams: Any):
        given = is_transformation(optimizer)
        if given and hyperparams:
            raise TypeError(
                f"Optimizer got {', '.join(f'`{name}`' for name in hyperparams)} with a "
                "transformation that is finished. Pass the function that makes it, as in "
                "`jm.Optimizer(optax.adam, learning_rate=1e-3)`."
                f"{instead_of('Optimizer', next(iter(hyperparams)), ())}"
            )
        if not given and not (hyperparams and _is_factory(optimizer)):
            raise TypeError(
                "Optimizer wraps an optax transformation, as in `jm.Optimizer(optax.adam(1e-3))`; "
                f"got a {type(optimizer).__name__}. Parameters go into `.init(params)`. A function "
                "that makes a transformation needs its arguments, as in "
                "`jm.Optimizer(optax.adam, learning_rate=1e-3)`."
            )
        made: Any = optimizer if given else with_hyperparams(optimizer, **hyperparams)
        self.optimizer = made

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(Optimizer, name):
            super().__setattr__(name, value)
        elif name in self.hyperparams:
            self.opt_state = state_with(self.opt_state, name, value)
        elif type(self) is Optimizer:
            raise unknown_attribute(self, name)
        else:
            super().__setattr__(name, value)

    if not TYPE_CHECKING:  # for type checkers a name that is missing is an error

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            if isinstance(other := vars(Optimizer).get(name), OtherMethod):
                return other.__get__(self, type(self))  # raises
            hyperparams = self.hyperparams
            if name not in hyperparams:
                raise unknown_attribute(self, name)
            return hyperparams[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.hyperparams})

    @property
    def initialized(self) -> bool:
        """Whether `init` has run."""
        return self._paths is not None

    @property
    def hyperparams(self) -> dict[str, Any]:
        """The hyperparameters in the state by name; a dict by group if several groups have one.

        The dicts are read only: assign to the attributes, as in `optimizer.learning_rate = 1e-3`.
        """
        return read_hyperparams(vars(self).get("opt_state"))

    @property
    def norms(self) -> dict[str, jax.Array]:
        """The norms of the last step, from `jm.optim.with_norms`: `grad_norm` and `update_norm`.

        Where several groups have them, their names end in `/` and the group.

        Raises:
            ValueError: If the transformation does not record them.
        """
        found = nodes_of(self.opt_state, NormsState)
        if not found:
            raise ValueError(
                "The optimizer records no norms. Wrap the transformation, as in "
                "`jm.Optimizer(jm.optim.with_norms(optax.adam(1e-3))).init(model)`."
            )
        labels = labels_of([keys for keys, _ in found])
        norms: dict[str, jax.Array] = {}
        for label, (_, node) in zip(labels, found, strict=True):
            end = f"/{label}" if label else ""
            norms[f"grad_norm{end}"] = node.grad_norm
            norms[f"update_norm{end}"] = node.update_norm
        return norms

    @property
    def loss_scale(self) -> Any:
        """The loss scale of `jm.optim.loss_scaling`; 1.0 without it.

        Raises:
            ValueError: If several parts of the transformation scale the loss.
        """
        return loss_scale_in(self.opt_state)

    def init(self: O, params: Any) -> O:
        """Returns an optimizer with fresh state for these parameters.

        The state shares no array with the parameters, and is on the same devices: state that
        belongs to a parameter has its sharding.

        Args:
            params: A model, its parameters, or any pytree of arrays.

        Raises:
            SharingError: If a module or an array is in two places.
            ValueError: If there are no trainable parameters, they have no values yet, or something
                around `jm.optim.loss_scaling` sees gradients that it has not divided.
            TypeError: If a parameter is not a float.
        """
        check_sharing(params)
        flat = trainable(params)
        if not flat:
            raise ValueError(
                f"The {type(params).__name__} has no trainable parameters. Initialize the model "
                "first, with `model.init(key, inputs)`, and do not freeze all of it."
            )
        uninitialized = [path for path, value in flat.items() if isinstance(value, Initializer)]
        if uninitialized:
            raise ValueError(
                f"The {type(params).__name__} has no value yet at {listed(uninitialized)}. "
                "Initialize the model first, with `model.init(key, inputs)`."
            )
        check_floats(flat, "parameter")
        warn_of_untrained(params)
        optimizer = copy(self)
        try:
            with seen_as_flat(params, initial=True):
                state = self.optimizer.init(flat)
        except Exception as error:
            if (explained := explain_optax(error, "init")) is not None:
                raise explained from error
            raise
        check_order(state)
        optimizer.opt_state = settled(state, flat)
        optimizer._paths = tuple(sorted(flat))
        return optimizer

    def adapt(self: O, params: Any, *, fresh: Rule | Sequence[Rule] = ()) -> O:
        """Returns an optimizer for changed parameters, keeping the state of those that stay.

        A parameter stays if one of the same path, shape and dtype was trained before. After
        freezing, unfreezing or replacing parts of a model, all others start with fresh state. Step
        counts and everything else that belongs to no parameter continue, so that the bias
        correction of Adam treats a new parameter as an old one: its first steps are up to three
        times as large as after `init`. A group of `jm.optim.groups` whose parameters are all new
        starts fresh as a whole, and so does L-BFGS after any change, as its history is that of all
        parameters together. With new parameters `optax.MultiSteps` drops the gradients that it has
        accumulated for the next step. Hyperparameters are always kept.

        Args:
            params: The changed model or parameters.
            fresh: Parameters that always start fresh, such as a new head of the same shape: paths,
                classes of modules, kinds, or functions of a `FieldInfo`, as for `jm.optim.groups`.

        Raises:
            RuntimeError: Before `init`.
            SharingError, ValueError, TypeError: As `init`; and if a rule in `fresh` is not one, or
                matches no parameter.

        Example:
            >>> import jax.numpy as jnp, optax
            >>> import jax_metrics as jm
            >>> model = jm.Sequential(jm.Linear(4), jm.Linear(1)).init(0, jnp.ones((1, 2)))
            >>> frozen = model.at[".layers[0]"].apply(lambda layer: layer.freeze())
            >>> optimizer = jm.Optimizer(optax.adam(1e-3)).init(frozen)
            >>> optimizer = optimizer.adapt(model)
            >>> ".layers[0].kernel" in optimizer.opt_state[0].mu
            True
        """
        self._check_initialized()
        rules = as_rules(fresh, "adapt")
        optimizer = self.init(params)
        found = places(params)
        check_used(rules, found, "adapt")
        optimizer.opt_state = carried_over(
            optimizer.opt_state,
            self.opt_state,
            trainable(params),
            lambda path: any(matches(rule, found[path]) for rule in rules),
        )
        check_result_used(self, "adapt")
        return optimizer

    def update(
        self,
        grads: Any,
        params: Any = None,
        apply_updates: bool = True,
        *,
        donate: bool = False,
        **extra: Any,
    ) -> Any:
        """Takes one step: updates the state in place and returns the updated parameters.

        Outside of `jit` it runs as one compiled program.

        Args:
            grads: Gradients, with the same structure as `params`.
            params: The model, or the parameters that were passed to `init`.
            apply_updates: Whether to return the updated `params`. If False, return the updates,
                which are zero for leaves that are not trained.
            donate: Outside of `jit`, reuse the memory of `params` and of the optimizer's state for
                the results. The passed `params` are deleted: use the returned ones.
            **extra: Extra arguments of the transformation, such as `value`, `grad` and `value_fn`
                of a line search; trees like `params`, and functions of them, are converted to the
                dict that optax sees, and so is what they return. A step with a plain function among
                them is not compiled, because variables that the function closes over may change:
                call `update` inside your own `jit`, or pass those values with
                `jax.tree_util.Partial(f, ...)`.

        Returns:
            All of `params`, updated; or the updates, with the structure of `grads`.

        Raises:
            RuntimeError: Before `init`.
            ValueError: If the arguments do not fit the parameters given to `init`, or each other.
            TypeError: If a parameter or gradient is not a float, or `apply_updates` not a boolean.
        """
        self._check_initialized()
        if params is None and apply_updates:
            raise ValueError(
                "`update(grads, params)` needs the parameters to apply the updates to. Pass them, "
                "or request the updates themselves with `apply_updates=False`."
            )
        if not isinstance(apply_updates, bool):
            raise TypeError(
                "`update(grads, params)` takes the gradients and the parameters; the third "
                "argument, `apply_updates`, is True or False, but is a "
                f"{type(apply_updates).__name__}. The state is part of the optimizer."
            )
        inputs = (self, grads, params, extra)
        tracing = any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(inputs))
        inline = tracing or any(is_function(value) for value in extra.values())
        step = _step if inline else _donating_step if donate else _compiled_step
        try:
            output, self.opt_state = step(*inputs, apply_updates=apply_updates)
        except Exception as error:
            check_deleted(error, optimizer=self, gradients=grads, parameters=params)
            raise
        check_result_used(self, "update", "the updated parameters" if apply_updates else "updates")
        return output

    def eval_params(self, params: P) -> P:
        """The parameters for evaluation, which some transformations keep apart from `params`.

        Those of `optax.contrib.schedule_free` are its averages, and those of `optax.contrib.sam`
        are the parameters that its next step begins from. Of others they are `params`.

        Args:
            params: The model, or the parameters, as `update` returned them.

        Raises:
            RuntimeError: Before `init`.
            ValueError: If the parameters are not those given to `init`.
        """
        self._check_initialized()
        flat = trainable(params)
        checked_params(params, flat, self._paths or ())
        return with_leaves(params, eval_values(self.opt_state, flat))

    def _check_initialized(self) -> None:
        if not self.initialized:
            raise RuntimeError(
                "The optimizer was not initialized: "
                "`optimizer = jm.Optimizer(optax.adam(1e-3)).init(model)`."
            )


def _is_factory(value: Any) -> bool:
    return callable(value) and not isinstance(value, Tree | type)


def _step(
    optimizer: Optimizer,
    grads: Any,
    params: Any,
    extra: dict[str, Any],
    *,
    apply_updates: bool,
) -> tuple[Any, Any]:
    paths = optimizer._paths or ()
    flat_grads = checked_grads(grads, params, paths)
    flat_params: Any = None if params is None else checked_params(params, flat_grads, paths)
    check_floats(flat_grads, "gradient")
    extra = {name: as_flat(value, params, paths) for name, value in extra.items()}
    transformation = with_extra_args(optimizer.optimizer)
    before = optimizer.opt_state
    with seen_as_flat(grads if params is None else params):
        try:
            updates, state = run_update(
                transformation.update, flat_grads, before, flat_params, extra
            )
        except Exception as error:
            check_state_shapes(before, transformation.init, flat_grads, error)
            check_conditions(before, flat_grads, error)
            if (explained := explain_optax(error, "update")) is not None:
                raise explained from error
            raise
        if jax.tree.map(jnp.shape, before) != jax.tree.map(jnp.shape, state):
            check_state_shapes(before, transformation.init, flat_grads)
    if not apply_updates:
        return with_leaves(jax.tree.map(jnp.zeros_like, grads), updates), state
    stepped: Any = optax.apply_updates(flat_params, updates)
    return with_leaves(params, stepped), state


_compiled_step: Callable[..., Any] = jax.jit(_step, static_argnames="apply_updates")
_donating_step: Callable[..., Any] = jax.jit(
    _step, static_argnames="apply_updates", donate_argnames=("optimizer", "params")
)
