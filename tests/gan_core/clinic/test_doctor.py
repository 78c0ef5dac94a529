"""The doctor: each symptom shown and not shown, with thresholds on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from gan_core.clinic.doctor import (
    ALIKE,
    COPIED,
    EARLY,
    FAR,
    FEWEST,
    NEAR,
    ONE_MODE,
    SURE,
    SWING,
    SYMPTOMS,
    UNEVEN,
    Record,
    diagnose,
    is_measured,
    too_early,
)
from gan_core.config import TrainConfig
from gan_core.history import CURVES, Curves
from gan_core.readings import Readings

PLAIN = TrainConfig(model="points", dataset="eight")
LITTLE = 0.01
BLIND = {"d_loss": 1.386, "d_real": 0.5, "d_fake": 0.5}
SURE_OF_ALL = {"d_loss": 0.02, "d_real": 0.99, "d_fake": 0.01}


def curves(length: int = 200, width: int = 1, **levels: float) -> Curves:
    """Flat curves: 40 buckets are enough to have a recent part."""
    mean = np.full((length // width, len(CURVES)), math.nan)
    for name, level in levels.items():
        mean[:, CURVES.index(name)] = level
    return Curves(width, 1, mean, mean, mean)


def readings(centres: int | None = 8, **columns: Sequence[float]) -> Readings:
    names = tuple(columns)
    rows = tuple(zip(*columns.values(), strict=True))
    return Readings(names, centres, 0, tuple(range(len(rows))), rows)


def shows(symptom: str, record: Record) -> bool:
    return SYMPTOMS[symptom](record) is not None


def level(value: float, count: int = 20) -> list[float]:
    return [value] * count


# What is looked at ----------------------------------------------------------------------


def test_now_is_the_mean_of_the_last_three_tenths():
    seen = curves(10, d_loss=0.0)
    seen.mean[:, CURVES.index("d_loss")] = np.arange(10.0)
    assert Record(PLAIN, seen).now("d_loss") == pytest.approx((7 + 8 + 9) / 3)


def test_what_was_not_measured_is_left_out_of_now():
    seen = curves(10, g_loss=2.0)
    seen.mean[8, CURVES.index("g_loss")] = math.nan
    assert Record(PLAIN, seen).now("g_loss") == 2.0
    assert math.isnan(Record(PLAIN, seen).now("d_loss"))


def test_two_readings_are_too_few():
    few = Record(PLAIN, curves(), readings(js_bits=level(0.9, FEWEST - 1)))
    assert few.recent("js_bits") == []
    assert not is_measured(few)
    enough = Record(PLAIN, curves(), readings(js_bits=level(0.9, FEWEST)))
    assert enough.recent("js_bits") == level(0.9, FEWEST)
    assert is_measured(enough)


def test_a_reading_that_is_not_there_is_not_recent():
    record = Record(PLAIN, curves(), readings(js_bits=[0.1, math.nan, 0.2, 0.3]))
    assert record.recent("js_bits") == [0.1, 0.2, 0.3]
    assert record.recent("kl") == []


# Young runs -----------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "young"), [(EARLY - 1, True), (EARLY, False)])
def test_of_a_young_run_nothing_is_said(length, young):
    record = Record(PLAIN, curves(length, **BLIND), readings(js_bits=level(1.0)))
    assert too_early(record) == young
    assert [one.key for one in diagnose(record)] == ([] if young else ["d_is_blind"])


def test_merged_buckets_count_all_their_iterations():
    assert not too_early(Record(PLAIN, curves(EARLY, width=4)))


def test_a_young_run_that_broke_off_is_told_of():
    (finding,) = diagnose(Record(PLAIN, curves(7), diverged=True))
    assert (finding.key, finding.values) == ("diverged", {"iteration": 7.0})


def test_of_a_run_that_has_measured_nothing_nothing_is_said():
    nothing = Curves(1, 1, *[np.empty((0, len(CURVES)))] * 3)
    assert diagnose(Record(PLAIN, nothing)) == ()
    assert diagnose(Record(PLAIN, curves(200))) == ()


# Who wins -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("real", "fake", "sure"),
    [
        (1 - SURE + LITTLE, SURE - LITTLE, True),
        (1 - SURE - LITTLE, SURE - LITTLE, False),
        (1 - SURE + LITTLE, SURE + LITTLE, False),
    ],
)
def test_d_wins_where_it_is_sure_of_both(real, fake, sure):
    record = Record(PLAIN, curves(d_loss=0.1, d_real=real, d_fake=fake))
    assert shows("d_wins", record) == sure


def test_d_that_wins_is_told_with_its_numbers():
    (finding,) = diagnose(Record(PLAIN, curves(**SURE_OF_ALL)))
    assert finding.key == "d_wins"
    assert finding.values == pytest.approx(SURE_OF_ALL)


@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_only_the_min_max_loss_loses_its_gradient(loss):
    record = Record(PLAIN.replace(loss=loss), curves(**SURE_OF_ALL))
    assert shows("no_gradient", record) == (loss == "minimax")
    assert not shows("no_gradient", Record(PLAIN.replace(loss=loss), curves(**BLIND)))


def test_a_score_is_no_verdict():
    """A critic's scores of .99 and .01 are no probabilities: nobody is sure of anything."""
    for loss in ("wasserstein", "hinge", "relativistic"):
        assert diagnose(Record(PLAIN.replace(loss=loss), curves(**SURE_OF_ALL))) == ()


