"""Sources of simulated patients: cortical patches all over the hemispheres and named mesial and temporal ones.

Cortex is folded, and the more so the hippocampus: most of what an electrode next to it sees cancels at a distance. A
source's **openness** is the share of its near field that is left far away; it sets how small mesial discharges are at
the scalp (7 µV where depth shows hundreds, Koessler 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroflow.anatomy.head import CENTRE_MM, SEMI_AXES_MM, to_mni, to_unit
from neuroflow.simulation.heads import OUTERMOST, Head

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A named source of the right side: place (MNI mm), preferred current direction, radius (mm), openness."""

    name: str
    mni: tuple[float, float, float]
    towards: tuple[float, float, float]
    extent_mm: float
    openness: float


# Places: where these structures lie in MNI space, to a few millimetres, set by hand and not read from an atlas; each
# patient's own are drawn round them. Directions: the pyramidal layer of the hippocampus faces up and out, the
# parahippocampal gyrus down, lateral cortex outwards.
REGIONS = (
    Region("hippocampus head", (25, -13, -20), (0.75, 0.3, 0.6), 7, 0.025),
    Region("hippocampus body", (29, -24, -13), (0.75, 0.2, 0.6), 7, 0.025),
    Region("hippocampus tail", (27, -36, -3), (0.7, 0.0, 0.7), 7, 0.025),
    Region("amygdala", (22, -4, -19), (0.6, 0.4, 0.7), 8, 0.030),
    Region("entorhinal", (23, -8, -32), (0.3, 0.2, -0.9), 7, 0.045),
    Region("parahippocampal", (26, -30, -17), (0.3, 0.0, -0.95), 7, 0.045),
    Region("anterior fusiform", (36, -18, -30), (0.3, 0.2, -0.93), 9, 0.13),
    Region("fusiform", (38, -45, -19), (0.3, -0.1, -0.95), 10, 0.13),
    Region("temporal pole", (38, 16, -32), (0.45, 0.85, -0.3), 10, 0.13),
    Region("inferior temporal", (52, -24, -27), (0.75, 0.0, -0.66), 10, 0.13),
    Region("middle temporal anterior", (56, -2, -22), (0.9, 0.3, -0.3), 10, 0.13),
    Region("middle temporal middle", (62, -25, -10), (0.98, 0.0, -0.2), 10, 0.13),
    Region("middle temporal posterior", (60, -46, 2), (0.97, -0.2, 0.0), 10, 0.13),
    Region("superior temporal", (58, -10, 0), (0.8, 0.1, 0.6), 10, 0.13),
    Region("insula anterior", (37, 12, 0), (0.9, 0.4, 0.1), 9, 0.13),
    Region("insula posterior", (38, -12, 6), (0.95, 0.0, 0.3), 9, 0.13),
    Region("orbitofrontal", (22, 32, -17), (0.1, 0.3, -0.95), 10, 0.13),
    Region("cingulate anterior", (7, 30, 22), (0.95, 0.2, 0.2), 10, 0.13),
    Region("cingulate middle", (7, -8, 40), (0.95, 0.0, 0.3), 10, 0.13),
    Region("cingulate posterior", (7, -46, 28), (0.95, -0.2, 0.2), 10, 0.13),
    Region("precuneus", (8, -64, 42), (0.9, -0.3, 0.3), 10, 0.13),
)
MESIAL = ("hippocampus head", "hippocampus body", "hippocampus tail", "amygdala", "entorhinal", "parahippocampal")
PATCH_OPENNESS = 0.13


