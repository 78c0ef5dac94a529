"""One iteration under glass, told in numbers that a browser can show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.judging import at_rest, packed
from gan_core.moments import Moment
from gan_core.trainer import StepReport, Trainer

MOST_ROWS = 64
MOST_COORDINATES = 4
PLAYERS = ("d", "g")


@dataclass(frozen=True, slots=True)
class SlowStep:
    """What happened in one iteration.

    Attributes:
        number: rises with every iteration taken under glass.
        iteration: which one it made.
        moments: JSON-ready, in the order in which they happened. Of a player who moves more
            than twice, the first and the last move.
    """

    number: int
    iteration: int
    moments: tuple[dict[str, Any], ...] = field(repr=False)


def slowly(trainer: Trainer, number: int) -> tuple[StepReport, SlowStep]:
    """Make exactly one ``trainer.step()`` and tell what happened in it."""
    glass = _Glass(trainer)
    report = trainer.step(glass)
    return report, SlowStep(number, report.iteration, glass.told())


class _Glass:
    """Takes down the moments of a step as they come; each becomes a few numbers at once."""

    def __init__(self, trainer: Trainer) -> None:
        config = trainer.config
        self._trainer = trainer
        self._turns = {"d": config.discriminator_steps, "g": config.generator_steps}
        self._turn = dict.fromkeys(PLAYERS, 1)
        self._seen: dict[str, Tensor] = {}
        self._moments: list[dict[str, Any]] = []

    def told(self) -> tuple[dict[str, Any], ...]:
        return tuple(self._moments)

    def __call__(self, moment: Moment) -> None:
        """Take down one moment."""
        player, tensors = moment.player, dict(moment.tensors)
        turn, turns = self._turn[player], self._turns[player]
        if moment.kind in ("sample", "generate"):
            self._seen |= tensors
        if turn in (1, turns):
            tell: Callable[[str, dict[str, Tensor]], dict[str, Any]]
            tell = getattr(self, f"_{moment.kind}")
            place = {"player": player, "kind": moment.kind, "turn": turn, "turns": turns}
            self._moments.append({**place, **tell(player, tensors)})
        if moment.kind == "move":
            self._turn[player] += 1

    def _sample(self, _player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        told = {name: _rows(tensor) for name, tensor in tensors.items()}
        return {**told, "batch": len(tensors["noise"])}

    def _generate(self, _player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        # Fakes that waited for G since a half move by hand come without their noise.
        noise = {"noise": _rows(self._seen["noise"])} if "noise" in self._seen else {}
        return {**noise, "fake": _rows(tensors["fake"])}

    def _judge(self, _player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        packing = self._trainer.config.packing
        for name, logits in tensors.items():
            verdict = self._trainer.loss.verdict(logits)
            # Each point is shown with the verdict on its pack.
            rows = _rows(verdict.repeat_interleave(packing))
            told |= {name: rows, f"mean_{name}": _number(verdict.mean())}
        return told

    def _loss(self, _player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        loss = _number(tensors["loss"])
        terms = [_number(term) for term in tensors["terms"]] if "terms" in tensors else [loss]
        return {"loss": loss, "terms": terms}

    def _gradient(self, player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        # Of a mean over the batch each point has its share: times the batch, it is its own slope.
        at_fake = tensors.pop("fake", None)
        layers = [
            {"name": name, "shape": list(slope.shape), "gradient": _number(slope.norm())}
            for name, slope in tensors.items()
        ]
        norm = math.hypot(*(slope.norm().item() for slope in tensors.values()))
        told: dict[str, Any] = {"norm": _number(norm), "layers": layers}
        if player == "g" and at_fake is not None:
            told["arrows"] = _rows(-at_fake * len(at_fake))
        return told

    def _move(self, player: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
        networks = {"d": self._trainer.discriminator, "g": self._trainer.generator}
        moved = {who: _moved(network, who, tensors) for who, network in networks.items()}
        return {"moved": moved, **(self._after_d() if player == "d" else self._after_g())}

    @torch.no_grad()
    def _after_g(self) -> dict[str, Any]:
        if "noise" not in self._seen:
            return {}
        noise = self._seen["noise"][:MOST_ROWS]
        with at_rest(self._trainer.generator) as generator:
            return {"fake_after": _rows(generator(noise))}

    @torch.no_grad()
    def _after_d(self) -> dict[str, Any]:
        loss, packing = self._trainer.loss, self._trainer.config.packing
        with at_rest(self._trainer.discriminator) as judge:
            logits = {name: judge(packed(self._seen[name], packing)) for name in ("real", "fake")}
        return {f"mean_{name}_after": _number(loss.verdict(t).mean()) for name, t in logits.items()}


def _moved(network: nn.Module, player: str, changes: dict[str, Tensor]) -> list[dict[str, Any]]:
    """Tell of every weight by how much it changed (0: frozen), and how large it was."""
    told = []
    for name, weight in network.named_parameters():
        change = changes[f"{player}.{name}"]
        was = (weight.detach() - change).norm()
        shape = list(weight.shape)
        told.append(
            {"name": name, "shape": shape, "by": _number(change.norm()), "was": _number(was)}
        )
    return told


def _rows(values: Tensor) -> Any:
    """Return the first rows and coordinates as rounded numbers, None where they are not finite."""
    kept = values.detach()[:MOST_ROWS]
    if kept.ndim == 1:
        return [_number(value) for value in kept]
    return [[_number(value) for value in row] for row in kept[:, :MOST_COORDINATES]]


def _number(value: Tensor | float) -> float | None:
    number = float(value)
    return float(f"{number:.4g}") if math.isfinite(number) else None
