"""The experiment from end to end, on settings that are done in a moment."""

from __future__ import annotations

import gc
import io
import math
import weakref
from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_core.anomaly import (
    AnoGan,
    EncoderTrainer,
    PcaResidual,
    PixelNeighbour,
    one_class,
    roc,
)
from gan_core.anomaly.experiment import (
    PART,
    RECIPE,
    STRIP,
    AnomalyExperiment,
    Course,
    halves,
    learned,
)
from gan_core.anomaly.outcome import KINDS, SCORERS, Known, Outcome
from gan_core.anomaly.settings import Settings
from gan_core.data import ImageSet
from gan_core.data.images import embedded_digits
from gan_core.data.parts import apart, parted
from gan_core.engine import Step
from gan_core.trainer import Trainer

TINY = Settings(
    normal=(3,), gan_iterations=12, encoder_steps=3, searched=20, search_steps=3, restarts=2, seed=4
)


def load(key: str, *, train: bool = True) -> ImageSet:
    """No MNIST here."""
    assert key == "mnist"
    assert train in (True, False)
    return replace(embedded_digits(), fallback="no_network")


def finished(experiment: AnomalyExperiment) -> tuple[list[Step], Outcome]:
    """Go through all steps; return them with what comes out."""
    experiment.prepare()
    steps, told = experiment.steps(), []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


