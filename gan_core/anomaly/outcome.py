"""What an experiment came to: scores, areas, cases, and scorers to ask about another picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.anomaly.anogan import AnoGan
from gan_core.anomaly.baselines import PcaResidual, PixelNeighbour
from gan_core.anomaly.fast import FastAnoGan
from gan_core.anomaly.ranking import cases, odder_than
from gan_core.anomaly.scorer import Explainer, Explanation
from gan_core.anomaly.settings import Settings
from gan_core.data import ImageSet
from gan_core.pictures import Grey, to_grey

# The order in which scorers stand wherever they are shown.
SCORERS = ("fast_anogan", "anogan", "pixel_neighbour", "unit_neighbour", "pca_residual")
# It searches for each picture anew, so it is asked about some of them only.
SEARCHED = "anogan"
KINDS = ("caught", "missed", "false_alarms", "plain")
# So many pictures of each kind are kept to be looked at.
SHOWN = 6


@dataclass(frozen=True, slots=True)
class ShownCases:
    """Pictures worth looking at, the most telling first.

    Attributes:
        digits: what each of them shows, N of them.
        scores: their scores.
        pictures: bytes (N, 28, 28).
        expected: bytes (N, 28, 28), the nearest that the scorer holds for normal.
    """

    digits: tuple[int, ...]
    scores: tuple[float, ...]
    pictures: Grey
    expected: Grey


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scorer says of one picture.

    Attributes:
        score: higher = more anomalous.
        odder_than: share of the normal test pictures with a lower score, 0 to 1.
        expected: bytes (28, 28), the nearest that the scorer holds for normal.
    """

    score: float
    odder_than: float
    expected: Grey


@dataclass(frozen=True, slots=True)
class Known:
    """Normal pictures that were learned from, where they stand in a set that all share."""

    shared: ImageSet
    places: Tensor

    def pictures(self) -> Tensor:
        """Return them, (N, 1, 28, 28) in [-1, 1]; a copy, not to be kept."""
        return self.shared.images[self.places]


class Bench:
    """The scorers of an experiment.

    Those that hold training pictures are made anew each time: kept, they would weigh twenty
    times as much as the networks.

    Args:
        fast: f-AnoGAN with its encoder.
        search: AnoGAN.
        known: returns what was learned from, or None where that is not at hand.
        pca: fitted to these pictures; without it, it is fitted when it is first asked.
    """

    def __init__(
        self,
        fast: FastAnoGan,
        search: AnoGan,
        known: Callable[[], Known | None],
        pca: PcaResidual | None = None,
    ) -> None:
        self.fast = fast
        self.search = search
        self._known = known
        self._pca = pca

    def scorers(self) -> Iterator[tuple[str, Explainer]]:
        """Yield each scorer that can be asked with its name, in the order of ``SCORERS``."""
        yield "fast_anogan", self.fast
        yield "anogan", self.search
        known = self._known()
        if known is None:
            return
        training = known.pictures()
        yield "pixel_neighbour", PixelNeighbour(training)
        yield "unit_neighbour", PixelNeighbour(training, unit_length=True)
        if self._pca is None:
            self._pca = PcaResidual(training, components_for(training))
        yield "pca_residual", self._pca


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an experiment came to. Some 3 MB: networks, scores and cases, but no training pictures.

    Attributes:
        settings: what was done.
        data: key of the data.
        fallback: why these are not MNIST: "" (they are), "no_network" or "damaged".
        learned_from: how many pictures were.
        digits: (M,) what each test picture shows.
        labels: (M,) bool, True for an anomaly.
        searched: (K,) the places among them of those that AnoGAN was asked about.
        scores: those of each scorer, (M,); AnoGAN's (K,).
        cases: pictures worth looking at by scorer and kind.
        bench: the scorers.
    """

    settings: Settings
    data: str
    fallback: str
    learned_from: int
    digits: Tensor
    labels: Tensor
    searched: Tensor
    scores: Mapping[str, Tensor]
    cases: Mapping[str, Mapping[str, ShownCases]]
    bench: Bench

    @property
    def prevalence(self) -> float:
        """Share of anomalies among the test pictures, 0 to 1."""
        return self.labels.double().mean().item()

    def of(self, scorer: str, *, some: bool = False) -> tuple[Tensor, Tensor]:
        """Return labels and scores; with ``some`` only of what AnoGAN was asked about, too.

        AnoGAN's are always those.
        """
        if scorer == SEARCHED:
            return self.labels[self.searched], self.scores[scorer]
        if some:
            return self.labels[self.searched], self.scores[scorer][self.searched]
        return self.labels, self.scores[scorer]

    def judge(self, picture: Tensor) -> dict[str, Verdict]:
        """Ask all scorers that are at hand about one picture (1, 1, 28, 28) in [-1, 1]."""
        verdicts = {}
        for name, scorer in self.bench.scorers():
            score, explanation = asked(scorer, picture)
            expected = to_grey(explanation.reconstruction)[0]
            place = odder_than(*self.of(name), score.item())
            verdicts[name] = Verdict(score.item(), place, expected)
        return verdicts


def asked(scorer: Explainer, images: Tensor) -> tuple[Tensor, Explanation]:
    """Return scores and explanations of a few pictures; AnoGAN searches once for both."""
    if isinstance(scorer, AnoGan):
        *_, found = scorer.search(images)
        return found.scores, scorer.explained(images, found.z)
    return scorer.score(images), scorer.explain(images)


def components_for(training: Tensor, most: int = 64) -> int:
    """Return how many principal components to keep: as many as z has coordinates, if there are."""
    return min(most, len(training) - 1)


def shown_cases(
    digits: Tensor,
    labels: Tensor,
    scores: Tensor,
    images: Tensor,
    explain: Callable[[Tensor], Explanation],
) -> dict[str, ShownCases]:
    """Pick the worst and the best of each kind, and have them explained.

    Args:
        digits: (N,) what each picture shows.
        labels: (N,) bool, True for an anomaly.
        scores: (N,).
        images: (N, 1, 28, 28) in [-1, 1].
        explain: takes places among the N, and explains the pictures there.
    """
    found = cases(labels, scores, SHOWN)
    shown = {}
    for kind in KINDS:
        places = torch.tensor(getattr(found, kind))
        shown[kind] = ShownCases(
            tuple(digits[places].tolist()),
            tuple(scores[places].tolist()),
            to_grey(images[places]),
            to_grey(explain(places).reconstruction),
        )
    return shown
