"""The Dirac-GAN of the lesson, method by method, to the printed digit."""

from __future__ import annotations

import numpy as np
import pytest

from gan_core.dynamics import (
    GAN,
    R1,
    WGAN,
    WGANGP,
    Alternating,
    Consensus,
    InstanceNoise,
    NonSaturating,
    Simultaneous,
    radius,
    trajectory,
)

# The authors' settings (the LMescheder/GAN_stability notebook): start (1, 1), h = .2.
START, H, ROUNDS = (1.0, 1.0), 0.2, 500
UPDATE = {"sim": Simultaneous(), "alt": Alternating(), "alt5": Alternating(discriminator_moves=5)}
GAMES = {
    "gan": GAN(),
    "non_saturating": NonSaturating(),
    "wgan": WGAN(clip=1.0),
    "wgan_gp": WGANGP(penalty=0.7, target=1.0),
    "instance_noise": InstanceNoise(noise=0.7),
    "r1_.3": R1(gamma=0.3),
    "r1_1": R1(gamma=1.0),
    "consensus": Consensus(strength=1.0),
    "non_saturating_r1": NonSaturating(gamma=0.3),
}
# r(100), r(500), as printed.
REGRESSION = {
    ("gan", "sim"): ("1.963", "3.097"),
    ("gan", "alt"): ("1.404", "1.421"),
    ("gan", "alt5"): ("2.447", "1.845"),
    ("non_saturating", "sim"): (".741", ".640"),
    ("non_saturating", "alt"): (".576", ".284"),
    ("non_saturating", "alt5"): (".546", ".139"),
    ("wgan", "sim"): ("1.272", "1.002"),
    ("wgan", "alt"): (".978", "1.024"),
    ("wgan", "alt5"): (".731", ".917"),
    ("wgan_gp", "sim"): ("1.799", "1.802"),
    ("wgan_gp", "alt"): ("1.438", "1.221"),
    ("wgan_gp", "alt5"): (".706", ".716"),
    ("instance_noise", "sim"): (".204", "5.7e-5"),
    ("instance_noise", "alt"): (".125", "4.0e-6"),
    ("instance_noise", "alt5"): ("4.8e-6", "0e-12"),
    ("r1_.3", "sim"): (".0990", "2.6e-6"),
    ("r1_.3", "alt"): (".0610", "2.3e-7"),
    ("r1_.3", "alt5"): ("2.7e-7", "0e-12"),
    ("r1_1", "sim"): ("3.8e-4", "9.5e-22"),
    ("r1_1", "alt"): ("1.1e-3", "7.5e-17"),
    ("r1_1", "alt5"): ("7.4e-3", "5.1e-12"),
    ("consensus", "sim"): (".0232", "2.6e-10"),
    ("consensus", "alt"): (".0141", "1.7e-11"),
    ("consensus", "alt5"): ("6.71", "10.97"),
    ("non_saturating_r1", "sim"): (".0766", "2.2e-6"),
    ("non_saturating_r1", "alt"): (".0485", "1.5e-7"),
    ("non_saturating_r1", "alt5"): ("3.5e-7", "0e-12"),
}
# Smallest and largest r of the last 100 rounds, as printed.
LAST_HUNDRED = {
    ("gan", "alt"): ("1.344", "1.422"),
    ("gan", "alt5"): ("1.03", "2.42"),
    ("wgan", "sim"): ("1.00", "1.27"),
    ("wgan", "alt"): (".949", "1.049"),
    ("wgan", "alt5"): (".435", "1.006"),
    ("wgan_gp", "sim"): ("1.62", "1.97"),
    ("wgan_gp", "alt"): ("1.14", "1.44"),
    ("wgan_gp", "alt5"): (".675", "1.50"),
}


def as_printed(printed: str) -> object:
    """Half a unit of the last printed digit either way."""
    mantissa, _, power = printed.partition("e")
    digits = len(mantissa.partition(".")[2])
    return pytest.approx(float(printed), abs=0.5000001 * 10.0 ** (int(power or 0) - digits))


def rounds(game: str, update: str) -> np.ndarray:
    return radius(trajectory(GAMES[game], UPDATE[update], START, H, ROUNDS))


@pytest.mark.parametrize("run", REGRESSION, ids="-".join)
def test_the_radius_after_100_and_500_rounds_is_the_lessons(run):
    r = rounds(*run)
    assert (r[100], r[500]) == tuple(map(as_printed, REGRESSION[run]))


@pytest.mark.parametrize("run", LAST_HUNDRED, ids="-".join)
def test_the_band_of_the_last_hundred_rounds_is_the_lessons(run):
    last = rounds(*run)[-100:]
    assert (last.min(), last.max()) == tuple(map(as_printed, LAST_HUNDRED[run]))
