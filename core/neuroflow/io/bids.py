"""A BIDS tree of simultaneous scalp and depth EEG: which recordings pair, and what of them can be believed.

Made for the layout of OpenNeuro ds004752 (``sub-01/ses-01/eeg/…_eeg.edf`` beside ``ieeg/…_ieeg.edf``), and for a
hospital's own pairs: sidecars may stand higher up (BIDS, "Inheritance principle"), sessions and runs may be missing.
Everything in a tree comes from outside: a fault is named with file and line, and the rest is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from neuroflow.anatomy.implant import Contact
from neuroflow.errors import FileProblem
from neuroflow.io import open_recording
from neuroflow.io.bids_contacts import believed_contacts, millimetres
from neuroflow.io.bids_events import (
    Events,
    Stated,
    common_trials,
    epochs,
    read_events,
    without,
)
from neuroflow.io.bids_tables import Table, TreeProblem, read_object, read_table, shown
from neuroflow.recording import UNKNOWN_DATE, Channel, ChannelKind, Recording, Span
from neuroflow.units import volts_per_unit

MOST_ENTRIES = 20_000
SHORTEST_SECONDS = 1.0
_CLOCK_SECONDS = 1.5  # scans.tsv often has whole seconds
_STEM = re.compile(
    r"(sub-[A-Za-z0-9]{1,40}(?:_[a-z]{1,20}-[A-Za-z0-9+]{1,40})*)_(?:eeg|ieeg|channels|events)\.[a-z]{3,4}"
)
_DEPTH_TYPES = frozenset({"SEEG", "ECOG", "DBS", "EEG", ""})


@dataclass(frozen=True)
class Pair:
    """One simultaneous recording: scalp and depth files and what of their sidecars is believed.

    ``contacts`` are depth channels by the name in the file, with MNI positions that do not contradict themselves.
    ``spans`` (seconds from the first scalp sample) are stretches that both files hold and that are not marked bad; no
    window may cross an edge of one. ``depth_offset`` is the depth's start minus the scalp's, in seconds. ``bad_sites``
    are scalp channels, by label, that the tree marks bad. ``electrodes`` is the file that the positions come from.
    """

    subject: str
    session: str
    run: str
    scalp: Path
    depth: Path
    contacts: tuple[Contact, ...]
    spans: tuple[Span, ...]
    depth_offset: float
    discharges: tuple[Stated, ...]
    electrodes: Path
    bad_sites: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """``sub-01 ses-01 run-01``; what the tree does not say is left out."""
        return " ".join(part for part in (self.subject, self.session, self.run) if part)

    @property
    def seconds(self) -> float:
        """Of all spans together."""
        return sum(span.duration for span in self.spans)


@dataclass(frozen=True)
class Tree:
    """A BIDS tree as far as it can be used: its pairs, its subjects (with or without one), and what is wrong."""

    root: Path
    pairs: tuple[Pair, ...]
    problems: tuple[TreeProblem, ...]
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Place:
    """One recording of one kind: its folder and its name without suffix, as entities in order."""

    root: Path
    folder: Path
    entities: Mapping[str, str]
    suffix: str

    @property
    def stem(self) -> str:
        return "_".join(f"{key}-{value}" for key, value in self.entities.items())

    def sidecar(self, suffix: str, extension: str) -> Path:
        """The nearest file that speaks of this recording; where there is none, the name that it should have.

        It stands in the recording's folder or above, and none of its entities (``space-…`` aside) contradicts.
        """
        folder = self.folder
        while True:
            found = [
                (len(entities), path)
                for path in _files(folder)
                if path.name.endswith(f"_{suffix}{extension}") or path.name == f"{suffix}{extension}"
                for entities in [_entities(path.name)]
                if all(key == "space" or self.entities.get(key) == value for key, value in entities.items())
            ]
            if found:
                return max(found, key=lambda one: (one[0], one[1].name))[1]
            if folder == self.root or self.root not in folder.parents:
                return self.folder / f"{self.stem}_{suffix}{extension}"
            folder = folder.parent

    def signals(self) -> Path | None:
        """The EDF or BDF file, or None where it is not here (or a link to nothing, as data managers leave)."""
        for extension in (".edf", ".bdf", ".EDF", ".BDF"):
            path = self.folder / f"{self.stem}_{self.suffix}{extension}"
            if path.is_file():
                return path
        return None


def read_tree(root: Path) -> Tree:
    """What a BIDS tree holds; reads sidecars and the headers of recordings, no signals.

    A recording whose signals are not here becomes a problem, as does everything that cannot be believed.
    Raises: FileProblem where there is no tree at all.
    """
    root = Path(os.path.expanduser(root))
    if not root.is_dir():
        raise FileProblem(f"There is no folder “{root}”: give the folder of a BIDS tree, with sub-… folders in it.")
    subjects = [folder for folder in _folders(root) if folder.name.startswith("sub-")]
    if not subjects:
        raise FileProblem(f"“{root}” holds no sub-… folders: give the top folder of a BIDS tree.")
    problems: list[TreeProblem] = []
    pairs: list[Pair] = []
    swapped: list[Path] = []
    for subject in subjects:
        sessions = [folder for folder in _folders(subject) if folder.name.startswith("ses-")] or [subject]
        for session in sessions:
            for scalp, depth in _places(root, session, problems):
                pair = _read_pair(scalp, depth, problems, swapped)
                if pair is not None:
                    pairs.append(pair)
    if swapped:
        text = f"low_cutoff lies above high_cutoff in {len(swapped)} such files, so the two are taken to be swapped"
        problems.append(TreeProblem(swapped[0], 2, text))
    return Tree(root, tuple(pairs), tuple(problems), tuple(folder.name for folder in subjects))


def _places(root: Path, session: Path, problems: list[TreeProblem]) -> list[tuple[_Place, _Place]]:
    """Scalp and depth recordings of one session that carry the same entities."""
    found: dict[str, dict[str, dict[str, str]]] = {"eeg": {}, "ieeg": {}}
    for kind, by_stem in found.items():
        for path in _files(session / kind):
            match = _STEM.fullmatch(path.name)
            if match:
                by_stem[match.group(1)] = _entities(path.name)
    for kind, other in (("eeg", "ieeg"), ("ieeg", "eeg")):
        for stem in found[kind].keys() - found[other].keys():
            missing = session / other / f"{stem}_{other}.edf"
            problems.append(TreeProblem(missing, None, f"there is no such recording to pair with {stem}_{kind}"))
    return [
        (_Place(root, session / "eeg", entities, "eeg"), _Place(root, session / "ieeg", entities, "ieeg"))
        for stem, entities in sorted(found["eeg"].items())
        if stem in found["ieeg"]
    ]


def _read_pair(scalp: _Place, depth: _Place, problems: list[TreeProblem], swapped: list[Path]) -> Pair | None:
    """One pair; None, with the reason among the problems, where nothing of it can be used."""
    scalp_about = read_object(scalp.sidecar("eeg", ".json"), problems)
    depth_about = read_object(depth.sidecar("ieeg", ".json"), problems)
    scalp_events = read_events(read_table(scalp.sidecar("events", ".tsv"), problems), scalp_about, problems)
    depth_events = read_events(read_table(depth.sidecar("events", ".tsv"), problems), depth_about, problems)
    scalp_channels = read_table(scalp.sidecar("channels", ".tsv"), problems, ("name",))
    depth_channels = read_table(depth.sidecar("channels", ".tsv"), problems, ("name",))
    swapped += [table.path for table in (scalp_channels, depth_channels) if _cutoffs_swapped(table)]
    electrodes = read_table(depth.sidecar("electrodes", ".tsv"), problems, ("name", "x", "y", "z"))
    contacts = _contacts(depth, electrodes, problems)
    recordings = [_open(place, problems) for place in (scalp, depth)]
    one, other = recordings
    if one is None or other is None:
        return None
    _compare_channels(scalp_channels, one, problems)
    _compare_channels(depth_channels, other, problems)
    contacts = _recorded(contacts, depth_channels, other, electrodes.path, problems)
    trials = bool(scalp_events.trials or depth_events.trials)
    offset = _offset(scalp, depth, one, other, trials, problems)
    spans = _spans(one, other, scalp_events, depth_events, offset, scalp_about, problems)
    if not contacts:
        problems.append(TreeProblem(electrodes.path, None, "no contact with a usable position; the pair is not used"))
    if not spans:
        problems.append(TreeProblem(one.path, None, "nothing of it is usable together with depth; not used"))
    if not contacts or not spans:
        return None
    bad = {row["name"] for row in scalp_channels.rows if row["status"].lower() == "bad"}
    stated = scalp_events.discharges or tuple(
        Stated(d.time + offset, d.duration, d.extent, d.side, d.sources) for d in depth_events.discharges
    )
    entities = scalp.entities
    return Pair(
        subject=f"sub-{entities['sub']}",
        session=f"ses-{entities['ses']}" if "ses" in entities else "",
        run=f"run-{entities['run']}" if "run" in entities else "",
        scalp=one.path,
        depth=other.path,
        contacts=contacts,
        spans=spans,
        depth_offset=offset,
        discharges=stated,
        electrodes=electrodes.path,
        bad_sites=frozenset(bad),
    )


def _contacts(depth: _Place, electrodes: Table, problems: list[TreeProblem]) -> tuple[Contact, ...]:
    """Contacts whose position is believed, in MNI millimetres; no ``coordsystem.json`` means that they are that."""
    scale: float | None = 1.0
    space = depth.sidecar("coordsystem", ".json")
    if space.is_file():
        scale = millimetres(read_object(space, problems), space, problems)
    return () if scale is None else believed_contacts(electrodes, scale, problems)


def _open(place: _Place, problems: list[TreeProblem]) -> Recording | None:
    path = place.signals()
    if path is None:
        missing = place.folder / f"{place.stem}_{place.suffix}.edf"
        problems.append(TreeProblem(missing, None, "the signals are not here; fetch them to use this pair"))
        return None
    try:
        source = open_recording(path)
    except FileProblem as problem:
        problems.append(TreeProblem(path, None, problem.text))
        return None
    source.close()
    return source.recording


def _compare_channels(table: Table, recording: Recording, problems: list[TreeProblem]) -> None:
    """Say where a ``channels.tsv`` and its recording disagree; the recording is believed."""
    by_label = {channel.label: channel for channel in recording.channels}
    by_label |= {channel.name: channel for channel in recording.channels}
    named = set()
    for row in table.rows:
        channel = by_label.get(row["name"])
        if channel is None:
            problems.append(
                TreeProblem(table.path, row.line, f"{shown(row['name'])} is not in {recording.path.name}; left out")
            )
            continue
        named.add(channel.index)
        rate, units = row.number("sampling_frequency"), row["units"]
        if rate is not None and abs(rate - channel.rate) > 1e-3 * channel.rate:
            text = f"{shown(row['name'])} is said to have {rate:g} Hz and has {channel.rate:g} Hz in the recording"
            problems.append(TreeProblem(table.path, row.line, text))
        if units and channel.dimension and volts_per_unit(units) != volts_per_unit(channel.dimension):
            text = f"{shown(row['name'])} is said to be in {shown(units)} and is in {shown(channel.dimension)}"
            problems.append(TreeProblem(table.path, row.line, f"{text} in the recording"))
    unnamed = [channel.name for channel in recording.channels if channel.index not in named]
    if unnamed and table.rows:
        text = f"{', '.join(unnamed[:4])}{' …' if len(unnamed) > 4 else ''} of {recording.path.name} stand nowhere here"
        problems.append(TreeProblem(table.path, None, text))


def _recorded(
    contacts: tuple[Contact, ...], channels: Table, recording: Recording, electrodes: Path, problems: list[TreeProblem]
) -> tuple[Contact, ...]:
    """The contacts that the depth file holds as voltages and that are not marked bad or of another type."""
    other_type = {row["name"] for row in channels.rows if row["type"].upper() not in _DEPTH_TYPES}
    bad = {row["name"] for row in channels.rows if row["status"].lower() == "bad"}
    kept, absent = [], []
    for contact in contacts:
        channel = channel_called(recording, contact.name)
        if channel is None or not channel.is_voltage:
            absent.append(contact.name)
        elif contact.name not in other_type | bad:
            kept.append(contact)
    if absent:
        text = f"{', '.join(map(shown, absent[:4]))}{' …' if len(absent) > 4 else ''} are no voltages in the depth file"
        problems.append(TreeProblem(electrodes, None, f"{text}; left out"))
    return tuple(kept)


def channel_called(recording: Recording, name: str) -> Channel | None:
    """The channel whose label or canonical name this is, or None."""
    wanted = [c for c in recording.channels if name in (c.label, c.name)]
    return wanted[0] if wanted else None


def _offset(
    scalp: _Place, depth: _Place, one: Recording, other: Recording, trials: bool, problems: list[TreeProblem]
) -> float:
    """Depth start minus scalp start by the recordings' clocks; 0 where trials align them or a clock is missing.

    The clocks are the headers' where both have one, else those of ``scans.tsv``.
    """
    listed = [_acquired(place, path, problems) for place, path in ((scalp, one.path), (depth, other.path))]
    starts = [one.start, other.start] if one.start and other.start else listed
    if starts[0] is None or starts[1] is None:
        return 0.0
    removed = [start.date() == UNKNOWN_DATE for start in starts if start is not None]
    if any(removed) and not all(removed):
        text = "the date of only one of scalp and depth was removed; both are taken to begin together"
        problems.append(TreeProblem(other.path, None, text))
        return 0.0
    offset = (starts[1] - starts[0]).total_seconds()
    if listed[0] and listed[1] and abs((listed[1] - listed[0]).total_seconds() - offset) > _CLOCK_SECONDS:
        text = "the times of scans.tsv differ from those in the headers of the recordings, which are believed"
        problems.append(TreeProblem(scalp.sidecar("scans", ".tsv"), None, text))
    if offset == 0.0:
        return 0.0
    text = f"it begins {abs(offset):g} s {'after' if offset > 0 else 'before'} {one.path.name}"
    if trials:
        problems.append(TreeProblem(other.path, None, f"{text}; the trials of both are believed instead"))
        return 0.0
    problems.append(TreeProblem(other.path, None, f"{text}; the two are aligned by their clocks"))
    return offset


def _acquired(place: _Place, path: Path, problems: list[TreeProblem]) -> datetime | None:
    """When ``scans.tsv`` says that a recording began; None where it does not, as ds004752 does not for depth."""
    table_path = place.sidecar("scans", ".tsv")
    if not table_path.is_file():
        return None
    for row in read_table(table_path, [], ("filename", "acq_time")).rows:
        if row["filename"] == f"{place.folder.name}/{path.name}" and row["acq_time"]:
            try:
                return datetime.fromisoformat(row["acq_time"]).replace(tzinfo=None)
            except ValueError:
                text = f"“{shown(row['acq_time'])}” is no date and time; it is not used"
                problems.append(TreeProblem(table_path, row.line, text))
    return None


def _spans(
    one: Recording, other: Recording, scalp: Events, depth: Events, offset: float, about: Mapping[str, Any],
    problems: list[TreeProblem],
) -> tuple[Span, ...]:  # fmt: skip
    """What both files hold, trial by trial where there are trials, without gaps and what is marked bad."""
    common = Span(0.0, one.duration).clipped_to(Span(offset, offset + other.duration))
    slowest = min((c.rate for r in (one, other) for c in r.channels if c.kind is not ChannelKind.TRIGGER), default=1.0)
    lasting = other.duration + offset
    if abs(one.duration - lasting) > max(SHORTEST_SECONDS, 1 / slowest) or offset > SHORTEST_SECONDS:
        text = f"scalp lasts {one.duration:g} s and depth {other.duration:g} s; {common.duration:g} s are common"
        problems.append(TreeProblem(other.path, None, text))
    if scalp.trials or depth.trials:
        spans: Iterable[Span] = common_trials(scalp, depth, 0.5 / slowest, problems)
    else:
        spans = epochs(about, common.duration) or (common,)
    end = common.stop + 0.5 / slowest
    beyond = [span for span in spans if span.stop > end]
    if beyond:
        text = f"{len(beyond)} trials from {beyond[0].start:g} s on lie beyond the end of a recording; left out"
        problems.append(TreeProblem(scalp.path, None, text))
    inside = [span.clipped_to(common) for span in spans if span.stop <= end]
    moved = [Span(hole.start + offset, hole.stop + offset) for hole in (*other.gaps, *depth.bad)]
    return tuple(span for span in without(inside, [*one.gaps, *scalp.bad, *moved]) if span.duration >= SHORTEST_SECONDS)


def _cutoffs_swapped(table: Table) -> bool:
    return any((row.number("low_cutoff") or 0.0) > (row.number("high_cutoff") or float("inf")) for row in table.rows)


def _entities(name: str) -> dict[str, str]:
    """``sub-01_ses-02_task-rest_eeg.edf`` to its keys and values, in order."""
    parts = name.split(".")[0].split("_")
    return {key: value for key, _, value in (part.partition("-") for part in parts) if value}


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_dir()]


def _files(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if not path.is_dir()]


def _entries(folder: Path) -> list[Path]:
    """What stands in a folder, in order of name; nothing where it is none or holds more than any tree does."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MOST_ENTRIES), strict=False)]
    except OSError:
        return []
    return [folder / name for name in sorted(names) if not name.startswith(".")]


__all__ = ["Pair", "Stated", "Tree", "TreeProblem", "channel_called", "read_tree"]
