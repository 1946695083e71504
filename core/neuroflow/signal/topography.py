"""A map of the scalp between the electrodes: spherical splines.

Source: Perrin et al. 1989 (Electroencephalogr Clin Neurophysiol 72:184–187, corrigendum 76:565), equations 1 to 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.signal.spectrum import BANDS

Array = NDArray[np.float64]

EDGE_DEGREES = 126.0
"""From the vertex to the rim of the map: the low temporal electrodes lie inside it, the nose does not."""

MAPPED = ("voltage", *BANDS)
"""What can be mapped: the voltage of a moment, or power in a band."""

_ORDER, _TERMS = 4, 50
_SMOOTHING = 1e-5


def spline_weights(electrodes: Array, targets: Array, smoothing: float = _SMOOTHING) -> Array:
    """Weights (target, electrode) that take voltages at electrodes to voltages at targets; each row sums to 1.

    Both are unit vectors (…, 3). Raises: ValueError for fewer than three electrodes.
    """
    count = electrodes.shape[0]
    if count < 3:
        raise ValueError("a map needs three electrodes at least")
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = _kernel(electrodes, electrodes) + smoothing * np.eye(count)
    system[count, count] = 0.0
    solved = np.linalg.solve(system, np.eye(count + 1)[:, :count])  # (coefficient and constant, electrode)
    basis = np.hstack([_kernel(targets, electrodes), np.ones((targets.shape[0], 1))])
    return np.asarray(basis @ solved)


def flattened(directions: Array, edge_degrees: float = EDGE_DEGREES) -> Array:
    """Unit vectors (…, 3) on a disc seen from above, nose up: distance from the centre is the angle from the vertex.

    The rim, at ``edge_degrees``, has distance 1.
    """
    angle = np.arccos(np.clip(directions[..., 2], -1.0, 1.0))
    radius = angle / np.deg2rad(edge_degrees)
    azimuth = np.arctan2(directions[..., 1], directions[..., 0])
    return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth)], axis=-1)


def disc(size: int, edge_degrees: float = EDGE_DEGREES) -> tuple[Array, NDArray[np.bool_]]:
    """Directions (pixel, 3) of the pixels inside a map of ``size`` by ``size``, and which they are; row 0 in front."""
    axis = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    x, y = np.meshgrid(axis, -axis)
    radius = np.hypot(x, y)
    inside = radius <= 1.0
    angle = radius[inside] * np.deg2rad(edge_degrees)
    azimuth = np.arctan2(y[inside], x[inside])
    flat = np.sin(angle)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.cos(angle)], axis=-1), inside


def global_field_power(data: NDArray[np.floating[Any]]) -> Array:
    """Root mean square over electrodes (electrode, …) about their mean, in the unit of the data; NaN where one is.

    It does not depend on the reference. Source: Lehmann and Skrandies 1980 (Electroencephalogr Clin Neurophysiol
    48:609–621).
    """
    return np.asarray(np.std(np.asarray(data, dtype=np.float64), axis=0))


def _kernel(a: Array, b: Array) -> Array:
    """The spline of the cosine between each of ``a`` (n, 3) and each of ``b`` (m, 3)."""
    n = np.arange(1, _TERMS + 1)
    coefficients = np.concatenate([[0.0], (2 * n + 1) / (n * (n + 1.0)) ** _ORDER / (4 * np.pi)])
    return np.asarray(np.polynomial.legendre.legval(np.clip(a @ b.T, -1.0, 1.0), coefficients))
