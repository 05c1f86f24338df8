"""The version of JAX Metrics: its only definition."""

__version__ = "1.0.0"
