"""The variational autoencoder: G as a decoder, taught by a likelihood instead of a judge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.average import average_of, follow
from gan_core.batches import Batches
from gan_core.config import SettingError, TrainConfig
from gan_core.judging import at_rest
from gan_core.latent import draw, gaussian
from gan_core.layers import Encoder, Generator
from gan_core.models import build_encoder, build_generator
from gan_core.optimizers import OPTIMIZERS, remaining_share
from gan_core.ranges import number
from gan_core.report import LOSS_LIMIT, TrainingDiverged
from gan_core.state import gather_one, restore_one
from gan_core.trainer import checked_data

# The σ of the likelihood, in the units of the data, whose pixels are from -1 to 1. Of .2, .5, 1
# and 2 samples are best with 1 (Fréchet distance after 20 s: 805, 644, 592, 1069), the bound is
# with .2: a bound that is higher need not mean better samples.
SIGMA = 1.0
SIGMA_RANGE = (0.05, 2.0)


# The two terms, per sample --------------------------------------------------------------------


def log_likelihood(samples: Tensor, decoded: Tensor, sigma: float) -> Tensor:
    """Return log p(x|z) of samples (N, ...) in nats, (N,).

    log N(x; G(z), σ² I) = -‖x - G(z)‖² / 2σ² - D/2 · log 2πσ², with D numbers in a sample.
    A density, no probability: it depends on the units of x, and may be above 0.
    """
    squares = (samples - decoded).square().flatten(1).sum(1)
    size = samples[0].numel()
    return -squares / (2 * sigma**2) - size / 2 * math.log(2 * math.pi * sigma**2)


def kl_per_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(m, s²) ‖ N(0, 1)) of each coordinate in nats, in the shape of ``mean``.

    -½ (1 + log s² - m² - s²). It is 0 where x says nothing about the coordinate, and only there.
    """
    return -(1 + log_variance - mean.square() - log_variance.exp()) / 2


def with_noise(decoded: Tensor, sigma: float, seed: int = 0) -> Tensor:
    """Return draws from p(x|z) = N(G(z), σ² I), given the means G(z) (N, ...)."""
    random = torch.Generator().manual_seed(seed)
    return decoded + sigma * gaussian(tuple(decoded.shape), random)


@dataclass(frozen=True, slots=True)
class Posterior:
    """q(z|x) of N samples: a normal distribution with independent coordinates.

    Attributes:
        mean: m, (N, latent_dim).
        log_variance: log s², (N, latent_dim).
    """

    mean: Tensor
    log_variance: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """Return z = m + s ε for standard normal ε (N, latent_dim).

        Written so, z has a gradient with respect to m and s (Kingma & Welling 2014, section 2.4).
        """
        return self.mean + (self.log_variance / 2).exp() * noise


