"""Ways through the latent space: draws, lines, arcs, directions with meaning, and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from collections.abc import Generator as Parts
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.conditional import ConditionalGenerator, one_hot, wanted_labels, with_classes
from gan_core.layers import Generator
from gan_core.parts import all_of

# A coordinate of a standard normal z is hardly ever beyond 5; the sliders reach 12.
LARGEST_COORDINATE = 50.0


def draw(count: int, latent_dim: int, seed: int, kind: str = "gaussian") -> Tensor:
    """Return (count, latent_dim) noise that depends on ``seed`` (and ``kind``) alone."""
    return NOISES[kind]((count, latent_dim), torch.Generator().manual_seed(seed))


def gaussian(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """Return standard normal noise."""
    return torch.randn(shape, generator=random)


def uniform(shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """Return noise that is uniform in [-1, 1] per coordinate."""
    return torch.rand(shape, generator=random) * 2 - 1


NOISES: dict[str, Callable[[tuple[int, ...], torch.Generator], Tensor]] = {
    "gaussian": gaussian,
    "uniform": uniform,
}


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Walk straight from a (t = 0) to b (t = 1).

    Between two independent draws in d dimensions the midpoint has norm about
    √(d/2) instead of √d: in 100 dimensions 7.07 instead of 10, where the
    generator hardly ever trained.
    """
    return a + (b - a) * t


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Walk along the arc from a (t = 0) to b (t = 1) (Shoemake 1985; White 2016).

    slerp = sin((1-t)w)/sin w · a + sin(tw)/sin w · b, with w the angle between
    a and b. Keeps the norm when both norms are equal. Falls back to the line
    where the arc is not defined: parallel, opposite or zero vectors.
    """
    norms = a.norm() * b.norm()
    if norms == 0:
        return lerp(a, b, t)
    angle = torch.arccos((torch.dot(a.flatten(), b.flatten()) / norms).clamp(-1, 1))
    if torch.sin(angle) < 1e-6:
        return lerp(a, b, t)
    t = torch.as_tensor(t, dtype=a.dtype)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def path(a: Tensor, b: Tensor, count: int, *, spherical: bool = True) -> Tensor:
    """Return ``count`` points (count, latent_dim) from a to b, both ends included."""
    walk = slerp if spherical else lerp
    return torch.stack([walk(a, b, t) for t in torch.linspace(0, 1, count)])


def blend(corners: Tensor, u: float, v: float) -> Tensor:
    """Mix four corners (4, latent_dim): upper left, upper right, lower left, lower right.

    An arc along the upper edge and one along the lower edge, both at u (0 left,
    1 right), then an arc between the two at v (0 above, 1 below): unlike the
    bilinear mean it keeps the norm of corners that are equally long.
    """
    upper_left, upper_right, lower_left, lower_right = corners
    return slerp(slerp(upper_left, upper_right, u), slerp(lower_left, lower_right, u), v)


def combine(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return mean(a) - mean(b) + mean(c) of three samples (N, latent_dim), N ≥ 3 each.

    Single samples carry their quirks with them; Radford 2016 (section 6.3.2)
    averages three for each concept. With three independent draws each, the
    result is about as long as a draw: √(d/3 · 3) = √d.

    Raises:
        ValueError: if a concept has fewer than three samples.
    """
    for name, samples in (("a", a), ("b", b), ("c", c)):
        if len(samples) < 3:
            raise ValueError(f"{name} must hold at least 3 samples, got {len(samples)}")
    return a.mean(0) - b.mean(0) + c.mean(0)


def path_length(features: Tensor) -> float:
    """Return how far a walk of pictures travels, given their features (N, F).

    The sum of the distances from each picture to the next. Karras 2019
    (StyleGAN, section 4.1) takes such distances with tiny steps; here they are
    the steps that are shown. Shorter is more direct.
    """
    return (features[1:] - features[:-1]).norm(dim=1).sum().item()


def first_weights(generator: Generator) -> Tensor:
    """Return the weight (out, latent_dim) of the layer that reads z, whatever else it reads."""
    first = next(layer for layer in generator.modules() if isinstance(layer, nn.Linear))
    return first.weight[:, : generator.latent_dim]


def directions(generator: Generator, count: int) -> Tensor:
    """Return (count, latent_dim) unit directions that move the first layer most.

    The top right-singular vectors of its weight A: the n of norm 1 that
    maximise ‖A n‖ (SeFa: Shen & Zhou 2021, equation 5). No data and no training
    needed. The sign of each is chosen so that its largest entry is positive.
    """
    return _with_sign(torch.linalg.svd(first_weights(generator), full_matrices=False).Vh[:count])


