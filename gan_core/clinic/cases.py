"""The cases of the clinic: recipes that fail reliably, and the one knob that cures each.

How often each shows its illness, and how often its cure helps, is measured by
``python -m benchmarks.clinic`` on ten seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gan_core.config import PRESETS, TrainConfig
from gan_core.points.presets import PLAIN

# With a penalty on real samples it finds all modes.
HELD = PLAIN.replace(r1=0.1)


@dataclass(frozen=True, slots=True)
class Case:
    """A recipe that fails, and one change that helps.

    Attributes:
        key: its name.
        sick: the recipe that fails.
        cure: the settings that the cure changes: one knob, or the one remedy with its strength.
        symptom: the finding of the doctor that tells the illness (``doctor.SYMPTOMS``).
        measure: the reading that shows whether the cured twin is better.
        iterations: how long until it shows; a minute on two cores for both twins together
            at most, if the machine does nothing else.
    """

    key: str
    sick: TrainConfig
    cure: Mapping[str, Any]
    symptom: str
    measure: str
    iterations: int

    @property
    def cured(self) -> TrainConfig:
        """The recipe of the cured twin."""
        return self.sick.replace(**self.cure)


_ALL = (
    Case(
        "collapse",
        PLAIN.replace(dataset="eight_soft"),
        {"packing": 4},
        symptom="collapsed",
        measure="js_bits",
        iterations=2400,
    ),
    Case(
        "rotating",
        # G runs ten times as fast as D: it is elsewhere before D has noticed.
        PLAIN.replace(discriminator_lr=1e-4),
        {"unrolled_steps": 5},
        symptom="rotates",
        measure="js_bits",
        iterations=1500,
    ),
    Case(
        "sure",
        PLAIN.replace(loss="minimax", discriminator_steps=5),
        {"loss": "non_saturating"},
        symptom="no_gradient",
        measure="sliced_w1",
        iterations=1500,
    ),
    Case(
        "blind",
        HELD.replace(discriminator_lr=1e-5),
        {"discriminator_lr": 1e-3},
        symptom="d_is_blind",
        measure="js_bits",
        iterations=2400,
    ),
    Case(
        "oscillation",
        # Adam as most libraries set it. Radford (2015, arXiv:1511.06434, section 3) found that
        # this momentum made training oscillate.
        PLAIN.replace(dataset="gaussians", beta1=0.9),
        {"beta1": 0.0},
        symptom="oscillates",
        measure="js_bits",
        iterations=2400,
    ),
    Case(
        "too_fast",
        HELD.replace(generator_lr=0.1),
        {"generator_lr": 1e-3},
        symptom="rotates",
        measure="sliced_w1",
        iterations=2400,
    ),
    Case(
        "coupled",
        HELD.replace(batch_norm="on"),
        {"batch_norm": "off"},
        symptom="coupled",
        measure="js_bits",
        iterations=2400,
    ),
    Case(
        "collapse_digits",
        # The same momentum in networks with batch norm. After twice as many iterations most
        # seeds have found the digits all the same.
        PRESETS["fast"].replace(beta1=0.9),
        {"beta1": 0.0},
        symptom="collapsed",
        measure="kl",
        iterations=700,
    ),
    Case(
        "copies",
        # The lesson's networks without dropout: nothing blurs what D remembers, and G can hold
        # whole pictures. The convolutional pair copies far later.
        PRESETS["fast"].replace(
            model="mlp", generator_lr=5e-4, discriminator_lr=5e-4, examples=100
        ),
        {"examples": 1000},
        symptom="copies",
        measure="near_share",
        iterations=2400,
    ),
)
CASES: dict[str, Case] = {case.key: case for case in _ALL}
