"""Runs that begin where another one stands, or with its first weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from gan_core.config import KEEPS_SHAPES, SettingError, TrainConfig

if TYPE_CHECKING:
    from torch import Tensor

    from gan_core.engine.past import Moment
    from gan_core.engine.views import Data
    from gan_core.trainer import Trainer

# Settings that a run may have from any moment on. With other data the weights would fit, but
# not what they have learned.
CHANGEABLE = KEEPS_SHAPES - {"dataset"}


class CannotFork(SettingError):
    """A setting that a run can have from its beginning only."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(name, "as it is where a run goes on from its weights", value)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run begins; at the first weights of its seed where nothing is said.

    Attributes:
        state: of the trainer, to begin at.
        seen: what had been shown by then.
        like: a recipe of the same seed whose first weights and noise it shall have, as far
            as they fit.
    """

    state: dict[str, Tensor] | None = None
    seen: Any = None
    like: TrainConfig | None = None


@dataclass(frozen=True, slots=True)
class Parting:
    """Everything of a run where a fork leaves it.

    Attributes:
        config: its recipe by then.
        moment: its state, and what it had shown.
        data: what it trains on.
    """

    config: TrainConfig
    moment: Moment
    data: Data

    @property
    def origin(self) -> Origin:
        """Where a run goes on from here."""
        return Origin(self.moment.state, self.moment.seen)


def changed(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Return the recipe of a fork.

    Raises:
        CannotFork: (a SettingError) if a change does not keep the shapes of the weights.
        SettingError: if a value is out of range.
    """
    recipe = TrainConfig.from_dict(config.to_dict() | dict(changes))
    for name in differing(config, recipe):
        if name not in CHANGEABLE:
            raise CannotFork(name, getattr(recipe, name))
    return recipe


def differing(one: TrainConfig, other: TrainConfig) -> tuple[str, ...]:
    """Return the settings in which two recipes differ."""
    names = (spec.name for spec in fields(TrainConfig))
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))


def twin_of(config: TrainConfig, other: TrainConfig) -> TrainConfig | None:
    """Return the recipe whose first weights ``other`` has to take over to begin as ``config`` does.

    None where it begins alike by itself, or with another seed.
    """
    alike = KEEPS_SHAPES.issuperset(differing(config, other))
    return None if alike or config.seed != other.seed else config


def start_alike(trainer: Trainer, like: TrainConfig) -> None:
    """Give a new trainer the first weights and the noise of a twin with another recipe.

    Weights are drawn in a row, G's before D's, so that players of equal shapes are equal
    by themselves, but for one case: a G of another shape draws more or fewer numbers, and
    D's come after. Where D's shapes are those of the twin, it gets the twin's weights here.
    """
    import torch

    from gan_core.models import build_discriminator, build_generator

    random = torch.Generator().manual_seed(like.seed)
    build_generator(like, random)
    theirs = build_discriminator(like, random).state_dict()
    own = trainer.discriminator.state_dict()
    if [(key, own[key].shape) for key in own] == [(key, theirs[key].shape) for key in theirs]:
        trainer.discriminator.load_state_dict(theirs)
    trainer.random.set_state(random.get_state())
