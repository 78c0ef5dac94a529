"""The classifier that all arms train, and what deals it its pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from gan_core.report import TrainingDiverged

# Pictures a step, the same in all arms.
BATCH = 64
LARGEST_RATE = 4e-3
# So many test pictures go through at a time.
PART = 500
# The usual range for digits: they stay what they are.
TURN = math.radians(15)
SHIFT = 0.2  # of half the side: 2.8 pixels
SCALE = 0.1

# Deals so many pictures with their classes, drawn from a generator.
Deal = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]


class SmallClassifier(nn.Module):
    """Two convolutions and 64 features: small, so that a student can train eight of them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * 7 * 7, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Turn pictures (N, 1, 28, 28) in [-1, 1] into class logits (N, 10)."""
        return self.net(x)


def build_classifier(random: torch.Generator) -> SmallClassifier:
    """Return a fresh classifier; draws only from ``random``, uniform within ±1/√fan_in."""
    with torch.device("meta"):  # no draw from the shared random numbers
        classifier = SmallClassifier()
    classifier.to_empty(device="cpu").to(memory_format=torch.channels_last)
    for layer in classifier.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            for weight in layer.parameters():
                nn.init.uniform_(weight, -bound, bound, generator=random)
    return classifier


@dataclass(frozen=True, slots=True)
class Pool:
    """Pictures with their classes, dealt at random with replacement."""

    images: Tensor
    labels: Tensor

    def __call__(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Deal so many."""
        chosen = torch.randint(len(self.images), (count,), generator=random)
        return self.images[chosen], self.labels[chosen]


def half_and_half(one: Deal, other: Deal) -> Deal:
    """Deal half of each batch from either."""

    def deal(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        pairs = one(count // 2, random), other(count - count // 2, random)
        images, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        return images, labels

    return deal


def turned(deal: Deal) -> Deal:
    """Turn, move and scale each picture that is dealt, by a draw of its own."""

    def dealt(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        images, labels = deal(count, random)
        return affine(images, random), labels

    return dealt


def affine(images: Tensor, random: torch.Generator) -> Tensor:
    """Turn pictures (N, 1, H, W) by up to 15°, move by a tenth of the side, scale by a tenth.

    Black comes in from outside. Bilinear.
    """
    drawn = torch.rand(4, len(images), generator=random, dtype=images.dtype)
    turn, scale, across, down = (2 * drawn - 1).unbind()
    angle, size = TURN * turn, 1 + SCALE * scale
    cosine, sine = angle.cos() / size, angle.sin() / size
    rows = (cosine, -sine, SHIFT * across, sine, cosine, SHIFT * down)
    grid = affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1  # outside is 0


class Learner:
    """A classifier in training for a fixed number of steps. The object is the state.

    Args:
        deal: where its pictures come from.
        steps: how many there will be; the rate rises and falls along them.
        seed: the same seed gives the same first weights, whatever is dealt.
    """

    def __init__(self, deal: Deal, steps: int, seed: int) -> None:
        self.deal = deal
        self.steps = steps
        self.done = 0
        self.random = torch.Generator().manual_seed(seed)
        self.classifier = build_classifier(self.random)
        self._adam = torch.optim.Adam(self.classifier.parameters(), lr=LARGEST_RATE, fused=True)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._adam, max_lr=LARGEST_RATE, total_steps=max(steps, 2)
        )

    def step(self) -> float:
        """Move once; return the cross-entropy before.

        Raises:
            TrainingDiverged: before a move whose loss is not finite.
        """
        images, labels = self.deal(BATCH, self.random)
        loss = cross_entropy(self.classifier(images), labels)
        if not math.isfinite(loss.item()):
            raise TrainingDiverged(self.done + 1, "the classifier's loss")
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        self._adam.step()
        self._schedule.step()
        self.done += 1
        return loss.item()

    @torch.no_grad()
    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Return the share of right answers, 0 to 1."""
        answers = torch.cat([self.classifier(part).argmax(1) for part in images.split(PART)])
        return (answers == labels).float().mean().item()
