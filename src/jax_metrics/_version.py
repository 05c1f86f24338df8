"""The version of JAX Metrics: its only definition."""

__version__ = "0.3.0"
