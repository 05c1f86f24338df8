"""The version of JAX Metrics, said here and nowhere else."""

__version__ = "0.3.0"
