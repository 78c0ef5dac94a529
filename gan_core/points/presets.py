"""Recipes of the playground, one a point set, measured by ``python -m benchmarks.playground``."""

from __future__ import annotations

from typing import Any

from gan_core.config import POINT_MODEL, TrainConfig

# The plain game on points: what most people would write first, without any remedy.
PLAIN = TrainConfig(
    dataset="eight",
    model=POINT_MODEL,
    loss="non_saturating",
    latent_dim=16,
    batch_size=128,
    layers=2,
    width=128,
    generator_lr=1e-3,
    discriminator_lr=1e-3,
    dropout=0.0,
)
# A relativistic game with both penalties (R3GAN, Huang 2024): it covers all modes where other
# losses lose some. Without momentum, with a D that moves faster than G (Heusel 2017) and with
# rates that fall, it comes to rest; the average of G's weights is what is shown and measured.
# With two coordinates of noise G draws curves that are too thin (moons: .20 bits instead of
# .07), with sixteen it finds their width.
BASE = TrainConfig(
    model=POINT_MODEL,
    loss="relativistic",
    r1=0.1,
    r2=0.1,
    latent_dim=16,
    batch_size=256,
    layers=2,
    width=128,
    generator_lr=2e-3,
    discriminator_lr=4e-3,
    beta1=0.0,
    beta2=0.99,
    dropout=0.0,
    ema_decay=0.998,
    lr_decay_moves=3200,
)
# Modes much narrower than the gaps between them need a D that may grow steep.
NARROW: dict[str, Any] = {"r1": 0.01, "r2": 0.01, "latent_dim": 4, "ema_decay": 0.995}

POINT_PRESETS: dict[str, TrainConfig] = {
    "line": BASE.replace(dataset="line"),
    "gaussians": BASE.replace(dataset="gaussians"),
    "ring": BASE.replace(dataset="ring"),
    "disjoint": BASE.replace(dataset="disjoint", **NARROW),
    "eight": BASE.replace(dataset="eight", **NARROW),
    # Wide enough that the shape of a mode counts: a steeper D, and time to fill the modes.
    "eight_soft": BASE.replace(dataset="eight_soft", r1=0.005, r2=0.005, lr_decay_moves=8000),
    # Twenty-five modes to find, each a hundredth of the view wide: the longest of all.
    "grid": BASE.replace(dataset="grid", **NARROW, discriminator_lr=2e-3, lr_decay_moves=8000),
    # Two thin curves that reach into one another: a D that may grow a little steeper.
    "moons": BASE.replace(dataset="moons", r1=0.05, r2=0.05, latent_dim=8, lr_decay_moves=4000),
    "spiral": BASE.replace(dataset="spiral"),
    # Edges all around: noise with edges, and small steps, for large ones tear the board.
    "checkerboard": BASE.replace(
        dataset="checkerboard",
        **NARROW,
        noise="uniform",
        generator_lr=1e-3,
        discriminator_lr=1e-3,
        lr_decay_moves=8000,
    ),
}
