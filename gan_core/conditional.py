"""A GAN that is told which class a picture belongs to, so that G can be asked for a 7.

G gets the class one-hot behind its noise (Mirza & Osindero 2014, arXiv:1411.1784). The ten
columns of its first layer that read it are what an embedding of the class would be.

D gets it by projection (Miyato & Koyama 2018, arXiv:1802.05637, equation 3):

    D(x, y) = ψ(φ(x)) + ⟨V y, φ(x)⟩,

with φ all of D's layers but the last, ψ the last, and V one vector for each class y. Both
families of pictures end in a linear layer on a vector φ(x), so this is one term more in
either; a one-hot class at the input would have to become ten more pictures for convolutions.

A pack of m samples is judged with its m classes, V y being the sum over them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gan_core.config import SettingError
from gan_core.layers import Discriminator, Generator

if TYPE_CHECKING:
    from gan_core.trainer import Trainer

CLASSES = 10
LABELS = f"from 0 to {CLASSES - 1}"


# The players ----------------------------------------------------------------------------


class ConditionalGenerator(Generator):
    """A generator that reads noise and, behind it, the class one-hot.

    Args:
        plain: a generator of as many numbers as both have; its layers are used.
        sample_shape: the shape of one sample.
    """

    def __init__(self, plain: Generator, sample_shape: tuple[int, ...]) -> None:
        super().__init__(plain.latent_dim - CLASSES)
        self.net = plain.net
        self.sample_shape = sample_shape

    @property
    def inputs(self) -> int:
        """How many numbers a sample is made from."""
        return self.latent_dim + CLASSES

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise with its classes (N, latent_dim + 10), see :func:`with_classes`, into samples.

        Raises:
            ValueError: if the classes are missing.
        """
        if z.shape[1] != self.inputs:
            needed = f"{self.latent_dim} coordinates of noise and {CLASSES} of its class"
            raise ValueError(f"z must have {needed}, got {z.shape[1]}")
        return self.net(z).view(-1, *self.sample_shape)


class ProjectionDiscriminator(Discriminator):
    """A discriminator that is told the class of each sample (Miyato & Koyama 2018, equation 3).

    Args:
        plain: D without classes; its layers are φ and ψ.
    """

    def __init__(self, plain: Discriminator) -> None:
        super().__init__(plain.packing)
        self.net = plain.net
        last = self.net[-1]
        assert isinstance(last, nn.Linear)
        # V: a column for each class, at each place of a pack.
        self.embed = nn.Linear(CLASSES * self.packing, last.in_features, bias=False)

    def forward(self, x: Tensor, classes: Tensor | None = None) -> Tensor:
        """Score packs (N, packing, 28, 28) as those of their classes (N, 10 · packing), one-hot.

        One logit each, (N,).

        Raises:
            ValueError: if no classes are given.
        """
        if classes is None:
            raise ValueError("classes must be given to a discriminator that is told them")
        features = self.net[:-1](x)
        return self.net[-1](features).squeeze(1) + (self.embed(classes) * features).sum(1)


# Labels ---------------------------------------------------------------------------------


def one_hot(labels: Tensor) -> Tensor:
    """Turn labels (N,) into rows (N, 10) with a 1 in the place of the class."""
    return nn.functional.one_hot(labels, CLASSES).float()


def with_classes(z: Tensor, labels: Tensor) -> Tensor:
    """Put the class of each sample behind its noise, as G reads them: (N, latent_dim + 10)."""
    return torch.cat([z, one_hot(labels)], 1)


