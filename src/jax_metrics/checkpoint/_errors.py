"""The error of state dicts and files."""


class CheckpointError(ValueError):
    """A state dict that does not fit, or a file that cannot be read or written as requested.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> try:
        ...     jm.load_state_dict(model, {"kernel": jnp.ones((3, 2)), "bais": jnp.ones(2)})
        ... except jm.CheckpointError as error:
        ...     print(error)
        The state does not fit the Linear, which was not changed:
        missing: `bias` (shape (2,), float32)
        unexpected: `bais` (shape (2,), float32). Did you mean `bias`?
        Pass `rename=` or `rules=` for other names and layouts, or `strict=False` to load what fits.
    """
