"""Simulated patients: heads, sources, discharges, artefacts."""
