"""Measurements of a model on patients that it never saw."""
