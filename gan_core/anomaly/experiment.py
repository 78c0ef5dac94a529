"""One experiment from end to end: learn the normal digits, then look for the others."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Mapping

import torch
from torch import Tensor

from gan_core.anomaly.anogan import AnoGan, Found
from gan_core.anomaly.baselines import PcaResidual, PixelNeighbour
from gan_core.anomaly.fast import EncoderTrainer
from gan_core.anomaly.outcome import (
    Bench,
    Known,
    Outcome,
    ShownCases,
    components_for,
    shown_cases,
)
from gan_core.anomaly.protocol import one_class
from gan_core.anomaly.scorer import Explainer, Explanation
from gan_core.anomaly.settings import Settings
from gan_core.config import PRESETS
from gan_core.data import ImageSet, at_hand, load_images
from gan_core.data.parts import Load, embedded_parts, parted
from gan_core.engine.job import Step
from gan_core.layers import Generator
from gan_core.pictures import contact_sheet, png, to_grey
from gan_core.stages import real_pictures
from gan_core.trainer import Trainer

RECIPE = PRESETS["fast"]
# All pictures of one digit, or as many of several.
MOST_TRAINING = 7000
# So many pictures are scored in a step, and so many starting points searched from at once.
PART = 200
# How often pictures are shown while networks learn.
SHOW_EVERY = 10
STRIP = 8

Scored = tuple[Tensor, dict[str, ShownCases]]


class AnomalyExperiment:
    """Trains a GAN and an encoder on the normal digits, then lets all scorers rank the test.

    ``prepare``, then go through ``steps``: each is short, and what the last one returns is the
    :class:`Outcome`. It depends on the settings and the data alone, however often the steps are
    interrupted. The pictures are dropped with the steps; an outcome keeps those of its cases.
    """

    def __init__(self, settings: Settings | None = None, load: Load | None = None) -> None:
        self.settings = settings or Settings()
        self._load = load or load_images
        self._course: Course | None = None

    def prepare(self) -> None:
        """Load MNIST, or where it is not to be had the built-in digits, and part it."""
        import sklearn.decomposition  # noqa: F401  a second to import: not in a step

        train, test = parted(self._load)
        self._course = Course(self.settings, train, test)

    def steps(self) -> Steps[Step, None, Outcome]:
        """Learn and score, once; stop iterating to pause."""
        if self._course is None:
            raise RuntimeError("prepare() comes first, once for each steps()")
        course, self._course = self._course, None
        return course.run()


def example(data: str, digit: int, seed: int) -> Tensor:
    """Return a picture of a digit, (1, 1, 28, 28), that no experiment learned from.

    One of the test set of ``data``: "mnist", or else the built-in digits. Of MNIST there are
    ten of each digit where it is not on this disk.
    """
    if data == "mnist":
        test = at_hand("mnist", train=False)
        images, labels = (test.images, test.labels) if test else _shipped()
    else:
        images, labels = embedded_parts()[1].images, embedded_parts()[1].labels
    places = (labels == digit).nonzero().flatten()
    return images[places[seed % len(places)]][None]


def _shipped() -> tuple[Tensor, Tensor]:
    images = real_pictures()
    return images, torch.arange(10).repeat_interleave(len(images) // 10)


def learned(
    train: ImageSet, normal: tuple[int, ...], seed: int, most: int = MOST_TRAINING
) -> Known:
    """Choose what is learned from: all pictures of the normal digits, or so many of them."""
    places = torch.isin(train.labels, torch.tensor(normal)).nonzero().flatten()
    if len(places) > most:
        order = torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))
        places = places[order[:most]].sort().values
    return Known(train, places)


def halves(labels: Tensor, count: int, seed: int) -> Tensor:
    """Choose the places of ``count`` pictures, half of them normal, in a random order.

    Fewer where there are fewer of a kind.
    """
    random = torch.Generator().manual_seed(seed)
    chosen = []
    for kind, wanted in ((False, count // 2), (True, count - count // 2)):
        places = (labels == kind).nonzero().flatten()
        chosen.append(places[torch.randperm(len(places), generator=random)[:wanted]])
    both = torch.cat(chosen)
    return both[torch.randperm(len(both), generator=random)]


class Course:
    """The course of one experiment, from the pictures to the outcome.

    Args:
        settings: what to do.
        train: what the normal pictures to learn from are taken from.
        test: what is scored; pictures that are learned from are left out.
    """

    def __init__(self, settings: Settings, train: ImageSet, test: ImageSet) -> None:
        self.settings = settings
        self.known = learned(train, settings.normal, settings.seed)
        labels = train.labels[self.known.places]
        own = ImageSet(train.key, self.known.pictures(), labels, train.fallback)
        self.split = one_class(own, test, settings.normal)
        self.searched = halves(self.split.labels, settings.searched, settings.seed)
        self._parts = self.split.test.split(PART)
        self._searches = self.searched.split(max(1, PART // settings.restarts))
        self._fallback = train.fallback
        self._done = 0
        self._total = (
            settings.gan_iterations
            + settings.encoder_steps
            + len(self._searches) * settings.search_steps
            + 4 * len(self._parts)  # four scorers that are asked about all
            + 1  # the principal components
        )

    def run(self) -> Steps[Step, None, Outcome]:
        """Go all the way, step by step."""
        trainer = yield from self._train()
        generator = trainer.generator if trainer.average is None else trainer.average
        learner = yield from self._encode(trainer, generator)
        search = AnoGan(generator, trainer.discriminator, self.settings.search)
        del trainer
        fast = learner.scorer()
        del learner
        scored = {"fast_anogan": (yield from self._score("fast_anogan", fast))}
        scored["anogan"] = yield from self._search(search)
        for name, unit_length in (("pixel_neighbour", False), ("unit_neighbour", True)):
            scorer = PixelNeighbour(self.split.training, unit_length=unit_length)
            scored[name] = yield from self._score("neighbours", scorer)
            del scorer
        pca = PcaResidual(self.split.training, components_for(self.split.training))
        yield self._step("pca")
        scored["pca_residual"] = yield from self._score("pca", pca)
        known = self.known  # not the course, which holds copies of the pictures

        return Outcome(
            settings=self.settings,
            data=self.known.shared.key,
            fallback=self._fallback,
            learned_from=len(self.split.training),
            digits=self.split.digits,
            labels=self.split.labels,
            searched=self.searched,
            scores={name: scores for name, (scores, _) in scored.items()},
            cases={name: shown for name, (_, shown) in scored.items()},
            bench=Bench(fast, search, lambda: known, pca),
        )

    def _train(self) -> Steps[Step, None, Trainer]:
        trainer = Trainer(RECIPE.replace(seed=self.settings.seed), self.split.training)
        for report in trainer.run(self.settings.gan_iterations):
            pictures = {}
            if self._shows(report.iteration, self.settings.gan_iterations):
                pictures["samples"] = png(contact_sheet(to_grey(trainer.sample(2 * STRIP)), STRIP))
            losses = {"d_loss": report.d_loss, "g_loss": report.g_loss}
            yield self._step("train", losses, pictures)
        return trainer

    def _encode(self, trainer: Trainer, generator: Generator) -> Steps[Step, None, EncoderTrainer]:
        settings = self.settings
        learner = EncoderTrainer(
            settings.encoder, generator, trainer.discriminator, self.split.training
        )
        strip = self.split.test[self.searched[:STRIP]]
        for report in learner.run(settings.encoder_steps):
            pictures = {}
            if self._shows(report.iteration, settings.encoder_steps):
                pictures["rebuilt"] = strips(strip, learner.scorer().explain(strip).reconstruction)
            terms = {"residual": report.residual, "matching": report.matching}
            yield self._step("encoder", terms, pictures)
        return learner

    def _score(self, stage: str, scorer: Explainer) -> Steps[Step, None, Scored]:
        """Score all test pictures, part by part."""
        test, scores = self.split.test, []
        for part in self._parts:
            scores.append(scorer.score(part))
            yield self._step(stage)
        found = torch.cat(scores)

        def explain(places: Tensor) -> Explanation:
            return scorer.explain(test[places])

        return found, shown_cases(self.split.digits, self.split.labels, found, test, explain)

    def _search(self, search: AnoGan) -> Steps[Step, None, Scored]:
        """Search for some of the test pictures, a few at a time."""
        images = self.split.test[self.searched]
        labels, digits = (one[self.searched] for one in (self.split.labels, self.split.digits))
        ended: list[Found] = []
        for places in self._searches:
            part, odd = self.split.test[places], self.split.labels[places]
            for found in search.search(part):
                pictures = {}
                if self._shows(found.step, found.steps):
                    made = search.explained(part[:STRIP], found.z[:STRIP]).reconstruction
                    pictures["searched"] = strips(part[:STRIP], made)
                yield self._step("anogan", means(found.scores, odd), pictures)
            ended.append(found)
        scores, z = (torch.cat([getattr(one, name) for one in ended]) for name in ("scores", "z"))

        def explain(places: Tensor) -> Explanation:
            return search.explained(images[places], z[places])

        return scores, shown_cases(digits, labels, scores, images, explain)

    def _shows(self, step: int, last: int) -> bool:
        return step % SHOW_EVERY == 1 or step == last

    def _step(
        self,
        stage: str,
        values: Mapping[str, float] | None = None,
        pictures: Mapping[str, bytes] | None = None,
    ) -> Step:
        self._done += 1
        return Step(stage, self._done, self._total, values or {}, pictures or {})


def means(scores: Tensor, odd: Tensor) -> dict[str, float]:
    """Return the mean score so far of each kind that is there."""
    kinds = {"found_normal": scores[~odd], "found_odd": scores[odd]}
    return {name: some.mean().item() for name, some in kinds.items() if len(some)}


def strips(above: Tensor, below: Tensor) -> bytes:
    """Lay pictures (N, 1, 28, 28) in a row, and under each another; a PNG."""
    return png(contact_sheet(to_grey(torch.cat([above, below])), len(above)))
