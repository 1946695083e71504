"""Time-stamped annotation lists (TALs) of EDF+ and BDF+, in both directions.

Source: Kemp and Olivan 2003, sections 2.2.2 to 2.2.4. A TAL is ``onset[0x15 duration]0x14 text 0x14 … 0x00``; the first
TAL of every record has an empty first text and says when the record starts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from neuroflow.recording import Annotation, Channel

# Possessive, and matched in what stands between two zeros: no file makes it go over the same bytes again and again.
_TAL = re.compile(rb"([+-]\d++(?:\.\d*+)?)(?:\x15(\d*+(?:\.\d*+)?))?\x14(.*)", re.DOTALL)
_PART = re.compile(r"(.*) \.\.\.\((\d{1,6})/(\d{1,6})(?: #(\d{1,6}))?\)((?:@@.*)?)", re.DOTALL)
_LONG, _SHORT, _LEAST = 512, 128, 40  # bytes: of one annotation, in very many records, and of a part of a text
_LETTER = 3  # bytes by which a cut between letters may fall short
_PADDING = 48 << 20  # bytes: how much the longest annotation may make of a file, whose every record has its width


def parse_tals(blocks: bytes, block_bytes: int, *, timekeeping: bool) -> tuple[list[Annotation], dict[int, float]]:
    """Annotations of one annotation signal, and the onsets of the records where it is the ``timekeeping`` one.

    ``blocks`` is the signal's bytes in every record, ``block_bytes`` each. Onsets are in the file's own time. A TAL
    ends with its record at the latest, so that one that was never closed takes nothing of the next.
    """
    annotations: list[Annotation] = []
    onsets: dict[int, float] = {}
    for record, first in enumerate(range(0, len(blocks), max(block_bytes, 1))):
        for tal in blocks[first : first + block_bytes].rstrip(b"\0").split(b"\0"):
            match = _TAL.search(tal)
            if match is None:
                continue
            onset_field, duration_field, texts_field = match.groups()
            onset = float(onset_field)
            if timekeeping and texts_field[:1] in (b"\x14", b""):
                onsets.setdefault(record, onset)
            duration = float(duration_field) if duration_field not in (None, b"", b".") else 0.0
            annotations.extend(
                Annotation(onset, duration, decode_text(part)) for part in texts_field.split(b"\x14") if part
            )
    return _joined(annotations), onsets


def decode_text(raw: bytes) -> str:
    """UTF-8 as the standard asks, or Latin-1 where a program wrote that."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def split_channel(annotation: Annotation, names: dict[str, str]) -> Annotation:
    """``text@@label``, the convention for an annotation of one channel, as text and the channel's canonical name."""
    body, mark, label = annotation.text.rpartition("@@")
    if not mark or label not in names:
        return annotation
    return Annotation(annotation.onset, annotation.duration, body, names[label])


def channel_names(channels: Iterable[Channel]) -> dict[str, str]:
    """Channels by what an annotation may call them: a label before a name, which may be another's label."""
    ordered = tuple(channels)
    return {channel.name: channel.name for channel in ordered} | {c.label: c.name for c in reversed(ordered)}


def one_line(text: str) -> str:
    """A text without control characters, which delimit TALs: spaces stand for them."""
    return "".join(letter if letter >= " " else " " for letter in text)


def encode_tal(onset: float, duration: float = 0.0, text: str | None = None) -> bytes:
    """One TAL; without a text the time-keeping TAL of a record.

    Control characters of the text become spaces, since they delimit TALs. Raises: ValueError for a negative duration.
    """
    if duration < 0:
        raise ValueError(f"an annotation cannot last {duration} s")
    stamp = ("+" if onset >= 0 else "-") + _decimal(abs(onset))
    if duration > 0:
        stamp += "\x15" + _decimal(duration)
    body = "" if text is None else one_line(text)
    return f"{stamp}\x14{body}\x14\x00".encode(errors="replace")


@dataclass(frozen=True, slots=True)
class Layout:
    """The annotation signal of a file: ``width`` bytes a record, and how many ``entries`` other readers find in it."""

    width: int
    entries: int
    _starts: NDArray[np.float64]
    _placed: Mapping[int, bytes]

    def record(self, number: int) -> bytes:
        """The bytes of one record: when it begins, the annotations in it, and zeros. Raises: ValueError."""
        block = encode_tal(round(float(self._starts[number]), 9)) + self._placed.get(number, b"")
        if len(block) > self.width:
            raise ValueError(f"record {number} holds {len(block)} bytes of annotations where {self.width} have room")
        return block.ljust(self.width, b"\0")


