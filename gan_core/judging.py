"""How D is shown samples: through noise and in packs while it trains, one by one when we look.

Instance noise and packing change what D is shown and nothing else: all losses and penalties
are taken from what it then says. A D with batch normalisation, or one that is told how much
samples differ, judges each sample by those beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gan_core.conditional import CLASSES, ProjectionDiscriminator, discriminator_of
from gan_core.config import TrainConfig
from gan_core.layers import BatchNorm, Discriminator, MinibatchStd

# So many real samples stand beside the one that is looked at.
COMPANY = 256


# In training ----------------------------------------------------------------------------


def blurred(samples: Tensor, sigma: float, random: torch.Generator) -> Tensor:
    """Add normal noise of deviation σ to every number (Sønderby 2016, arXiv:1610.04490).

    Data and generated samples that lie on thin sheets share next to no points, and a D that
    is sure of itself has no slope (Arjovsky & Bottou 2017, arXiv:1701.04862). With the same
    noise on both they overlap. Gradients flow through to G.
    """
    if sigma == 0:
        return samples
    noise = torch.randn(samples.shape, generator=random, dtype=samples.dtype)
    return samples + sigma * noise


def noise_left(config: TrainConfig, moves: int) -> float:
    """Return σ of the instance noise after so many of D's moves."""
    if config.instance_noise_moves == 0:
        return config.instance_noise
    return config.instance_noise * max(0.0, 1 - moves / config.instance_noise_moves)


def packed(samples: Tensor, size: int) -> Tensor:
    """Put ``size`` samples that follow one another side by side (Lin 2018, arXiv:1712.04086).

    (N, C, ...) becomes (N / size, size · C, ...); N must be a multiple of ``size``. D then
    sees at once how much the samples of a kind vary, and a G that makes few is found out.
    """
    if size == 1:
        return samples
    return samples.reshape(len(samples) // size, size * samples.shape[1], *samples.shape[2:])


def compares(discriminator: nn.Module) -> bool:
    """Say whether D judges a sample by those beside it.

    Real and generated samples must then not come in one batch: D would be told by the
    company of a sample which kind it is.
    """
    return any(isinstance(layer, BatchNorm | MinibatchStd) for layer in discriminator.modules())


def group_alike(discriminator: Discriminator, packs: int) -> None:
    """Let groups be no larger than the smaller batch, of whichever kind.

    Fewer samples deviate less on average: by groups of another size D could tell the kinds.
    """
    layer = _deviation(discriminator)
    if layer is not None:
        layer.group = min(layer.GROUP, packs)


# When we look ---------------------------------------------------------------------------


@contextmanager
def at_rest(network: nn.Module) -> Iterator[nn.Module]:
    """Let a network judge without dropout, which would use up random numbers of the training."""
    if not network.training:
        yield network
        return
    network.eval()
    try:
        yield network
    finally:
        network.train()


def judges_single(config: TrainConfig) -> bool:
    """Say whether D, at rest, gives a verdict on a sample and nothing else.

    Without others beside it, and without being told its class.
    """
    return judges_without_company(config) and config.conditional == "off"


def judges_without_company(config: TrainConfig) -> bool:
    """Say whether D, at rest, needs no other sample beside the one that it judges."""
    return config.packing == 1 and config.minibatch_stddev == "off"


@contextmanager
def one_by_one(discriminator: Discriminator, real: Tensor) -> Iterator[nn.Module]:
    """Let D judge single samples (N, C, ...), at rest; see :func:`alone`."""
    if discriminator.packing == 1 and _deviation(discriminator) is None:
        with at_rest(discriminator) as judge:
            yield judge
    else:
        yield alone(discriminator, real)


@torch.no_grad()
def alone(discriminator: Discriminator, real: Tensor) -> Discriminator:
    """Return a copy of D at rest that judges single samples (N, C, ...), for itself.

    A D of packs is asked about a pack of m copies: its best verdict on them is
    p(x)^m / (p(x)^m + q(x)^m), on the same side of 1/2 as that of an unpacked D. A D that is
    told how much samples differ is told what it hears of real ones. In either case the copy
    has no layer that the usual D has not.

    Args:
        discriminator: D; it stays as it is.
        real: (N, C, ...) real samples, of which the first 256 are the company.

    Raises:
        ValueError: if D is told classes; see :func:`alone_by_class`.
    """
    if isinstance(discriminator, ProjectionDiscriminator):
        raise ValueError("a discriminator that is told classes judges no sample without one")
    judge = copy.deepcopy(discriminator).eval()
    layers = list(judge.net)
    deviation = _deviation(judge)
    if deviation is not None:
        heard, last = _heard(judge, deviation, real), layers.pop()
        assert isinstance(last, nn.Linear)
        layers[-1] = _plain(last, last.weight[:, :-1], last.bias + heard * last.weight[:, -1])
    if judge.packing > 1:
        place, first = _first_weighed(layers)
        by_sample = first.weight.unflatten(1, (judge.packing, -1))
        layers[place] = _plain(first, by_sample.sum(1), first.bias)
    judge.net, judge.packing = nn.Sequential(*layers), 1
    return judge


def alone_by_class(discriminator: ProjectionDiscriminator, real: Tensor) -> list[Discriminator]:
    """Return for each class what :func:`alone` makes of a D that is told this class.

    In a pack all pictures are then of the class. The company is of all classes, as in training.

    Args:
        discriminator: D; it stays as it is.
        real: (N, C, ...) real samples of all classes.
    """
    return [alone(discriminator_of(discriminator, label), real) for label in range(CLASSES)]


def _first_weighed(layers: list[nn.Module]) -> tuple[int, nn.Linear | nn.Conv2d]:
    """Return the first layer with weights and its place."""
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            return place, layer
    raise ValueError("a discriminator without weights")


def _deviation(discriminator: Discriminator) -> MinibatchStd | None:
    found = (layer for layer in discriminator.modules() if isinstance(layer, MinibatchStd))
    return next(found, None)


def _heard(judge: Discriminator, deviation: MinibatchStd, real: Tensor) -> Tensor:
    """Return the mean of what D is told of the spread of real samples."""
    heard: list[Tensor] = []
    hook = deviation.register_forward_hook(lambda _layer, _x, y: heard.append(y[:, -1].mean()))
    company = real[:COMPANY]
    judge(packed(company[: len(company) // judge.packing * judge.packing], judge.packing))
    hook.remove()
    return heard[0]


def _plain(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Linear | nn.Conv2d:
    """Return a layer of the same kind with other weights."""
    assert bias is not None, "every layer of a discriminator has a bias"
    outputs, inputs = weight.shape[:2]
    with torch.device("meta"):
        plain: nn.Linear | nn.Conv2d
        if isinstance(layer, nn.Conv2d):
            stride, padding = layer.stride[0], layer.padding[0]
            plain = nn.Conv2d(inputs, outputs, layer.kernel_size[0], stride, padding)
        else:
            plain = nn.Linear(inputs, outputs)
    plain.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    return plain.requires_grad_(False)
