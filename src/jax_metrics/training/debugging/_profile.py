"""`profile`: a trace of where time goes, with the paths of modules."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax

from jax_metrics.arguments import refuse_unknown
from jax_metrics.module import Call, calls_run_by


@contextlib.contextmanager
def profile(folder: str | Path = "profile", **options: Any) -> Iterator[Path]:
    """Writes a trace of what runs in the block, or in the function that it decorates.

    It is `jax.profiler.trace`. Compiled programs name the module of each operation whether a
    profile is on or not, as in `net/layers[0]/linear1/dot_general`. In the block, calls of modules
    outside of compiled programs are on the timeline of the host too, as `Net.layers[0].linear1`;
    under `jax.jit` these are the times of tracing. View the folder with XProf or TensorBoard:
    `xprof --logdir folder`.

    JAX computes asynchronously: wait for the results in the block, with `jax.block_until_ready`.
    Call compiled functions once before the block, unless you want to see the compilation.

    Args:
        folder: Where the trace goes, in a new folder `plugins/profile/<time>`.
        **options: Arguments of `jax.profiler.trace`, such as `create_perfetto_trace=True`.

    Yields:
        The folder.

    Raises:
        TypeError: If there is no such option.

    Example:
        >>> import tempfile
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model, x = jm.MLP([8, 1]).init(0, jnp.ones((4, 2))), jnp.ones((4, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with jm.training.profile(folder) as written:
        ...         _ = jax.block_until_ready(model(x))
        ...     len(list(written.rglob("*.xplane.pb")))
        1
    """
    known = ["folder", *list(inspect.signature(jax.profiler.trace).parameters)[1:]]
    refuse_unknown("profile", options.keys() - set(known), known)
    with jax.profiler.trace(folder, **options), calls_run_by(_annotated):
        yield Path(folder)


def _annotated(
    call: Call, own_call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    with jax.profiler.TraceAnnotation(f"{type(call.root.model).__name__}{call.path}"):
        return own_call(*args, **kwargs)
