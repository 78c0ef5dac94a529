"""Curves against scikit-learn and against counting by hand."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
import torch
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from torch import Tensor

from gan_core.anomaly import cases, histogram, precision_recall, roc
from gan_core.anomaly.ranking import POINTS, odder_than


def drawn(count: int, prevalence: float, shift: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Scores with ties: normal around 0, anomalies around ``shift``."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.rand(count, generator=random) < prevalence
    scores = torch.randn(count, generator=random) + shift * labels
    return labels, (scores * 4).round() / 4


TESTS = [(2000, 0.9, 1.0), (500, 0.1, 0.5), (60, 0.5, -1.0), (3000, 0.3, 0.0)]
FEW = torch.tensor([True, False, True, True, False, True])
FEW_SCORES = torch.tensor([0.9, 0.8, 0.7, 0.4, 0.3, 0.2])


@pytest.mark.parametrize(("count", "prevalence", "shift"), TESTS)
def test_areas_are_scikit_learns(count, prevalence, shift):
    labels, scores = drawn(count, prevalence, shift)
    truth, values = labels.numpy(), scores.numpy()
    assert roc(labels, scores).area == pytest.approx(roc_auc_score(truth, values), abs=1e-12)
    area = precision_recall(labels, scores).area
    assert area == pytest.approx(average_precision_score(truth, values), abs=1e-12)


def test_auroc_is_how_often_an_anomaly_scores_higher():
    labels, scores = drawn(200, 0.4, 0.7)
    wins = [
        1.0 if odd > usual else 0.5 if odd == usual else 0.0
        for odd in scores[labels].tolist()
        for usual in scores[~labels].tolist()
    ]
    assert roc(labels, scores).area == pytest.approx(statistics.mean(wins), abs=1e-12)


def test_auprc_is_the_mean_precision_at_each_anomaly():
    """Ranks 1, 3, 4 and 6 are anomalies: 1/1, 2/3, 3/4, 4/6."""
    expected = (1 + 2 / 3 + 3 / 4 + 4 / 6) / 4
    assert precision_recall(FEW, FEW_SCORES).area == pytest.approx(expected, abs=1e-12)


def test_a_curve_of_six_pictures_is_as_counted_by_hand():
    curve = precision_recall(FEW, FEW_SCORES)
    assert curve.x == (0.0, 0.25, 0.25, 0.5, 0.75, 0.75, 1.0)
    assert curve.y == pytest.approx((1.0, 1.0, 1 / 2, 2 / 3, 3 / 4, 3 / 5, 4 / 6))
    assert set(zip(roc(FEW, FEW_SCORES).x, roc(FEW, FEW_SCORES).y, strict=True)) <= {
        (0.0, 0.0),
        (0.0, 0.25),
        (0.5, 0.25),
        (0.5, 0.75),
        (1.0, 0.75),
        (1.0, 1.0),
    }


# Chance ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "prevalence", "shift"), TESTS)
def test_chance_is_a_half_and_the_prevalence(count, prevalence, shift):
    labels, scores = drawn(count, prevalence, shift)
    assert roc(labels, scores).chance == 0.5
    assert precision_recall(labels, scores).chance == sum(labels.tolist()) / count


@pytest.mark.parametrize("prevalence", [0.1, 0.5, 0.9])
def test_who_guesses_has_the_area_of_chance(prevalence):
    curves = []
    for seed in range(20):
        labels, _ = drawn(2000, prevalence, 0.0, seed)
        scores = torch.rand(2000, generator=torch.Generator().manual_seed(1000 + seed))
        curves.append((roc(labels, scores), precision_recall(labels, scores)))
    for pair in zip(*curves, strict=True):
        gap = statistics.mean(curve.area - curve.chance for curve in pair)
        assert gap == pytest.approx(0, abs=0.01)


def test_one_score_for_all_is_chance_exactly():
    labels, _ = drawn(300, 0.7, 0.0)
    same = torch.zeros(300)
    assert roc(labels, same).area == 0.5
    curve = precision_recall(labels, same)
    assert curve.area == pytest.approx(curve.chance, abs=1e-12)


def test_a_perfect_scorer_has_area_one_and_its_opposite_none():
    labels, _ = drawn(300, 0.7, 0.0)
    assert roc(labels, labels.float()).area == precision_recall(labels, labels.float()).area == 1
    assert roc(labels, -labels.float()).area == 0


# Thinning -------------------------------------------------------------------------------


def test_a_curve_is_thinned_to_points_of_the_whole_one():
    random = torch.Generator().manual_seed(3)
    labels = torch.rand(5000, generator=random) < 0.9
    scores = torch.rand(5000, generator=random) + 0.3 * labels
    truth, values = labels.numpy(), scores.double().numpy()
    fpr, tpr, _ = roc_curve(truth, values)
    precision, recall, _ = precision_recall_curve(truth, values)
    for curve, x, y in (
        (roc(labels, scores), fpr, tpr),
        (precision_recall(labels, scores), recall, precision),
    ):
        assert len(x) > POINTS
        assert len(curve.x) == len(curve.y) == POINTS
        assert set(zip(curve.x, curve.y, strict=True)) <= set(
            zip(x.tolist(), y.tolist(), strict=True)
        )
        assert all(one <= other for one, other in pairwise(curve.x))
        assert (curve.x[0], curve.x[-1]) == (0.0, 1.0)


def test_a_short_curve_keeps_all_its_points():
    assert len(precision_recall(FEW, FEW_SCORES).x) == 7


# Histogram ------------------------------------------------------------------------------


def test_a_histogram_counts_each_picture_once():
    labels, scores = drawn(1000, 0.8, 1.0)
    found = histogram(labels, scores, bins=10)
    assert len(found.edges) == 11
    assert (found.edges[0], found.edges[-1]) == (scores.min().item(), scores.max().item())
    for kind, counts in ((False, found.normal), (True, found.anomalous)):
        values = scores[labels == kind].tolist()
        assert sum(counts) == len(values)
        for bin_, (low, high) in enumerate(pairwise(found.edges)):
            last = bin_ == 9
            expected = sum(low <= v < high or (last and v == high) for v in values)
            assert counts[bin_] == expected


def test_equal_scores_have_a_histogram_too():
    found = histogram(FEW, torch.full((6,), 2.0), bins=4)
    assert (sum(found.normal), sum(found.anomalous)) == (2, 4)


@pytest.mark.parametrize("bins", [1, 201, 10.0])
def test_bad_bins_are_refused(bins):
    with pytest.raises(ValueError, match=r"^bins must be a whole number from 2 to 200, got"):
        histogram(FEW, FEW_SCORES, bins)


# Cases ----------------------------------------------------------------------------------


def test_cases_are_the_ends_of_the_ranking():
    found = cases(FEW, FEW_SCORES, 2)
    assert found.false_alarms == (1, 4)
    assert found.plain == (4, 1)
    assert found.missed == (5, 3)
    assert found.caught == (0, 2)


def test_where_there_are_fewer_all_are_shown():
    found = cases(FEW, FEW_SCORES, 50)
    assert len(found.false_alarms) == len(found.plain) == 2
    assert len(found.missed) == len(found.caught) == 4


@pytest.mark.parametrize("count", [0, 101])
def test_a_bad_number_of_cases_is_refused(count):
    with pytest.raises(ValueError, match=r"^count must be a whole number from 1 to 100, got"):
        cases(FEW, FEW_SCORES, count)


# Bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [roc, precision_recall, histogram, cases])
def test_labels_of_one_kind_are_refused(look):
    for kind in (True, False):
        with pytest.raises(ValueError, match=r"^labels must be \(N,\) with anomalies and normal"):
            look(torch.full((6,), kind), FEW_SCORES)
    with pytest.raises(ValueError, match=r"^labels must be"):
        look(FEW[:0], FEW_SCORES[:0])


@pytest.mark.parametrize("look", [roc, precision_recall, histogram, cases])
def test_scores_that_fit_no_labels_are_refused(look):
    with pytest.raises(ValueError, match=r"^scores must be of shape \(6,\), got \(5,\)$"):
        look(FEW, FEW_SCORES[:5])


@pytest.mark.parametrize("look", [roc, precision_recall, histogram, cases])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_refused(look, bad):
    scores = FEW_SCORES.clone()
    scores[2] = bad
    with pytest.raises(ValueError, match=r"^scores must be finite, got"):
        look(FEW, scores)


# Another share of anomalies ---------------------------------------------------------------


def test_with_another_prevalence_a_precision_is_as_by_hand():
    """π·TPR / (π·TPR + (1 - π)·FPR), at each threshold of the six pictures."""
    share = 0.1
    curve = precision_recall(FEW, FEW_SCORES, share)
    expected = []
    for threshold in FEW_SCORES.sort(descending=True).values:
        told = threshold <= FEW_SCORES
        tpr = (told & FEW).sum().item() / FEW.sum().item()
        fpr = (told & ~FEW).sum().item() / (~FEW).sum().item()
        expected.append(share * tpr / (share * tpr + (1 - share) * fpr))
    assert curve.y[1:] == pytest.approx(expected)
    assert curve.chance == share


@pytest.mark.parametrize(("count", "prevalence", "shift"), TESTS)
def test_its_own_prevalence_changes_nothing(count, prevalence, shift):
    labels, scores = drawn(count, prevalence, shift)
    plain = precision_recall(labels, scores)
    own = precision_recall(labels, scores, plain.chance)
    assert own.area == pytest.approx(plain.area, abs=1e-9)
    assert own.y == pytest.approx(plain.y, abs=1e-9)


def test_a_rarer_anomaly_means_a_smaller_area():
    labels, scores = drawn(3000, 0.9, 1.5)
    areas = [precision_recall(labels, scores, share).area for share in (0.9, 0.5, 0.1, 0.01)]
    assert areas == sorted(areas, reverse=True)
    thinned = torch.cat([(~labels).nonzero(), labels.nonzero()[:33]]).flatten()  # about a tenth
    share = labels[thinned].double().mean().item()
    by_thinning = precision_recall(labels[thinned], scores[thinned]).area
    assert precision_recall(labels, scores, share).area == pytest.approx(by_thinning, abs=0.1)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_prevalence_that_is_none_is_refused(prevalence):
    with pytest.raises(ValueError, match=r"^prevalence must be between 0 and 1, got"):
        precision_recall(FEW, FEW_SCORES, prevalence)


# A place among the normal -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "share"), [(0.1, 0.0), (0.3, 0.0), (0.31, 0.5), (0.8, 0.5), (0.81, 1.0)]
)
def test_odder_than_counts_the_normal_pictures_below(score, share):
    """The normal ones score .8 and .3."""
    assert odder_than(FEW, FEW_SCORES, score) == share


def test_a_score_that_is_no_number_has_no_place():
    with pytest.raises(ValueError, match=r"^score must be finite, got nan"):
        odder_than(FEW, FEW_SCORES, float("nan"))
