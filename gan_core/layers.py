"""What the players of every model are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

LEAK = 0.2


class Dropout(nn.Module):
    """Dropout whose masks come from a given generator (Srivastava 2014).

    ``nn.Dropout`` draws from the process-wide random numbers, which thirty
    students share; a run could then not be repeated.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.random: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.probability == 0:
            return x
        return x * self.mask(x)

    def mask(self, x: Tensor) -> Tensor:
        """Draw a mask of zeros and 1/(1-p), so that the mean of x is kept.

        Sixteen random bits decide on each unit: p is exact to 1/65536, and one
        draw of the generator serves four units where ``bernoulli_`` takes one each.
        """
        keep = 1 - self.probability
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64)
        draws.random_(-(2**63), None, generator=self.random)
        bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
        return (bits < round(keep * 65536) - 32768).to(x.dtype).div_(keep)


class Generator(nn.Module):
    """A network that turns noise (N, latent_dim) into pictures or points.

    Attributes:
        net: its layers.
    """

    net: nn.Sequential

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    @property
    def inputs(self) -> int:
        """How many numbers a sample is made from."""
        return self.latent_dim


class Discriminator(nn.Module):
    """A network that judges packs (N, ...) of ``packing`` samples each.

    Attributes:
        net: its layers.
        packing: how many samples stand side by side in what it judges; usually 1.
    """

    net: nn.Sequential

    def __init__(self, packing: int) -> None:
        super().__init__()
        self.packing = packing

    def forward(self, x: Tensor) -> Tensor:
        """Score pictures (N, packing, 28, 28) or points (N, 2 · packing).

        One logit each, (N,); above 0 means "real".
        """
        return self.net(x).squeeze(1)

    def features(self, x: Tensor) -> Tensor:
        """Return what the last hidden layer answers, flat (N, F): the verdict is linear in it.

        Without what a D may be told of the samples beside each other.
        """
        for layer in list(self.net)[:-1]:
            if not isinstance(layer, MinibatchStd):
                x = layer(x)
        return x.flatten(1)


class Encoder(nn.Module):
    """A network that says which noise a sample may come from: mean and log-variance of q(z|x).

    Args:
        body: turns samples into features, as all of D's layers but the last do.
        features: how many.
        latent_dim: coordinates of z.
    """

    def __init__(self, body: nn.Sequential, features: int, latent_dim: int) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(features, 2 * latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn samples (N, ...) into means and log-variances, (N, latent_dim) each."""
        mean, log_variance = self.head(self.body(x)).chunk(2, 1)
        return mean, log_variance


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) that is told when to follow.

    y = w (x - mean) / sqrt(variance + 1e-5) + b,   mean and variance of each feature over the
    batch in training, their running averages at rest.

    PyTorch's own lets every pass in training move the running averages; here only those within
    :func:`following` do. D is used in G's moves and by penalties as well, and must stay
    as it is.

    Args:
        features: how many, along the second axis of x (N, features, ...).
    """

    momentum = 0.1
    eps = 1e-5
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.follows = False

    @torch.no_grad()
    def reset(self) -> None:
        """Start as the identity on features of mean 0 and variance 1."""
        self.weight.fill_(1)
        self.bias.zero_()
        self.running_mean.zero_()
        self.running_var.fill_(1)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, features, ...)."""
        mean, variance = self._statistics(x) if self.training else self._averages
        view = (1, -1, *[1] * (x.ndim - 2))
        scale = self.weight / (variance + self.eps).sqrt()
        return (x - mean.view(view)) * scale.view(view) + self.bias.view(view)

    @property
    def _averages(self) -> tuple[Tensor, Tensor]:
        return self.running_mean, self.running_var

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the batch, (features,)."""
        # Written out: torch's own cannot be differentiated three times, as a G that looks
        # ahead needs it where D has a penalty.
        axes = [0, *range(2, x.ndim)]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        if self.follows:
            count = x.numel() // len(mean)
            self.running_mean.lerp_(mean.detach(), self.momentum)
            # The unbiased variance, as PyTorch's.
            self.running_var.lerp_(variance.detach() * count / (count - 1), self.momentum)
        return mean, variance


@contextmanager
def following(network: nn.Module) -> Iterator[None]:
    """Let the batch normalisation of a network follow the batches it sees in training."""
    norms = [layer for layer in network.modules() if isinstance(layer, BatchNorm)]
    for norm in norms:
        norm.follows = True
    try:
        yield
    finally:
        for norm in norms:
            norm.follows = False


class MinibatchStd(nn.Module):
    """One more feature: how much the samples of a group differ (Karras 2018, arXiv:1710.10196).

    Section 3: the standard deviation of each feature over a group, sqrt(variance + 1e-8),
    and its mean over all features, the same number for every sample of the group. Where all
    samples of G are alike it is near 0, and D need not remember which ones it has seen.

    A group is four samples, those that follow one another. Where the batch is no multiple of
    four, the last group are the last four samples, and the rest take their number from it: so
    no sample goes without, and the number means the same everywhere. Whoever calls it with
    samples of one kind only never mixes kinds.

    Attributes:
        group: samples in a group; fewer where a batch has fewer.
    """

    GROUP = 4
    SMALL = 1e-8

    def __init__(self) -> None:
        super().__init__()
        self.group = self.GROUP

    def forward(self, x: Tensor) -> Tensor:
        """Turn features (N, F) into (N, F + 1)."""
        return torch.cat([x, self.spread(x)[:, None]], 1)

    def spread(self, x: Tensor) -> Tensor:
        """Return the mean standard deviation in the group of each sample, (N,)."""
        count, group = len(x), min(self.group, len(x))
        starts = torch.arange(0, count, group).clamp(max=count - group)
        members = x[starts[:, None] + torch.arange(group)]
        deviation = (members.var(1, correction=0) + self.SMALL).sqrt().mean(1)
        return deviation.repeat_interleave(group)[:count]


def normed(layer: nn.Linear | nn.Conv2d, *, batch_norm: bool) -> list[nn.Module]:
    """Return a hidden layer, with batch normalisation behind it where that is on."""
    return [layer, BatchNorm(len(layer.weight))] if batch_norm else [layer]


def verdict(features: int, *, minibatch_stddev: bool) -> list[nn.Module]:
    """Return D's last layer, one logit, which may be told how much the samples differ."""
    if minibatch_stddev:
        return [MinibatchStd(), nn.Linear(features + 1, 1)]
    return [nn.Linear(features, 1)]
