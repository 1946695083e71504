"""Depth contacts of a BIDS tree: which positions of an ``electrodes.tsv`` can be believed, and why the others cannot.

A wrong position is worse than none: whatever contradicts itself is left out and named. Of ds004752 that is the shaft
AHL of sub-10 (a "hippocampus" at x = -57 mm), PHL and PHR of sub-11 (each on the other's side), ECL and LR of sub-01
(each labelled as the other side's) and three contacts of sub-12 without coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from neuroflow.anatomy.head import to_unit
from neuroflow.anatomy.implant import Contact
from neuroflow.io.bids_tables import Row, Table, TreeProblem, shown

OUTERMOST = 1.25
"""Distance from the centre, in brain radii (anatomy.head), beyond which a contact lies outside the head; ds004752's
outermost, in the bolt's direction, lie at 1.16."""

MESIAL_MM = 45.0
"""No amygdala, hippocampus or parahippocampal gyrus lies further from the midline than this."""

MIDLINE_MM = 3.0
_MESIAL = re.compile(r"\b(hipp|hippocampus|amyg|amygdala|phg|parahippocampal|entorhinal)\b", re.IGNORECASE)
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?\D)(\d{1,3})", re.ASCII)
_MNI = re.compile(r"mni|icbm|^other$|^n/a$|^$", re.IGNORECASE)
_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "n/a": 1.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class _Placed:
    row: Row
    contact: Contact

    @property
    def x(self) -> float:
        return self.contact.mni[0]


def shaft_of(name: str) -> str:
    """The shaft of a contact: its name without the number (``mAHL1`` is of ``mAHL``)."""
    match = _NUMBERED.fullmatch(name)
    return match.group(1) if match else name


def side_named(shaft: str) -> str | None:
    """The side that a shaft's name says: by its last letter (``AHL``), a prime for left (``A'``), or else its first
    (``RAH``)."""
    plain = plain_name(shaft)
    if plain.endswith(("'", "’", "′")):
        return "left"
    first = plain[0] if re.match(r"[LR][A-Z]", plain) else ""
    return {"L": "left", "R": "right"}.get(plain[-1:], {"L": "left", "R": "right"}.get(first))


def plain_name(name: str) -> str:
    """A contact's name as implants spell it: without ds004752's ``_`` and ``m`` for macro (``_AHL1``, ``mAHL1``)."""
    return re.sub(r"^(?:_|m(?=[A-Z]))", "", name.strip())


def millimetres(space: Mapping[str, object], path: Path, problems: list[TreeProblem]) -> float | None:
    """Factor from a ``coordsystem.json`` to MNI millimetres; None, and a problem, where it is another space."""
    name = str(space.get("iEEGCoordinateSystem", "")).strip()
    unit = str(space.get("iEEGCoordinateUnits", "mm")).strip().lower()
    if not _MNI.search(name):
        problems.append(TreeProblem(path, None, f"positions are in “{shown(name)}” and not in MNI space; not used"))
        return None
    if unit not in _MILLIMETRES:
        problems.append(TreeProblem(path, None, f"positions are in “{shown(unit)}” and not in mm; not used"))
        return None
    return _MILLIMETRES[unit]


def believed_contacts(table: Table, scale: float, problems: list[TreeProblem]) -> tuple[Contact, ...]:
    """Contacts of an ``electrodes.tsv`` in file order, without those whose position is none or contradicts itself.

    ``scale`` is the factor to millimetres.
    """
    placed = _inside(table, scale, problems)
    shafts: dict[str, list[_Placed]] = {}
    for one in placed:
        shafts.setdefault(one.contact.shaft, []).append(one)
    kept: list[Contact] = []
    for shaft, members in shafts.items():
        fault = shaft_fault(shaft, members)
        if fault is None:
            kept += [one.contact for one in members]
        else:
            line, text = fault
            problems.append(TreeProblem(table.path, line, f"{text}; the shaft {shown(shaft)} is left out"))
    return tuple(kept)


def _inside(table: Table, scale: float, problems: list[TreeProblem]) -> list[_Placed]:
    """Every row with a name of its own and a position in the head."""
    placed: list[_Placed] = []
    lines: dict[str, int] = {}
    for row in table.rows:
        name = row["name"]
        xyz = [row.number(axis) for axis in "xyz"]
        fault = ""
        if not name:
            fault = "a contact has no name"
        elif name in lines:
            fault = f"{shown(name)} stands in line {lines[name]} already"
        elif any(value is None for value in xyz):
            cells = ", ".join(shown(row[axis]) or "n/a" for axis in "xyz")
            fault = f"{shown(name)} has no coordinates ({cells})"
        if not fault:
            mni = tuple(scale * value for value in xyz if value is not None)
            contact = Contact(name, shaft_of(name), (mni[0], mni[1], mni[2]))
            lines[name] = row.line
            if np.linalg.norm(to_unit(np.clip(mni, -1e6, 1e6))) <= OUTERMOST:
                placed.append(_Placed(row, contact))
                continue
            fault = f"{shown(name)} at ({', '.join(f'{v:.0f}' for v in mni)}) mm lies outside the head"
        problems.append(TreeProblem(table.path, row.line, f"{fault}; it is left out"))
    if len(placed) > 1 and max(max(abs(v) for v in one.contact.mni) for one in placed) < 1.0:
        line = placed[0].row.line
        problems.append(TreeProblem(table.path, line, "all contacts lie within 1 mm: these are no mm; not used"))
        return []
    return placed


def shaft_fault(shaft: str, members: Sequence[_Placed]) -> tuple[int, str] | None:
    """The line and the words of what makes the positions of a whole shaft doubtful, or None."""
    x = median(one.x for one in members)
    side = "left" if x < 0 else "right"
    if abs(x) > MIDLINE_MM:
        named = side_named(shaft)
        if named not in (None, side):
            first = next(one for one in members if (one.x < 0) == (x < 0))
            return first.row.line, f"{shown(first.contact.name)} is named {named} and lies at x = {first.x:.0f} mm"
    for one in members:
        if abs(one.x) <= MIDLINE_MM:
            continue
        here = "left" if one.x < 0 else "right"
        location = one.row["AnatomicalLocation"]
        labelled = {word.lower() for word in _SIDE.findall(location)}
        if labelled and here not in labelled:
            return one.row.line, f"{shown(one.contact.name)} at x = {one.x:.0f} mm is labelled “{shown(location)}”"
        if abs(one.x) > MESIAL_MM and _MESIAL.search(location):
            return one.row.line, f"{shown(one.contact.name)} at x = {one.x:.0f} mm is labelled “{shown(location)}”"
    return None
