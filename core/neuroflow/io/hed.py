"""Tags of HED-SCORE for marks, and what marks such tags are: what is not understood is kept in the text, and goes on.

Short forms, as a schema such as score_2.0.0 resolves them with HED 8.3.0, of which the long forms here are. Only what
is found on recorded signals has tags: discharges that a reader accepted, and events that are called exactly as a term
is. Decisions and criteria have columns of their own: HED-SCORE has no tags for them.

Source: Pal Attia et al. 2023 (HED-SCORE); https://github.com/hed-standard/hed-schemas.
"""

from __future__ import annotations

import re
from typing import Final

from neuroflow.review.document import LONGEST_TEXT, Decision, Mark

KEPT: Final = " · HED: "
"""In a mark's text, before tags that are kept because nobody here understands them."""

DISCHARGE: Final = ("Epileptiform-interictal-activity", "Spike")
_DOUBTS: Final = frozenset(("uncertain", "possible", "property-not-possible-to-determine"))
"""Tags beside those of a discharge, without capitals, by which another program leaves open whether it is one."""
_SPIKE, _EVENT = "spike", "Event"

_ARTEFACT = "Property/Data-property/Data-artifact"
_BODY, _EYE = f"{_ARTEFACT}/Biological-artifact", f"{_ARTEFACT}/Biological-artifact/Eye-artifact"
_APPARATUS = f"{_ARTEFACT}/Nonbiological-artifact"
_POSTURE = "Property/Agent-property/Agent-state/Agent-postural-state"
_SLEEP = "Sleep-and-drowsiness"
_STAGE = f"{_SLEEP}/Sleep-stage-reached"
_TERMS: Final = (
    ("eyes open", f"{_POSTURE}/Eyes-open"),
    ("eyes closed", f"{_POSTURE}/Eyes-closed"),
    ("eye blink", f"{_EYE}/Eye-blink-artifact"),
    ("blink", f"{_EYE}/Eye-blink-artifact"),
    ("eye movement", f"{_EYE}/Eye-movement-artifact"),
    ("muscle artefact", f"{_BODY}/EMG-artifact"),
    ("ECG artefact", f"{_BODY}/ECG-artifact"),
    ("chewing", f"{_BODY}/Chewing-artifact"),
    ("movement artefact", f"{_BODY}/Movement-artifact"),
    ("pulse artefact", f"{_BODY}/Pulse-artifact"),
    ("sweat artefact", f"{_BODY}/Sweat-artifact"),
    ("electrode pop", f"{_APPARATUS}/Electrode-pops-artifact"),
    ("line noise", f"{_APPARATUS}/Line-noise-artifact"),
    ("sleep spindle", f"{_SLEEP}/Sleep-spindles"),
    ("K complex", f"{_SLEEP}/K-complex"),
    ("vertex wave", f"{_SLEEP}/Vertex-wave"),
    ("sleep stage N1", f"{_STAGE}/Sleep-stage-N1"),
    ("sleep stage N2", f"{_STAGE}/Sleep-stage-N2"),
    ("sleep stage N3", f"{_STAGE}/Sleep-stage-N3"),
    ("REM sleep", f"{_STAGE}/Sleep-stage-REM"),
    ("hyperventilation", "Modulator/Hyperventilation"),
    ("photic stimulation", "Modulator/Stimulation-modulator/Intermittent-photic-stimulation"),
    ("photic driving", "Physiologic-pattern/Photic-driving"),
)
_PREFIX = re.compile(r"\A[A-Za-z0-9]{1,16}:")
"""Of a schema, before each of its tags."""


def _plain(name: str) -> str:
    """A name without what spellings differ in."""
    return " ".join(re.sub(r"[-_]", " ", name.casefold()).replace("artifact", "artefact").split()).removesuffix("s")


_LONG: Final = (
    f"Interictal-activity/{DISCHARGE[0]}",
    f"Feature-property/Signal-morphology-property/{DISCHARGE[1]}",
    *(path for _, path in _TERMS),
)
_TAGS: Final = {
    path.split("/", k)[-1].casefold(): path.rpartition("/")[2] for path in _LONG for k in range(path.count("/") + 1)
}
"""Short, middle and long forms, without capitals, and the short form that each is."""
_TAG_OF: Final = {
    _plain(said): path.rpartition("/")[2] for name, path in _TERMS for said in (name, path.split("/")[-1])
}
_NAME_OF: Final = {path.rpartition("/")[2]: name for name, path in reversed(_TERMS)}


