"""Detectors of interictal discharges, on arrays."""
