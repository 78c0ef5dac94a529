"""Recipes of the playground, one a point set, measured by ``python -m benchmarks.playground``."""

from __future__ import annotations

from gan_core.config import POINT_KEYS, POINT_MODEL, TrainConfig

# A relativistic game with both penalties (R3GAN, Huang 2024), in two dimensions: it covers all
# modes where other losses lose some. γ = .1 is for data of about unit size. The average of
# G's weights is what is shown and measured.
BASE = TrainConfig(
    model=POINT_MODEL,
    loss="relativistic",
    r1=0.1,
    r2=0.1,
    latent_dim=4,
    batch_size=256,
    generator_lr=1e-3,
    discriminator_lr=1e-3,
    beta1=0.0,
    beta2=0.99,
    dropout=0.0,
    ema_decay=0.995,
)

POINT_PRESETS: dict[str, TrainConfig] = {key: BASE.replace(dataset=key) for key in POINT_KEYS}