def lay_out(
    annotations: Iterable[Annotation], record_starts: Sequence[float] | NDArray[np.float64], record_seconds: float,
    *, even: int = 2,
) -> Layout:  # fmt: skip
    """Place annotations in records that begin at these times, which are in order.

    An annotation goes into the record it begins in or the next with room (an onset may lie outside its record); the
    signal is as wide as the longest annotation or as the average load needs, whichever is more. Every record has that
    width: an annotation of more than 512 bytes, which is what EDFlib hands on, or in a file of very many records of
    more than 128, is written as several at the same time, their texts ending in `` ...(1/3)`` to `` ...(3/3)``, which
    :func:`parse_tals` puts together. ``even`` is the number of bytes a sample takes.
    """
    starts = np.asarray(record_starts, dtype=np.float64)
    longest = min(max(_PADDING // len(starts), _SHORT), _LONG)
    onsets, tals = encode_tals(sorted(annotations, key=lambda a: a.onset), longest)
    homes = np.maximum(np.searchsorted(starts, onsets, side="right") - 1, 0)
    homes += (np.asarray(onsets) >= starts[homes] + record_seconds) & (homes + 1 < len(starts))
    stamp = _stamp_bytes(starts)
    width = stamp + max(max(map(len, tals), default=0), sum(map(len, tals)) // len(starts))
    while True:
        width += -width % even
        placed = _place(tals, homes.tolist(), len(starts), width - stamp)
        if placed is not None:
            return Layout(width, len(tals), starts, placed)
        width = width * 5 // 4 + even


def encode_tals(ordered: Iterable[Annotation], longest: int = _LONG) -> tuple[list[float], list[bytes]]:
    """Onsets and bytes of annotations, none of more than ``longest`` bytes unless its channel alone is.

    What is longer becomes several, as :func:`lay_out` says.
    """
    onsets: list[float] = []
    tals: list[bytes] = []
    alike: Counter[tuple[float, float, str, int]] = Counter()
    for a in ordered:
        where = "" if a.channel is None else f"@@{a.channel}"
        whole = encode_tal(a.onset, a.duration, a.text + where)
        parts = [a.text]
        if len(whole) > longest:
            frame = len(encode_tal(a.onset, a.duration, " ...(999999/999999 #999999)" + where))
            parts = _cut(one_line(a.text), max(longest - frame, _LEAST))
        if len(parts) == 1:
            tals.append(whole)
        else:
            alike[key := (a.onset, a.duration, where, len(parts))] += 1
            which = f" #{alike[key]}" if alike[key] > 1 else ""
            tals += [
                encode_tal(a.onset, a.duration, f"{part} ...({k}/{len(parts)}{which}){where}")
                for k, part in enumerate(parts, 1)
            ]
        onsets += [a.onset] * len(parts)
    return onsets, tals


def _cut(text: str, room: int) -> list[str]:
    """A text in parts of at most ``room`` bytes, cut between letters."""
    data, parts, at = text.encode(), [], 0
    while at < len(data):
        stop = min(at + room, len(data))
        while stop < len(data) and data[stop] & 0xC0 == 0x80:
            stop -= 1
        parts.append(data[at:stop].decode())
        at = stop
    return parts or [text]


def _joined(annotations: list[Annotation]) -> list[Annotation]:
    """Annotations with the parts of long ones put together, where all of them are there."""
    groups: dict[tuple[float, float, str, int, str], dict[int, tuple[int, str]]] = {}
    for index, a in enumerate(annotations):
        if " ...(" in a.text and (match := _PART.fullmatch(a.text)) is not None:
            part, number, count, which, where = match.groups()
            key = (a.onset, a.duration, where, int(count), which or "")
            groups.setdefault(key, {}).setdefault(int(number), (index, part))
    put: dict[int, Annotation | None] = {}
    for (onset, duration, where, count, _), parts in groups.items():
        if 1 < count == len(parts) and min(parts) == 1 and max(parts) == count and _were_cut(parts):
            put |= {index: None for index, _ in parts.values()}
            text = "".join(parts[k][1] for k in range(1, count + 1))
            put[min(index for index, _ in parts.values())] = Annotation(onset, duration, text + where)
    return [kept for k, a in enumerate(annotations) if (kept := put.get(k, a)) is not None] if put else annotations


def _were_cut(parts: Mapping[int, tuple[int, str]]) -> bool:
    """Whether texts by number are parts of one: all but the last as long as a cut leaves them, give or take a letter.

    Somebody may well count other things at one moment, "(1/2)" and "(2/2)", in few words.
    """
    lengths = [len(parts[number][1].encode()) for number in sorted(parts)]
    return min(lengths[:-1]) >= _LEAST and max(lengths) - min(lengths[:-1]) <= _LETTER


def _stamp_bytes(starts: NDArray[np.float64]) -> int:
    """The most bytes that the time of a record takes, without writing them all."""
    rounded = np.round(starts, 9)
    decimals = next((d for d in range(9) if (np.abs(np.round(rounded, d) - rounded) < 1e-10).all()), 9)
    digits = len(str(int(np.abs(rounded).max())))
    return len(b"+\x14\x14\0") + digits + (1 + decimals if decimals else 0)


def _place(tals: Sequence[bytes], homes: Sequence[int], records: int, room: int) -> dict[int, bytes] | None:
    """The bytes in each record that holds any, where all have ``room``, else None."""
    placed: dict[int, bytearray] = {}

    def put(tal: bytes, target: int) -> int:
        while target < records and len(placed.get(target, b"")) + len(tal) > room:
            target += 1
        if target < records:
            placed.setdefault(target, bytearray()).extend(tal)
        return target

    record, overflow = 0, []
    for tal, home in zip(tals, homes, strict=True):
        target = put(tal, max(record, home))
        if target == records:
            overflow.append(tal)
        else:
            record = target
    target = 0
    for tal in overflow:  # what found no room after its onset goes before it
        target = put(tal, target)
        if target == records:
            return None
    return {record: bytes(block) for record, block in placed.items()}


def _decimal(value: float) -> str:
    """The shortest decimal without exponent that reads back as the same number."""
    return format(Decimal(repr(float(value))).normalize(), "f")
