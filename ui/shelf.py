"""Generators on their way to browsers: copies of runs, and those that come with the course.

A *card* says what a browser needs to know of a generator and where its
networks are. Networks are kept by a digest of their content, so that browsers
may cache them for ever; the shelf is bounded, and the oldest copy goes first.
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from gan_core.config import SHIPPED_KEYS

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gan_core.layers import Generator
    from gan_core.trainer import Trainer

# Some 12 MB a copy of the lesson's pair: a class of thirty may compare a few each.
MOST_COPIES = 48

Card = dict[str, Any]
Network = TypeVar("Network", bound="nn.Module")


@dataclass(frozen=True, slots=True)
class Copy:
    """A generator at rest, what it was trained against, and how far it had come.

    Attributes:
        judges: the discriminator; where both are told a class, the one of each class.
        agreement: the share of the pictures in which a classifier reads the class that was
            asked for, where that was measured.
    """

    generator: Generator
    judges: Sequence[nn.Module]
    iteration: int
    dataset: str
    loss: str
    agreement: float | None = None


class Shelf:
    """Networks by digest, bounded; safe to use from many threads."""

    def __init__(self, most: int = MOST_COPIES) -> None:
        self._most = most
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._generators: OrderedDict[str, Generator] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, *parts: nn.Module) -> str:
        """Keep networks that follow one another as one file; return its digest."""
        from gan_core.export import network_to_bytes

        return self._keep_file(network_to_bytes(*parts))

    def keep_classes(self, networks: Sequence[nn.Module]) -> str:
        """Keep what a network is for each of its classes as one file; return its digest."""
        from gan_core.export import classes_to_bytes

        return self._keep_file(classes_to_bytes(networks))

    def _keep_file(self, content: bytes) -> str:
        name = digest(content)
        with self._lock:
            self._files[name] = content
            self._files.move_to_end(name)  # taken again, it is new again
            _shorten(self._files, 2 * self._most)  # a generator and its discriminator
        return name

    def keep_generator(self, generator: Generator) -> str:
        """Keep a generator's file, and the generator itself to make pictures with."""
        from gan_core.conditional import CLASSES, ConditionalGenerator, generator_of

        if isinstance(generator, ConditionalGenerator):
            name = self.keep_classes([generator_of(generator, label) for label in range(CLASSES)])
        else:
            name = self.keep(generator)
        with self._lock:
            self._generators[name] = generator
            self._generators.move_to_end(name)
            _shorten(self._generators, self._most)
        return name

    def file(self, name: str) -> bytes | None:
        """Return a network's file."""
        with self._lock:
            return self._files.get(name)

    def generator(self, name: str) -> Generator | None:
        """Return a generator, to make pictures where a browser cannot."""
        with self._lock:
            return self._generators.get(name)


def _shorten(entries: OrderedDict[str, Any], most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)


def digest(content: bytes) -> str:
    """Return a name for a network's content; the order of its header does not count."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True)
    return hashlib.sha256(header.encode() + content[8 + size :]).hexdigest()[:32]


@lru_cache(maxsize=1)
def copies() -> Shelf:
    """Return the shelf for copies of runs."""
    return Shelf()


@lru_cache(maxsize=1)
def shipped() -> Shelf:
    """Return the shelf for what comes with the course; nothing ever leaves it."""
    return Shelf()


def find(get: Callable[[Shelf], Any]) -> Any:
    """Return what one of the shelves holds."""
    found = get(shipped())
    return get(copies()) if found is None else found


def shipped_card(name: str) -> Card:
    """Return the card of a generator that comes with the course.

    Raises:
        ValueError: on an unknown name.
    """
    with _preparing:  # thirty students, one preparation
        return _shipped_card(name)


_preparing = threading.Lock()


@lru_cache(maxsize=len(SHIPPED_KEYS))
def _shipped_card(name: str) -> Card:
    from gan_core import pretrained
    from gan_core.conditional import CLASSES, ProjectionDiscriminator, discriminator_of

    generator = pretrained.load_generator(name)
    told, judge = pretrained.card(name), pretrained.load_discriminator(name)
    judges: Sequence[nn.Module] = [judge]
    if isinstance(judge, ProjectionDiscriminator):
        judges = [discriminator_of(judge, label) for label in range(CLASSES)]
    kept = Copy(
        generator,
        judges,
        told["iterations"],
        told["config"]["dataset"],
        told["config"]["loss"],
        told["measured"].get("class_agreement_average"),
    )
    return _card(name, kept, shipped(), pretrained.load_directions(name))


def card_of(kept: Copy) -> Card:
    """Put a copy of a run on the shelf and return its card."""
    from gan_core.latent import principal_directions
    from gan_core.pretrained import DIRECTIONS

    generator = kept.generator
    found = principal_directions(generator, min(DIRECTIONS, generator.latent_dim))
    return _card("run", kept, copies(), found)


def copy_of(trainer: Trainer) -> Copy:
    """Copy what a trainer's samples come from, and its D; the trainer is not changed.

    The copy of D judges single pictures, also where D itself judges packs, and where it is
    told a class, there is one for each.
    """
    from gan_core.conditional import ProjectionDiscriminator
    from gan_core.judging import alone, alone_by_class

    judge, real = trainer.discriminator, trainer.data
    if isinstance(judge, ProjectionDiscriminator):
        judges = alone_by_class(judge, real)
    else:
        judges = [alone(judge, real)]
    return Copy(
        _at_rest(trainer.average or trainer.generator),
        [one.requires_grad_(False) for one in judges],
        trainer.iteration,
        trainer.config.dataset,
        trainer.config.loss,
    )


def _at_rest(network: Network) -> Network:
    return copy.deepcopy(network).eval().requires_grad_(False)


def _card(name: str, kept: Copy, shelf: Shelf, ganspace: Tensor) -> Card:
    from gan_core.latent import directions
    from gan_core.losses import LOSSES

    generator = kept.generator
    place = shelf.keep_generator(generator)
    is_told = len(kept.judges) > 1
    judge = shelf.keep_classes(kept.judges) if is_told else shelf.keep(*kept.judges)
    return {
        "name": name,
        "conditional": is_told,
        "agreement": kept.agreement,
        "latent_dim": generator.latent_dim,
        "iteration": kept.iteration,
        "dataset": kept.dataset,
        "verdict": "score" if LOSSES[kept.loss].verdict_range is None else "probability",
        "generator": _address(place),
        "discriminator": _address(judge),
        "classifier": _address(_classifier()),
        "pictures": f"api/latent/pictures/{place}",
        "sefa": _rows(directions(generator, len(ganspace))),
        "ganspace": _rows(ganspace),
    }


def _address(name: str) -> str:
    return f"api/latent/network/{name}"


def _rows(directions: Tensor) -> list[list[float]]:
    return [[round(entry, 5) for entry in row] for row in directions.tolist()]


@lru_cache(maxsize=1)
def _classifier() -> str:
    from gan_core.pretrained import load_classifier

    model = load_classifier()
    return shipped().keep(model.features, model.head)
