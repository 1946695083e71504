"""Depth electrodes: contacts by name and MNI position, in shafts, read from the shipped implants."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

from neuroflow.errors import ModelProblem

FORMAT = "neuroflow implant"
VERSION = 1
FARTHEST_MM = 150.0
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,9}")
_OF_DATASET = re.compile(rf"({_NAME.pattern}):(sub-[A-Za-z0-9]{{1,10}})")


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact of a depth electrode; ``mni`` in millimetres, MNI152: x to the right, y forwards, z upwards."""

    name: str
    shaft: str
    mni: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Implant:
    """Contacts in a fixed order, shaft by shaft, contact 1 the deepest; ``source`` says where positions come from.

    Raises: ModelProblem where a name is repeated, a shaft is torn apart or a position is no place in a head.
    """

    name: str
    contacts: tuple[Contact, ...]
    source: str

    def __post_init__(self) -> None:
        for fault in _faults(self.contacts):
            raise ModelProblem(
                f"The implant “{self.name}” cannot be used: {fault}; correct it or choose another implant."
            )

    @property
    def shafts(self) -> tuple[str, ...]:
        """Names of the shafts in order."""
        return tuple(dict.fromkeys(contact.shaft for contact in self.contacts))

    def contacts_of(self, shaft: str) -> tuple[Contact, ...]:
        """Contacts of one shaft, deepest first. Raises: KeyError."""
        found = tuple(contact for contact in self.contacts if contact.shaft == shaft)
        if not found:
            raise KeyError(shaft)
        return found


def load_implant(name: str = "default") -> Implant:
    """A shipped implant by name (``default``, or ``ds004752:sub-04``: that patient's of a public dataset).

    Raises: ModelProblem where it is missing, unreadable or invalid.
    """
    of_dataset = _OF_DATASET.fullmatch(name)
    if not of_dataset and not _NAME.fullmatch(name):
        raise ModelProblem(f"“{name}” is no name of an implant; use letters, digits and underscores.")
    document = _read(of_dataset.group(1) if of_dataset else name)
    patients = document.get("implants")
    if of_dataset is None and patients is None:
        return parse_implant(document)
    patient = of_dataset.group(2) if of_dataset else ""
    if not isinstance(patients, Mapping) or patient not in patients:
        known = (
            ", ".join(f"{name.partition(':')[0]}:{one}" for one in patients) if isinstance(patients, Mapping) else ""
        )
        raise ModelProblem(f"There is no implant “{name}”; choose one of {known or 'those without a colon'}.")
    return parse_implant(patients[patient])


def _read(name: str) -> Mapping[str, object]:
    """The JSON document of a file of implants. Raises: ModelProblem."""
    folder = files("neuroflow_resources") / "implants"
    try:
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = sorted(one.name.removesuffix(".json") for one in folder.iterdir() if one.name.endswith(".json"))
        raise ModelProblem(f"There is no implant “{name}”; choose one of {', '.join(known)}.") from error
    except (OSError, ValueError) as error:
        raise ModelProblem(f"The implant “{name}” is damaged; reinstall the program.", detail=str(error)) from error
    return document if isinstance(document, Mapping) else {}


def parse_implant(document: object) -> Implant:
    """An implant from its decoded JSON document. Raises: ModelProblem."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ModelProblem("This file describes no implant; choose one that NeuroFlow wrote.")
    if document.get("version") != VERSION:
        raise ModelProblem(
            f"This implant is of version {document.get('version')}, and this program reads version {VERSION};"
            " use the program that wrote it."
        )
    try:
        contacts = tuple(
            Contact(str(c["name"]), str(c["shaft"]), cast(tuple[float, float, float], tuple(map(float, c["mni"]))))
            for c in document["contacts"]
        )
        return Implant(str(document["name"]), contacts, str(document["source"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelProblem("This implant lacks a field or holds a wrong one; restore it.", repr(error)) from error


def _faults(contacts: tuple[Contact, ...]) -> list[str]:
    """What is wrong with these contacts, in words that follow a colon."""
    found: list[str] = []
    if not contacts:
        found.append("it has no contacts")
    names = [contact.name for contact in contacts]
    found += [f"{name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for contact in contacts:
        if not _NAME.fullmatch(contact.name):
            found.append(f"“{contact.name}” is no contact name of at most ten letters and digits")
        if len(contact.mni) != 3 or not all(math.isfinite(v) and abs(v) < FARTHEST_MM for v in contact.mni):
            found.append(f"{contact.name} lies outside any head")
    runs = [c.shaft for i, c in enumerate(contacts) if i == 0 or contacts[i - 1].shaft != c.shaft]
    torn = [shaft for shaft in dict.fromkeys(runs) if runs.count(shaft) > 1]
    found += [f"the contacts of {shaft} do not stand together" for shaft in torn]
    for shaft in dict.fromkeys(runs):
        of_shaft = [c for c in contacts if c.shaft == shaft]
        if any(len(c.mni) != 3 for c in of_shaft):
            continue
        if shaft.endswith(("L", "R")):
            right = shaft.endswith("R")
            found += [f"{c.name} lies on the other side" for c in of_shaft if (c.mni[0] > 0) is not right]
        if abs(of_shaft[0].mni[0]) > abs(of_shaft[-1].mni[0]):
            found.append(f"contact 1 of {shaft} is not the deepest")
    return found
