"""What source imaging makes of the scalp at the contacts: minimum norm, sLORETA and LCMV, on a generic head.

Each method estimates currents on a grid through the brain; a homogeneous conductor then gives the potential at the
contacts. All of them know the head only as mne's default sphere of four shells, never the patient's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.head import site_directions, to_unit
from neuroflow.anatomy.implant import Contact

Array = NDArray[np.float64]

METHODS = ("minimum norm", "sLORETA", "LCMV")
HEAD_RADIUS = 0.09
BRAIN_SHARE = 0.9  # mne's default: the innermost of the four shells
GRID_MM = 12.0
# The grid stays this far inside the brain, since the sphere model's series diverge at its surface.
_OUTERMOST = 0.95
_CONDUCTIVITY = 0.33
_LAMBDA2 = 1.0 / 9.0  # a signal-to-noise ratio of 3, mne's default
_BEAMFORMER_REGULARISATION = 0.05


class SourceImaging:
    """Linear operators from average-referenced scalp EEG to potentials at contacts, for one set of sites.

    mne's sphere model (Berg and Scherg 1994), free orientations on a cubic grid, depth-weighted by its default of 0.8.
    """

    def __init__(self, sites: Sequence[str], contacts: Sequence[Contact], rate: float) -> None:
        import mne

        self._sites = len(sites)
        places = site_directions(sites) * HEAD_RADIUS
        names = [f"E{i}" for i in range(len(sites))]  # mne knows T3 and T7 as two electrodes in one place
        montage = mne.channels.make_dig_montage(dict(zip(names, places, strict=True)), coord_frame="head")
        self._info = mne.create_info(names, rate, "eeg").set_montage(montage, verbose="error")
        grid = _grid()
        source_space = mne.setup_volume_source_space(
            pos={"rr": grid, "nn": np.tile([0.0, 0.0, 1.0], (len(grid), 1))}, verbose="error"
        )
        sphere = mne.make_sphere_model((0.0, 0.0, 0.0), HEAD_RADIUS, verbose="error")
        self._forward = mne.make_forward_solution(
            self._info, trans=None, src=source_space, bem=sphere, meg=False, mindist=0.0, verbose="error"
        )
        at_contacts = to_unit([c.mni for c in contacts]) * HEAD_RADIUS * BRAIN_SHARE
        self._to_contacts = potentials(at_contacts, np.asarray(self._forward["source_rr"]), GRID_MM * 5e-4)

    def fixed(self, method: str) -> Array:
        """Operator (contact, site) of minimum norm or sLORETA; its input is in volts, average-referenced.

        Source: Hämäläinen and Ilmoniemi 1994; Pascual-Marqui 2002. sLORETA is standardised, so its scale is arbitrary.
        """
        import mne

        evoked = self._evoked(np.eye(self._sites))
        noise = mne.make_ad_hoc_cov(self._info, verbose="error")
        operator = mne.minimum_norm.make_inverse_operator(
            evoked.info, self._forward, noise, loose=1.0, depth=0.8, verbose="error"
        )
        solution = mne.minimum_norm.apply_inverse(
            evoked, operator, _LAMBDA2, {"minimum norm": "MNE"}.get(method, method), pick_ori="vector", verbose="error"
        )
        return self._at_contacts(solution)

    def adapted(self, scalp: NDArray[np.floating]) -> Array:
        """Operator (contact, site) of the LCMV beamformer of scalp EEG (site, time), average-referenced.

        Unit noise gain, regularised by 5 %. Source: Van Veen et al. 1997; Sekihara and Nagarajan 2008.
        """
        import mne

        x = np.asarray(scalp, np.float64)
        evoked = self._evoked(np.eye(self._sites))
        data = mne.Covariance(x @ x.T / x.shape[1], self._info["ch_names"], [], evoked.info["projs"], x.shape[1])
        noise = mne.make_ad_hoc_cov(self._info, verbose="error")
        filters = mne.beamformer.make_lcmv(
            evoked.info, self._forward, data, reg=_BEAMFORMER_REGULARISATION, noise_cov=noise, pick_ori="vector",
            weight_norm="unit-noise-gain", rank={"eeg": self._sites - 1}, verbose="error",
        )  # fmt: skip
        return self._at_contacts(mne.beamformer.apply_lcmv(evoked, filters, verbose="error"))

    def _evoked(self, data: Array) -> Any:
        """Data (site, time) as mne takes it, with the average reference as a projection."""
        import mne

        evoked = mne.EvokedArray(data, self._info.copy(), nave=1, verbose="error")
        return evoked.set_eeg_reference(projection=True, verbose="error").apply_proj(verbose="error")

    def _at_contacts(self, solution: Any) -> Array:
        """(contact, site) from source estimates of each site's unit potential (source, orientation, site)."""
        currents = np.asarray(solution.data, np.float64)
        return np.asarray(np.tensordot(self._to_contacts, currents, axes=([1, 2], [0, 1])))


def potentials(contacts: Array, sources: Array, softening: float) -> Array:
    """Potential at contacts of unit dipoles along x, y and z, (contact, source, 3), volts per ampere-metre.

    V = p·d / (4πσ |d|³) in an infinite conductor (Malmivuo and Plonsey 1995, chapter 8), |d|² raised by the square of
    ``softening`` (m), half the grid's spacing: a grid point stands for the brain around it, not for a point beside
    the contact.
    """
    apart = contacts[:, None, :] - sources[None, :, :]
    squared = np.square(apart).sum(axis=2, keepdims=True) + softening**2
    return np.asarray(apart / (4.0 * np.pi * _CONDUCTIVITY * squared**1.5))


def _grid() -> Array:
    """Points (point, 3) in metres of a cubic grid in the brain."""
    radius = HEAD_RADIUS * BRAIN_SHARE * _OUTERMOST
    step = GRID_MM * 1e-3
    line = np.arange(-np.floor(radius / step), np.floor(radius / step) + 1) * step
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(points[np.linalg.norm(points, axis=1) < radius] + 1e-4)
