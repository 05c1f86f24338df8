"""Metrics of predicted probabilities, and of the order of scores."""
