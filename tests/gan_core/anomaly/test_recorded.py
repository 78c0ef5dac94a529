"""The recorded experiment: what is written comes back, and what is shipped holds together."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from gan_core.anomaly import precision_recall, roc
from gan_core.anomaly.experiment import AnomalyExperiment
from gan_core.anomaly.outcome import KINDS, SCORERS, SHOWN, Outcome
from gan_core.anomaly.recorded import (
    FOLDER,
    NETWORKS,
    load_card,
    load_outcome,
    save_outcome,
)
from gan_core.anomaly.settings import Settings
from gan_core.data import ImageSet, at_hand, embedded_digits
from gan_core.stages import from_grey

MOST_BYTES = 1_000_000
FIGURES = Path(__file__).parents[3] / "assets" / "figures" / "anomaly.json"
TINY = Settings(
    normal=(3,), gan_iterations=2, encoder_steps=2, searched=20, restarts=1, search_steps=2
)


def load(_key: str, *, train: bool = True) -> ImageSet:
    assert train in (True, False)
    return replace(embedded_digits(), fallback="no_network")


@pytest.fixture(scope="module")
def made() -> Outcome:
    experiment = AnomalyExperiment(TINY, load)
    experiment.prepare()
    steps = experiment.steps()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def networks_of(outcome: Outcome) -> dict[str, nn.Module]:
    fast = outcome.bench.fast
    return dict(zip(NETWORKS, (fast._generator, fast._discriminator, fast._encoder), strict=True))


@pytest.fixture(scope="module")
def back(made, tmp_path_factory) -> Outcome:
    folder = tmp_path_factory.mktemp("anomaly")
    paths = save_outcome(made, networks_of(made), {"command": "by hand"}, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    assert load_card(folder)["command"] == "by hand"
    return load_outcome(folder)


# A round trip -----------------------------------------------------------------------------


def test_numbers_come_back_as_they_were(made, back):
    assert back.settings == made.settings
    assert back.learned_from == made.learned_from
    assert torch.equal(back.digits, made.digits)
    assert torch.equal(back.labels, made.labels)
    assert torch.equal(back.searched, made.searched)
    assert tuple(back.scores) == SCORERS
    for name in SCORERS:
        assert torch.equal(back.scores[name], made.scores[name].float())


def test_cases_come_back_as_they_were(made, back):
    for name in SCORERS:
        for kind in KINDS:
            before, after = made.cases[name][kind], back.cases[name][kind]
            assert after.digits == before.digits
            assert after.scores == before.scores
            assert np.array_equal(after.pictures, before.pictures)
            assert np.array_equal(after.expected, before.expected)


def test_networks_come_back_in_half_precision(made, back):
    for before, after in zip(networks_of(made).values(), networks_of(back).values(), strict=True):
        state = after.state_dict()
        for name, value in before.state_dict().items():
            expected = value.half().float() if value.is_floating_point() else value
            assert torch.equal(state[name], expected)


def test_without_mnist_the_networks_judge_and_the_others_do_not(back, monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    assert list(back.judge(embedded_digits().images[:1])) == ["fast_anogan", "anogan"]


# What is shipped --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Outcome:
    return load_outcome()


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES


def test_the_card_says_how_it_was_made():
    card = load_card()
    (normal,) = card["settings"]["normal"]
    assert card["command"] == (
        f"python -m benchmarks.anomaly --write --digits {normal} --weights {normal}"
    )
    assert date.fromisoformat(card["date"]) > date(2026, 1, 1)
    assert card["data"] == "mnist"
    alone = card["judge_alone"]
    assert 0 < alone["auroc"] < 1
    assert len(alone["called_real"]) == 10


def test_the_weights_are_halves():
    for name in NETWORKS:
        with safe_open(FOLDER / f"{name}.safetensors", "pt") as file:
            kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
        assert kinds <= {torch.float16, torch.int64}


def test_its_areas_are_those_in_the_table_of_all_digits(shipped):
    (normal,) = shipped.settings.normal
    row = json.loads(FIGURES.read_text("utf-8"))["digits"][str(normal)]
    assert row["learned_from"] == shipped.learned_from
    assert row["iterations"] == shipped.settings.gan_iterations
    assert row["encoder_steps"] == shipped.settings.encoder_steps
    assert row["prevalence"] == pytest.approx(shipped.prevalence, abs=1e-4)
    for name in SCORERS:
        for part in row["areas"][name]:
            judged = shipped.of(name, some=part == "some")
            kept = row["areas"][name][part]
            assert roc(*judged).area == pytest.approx(kept["auroc"], abs=2e-4)
            assert precision_recall(*judged).area == pytest.approx(kept["auprc"], abs=2e-4)


def test_each_kind_of_case_has_its_pictures(shipped):
    (normal,) = shipped.settings.normal
    for name in SCORERS:
        for kind in KINDS:
            shown = shipped.cases[name][kind]
            assert shown.pictures.shape == shown.expected.shape == (SHOWN, 28, 28)
            usual = {digit == normal for digit in shown.digits}
            assert usual == {kind in ("false_alarms", "plain")}


@pytest.mark.parametrize(("name", "tolerance"), [("fast_anogan", 0.01), ("anogan", 0.03)])
def test_the_networks_give_the_cases_their_scores(shipped, name, tolerance):
    """From the pictures that are shipped with them, so it needs no MNIST."""
    scorer = dict(shipped.bench.scorers())[name]
    for shown in shipped.cases[name].values():
        scores = scorer.score(from_grey(shown.pictures)).tolist()
        assert scores == pytest.approx(list(shown.scores), rel=tolerance)


def test_a_seven_is_odd_and_a_zero_is_not(shipped):
    """The question of the page, on ten digits each that no network has seen."""
    from gan_core.stages import real_pictures

    labels, scores = shipped.of("fast_anogan")
    limit = scores[~labels].quantile(0.98)
    zeros, sevens = (
        shipped.bench.fast.score(real_pictures()[10 * digit : 10 * digit + 10]) for digit in (0, 7)
    )
    assert (sevens > limit).all()
    assert (zeros < limit).sum() >= 9


def test_with_mnist_all_scores_come_out_again(shipped):
    folder = Path(os.environ.get("GAN_DATA", "data"))
    test = at_hand("mnist", train=False, folder=folder)
    if test is None or at_hand("mnist", folder=folder) is None:
        pytest.skip(f"no MNIST in {folder}: set GAN_DATA to a folder that has it")
    assert torch.equal(test.labels, shipped.digits)
    for name, scorer in shipped.bench.scorers():
        places = shipped.searched[:60] if name == "anogan" else torch.arange(300)
        kept = shipped.scores[name][:60] if name == "anogan" else shipped.scores[name][:300]
        found = scorer.score(test.images[places])
        assert torch.allclose(found, kept, rtol=0.03 if name == "anogan" else 1e-3), name