def checked_labels(labels: object, count: int) -> Tensor:
    """Return the labels if they are what they should be: int64 (count,), 0 to 9.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        raise SettingError("labels", "an int64 tensor", getattr(labels, "dtype", labels))
    if tuple(labels.shape) != (count,):
        raise SettingError("labels", f"of shape ({count},)", tuple(labels.shape))
    outside = labels[(labels < 0) | (labels >= CLASSES)]
    if len(outside):
        raise SettingError("labels", LABELS, int(outside[0]))
    return labels


def wanted_labels(labels: int | Tensor | None, count: int) -> Tensor:
    """Return which class each of ``count`` samples shall be, (count,).

    Args:
        labels: one class for all, one each, or None: 0, 1, …, 9, 0, … in turn.
        count: how many samples.

    Raises:
        SettingError: (a ValueError) if a class is not from 0 to 9.
    """
    if labels is None:
        return torch.arange(count) % CLASSES
    if isinstance(labels, int):
        if not 0 <= labels < CLASSES:
            raise SettingError("labels", LABELS, labels)
        return torch.full((count,), labels)
    return checked_labels(labels, count)


# Contact sheets -------------------------------------------------------------------------


def sheet_of_samples(trainer: Trainer, columns: int) -> Tensor:
    """Return what G makes for a contact sheet with so many columns, always of the same noise.

    As many rows as columns. Where G is told classes: a row for each, and in each column the
    same noise, so that what is left of it in all ten classes can be seen.
    """
    if trainer.config.conditional == "off":
        return trainer.sample(columns * columns)
    labels = torch.arange(CLASSES).repeat_interleave(columns)
    return trainer.generate(trainer.noise(columns).repeat(CLASSES, 1), labels)


def rows_of_classes(images: Tensor, labels: Tensor, columns: int) -> Tensor:
    """Return the first pictures of each class, (10 · columns, 1, 28, 28), missing ones black."""
    sheet = torch.full((CLASSES, columns, *images.shape[1:]), -1.0)
    for label, row in enumerate(sheet):
        first = torch.nonzero(labels == label).flatten()[:columns]
        row[: len(first)] = images[first]
    return sheet.flatten(0, 1)


# One class alone ------------------------------------------------------------------------


class OneClassGenerator(Generator):
    """What a conditional generator is where the class stays the same: noise in, samples out."""

    def __init__(self, latent_dim: int, net: nn.Sequential, sample_shape: tuple[int, ...]) -> None:
        super().__init__(latent_dim)
        self.net = net
        self.sample_shape = sample_shape

    def forward(self, z: Tensor) -> Tensor:
        """Turn noise (N, latent_dim) into samples of its class."""
        return self.net(z).view(-1, *self.sample_shape)


@torch.no_grad()
def generator_of(generator: ConditionalGenerator, label: int) -> Generator:
    """Return a plain generator of one class, at rest, for itself.

    The class adds its column of the first layer's weight to every sample alike: to the bias.

    Raises:
        SettingError: (a ValueError) if the class is not from 0 to 9.
    """
    wanted_labels(label, 1)
    own = copy.deepcopy(generator).eval().requires_grad_(False)
    first, *others = own.net
    assert isinstance(first, nn.Linear)
    weight, columns = first.weight[:, : own.latent_dim], first.weight[:, own.latent_dim :]
    bias = columns[:, label] if first.bias is None else first.bias + columns[:, label]
    net = nn.Sequential(_linear(weight, bias), *others).eval()
    return OneClassGenerator(own.latent_dim, net, own.sample_shape).eval()


@torch.no_grad()
def discriminator_of(discriminator: ProjectionDiscriminator, label: int) -> Discriminator:
    """Return a plain discriminator of one class, at rest, for itself.

    ψ(φ) + ⟨V y, φ⟩ is linear in φ: V y is added to the weight of the last layer. In a pack all
    samples are of that class.

    Raises:
        SettingError: (a ValueError) if the class is not from 0 to 9.
    """
    wanted_labels(label, 1)
    own = copy.deepcopy(discriminator).eval().requires_grad_(False)
    *others, last = own.net
    assert isinstance(last, nn.Linear)
    added = own.embed.weight[:, label::CLASSES].sum(1)
    plain = Discriminator(own.packing)
    plain.net = nn.Sequential(*others, _linear(last.weight + added, last.bias))
    return plain.eval()


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight.contiguous(), "bias": bias}, assign=True)
    return layer.requires_grad_(False)