@pytest.mark.parametrize(
    ("real", "distance", "blind"),
    [
        (0.5 + ALIKE - LITTLE, FAR + LITTLE, True),
        (0.5 + ALIKE + LITTLE, FAR + LITTLE, False),
        (0.5 + ALIKE - LITTLE, FAR - LITTLE, False),
    ],
)
def test_d_is_blind_where_it_calls_a_draw_that_is_none(real, distance, blind):
    seen = curves(d_loss=1.386, d_real=real, d_fake=0.5)
    record = Record(PLAIN, seen, readings(js_bits=level(distance)))
    assert shows("d_is_blind", record) == blind


def test_a_draw_while_g_comes_nearer_is_no_blindness():
    falling = list(np.linspace(1.0, 0.55, 10))
    record = Record(PLAIN, curves(**BLIND), readings(js_bits=[*level(1.0, 10), *falling]))
    assert not shows("d_is_blind", record)


# Where the samples are ------------------------------------------------------------------


@pytest.mark.parametrize(("distance", "out"), [(1.6, True), (1.4, False)])
def test_points_out_of_the_view_are_thrown_away(distance, out):
    record = Record(PLAIN, curves(), readings(sliced_w1=level(distance)))
    assert shows("exploded", record) == out


@pytest.mark.parametrize(
    ("modes", "share", "round_and_round"),
    [
        ([0, 3, 6, 1, 4, 0], ONE_MODE + LITTLE, True),
        ([0, 3, 6, 1, 4, 0], ONE_MODE - LITTLE, False),
        ([0, 3, 0, 3, 0, 3], ONE_MODE + LITTLE, False),  # two are no circle
        ([2, 2, 2, 2, 2, 2], 1.0, False),
    ],
)
def test_g_rotates_where_it_is_in_one_mode_after_another(modes, share, round_and_round):
    told = readings(leading_mode=[float(m) for m in modes * 4], leading_share=level(share, 24))
    assert shows("rotates", Record(PLAIN, curves(), told)) == round_and_round


def test_moves_from_mode_to_mode_are_counted():
    told = readings(leading_mode=[1.0, 1.0, 4.0, 7.0, 7.0, 2.0, 2.0], leading_share=level(0.9, 7))
    found = SYMPTOMS["rotates"](Record(PLAIN, curves(), told))
    assert found == {"share": 0.9, "moves": 3.0, "readings": 6.0}


@pytest.mark.parametrize(("count", "enough"), [(5, False), (6, True)])
def test_a_few_readings_say_nothing_of_coming_and_going(count, enough):
    modes = [float(mode) for mode in range(count)]
    moving = readings(leading_mode=modes, leading_share=level(0.9, count))
    assert shows("rotates", Record(PLAIN, curves(), moving)) == enough
    swinging = readings(sliced_w1=wave(0.4)[:count], sliced_w1_floor=level(0.01, count))
    assert shows("oscillates", Record(PLAIN, curves(), swinging)) == enough


@pytest.mark.parametrize(
    ("modes", "centres", "ill"), [(4, 8, True), (5, 8, False), (12, 25, True), (4, None, False)]
)
def test_half_of_the_modes_at_most_is_a_collapse(modes, centres, ill):
    record = Record(PLAIN, curves(), readings(centres, modes_lenient=level(modes)))
    assert shows("collapsed", record) == ill


def test_modes_are_whole():
    record = Record(PLAIN, curves(), readings(8, modes_lenient=[0.0, 1.0] * 10))
    assert SYMPTOMS["collapsed"](record) == {"modes": 0.0, "centres": 8.0}


