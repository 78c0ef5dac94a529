"""What an iteration measures, and why a game may end."""

from __future__ import annotations

import math
from dataclasses import dataclass

NOT_MEASURED = math.nan
# Losses of a game that anybody can still learn from stay far below this.
LOSS_LIMIT = 1e6


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one iteration measured; ``nan`` where a half move measured nothing.

    Attributes:
        iteration: how many iterations are done; a half move by hand is one.
        move: "both", "d" or "g".
        d_loss: mean loss of D before its move, penalties included; with the lesson's loss
            log 4 ≈ 1.386 for a D that cannot tell.
        g_loss: mean loss of G before its move.
        d_real: mean verdict on real pictures (a probability where the loss has one).
        d_fake: mean verdict on generated pictures, 1/2 at equilibrium of the lesson's loss.
        d_terms: the means that add up to ``d_loss``: the terms of the loss as its formula
            has them, then the penalties in the order of ``PENALTIES``.
        d_grad_norm: Euclidean norm of D's gradient.
        g_grad_norm: Euclidean norm of G's gradient; near 0 it learns nothing.
    """

    iteration: int
    move: str
    d_loss: float = NOT_MEASURED
    g_loss: float = NOT_MEASURED
    d_real: float = NOT_MEASURED
    d_fake: float = NOT_MEASURED
    d_terms: tuple[float, ...] = ()
    d_grad_norm: float = NOT_MEASURED
    g_grad_norm: float = NOT_MEASURED


class TrainingDiverged(ArithmeticError):
    """A loss left all bounds (|L| > 1e6, or not a number), or a gradient was not finite.

    It is raised *before* the move is made, so the trainer still holds the
    last good state.
    """

    def __init__(self, iteration: int, quantity: str) -> None:
        super().__init__(f"training diverged at iteration {iteration}: {quantity} left all bounds")
        self.iteration = iteration
        self.quantity = quantity


@dataclass(frozen=True, slots=True)
class DiscriminatorMove:
    """What D's move measured."""

    loss: float = NOT_MEASURED
    terms: tuple[float, ...] = ()
    real: float = NOT_MEASURED
    fake: float = NOT_MEASURED
    grad_norm: float = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class GeneratorMove:
    """What G's move measured."""

    loss: float = NOT_MEASURED
    fake: float = NOT_MEASURED
    grad_norm: float = NOT_MEASURED


NO_D_MOVE, NO_G_MOVE = DiscriminatorMove(), GeneratorMove()
