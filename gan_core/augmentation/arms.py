"""What is compared: where an arm's pictures come from."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.augmentation.learner import Deal, Pool, half_and_half, turned
from gan_core.config import PRESETS, SettingError, TrainConfig

# The GANs that arms are fed by, with the settings that are their own.
GANS: dict[str, dict[str, str]] = {"gan": {}, "gan_diff": {"diff_augment": "on"}}
RECIPE: TrainConfig = PRESETS["fast"].replace(conditional="on")


@dataclass(frozen=True, slots=True)
class Arm:
    """Where the pictures of a classifier come from.

    Attributes:
        real: whether from the n real pictures of each class.
        gan: from which of ``GANS`` besides, if from one.
        affine: whether all of them are turned, moved and scaled.

    Raises:
        SettingError: (a ValueError) if it is from nowhere, or ``gan`` is no key of ``GANS``.
    """

    real: bool = True
    gan: str | None = None
    affine: bool = False

    def __post_init__(self) -> None:
        if (self.gan is None and not self.real) or self.gan not in (None, *GANS):
            raise SettingError("gan", "one of " + ", ".join(GANS), self.gan)

    def deal(self, real: Pool, generated: dict[str, Pool]) -> Deal:
        """Return what deals the pictures.

        Real and generated ones are half of each batch: of all in one bag, 20 real pictures
        beside hundreds of generated ones would hardly be seen.
        """
        deal: Deal = real if self.gan is None else generated[self.gan]
        if self.gan is not None and self.real:
            deal = half_and_half(real, deal)
        return turned(deal) if self.affine else deal


ARMS: dict[str, Arm] = {
    "real": Arm(),
    "affine": Arm(affine=True),
    "gan": Arm(gan="gan"),
    "gan_diff": Arm(gan="gan_diff"),
    # Beside "affine": whether generated pictures add anything on top.
    "gan_affine": Arm(gan="gan", affine=True),
    "gan_diff_affine": Arm(gan="gan_diff", affine=True),
    # The classification accuracy scores of both GANs (CAS, Ravuri & Vinyals 2019,
    # arXiv:1905.10887).
    "generated": Arm(real=False, gan="gan"),
    "generated_diff": Arm(real=False, gan="gan_diff"),
}
