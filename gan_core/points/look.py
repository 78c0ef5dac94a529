"""What there is to see of a game of points at one moment, as one short message.

Real and generated points, D's verdict all over the plane and the best verdict there could
be, where G sends its noise, and where its loss would have the points go. Looking changes
nothing: all noise is fixed, and no random number of the trainer is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from gan_core.judging import at_rest, compares, noise_left, one_by_one
from gan_core.losses import Loss
from gan_core.metrics.points import CELLS, cell_shares
from gan_core.packing import pack
from gan_core.points.sets import POINT_SETS, VIEW
from gan_core.trainer import Trainer

SHOWN = 400
ARROWS = 100
MESH = 20  # of G's manifold, along each axis of the noise
LINE = 400
# Points are sent as int16 within twice the view: some lie outside it.
REACH = 2 * VIEW
_FULL = 32767
# A normal number leaves this once in 370 times.
NOISE_REACH = 3.0
# D* is smoothed by a Gaussian of one cell, data and generated points alike.
SMOOTHING = 1.0
UNKNOWN = 255
# Share of a generated point below which a cell counts as empty: some two cells away from it.
_EMPTY = 0.02

Bytes = NDArray[np.uint8]
Shorts = NDArray[np.int16]
Grid = NDArray[np.float64]


@dataclass(frozen=True)
class PointLook:
    """A look, ready to travel.

    Attributes:
        facts: numbers that explain the blocks, for JSON.
        blocks: arrays by name, int16 before uint8, little endian.
    """

    id: int
    iteration: int
    facts: dict[str, Any]
    blocks: dict[str, Shorts | Bytes] = field(repr=False)

    @property
    def about(self) -> dict[str, Any]:
        """What the bytes are."""
        layout = [
            [name, "i2" if block.dtype == np.int16 else "u1", list(block.shape)]
            for name, block in self.blocks.items()
        ]
        return {"id": self.id, "iteration": self.iteration, "blocks": layout, **self.facts}

    @cached_property
    def content(self) -> bytes:
        """The blocks, one behind the other."""
        return b"".join(block.tobytes() for block in self.blocks.values())

    @property
    def page(self) -> bytes:
        """The whole look as one message that can be read alone."""
        return pack(self.about, self.content)


def look_at(trainer: Trainer, number: int, real: Tensor, best: Best | None = None) -> PointLook:
    """Return a look at a game.

    Args:
        number: the look's id.
        real: real points (N, 2) to show, the same ones in every look.
        best: the best verdict, where it is known.
    """
    with at_rest(trainer.discriminator):  # once for all its verdicts
        facts, blocks = _seen(trainer, real)
    if best is not None:
        blocks["optimal"] = best.shades
        facts["optimal_at"] = best.iteration
    return PointLook(number, trainer.iteration, facts, blocks)


def _seen(trainer: Trainer, real: Tensor) -> tuple[dict[str, Any], dict[str, Shorts | Bytes]]:
    """Return what a look is made of: facts and blocks."""
    noise = trainer.noise(SHOWN)
    fake = trainer.generate(noise)
    kind, nodes = manifold(trainer)
    verdict = verdict_grid(trainer)
    low, high = trainer.loss.verdict_range or _limits(verdict)
    pushes, longest = _scaled(arrows(trainer, fake[:ARROWS], real[:ARROWS]))
    blocks: dict[str, Shorts | Bytes] = {
        "real": quantised(real),
        "generated": quantised(fake),
        "manifold": quantised(nodes),
        "arrows": pushes,
        "verdict": _shades(verdict, low, high),
        "noise": _shades(_in_the_plane(noise), -NOISE_REACH, NOISE_REACH),
    }
    facts = {
        "reach": REACH,
        "noise_reach": NOISE_REACH,
        "low": _short(low),
        "high": _short(high),
        "middle": _short(_middle(trainer, real[:ARROWS], fake[:ARROWS])),
        "arrow": _short(longest),
        "manifold": kind,
        "cells": MESH,
        "optimal_at": None,
        "optimal_is": "ratio" if _sees_more(trainer) else optimal_is(trainer.loss),
    }
    return facts, blocks


# Points as numbers ------------------------------------------------------------------------


def quantised(points: Tensor) -> Shorts:
    """Return points (..., 2) as int16; what lies beyond ``REACH`` is put on its edge."""
    scaled = points.detach().nan_to_num().clamp(-REACH, REACH) * (_FULL / REACH)
    return scaled.round().to(torch.int16).numpy()


def _in_the_plane(noise: Tensor) -> Tensor:
    """Return the first two coordinates of noise (N, latent_dim); of one, the second is 0."""
    return noise[:, :2] if noise.shape[1] > 1 else nn.functional.pad(noise, (0, 1))


def _scaled(vectors: Tensor) -> tuple[Shorts, float]:
    """Return vectors (N, 2) as int16 in units of the longest, and its length."""
    longest = vectors.norm(dim=1).max().item()
    if not 0 < longest < math.inf:
        return np.zeros(tuple(vectors.shape), np.int16), 0.0
    return (vectors * (_FULL / longest)).round().to(torch.int16).numpy(), longest


def _shades(verdict: Tensor, low: float, high: float) -> Bytes:
    """Return verdicts as bytes, 0 at ``low`` to 255 at ``high``."""
    span = max(high - low, 1e-12)
    return ((verdict - low) * (255 / span)).nan_to_num().round().clamp(0, 255).byte().numpy()


def _limits(verdict: Tensor) -> tuple[float, float]:
    known = verdict.nan_to_num()
    return known.min().item(), known.max().item()


def _short(value: float) -> float:
    """Return a number with few digits, for JSON."""
    return float(f"{value:.5g}") if math.isfinite(value) else 0.0


# D ----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def edges() -> Tensor:
    """Return where the cells of the plane begin and end, (CELLS + 1,) along either axis."""
    return torch.linspace(-VIEW, VIEW, CELLS + 1, dtype=torch.float64)


@lru_cache(maxsize=1)
def cell_centres() -> Tensor:
    """Return the middle of every cell (CELLS², 2), row by row from the bottom, left to right."""
    middles = ((edges()[1:] + edges()[:-1]) / 2).float()
    y, x = torch.meshgrid(middles, middles, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


@torch.no_grad()
def verdict_grid(trainer: Trainer) -> Tensor:
    """Return D's verdict in the middle of every cell, (CELLS, CELLS), bottom row first.

    A probability where the loss has one, else the raw score. A D of packs is asked about
    copies of one point, see ``judging.alone``.
    """
    with one_by_one(trainer.discriminator, trainer.data) as judge:
        return trainer.loss.verdict(judge(cell_centres())).view(CELLS, CELLS)


@torch.no_grad()
def _middle(trainer: Trainer, real: Tensor, fake: Tensor) -> float:
    """Return the verdict of a D that cannot tell.

    Where a loss leaves it open, midway between the mean verdicts on both kinds of points.
    """
    known = trainer.loss.verdict_at_equilibrium
    if known is not None:
        return known
    with one_by_one(trainer.discriminator, trainer.data) as judge:
        on_real, on_fake = judge(torch.cat([real, fake])).split([len(real), len(fake)])
    return (on_real.mean().item() + on_fake.mean().item()) / 2


# The best D -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Best:
    """The best verdict as it was at an iteration: bytes, 0 to 254, 255 where nothing is."""

    iteration: int
    shades: Bytes


def optimal_is(loss: Loss) -> str:
    """Say what ``p/(p + q)`` is under a loss.

    "verdict": the best D's verdict itself, up to the smoothing of labels. "ratio": the best D
    is another function (a sign, a logarithm, or none), and this shows whose points outweigh.
    """
    return "verdict" if loss.key in _BEST_IS_RATIO else "ratio"


def _sees_more(trainer: Trainer) -> bool:
    """Say whether D judges more than a point: its noise, its pack or its batch.

    The best D is then a function of that, and not p/(p + q) of the points themselves.
    """
    config, moves = trainer.config, trainer.discriminator_moves
    return config.packing > 1 or compares(trainer.discriminator) or noise_left(config, moves) > 0


# Goodfellow 2014, proposition 1; Mao 2017, equation 5; Salimans 2016, section 3.4 (times .9).
_BEST_IS_RATIO = {"minimax": 1.0, "non_saturating": 1.0, "least_squares": 1.0, "one_sided": 0.9}


def best_verdict(loss: Loss, key: str, fake: Tensor, iteration: int) -> Best:
    """Return D* = p/(p + q) in every cell, p the data's mass there and q the generator's.

    p is exact; q is estimated as the share of generated points (N, 2) in the cell, and both are
    smoothed by the same Gaussian of one cell. So it is D* at the resolution of the
    plot, and the noise of some thousand points is in it.
    """
    q = smoothed(cell_shares(fake)[:-1].view(CELLS, CELLS).numpy())
    p = _data_mass(key)
    total = p + q
    known = total > _EMPTY / len(fake)
    ratio = np.divide(p, total, out=np.zeros_like(p), where=known)
    shades = np.round(_BEST_IS_RATIO.get(loss.key, 1.0) * 254 * ratio).astype(np.uint8)
    return Best(iteration, np.where(known, shades, np.uint8(UNKNOWN)))


@lru_cache(maxsize=len(POINT_SETS))
def _data_mass(key: str) -> Grid:
    return smoothed(POINT_SETS[key].masses(edges()).numpy())


def smoothed(mass: Grid) -> Grid:
    """Return a mass per cell, each spread over its neighbours."""
    return np.asarray(gaussian_filter(mass, SMOOTHING, mode="constant"))


# G ----------------------------------------------------------------------------------------


def arrows(trainer: Trainer, fake: Tensor, real: Tensor) -> Tensor:
    """Return (N, 2): where G's own loss would have each generated point (N, 2) go.

    It is -∂L/∂x of the loss in use, for each point alone. A loss that compares, compares
    each with all of ``real`` and takes the mean.
    """
    x = fake.detach().clone().requires_grad_()
    with one_by_one(trainer.discriminator, trainer.data) as judge:
        on_fake = judge(x)
        if trainer.loss.compares:
            with torch.no_grad():
                on_real = judge(real)
            pairs = torch.broadcast_tensors(on_real[None, :], on_fake[:, None])
            losses = trainer.loss.generator(real=pairs[0].flatten(), fake=pairs[1].flatten())
            losses = losses.view(len(fake), len(real)).mean(1)
        else:
            losses = trainer.loss.generator(real=None, fake=on_fake)
        (slope,) = torch.autograd.grad(losses.sum(), x)
    return -slope


def manifold(trainer: Trainer) -> tuple[str, Tensor]:
    """Return where G sends its noise: the kind of picture, and its nodes.

    "line" (LINE + 1, 2) for noise of one dimension; "grid" (MESH + 1, MESH + 1, 2) for two:
    the first axis is the second coordinate of the noise, and every cell holds the same
    share of it. "slice": such a grid through the middle of noise of more dimensions.
    """
    config = trainer.config
    nodes = trainer.generate(_mesh(config.noise, config.latent_dim))
    if config.latent_dim == 1:
        return "line", nodes
    kind = "grid" if config.latent_dim == 2 else "slice"
    return kind, nodes.view(MESH + 1, MESH + 1, 2)


@lru_cache(maxsize=32)
def _mesh(noise: str, latent_dim: int) -> Tensor:
    if latent_dim == 1:
        return quantiles(noise, LINE + 1)[:, None]
    along = quantiles(noise, MESH + 1)
    second, first = torch.meshgrid(along, along, indexing="ij")
    z = torch.zeros(along.numel() ** 2, latent_dim)
    z[:, 0], z[:, 1] = first.flatten(), second.flatten()
    return z


def quantiles(noise: str, count: int) -> Tensor:
    """Return (count,) places along one coordinate of noise with equal shares between them.

    Normal noise has no ends: its outermost places leave a quarter of a share outside.
    """
    share = torch.linspace(0, 1, count, dtype=torch.float64)
    if noise == "uniform":
        return (2 * share - 1).float()
    margin = 0.25 / (count - 1)
    return torch.special.ndtri(share.clamp(margin, 1 - margin)).float()
