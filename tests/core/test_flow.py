"""Laws of the flow: inverse, log-determinant, gradients, masking, addressable noise, save and load."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from neuroflow.flow.model import ConditionalFlow, FlowShape, NeuroFlow, average_reference, bounded
from neuroflow.flow.noise import normals
from neuroflow.flow.transforms import ActNorm, AffineCoupling, Chain, HaarSqueeze, InvertibleLinear, Transform

SMALL = FlowShape(
    sites=7, contacts=8, features=(6, 8, 10, 8), token=4, queries=2, hidden=12, dilations=((1,), (1, 2), (1, 2), (1,)),
    lags=3, factors=8,
)  # fmt: skip


def perturbed(module: torch.nn.Module, seed: int = 0, size: float = 0.1) -> torch.nn.Module:
    """The module away from its initial identity, in float64."""
    torch.manual_seed(seed)
    module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(size * torch.randn_like(parameter))
    return module


def small_flow(size: float = 0.1) -> NeuroFlow:
    flow = NeuroFlow(SMALL)
    perturbed(flow, size=size)
    a = torch.randn(8, 8, dtype=torch.float64)
    flow.set_whitening(a @ a.T + torch.eye(8))
    width = flow.linear.gram.shape[0]
    generator = torch.Generator().manual_seed(5)
    root = torch.randn(width, width, generator=generator)
    flow.linear.set_moments(root @ root.T / width, 0.003 * torch.randn(flow.linear.cross.shape, generator=generator))
    return flow


def scalp_of(flow: NeuroFlow, time: int, batch: int = 1, seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    scalp = 2e-5 * torch.randn(batch, flow.shape.sites, time, generator=generator, dtype=torch.float64)
    return scalp, torch.ones(batch, flow.shape.sites, dtype=torch.bool)


TRANSFORMS: dict[str, Transform] = {
    "haar": HaarSqueeze(),
    "actnorm": ActNorm(4),
    "linear": InvertibleLinear(4),
    "coupling": AffineCoupling(4, 3, 5, dilation=2, bound=1.5),
    "chain": Chain(ActNorm(4), InvertibleLinear(4), AffineCoupling(4, 3, 5, dilation=1, bound=1.5)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_is_undone_by_its_inverse_and_knows_its_log_determinant(name: str) -> None:
    transform = TRANSFORMS[name]
    perturbed(transform, size=0.3)
    x = torch.randn(2, 4, 6, dtype=torch.float64)
    context = torch.randn(2, 3, 6, dtype=torch.float64)
    z, log_det = transform(x, context)
    assert torch.allclose(transform.inverse(z, context), x, atol=1e-10)
    for row in range(2):

        def only(flat: Tensor, row: int = row) -> Tensor:
            return transform(flat.reshape(1, 4, 6), context[row : row + 1])[0].flatten()

        jacobian = torch.autograd.functional.jacobian(only, x[row].flatten())
        assert float(log_det[row].detach()) == pytest.approx(float(torch.linalg.slogdet(jacobian)[1]), abs=1e-9)


@pytest.mark.parametrize("loud", [None, torch.linspace(0.7, 1.4, 8, dtype=torch.float64).reshape(1, 8, 1)])
def test_the_whole_flow_is_undone_and_its_density_is_the_change_of_variables(loud: Tensor | None) -> None:
    flow = small_flow()
    scalp, present = scalp_of(flow, 16)
    given = flow(scalp, present)
    depth = 1e-4 * torch.randn(1, 8, 16, dtype=torch.float64)
    latents, log_det = given.encode(depth, loud)
    assert torch.allclose(given.decode(latents, loud), depth, rtol=1e-9, atol=1e-15)

    def to_noise(flat: Tensor) -> Tensor:
        return torch.cat([z.flatten() for z in given.encode(flat.reshape(1, 8, 16), loud)[0]])

    jacobian = torch.autograd.functional.jacobian(to_noise, depth.flatten())
    assert float(log_det.detach()) == pytest.approx(float(torch.linalg.slogdet(jacobian)[1]), rel=1e-9)
    if loud is None:
        assert torch.equal(given.log_prob(depth), log_det + flow.loudness.log_prob(latents))


def test_a_fresh_flow_is_the_ridge_with_white_noise() -> None:
    """Every coupling and prior begins as the identity, so that training refines the linear part and cannot lose it."""
    torch.manual_seed(1)
    flow = NeuroFlow(SMALL).double()
    cross = 0.003 * torch.randn(flow.linear.cross.shape)
    flow.linear.set_moments(torch.eye(flow.linear.gram.shape[0]), cross)
    scalp, present = scalp_of(flow, 64)
    given = flow(scalp, present)
    expected = flow.linear(bounded(average_reference(scalp, present) / SMALL.scalp_scale), present)
    assert torch.equal(given.mean, expected)
    depth = 1e-4 * torch.randn(1, 8, 64, dtype=torch.float64)
    latents, _ = given.encode(depth)
    left = depth / SMALL.depth_scale - expected
    energy = sum(float(z.square().sum().detach()) for z in latents)  # orthonormal squeezes alone keep it
    assert energy == pytest.approx(float(left.square().sum().detach()), rel=1e-9)


def test_an_actnorm_is_set_from_data_and_a_haar_pair_is_orthonormal() -> None:
    torch.manual_seed(2)
    x = 5.0 + 3.0 * torch.randn(6, 4, 50, dtype=torch.float64)
    norm = ActNorm(4).double()
    norm.set_from(x)
    z, _ = norm(x, x)
    assert torch.allclose(z.mean(dim=(0, 2)), torch.zeros(4, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(z.std(dim=(0, 2)), torch.ones(4, dtype=torch.float64))
    squeezed, _ = HaarSqueeze()(x, x)
    assert squeezed.shape == (6, 8, 25)
    assert torch.allclose(squeezed[:, :4], (x[..., 0::2] + x[..., 1::2]) / 2**0.5)
    assert torch.allclose(squeezed.square().sum(), x.square().sum())


def loud_flow() -> NeuroFlow:
    """With loudness of cells and of contacts, and the residual that it was whitened by, as after a training."""
    flow = small_flow(size=0.01)
    generator = torch.Generator().manual_seed(3)
    for scales, size in ((flow.loudness.cells, 0.05), (flow.loudness.contacts, 0.12)):
        for part in (scales.mean, scales.loadings, scales.own):
            part.copy_(size * torch.randn(part.shape, generator=generator, dtype=torch.float64).abs())
    return flow


def test_a_flow_that_was_saved_and_loaded_is_the_same_to_the_bit() -> None:
    flow = loud_flow()
    again = NeuroFlow(SMALL).double()
    again.load_state_dict(load(save({name: tensor.contiguous() for name, tensor in flow.state_dict().items()})))
    depth = 1e-4 * torch.randn(1, 8, 128, dtype=torch.float64)
    for one, other in zip(_density_and_samples(flow, depth), _density_and_samples(again, depth), strict=True):
        assert torch.equal(one, other)
    again.loudness.silence()
    assert not torch.equal(_density_and_samples(flow, depth)[0], _density_and_samples(again, depth)[0])


def _density_and_samples(flow: NeuroFlow, depth: Tensor) -> tuple[Tensor, Tensor]:
    given = flow(*scalp_of(flow, 128))
    return given.log_prob(depth).detach(), given.sample(3, torch.Generator().manual_seed(2)).detach()


@pytest.mark.parametrize("size", [1.0, 1e3, 1e6])
def test_a_coupling_stretches_by_no_more_than_its_bound_however_far_off_its_input_is(size: float) -> None:
    coupling = AffineCoupling(4, 3, 5, dilation=2, bound=1.5)
    perturbed(coupling, size=3.0)
    x = size * torch.randn(2, 4, 6, dtype=torch.float64)
    _, log_det = coupling(x, torch.randn(2, 3, 6, dtype=torch.float64))
    assert float(log_det.abs().max()) <= 1.5 * 2 * 6 + 1e-9, "half of the channels, every step"
    assert float(log_det.abs().max()) > 0.5, "it does stretch"


def test_noise_of_the_cpu_serves_a_flow_on_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device is one without arithmetic ("meta"); that generators and results share theirs is CUDA's own rule."""
    randn = torch.randn

    def strict(*size: int, generator: torch.Generator, device: torch.device, dtype: torch.dtype) -> Tensor:
        if generator.device.type != torch.device(device).type:
            raise RuntimeError(f"Expected a '{device}' device type for generator but found '{generator.device}'")
        return randn(*size, generator=generator, device=device, dtype=dtype)

    flow = small_flow()
    here = flow(*scalp_of(flow, 128))
    given = ConditionalFlow(flow.to("meta"), tuple(c.to("meta") for c in here.contexts), here.mean.to("meta"))
    monkeypatch.setattr(torch, "randn", strict)
    assert given.sample(2, torch.Generator()).device.type == "meta"


