"""What a game of two numbers is: where each player wants to go from here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gan_core.ranges import number

Array = NDArray[np.float64]
Row = tuple[float, float]
# Every formula below takes one number (quick, for long walks) or an array (for a field).
Value = TypeVar("Value", float, Array)

_WIGGLE = 1e-5


class Linearisation(NamedTuple):
    """The field close to the equilibrium (0, 0).

    theta_dot = -generator_damping θ - coupling ψ
    psi_dot = coupling θ - discriminator_damping ψ
    """

    generator_damping: float
    coupling: float
    discriminator_damping: float


class Parameter(NamedTuple):
    """A setting of a game, with its default and both ends of its range, for a slider."""

    name: str
    default: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Game(ABC):
    """A game of θ (the generator) against ψ (the discriminator), equilibrium at (0, 0).

    ``theta_formula`` and ``psi_formula`` are LaTeX.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    key: ClassVar[str]
    theta_formula: ClassVar[str]
    psi_formula: ClassVar[str]
    source: ClassVar[str]

    def __post_init__(self) -> None:
        for name, _, low, high in self.parameters():
            object.__setattr__(self, name, number(name, getattr(self, name), low, high))

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """Return the settings this game has, those of its parents first."""
        return tuple(Parameter(spec.name, *spec.metadata["slider"]) for spec in fields(cls))

    @abstractmethod
    def theta_dot(self, theta: Value, psi: Value) -> Value:
        """Return the generator's velocity at (θ, ψ)."""

    @abstractmethod
    def psi_dot(self, theta: Value, psi: Value) -> Value:
        """Return the discriminator's velocity at (θ, ψ)."""

    def velocity(self, theta: float, psi: float) -> tuple[float, float]:
        """Return (θ̇, ψ̇) at one point; a game may compute once what both need."""
        return self.theta_dot(theta, psi), self.psi_dot(theta, psi)

    @abstractmethod
    def linearisation(self) -> Linearisation | None:
        """Return the field close to (0, 0) in closed form; None where it has a kink there."""

    def project(self, psi: float) -> float:
        """Return ψ after a move of the discriminator; only a WGAN clips it."""
        return psi

    def formulas(self) -> tuple[str, str]:
        """Return the LaTeX of θ̇ and ψ̇ with the present settings."""
        return self.theta_formula, self.psi_formula

    def field(self, theta: ArrayLike, psi: ArrayLike) -> tuple[Array, Array]:
        """Return (θ̇, ψ̇) on arrays that broadcast together, for the arrows of a portrait."""
        at = np.broadcast_arrays(np.asarray(theta, np.float64), np.asarray(psi, np.float64))
        return np.asarray(self.theta_dot(*at)), np.asarray(self.psi_dot(*at))


def jacobian(game: Game, at: Row = (0.0, 0.0)) -> tuple[Row, Row]:
    """Return ((∂θ̇/∂θ, ∂θ̇/∂ψ), (∂ψ̇/∂θ, ∂ψ̇/∂ψ)) by central differences, to about 1e-9."""
    theta, psi = (float(value) for value in at)
    after, before = game.velocity(theta + _WIGGLE, psi), game.velocity(theta - _WIGGLE, psi)
    above, below = game.velocity(theta, psi + _WIGGLE), game.velocity(theta, psi - _WIGGLE)
    rows = [
        ((after[row] - before[row]) / (2 * _WIGGLE), (above[row] - below[row]) / (2 * _WIGGLE))
        for row in (0, 1)
    ]
    return rows[0], rows[1]
