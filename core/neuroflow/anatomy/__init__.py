"""Electrode names and positions, implants, and head geometry."""