def test_the_density_is_the_mean_over_how_loud_contacts_are() -> None:
    """Against the integral itself, by importance sampling about the mode, in windows much shorter than are used."""
    flow = loud_flow().requires_grad_(False)
    scales, root, draws = flow.loudness.contacts, flow.loudness.contacts.root(), 1000
    given = flow(*scalp_of(flow, 128))
    depth = given.sample(1, torch.Generator().manual_seed(4))

    def weight(u: Tensor) -> Tensor:
        seen, log_det = given.encode(depth.expand(len(u), -1, -1), (scales.mean + u @ root.T).exp().unsqueeze(-1))
        return flow.loudness.log_prob(seen) + log_det - 0.5 * u.square().sum(dim=1)

    mode, _ = given.mode(depth)
    curvature = -torch.autograd.functional.hessian(lambda u: weight(u[None]).sum(), mode[0])
    wider = 1.2 * torch.linalg.cholesky(torch.linalg.inv(curvature))
    noise = torch.randn(draws, len(wider), generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    weights = torch.cat([weight(u) for u in (mode + noise @ wider.T).split(100)])
    weights += 0.5 * noise.square().sum(dim=1) + torch.logdet(wider)
    assert float(1.0 / weights.softmax(dim=0).square().sum()) > 100, "the estimate is of many draws"
    expected = float(torch.logsumexp(weights, dim=0)) - math.log(draws)
    # Fisher's information leaves out what the cells' scales could take over: it errs on the side of less.
    assert -3e-3 < (float(given.log_prob(depth)[0]) - expected) / depth.numel() < 5e-4
    scales.silence()
    assert (float(given.log_prob(depth)[0]) - expected) / depth.numel() < -0.01


def test_the_gradient_of_the_density_counts_how_loud_contacts_are() -> None:
    flow = loud_flow()
    scalp, present = scalp_of(flow, 64)
    with torch.no_grad():
        depth = flow(scalp, present).sample(1, torch.Generator().manual_seed(6))
    parameter = flow.linear.log_gain
    flow(scalp, present).log_prob(depth).sum().backward()
    assert parameter.grad is not None
    slope = float(parameter.grad.sum())
    values = []
    with torch.no_grad():
        for step in (1e-3, -1e-3):
            parameter.add_(step)
            values.append(float(flow(scalp, present).log_prob(depth)))
            parameter.sub_(step)
    assert slope == pytest.approx((values[0] - values[1]) / 2e-3, rel=0.02)


def test_the_inverse_holds_in_single_precision() -> None:
    flow = NeuroFlow(FlowShape(sites=7, contacts=8))
    perturbed(flow, size=0.02)
    flow.float()
    scalp, present = scalp_of(flow, 64)
    given = flow(scalp.float(), present)
    depth = given.sample(3, torch.Generator().manual_seed(0))
    latents, _ = given.encode(depth)
    again = given.decode(latents)
    assert float((again - depth).abs().max() / depth.abs().max()) < 1e-4


def test_every_parameter_gets_a_gradient() -> None:
    flow = small_flow()
    scalp, present = scalp_of(flow, 32, batch=2)
    present[0, 3] = False
    loss = -flow(scalp, present).log_prob(1e-4 * torch.randn(2, 8, 32, dtype=torch.float64)).sum()
    loss.backward()
    # The coarsest prior has nothing kept above it, so the weights that would see it are idle by construction.
    idle = {"priors.3.net.signal.weight"}
    for name, parameter in flow.named_parameters():
        strictly_triangular = parameter.grad is not None and parameter.grad.abs().sum() > 0
        assert strictly_triangular or name in idle, name


def test_an_absent_channel_may_hold_anything() -> None:
    flow = small_flow()
    scalp, present = scalp_of(flow, 32)
    present[0, 2] = False
    depth = 1e-4 * torch.randn(1, 8, 32, dtype=torch.float64)
    before = flow(scalp, present).log_prob(depth)
    scalp[0, 2] = float("nan")
    assert torch.equal(flow(scalp, present).log_prob(depth), before)


def test_the_recordings_reference_does_not_matter() -> None:
    flow = small_flow()
    scalp, present = scalp_of(flow, 32)
    depth = 1e-4 * torch.randn(1, 8, 32, dtype=torch.float64)
    before = flow(scalp, present).log_prob(depth)
    moved = scalp + 1e-4 * torch.randn(1, 1, 32, dtype=torch.float64)
    assert torch.allclose(flow(moved, present).log_prob(depth), before, rtol=1e-9)
    assert torch.allclose(average_reference(scalp, present).sum(dim=1), torch.zeros(1, 32, dtype=torch.float64))


def test_a_sample_depends_on_its_margin_and_no_further() -> None:
    """The law that makes tiles possible: beyond ``margin`` and ``context_margin`` nothing matters."""
    flow = small_flow()
    core, reach = 32, flow.margin + flow.context_margin
    far = 6 * flow.shape.stride
    scalp, present = scalp_of(flow, core + 2 * reach + 2 * far)
    wide = flow(scalp, present).trimmed(flow.context_margin + far)
    narrow = flow(scalp[..., far:-far], present).trimmed(flow.context_margin)
    noise = [torch.randn(2, c, t, dtype=torch.float64) for c, t in narrow.latent_shapes()]
    assert wide.latent_shapes() == narrow.latent_shapes()
    a = wide.decode(noise)[..., flow.margin : flow.margin + core]
    b = narrow.decode(noise)[..., flow.margin : flow.margin + core]
    assert torch.allclose(a, b, rtol=1e-9, atol=1e-18)
    # and other noise beyond the margin changes nothing in the core
    longer = flow(scalp, present).trimmed(flow.context_margin)
    more = [torch.randn(2, c, t, dtype=torch.float64) for c, t in longer.latent_shapes()]
    for level, (some, all_of_it) in enumerate(zip(noise, more, strict=True), 1):
        all_of_it[..., far >> level : (far >> level) + some.shape[-1]] = some
    c = longer.decode(more)[..., far + flow.margin : far + flow.margin + core]
    assert torch.allclose(a, c, rtol=1e-9, atol=1e-18)


def test_samples_follow_the_density() -> None:
    """E over samples of p'/p is 1 for any other density p'; here for a shifted scalp (importance identity)."""
    flow = small_flow()
    scalp, present = scalp_of(flow, 16)
    given = flow(scalp, present)
    depth = given.sample(4000, torch.Generator().manual_seed(3))
    with torch.no_grad():
        many = scalp.expand(4000, -1, -1), present.expand(4000, -1)
        ratio = (flow(0.9 * many[0], many[1]).log_prob(depth) - flow(*many).log_prob(depth)).exp()
    assert float(ratio.mean()) == pytest.approx(1.0, abs=6 * float(ratio.std()) / 4000**0.5 + 1e-6)


@pytest.mark.parametrize("wrong", [{"contacts": 12}, {"factors": 4}, {"dilations": ((1,),)}, {"features": (1, 2)}])
def test_a_shape_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        FlowShape(**{"sites": 7, "contacts": 8, **wrong})  # type: ignore[arg-type]


def test_time_that_does_not_fit_the_coarsest_grid_is_refused() -> None:
    flow = small_flow()
    scalp, present = scalp_of(flow, 24)
    with pytest.raises(ValueError, match="multiple of 16"):
        flow(scalp, present)


def test_noise_is_the_same_whoever_asks() -> None:
    whole = normals(7, 3, 1, -50, 200, 16)
    assert np.array_equal(normals(7, 3, 1, -10, 60, 16), whole[:, 40:100])
    for other in ((8, 3, 1), (7, 4, 1), (7, 3, 2)):
        assert not np.array_equal(normals(*other, -50, 200, 16), whole)
    assert not np.array_equal(normals(7, 3, 1, -50, 200, 16, attempt=1), whole)


def test_noise_is_standard_normal() -> None:
    from scipy.stats import kstest

    draw = normals(0, 0, 1, 0, 4000, 64)
    assert kstest(draw.ravel()[:100_000], "norm").pvalue > 1e-3
    assert abs(float(np.corrcoef(draw[0, 1:], draw[0, :-1])[0, 1])) < 0.06
    between = np.corrcoef(draw) - np.eye(64)
    assert np.abs(between).max() < 0.09


def test_noise_does_not_change_between_versions() -> None:
    """Pinned: a file that names its seed must stay reproducible with later versions."""
    assert normals(1, 2, 3, 4, 2, 8)[:, 0] == pytest.approx(PINNED, abs=1e-5)


PINNED = [0.503895, -0.495968, -1.116349, 0.991227, 0.977008, -1.742857, 0.3431, 0.449595]
