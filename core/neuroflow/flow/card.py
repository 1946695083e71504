"""A model's card and weights: JSON and safetensors, both hostile until checked."""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from neuroflow.errors import ModelProblem
from neuroflow.signal.orderstatistics import EXACT, Calibration

# 1 was of three levels, 2 of one linear part for every montage, 3 without loudness, 4 without that of contacts.
CARD_FORMAT = 5
CARD_FILE = "card.json"
WEIGHTS_FILE = "weights.safetensors"
LARGEST_CARD = 4 << 20
LARGEST_WEIGHTS = 512 << 20


class CardContact(Struct, frozen=True):
    """An output of the model: its name, shaft and MNI152 position in millimetres."""

    name: str
    shaft: str
    mni_mm: tuple[float, float, float]


class CardImplant(Struct, frozen=True):
    """The contacts that the model was trained for, and where their positions come from."""

    name: str
    source: str
    contacts: tuple[CardContact, ...]


class ContactMeasure(Struct, frozen=True):
    """What was measured for one contact on held-out data.

    ``r`` is the correlation of the posterior mean with the truth; ``spread_ratio`` the posterior's standard deviation
    over that without any scalp EEG; the coverages are the share of true values inside the 50 % and 90 % bands.
    """

    name: str
    r: float
    spread_ratio: float
    coverage50: float
    coverage90: float


class Limits(Struct, frozen=True):
    """What training saw, in volts: scalp rms per second (0.1 to 99.9 percentile) and the largest depth amplitude.

    ``site_rms`` (one a site) and ``pattern`` are the limits of :mod:`neuroflow.flow.novelty`; a card without them, of
    a model made before there were any, judges the scalp as a whole.
    """

    scalp_rms_low: float
    scalp_rms_high: float
    largest_depth: float
    site_rms: tuple[float, ...] = ()
    pattern: float = 0.0


class Weights(Struct, frozen=True):
    """The weights file that a card speaks of."""

    sha256: str
    bytes: int


class ModelCard(Struct, frozen=True):
    """Everything that is said of a model. Rates and bands in hertz.

    ``calibration`` was measured on patients apart from training and from those that ``measured`` and ``contacts`` tell
    of.
    """

    format: int
    name: str
    title: str
    created: str
    version: str
    rate: float
    band: tuple[float, float]
    sites: tuple[str, ...]
    fewest_sites: int
    implant: CardImplant
    shape: dict[str, Any]
    training: dict[str, Any]
    measured: dict[str, Any]
    contacts: tuple[ContactMeasure, ...]
    limits: Limits
    intended_use: str
    not_for: tuple[str, ...]
    weights: Weights
    calibration: Calibration = EXACT

    def contact_measure(self, name: str) -> ContactMeasure | None:
        """What was measured for a contact, or None where nothing was."""
        return next((c for c in self.contacts if c.name == name), None)


def read_card(folder: Path) -> ModelCard:
    """The card in a model's folder, checked against itself. Raises: ModelProblem."""
    path = folder / CARD_FILE
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise ModelProblem(f"The model card {path} is too large to be one; choose a model made by neuroflow train.")
        raw = path.read_bytes()
    except OSError as error:
        raise ModelProblem(
            f"There is no readable model card in {folder}; choose a folder made by neuroflow train.", str(error)
        ) from error
    try:
        declared = msgspec.json.decode(raw, type=_Format)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelProblem(
            f"The model card {path} is damaged; install the model again or choose another.", str(error)
        ) from error
    if declared.format != CARD_FORMAT:
        advice = "train it again" if declared.format < CARD_FORMAT else "update the program"
        raise ModelProblem(
            f"The model in {folder} is of format {declared.format} and this program reads format {CARD_FORMAT}; "
            f"{advice} or choose another model."
        )
    try:
        card = msgspec.json.decode(raw, type=ModelCard)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ModelProblem(
            f"The model card {path} is damaged; install the model again or choose another.", str(error)
        ) from error
    _check(card, path)
    return card


class _Format(Struct):
    format: int


def _check(card: ModelCard, path: Path) -> None:
    faults = []
    names = [c.name for c in card.implant.contacts]
    if not names or len(set(names)) != len(names):
        faults.append("contacts missing or named twice")
    if not {m.name for m in card.contacts} <= set(names):
        faults.append("measures for contacts that the implant lacks")
    if not 10.0 <= card.rate <= 10_000.0 or not 0.0 <= card.band[0] < card.band[1] <= card.rate / 2:
        faults.append("rate and band contradict each other")
    if not 1 <= card.fewest_sites <= len(card.sites) or len(set(card.sites)) != len(card.sites):
        faults.append("sites missing or named twice")
    if card.shape.get("contacts") != len(names) or card.shape.get("sites") != len(card.sites):
        faults.append("the shape does not fit the contacts and sites")
    limits = card.limits
    judged = len(limits.site_rms) == len(card.sites) and min((*limits.site_rms, limits.pattern)) > 0
    if not judged and (limits.site_rms or limits.pattern):
        faults.append("limits of the scalp EEG that do not fit the sites")
    knots = (card.calibration.stated, card.calibration.held)
    if len(knots[0]) != len(knots[1]) or not all(_rises_from_0_to_1(k) for k in knots):
        faults.append("a calibration that does not rise from 0 to 1")
    if card.calibration != EXACT and not card.calibration.measured_on:
        faults.append("a calibration without a word on what it was measured on")
    if not re.fullmatch(r"[0-9a-f]{64}", card.weights.sha256) or not 0 < card.weights.bytes <= LARGEST_WEIGHTS:
        faults.append("no hash or size of the weights")
    if faults:
        raise ModelProblem(
            f"The model card {path} contradicts itself; install the model again or choose another.", "; ".join(faults)
        )


def _rises_from_0_to_1(knots: tuple[float, ...]) -> bool:
    return len(knots) > 1 and (knots[0], knots[-1]) == (0.0, 1.0) and all(a < b for a, b in pairwise(knots))


def read_weights(folder: Path, card: ModelCard) -> bytes:
    """The bytes of the weights, once size and hash agree with the card. Raises: ModelProblem."""
    path = folder / WEIGHTS_FILE
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size == card.weights.bytes else b""
    except OSError as error:
        raise ModelProblem(
            f"The weights {path} cannot be read; install the model again or choose another.", str(error)
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != card.weights.sha256:
        raise ModelProblem(
            f"The weights {path} are not those that the model's card describes; install the model again or choose "
            "another.",
            f"expected {card.weights.bytes} bytes with sha256 {card.weights.sha256}; found {size} bytes",
        )
    return data


def write_card(card: ModelCard, folder: Path) -> None:
    """Write the card as indented JSON."""
    text = msgspec.json.format(msgspec.json.encode(card), indent=1)
    (folder / CARD_FILE).write_bytes(text + b"\n")