@pytest.mark.parametrize(("kl", "ill"), [(UNEVEN + LITTLE, True), (UNEVEN - LITTLE, False)])
def test_uneven_digits_are_a_collapse(kl, ill):
    told = readings(10, kl=level(kl), covered=level(6))
    assert shows("collapsed", Record(TrainConfig(), curves(), told)) == ill


def test_of_pictures_the_second_reading_counts():
    """They come seldom, and each is of a thousand; the first is of a G that has hardly begun."""
    one = Record(TrainConfig(), curves(), readings(10, frechet=[900], kl=[0.9], covered=[4]))
    assert not is_measured(one)
    assert not shows("collapsed", one)
    better = readings(10, frechet=[900, 80], kl=[0.9, 0.1], covered=[4, 10])
    assert is_measured(Record(TrainConfig(), curves(), better))
    assert not shows("collapsed", Record(TrainConfig(), curves(), better))
    worse = readings(10, frechet=[900, 950], kl=[0.1, 0.9], covered=[10, 4])
    assert SYMPTOMS["collapsed"](Record(TrainConfig(), curves(), worse)) == {
        "kl": 0.9,
        "covered": 4.0,
    }
    few = TrainConfig(examples=100)
    assert not shows("copies", Record(few, curves(), readings(10, near_share=[0.9])))
    assert shows("copies", Record(few, curves(), readings(10, near_share=[0.0, 0.9])))


def test_uneven_means_that_two_of_ten_digits_are_missing():
    """KL of (1/8, …, 1/8, 0, 0) from ten equal shares, written out: log(10/8)."""
    assert math.log(10 / 9) < UNEVEN < math.log(10 / 8)


def wave(swing: float, length: int = 100) -> list[float]:
    """Readings around 1 whose standard deviation is ``swing``."""
    return [1 + swing * math.sqrt(2) * math.sin(0.9 * step) for step in range(length)]


@pytest.mark.parametrize(("swing", "ill"), [(SWING + 0.03, True), (SWING - 0.03, False)])
def test_a_distance_that_swings_does_not_settle(swing, ill):
    told = readings(sliced_w1=wave(swing), sliced_w1_floor=level(0.01, 100))
    assert shows("oscillates", Record(PLAIN, curves(), told)) == ill


def test_a_distance_that_only_falls_does_not_swing():
    falling = list(np.linspace(2.0, 0.4, 30))
    told = readings(sliced_w1=falling[-10:], sliced_w1_floor=level(0.01, 10))
    assert float(np.std(falling)) > SWING * float(np.mean(falling))
    assert not shows("oscillates", Record(PLAIN, curves(), told))


def test_near_its_floor_a_distance_may_swing():
    told = readings(sliced_w1=wave(0.4), sliced_w1_floor=level(0.2, 100))
    assert not shows("oscillates", Record(PLAIN, curves(), told))


@pytest.mark.parametrize(
    ("changes", "distance", "ill"),
    [
        ({"batch_norm": "on", "r1": 0.1}, NEAR + LITTLE, True),
        ({"batch_norm": "on", "gradient_penalty": 1.0}, NEAR + LITTLE, True),
        ({"batch_norm": "on", "r1": 0.1}, NEAR - LITTLE, False),
        ({"batch_norm": "on"}, NEAR + LITTLE, False),
        ({"r1": 0.1}, NEAR + LITTLE, False),
    ],
)
def test_batch_norm_and_a_penalty_are_coupled(changes, distance, ill):
    record = Record(PLAIN.replace(**changes), curves(), readings(js_bits=level(distance)))
    assert shows("coupled", record) == ill


@pytest.mark.parametrize(("share", "ill"), [(COPIED + LITTLE, True), (COPIED - LITTLE, False)])
def test_copies_lie_nearer_than_unseen_pictures(share, ill):
    record = Record(TrainConfig(examples=100), curves(), readings(10, near_share=level(share)))
    assert shows("copies", record) == ill


@pytest.mark.parametrize(("distance", "well"), [(NEAR - LITTLE, True), (NEAR + LITTLE, False)])
def test_near_the_data_is_healthy(distance, well):
    record = Record(PLAIN, curves(**BLIND), readings(js_bits=level(distance)))
    assert [one.key for one in diagnose(record)] == (["healthy"] if well else [])


def test_the_most_telling_stands_first():
    told = readings(js_bits=level(0.9), modes_lenient=level(2))
    record = Record(PLAIN.replace(loss="minimax"), curves(**SURE_OF_ALL), told, diverged=True)
    keys = [one.key for one in diagnose(record)]
    assert keys == ["diverged", "no_gradient", "d_wins", "collapsed"]
    assert keys == [key for key in SYMPTOMS if key in keys]
