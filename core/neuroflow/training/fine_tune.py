"""Fit few parameters of a trained flow to one patient's own recordings."""

from __future__ import annotations

from torch import Tensor, nn

from neuroflow.flow.model import NeuroFlow
from neuroflow.flow.transforms import ActNorm, ConditionalNormal
from neuroflow.inference.model import Model, shape_from
from neuroflow.training.loop import Phase
from neuroflow.training.selection import nll_per_dimension


def few_parameters(flow: NeuroFlow) -> tuple[nn.Parameter, ...]:
    """What fine-tuning changes: how large, how offset and how wide, not how the scalp is read.

    A gain a contact on the linear part (the patient's contacts lie nearer to or farther from their sources than the
    pooled patients'), every actnorm, and the last layer of each conditional prior; about a twentieth of the default
    flow. A patient's few minutes do not hold more (science.md: an hour of fixed data over-fits within minutes).
    """
    found: list[nn.Parameter] = [flow.linear.log_gain]
    for module in flow.modules():
        if isinstance(module, ActNorm):
            found += module.parameters()
        elif isinstance(module, ConditionalNormal):
            found += module.net.last.parameters()
    return tuple(found)


def fine_tuning(flow: NeuroFlow, learning_rate: float) -> tuple[Phase, ...]:
    """The phases of fine-tuning: maximum likelihood in :func:`few_parameters`."""
    parameters = few_parameters(flow)

    def loss(scalp: Tensor, present: Tensor, depth: Tensor, shared: Tensor) -> Tensor:  # noqa: ARG001
        return nll_per_dimension(flow(scalp, present), depth)

    return (Phase("fine-tuning", 1.0, loss, parameters, learning_rate),)


def trainable(model: Model) -> NeuroFlow:
    """A model's flow to go on training: unlike the one that inference runs, it keeps no inverses.

    Raises: ModelProblem.
    """
    flow = NeuroFlow(shape_from(model.card.shape))
    flow.load_state_dict(model.build().state_dict())
    return flow