def contents(images: Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


@pytest.fixture(scope="module")
def done() -> tuple[list[Step], Outcome]:
    return finished(AnomalyExperiment(TINY, load))


@pytest.fixture(scope="module")
def steps(done) -> list[Step]:
    return done[0]


@pytest.fixture(scope="module")
def outcome(done) -> Outcome:
    return done[1]


# Steps ------------------------------------------------------------------------------------


def test_every_step_counts_and_the_last_one_is_the_last(steps):
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert {step.total for step in steps} == {len(steps)}


def test_the_stages_come_in_their_order(steps):
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["train", "encoder", "fast_anogan", "anogan", "neighbours", "pca"]
    parts = math.ceil(539 / PART)
    counts = {stage: sum(step.stage == stage for step in steps) for stage in stages}
    assert counts == {
        "train": 12,
        "encoder": 3,
        "fast_anogan": parts,
        "anogan": 3,
        "neighbours": 2 * parts,
        "pca": 1 + parts,
    }


def test_each_stage_tells_what_it_measures(steps):
    told = {step.stage: set(step.values) for step in steps}
    assert told["train"] == {"d_loss", "g_loss"}
    assert told["encoder"] == {"residual", "matching"}
    assert told["anogan"] == {"found_normal", "found_odd"}
    assert all(math.isfinite(value) for step in steps for value in step.values.values())


def test_pictures_are_shown_now_and_then(steps):
    shown = [(step.stage, name) for step in steps for name in step.pictures]
    assert shown == [
        *[("train", "samples")] * 3,  # steps 1, 11 and the last
        *[("encoder", "rebuilt")] * 2,
        *[("anogan", "searched")] * 2,
    ]
    sizes = {
        name: Image.open(io.BytesIO(content)).size
        for step in steps
        for name, content in step.pictures.items()
    }
    assert sizes == {
        "samples": (28 * STRIP, 2 * 28),
        "rebuilt": (28 * STRIP, 2 * 28),
        "searched": (28 * STRIP, 2 * 28),
    }


def test_many_starting_points_mean_fewer_pictures_at_once():
    many = replace(TINY, gan_iterations=1, encoder_steps=1, restarts=16, search_steps=2)
    course = Course(many, *apart(embedded_digits()))
    assert [len(part) for part in course._searches] == [12, 8]
    assert sum(step.stage == "anogan" for step in course.run()) == 4


# What comes out ---------------------------------------------------------------------------


def test_the_scores_are_those_of_the_parts_put_together_by_hand(outcome):
    train, test = apart(embedded_digits())
    split = one_class(train, test, [3])
    trainer = Trainer(RECIPE.replace(seed=4), split.training)
    list(trainer.run(12))
    players = trainer.average, trainer.discriminator
    learner = EncoderTrainer(TINY.encoder, *players, split.training)
    list(learner.run(3))
    expected = {
        "fast_anogan": learner.scorer().score(split.test),
        "anogan": AnoGan(*players, TINY.search).score(split.test[outcome.searched]),
        "pixel_neighbour": PixelNeighbour(split.training).score(split.test),
        "unit_neighbour": PixelNeighbour(split.training, unit_length=True).score(split.test),
        "pca_residual": PcaResidual(split.training, 64).score(split.test),
    }
    assert tuple(outcome.scores) == SCORERS
    assert torch.equal(outcome.labels, split.labels)
    assert torch.equal(outcome.digits, split.digits)
    assert outcome.prevalence == split.prevalence
    assert outcome.learned_from == len(split.training)
    for name in SCORERS:
        assert torch.allclose(outcome.scores[name], expected[name], rtol=1e-4), name
    assert torch.equal(outcome.scores["anogan"], expected["anogan"])


def test_areas_are_of_all_pictures_or_of_those_that_were_searched(outcome):
    for name in SCORERS:
        labels, scores = outcome.of(name, some=True)
        assert len(labels) == len(scores) == 20
        assert torch.equal(labels, outcome.labels[outcome.searched])
    for name in set(SCORERS) - {"anogan"}:
        labels, scores = outcome.of(name)
        assert len(labels) == len(scores) == 539
        assert torch.equal(outcome.of(name, some=True)[1], scores[outcome.searched])
    assert 0 <= roc(*outcome.of("anogan")).area <= 1


def test_half_of_the_searched_are_normal(outcome):
    assert outcome.labels[outcome.searched].sum() == 10
    assert len(set(outcome.searched.tolist())) == 20


def test_the_cases_are_the_extremes_with_what_was_expected(outcome):
    test = one_class(*apart(embedded_digits()), [3])
    labels, scores = outcome.of("pixel_neighbour")
    shown = outcome.cases["pixel_neighbour"]
    assert tuple(shown) == KINDS
    best = scores[labels].sort(descending=True).values[:6]
    assert shown["caught"].scores == pytest.approx(best.tolist())
    worst = scores[~labels].sort(descending=True).values[:6]
    assert shown["false_alarms"].scores == pytest.approx(worst.tolist())
    assert set(shown["false_alarms"].digits) == set(shown["plain"].digits) == {3}
    assert 3 not in shown["missed"].digits + shown["caught"].digits
    place = scores.masked_fill(~labels, -1).argmax()
    grey = test.test[place].add(1).mul(127.5).round().byte()[0].numpy()
    assert (shown["caught"].pictures[0] == grey).all()
    nearest = PixelNeighbour(test.training).explain(test.test[place][None]).reconstruction
    expected = nearest.add(1).mul(127.5).round().byte()[0, 0].numpy()
    assert (shown["caught"].expected[0] == expected).all()


def test_another_picture_is_judged_by_all(outcome):
    odd = embedded_digits().images[:1]
    verdicts = outcome.judge(odd)
    assert tuple(verdicts) == SCORERS
    for (name, scorer), verdict in zip(outcome.bench.scorers(), verdicts.values(), strict=True):
        assert verdict.score == pytest.approx(scorer.score(odd).item(), rel=1e-6), name
        labels, scores = outcome.of(name)
        below = [score < verdict.score for score in scores[~labels].tolist()]
        assert verdict.odder_than == sum(below) / len(below)
        made = scorer.explain(odd).reconstruction[0, 0].add(1).mul(127.5).round().byte()
        assert (verdict.expected == made.numpy()).all()


# What it depends on -----------------------------------------------------------------------


def test_pausing_and_company_change_nothing(outcome):
    """Two go step by step in turn; a third would learn from other random numbers."""
    before = torch.random.get_rng_state()
    one, other = (AnomalyExperiment(TINY, load) for _ in range(2))
    one.prepare()
    other.prepare()
    first, second = one.steps(), other.steps()
    for _ in range(7):
        next(first)
    for _ in second:
        pass
    ended = None
    while ended is None:
        try:
            next(first)
        except StopIteration as end:
            ended = end.value
    assert torch.equal(torch.random.get_rng_state(), before)
    for name in SCORERS:
        assert torch.equal(ended.scores[name], outcome.scores[name]), name


def test_another_seed_is_another_experiment(outcome):
    _, other = finished(AnomalyExperiment(replace(TINY, seed=5), load))
    assert not torch.equal(other.scores["fast_anogan"], outcome.scores["fast_anogan"])
    assert not torch.equal(other.searched, outcome.searched)


@pytest.mark.parametrize("normal", [(3,), (0, 1), tuple(range(1, 10))])
def test_no_test_picture_is_learned_from(normal):
    course = Course(replace(TINY, normal=normal), *parted(load))
    assert contents(course.split.training).isdisjoint(contents(course.split.test))
    known = course.known
    assert torch.equal(known.pictures(), course.split.training)
    assert set(known.shared.labels[known.places].tolist()) == set(normal)


def test_a_test_picture_that_was_learned_from_is_left_out():
    train, test = apart(embedded_digits())
    double = train.images[train.labels == 3][:5]
    leaky = ImageSet(
        test.key,
        torch.cat([double, test.images]),
        torch.cat([torch.full((5,), 3), test.labels]),
    )
    course = Course(TINY, train, leaky)
    assert course.split.left_out == 5
    assert contents(course.split.training).isdisjoint(contents(course.split.test))


def test_as_many_are_learned_from_as_allowed():
    digits = embedded_digits()
    everything = learned(digits, (3, 5), seed=0)
    assert len(everything.places) == int(((digits.labels == 3) | (digits.labels == 5)).sum())
    one, again, other = (learned(digits, (3, 5), seed, most=50) for seed in (0, 0, 1))
    assert len(one.places) == len(set(one.places.tolist())) == 50
    assert torch.equal(one.places, again.places)
    assert not torch.equal(one.places, other.places)
    assert set(digits.labels[one.places].tolist()) == {3, 5}


def test_halves_are_fewer_where_there_are_fewer():
    labels = torch.arange(30) > 3  # four normal ones
    chosen = halves(labels, 20, seed=0)
    assert sorted(chosen[~labels[chosen]].tolist()) == [0, 1, 2, 3]
    assert int(labels[chosen].sum()) == 10
    assert torch.equal(chosen, halves(labels, 20, seed=0))


# Data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [True, False])
def test_without_all_of_mnist_the_built_in_digits_serve_and_say_so(missing):
    digits = embedded_digits()

    def half_there(_key: str, *, train: bool = True) -> ImageSet:
        return replace(digits, fallback="damaged") if train == missing else digits

    train, test = parted(half_there)
    assert train.fallback == test.fallback == "damaged"
    assert contents(train.images).isdisjoint(contents(test.images))
    assert len(train.images) + len(test.images) == len(digits.images)


def test_mnist_is_taken_as_it_is():
    digits = embedded_digits()
    sets = {True: replace(digits, key="mnist"), False: replace(digits, key="mnist")}
    train, test = parted(lambda _key, train=True: sets[train])
    assert train is sets[True]
    assert test is sets[False]


def test_an_outcome_says_which_data_it_is_of(outcome):
    assert (outcome.data, outcome.fallback) == ("digits", "no_network")


# Memory -----------------------------------------------------------------------------------


def held(root: object) -> dict[int, int]:
    """Bytes of each tensor storage that can be reached from an object, by its address."""
    seen: set[int] = set()
    found: dict[int, int] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ == "module":
            continue
        seen.add(id(one))
        if isinstance(one, Tensor):
            storage = one.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        if not callable(one) or hasattr(one, "__closure__") or isinstance(one, torch.nn.Module):
            own = getattr(one, "__closure__", None)
            waiting += gc.get_referents(one) if own is None else own
    return found


def test_an_outcome_holds_no_training_pictures_of_its_own(outcome):
    shared = {images.untyped_storage().data_ptr() for images in (parted(load)[0].images,)}
    own = {place: size for place, size in held(outcome).items() if place not in shared}
    assert len(held(outcome)) > len(own)  # they are reached, where all share them
    networks = 2 * 4 * 190_000 + 4 * 180_000  # G and D twice, E, each number 4 bytes
    components = 8 * 64 * 784
    numbers = 539 * 40
    assert networks / 2 < sum(own.values()) < networks + components + numbers + 100_000


def test_what_is_cut_short_lets_go_of_its_pictures():
    experiment = AnomalyExperiment(TINY, load)
    experiment.prepare()
    course = weakref.ref(experiment._course)
    steps = experiment.steps()
    next(steps)
    assert course() is not None
    steps.close()
    del steps
    gc.collect()
    assert course() is None


def test_what_is_done_lets_go_of_its_pictures():
    experiment = AnomalyExperiment(TINY, load)
    experiment.prepare()
    course = weakref.ref(experiment._course)
    outcome = None
    steps = experiment.steps()
    while outcome is None:
        try:
            next(steps)
        except StopIteration as end:
            outcome = end.value
    del steps
    gc.collect()
    assert course() is None
    assert isinstance(outcome.bench._known(), Known)


# Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"normal": ()}, "^normal_digits must be 1 to 9 of the digits 0 to 9, got"),
        ({"normal": tuple(range(10))}, "^normal_digits must be 1 to 9 of the digits"),
        ({"normal": (11,)}, "^normal_digits must be 1 to 9 of the digits 0 to 9, got"),
        ({"gan_iterations": 0}, "^gan_iterations must be a whole number from 1 to 5000, got 0$"),
        ({"encoder_steps": 5001}, "^encoder_steps must be a whole number from 1 to 5000"),
        ({"feature_weight": 1.1}, "^feature_weight must be from 0 to 1, got 1.1$"),
        ({"kappa": -1.0}, "^kappa must be from 0 to 100, got -1.0$"),
        ({"searched": 9}, "^searched must be a whole number from 10 to 1000, got 9$"),
        ({"restarts": 17}, "^restarts must be a whole number from 1 to 16, got 17$"),
        ({"search_steps": 0}, "^search_steps must be a whole number from 1 to 500, got 0$"),
        ({"seed": -1}, "^seed must be a whole number from 0 to"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        Settings(**setting)


def test_normal_digits_are_put_in_order():
    assert Settings(normal=(7, 0, 7)).normal == (0, 7)


def test_the_settings_of_the_parts_are_those_of_the_whole():
    settings = Settings(feature_weight=0.3, kappa=2.0, restarts=3, search_steps=9, seed=8)
    search, encoder = settings.search, settings.encoder
    assert (search.feature_weight, search.restarts, search.steps, search.seed) == (0.3, 3, 9, 8)
    assert (encoder.kappa, encoder.seed) == (2.0, 8)


def test_what_was_not_prepared_is_refused():
    experiment = AnomalyExperiment(TINY, load)
    with pytest.raises(RuntimeError, match=r"^prepare\(\) comes first"):
        experiment.steps()
    experiment.prepare()
    experiment.steps()
    with pytest.raises(RuntimeError, match=r"^prepare\(\) comes first"):
        experiment.steps()
