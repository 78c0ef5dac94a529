"""What both sides are made of. Loads no torch: pages name these before it is there."""

from __future__ import annotations

from gan_core.config import PRESETS

SIDES = ("gan", "vae")
# Both sides have the very same settings, those of the preset for a minute. Of 10, 16 and 64
# coordinates 16 serve the VAE best (Fréchet distance after 20 s: 529, 495, 592); Adam with
# momentum, as a likelihood is usually descended, does no better for it (592 instead of 600).
RECIPE = PRESETS["fast"].replace(latent_dim=16)
