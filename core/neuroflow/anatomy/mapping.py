"""Channels mapped by hand: what a reader says they are, where the file's labels do not say it or say it wrongly.

A mapping belongs to a laboratory, which is known by the set of its files' labels: one recorder set up in one way writes
the same labels into every file, and two recorders rarely agree in all of them, so that an equal set is the surest sign
that a label means the same. A label alone is a weaker sign (``X1`` is Fp1 here and ECG there): it is heeded only where
the recording is of no laboratory that is known and its label says nothing by itself, never against a label that does.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from neuroflow.anatomy.electrodes import SITES
from neuroflow.recording import RECONSTRUCTED_MARKS, Channel, ChannelKind, Recording, Samples, SignalSource, Span

LONGEST_NAME: Final = 40

ChannelKey = tuple[str, int]
"""The label in the file, and which of the channels with that label it is, from 1."""

_BRAIN = (ChannelKind.EEG, ChannelKind.IEEG)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a reader says a channel is. Raises: ValueError, with a sentence, for a name that none may have."""

    name: str
    kind: ChannelKind
    reference: str = ""

    def __post_init__(self) -> None:
        for text, least, what in ((self.name, 1, "name"), (self.reference, 0, "reference")):
            if not least <= len(text) <= LONGEST_NAME or not text.isprintable() or text != text.strip():
                raise ValueError(f"A channel's {what} has {least} to {LONGEST_NAME} characters.")
            if text.startswith(RECONSTRUCTED_MARKS):
                raise ValueError("≈ and ~ stand before what was reconstructed: choose another name.")

    @property
    def site(self) -> str | None:
        """The scalp site, where the name is one and the channel is EEG."""
        return self.name if self.kind is ChannelKind.EEG and self.name in SITES else None


@dataclass(frozen=True)
class MappedSource:
    """A :class:`SignalSource` whose channels are what a reader says; samples and file stay as they are.

    ``by_hand`` are names of channels that are not what their label says, ``unknown`` of those of which neither label
    nor reader says what they are.
    """

    inner: SignalSource
    recording: Recording
    by_hand: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What was mapped, as ``X1 is Fp1``."""
        return tuple(f"{c.label} is {c.name}" for c in self.recording.channels if c.name in self.by_hand)

    def read(self, span: Span, channel: Channel) -> Samples:
        """As the file's own source reads. Raises: FileProblem."""
        return self.inner.read(span, channel)

    def close(self) -> None:
        self.inner.close()


def keys_of(channels: Sequence[Channel]) -> tuple[ChannelKey, ...]:
    """What names each channel in a mapping."""
    seen: Counter[str] = Counter()
    keys = []
    for channel in channels:
        seen[channel.label] += 1
        keys.append((channel.label, seen[channel.label]))
    return tuple(keys)


def laboratory_of(channels: Iterable[Channel]) -> str:
    """What names a laboratory: 16 hex digits of a SHA-256 over the sorted labels of its files."""
    labels = "\n".join(sorted(channel.label for channel in channels))
    return hashlib.sha256(labels.encode()).hexdigest()[:16]


def is_unrecognised(channel: Channel) -> bool:
    """Whether the label says neither what the channel is nor, of EEG, where on the head it lies."""
    if not may_be_mapped(channel):
        return False
    nowhere = channel.kind is ChannelKind.EEG and channel.site is None and not channel.reference
    return channel.kind is ChannelKind.OTHER or nowhere


def may_be_mapped(channel: Channel) -> bool:
    """Whether a reader may say what a channel is: never of what was reconstructed, nor of values without a scale."""
    scaled = channel.physical_min != channel.physical_max or channel.is_voltage
    return scaled and not channel.reconstructed


def problem_with(channel: Channel, kind: ChannelKind) -> str:
    """Why a channel cannot be of a kind, in a sentence, or empty: only a voltage is EEG."""
    if kind not in _BRAIN or channel.is_voltage or not channel.dimension.strip():
        return ""
    return f"“{channel.label}” is measured in {channel.dimension}, which is no voltage: it cannot be {kind.value}."


def says(channel: Channel, said: Assignment) -> bool:
    """Whether a channel is already what is said of it."""
    return (channel.name, channel.kind, channel.reference) == (said.name, said.kind, said.reference)


def mapped(source: SignalSource, said: Mapping[ChannelKey, Assignment]) -> MappedSource:
    """A source whose channels are what ``said`` says of them, by key; what cannot be is left as the label says.

    Names stay unique, and each site is claimed once, by what was said before what was recognised. Annotations follow
    the names of their channels.
    """
    recording = source.recording
    keys = keys_of(recording.channels)
    heeded = {
        k: said[key]
        for k, (key, channel) in enumerate(zip(keys, recording.channels, strict=True))
        if key in said and may_be_mapped(channel) and not problem_with(channel, said[key].kind)
    }
    changed = {k for k, assignment in heeded.items() if not says(recording.channels[k], assignment)}
    taken: set[str] = set()
    made: dict[int, Channel] = {}
    for k in sorted(range(len(keys)), key=lambda k: k not in changed):
        channel = recording.channels[k]
        if k in changed:
            channel = _assigned(channel, heeded[k])
        name = _unique(channel.name, taken)
        made[k] = channel if name == channel.name else replace(channel, name=name, site=None)
    channels = tuple(made[k] for k in range(len(keys)))
    names = {old.name: new.name for old, new in zip(recording.channels, channels, strict=True)}
    annotations = tuple(
        replace(a, channel=names[a.channel]) if a.channel in names else a for a in recording.annotations
    )
    return MappedSource(
        source,
        replace(recording, channels=channels, annotations=annotations) if changed else recording,
        tuple(channels[k].name for k in sorted(changed)),
        tuple(channels[k].name for k, c in enumerate(recording.channels) if k not in heeded and is_unrecognised(c)),
    )


def _assigned(channel: Channel, said: Assignment) -> Channel:
    # A voltage without a unit is in microvolts, as of channels that are recognised.
    voltage = channel.is_voltage or (said.kind in _BRAIN and not channel.dimension.strip())
    return replace(
        channel, name=said.name, kind=said.kind, site=said.site, reference=said.reference, is_voltage=voltage
    )


def _unique(name: str, taken: set[str]) -> str:
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name} ({number})"
    taken.add(made)
    return made
