"""The reconstructor: tiles of samples, the same whichever page, selection or chunk asked for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuroflow.errors import NeuroflowError, OutOfMemory
from neuroflow.flow.noise import normals
from neuroflow.inference.device import choose_device, device_label, is_out_of_memory, share_the_cores
from neuroflow.inference.graphs import ReplayedDecode
from neuroflow.inference.model import Model
from neuroflow.inference.preparation import Prepared, prepare, share_stuck, usable_channels
from neuroflow.inference.tile import TILE_SECONDS, Tile, TileRequest, Withheld
from neuroflow.inference.unfamiliar import unfamiliar
from neuroflow.jobs import Control
from neuroflow.recording import Channel, Recording, SignalSource, Span, Stretch

if TYPE_CHECKING:
    from torch import Tensor

    from neuroflow.flow.model import ConditionalFlow, NeuroFlow

# Eight samples at a time keep the working set in a processor's cache, and cancelling within a tenth of a second.
_BATCH = {"cpu": 8, "mps": 32, "cuda": 64}
_ATTEMPTS = 8
_WHOLE = 0  # the "level" of noise that a whole recording shares; those of the flow count from 1
PRECISIONS = ("float32", "bfloat16")
# A sample twice as large as anything in training is a numerical accident, not a brain (science.md, "What broke").
_LARGEST_FACTOR = 2.0
_STUCK = 0.05  # of a tile's samples: a channel that is stuck for longer tells the model what no head did
_NAMED = 4
_SLIP_SECONDS = 0.03  # what is missing is not shown, but held and passed over: three steps of the model


def _unbroken(stretches: Sequence[Span]) -> Iterator[Span]:
    """Stretches, those that less than :data:`_SLIP_SECONDS` part as one: clocks of recorders slip by so much."""
    waiting: Span | None = None
    for stretch in stretches:
        if waiting is not None and stretch.start - waiting.stop < _SLIP_SECONDS:
            waiting = Span(waiting.start, stretch.stop)
            continue
        if waiting is not None:
            yield waiting
        waiting = stretch
    if waiting is not None:
        yield waiting


@dataclass(frozen=True, slots=True)
class _Part:
    """What is said of a tile between two gaps, as of a :class:`Tile`."""

    redrawn: frozenset[int]
    withheld: tuple[Withheld, ...]
    silent: tuple[str, ...]


class Reconstructor:
    """Runs a model over a recording, tile by tile; meant for one thread at a time.

    ``notice`` is told, in one sentence, of anything that a reader should know, such as a change of device. ``threads``
    is how many the CPU computes in, by default as many as there are cores. With a ``precision`` of ``bfloat16``
    samples are drawn faster and rounded: the same sample is then the same to about a hundredth, whichever tile, page
    or chunk asked for it, instead of a thousandth. On CUDA the flow's inverse is replayed as a graph.
    Raises: NeuroflowError where there is no such device or precision.
    """

    def __init__(
        self,
        model: Model,
        device: str = "auto",
        notice: Callable[[str], None] | None = None,
        threads: int | None = None,
        precision: str = "float32",
    ) -> None:
        if precision not in PRECISIONS:
            raise NeuroflowError(f"There is no precision called {precision}; choose one of {', '.join(PRECISIONS)}.")
        share_the_cores()
        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        self.model = model
        self.contacts = model.contacts
        self.rate = model.card.rate
        self.tile_seconds = TILE_SECONDS
        self._notice = notice or (lambda _: None)
        self._steps = round(TILE_SECONDS * self.rate)
        flow = model.build()
        self._stride, self._margin, self._context = flow.shape.stride, flow.margin, flow.context_margin
        self.device_name = choose_device(device)
        self.precision = precision
        self._batch = _BATCH[self.device_name]
        self._flow: NeuroFlow = flow
        self._covariance = flow.scalp_covariance()
        self._replayed = ReplayedDecode(self._eager, self._notice) if self.device_name == "cuda" else None
        try:
            self._flow = flow.to(self.device_name)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            self._fall_back_to_cpu()

    @property
    def device_label(self) -> str:
        """The device's name and, where it is not float32, the precision; to show."""
        name = device_label(self.device_name)
        return name if self.precision == "float32" else f"{name}, {self.precision}"

    def check(self, recording: Recording, excluded: frozenset[str] = frozenset()) -> None:
        """Raises: NotReconstructable where the recording must not be run, with the reason."""
        usable_channels(recording, self.model.card, excluded)

    def tiles(self, span: Span, recording: Recording) -> range:
        """Indices of the tiles that touch a span of the recording; tile i starts at i times :attr:`tile_seconds`."""
        inside = span.clipped_to(recording.span)
        first = math.floor(inside.start / self.tile_seconds)
        last = math.ceil(inside.stop / self.tile_seconds) if inside.duration > 0 else first
        return range(first, last)

    def tile(self, source: SignalSource, request: TileRequest, control: Control | None = None) -> Tile:
        """The samples of one tile, cut at the recording's end.

        Raises: NotReconstructable, FileProblem, OutOfMemory, Cancelled.
        """
        control = control or Control()
        recording, card = source.recording, self.model.card
        channels = usable_channels(recording, card, request.excluded)
        first = request.index * self._steps
        steps = max(min(self._steps, round(recording.duration * self.rate) - first), 0)
        span = Span(first / self.rate, (first + steps) / self.rate)
        out = np.full((request.samples, len(self.contacts), steps), np.nan, dtype=np.float32)
        control.checkpoint(0.0)
        # Nothing is known across a gap: either side of it is computed as if the recording ended there.
        near = [Stretch(source, stretch) for stretch in _unbroken(recording.stretches) if stretch.overlaps(span)]
        found = [self._part(stretch, channels, request, out, control) for stretch in near]
        parts = [part for part in found if part is not None]
        withheld = [w for part in parts for w in part.withheld]
        if not parts:
            withheld = [Withheld(span, "the recording has a gap here")]
        out.flags.writeable = False
        # A channel that is flat throughout; in a gap no channel has a signal, and none is flat.
        silent = [name for name in (parts[0].silent if parts else ()) if all(name in part.silent for part in parts)]
        redrawn = set().union(*(part.redrawn for part in parts))
        return Tile(request, span, self.rate, out, len(redrawn), tuple(withheld), tuple(silent))

    def _part(
        self, source: Stretch, channels: dict[int, Channel], request: TileRequest, out: NDArray[np.float32],
        control: Control,
    ) -> _Part | None:  # fmt: skip
        """Write one stretch of a tile into ``out``; None where nothing of it was recorded."""
        import torch

        first = request.index * self._steps
        begin, end = self._window(first)
        low, high = (math.ceil(t * self.rate - 1e-6) - first for t in (source.span.start, source.span.stop))
        steps = slice(max(low, 0), min(high, out.shape[-1]))
        prepared = prepare(source, channels, self.model.card, begin, end)
        core = slice(first - begin + steps.start, first - begin + steps.stop)
        if not prepared.valid[core].any():
            return None
        span = Span((first + steps.start) / self.rate, (first + steps.stop) / self.rate)
        withheld, out = self._withheld(source, channels, prepared, core, span), out[..., steps]
        redrawn: frozenset[int] = frozenset()
        if prepared.present.any():
            with torch.inference_mode():
                redrawn = self._fill(out, prepared, request, first, steps, control)
            if np.isnan(out).any() and not any(w.span == span for w in withheld):
                why = f"the model drew no plausible signal in {_ATTEMPTS} attempts here"
                withheld = (Withheld(span, "; ".join([why, *(w.reason for w in withheld[:1])])),)
        out[..., ~prepared.valid[core]] = np.nan
        silent = tuple(channel.name for index, channel in channels.items() if not prepared.present[index])
        return _Part(redrawn, withheld, silent)

    def _window(self, first: int) -> tuple[int, int]:
        """The steps that a tile from step ``first`` is computed on: all that it depends on, on the coarsest grid."""
        reach = self._margin + self._context
        begin = (first - reach) // self._stride * self._stride
        return begin, -(-(first + self._steps + reach) // self._stride) * self._stride

    def _fill(
        self, out: NDArray[np.float32], prepared: Prepared, request: TileRequest, first: int, steps: slice,
        control: Control,
    ) -> frozenset[int]:  # fmt: skip
        """Draw every sample's ``steps`` of a tile into ``out``; returns which had to be drawn again."""
        redrawn, begin = set[int](), 0
        given: ConditionalFlow | None = None
        while begin < request.samples:
            try:
                if given is None:
                    given = self._given(prepared)
                end = min(begin + self._batch, request.samples)
                batch = self._draw(given, range(begin, end), request.seed, first, 0)
                for row in np.flatnonzero(~self._sound(batch[..., steps])):
                    redrawn.add(begin + int(row))
                    batch[row] = self._redraw(given, begin + int(row), request.seed, first, steps)
            except (RuntimeError, MemoryError) as error:
                if not isinstance(error, MemoryError) and not is_out_of_memory(error):
                    raise
                given = None
                self._shrink(error)
                continue
            out[begin:end] = batch[..., steps]
            begin = end
            control.checkpoint(begin / request.samples)
        return frozenset(redrawn)

    def _given(self, prepared: Prepared) -> ConditionalFlow:
        """The distribution over the tile and the flow's own margin."""
        import torch

        scalp = torch.from_numpy(prepared.scalp[None]).to(self.device_name)
        present = torch.from_numpy(prepared.present[None]).to(self.device_name)
        given: ConditionalFlow = self._flow(scalp, present)
        return given.trimmed(self._context)

    def _draw(self, given: ConditionalFlow, samples: range, seed: int, first: int, attempt: int) -> NDArray[np.float32]:
        """Samples of the whole tile, (sample, contact, time) in volts."""
        import torch

        begin = self._window(first)[0] + self._context
        latents = []
        for level, (channels, time) in enumerate(given.latent_shapes(), 1):
            start = begin >> level
            noise = np.stack([normals(seed, k, level, start, time, channels) for k in samples])
            if attempt:
                # Only the tile's own latents are new: what the neighbouring tiles share with it stays.
                own = -(-first >> level), (first + self._steps) >> level
                for row, k in enumerate(samples):
                    fresh = normals(seed, k, level, own[0], own[1] - own[0], channels, attempt)
                    noise[row, :, own[0] - start : own[1] - start] = fresh
            latents.append(torch.from_numpy(noise).to(self.device_name))
        # A sample is as loud in every tile: its scales are addressed by seed and sample alone.
        loudness = self._flow.loudness
        shared = np.stack([normals(seed, k, _WHOLE, 0, 1, loudness.normals)[:, 0] for k in samples])
        scales, loud = loudness.scales(torch.from_numpy(shared).to(self.device_name))
        latents = [*(noise * scale for noise, scale in zip(latents, scales, strict=True)), loud]
        decode = self._eager if self._replayed is None else self._replayed
        depth = decode(given, latents)[..., first - begin : first - begin + self._steps]
        drawn: NDArray[np.float32] = depth.float().cpu().numpy()
        return drawn

    def _eager(self, given: ConditionalFlow, latents: list[Tensor]) -> Tensor:
        """Depth from the noise of every level and, last, how loud the contacts are."""
        import torch

        *noise, loud = latents

        if self.precision == "float32":
            return given.decode(noise, loud)
        with torch.autocast(self.device_name, torch.bfloat16):
            return given.decode(noise, loud).float()

    def _redraw(
        self, given: ConditionalFlow, sample: int, seed: int, first: int, steps: slice
    ) -> NDArray[np.float32]:  # fmt: skip
        """A sample that is sound in these steps, or NaN where none of the attempts was."""
        for attempt in range(1, _ATTEMPTS + 1):
            batch = self._draw(given, range(sample, sample + 1), seed, first, attempt)
            if self._sound(batch[..., steps])[0]:
                sound: NDArray[np.float32] = batch[0]
                return sound
        return np.full(batch.shape[1:], np.nan, dtype=np.float32)

    def _sound(self, batch: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which samples are finite and within twice the largest amplitude of training, shape (sample,)."""
        limit = _LARGEST_FACTOR * self.model.card.limits.largest_depth
        return np.asarray((np.abs(batch) <= limit).all(axis=(1, 2)))  # false for NaN too

    def _shrink(self, error: BaseException) -> None:
        """After running out of memory: halve the batch, then leave the GPU. Raises: OutOfMemory."""
        if self.device_name == "cuda":
            import torch

            if self._replayed is not None:
                self._replayed.forget()
            torch.cuda.empty_cache()
        if self._batch > 1:
            self._batch //= 2
            self._notice(f"{self.device_label} ran out of memory: now {self._batch} samples at a time.")
        elif self.device_name != "cpu":
            self._fall_back_to_cpu()
        else:
            raise OutOfMemory(
                "There is not enough memory for a single sample; close other programs and reconstruct again.",
                str(error),
            ) from error

    def _fall_back_to_cpu(self) -> None:
        self._notice(f"{self.device_label} has no memory left: the reconstruction goes on, slower, on the CPU.")
        self.device_name = "cpu"
        self._batch = _BATCH["cpu"]
        self._replayed = None
        self._flow = self._flow.to("cpu")

    def _withheld(
        self, source: SignalSource, channels: dict[int, Channel], prepared: Prepared, core: slice, span: Span
    ) -> tuple[Withheld, ...]:
        """What of a span, the steps ``core`` of ``prepared``, is outside what the model was trained on, and why."""
        whole = ""
        if int(prepared.present.sum()) < self.model.card.fewest_sites:
            whole = f"fewer than {self.model.card.fewest_sites} scalp channels carry a signal here"
        whole = whole or self._what_is_stuck(source, channels, prepared, span)
        if whole:
            return (Withheld(span, whole),)
        names = [channels[i].name if i in channels else "" for i in range(prepared.present.size)]
        stretches = unfamiliar(
            prepared, self.model.card, self._covariance, names, round(span.start * self.rate) - core.start
        )
        clipped = (Withheld(w.span.clipped_to(span), w.reason) for w in stretches)
        return tuple(w for w in clipped if w.span.duration > 0)

    def _what_is_stuck(self, source: SignalSource, channels: dict[int, Channel], prepared: Prepared, span: Span) -> str:
        """Which channels that the model hears are flat or saturated in a tile, as a reason, or an empty string."""
        heard = [channel for index, channel in channels.items() if prepared.present[index]]
        # A few samples beside a gap repeat themselves by chance: a second of the same stretch is looked at.
        wide = span.widened(max(0.5 - span.duration / 2, 0.0))
        stuck = [c.name for c in heard if share_stuck(source.read(wide, c), c.rate) > _STUCK]
        if not stuck:
            return ""
        them, verb = ("it", "is") if len(stuck) == 1 else ("them", "are")
        named = ", ".join(stuck[:_NAMED]) + (f" and {len(stuck) - _NAMED} more" if len(stuck) > _NAMED else "")
        return f"{named} {verb} flat or saturated here: set {them} aside and reconstruct again"
