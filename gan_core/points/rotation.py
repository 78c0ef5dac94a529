"""A game in which G runs around a ring from mode to mode, and what may stop it."""

from __future__ import annotations

from typing import Any

from gan_core.points.presets import PLAIN

# A slow D and a fast G: G sits on one mode until D has found it there, and runs on to the next
# (Metz 2017, arXiv:1611.02163, section 3.1). Two seeds, each looked at six times in 2,400
# iterations, never had two modes at once.
ROTATING = PLAIN.replace(batch_size=256, discriminator_lr=1e-4)
# A strength of each remedy to try against it. With the first two G comes to spread over all
# eight modes within 2,400 iterations, two seeds each; the others leave it running.
TRIED: dict[str, Any] = {
    "packing": 2,
    "unrolled_steps": 5,
    "minibatch_stddev": "on",
    "instance_noise": 0.3,
}
