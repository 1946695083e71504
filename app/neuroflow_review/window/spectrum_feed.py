"""From the session to the spectrum of the page: which stretch, which rows, and what is said where there is none."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from neuroflow.recording import Span
from neuroflow_review.session import Session
from neuroflow_review.session.spectrum import DepthSpectrum, ScalpSpectrum, stretch_of
from neuroflow_review.window.frame import Frame

_PATIENCE_MS = 300
_HIGHEST = 70.0
_TOO_SHORT = "A spectrum needs two seconds of signal without a gap, at 25 samples a second or more"
_BROKEN = "The spectrum could not be computed: hide the panel and show it again to try once more"


class SpectrumFeed(QObject):
    """Nothing is read for a spectrum that nobody sees."""

    def __init__(self, session: Session, frame: Frame) -> None:
        super().__init__(frame)
        self.session, self.frame = session, frame
        self._made: ScalpSpectrum | DepthSpectrum | None = None
        # A page that takes long must not stand beside the spectrum of the one before.
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_PATIENCE_MS)
        self._late.timeout.connect(self._say_busy)
        session.page_spectra.ready.connect(self._on_made)
        session.store.changed.connect(self.ask)
        session.reconstruction.changed.connect(self._on_reconstruction)
        session.opened.connect(self.ask)
        frame.docks["Spectrum"].visibilityChanged.connect(self._on_seen)

    @property
    def shown(self) -> ScalpSpectrum | DepthSpectrum | None:
        """What a reader sees of it."""
        spectra = self.session.page_spectra
        return self._made if spectra.wanted and not spectra.busy else None

    def _on_seen(self, visible: bool) -> None:
        spectra = self.session.page_spectra
        spectra.wanted = visible  # not where another tab covers it
        if visible and spectra.broken:
            spectra.forget()
        self.ask()

    def _on_reconstruction(self) -> None:
        if self.session.state.reconstructed:
            self.ask()

    def ask(self, *_: object) -> None:
        """The page or selection that is shown, and the rows or the contact that were chosen."""
        session, state, spectra = self.session, self.session.state, self.session.page_spectra
        if not spectra.wanted or session.source is None:
            return
        if state.reconstructed:
            self._ask_depth()
        else:
            chosen = next((row for row in session.rows if row.label == state.channel), None)
            kind = "iEEG" if chosen is not None and chosen.kind == "iEEG" else "EEG"
            made = chosen is not None and chosen.reconstructed
            rows = tuple(row for row in session.rows if row.kind == kind and row.reconstructed == made)
            if not rows:
                self._say("A spectrum needs EEG: this recording has none")
                return
            spectra.ask_scalp(session.source, rows, stretch_of(state))
        if spectra.busy and not self._late.isActive():
            self._late.start()
        elif not spectra.busy:
            self._show()

    def _ask_depth(self) -> None:
        session, state = self.session, self.session.state
        backend, stretch = session.reconstruction.backend, stretch_of(state)
        contact = next((i for i, c in enumerate(session.contacts) if c.name == state.channel), None)
        if backend is None or contact is None:
            return
        span = Span(stretch.span.start, stretch.span.stop - 1e-6)
        tiles = session.shown_tiles(span)
        if not tiles:
            self._say(session.reconstruction.why_nothing(span), reconstructed=True)
            return
        highest = backend.card.band[1] if backend.card is not None else backend.rate * 0.48
        session.page_spectra.ask_depth(tiles, contact, state.channel, stretch, highest)

    def _say(self, text: str, *, reconstructed: bool = False) -> None:
        self.session.page_spectra.forget()
        self._made = None
        self.frame.spectrum.set_message(text, reconstructed=reconstructed)

    def _say_busy(self) -> None:
        if self.session.page_spectra.busy:
            self.frame.spectrum.set_message("Computing …", reconstructed=self.session.state.reconstructed)

    def _on_made(self, made: ScalpSpectrum | DepthSpectrum | None) -> None:
        self._late.stop()
        self._made = made
        if made is None:
            state, work = self.session.state, self.session.reconstruction
            why = work.why_nothing(stretch_of(state).span) if state.reconstructed and not state.withheld_shown else ""
            words = why if why.startswith("Withheld") else _TOO_SHORT
            words = _BROKEN if self.session.page_spectra.broken else words
            self.frame.spectrum.set_message(words, reconstructed=state.reconstructed)
        self._show()

    def _show(self) -> None:
        panel, state, made = self.frame.spectrum, self.session.state, self._made
        if isinstance(made, DepthSpectrum):
            if state.reconstructed and made.contact == state.channel:
                panel.set_depth(made)
        elif made is not None and not state.reconstructed:
            panel.set_scalp(made, state.channel, max(state.applied.high_cut or 0.0, _HIGHEST))
