"""How good generated pictures are, at a glance: against a yardstick that all runs share."""

from __future__ import annotations

import statistics
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from gan_core.data import ImageSet
from gan_core.metrics.classes import READ_BY_CLASSIFIER, class_shares
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import Cloud, compare
from gan_core.pretrained import load_classifier

# Half as many cost half, but two real samples of 500 are a Fréchet distance of 22 apart.
COUNT = 1000
# With fewer real pictures on a side the floor says more than the reading.
LEAST = 200
CLASSES = 10
K = 5
NAMES = (
    "count",
    *("frechet", "frechet_floor", "coverage", "coverage_floor", "kl", "kl_floor", "covered"),
    *(f"class_{digit}" for digit in range(CLASSES)),
)
# As many further samples of real pictures, where there are so many, make the floors.
REPEATS = 5
_SEED = 1957


class Yardstick:
    """Real pictures of one data set as the classifier sees them; never changed.

    Attributes:
        count: N, how many pictures to compare with as many real ones.
        reads_classes: whether the classes that the classifier tells apart are those of the
            data. Its features say something of other pictures as well, though they were
            learned on MNIST.
    """

    def __init__(self, data: ImageSet) -> None:
        self.count = min(COUNT, len(data.images) // 2)
        self.reads_classes = data.key in READ_BY_CLASSIFIER
        order = torch.randperm(len(data.images), generator=torch.Generator().manual_seed(_SEED))
        parts = [part for part in order.split(self.count) if len(part) == self.count]
        reference, *others = (
            features(load_classifier(), data.images[part]) for part in parts[: 1 + REPEATS]
        )
        self._reference = reference
        self._cloud = Cloud(reference, K)
        scores = [self._scores(other) for other in others]
        self._floors = {name: statistics.median(one[name] for one in scores) for name in scores[0]}

    def measure(self, found: Tensor) -> dict[str, float | None]:
        """Compare the features (N, 64) of ``count`` generated pictures with the real ones.

        Returns:
            A value for each of ``NAMES``. ``frechet`` and ``coverage`` (k = 5) come with what
            other real pictures score, ``…_floor``. So does ``kl``, of the classes from even
            shares, in nats; ``covered`` classes have 1 % or more of the pictures, ``class_3``
            is the share of the threes. What concerns classes is None where they are not the
            data's, and all scores are where a feature is not finite.
        """
        values: dict[str, float | None] = dict.fromkeys(NAMES)
        values["count"] = self.count
        if found.isfinite().all():
            for name, value in self._scores(found).items():
                values |= {name: value, f"{name}_floor": self._floors[name]}
            values |= self._classes(found)
        return values

    def _scores(self, found: Tensor) -> dict[str, float]:
        scores = {
            "frechet": frechet_distance(self._reference, found),
            "coverage": compare(self._cloud, Cloud(found, K), (K,))[0].coverage,
        }
        if self.reads_classes:
            scores["kl"] = class_shares(load_classifier().head(found)).kl
        return scores

    def _classes(self, found: Tensor) -> dict[str, float]:
        if not self.reads_classes:
            return {}
        read = class_shares(load_classifier().head(found))
        shares = {f"class_{digit}": share for digit, share in enumerate(read.shares)}
        return {"covered": read.covered} | shares


def can_measure(data: ImageSet) -> bool:
    """Say whether there are enough real pictures to compare with."""
    return len(data.images) >= 2 * LEAST


_lock = threading.Lock()
_maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="yardstick")
_made: dict[str, tuple[Tensor, Future[Yardstick]]] = {}


def yardstick_of(data: ImageSet) -> Future[Yardstick]:
    """Return the yardstick of a data set, which all share.

    The first question has it made, in a thread of its own, for that takes a second or two.
    """
    with _lock:
        if data.key not in _made or _made[data.key][0] is not data.images:
            _made[data.key] = (data.images, _maker.submit(Yardstick, data))
        return _made[data.key][1]
