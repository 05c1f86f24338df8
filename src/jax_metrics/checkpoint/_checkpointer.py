"""`Checkpointer`: the state of a training on disk, step by step."""

import contextlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar, overload

import numpy as np

from jax_metrics.checkpoint._background import Background
from jax_metrics.checkpoint._contents import (
    check_arrays,
    checked,
    contents_of,
    decodable,
    empty,
    is_empty,
)
from jax_metrics.checkpoint._encoding import decoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._folder import Folder
from jax_metrics.checkpoint._load_state_dict import Rename, apply_rules, assign
from jax_metrics.checkpoint._misfits import LeftOut
from jax_metrics.checkpoint._orbax_store import OrbaxStore
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._plain_values import PlainValue, from_json, mark_plain, unmark_plain
from jax_metrics.checkpoint._rules import Rule
from jax_metrics.checkpoint._snapshot import Snapshot, snapshot

A = TypeVar("A", bound=Mapping[str, Any])
Step = int | Literal["latest", "best"]


class Checkpointer:
    """Saves the state of a training to a folder, and restores it bit for bit.

    A checkpoint is a number of items by name: models, optimizers, metrics, random keys, any other
    pytrees of arrays, and plain values such as a dict of settings or the number of an epoch, which
    are kept as JSON. Each array has a checksum. A checkpoint is on disk as a whole or not at all,
    whenever the process is killed.

    Use it in a `with` statement, which waits for the last save. Its calls must not overlap.

    Args:
        folder: The folder, which is made if it is not there. One process at a time may save to it.
        keep: How many of the latest checkpoints to keep, or None for all of them.
        best: The name of a number that is given to each `save` in `values`, and whether more of it
            is better: `("val/accuracy", "max")` or `("val/loss", "min")`. The best checkpoint is
            kept, too.
        every: Steps that are not a multiple of it are not saved.
        asynchronous: Whether `save` returns as soon as it has copied the arrays to the memory of
            the host, and writes them in the background.
        read_only: Whether to restore only. Another process may save to the folder meanwhile.

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
        best: tuple[str, Literal["max", "min"]] | None = None,
        every: int = 1,
        asynchronous: bool = True,
        read_only: bool = False,
    ):
        _check_count("keep", keep) if keep is not None else None
        _check_count("every", every)
        _check_best(best)
        package("xxhash")  # fails here, not in the background
        package("orbax.checkpoint")
        self._keep, self._best, self._every = keep, best, every
        self._asynchronous, self._read_only = asynchronous, read_only
        self._folder = Folder(folder, read_only)
        self._store = OrbaxStore(self._folder.path, read_only)
        self._background = Background()
        self._values: dict[int, Mapping[str, float]] = {}
        self._closed = False

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

        The arrays are copied before it returns, so that they may be donated, or changed. Of the
        save before, which may still be running, it waits for the end.

        Args:
            step: The number of the step, larger than those that are there.
            values: Numbers by name, among them that of `best`, such as `{"val/accuracy": 0.9}`.
            force: Whether to save a step that is not a multiple of `every`.
            **items: What to save, by name: `model=model, optimizer=optimizer, key=key, epoch=3`.

        Returns:
            Whether the step is saved: False if it is not a multiple of `every`.

        Raises:
            CheckpointError: If an argument cannot be saved, and nothing is written; or if the save
                before has failed in the background. Then this one has not been started, and can be
                called again.
        """
        self._check_open()
        self._background.check()
        _check_step(step)
        if step % self._every and not force:
            return False
        self._background.wait()
        if self._read_only:
            raise CheckpointError(
                f"The Checkpointer of {self._folder.path} has `read_only=True`, so it cannot save."
            )
        _check_items(items)
        numbers = self._checked_values(values)
        if (steps := self._folder.steps()) and step <= steps[-1]:
            raise CheckpointError(
                f"Step {step} does not come after step {steps[-1]}, the latest one in "
                f"{self._folder.path}. Steps must grow: continue from the latest checkpoint, "
                "`delete` the later ones, or save to another folder."
            )
        copies = snapshot(items)
        if self._asynchronous:
            self._background.start(lambda: self._write(int(step), copies, numbers))
        else:
            self._write(int(step), copies, numbers)
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
                placed, as in `jm.load`, so the mesh may be another one than that of the save. All
                settings stay those of `like`. In the place of a plain value, any plain value will
                do. Without `like`, the result is nested dicts of all items, with NumPy arrays, and
                JAX arrays for random keys.
            step: `"latest"`, `"best"` as the Checkpointer has it, or the number of a step.
            strict: Whether every name, shape and dtype of `like` must fit; see
                `jm.load_state_dict`. If False, the result is a pair of the items and a `LeftOut`.
            rename: As in `jm.load_state_dict`; names begin with that of the item.
            rules: As in `jm.load_state_dict`; names begin with that of the item.
            cast: As in `jm.load_state_dict`.
            verify: Whether to compare the arrays with their checksums.

        Raises:
            CheckpointError: If the checkpoint is damaged, or does not fit; or if the save before
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
        number = self._number_of(step)
        items, state = self._read(number, like, verify)
        if like is None:
            return _nested(items, state)
        state = apply_rules(state, rules, rename)
        marked = {name: mark_plain(item) for name, item in like.items()}
        source = f"Step {number} of {self._folder.path}, with the items {_listed(items)},"
        result, left_out = assign(marked, state, strict=strict, cast=cast, source=source)
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
            CheckpointError: If it cannot be removed; or if the save before has failed.
            FileNotFoundError: If there is no such checkpoint.
        """
        self._check_open()
        self._background.wait()
        if self._read_only:
            raise CheckpointError(
                f"The Checkpointer of {self._folder.path} has `read_only=True`, so it cannot "
                "delete."
            )
        _check_step(step)
        number = self._number_of(step)
        try:
            self._remove(number)
        except OSError as error:
            raise CheckpointError(
                f"Step {step} of {self._folder.path} could not be removed: {_reason(error)}"
            ) from error
        self._store.close()

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
            self._background.wait()
        finally:
            self._store.close()
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
        """Writes a checkpoint, then removes those that are not kept; runs in the background."""
        try:
            contents = contents_of(copies, values)
            arrays = {name: entry.array for name, entry in copies.arrays.items()}
            stored = {name: array for name, array in arrays.items() if array.size}
            self._store.write(step, stored, contents)
            self._folder.flush(step)
        except Exception as error:  # whatever orbax raises
            self._undo(step)
            raise CheckpointError(
                f"Step {step} could not be saved to {self._folder.path}, and the older "
                f"checkpoints are unchanged: {_reason(error)} The next save starts anew."
            ) from error
        self._values[step] = values
        try:
            for old in self._superfluous():
                self._remove(old)
        except OSError as error:
            raise CheckpointError(
                f"Step {step} is saved, but older ones could not be removed from "
                f"{self._folder.path}: {_reason(error)}"
            ) from error

    def _undo(self, step: int) -> None:
        with contextlib.suppress(OSError):  # the next one to open the folder tries again
            self._store.close()
            self._folder.clean()
            if step in self._folder.steps():
                self._folder.remove(step)

    def _superfluous(self) -> list[int]:
        steps = self._folder.steps()
        if self._keep is None or len(steps) <= self._keep:
            return []
        kept = {*steps[-self._keep :], self._best_of(steps, skip_damaged=True)}
        return [step for step in steps if step not in kept]

    def _remove(self, step: int) -> None:
        self._folder.remove(step)
        self._values.pop(step, None)

    def _best_of(self, steps: list[int], skip_damaged: bool = False) -> int | None:
        """The best step; of equal ones, the latest."""
        if self._best is None:
            return None
        name, mode = self._best
        found = []
        for step in steps:
            try:
                value = self._values_of(step).get(name, math.nan)
            except CheckpointError:
                if not skip_damaged:
                    raise
                continue
            if not math.isnan(value):
                found.append((value if mode == "max" else -value, step))
        return max(found)[1] if found else None

    def _values_of(self, step: int) -> Mapping[str, float]:
        if step in self._values:
            return self._values[step]
        with self._reading(step):
            values = checked(self._store.read_contents(step))["values"]
        if not self._read_only:  # else another process may replace the step
            self._values[step] = values
        return values

    def _number_of(self, step: Step) -> int:
        steps = self._folder.steps()
        if step == "best":
            if self._best is None:
                raise CheckpointError(
                    "Which checkpoint is the best? Name the number that decides: "
                    '`jm.Checkpointer(folder, best=("val/accuracy", "max"))`.'
                )
            best = self._best_of(steps)
            if best is None:
                raise FileNotFoundError(
                    f"No checkpoint in {self._folder.path} has a value {self._best[0]!r}; there "
                    f"are the steps {_listed(steps)}. Give it to `save(values=...)`."
                )
            return best
        if step == "latest":
            if not steps:
                raise FileNotFoundError(
                    f"There is no checkpoint in {self._folder.path} yet. Ask for `steps()` first."
                )
            return steps[-1]
        if isinstance(step, bool) or not isinstance(step, int | np.integer):
            raise CheckpointError(
                f"`step` is 'latest', 'best' or the number of a step; got {step!r}."
            )
        if step not in steps:
            raise FileNotFoundError(
                f"There is no step {step} in {self._folder.path}; there are {_listed(steps)}."
            )
        return int(step)

    def _read(
        self, step: int, like: Mapping[str, Any] | None, verify: bool
    ) -> tuple[list[str], dict[str, Any]]:
        """The names of all items, and the state of those in `like`."""

        def wanted(name: str) -> bool:
            return like is None or name.partition(".")[0] in like

        with self._reading(step):
            contents = checked(self._store.read_contents(step))
            entries = {name: entry for name, entry in contents["arrays"].items() if wanted(name)}
            stored = [name for name, entry in entries.items() if not is_empty(entry)]
            arrays = self._store.read_arrays(step, stored)
            arrays |= {name: empty(entry) for name, entry in entries.items() if is_empty(entry)}
            check_arrays(entries, arrays, verify)
            state: dict[str, Any] = {
                name: decoded(decodable(entry, arrays[name])) for name, entry in entries.items()
            }
            for name, value in contents["plain"].items():
                if wanted(name):
                    state[name] = PlainValue(from_json(value))
            return contents["items"], state

    @contextlib.contextmanager
    def _reading(self, step: int) -> Iterator[None]:
        """Turns whatever is raised about a damaged checkpoint into one error."""
        try:
            yield
        except Exception as error:
            others = [other for other in self._folder.steps() if other != step]
            raise CheckpointError(
                f"Step {step} of {self._folder.path} is damaged, or cannot be read: "
                f"{_reason(error)} The other steps there are {_listed(others)}."
            ) from error

    def _checked_values(self, values: Mapping[str, float] | None) -> dict[str, float]:
        numbers = {}
        for name, value in (values or {}).items():
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError) as error:
                raise CheckpointError(
                    f"`values` are numbers by name; got {name!r}: {value!r}."
                ) from error
        if self._best is not None and self._best[0] not in numbers:
            raise CheckpointError(
                f"The best checkpoint is chosen by {self._best[0]!r}, which `values` lacks; got "
                f"{_listed(list(numbers))}. Call `save(step, values={{{self._best[0]!r}: ...}}, "
                "...)`."
            )
        return numbers

    def _check_open(self) -> None:
        if self._closed:
            raise CheckpointError(
                f"The Checkpointer of {self._folder.path} is closed. Call it inside its `with` "
                "statement, or open another one."
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


def _check_items(items: Mapping[str, Any]) -> None:
    if not items:
        raise CheckpointError(
            "There is nothing to save. Name the items: `save(step, model=model, ...)`."
        )
    if wrong := [name for name in items if not name.isidentifier()]:
        raise CheckpointError(f"Names of items are those of variables; got {wrong[0]!r}.")


def _check_step(step: Any) -> None:
    if isinstance(step, bool) or not isinstance(step, int | np.integer) or step < 0:
        raise CheckpointError(f"A step is a number, 0 or more; got {step!r}.")


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CheckpointError(
            f"`{name}` is a number of checkpoints or steps, at least 1; got {value!r}."
        )


def _check_best(best: Any) -> None:
    fits = isinstance(best, tuple) and len(best) == 2 and isinstance(best[0], str)
    if best is not None and not (fits and best[1] in ("max", "min")):
        raise CheckpointError(
            "`best` is the name of a number and 'max' or 'min', such as "
            f"`('val/accuracy', 'max')`; got {best!r}."
        )


def _reason(error: BaseException) -> str:
    text = (str(error) or type(error).__name__).strip().splitlines()[0]
    return (text if len(text) <= 300 else text[:297] + "...").rstrip(".") + "."


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
