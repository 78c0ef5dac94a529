"""One iteration under glass: what is there to see after each of its micro-steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# The order in which a move of either player goes; "sample" and "generate" are skipped by
# a G that answers the fakes D has just judged.
MOMENT_KINDS = ("sample", "generate", "judge", "loss", "gradient", "move")


@dataclass(frozen=True, slots=True)
class Moment:
    """What one micro-step made; copies, so that looking changes nothing.

    Attributes:
        kind: one of ``MOMENT_KINDS``.
        player: "d" or "g", whose move it is part of.
        tensors: by kind,
            sample: ``noise`` (N, latent_dim), with the classes behind it where G is told them,
                and in D's move ``real`` (N, ...);
            generate: ``fake`` (N, ...);
            judge: D's logits ``fake`` (N,), and ``real`` (N,) where the loss looks at them;
            loss: ``loss`` (), in D's move also ``terms`` (T,), as in ``StepReport.d_terms``;
            gradient: ∂L/∂w of each weight of the player by its name ("net.0.weight"), and
            in G's move ``fake`` (N, ...): ∂L_G/∂x at each generated x;
            move: by how much each weight of *both* players changed, "d.net.0.weight",
            "g.net.0.weight", …; those of the one who does not move are all 0.
    """

    kind: str
    player: str
    tensors: Mapping[str, Tensor]


Watch = Callable[[Moment], None]


class Witness:
    """Tells a watcher of one move, micro-step by micro-step."""

    def __init__(self, watch: Watch, player: str, players: Mapping[str, nn.Module]) -> None:
        self.watch = watch
        self.player = player
        self.players = players
        self._before = self._weights()

    def tell(self, kind: str, **tensors: Tensor | None) -> None:
        """Report copies of what a micro-step made; what is None is left out."""
        copies = {name: t.detach().clone() for name, t in tensors.items() if t is not None}
        self.watch(Moment(kind, self.player, copies))

    def tell_gradient(self, **extra: Tensor | None) -> None:
        """Report the gradient of every weight of the player."""
        named = self.players[self.player].named_parameters()
        self.tell("gradient", **{name: weight.grad for name, weight in named}, **extra)

    def tell_move(self) -> None:
        """Report by how much every weight has changed since the move began."""
        self.tell("move", **{name: w - self._before[name] for name, w in self._weights().items()})

    @torch.no_grad()
    def _weights(self) -> dict[str, Tensor]:
        return {
            f"{player}.{name}": weight.detach().clone()
            for player, network in self.players.items()
            for name, weight in network.named_parameters()
        }
