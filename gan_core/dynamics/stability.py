"""What happens close to the equilibrium: eigenvalues of the field, factor of a round.

Everything here reads the field's linearisation (``Game.linearisation``) and is
None for a game that has none, such as a WGAN-GP: its field jumps at ψ = 0.
"""

from __future__ import annotations

import cmath
import math

import numpy as np

from gan_core.dynamics.dirac import GAN
from gan_core.dynamics.game import Game
from gan_core.dynamics.updates import Steps, Update
from gan_core.ranges import number


def eigenvalues(game: Game) -> tuple[complex, complex] | None:
    """Return both eigenvalues of the field at (0, 0), larger imaginary or real part first.

    With dampings a of G and c of D and coupling b: -(a + c)/2 ± √((a - c)²/4 - b²).
    Real parts below 0 converge, the further below the faster; imaginary parts
    are the turn, in radians a unit of time.
    """
    near = game.linearisation()
    if near is None:
        return None
    a, b, c = near
    middle, root = 0.0 - (a + c) / 2, cmath.sqrt((a - c) ** 2 / 4 - b * b)
    return middle + root, middle - root


def critical_gamma(game: GAN) -> float | None:
    """Return the R1 strength at which the two eigenvalues meet, ≥ 0: the fastest.

    2 f'(0) = 1 for the GAN, 1/2 for R1 + R2, 2 for the WGAN. The present
    ``gamma`` of the game does not matter; its other settings do.
    """
    near = game.linearisation()
    if near is None:
        return None
    without_penalty = near.discriminator_damping - game.damping
    missing = 2 * near.coupling + near.generator_damping - without_penalty
    return max(missing, 0.0) / game.penalties


def critical_noise(gamma: float = 0.0) -> float:
    """Return the σ of instance noise at which the eigenvalues meet, √(2 (1 - γ)); √2 at γ = 0.

    Raises:
        SettingError: (a ValueError) if gamma is not from 0 to 1.
    """
    return math.sqrt(2 * (1 - number("gamma", gamma, 0.0, 1.0)))


def multipliers(
    game: Game, update: Update, h: float, *, discriminator_h: float | None = None
) -> tuple[complex, ...] | None:
    """Return the eigenvalues of one round of ``update`` near (0, 0), largest modulus first.

    Inside the unit circle converges, on it cycles, outside escapes. Two of them, or
    four for a rule that remembers the round before.
    """
    near = game.linearisation()
    if near is None:
        return None
    a, b, c = near
    steps = Steps(h, h if discriminator_h is None else discriminator_h)
    found = np.linalg.eigvals(update.matrix(np.array([[-a, -b], [b, -c]]), steps))
    return tuple(sorted((complex(value) for value in found), key=abs, reverse=True))


def growth(
    game: Game, update: Update, h: float, *, discriminator_h: float | None = None
) -> float | None:
    """Return the long-run factor on a small distance to (0, 0) per round of ``update``.

    Below 1 converges, 1 stays (cycles), above 1 escapes: the largest modulus of
    an eigenvalue of the round. At a double root it is right to about 1e-8.
    """
    found = multipliers(game, update, h, discriminator_h=discriminator_h)
    return None if found is None else abs(found[0])


def simultaneous_limit(game: Game) -> float | None:
    """Return the step size up to which simultaneous rounds converge near (0, 0).

    The smaller -2 Re λ / |λ|² of both eigenvalues: 0 for the GAN (never),
    4γ for R1 with γ ≤ 1 (Mescheder, Nowozin & Geiger 2017, arXiv:1705.10461).
    """
    pair = eigenvalues(game)
    if pair is None:
        return None
    return max(min(-2 * value.real / abs(value) ** 2 for value in pair), 0.0)


def alternating_limit(game: Game) -> float | None:
    """Return the step size up to which rounds of one move each stay bounded near (0, 0).

    4/(a + c + √((a - c)² + 4b²)), with a, b, c as in ``eigenvalues``: 4 for the
    GAN, where the walk then cycles; with damping it converges. Far from (0, 0)
    smaller steps already throw the GAN out, to where its field is flat.
    """
    near = game.linearisation()
    if near is None:
        return None
    a, b, c = near
    return 4 / (a + c + math.hypot(a - c, 2 * b))