@dataclass(frozen=True)
class Sources:
    """Dipoles (source, 3) in the head's metres, extents (source,) in metres, openness (source,), and where each is.

    ``mni`` (source, 3) is the place in millimetres; ``names`` holds the region (``patch`` for the unnamed cortical
    ones), ``sides`` ``left`` or ``right``.
    """

    positions: Array
    orientations: Array
    extents: Array
    openness: Array
    mni: Array
    names: tuple[str, ...]
    sides: tuple[str, ...]

    def where(self, side: str, *names: str) -> NDArray[np.intp]:
        """Indices of the sources of one side with any of these names."""
        return np.array(
            [i for i, (n, s) in enumerate(zip(self.names, self.sides, strict=True)) if s == side and n in names],
            dtype=np.intp,
        )


def draw_sources(rng: np.random.Generator, head: Head, patches: int = 320, jitter_mm: float = 2.0) -> Sources:
    """About ``patches`` cortical patches and the named regions of both sides, each moved, tilted and resized a little.

    Half of the patches are gyral (radial, superficial), half sulcal (tilted, deeper).
    """
    unit, towards, extent = _cortex(rng, patches)
    openness = np.full(len(unit), PATCH_OPENNESS)
    names = ["patch"] * len(unit)
    for side in (-1.0, 1.0):
        flip = np.array([side, 1.0, 1.0])
        for region in REGIONS:
            place = np.asarray(region.mni) * flip + rng.normal(0.0, jitter_mm, 3)
            direction = np.asarray(region.towards) * flip + rng.normal(0.0, 0.3, 3)
            unit = np.vstack([unit, to_unit(place)])
            towards = np.vstack([towards, direction])
            extent = np.append(extent, region.extent_mm * np.exp(rng.normal(0.0, 0.15)))
            openness = np.append(openness, region.openness)
            names.append(region.name)
    radius = np.linalg.norm(unit, axis=1, keepdims=True)
    unit = unit * np.minimum(1.0, OUTERMOST / radius)
    towards = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return Sources(
        positions=unit * head.brain_radius,
        orientations=towards,
        extents=extent * 1e-3,
        openness=openness * np.exp(rng.normal(0.0, 0.2, len(unit))),
        mni=to_mni(unit),
        names=tuple(names),
        sides=tuple("left" if x < 0 else "right" for x in unit[:, 0]),
    )


def in_cortex(mni: Array) -> NDArray[np.bool_]:
    """Whether points near the brain's surface (point, 3) are cerebrum rather than cerebellum or brainstem."""
    x, y, z = np.moveaxis(np.asarray(mni), -1, 0)
    cerebellum = (y < -42) & (z < -16 - 0.25 * (y + 42))
    floor = (z < -22) & (np.abs(x) < 26) & (y < 24)
    below_temporal = z < -46
    return np.asarray(~(cerebellum | floor | below_temporal))


def contact_positions(head: Head, mni: Array) -> Array:
    """Contacts (contact, 3) in the head's metres from MNI millimetres."""
    return to_unit(mni) * head.brain_radius


def _cortex(rng: np.random.Generator, wanted: int) -> tuple[Array, Array, Array]:
    """Unit positions, directions and extents (mm) of cortical patches, evenly over the brain's surface."""
    count = round(wanted * 1.35)
    index = np.arange(count) + 0.5
    polar = np.arccos(1 - 2 * index / count)
    azimuth = np.pi * (1 + 5**0.5) * index + rng.uniform(0, 2 * np.pi)
    outwards = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)], axis=1)
    outwards = outwards[in_cortex(outwards * np.asarray(SEMI_AXES_MM) + CENTRE_MM)]
    outwards += rng.normal(0.0, 0.04, outwards.shape)
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    sulcal = rng.random(len(outwards)) < 0.5
    depth = np.where(sulcal, rng.uniform(0.70, 0.88, len(outwards)), rng.uniform(0.86, 0.95, len(outwards)))
    tilt = np.where(sulcal, 0.9, 0.3)[:, None]
    towards = outwards + tilt * rng.normal(0.0, 1.0, outwards.shape)
    extent = np.exp(rng.normal(np.log(9.0), 0.25, len(outwards)))
    return outwards * depth[:, None], towards, extent
