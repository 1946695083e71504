"""Where what is saved comes from, as every file says: the program, the recording, how it is shown, and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuroflow import __version__
from neuroflow.anatomy.electrodes import sites_alone
from neuroflow.recording import Recording
from neuroflow.review import Provenance
from neuroflow_review.display import filter_words, filtered_words
from neuroflow_review.session.page import eeg_rate, shown_montage
from neuroflow_review.session.reconstruction import Reconstruction
from neuroflow_review.session.state import ViewState

if TYPE_CHECKING:
    from neuroflow_review.session.session import Session

PROGRAM = f"NeuroFlow Review {__version__}"


def provenance_of(work: Reconstruction) -> Provenance | None:
    """What samples that are drawn now come from; None without a model."""
    backend, recipe = work.backend, work.recipe
    if backend is None:
        return None
    implant, band = (backend.card.implant.name, backend.card.band) if backend.card is not None else ("", None)
    return Provenance(backend.name, backend.hash, recipe.seed, recipe.samples, implant, band, __version__)


def input_words(session: Session) -> str:
    """The hash of the recording: of all of it where that was read, else of the stretches that identify it."""
    recording, read = session.recording, session.marks.wholeness.sha256
    assert recording is not None
    return f"sha256 {read}" if read else f"identity {recording.identity}"


def shown_depth_words(state: ViewState, rate: float | None) -> str:
    """Through which filters of the reader's a reconstruction at a ``rate`` (Hz) is shown, beyond the model's band."""
    return filtered_words(state.depth_filters, rate) or "as the model gives it"


def origin_rows(session: Session) -> tuple[tuple[str, str], ...]:
    """Names and values for a picture of what is shown. With names hidden, none is among them."""
    from neuroflow.export.provenance import PURPOSE

    recording, state, work = session.recording, session.state, session.reconstruction
    assert recording is not None
    shown, rate = f"{shown_montage(recording, state)} montage", eeg_rate(recording)
    if rate is not None:
        shown = f"{shown}, {filter_words(state.applied, rate)}"
    rows = [("Program", PROGRAM), ("Input", input_words(session)), ("Shown", shown)]
    if state.bad:
        rows.append(("Set aside", ", ".join(sites_alone(sorted(state.bad)) if state.private else sorted(state.bad))))
    rows += [("Reconstructed in the file", fact) for fact in said_in_file(recording, private=state.private)]
    made = provenance_of(work) if work.has_any else None
    if made is not None:
        rate = work.backend.rate if work.backend is not None else None
        rows += [
            ("Reconstructed", "what begins with ≈; it was not recorded"), ("Model", made.model),
            ("Weights", f"sha256 {made.weights}"), ("Implant", made.implant),
            ("Samples", f"{made.samples}, seed {made.seed}"), ("Band", band_words(made)),
            ("Reconstruction shown", shown_depth_words(state, rate)),
        ]  # fmt: skip
    return (*rows, ("Intended use", PURPOSE))


def band_words(made: Provenance) -> str:
    """``0.5 to 48 Hz``; empty where it is not known."""
    return f"{made.band[0]:g} to {made.band[1]:g} Hz" if made.band is not None else ""


def said_in_file(recording: Recording, *, private: bool) -> list[str]:
    """What a file of reconstructed signals says of where they come from."""
    from neuroflow.export.provenance import facts_of
    from neuroflow.export.texts import without_names

    facts = [fact for fact, _ in facts_of(recording)]
    return [told for told in map(without_names, facts) if told] if private else facts
