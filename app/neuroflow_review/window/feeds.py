"""From the session to the screen: each panel is told what changed, and no panel asks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer

from neuroflow.anatomy.implant import Implant
from neuroflow.flow.card import ContactMeasure, ModelCard
from neuroflow.inference.tile import ARTEFACT
from neuroflow.recording import ChannelKind, Recording, Span
from neuroflow.units import format_clock
from neuroflow_review.canvas import Canvas
from neuroflow_review.display import fallback_words, filter_words, montage_name, sensitivity_words
from neuroflow_review.marklayer import label_of
from neuroflow_review.paper import is_calibrated
from neuroflow_review.session import Session, ViewState
from neuroflow_review.session.analysis import Spike, grouped, strongest
from neuroflow_review.session.depth import DepthPage, Truth
from neuroflow_review.session.marking import decided_at
from neuroflow_review.session.page import PageData, eeg_rate, shown_montage
from neuroflow_review.session.spectra import SpectrogramPage
from neuroflow_review.session.state import OFF, ROWS
from neuroflow_review.theme import RECONSTRUCTED, widen_gutter
from neuroflow_review.views.events import EventRow
from neuroflow_review.views.page import PageView
from neuroflow_review.views.reconstruction import UNDETERMINED
from neuroflow_review.window.channels import aside_tips, channel_words, interpolation_tips, interpolation_words
from neuroflow_review.window.docks import in_sight
from neuroflow_review.window.event_rows import SPIKE, EventRows
from neuroflow_review.window.frame import Frame
from neuroflow_review.window.kinds import kind_parts
from neuroflow_review.window.map_feed import MapFeed
from neuroflow_review.window.spectrum_feed import SpectrumFeed
from neuroflow_review.window.status import Part, distribution_words, speed_part
from neuroflow_review.window.trend_feed import TrendFeed
from neuroflow_review.wording import clock, day_clock, value_words, without_files

_SPIKES_MS = 120
_TIP_CHARACTERS = 60
_SPIKE = "spike?"


class Feeds(QObject):
    """Holds no state of its own but what saves work."""

    def __init__(self, session: Session, frame: Frame) -> None:
        super().__init__(frame)
        self.session, self.frame = session, frame
        # Spikes arrive tile by tile: the list of events is rebuilt a few times a second at most.
        self._spikes_due = QTimer(self)
        self._spikes_due.setSingleShot(True)
        self._spikes_due.setInterval(_SPIKES_MS)
        self._spikes_due.timeout.connect(self._show_spikes)
        self._done: tuple[tuple[Span, ...], ...] = ()
        self._listed: object = None
        self._rows = EventRows()
        self._truth: Truth | None = None
        self.spectrogram: SpectrogramPage | None = None
        """What is shown of it; None while another is computed."""
        self._ratios: dict[str, float] = {}
        self.trends = TrendFeed(session, frame)
        self.spectrum = SpectrumFeed(session, frame)
        self.maps = MapFeed(session, frame)
        session.store.changed.connect(self._on_state)
        session.page_ready.connect(self._on_page)
        session.page_failed.connect(self._on_page_failed)
        session.depth_ready.connect(self._on_depth)
        session.model_changed.connect(self.show_model)
        session.reconstruction.changed.connect(self.show_reconstruction)
        session.spikes.changed.connect(self._spikes_due.start)
        session.marks.changed.connect(self.show_marks)
        session.marks.saved.connect(self.show_status)
        frame.page.laid_out.connect(self.show_status)
        session.spectra.ready.connect(self._on_spectrogram)
        session.spectra.computing.connect(self._on_computing)
        session.comparison.ready.connect(self._on_truth)
        session.trend_ready.connect(frame.overview.set_trend)
        session.cursor_moved.connect(self.show_cursor)
        # Qt tells before it is done: what covers a dock covers it in the next turn.
        frame.docks["At the cursor"].visibilityChanged.connect(lambda: QTimer.singleShot(0, self, self._ruler_again))

    @property
    def settled(self) -> bool:
        """Whether what the session knows is on screen."""
        return not self._spikes_due.isActive()

    def shown_words(self, text: str) -> str:
        """A sentence as it may be shown now: where names are hidden, those of files are too."""
        recording, private = self.session.recording, self.session.state.private
        return without_files(text, recording.path if recording is not None else None) if private else text

    # A recording ------------------------------------------------------------------------------------------------------

    def show_recording(self, recording: Recording | None) -> None:
        frame = self.frame
        frame.header.set_recording(recording)
        if recording is None:
            self._show_place(None)
            self.show_status()
            return
        if widen_gutter(c.name for c in recording.channels if c.reconstructed or c.kind != ChannelKind.EEG):
            for panel in frame.findChildren(Canvas):
                panel.redraw()
        frame.page.set_recording(recording.span, recording.start, recording.gaps)
        frame.page.set_notes(recording.annotations)
        frame.page.set_rows(self.session.rows)
        if not self.session.rows:
            frame.page.set_message("This file holds no signals: only its annotations can be read.")
        self._done, self._listed, self.spectrogram = (), None, None
        if not self.session.rows:
            frame.spectrogram.set_message("No spectrogram here")
        self.maps.forget()
        frame.overview.set_recording(recording.duration, recording.start, recording.gaps, recording.annotations)
        frame.spectrogram.set_gaps(recording.gaps)
        self.trends.show_recording(recording)
        frame.ieeg.set_depth(None)
        frame.ieeg.set_start(recording.start)
        state = self.session.state
        self._on_state(state, state)
        self.show_model()
        self.show_marks()
        self.show_cursor(None)

    def show_model(self) -> None:
        session, frame = self.session, self.frame
        backend = session.reconstruction.backend
        if backend is None:
            frame.implant.set_implant(None)
            self.show_reconstruction()
            return
        contacts, card = backend.contacts, backend.card
        source = card.implant.source if card is not None else ""
        name = card.implant.name if card is not None else backend.name
        frame.implant.set_implant(Implant(name, contacts, source), session.state.shafts)
        measures = {m.name: m for m in card.contacts} if card is not None else {}
        self._ratios = {n: m.spread_ratio for n, m in measures.items()}
        self.show_brain()
        words = {n: f"{_measure_words(m)}\n{_measured_in_lines(card)}" for n, m in measures.items()} if card else {}
        frame.implant.set_measures(words)
        frame.ieeg.set_row_tips({f"{RECONSTRUCTED}{n}": f"{RECONSTRUCTED}{n}\n{text}" for n, text in words.items()})
        self._show_contacts()
        self.show_reconstruction()

    def show_brain(self) -> None:
        """The colour of contacts: what the scalp says of each; in a presentation where discharges are proposed."""
        session, panel = self.session, self.frame.implant
        if self.frame.presenting:  # nothing is proposed to who reads blind
            rates = session.spikes.rates([c.name for c in session.contacts]).a_minute
            if rates:
                panel.set_rates(rates)
                return
        determined = {n: max(0.0, 1.0 - ratio) for n, ratio in self._ratios.items()}
        top = max([*determined.values(), 0.05])
        label = "what the scalp says" if determined else ""
        panel.set_values(determined, label, high=top, ends=("nothing", f"{top * 100:.0f} % narrower"))

    def _show_contacts(self) -> None:
        self.frame.ieeg.set_contacts(self.session.contacts, self.session.shown_contacts(), self._ratios)

    # State ------------------------------------------------------------------------------------------------------------

    def _on_state(self, old: ViewState, new: ViewState) -> None:
        frame, session = self.frame, self.session
        for panel in (frame.page, frame.ieeg):
            panel.set_span(new.span)
            panel.set_selection(new.selection)
        frame.overview.set_page(new.span)
        frame.trends.set_page(new.span)
        frame.page.set_solo(new.solo)
        frame.page.set_sensitivity(new.shown_sensitivity)
        frame.page.set_kinds(new.kinds)
        frame.page.set_channel("" if new.reconstructed else new.channel)
        frame.ieeg.set_channel(new.channel if new.reconstructed else "")
        frame.ieeg.set_sensitivity(new.depth_sensitivity)
        frame.inspector.set_filtered(new.depth_filters != OFF)
        frame.ieeg.set_samples(new.samples, new.sample)
        frame.ieeg.set_withheld_shown(new.withheld_shown)
        if (old.channel, old.reconstructed) != (new.channel, new.reconstructed) or old is new:
            frame.implant.set_selected(new.channel if new.reconstructed else "")
        frame.header.set_private(new.private)
        frame.page.set_notes_written(not new.private)
        if old.private != new.private:
            if frame.page.message:
                frame.page.set_message(self.shown_words(frame.page.message))
            self._listed = None
            self._show_spikes()
            self._show_truth()
        frame.arrangement.set_depth_channel(new.reconstructed)
        if old is new or any(getattr(old, name) != getattr(new, name) for name in ROWS):
            frame.page.set_rows(session.rows)
            frame.page.set_row_tips(interpolation_tips(session.rows))
            frame.page.set_aside_tips(aside_tips(session.rows, new.bad))
        if old.shafts != new.shafts or old is new:
            frame.implant.set_visible_shafts(new.shafts)
            self._show_contacts()
        watched = ("samples", "seed", *ROWS, "spikes_shown", "blinded", "start", "seconds")
        if any(getattr(old, name) != getattr(new, name) for name in watched):
            self._spikes_due.start()
        self.maps.ask()
        self.trends.ask()
        if old.blind != new.blind:
            self.trends.follow()
            self.show_brain()
        self.show_status()
        self.show_cursor(session.cursor)

    # What was computed ------------------------------------------------------------------------------------------------

    def _on_page(self, page: PageData) -> None:
        self.frame.page.set_page(page)
        self.frame.page.show_now()
        self._show_scalp_value(self.session.cursor)
        self.show_status()

    def _on_page_failed(self, why: str) -> None:
        self.frame.page.set_message(self.shown_words(why))

    def _on_depth(self, depth: DepthPage | None) -> None:
        self.frame.ieeg.set_depth(depth)
        self.show_cursor(self.session.cursor)

    def _on_truth(self, truth: Truth | None) -> None:
        self._truth = truth
        self._show_truth()
        self.show_cursor(self.session.cursor)

    def _show_truth(self) -> None:
        name = "" if self.session.state.private else self.session.comparison.name
        self.frame.ieeg.set_truth(self._truth, name)

    def _on_spectrogram(self, page: SpectrogramPage) -> None:
        panel = self.frame.spectrogram
        self.spectrogram = page
        panel.set_spectrogram(page.spectrogram, page.span, page.label, page.reconstructed, page.samples)
        if page.spectrogram is None:
            panel.set_message(page.why or "No spectrogram here", withheld=page.why.startswith("Withheld"))

    def _on_computing(self, page: SpectrogramPage) -> None:
        self.spectrogram = None
        self.frame.spectrogram.set_computing(page.span, page.label, page.reconstructed)

    def show_reconstruction(self) -> None:
        """Segments, progress, what was reconstructed so far."""
        session, frame = self.session, self.frame
        work = session.reconstruction
        reason = work.reason
        if session.model_problem is not None:
            reason = f"Nothing can be reconstructed: {session.model_problem.text}"
        elif work.backend is None:
            reason = "The model is being loaded …"
        frame.ieeg.set_reason(reason)
        lasting = work.backend is not None or session.model_problem is not None
        frame.arrangement.fold_depth(frame.ieeg.folded_height if lasting else None)
        frame.ieeg.set_segments(work.segments(session.state.span), stale=work.stale)
        done = work.done_spans(), work.withheld_spans()
        if done != self._done:
            self._done = done
            frame.overview.set_reconstructed(*done)
            self.trends.show_reconstructed()
            self._spikes_due.start()  # what is withheld as an artefact is said of what was proposed there
        frame.bar.progress.set_progress(work.progress())
        self._show_model_words()

    def show_marks(self) -> None:
        """What the reader marked and decided, at once."""
        recording, marks = self.session.recording, self.session.marks
        if recording is None:
            return
        times = [m.start for m in marks.all if not m.decision]
        self.frame.overview.set_events([*(a.onset for a in recording.annotations), *times])
        self._listed = None
        self._show_spikes()
        self._show_criteria(self.session.cursor)
        self.show_status()

    def _show_spikes(self) -> None:
        session, frame = self.session, self.frame
        recording, marks = session.recording, session.marks
        if recording is None:
            return
        scalp, depth = session.spikes.scalp(), session.spikes.depth()
        if frame.presenting:
            self.show_brain()
        page, hull = session.state.span, session.state.seconds
        near = Span(page.start - hull, page.stop + hull)
        found = {False: grouped(scalp), True: grouped(depth)}
        # Of the neighbouring pages too, so that a page that turns has its marks at once.
        frame.page.set_spikes(self._with_decisions(found[False], near, reconstructed=False))
        frame.ieeg.set_spikes(self._with_decisions(found[True], near, reconstructed=True))
        events = [m for m in marks.on(near) if not m.decision]
        of_file = {row.label for row in session.rows if row.reconstructed}
        for panel, far in ((frame.page, False), (frame.ieeg, True)):
            panel.set_editable(marks.writable, recording.duration)
            panel.set_marks([m for m in events if far == (m.reconstructed and label_of(m) not in of_file)])
        frame.events.set_page(page)
        searched = session.spikes.searched(), session.spikes.searched_depth()
        doubted = {s.time for s in map(strongest, found[False]) if session.reconstruction.artefact_at(s.time)}
        if (scalp, depth, searched, doubted) == self._listed:
            return
        self._listed = scalp, depth, searched, doubted
        judged = {far: [(group, marks.decided_on(group, far)) for group in groups] for far, groups in found.items()}
        undecided = {far: [group for group, said in pairs if not said] for far, pairs in judged.items()}
        standing = [g for g, said in judged[True] if not said or any(m.decision != "rejected" for m in said)]
        self._show_in_overview(undecided[False], standing)
        frame.overview.set_searched(searched[0])
        self.trends.show_reconstructed()
        rows = [
            _spike_row(group, far, ARTEFACT if not far and strongest(group).time in doubted else _SPIKE)
            for far, groups in undecided.items()
            for group in groups
        ]
        rows += [*self._rows.of_marks(marks.all), *self._rows.of_file(recording, private=session.state.private)]
        frame.events.set_events(rows, recording.start)
        sought = sum(span.duration for span in searched[0]) if any(row.kind == "EEG" for row in session.rows) else 0.0
        frame.events.set_searched(sought, recording.duration)

    def _show_in_overview(self, proposed: Sequence[Sequence[Spike]], depth: Sequence[Sequence[Spike]]) -> None:
        """Discharges that nobody decided on, and those of the scalp that a reader did not reject, searched or not."""
        said = [m for m in self.session.marks.all if m.decision and not m.reconstructed]
        shares = [(s.time, s.count / s.samples) for s in map(strongest, depth) if s.samples]
        self.frame.overview.set_spikes(
            [strongest(group).time for group in proposed],
            shares,
            accepted=[m.start for m in said if m.decision == "accepted"],
            unsure=[m.start for m in said if m.decision == "unsure"],
        )

    def _with_decisions(self, found: Sequence[Sequence[Spike]], near: Span, *, reconstructed: bool) -> list[Spike]:
        """Spikes near the page: what the reader decided stands in place of what was proposed, as in the list."""
        marks = self.session.marks
        there = [group for group in found if group[0].time < near.stop and group[-1].time >= near.start]
        open_ones = [s for group in there if not marks.decided_on(group, reconstructed) for s in group]
        decided = [m for m in marks.on(near) if m.decision and m.reconstructed == reconstructed]
        return [*open_ones, *(Spike(m.channel, m.start, decision=m.decision) for m in decided)]

    # The cursor -------------------------------------------------------------------------------------------------------

    def show_cursor(self, time: float | None) -> None:
        frame, session = self.frame, self.session
        for panel in (frame.page, frame.ieeg, frame.spectrogram, frame.overview, frame.trends):
            panel.set_cursor(time)
        recording = session.recording
        frame.inspector.set_time(time, recording.start if recording is not None else None)
        self._show_scalp_value(time)
        self._show_distribution(time)
        self._show_place(time)
        self.maps.show_cursor(time)
        self._show_criteria(time)

    def _show_criteria(self, time: float | None) -> None:
        """The checklist of the discharge at the cursor, or of the one that is chosen in the list."""
        marks, panel = self.session.marks, self.frame.criteria
        chosen = marks.history.document.marks.get(self.frame.events.selected_mark)
        mark = decided_at(self.session, time) or (chosen if chosen is not None and chosen.decision else None)
        if mark is None:
            panel.set_discharge("", "", ())
            return
        recording = self.session.recording
        where = f"{RECONSTRUCTED}{mark.channel}" if mark.reconstructed else mark.channel
        at = clock(mark.start, recording.start if recording is not None else None, decimals=1)
        panel.set_discharge(mark.id, f"{at}  {where}  {mark.decision}", mark.criteria, writable=marks.writable)

    def _show_scalp_value(self, time: float | None) -> None:
        frame, session, state = self.frame, self.session, self.session.state
        label = state.channel
        if state.reconstructed or not label:
            label = next((row.label for row in session.rows if row.kind == "EEG"), "")
        page = session.page
        labels = [row.label for row in page.request.rows] if page is not None else []
        trace = page.traces[labels.index(label)] if page is not None and label in labels else None
        here = trace is not None and page is not None and time is not None and page.request.span == state.span
        value = trace.at(time) if here and trace is not None and time is not None else None
        filters = trace.filters if trace is not None else state.applied
        note = filter_words(filters, trace.rate if trace is not None else None) if filters != OFF else "unfiltered"
        row = next((row for row in session.rows if row.label == label), None)
        frame.inspector.set_scalp(
            label, value, note, unit=trace.unit if trace is not None else "",
            interpolated=row is not None and bool(row.interpolated),
        )  # fmt: skip
        words = self._ruler_words(label, labels)
        frame.inspector.set_ruler(words)
        # Where the panel that says it is not in sight, on the page; there no name of the channel stands above it.
        written = "" if in_sight(frame.docks["At the cursor"]) else words.replace("\n", f"\n{label}: ")
        frame.page.set_ruler(written)

    def _ruler_again(self) -> None:
        self._show_scalp_value(self.session.cursor)

    def _ruler_words(self, label: str, labels: list[str]) -> str:
        """Length of the selection and what one trace does within it."""
        selection, page = self.session.state.selection, self.session.page
        if selection is None or selection.duration <= 0:
            return ""
        words = f"Selection {selection.duration:.3g} s · {1 / selection.duration:.3g} /s"
        if page is None or label not in labels or not selection.overlaps(page.request.span):
            return words
        trace, inside = page.traces[labels.index(label)], selection.clipped_to(page.request.span)
        low, high = trace.extremes(inside)
        start, stop = trace.at(inside.start), trace.at(inside.stop)
        if not np.isfinite([low, high, *start, *stop]).all():
            return words
        reach = f"peak to peak {_amount(high - low, trace.unit)}"
        if trace.samples is None and trace.dense:  # only the extremes of a column are known
            return f"{words}\n{reach}"
        return f"{words}\nend − start {_amount(stop[0] - start[0], trace.unit)} · {reach}"

    def _show_distribution(self, time: float | None) -> None:
        frame, session, state = self.frame, self.session, self.session.state
        contacts = session.contacts
        shown = session.shown_contacts()
        index = next((i for i, c in enumerate(contacts) if state.reconstructed and c.name == state.channel), None)
        if index is None:
            index = shown[0] if shown else None
        if index is None:
            frame.inspector.set_contact("", "No model" if not contacts else "No shaft is shown")
            return
        name = contacts[index].name
        backend = session.reconstruction.backend
        card = backend.card if backend is not None else None
        measure = card.contact_measure(name) if card is not None else None
        words = (
            f"{_measured_briefly(card)}\n{_measure_words(measure)}" if card is not None and measure is not None else ""
        )
        frame.inspector.set_measure(words)
        values = session.values_at(index, time) if time is not None else None
        if values is None or not np.isfinite(values).any():
            frame.inspector.set_contact(name, "" if time is None else self._why_nothing(time))
            return
        truth = None
        if self._truth is not None and time is not None and name in self._truth.y:
            k = round((time - self._truth.start) * self._truth.rate)
            y = self._truth.y[name]
            truth = float(y[k]) if 0 <= k < y.size else None
        frame.inspector.set_distribution(name, values, truth=truth, calibration=session.calibration)

    def _why_nothing(self, time: float) -> str:
        # As wide as a sample either side: the one nearest to the cursor may lie in the next stretch.
        return self.session.reconstruction.why_nothing(Span(max(time - 0.01, 0.0), time + 0.01))

    # The status line --------------------------------------------------------------------------------------------------

    def _show_place(self, time: float | None) -> None:
        recording, state = self.session.recording, self.session.state
        if recording is None:
            self.frame.place.setText("")
            return
        at = state.start if time is None else time
        words = day_clock(at, recording.start)
        if recording.start is not None:
            words += f"  ({format_clock(at)}{'' if recording.dated else ', date unknown'})"
        self.frame.place.setText(words)

    def show_status(self) -> None:
        """Everything that a reader must know about what is drawn."""
        session, frame, state = self.session, self.frame, self.session.state
        recording = session.recording
        self._show_model_words()
        if recording is None:
            frame.says.set_parts(())
            return
        filters = filter_words(state.applied, eeg_rate(recording)) if state.filters_on else "filters off"
        parts = [*self._montage_parts(), speed_part(f"{frame.page.mm_per_second:.0f} mm/s", is_calibrated(frame.page))]
        if frame.page.in_page_scale:  # else no row is drawn in it, and each says its own
            parts += [
                Part(sensitivity_words(state.shown_sensitivity)),
                Part(filters, 2, filters.removesuffix(" · notch off")),
            ]
        parts += kind_parts(session, frame.page)
        eeg = [c for c in recording.channels if c.kind.value == "EEG"]
        good = len(eeg) - len([c for c in eeg if c.name in state.bad])
        if eeg:
            parts.append(Part(f"{good} of {len(eeg)} channels", 1, "" if good == len(eeg) else None))
        aside = [c.name for c in recording.channels if c.name in state.bad]
        if aside:
            more = f" and {len(aside) - 1} more" if len(aside) > 1 else ""
            parts.append(Part(f"set aside: {', '.join(aside)}", 3, f"set aside: {aside[0]}{more}"))
        parts += [Part(words) for words in (*channel_words(session.source), *interpolation_words(session))]
        if state.blind:
            parts.append(Part("blinded reading"))
        if state.solo:
            parts.append(Part(f"{state.solo} alone"))
        if frame.page.labels_shown and frame.page.labels_shown < len(session.rows):
            labels = f"{frame.page.labels_shown} of {len(session.rows)} labels"
            parts.append(Part(f"{labels} written", 3, labels, goes=True))
        below = below_standard(frame.page, len(session.rows))
        if below:
            standard = "below display standard"
            parts.append(Part(f"{standard}: {', '.join(below)}", 4, standard))
        if session.marks.outdated:
            parts.append(Part("recording changed since it was marked", 4, "recording changed"))
        if not session.marks.writable:
            parts.append(Part("no marks can be made", 4, "no marks"))
        if session.marks.unsaved:
            parts.append(Part("marks not saved yet", 4, "marks not saved"))
        elif session.marks.all:
            parts.append(Part("marks saved", 4, "saved"))
        if recording.problems:
            problems = f"{len(recording.problems)} problem{'s' if len(recording.problems) > 1 else ''}"
            parts.append(Part(f"{problems} in the file", 5, problems, "problems"))
        frame.says.set_parts(parts)
        reads = f"marks are signed by {session.reader}" if session.reader else "marks are not signed"
        notice = "" if state.private else session.marks.notice  # which may name the file
        told = (frame.says.text(), reads if session.marks.writable else notice, *recording.problems)
        frame.says.setToolTip("\n".join(words for words in told if words))

    def _montage_parts(self) -> list[Part]:
        """The montage where no toolbar says it, and why another is drawn than was chosen."""
        recording, chosen = self.session.recording, self.session.state.montage
        shown = shown_montage(recording, self.session.state) if recording is not None else chosen
        if shown != chosen:
            return [Part(fallback_words(chosen), 6, shown)]
        return [Part(montage_name(chosen))] if self.frame.bar.isHidden() else []

    def _show_model_words(self) -> None:
        session = self.session
        work = session.reconstruction
        self.frame.model_says.setToolTip("")
        if work.backend is None:
            self.frame.model_says.setText("no model" if session.model_problem is not None else "")
            return
        # A room needs no names of model and device, and its large type no room for them.
        parts = [] if self.frame.presenting else [f"model {work.backend.name}", work.device_label]
        segments = work.segments(session.state.span)
        why = "blinded" if session.state.blind else "not reconstructable" if work.reason else ""
        parts.append(why or distribution_words(segments))
        tiles = work.tiles_of(session.state.span)
        redrawn = sum(tile.redrawn for tile in tiles)
        if redrawn:
            parts.append(f"{redrawn} sample{'' if redrawn == 1 else 's'} redrawn")
        silent = list(dict.fromkeys(name for tile in tiles for name in tile.silent))
        if silent:
            parts.append(f"without {silent[0] if len(silent) == 1 else f'{len(silent)} channels'} (flat)")
            self.frame.model_says.setToolTip(f"Flat here, so that the model did without: {', '.join(silent)}")
        self.frame.model_says.setText(" · ".join(p for p in parts if p))


def _amount(value: float, unit: str) -> str:
    return value_words(value, value, unit)


def below_standard(page: PageView, rows: int) -> list[str]:
    """What of the page is smaller than a reader should judge EEG by: 10 mm, 25 mm/s, 120 points a second."""
    below = []
    high, speed = page.row_mm, page.mm_per_second
    if rows > 1 and high < 9.5:
        below.append(f"{high:.0f} mm a channel")
    if speed < 24.5:
        below.append(f"{speed:.0f} mm/s")
    points = page.columns / max(page.span.duration, 1e-9)
    if points < 120:
        below.append(f"{points:.0f} points a second")
    return below


def _spike_row(discharge: Sequence[Spike], far: bool, word: str) -> EventRow:
    """A line of the list for what channels have of one discharge, where it is strongest."""
    spike, channels = strongest(discharge), len({s.label for s in discharge})
    brief = _spike_words(word, channels, "ch") if word == _SPIKE else word  # the doubt comes before the count
    return EventRow(
        spike.time, _spike_words(word, channels, "contacts" if far else "channels"), SPIKE[far], spike.label,
        spike.count, spike.samples, low=spike.low, high=spike.high, brief=brief,
    )  # fmt: skip


def _spike_words(word: str, channels: int, what: str) -> str:
    return word if channels == 1 else f"{word} {channels} {what}"


def _measure_words(measure: ContactMeasure) -> str:
    """What a model's card measured for a contact."""
    scarcely = "The scalp scarcely determines this contact.\n" if measure.spread_ratio >= UNDETERMINED else ""
    return (
        f"{scarcely}Expected r {measure.r:.2f}\n"
        f"{max(1 - measure.spread_ratio, 0) * 100:.0f} % narrower than without scalp EEG\n"
        f"50 and 90 % bands held {measure.coverage50 * 100:.0f} and {measure.coverage90 * 100:.0f} %"
    )


def _measured_briefly(card: ModelCard) -> str:
    """What the figures are of, before them: they are not of this patient."""
    return f"On {measured_on(card)}, not on this one:"


def measured_on(card: ModelCard) -> str:
    """In a few words what a card's figures were measured on."""
    return re.split(r" that | [(]|[,;]", str(card.measured.get("on", "held-out patients")))[0]


def _measured_in_lines(card: ModelCard) -> str:
    """What the card's figures were measured on, in lines that a tooltip can hold."""
    return textwrap.fill(f"Measured on {card.measured.get('on', 'held-out patients')}.", _TIP_CHARACTERS)
