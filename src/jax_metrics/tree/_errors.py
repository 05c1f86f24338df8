"""The named errors and warnings of the tree layer."""


class StaticFieldError(TypeError):
    """A static field holds a JAX array, or a value that cannot be compared or copied."""


class CompactError(RuntimeError):
    """A `compact` method asked for other sub-modules than in its first run."""


class MergeError(ValueError):
    """The trees given to `merge` have different structures."""


class MutabilityError(AttributeError):
    """A field of an immutable Tree was assigned."""


class LostStateWarning(UserWarning):
    """A field was assigned on a copy that a JAX transformation made, and the copy was dropped."""
