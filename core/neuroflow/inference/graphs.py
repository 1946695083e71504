"""The flow's inverse on CUDA as one graph: its hundred small kernels are launched once and replayed for every batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from neuroflow.inference.device import is_out_of_memory

if TYPE_CHECKING:
    from torch import Tensor

    from neuroflow.flow.model import ConditionalFlow

_KEPT = 4  # each holds its own memory; tiles differ by a step of the coarsest level, batches in their last
_WARM_UPS = 3

Decode = Callable[["ConditionalFlow", "list[Tensor]"], "Tensor"]


class Graph(Protocol):
    """What was captured: replaying it computes its output from its inputs again."""

    def replay(self) -> None: ...


Capture = Callable[[Callable[[], "Tensor"]], "tuple[Graph, Tensor]"]


def capture_on_cuda(compute: Callable[[], Tensor]) -> tuple[Graph, Tensor]:
    """A graph of a computation on fixed tensors, and where its output appears."""
    import torch

    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # what is set up at first use must not be captured
        for _ in range(_WARM_UPS):
            compute()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = compute()
    return graph, out


class ReplayedDecode:
    """Decodes like ``decode``, by a captured graph for each combination of shapes.

    Where capture fails, for any reason but memory, it goes on without graphs and tells ``notice`` so.
    """

    def __init__(
        self, decode: Decode, notice: Callable[[str], None] | None = None, capture: Capture = capture_on_cuda
    ) -> None:
        self._decode, self._capture = decode, capture
        self._notice = notice or (lambda _: None)
        self._graphs: OrderedDict[tuple[object, ...], tuple[Graph, list[Tensor], Tensor]] = OrderedDict()
        self._works = True

    def __call__(self, given: ConditionalFlow, latents: list[Tensor]) -> Tensor:
        if not self._works:
            return self._decode(given, latents)
        inputs = [given.mean, *given.contexts, *latents]
        key = tuple(tuple(tensor.shape) for tensor in inputs)
        if key not in self._graphs:
            try:
                self._graphs[key] = self._captured(given, inputs)
            except RuntimeError as error:
                if is_out_of_memory(error):
                    raise
                self._works = False
                self._graphs.clear()
                self._notice("This GPU cannot replay the model as one graph: reconstruction goes on, a little slower.")
                return self._decode(given, latents)
        self._graphs.move_to_end(key)
        if len(self._graphs) > _KEPT:
            self._graphs.popitem(last=False)
        graph, fixed, out = self._graphs[key]
        for mine, theirs in zip(fixed, inputs, strict=True):
            mine.copy_(theirs)
        graph.replay()
        return out.clone()  # the next replay writes over it

    def forget(self) -> None:
        """Let go of graphs and their memory."""
        self._graphs.clear()

    def _captured(self, given: ConditionalFlow, inputs: list[Tensor]) -> tuple[Graph, list[Tensor], Tensor]:
        from neuroflow.flow.model import ConditionalFlow

        fixed = [tensor.clone() for tensor in inputs]
        levels = len(given.contexts)
        held = ConditionalFlow(given.flow, tuple(fixed[1 : 1 + levels]), fixed[0])
        graph, out = self._capture(lambda: self._decode(held, fixed[1 + levels :]))
        return graph, fixed, out
