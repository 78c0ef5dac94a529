"""What an experiment on anomalies can be told."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.anomaly.anogan import SearchSettings
from gan_core.anomaly.fast import EncoderSettings
from gan_core.anomaly.protocol import checked_digits
from gan_core.ranges import check_ranged, ranged


@dataclass(frozen=True, slots=True)
class Settings:
    """What an experiment does.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    # Which digits are normal; all others are anomalies.
    normal: tuple[int, ...] = (0,)
    # After 600 a GAN of one digit draws it well enough; more sharpens it.
    gan_iterations: int = ranged(600, 1, 5000)
    encoder_steps: int = ranged(300, 1, 5000)
    # λ, AnoGAN's weight of the feature matching.
    feature_weight: float = ranged(0.1, 0.0, 1.0)
    # κ, f-AnoGAN's.
    kappa: float = ranged(1.0, 0.0, 100.0)
    # So many test pictures does AnoGAN search for.
    searched: int = ranged(100, 10, 1000)
    restarts: int = ranged(2, 1, 16)
    search_steps: int = ranged(60, 1, 500)
    seed: int = ranged(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        object.__setattr__(self, "normal", checked_digits(self.normal))
        check_ranged(self)

    @property
    def search(self) -> SearchSettings:
        """AnoGAN's part of it."""
        return SearchSettings(
            feature_weight=self.feature_weight,
            restarts=self.restarts,
            steps=self.search_steps,
            seed=self.seed,
        )

    @property
    def encoder(self) -> EncoderSettings:
        """The encoder's part of it."""
        return EncoderSettings(kappa=self.kappa, seed=self.seed)