@torch.no_grad()
def principal_directions(
    generator: Generator, count: int, *, samples: int = 4000, seed: int = 0
) -> Tensor:
    """Return (count, latent_dim) unit directions behind the principal components.

    GANSpace (Härkönen 2020, section 3.2): PCA of what the first layer answers
    to random z, behind its nonlinearity; then, by least squares, the direction
    of z that goes with each component. On the linear part alone the outcome
    would be that of :func:`directions`.

    Where G is told a class, all classes come in turn, and what a class itself does to the
    answers is taken off first: the components are those within a class, the same for all.
    """
    from sklearn.decomposition import PCA  # a second to import, needed only here

    z = draw(samples, generator.latent_dim, seed)
    answers = _answers_within_classes(generator, z)
    components = torch.from_numpy(
        PCA(count, svd_solver="randomized", random_state=seed).fit_transform(answers.numpy())
    )
    # Least squares of z on the components: they are uncorrelated and z has covariance I.
    return _with_sign(nn.functional.normalize(components.T @ z))


def _answers_within_classes(generator: Generator, z: Tensor) -> Tensor:
    """Return the first answers, where G is told classes less the mean of their class."""
    if not isinstance(generator, ConditionalGenerator):
        return _first_answers(generator, z)
    labels = wanted_labels(None, len(z))
    answers, told = _first_answers(generator, with_classes(z, labels)), one_hot(labels)
    return answers - told @ (told.T @ answers / told.sum(0)[:, None])


def _first_answers(generator: nn.Module, z: Tensor) -> Tensor:
    """Return (N, width) outputs of the first nonlinearity."""
    x = z
    for layer in generator.modules():
        if any(True for _ in layer.children()):
            continue
        x = layer(x)
        if isinstance(layer, nn.ReLU | nn.LeakyReLU):
            break
    return x.flatten(1)


def _with_sign(rows: Tensor) -> Tensor:
    """Turn each row so that its largest entry is positive."""
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return rows * largest.sign()


# Back from a picture to its z ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Search:
    """Where a search stands.

    Attributes:
        step: how many steps are done.
        errors: (restarts,) mean squared error per pixel of each, pixels in 0..1;
            0 is a perfect copy.
        z: (latent_dim,) the best point so far.
        error: its error.
    """

    step: int
    errors: Tensor
    z: Tensor
    error: float


def find(
    generator: Generator,
    target: Tensor,
    *,
    restarts: int = 8,
    steps: int = 150,
    learning_rate: float = 0.1,
    pull: float = 0.1,
    seed: int = 0,
) -> Iterator[Search]:
    """Search the z whose picture is nearest to ``target`` (1, 28, 28) in [-1, 1].

    GAN inversion by optimisation (Zhu 2016): Adam on z, several restarts side
    by side because the landscape has many valleys. ``pull`` keeps z from
    leaving the sphere that G was trained on: it adds pull · max(0, ‖z‖/√d - 1)².
    Yields after each step; stop iterating to cancel. A picture of G's own comes
    back with an error near 0, one of a kind it never saw does not.
    """
    z = draw(restarts, generator.latent_dim, seed).requires_grad_()
    adam = PointAdam(z, learning_rate)
    best = Search(0, torch.full((restarts,), torch.inf), z[0].detach().clone(), torch.inf)
    for step in range(1, steps + 1):
        errors = (generator(z) - target).div(2).square().flatten(1).mean(1)
        lowest = int(errors.argmin())
        if errors[lowest].item() < best.error:
            best = Search(step, errors.detach(), z[lowest].detach().clone(), errors[lowest].item())
        yield Search(step, errors.detach(), best.z, best.error)
        adam.move(errors + pull * _beyond(z))


class PointAdam:
    """Adam (Kingma & Ba 2015, algorithm 1) on points z (..., d), each coordinate on its own.

    m ← β₁m + (1 - β₁)∇,   v ← β₂v + (1 - β₂)∇²,
    z ← z - rate · m / (1 - β₁ᵗ) / (sqrt(v / (1 - β₂ᵗ)) + ε).

    By hand: torch's own imports nine hundred modules at its first use, which takes longer than
    a search.
    """

    BETAS, EPSILON = (0.9, 0.999), 1e-8

    def __init__(self, z: Tensor, rate: float) -> None:
        self.z, self.rate, self.moves = z, rate, 0
        self.mean, self.square = torch.zeros_like(z), torch.zeros_like(z)

    def move(self, objectives: Tensor) -> None:
        """Move every point down its own objective; G's weights get no gradients."""
        (slope,) = torch.autograd.grad(objectives.sum(), [self.z])
        first, second = self.BETAS
        self.moves += 1
        self.mean = first * self.mean + (1 - first) * slope
        self.square = second * self.square + (1 - second) * slope.square()
        root = (self.square / (1 - second**self.moves)).sqrt() + self.EPSILON
        with torch.no_grad():
            self.z -= self.rate / (1 - first**self.moves) * self.mean / root


