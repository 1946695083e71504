"""Reconstructions written to files."""
