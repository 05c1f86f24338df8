"""`ArgumentRouting`: arguments by position or name, renamed, or out of nested structures."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from jax_metrics.arguments import Arguments, Index, refuse_truncation, replaced, step_into
from jax_metrics.metrics._lists import LISTS, with_arrays
from jax_metrics.tree import Tree, copy, signature_of

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
_PLAIN = Arguments()
_BY_POSITION = inspect.Parameter.POSITIONAL_OR_KEYWORD
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class ArgumentRouting(Tree):
    """The part of a metric that routes the arguments of a call to `update`.

    Attributes:
        jittable: See `Metric`.
        weights_repeat: Whether an example of weight two counts like two examples. False where the
            size of weights makes no difference, or does not divide the sum that it multiplies.
        on: The path to the arguments in nested structures.
        _weighs_copies: Whether `update`, on the host, takes `sample_weight` `[copies, examples]`
            for copies of the metric, with this leading axis of all states.
    """

    jittable: Any = True
    weights_repeat: Any = True
    _weighs_copies: Any = False
    on: Any = None
    _arguments: Any = _PLAIN
    _parameters: ClassVar[Mapping[str, inspect.Parameter]] = {}
    _positional: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[frozenset[str]] = frozenset()
    _accepts_any_arguments: ClassVar[bool] = False  # true of wrappers

    @classmethod
    def _receive_as(cls, update: Callable[..., Any]) -> None:
        """Makes the class receive the arguments of a function, which takes the metric first."""
        own = dict(list(signature_of(update).parameters.items())[1:])
        empty = inspect.Parameter.empty
        cls._parameters = own
        cls._positional = tuple(n for n, p in own.items() if p.kind is _BY_POSITION)
        cls._required = frozenset(name for name, p in own.items() if p.default is empty)
        cls._accepts_any_arguments = any(p.kind in _VARIADIC for p in own.values())

    @property
    def signature(self) -> inspect.Signature:
        """The arguments of `update`, under the names that callers use."""
        return self._arguments.signature(self._accepted_parameters(), ())

    if not TYPE_CHECKING:  # a type checker would take it for that of the class

        @property
        def __signature__(self) -> inspect.Signature:
            """The arguments of a call, for `inspect` and `help`."""
            if self._accepts_any_arguments or self._arguments is not _PLAIN:
                return self.signature
            signature = signature_of(type(self).__call__)
            return signature.replace(parameters=list(signature.parameters.values())[1:])

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters of `update` by their own names; for a wrapper, those of its metric."""
        return {n: p for n, p in self._parameters.items() if p.kind not in _VARIADIC}

    def index_into(self, **paths: Index) -> Self:
        """A metric that reads arguments out of nested structures.

        Args:
            **paths: For each argument a key or index, or a sequence of them.

        Raises:
            TypeError: If there is no such argument.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> metric = jm.metrics.Mean().index_into(values=("heads", 0))
            >>> float(metric(values={"heads": [jnp.ones(2)]}))
            1.0
        """
        new: Any = copy(self)
        new._arguments = self._arguments.index_into(self, paths)
        return new

    def rename_arguments(self, **names: str) -> Any:
        """A metric that takes arguments under other names.

        Args:
            **names: For each argument its new name.

        Raises:
            TypeError: If there is no such argument.
            ValueError: If two arguments would have the same name.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> metric = jm.metrics.Mean().rename_arguments(values="loss")
            >>> float(metric(loss=jnp.ones(2)))
            1.0
        """
        new: Any = copy(self)
        new._arguments = self._arguments.rename(self, names)
        return new

    def _received(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
        """The arguments as a compiled update takes them; see `_unprepared` and `_prepared_inputs`.

        Raises:
            OverflowError: If JAX would truncate an integer.
        """
        args, named = self._unprepared(args, kwargs)
        return args, self._prepared_inputs(named)

    def _unprepared(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
        """The arguments under the names of `update`, taken out of their structures.

        Lists of numbers are arrays, unless the metric is not jittable.
        """
        args, named = self._routed(args, kwargs)
        if not LISTS.isdisjoint(map(type, (*args, *named.values()))) and self.jittable:
            args = tuple(map(with_arrays, args))
            named = {name: with_arrays(value) for name, value in named.items()}
        refuse_truncation(*args, **named)
        return args, named

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Arguments by name, in the form in which a compiled update takes them.

        Here they stay as they are. A metric of images, for example, pads lists of them on the host.
        """
        return inputs

    def _preparations(self) -> frozenset[Any]:
        """What `_prepared_inputs` does, equal for metrics that prepare arguments alike.

        Empty if arguments stay as they are; several where parts prepare them in different ways.
        """
        return frozenset()

    def _preparations_by(self, *metrics: "ArgumentRouting") -> frozenset[Any]:
        """The preparations of wrapped metrics, with the places where these read arguments."""
        return frozenset((p, m._arguments, m.on) for m in metrics for p in m._preparations())

    def _updates_by_parts(self, inputs: Inputs) -> bool:
        """Whether each part has to prepare these arguments itself, outside of traced code."""
        return False

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        """The number of examples in arguments by name; None if arrays show it by their shapes."""
        return None

    def _prepared_inputs_by(
        self, metric: "ArgumentRouting", inputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Arguments as a wrapped metric prepares them, under its names and in its structures."""
        routes, names = metric._arguments, dict(metric._arguments.names)
        own = {outer: name for name, outer in names.items()}
        given = {own.get(name, name): value for name, value in inputs.items()}
        complete = metric._accepts_any_arguments or metric._required <= given.keys()
        if not metric._preparations() or not complete:
            return inputs
        paths = {name: routes.path_of(metric, name) for name in metric._accepted_parameters()}
        known = [name for name in paths if given.get(name) is not None]
        received = given | {name: step_into(name, given[name], paths[name]) for name in known}
        prepared = metric._prepared_inputs(received)
        return {
            names.get(name, name): replaced(given.get(name), paths.get(name, ()), value)
            for name, value in prepared.items()
        }

    def _routed(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
        plain = self._arguments is _PLAIN and self.on is None
        if plain and self._accepts_any_arguments:
            return args, dict(kwargs)
        given = {**self._named(args), **kwargs} if args else dict(kwargs)
        if plain and self._required <= given.keys() <= self._parameters.keys():
            return (), given
        return (), self._arguments.receive(self, given)

    def _named(self, args: tuple[Any, ...]) -> dict[str, Any]:
        """Positional arguments under the names that callers use."""
        if self._arguments is _PLAIN and len(args) <= len(self._positional):
            return dict(zip(self._positional, args, strict=False))  # the usual case
        names = list(self.signature.parameters)
        kinds = [parameter.kind for parameter in self._accepted_parameters().values()]
        positional = kinds.count(_BY_POSITION)
        if len(args) > positional:
            raise TypeError(
                f"{type(self).__name__} takes {positional or 'no'} arguments by position, but got "
                f"{len(args)}. Give them by name: {', '.join(f'{name}=...' for name in names)}."
            )
        return dict(zip(names, args, strict=False))