def written(mark: Mark) -> tuple[str, str]:
    """The description and the tags that a table gives a mark; no tags where there is no finding."""
    if mark.reconstructed:
        return mark.text, ""
    name, rest = _parted(mark.text)
    own = _own(mark.decision, name)
    if set(own) & set(_tags_in(rest)):
        own = ()  # they are said there, otherwise
    return name, ", ".join((*own, rest) if rest else own)


def read(tags: str, text: str, decision: Decision | None) -> tuple[str, Decision]:
    """Text and decision of a mark with such tags and description; ``decision`` is None where nothing else says it.

    What is more than :func:`written` would say of the mark is kept in its text, as far as there is room.
    """
    tags = " ".join(tags.split())
    found = _tags_in(tags)
    if decision is None:
        decision = _decision(found)
    name = text or next((_NAME_OF[tag] for tag in found if tag in _NAME_OF), "")
    name = name or (_SPIKE if DISCHARGE[0] in found else _EVENT)
    return _joined(name, _without(tags, _own(decision, name))), decision


def read_words(text: str) -> tuple[str, Decision]:
    """Text and decision of an annotation of another program: tags where it begins with HED:, or says a discharge."""
    name, rest = _parted(text)
    if rest:
        return read(rest, name, None)
    tags = text[len("HED:") :] if text[: len("HED:")].casefold() == "hed:" else text
    if (tags != text and _split(tags)) or DISCHARGE[0] in _tags_in(tags):
        return read(tags, "", None)
    return text, ""


def _decision(found: tuple[str, ...]) -> Decision:
    """What a reader decided, by tags in short form: nothing where no discharge is said."""
    if DISCHARGE[0] not in found:
        return ""
    last = (_PREFIX.sub("", tag).rpartition("/")[2].casefold() for tag in found)
    return "accepted" if _DOUBTS.isdisjoint(last) else "unsure"


def _own(decision: Decision, name: str) -> tuple[str, ...]:
    if decision:
        return DISCHARGE if decision == "accepted" else ()
    tag = _TAG_OF.get(_plain(name))
    return (tag,) if tag is not None else ()


def _parted(text: str) -> tuple[str, str]:
    """A mark's text without the tags that are kept in it, and those; all of it where they are none."""
    name, _, rest = text.rpartition(KEPT)
    return (name, rest) if name and rest == rest.strip() and _split(rest) else (text, "")


def _joined(name: str, rest: str) -> str:
    """A text in which tags are kept: as many whole ones as there is room for."""
    if rest and len(name) + len(KEPT) + len(rest) > LONGEST_TEXT:
        room, fitting = LONGEST_TEXT - len(name) - len(KEPT), ""
        for item in _split(rest) or ():
            longer = f"{fitting}, {item}" if fitting else item
            if len(longer) > room:
                break
            fitting = longer
        rest = fitting
    return f"{name}{KEPT}{rest}" if rest else name[:LONGEST_TEXT]


def _without(tags: str, own: tuple[str, ...]) -> str:
    """Tags but those that are a mark's own anyway; all, to the letter, where these are not simply among them."""
    items = _split(tags)
    if not own or not set(own) <= set(_tags_in(tags)):
        return tags
    if set(_tags_in(tags)) == set(own) and len(_tags_in(tags)) == len(own):
        return ""
    rest = ", ".join(item for item in items if _short(item) not in own)
    return rest if rest and len(items) - len(_split(rest)) == len(own) else tags


def _tags_in(tags: str) -> tuple[str, ...]:
    """Short forms of what is understood, and the others as they are: of the string, or of the one group that it is."""
    items = _split(tags)
    if len(items) == 1 and items[0].startswith("("):
        items = _split(items[0][1:-1])
    return tuple(_short(item) for item in items)


def _short(item: str) -> str:
    return _TAGS.get(_PREFIX.sub("", item).casefold(), item)


def _split(tags: str) -> tuple[str, ...]:
    """What stands between the outermost commas; nothing where that is no string of tags: a bracket or a tag lacks."""
    items, depth, start = [], 0, 0
    for at, letter in enumerate(tags):
        if letter == "," and depth == 0:
            items.append(tags[start:at].strip())
            start = at + 1
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return ()
    items.append(tags[start:].strip())
    return tuple(items) if depth == 0 and all(items) else ()