class Vae(nn.Module):
    """A variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114).

    Prior p(z) = N(0, I), likelihood p(x|z) = N(G(z), σ² I) with one σ for all pixels that is
    never trained, and q(z|x) = N(m(x), diag s²(x)). For every x

    log p(x) ≥ ELBO(x) = E_q log p(x|z) - KL(q(z|x) ‖ p(z)),   the gap is KL(q(z|x) ‖ p(z|x)).

    Args:
        encoder: makes m and log s².
        generator: the decoder, any G.
        sigma: σ in the units of the data.
    """

    def __init__(self, encoder: Encoder, generator: Generator, sigma: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.generator = generator
        self.sigma = sigma

    def posterior(self, samples: Tensor) -> Posterior:
        """Return q(z|x) of samples (N, ...)."""
        return Posterior(*self.encoder(samples))

    def terms(self, samples: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return both terms of each sample's ELBO in nats, the first by one draw of z.

        Args:
            samples: (N, ...).
            noise: standard normal ε that makes the draw, (N, latent_dim).

        Returns:
            log p(x|z), (N,), and the KL of each coordinate, (N, latent_dim).
        """
        q = self.posterior(samples)
        decoded = self.generator(q.at(noise))
        return (
            log_likelihood(samples, decoded, self.sigma),
            kl_per_dimension(q.mean, q.log_variance),
        )

    def reconstruct(self, samples: Tensor) -> Tensor:
        """Return G(m(x)), the picture at the middle of q(z|x)."""
        return self.generator(self.posterior(samples).mean)


# Training -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bound:
    """The evidence lower bound, the mean over some samples, in nats a sample.

    Attributes:
        reconstruction: E_q log p(x|z), by one draw of z for each sample.
        kl_per_dimension: what q says about each coordinate of z beyond the prior, ≥ 0.
    """

    reconstruction: float
    kl_per_dimension: tuple[float, ...]

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)): so many nats z tells of its sample; the sum over the coordinates."""
        return math.fsum(self.kl_per_dimension)

    @property
    def elbo(self) -> float:
        """reconstruction - kl ≤ log p(x); higher is better."""
        return self.reconstruction - self.kl


@dataclass(frozen=True, slots=True)
class VaeReport(Bound):
    """What one iteration measured, on its batch and before its move.

    Where the decoder has batch normalisation it normalised by this batch; the bound of single
    pictures is :meth:`VaeTrainer.bound`.

    Attributes:
        iteration: how many iterations are done.
        grad_norm: Euclidean norm of the gradient of the negative ELBO.
    """

    iteration: int
    grad_norm: float


class VaeTrainer:
    """A VAE in training, in the manner of ``Trainer``.

    Args:
        config: the recipe. Of its settings those count that a VAE has too: the data, the model
            and its sizes, the batch, ``generator_lr`` for encoder and decoder, the optimiser and
            its betas, ``lr_decay_moves``, ``ema_decay``, ``examples`` and the seed. The others
            are D's, or the game's.
        data: as for ``Trainer``.
        sigma: σ of the likelihood N(G(z), σ² I), in the units of the data. A smaller one weighs
            errors more against the KL: reconstructions get nearer, q(z|x) leaves the prior, and
            samples from the prior get worse.

    Raises:
        SettingError: (a ValueError) if ``sigma`` is out of range, the noise not Gaussian, or
            the game about classes.
        ValueError: if ``data`` has another shape or type.

    Every random number comes from one generator seeded with ``config.seed``. The decoder begins
    with the very weights that G has in a ``Trainer`` of the same recipe, and both are dealt the
    same batches in the same order.
    """

    def __init__(self, config: TrainConfig, data: Tensor, sigma: float = SIGMA) -> None:
        if config.noise != "gaussian":
            raise SettingError("noise", "gaussian: it is the prior", config.noise)
        if config.conditional != "off":
            raise SettingError("conditional", "off: encoder and decoder are told no class", "on")
        self.config = config
        self.sigma = number("sigma", sigma, *SIGMA_RANGE)
        self.data = checked_data(data, config)
        self.random = torch.Generator().manual_seed(config.seed)
        generator = build_generator(config, self.random)
        self.vae = Vae(build_encoder(config, self.random), generator, self.sigma)
        self._weights: list[Tensor] = list(self.vae.parameters())
        optimizer = OPTIMIZERS[config.optimizer]
        self.optimizer = optimizer(self._weights, config.generator_lr, config)
        self.average = average_of(self.vae) if config.ema_decay else None
        self.iteration = 0
        self._batches = Batches(self.data, config.batch_size, config.seed)

    @property
    def generator(self) -> Generator:
        """The decoder."""
        return self.vae.generator

    @property
    def encoder(self) -> Encoder:
        """What turns samples into q(z|x)."""
        return self.vae.encoder

    def run(self, iterations: int) -> Iterator[VaeReport]:
        """Train, yielding after each iteration; stop iterating to pause."""
        for _ in range(iterations):
            yield self.step()

    def step(self) -> VaeReport:
        """Move encoder and decoder once up the ELBO of the next batch.

        Raises:
            TrainingDiverged: before a move whose loss or gradient is out of bounds.
        """
        samples = self._batches.next()
        noise = gaussian((len(samples), self.config.latent_dim), self.random)
        likelihoods, kls = self.vae.terms(samples, noise)
        reconstruction, kl = likelihoods.mean(), kls.mean(0)
        norm = self._differentiate(kl.sum() - reconstruction)
        if self.config.lr_decay_moves:
            share = remaining_share(self.iteration, self.config.lr_decay_moves)
            self.optimizer.param_groups[0]["lr"] = self.config.generator_lr * share
        self.optimizer.step()
        self.iteration += 1
        if self.average is not None:
            follow(self.average, self.vae, self.config.ema_decay, self.iteration)
        return VaeReport(
            reconstruction=reconstruction.item(),
            kl_per_dimension=tuple(kl.tolist()),
            iteration=self.iteration,
            grad_norm=norm,
        )

    def _differentiate(self, loss: Tensor) -> float:
        """Set the gradients; return their norm.

        Raises:
            TrainingDiverged: if the loss or the gradient is out of bounds.
        """
        for weight in self._weights:
            weight.grad = None
        loss.backward()
        norm = torch.nn.utils.get_total_norm([w.grad for w in self._weights if w.grad is not None])
        if not abs(loss.item()) <= LOSS_LIMIT:  # nan is caught here too
            raise TrainingDiverged(self.iteration + 1, "ELBO")
        if not norm.isfinite():
            raise TrainingDiverged(self.iteration + 1, "the gradient of ELBO")
        return norm.item()

    # Looking, which never changes training --------------------------------------

    @property
    def epoch(self) -> float:
        """How often the whole data set has been seen."""
        return self._batches.epoch

    @contextmanager
    def _at_rest(self) -> Iterator[Vae]:
        """Lend what is shown: the average where the config asks for one, else the VAE at rest."""
        shown = self.vae if self.average is None else self.average
        with torch.no_grad(), at_rest(shown):
            yield shown

    def noise(self, count: int, seed: int = 0) -> Tensor:
        """Return (count, latent_dim) draws from the prior that depend on ``seed`` alone."""
        return draw(count, self.config.latent_dim, seed)

    def generate(self, z: Tensor) -> Tensor:
        """Turn z (N, latent_dim) into G(z), the mean of p(x|z)."""
        with self._at_rest() as vae:
            return vae.generator(z)

    def sample(self, count: int = 64, seed: int = 0) -> Tensor:
        """Return ``count`` samples from the prior, from the same noise at every call.

        Their decoder means; a draw from p(x) would have noise of σ on every pixel besides, see
        :meth:`with_noise`.
        """
        return self.generate(self.noise(count, seed))

    def with_noise(self, decoded: Tensor, seed: int = 0) -> Tensor:
        """Return draws from p(x|z), given their means: what the likelihood takes data to be."""
        return with_noise(decoded, self.sigma, seed)

    def posterior(self, samples: Tensor) -> Posterior:
        """Return q(z|x) of samples (N, ...)."""
        with self._at_rest() as vae:
            return vae.posterior(samples)

    def reconstruct(self, samples: Tensor) -> Tensor:
        """Return G(m(x)) of samples (N, ...), the picture at the middle of q(z|x)."""
        with self._at_rest() as vae:
            return vae.reconstruct(samples)

    def bound(self, samples: Tensor, seed: int = 0) -> Bound:
        """Return the ELBO of samples (N, ...), each on its own, by one draw of z for each."""
        with self._at_rest() as vae:
            return bound(vae, samples, seed)

    # State --------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that training depends on, as flat named tensors.

        A trainer with the same config and σ that loads it continues bit for bit.
        """
        return gather_one(
            self._networks(), self.optimizer, self.random, self._batches, self.iteration
        )

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over a state from :meth:`state_dict` of a trainer with the same config and σ.

        Raises:
            ValueError: if a tensor is missing or has another shape.
        """
        self.iteration = restore_one(
            state, self._networks(), self.optimizer, self.random, self._batches, of="model"
        )

    def _networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"vae": self.vae}
        if self.average is not None:
            networks["average"] = self.average
        return networks


# So many samples at a time: what the convolutions leave behind stays small.
_CHUNK = 500


@torch.no_grad()
def bound(vae: Vae, samples: Tensor, seed: int = 0) -> Bound:
    """Return the mean ELBO of samples (N, ...) under a VAE at rest; see :class:`Bound`."""
    noise = draw(len(samples), vae.generator.latent_dim, seed)
    likelihood = 0.0
    kl = torch.zeros(vae.generator.latent_dim, dtype=torch.float64)
    for some, own in zip(samples.split(_CHUNK), noise.split(_CHUNK), strict=True):
        likelihoods, kls = vae.terms(some, own)
        likelihood += likelihoods.double().sum().item()
        kl += kls.double().sum(0)
    return Bound(likelihood / len(samples), tuple((kl / len(samples)).tolist()))
