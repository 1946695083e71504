"""Time-stamped annotation lists (TALs) of EDF+ and BDF+, in both directions.

Source: Kemp and Olivan 2003, sections 2.2.2 to 2.2.4. A TAL is ``onset[0x15 duration]0x14 text 0x14 … 0x00``; the first
TAL of every record has an empty first text and says when the record starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from neuroflow.recording import Annotation

# Possessive, and matched in what stands between two zeros: no file makes it go over the same bytes again and again.
_TAL = re.compile(rb"([+-]\d++(?:\.\d*+)?)(?:\x15(\d*+(?:\.\d*+)?))?\x14(.*)", re.DOTALL)
_TIMEKEEPING_BYTES = 24


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
    return annotations, onsets


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
    return f"{stamp}\x14{body}\x14\x00".encode()


def lay_out(
    annotations: Iterable[Annotation], record_starts: Sequence[float], record_seconds: float, *, even: int = 2
) -> tuple[int, list[bytes]]:
    """Place annotations in records: the bytes of the annotation signal a record, and each record's bytes, padded.

    An annotation goes into the record it begins in or the next with room (an onset may lie outside its record); the
    signal is as wide as the longest annotation or as the average load needs, whichever is more. ``even`` is the number
    of bytes a sample takes.
    """
    ordered = sorted(annotations, key=lambda a: a.onset)
    tals = [encode_tal(a.onset, a.duration, a.text if a.channel is None else f"{a.text}@@{a.channel}") for a in ordered]
    stamps = [encode_tal(start) for start in record_starts]
    stamp_bytes = max((len(s) for s in stamps), default=_TIMEKEEPING_BYTES)
    width = stamp_bytes + max((len(t) for t in tals), default=0)
    while True:
        width += -width % even
        placed = _place(ordered, tals, stamps, record_starts, record_seconds, width)
        if placed is not None:
            return width, [block.ljust(width, b"\0") for block in placed]
        width = width * 5 // 4 + even


def _place(
    ordered: Sequence[Annotation],
    tals: Sequence[bytes],
    stamps: Sequence[bytes],
    record_starts: Sequence[float],
    record_seconds: float,
    width: int,
) -> list[bytes] | None:
    """Every record's bytes where all annotations fit into ``width``, else None."""
    blocks = list(stamps)
    record, overflow = 0, []
    for annotation, tal in zip(ordered, tals, strict=True):
        while record + 1 < len(blocks) and annotation.onset >= record_starts[record] + record_seconds:
            record += 1
        target = record
        while target < len(blocks) and len(blocks[target]) + len(tal) > width:
            target += 1
        if target == len(blocks):
            overflow.append(tal)
            continue
        blocks[target] += tal
        record = max(record, target)
    target = 0
    for tal in overflow:  # what found no room after its onset goes before it
        while target < len(blocks) and len(blocks[target]) + len(tal) > width:
            target += 1
        if target == len(blocks):
            return None
        blocks[target] += tal
    return blocks


def _decimal(value: float) -> str:
    """The shortest decimal without exponent that reads back as the same number."""
    return format(Decimal(repr(float(value))).normalize(), "f")
