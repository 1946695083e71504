"""From MNI millimetres to a unit sphere, and where scalp electrodes stand on it.

A spherical head needs a brain that is a ball. The MNI152 brain reaches about from -70 to 70 mm across, from -105 to
71 mm front to back, and, with the cerebellum, from -64 to 80 mm in height; the ellipsoid that fills this box has its
centre at (0, -17, 8) mm and semi-axes of (70, 88, 72) mm. Subtracting the centre and dividing by the semi-axes makes
it the unit ball: the brain's surface is at norm 1, the anterior hippocampus at about 0.5, and the scalp electrodes of
the upper head at 1.1 to 1.3. The map is affine, so left stays left, straight shafts stay straight and midpoints stay
midpoints; lengths are stretched by at most 14 % (x) and shortened by at most 9 % (y) in a ball of 80 mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

CENTRE_MM = (0.0, -17.0, 8.0)
SEMI_AXES_MM = (70.0, 88.0, 72.0)


def to_unit(mni_mm: ArrayLike) -> NDArray[np.float64]:
    """MNI millimetres (…, 3) to unit-ball coordinates (…, 3)."""
    return np.asarray((np.asarray(mni_mm, dtype=np.float64) - CENTRE_MM) / np.asarray(SEMI_AXES_MM))


def to_mni(unit: ArrayLike) -> NDArray[np.float64]:
    """Inverse of :func:`to_unit`: unit-ball coordinates (…, 3) to MNI millimetres (…, 3)."""
    return np.asarray(np.asarray(unit, dtype=np.float64) * np.asarray(SEMI_AXES_MM) + CENTRE_MM)


def site_directions(sites: Sequence[str]) -> NDArray[np.float64]:
    """Unit vectors (site, 3) towards 10-20/10-10 electrodes: mne's template positions through :func:`to_unit`.

    Old and new names of the temporal electrodes (T3/T7 …) both work. Raises: KeyError for a site unknown to mne.
    """
    table = _directions()
    return np.array([table[site] for site in sites]).reshape(-1, 3)


@lru_cache(maxsize=1)
def _directions() -> dict[str, NDArray[np.float64]]:
    import mne

    # mne 1.13 renamed the template (it is the Colin 27 head, which is in MNI space).
    name = "colin27_1005" if "colin27_1005" in mne.channels.get_builtin_montages() else "standard_1005"
    positions = mne.channels.make_standard_montage(name).get_positions()["ch_pos"]
    unit = {site: to_unit(np.asarray(metres) * 1e3) for site, metres in positions.items()}
    return {site: vector / np.linalg.norm(vector) for site, vector in unit.items()}