def _beyond(z: Tensor) -> Tensor:
    """Return max(0, ‖z‖/√d - 1)² of each point (..., d)."""
    return (z.norm(dim=-1) / z.shape[-1] ** 0.5 - 1).clamp(min=0).square()


# So many targets at a time: what the convolutions leave behind stays in the cache.
TARGETS_AT_ONCE = 32


def find_all(
    generator: Generator,
    targets: Tensor,
    *,
    restarts: int = 8,
    steps: int = 150,
    learning_rate: float = 0.1,
    pull: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """Search the z of many pictures (N, 1, 28, 28) at once, (N, latent_dim).

    For each the very search of :func:`find`, from the same starts; Adam takes every
    coordinate on its own, so they do not disturb one another.

    Args:
        generator: at rest: batch normalisation in training would mix the searches.
        targets: pictures in [-1, 1].
        restarts, steps, learning_rate, pull, seed: as for :func:`find`.
    """
    return all_of(
        find_all_in_parts(
            generator,
            targets,
            restarts=restarts,
            steps=steps,
            learning_rate=learning_rate,
            pull=pull,
            seed=seed,
        )
    )


def find_all_in_parts(
    generator: Generator,
    targets: Tensor,
    *,
    restarts: int = 8,
    steps: int = 150,
    learning_rate: float = 0.1,
    pull: float = 0.1,
    seed: int = 0,
) -> Parts[None, None, Tensor]:
    """As :func:`find_all`, yielding after each step of every ``TARGETS_AT_ONCE`` targets."""
    starts = draw(restarts, generator.latent_dim, seed)
    found = []
    for some in targets.split(TARGETS_AT_ONCE):
        found.append((yield from _found(generator, some, starts, steps, learning_rate, pull)))
    return torch.cat(found)


def _found(
    generator: Generator,
    targets: Tensor,
    starts: Tensor,
    steps: int,
    learning_rate: float,
    pull: float,
) -> Parts[None, None, Tensor]:
    """Search for a few targets; return the best point of each, over all restarts and steps."""
    z = starts.expand(len(targets), -1, -1).clone().requires_grad_()
    adam = PointAdam(z, learning_rate)
    best, least = torch.zeros(len(targets), z.shape[-1]), torch.full((len(targets),), torch.inf)
    for _ in range(steps):
        made = generator(z.flatten(0, 1)).view(*z.shape[:2], -1)
        errors = (made - targets.flatten(1)[:, None]).div(2).square().mean(2)
        lowest, where = errors.detach().min(1)
        better = lowest < least
        best[better] = z.detach()[better, where[better]]
        least[better] = lowest[better]
        adam.move(errors + pull * _beyond(z))
        yield
    return best


# Points as text --------------------------------------------------------------------------


class PointError(ValueError):
    """A text that is not a point of this latent space.

    ``code`` says why: "damaged", "count", "not_a_number" or "huge".
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"not a point of this latent space ({code}): {detail}")
        self.code = code


def encode_point(z: Tensor) -> str:
    """Turn z (latent_dim,) into text for a link: float16 in URL-safe base64."""
    content = z.half().numpy().astype("<f2").tobytes()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_point(text: str, latent_dim: int) -> Tensor:
    """Read z (latent_dim,) from the text of :func:`encode_point`.

    Raises:
        PointError: if it is not base64, holds more or fewer than ``latent_dim``
            numbers, or one that is not finite or beyond ±50.
    """
    if len(text) > 4 * latent_dim + 64:  # 8/3 characters a number: this is far too long
        raise PointError("count", f"more than {latent_dim} numbers")
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise PointError("damaged", str(error)) from error
    if len(content) != 2 * latent_dim:
        raise PointError("count", f"{len(content) / 2:g} numbers instead of {latent_dim}")
    z = torch.frombuffer(bytearray(content), dtype=torch.float16).float()
    if not z.isfinite().all():
        raise PointError("not_a_number", "a number is not finite")
    if z.abs().max() > LARGEST_COORDINATE:
        raise PointError("huge", f"a number is beyond ±{LARGEST_COORDINATE:g}")
    return z
