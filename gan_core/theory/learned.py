"""A small discriminator that learns on samples, to be held against the best one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from gan_core.losses import NonSaturating
from gan_core.ranges import whole
from gan_core.theory.best_reply import optimal_discriminator, sigmoid
from gan_core.theory.densities import Array, Mixture
from gan_core.theory.quadrature import grid

MOMENTS = (0, 10, 30, 100, 300, 1000)
HIDDEN = 32
BATCH = 256
LEARNING_RATE = 0.01


@dataclass(frozen=True, slots=True)
class Learned:
    """D after so many steps.

    Attributes:
        steps: how many steps of Adam it made.
        verdict: D(x) in (0, 1), shape of the x it was asked about.
        error: mean |D - D*| where p and q have their mass, 0 to 1; 0 is perfect.
    """

    steps: int
    verdict: Array
    error: float


class SmallDiscriminator(nn.Module):
    """1 → 32 → 32 → 1, LeakyReLU, a logit out; x is first brought to mean 0 and width 1."""

    def __init__(self, middle: float, width: float, random: torch.Generator) -> None:
        super().__init__()
        self.middle, self.width = middle, width
        layers = [nn.utils.skip_init(nn.Linear, *shape) for shape in _SHAPES]
        for layer in layers:
            _initialise(layer, random)
        first, second, last = layers
        self.net = nn.Sequential(first, nn.LeakyReLU(0.2), second, nn.LeakyReLU(0.2), last)

    def forward(self, x: Tensor) -> Tensor:
        """Return one logit a number: (N,) to (N,)."""
        logits: Tensor = self.net((x[:, None] - self.middle) / self.width)
        return logits[:, 0]


_SHAPES = ((1, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1))


def learn(
    p: Mixture,
    q: Mixture,
    x: Array,
    *,
    moments: Sequence[int] = MOMENTS,
    seed: int = 0,
) -> list[Learned]:
    """Train D on fresh samples of p (real) and q (fake); return it at each of the moments.

    256 of both a step, Adam with rate 0.01, D's loss -log D(x) - log(1 - D(G(z))).
    The same seed gives the same answer; no other randomness is touched. A thousand
    steps take about a second.

    Raises:
        SettingError: (a ValueError) unless the moments rise from 0 to at most 10,000.
    """
    for before, after in zip((-1, *moments), moments, strict=False):
        whole("moments", after, before + 1, 10_000)
    nodes, dx = grid(p, q)
    mass = (p.pdf(nodes) + q.pdf(nodes)) / 2 * dx
    best = optimal_discriminator(p, q, nodes)
    learned = []
    for steps, discriminator in _training(p, q, moments, seed):
        verdicts = _verdicts(discriminator, np.concatenate([x, nodes]))
        error = float(mass @ np.abs(verdicts[len(x) :] - best))
        learned.append(Learned(steps, verdicts[: len(x)], error))
    return learned


def _training(
    p: Mixture, q: Mixture, moments: Sequence[int], seed: int
) -> Iterator[tuple[int, SmallDiscriminator]]:
    """Yield D at each moment; the same network, further trained."""
    rng = np.random.default_rng(seed)
    sizes = (moments[-1], BATCH)
    real, fake = (density.sample(sizes[0] * BATCH, rng) for density in (p, q))
    both = np.concatenate([real, fake]) if len(real) else np.zeros(1)
    random = torch.Generator().manual_seed(seed)
    discriminator = SmallDiscriminator(float(both.mean()), float(both.std()) or 1.0, random)
    batches = np.concatenate([real.reshape(sizes), fake.reshape(sizes)], axis=1)
    batch = torch.from_numpy(batches).float()
    optimiser = Adam(discriminator.parameters(), lr=LEARNING_RATE, fused=True)
    done = 0
    for moment in moments:
        for step in range(done, moment):
            _move(discriminator, optimiser, batch[step])
        done = moment
        yield moment, discriminator


def _move(discriminator: SmallDiscriminator, optimiser: Adam, batch: Tensor) -> None:
    """Make one step down D's loss; the first half of the batch is real, the second fake."""
    real, fake = discriminator(batch).chunk(2)
    on_real, on_fake = NonSaturating().discriminator_terms(real=real, fake=fake)
    optimiser.zero_grad()
    (on_real.mean() + on_fake.mean()).backward()
    optimiser.step()


@torch.no_grad()
def _verdicts(discriminator: SmallDiscriminator, x: Array) -> Array:
    return sigmoid(discriminator(torch.from_numpy(x).float()).double().numpy())


@torch.no_grad()
def _initialise(layer: nn.Linear, random: torch.Generator) -> None:
    """Draw weights and biases as torch would, but from ``random``."""
    bound = layer.in_features**-0.5
    layer.weight.uniform_(-bound, bound, generator=random)
    layer.bias.uniform_(-bound, bound, generator=random)
