"""Who moves when: five ways to turn a field into steps.

Each ``walk`` yields one point a round, for ever; ``trajectory`` takes as many
as it needs. ``matrix`` is the same round as one matrix, for a linear field.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from gan_core.dynamics.game import Array, Game, jacobian
from gan_core.ranges import whole

Point = tuple[float, float]


class Steps(NamedTuple):
    """The step size of each player, > 0."""

    generator: float
    discriminator: float


class Update(ABC):
    """What a trajectory and a stability plot ask of an update rule; ``formula`` is LaTeX."""

    key: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str]

    @abstractmethod
    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round, for ever."""

    @abstractmethod
    def matrix(self, field: Array, h: Steps) -> Array:
        """Return one round as a matrix, for the Jacobian (2, 2) of a linear field."""


class Simultaneous(Update):
    """Both players step from the same point: what circles in time then spirals outwards."""

    key = "simultaneous"
    formula = r"z_{k+1} = z_k + h\, v(z_k)"
    source = "Mescheder, Geiger & Nowozin 2018 (arXiv:1801.04406)"

    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round."""
        while True:
            theta_dot, psi_dot = game.velocity(theta, psi)
            theta += h.generator * theta_dot
            psi = game.project(psi + h.discriminator * psi_dot)
            yield theta, psi

    def matrix(self, field: Array, h: Steps) -> Array:
        """Return I + hJ, (2, 2), for the Jacobian J of the field."""
        return np.eye(2) + np.diag(h) @ field


@dataclass(frozen=True)
class Alternating(Update):
    """G moves first, then D answers what G has just done (the order of the authors' code).

    ``discriminator_moves`` and ``generator_moves`` a round, 1 to 100 each.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    key = "alternating"
    formula = (
        r"\theta_{k+1} = \theta_k + h\, \dot\theta(\theta_k, \psi_k), \quad"
        r" \psi_{k+1} = \psi_k + h\, \dot\psi(\theta_{k+1}, \psi_k)"
    )
    source = "Mescheder, Geiger & Nowozin 2018 (arXiv:1801.04406)"

    discriminator_moves: int = 1
    generator_moves: int = 1

    def __post_init__(self) -> None:
        whole("discriminator_moves", self.discriminator_moves, 1, 100)
        whole("generator_moves", self.generator_moves, 1, 100)

    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round."""
        while True:
            for _ in range(self.generator_moves):
                theta += h.generator * game.theta_dot(theta, psi)
            for _ in range(self.discriminator_moves):
                psi = game.project(psi + h.discriminator * game.psi_dot(theta, psi))
            yield theta, psi

    def matrix(self, field: Array, h: Steps) -> Array:
        """Return the product of the single moves, (2, 2), for the Jacobian of the field."""
        move = np.eye(2) + np.diag(h) @ field
        generator = np.array([move[0], [0.0, 1.0]])
        discriminator = np.array([[1.0, 0.0], move[1]])
        moves = (discriminator, self.discriminator_moves), (generator, self.generator_moves)
        first, second = (np.linalg.matrix_power(step, count) for step, count in moves)
        return first @ second


class Extragradient(Update):
    """Look one step ahead, then step with the field found there."""

    key = "extragradient"
    formula = r"z_{k+1} = z_k + h\, v\bigl(z_k + h\, v(z_k)\bigr)"
    source = "Korpelevich 1976; Gidel 2019 (arXiv:1802.10551)"

    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round of two field evaluations."""
        while True:
            theta_dot, psi_dot = game.velocity(theta, psi)
            ahead = theta + h.generator * theta_dot
            reply = game.project(psi + h.discriminator * psi_dot)
            theta_dot, psi_dot = game.velocity(ahead, reply)
            theta += h.generator * theta_dot
            psi = game.project(psi + h.discriminator * psi_dot)
            yield theta, psi

    def matrix(self, field: Array, h: Steps) -> Array:
        """Return I + hJ (I + hJ), (2, 2), for the Jacobian J of the field."""
        step = np.diag(h) @ field
        return np.eye(2) + step @ (np.eye(2) + step)


class Optimistic(Update):
    """Guess the next field from the last two; the first round is a plain step."""

    key = "optimistic"
    formula = r"z_{k+1} = z_k + 2h\, v(z_k) - h\, v(z_{k-1})"
    source = "Daskalakis 2018 (arXiv:1711.00141)"

    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round of one field evaluation."""
        theta_before, psi_before = game.velocity(theta, psi)
        while True:
            theta_now, psi_now = game.velocity(theta, psi)
            theta += h.generator * (2 * theta_now - theta_before)
            psi = game.project(psi + h.discriminator * (2 * psi_now - psi_before))
            theta_before, psi_before = theta_now, psi_now
            yield theta, psi

    def matrix(self, field: Array, h: Steps) -> Array:
        """Return the (4, 4) matrix on (z_k, z_{k-1}), for the Jacobian of the field."""
        step = np.diag(h) @ field
        return np.block([[np.eye(2) + 2 * step, -step], [np.eye(2), np.zeros((2, 2))]])


class Proximal(Update):
    """Step with the field of where the step ends: solved by Newton's method every round.

    The field bends little in one step, so its Jacobian is kept from round to
    round and taken anew only when Newton's steps stop closing in.
    """

    key = "proximal"
    formula = r"z_{k+1} = z_k + h\, v(z_{k+1})"
    source = "Rockafellar 1976; Mokhtari 2020 (arXiv:1901.08511)"
    iterations = 20
    tolerance = 1e-13

    def walk(self, game: Game, theta: float, psi: float, h: Steps) -> Iterator[Point]:
        """Yield (θ, ψ) after each round; where Newton finds no end point, its last guess."""
        inverse = _newton(game, (theta, psi), h)
        theta_before, psi_before = theta, psi
        while True:
            # The last step, made once more, ends near where this one will.
            x, y, before = 2 * theta - theta_before, 2 * psi - psi_before, math.inf
            theta_before, psi_before = theta, psi
            for _ in range(self.iterations):
                theta_dot, psi_dot = game.velocity(x, y)
                miss_x, miss_y = (
                    x - theta - h.generator * theta_dot,
                    y - psi - h.discriminator * psi_dot,
                )
                miss = abs(miss_x) + abs(miss_y)
                if miss <= self.tolerance * (1 + abs(x) + abs(y)):
                    break
                if miss > before / _CLOSER:
                    inverse = _newton(game, (x, y), h)
                before = miss
                x -= inverse[0] * miss_x + inverse[1] * miss_y
                y -= inverse[2] * miss_x + inverse[3] * miss_y
            theta, psi = x, game.project(y)
            yield theta, psi

    def matrix(self, field: Array, h: Steps) -> Array:
        """Return (I - hJ)⁻¹, (2, 2), for the Jacobian J of the field."""
        return np.asarray(np.linalg.inv(np.eye(2) - np.diag(h) @ field))


# A kept Jacobian is good enough while each of Newton's steps leaves this much less to go.
_CLOSER = 1000.0


def _newton(game: Game, at: Point, h: Steps) -> tuple[float, float, float, float]:
    """Return (I - hJ)⁻¹ at a point, row by row; zeros, so that nothing moves, if it has none."""
    (xx, xy), (yx, yy) = jacobian(game, at)
    a, b = 1 - h.generator * xx, -h.generator * xy
    c, d = -h.discriminator * yx, 1 - h.discriminator * yy
    scale = a * d - b * c
    if scale == 0:
        return 0.0, 0.0, 0.0, 0.0
    return d / scale, -b / scale, -c / scale, a / scale


UPDATES: dict[str, type[Update]] = {
    update.key: update
    for update in (Simultaneous, Alternating, Extragradient, Optimistic, Proximal)
}
