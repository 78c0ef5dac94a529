"""Published results on mode collapse, made again at a size that a class can afford.

PacGAN (Lin 2018, arXiv:1712.04086, table 1) and R3GAN (Huang 2024, arXiv:2501.05441, table 2)
train for hours. Here the same losses and remedies play with small networks for half a minute.
What is made again is the *order* of the rows, in balanced modes and reverse KL; the shares of
samples within 3σ are lower than published, since those take a hundred times as many moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.config import TrainConfig
from gan_core.points.presets import PLAIN

# The papers draw so many samples (VEEGAN, Srivastava 2017; PacGAN keeps to it).
SAMPLES = 2500
SETS = ("eight", "grid")
ITERATIONS = {"eight": 3000, "grid": 5000}

# Four coordinates of noise for data in the plane: with two, modes stay out of reach.
_GAME = PLAIN.replace(latent_dim=4, batch_size=256)
# R3GAN trains without momentum, with rates that fall, and shows the average of G's weights. All
# rows of its ablation do, so that within them nothing but the loss and the penalties differs.
_R3GAN = _GAME.replace(
    loss="relativistic",
    generator_lr=2e-3,
    discriminator_lr=4e-3,
    beta1=0.0,
    beta2=0.99,
    ema_decay=0.995,
    lr_decay_moves=5000,
)
_BOTH = {"r1": 0.01, "r2": 0.01}

ROWS: dict[str, TrainConfig] = {
    # PacGAN's two: the plain game, and packs of two.
    "gan": _GAME,
    "pac2": _GAME.replace(packing=2),
    # R3GAN's: its loss with both penalties, with one or none, and the other loss with both.
    "rp_r1_r2": _R3GAN.replace(**_BOTH),
    "rp": _R3GAN,
    "rp_r1": _R3GAN.replace(r1=0.01),
    "gan_r1_r2": _R3GAN.replace(loss="non_saturating", **_BOTH),
}


@dataclass(frozen=True, slots=True)
class Published:
    """A row as its paper prints it: modes, share within 3σ in percent, reverse KL."""

    modes: float
    high_quality: float
    reverse_kl: float


# PacGAN's table 1, means of ten runs: ring of 8, grid of 25.
PACGAN: dict[str, dict[str, Published]] = {
    "eight": {"gan": Published(6.3, 98.2, 0.45), "pac2": Published(7.9, 95.6, 0.07)},
    "grid": {"gan": Published(17.3, 94.8, 0.70), "pac2": Published(23.8, 91.3, 0.13)},
}
# What both papers say together, the worst first: packs find more modes than the plain game, and
# R3GAN's loss with both penalties found all of 1,000 (its table 2).
ORDER = ("gan", "pac2", "rp_r1_r2")
# R3GAN's loss ablation on Stacked MNIST: modes of 1,000 and KL; None where training failed.
R3GAN: dict[str, tuple[float, float] | None] = {
    "rp_r1_r2": (1000, 0.0781),
    "gan_r1_r2": (693, 0.9270),
    "rp_r1": None,
}
