"""`Checkpointer`: the state of a training run on disk, step by step."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import numpy as np

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.checkpoint._background import Background
from jax_metrics.checkpoint._checkpointer_arguments import check_best, check_items, checked_count
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._folder import Folder
from jax_metrics.checkpoint._history import Best, History, Step, checked_step
from jax_metrics.checkpoint._inverse import Rule
from jax_metrics.checkpoint._load_state_dict import Rename, apply_rules, assign
from jax_metrics.checkpoint._misfits import LeftOut
from jax_metrics.checkpoint._names import named_leaves
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._pieces import regions_of
from jax_metrics.checkpoint._plain_values import PlainValue, mark_plain, unmark_plain
from jax_metrics.checkpoint._processes import Processes
from jax_metrics.checkpoint._snapshot import Snapshot, check_initialized, snapshot
from jax_metrics.checkpoint._step_files import StepFiles
from jax_metrics.checkpoint._tied_names import follow_ties

A = TypeVar("A", bound=dict[str, Any])


@constructor_names_arguments
class Checkpointer:
    """Saves the state of a training run to a folder, and restores it bit for bit.

    A checkpoint is a number of items by name: models, optimizers, metrics, random keys, any other
    pytrees of arrays, and plain values such as a dict of settings or the number of an epoch, which
    are kept as JSON. Each array has a checksum. A checkpoint is on disk completely or not at all,
    even if the process is killed.

    Use it in a `with` statement, which waits for the last save. Its calls must not overlap.

    If JAX runs several processes, each creates a Checkpointer for the same folder, which their
    machines share, and makes the same calls. Each process writes its part of arrays that are spread
    over processes; the first process writes everything else. The checkpoint exists when all parts
    do. With `read_only`, a process does not wait for others.

    Args:
        folder: The folder, which is created if it does not exist. Only one run at a time may save
            to it.
        keep: How many of the latest checkpoints to keep, or None for all of them.
        best: The name of a number that is passed to each `save` in `values`, and whether higher or
            lower is better: `("val/accuracy", "max")` or `("val/loss", "min")`. The best checkpoint
            is kept, too.
        every: Steps that are not a multiple of it are not saved.
        asynchronous: Whether `save` returns as soon as it has copied the arrays to the memory of
            the host, and writes them in the background.
        read_only: Whether to restore only. Meanwhile, another process may save to the folder.

    Raises:
        CheckpointError: If an argument or the folder cannot be used, or another process uses it.
        FileNotFoundError: If there is no folder, with `read_only`.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax, jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> state = {"model": model, "optimizer": jm.Optimizer(optax.adam(1e-3)).init(model)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with jm.Checkpointer(folder, keep=2) as checkpoints:
        ...         for step in range(1, 5):
        ...             _ = checkpoints.save(step, **state, key=jax.random.key(step))
        ...         restored = checkpoints.restore({**state, "key": jax.random.key(0)})
        ...         checkpoints.steps()
        [3, 4]
        >>> jm.equal(restored["model"], model)
        True
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        keep: int | None = 3,
        best: Best | None = None,
        every: int = 1,
        asynchronous: bool = True,
        read_only: bool = False,
    ):
        keep = None if keep is None else checked_count("keep", keep)
        every = checked_count("every", every)
        check_best(best)
        package("xxhash")  # fails here, not in the background
        package("orbax.checkpoint")
        self._every, self._asynchronous, self._read_only = every, asynchronous, read_only
        self._best = best
        self._processes = Processes(alone=read_only)
        self._folder = Folder(folder, read_only, self._processes)
        self._files = StepFiles(self._folder, self._processes)
        self._history = History(self._files, keep, best, remember=not read_only)
        self._background = Background()
        self._closed = False

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.path

    @property
    def every(self) -> int:
        """Steps that are not a multiple of it are not saved."""
        return self._every

    @property
    def best(self) -> Best | None:
        """The name of the number that decides which checkpoint is best, and `"max"` or `"min"`."""
        return self._best

    def save(
        self,
        step: int,
        /,
        *,
        values: Mapping[str, float] | None = None,
        force: bool = False,
        **items: Any,
    ) -> bool:
        """Saves a checkpoint, in the background unless `asynchronous=False`.

        The arrays are copied before it returns, so that they may be donated or changed. It first
        waits for the previous save, which may still be running.

        Args:
            step: The number of the step, larger than all existing steps.
            values: Numbers by name, including that of `best`, such as `{"val/accuracy": 0.9}`.
            force: Whether to save a step that is not a multiple of `every`.
            **items: What to save, by name: `model=model, optimizer=optimizer, key=key, epoch=3`.

        Returns:
            Whether the step is saved: False if it is not a multiple of `every`.

        Raises:
            CheckpointError: If an argument cannot be saved; then nothing is written. Or if the
                previous save has failed in the background; then this save has not been started, and
                can be called again.
        """
        self._check_open()
        self._background.check()
        step = checked_step(step)
        if step % self._every and not force:
            return False
        self._background.wait()
        self._check_writable()
        check_items(items)
        numbers = self._checked_values(values)
        if (steps := self._folder.steps()) and step <= steps[-1]:
            raise CheckpointError(
                f"Step {step} does not come after step {steps[-1]}, the latest one in "
                f"{self._folder.path}. Steps must grow: continue from the latest checkpoint, "
                "`delete` the later ones, or save to another folder."
            )
        copies = snapshot(items, is_main=self._processes.is_main)
        if self._asynchronous:
            self._background.start(lambda: self._write(step, copies, numbers))
        else:
            self._write(step, copies, numbers)
        return True

    @overload
    def restore(
        self, like: None = None, *, step: Step = "latest", verify: bool = True
    ) -> dict[str, Any]: ...
    @overload
    def restore(
        self,
        like: A,
        *,
        step: Step = "latest",
        strict: Literal[True] = True,
        rename: Rename | None = None,
        rules: Iterable[Rule] = (),
        cast: bool = False,
        verify: bool = True,
    ) -> A: ...
    @overload
    def restore(
        self,
        like: A,
        *,
        step: Step = "latest",
        strict: Literal[False],
        rename: Rename | None = None,
        rules: Iterable[Rule] = (),
        cast: bool = False,
        verify: bool = True,
    ) -> tuple[A, LeftOut]: ...

    def restore(
        self,
        like: Any = None,
        *,
        step: Step = "latest",
        strict: bool = True,
        rename: Rename | None = None,
        rules: Iterable[Rule] = (),
        cast: bool = False,
        verify: bool = True,
    ) -> Any:
        """Restores a checkpoint, or some of its items.

        Args:
            like: The items to restore by name, with the structure that was saved; they are not
                changed. Items that are not in it are not read. Models, optimizers and others may be
                results of `jax.eval_shape`. The arrays decide on which devices the new ones are
                placed, as in `jm.load`, so the mesh and the number of processes may differ from
                those of the save. All settings stay those of `like`. In place of a plain value, any
                plain value will do. Without `like`, the result is nested dicts of all items, with
                NumPy arrays, and JAX arrays for random keys.
            step: `"latest"`, `"best"` as the Checkpointer has it, or the number of a step.
            strict: Whether every name, shape and dtype of `like` must fit; see
                `jm.load_state_dict`. If False, the result is a pair of the items and a `LeftOut`.
            rename: As in `jm.load_state_dict`; names begin with that of the item.
            rules: As in `jm.load_state_dict`; names begin with that of the item.
            cast: As in `jm.load_state_dict`.
            verify: Whether to compare the arrays with their checksums.

        Raises:
            CheckpointError: If the checkpoint is damaged, or does not fit; or if the previous save
                has failed in the background.
            FileNotFoundError: If there is no such checkpoint.
        """
        self._check_open()
        self._background.wait()
        if like is not None and not (type(like) is dict and all(type(n) is str for n in like)):
            raise CheckpointError(
                "`like` is a dict of items by name, as they were given to `save`, such as "
                f'{{"model": model}}; got a {type(like).__name__}.'
            )
        check_initialized(like or {})
        number = self._history.number_of(step)
        wanted = lambda item: like is None or item in like  # noqa: E731
        rules = list(rules)
        marked = {name: mark_plain(item) for name, item in (like or {}).items()}
        # What is renamed or converted is read as a whole.
        leaves = {} if rules or rename or cast else named_leaves(marked)
        needed = lambda name, shape: regions_of(leaves.get(name), shape)  # noqa: E731
        items, state, noted = self._files.read(number, wanted, verify, needed)
        if like is None:
            return _nested(items, state)
        derived = follow_ties(state, noted)
        just_read = {id(value) for value in state.values()}
        state = apply_rules({**state, **derived}, rules, rename)

        def read(names: Iterable[str]) -> Iterator[tuple[str, Any]]:
            for name in names:
                value = state[name]
                if id(value) in just_read or not isinstance(value, np.ndarray):
                    just_read.discard(id(value))  # in a second place it is a copy
                    yield name, value
                else:
                    yield name, np.array(value)

        source = f"Step {number} of {self._folder.path}, with the items {', '.join(items)},"
        result, left_out = assign(
            marked,
            state,
            strict=strict,
            cast=cast,
            noted=noted,
            derived=derived,
            source=source,
            read=read,
        )
        result = unmark_plain(result)
        return result if strict else (result, left_out)

    def steps(self) -> list[int]:
        """The steps that are on disk, in ascending order, after the running save has ended.

        Raises:
            CheckpointError: If that save has failed, or the folder cannot be read.
        """
        self._check_open()
        self._background.wait()
        return self._folder.steps()

    def delete(self, step: int) -> None:
        """Removes a checkpoint, for example a damaged one.

        Args:
            step: The number of the step.

        Raises:
            CheckpointError: If it cannot be removed; or if the previous save has failed.
            FileNotFoundError: If there is no such checkpoint.
        """
        self._check_open()
        self._background.wait()
        self._check_writable()
        step = checked_step(step)
        found: list[int] = []
        self._processes.in_stages(  # all have found it before one removes it
            lambda: found.append(self._history.number_of(step)),
            lambda: self._history.remove(found[0]),
        )

    def wait(self) -> None:
        """Waits until the last save is on disk.

        Raises:
            CheckpointError: If it has failed.
        """
        self._check_open()
        self._background.wait()

    def close(self) -> None:
        """Waits for the last save, and lets other processes use the folder; `with` calls it.

        Raises:
            CheckpointError: If that save has failed.
        """
        self._closed = True
        try:
            self._background.close()
        finally:
            self._files.forget()
            self._folder.release()

    def __enter__(self) -> "Checkpointer":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        try:
            self.close()
        except CheckpointError as failure:
            if error is None:
                raise
            error.add_note(str(failure))  # the first error must not be hidden

    def _write(self, step: int, copies: Snapshot, values: Mapping[str, float]) -> None:
        self._files.write(step, copies, values)
        self._processes.in_stages(lambda: self._history.add(step, values))

    def _checked_values(self, values: Mapping[str, float] | None) -> dict[str, float]:
        numbers = {}
        for name, value in (values or {}).items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError) as error:
                raise CheckpointError(
                    f"`values` are numbers by name; got {name!r}: {value!r}."
                ) from error
        name = None if self._best is None else self._best[0]
        if name is not None and name not in numbers:
            raise CheckpointError(
                f"The best checkpoint is chosen by {name!r}, which `values` lacks; got {numbers}. "
                f"Call `save(step, values={{{name!r}: ...}}, ...)`."
            )
        return numbers

    def _check_open(self) -> None:
        if self._closed:
            raise CheckpointError(
                f"The Checkpointer of {self._folder.path} is closed. Call it inside its `with` "
                "statement, or open another one."
            )

    def _check_writable(self) -> None:
        if self._read_only:
            raise CheckpointError(
                f"The Checkpointer of {self._folder.path} was opened with `read_only=True`. Open "
                "one without it to save or delete."
            )


def _nested(items: Iterable[str], state: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {name: {} for name in items}
    for name, value in state.items():
        *parents, last = name.split(".")
        place = result
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = value.value if isinstance(value, PlainValue) else value
    return result
