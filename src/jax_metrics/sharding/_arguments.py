"""Checks of the arguments `mesh` and `sharding`, before JAX fails on other values."""

from typing import Any

import jax
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec, Sharding


def check_mesh(mesh: Any) -> None:
    """Checks the argument `mesh`.

    Raises:
        TypeError: If it is something else.
    """
    if isinstance(mesh, Mesh | AbstractMesh):
        return
    advice = "Make one, as in `jax.make_mesh((jax.device_count(),), ('data',))`."
    if isinstance(mesh, NamedSharding):
        advice = "Give that of the sharding, `sharding.mesh`."
    raise TypeError(f"`mesh` expected a `jax.sharding.Mesh`; got {_described(mesh)}. {advice}")


def check_sharding(sharding: Any, name: str = "sharding") -> None:
    """Checks an argument that is a sharding.

    Raises:
        TypeError: If it is something else.
    """
    if isinstance(sharding, Sharding):
        return
    advice = "Give one, as in `jax.NamedSharding(mesh, jax.P('data'))`."
    if isinstance(sharding, PartitionSpec):
        advice = "A spec needs its mesh: `jax.NamedSharding(mesh, spec)`."
    elif isinstance(sharding, Mesh):
        axis = sharding.axis_names[0]
        advice = f"A mesh needs a spec: `jax.NamedSharding(mesh, jax.P({axis!r}))`."
    elif isinstance(sharding, jax.Device):
        advice = "For one device give `jax.sharding.SingleDeviceSharding(device)`."
    raise TypeError(
        f"`{name}` expected a `jax.sharding.Sharding`; got {_described(sharding)}. {advice}"
    )


def _described(value: Any) -> str:
    is_device = isinstance(value, jax.Device)
    return f"the device {value}" if is_device else f"{value!r} ({type(value).__name__})"
