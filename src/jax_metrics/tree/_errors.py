"""The named errors and warnings of the tree layer."""


class StaticFieldError(TypeError):
    """A static field holds what cannot be static: an array, or a value without plain `==`."""


class CompactError(RuntimeError):
    """A `compact` method asked for other sub-modules than it did in its first run."""


class MergeError(ValueError):
    """The trees given to `merge` do not fit onto each other."""


class MutabilityError(AttributeError):
    """A field of an immutable Tree was assigned."""


class LostStateWarning(UserWarning):
    """A field was assigned on a copy that a transformation made, and the copy was thrown away."""


class LeakedStateError(RuntimeError):
    """A traced value was assigned to an object that outlives the trace."""


class UnusedResultWarning(UserWarning):
    """The result of a method that returns a new object was thrown away."""
