"""MNIST and its relatives by torchvision's own loaders, and digits that need no network."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from gan_core.config import DATASET_KEYS, SettingError

EMBEDDED = "digits"
DOWNLOAD_SECONDS = 90.0

# Keys of the config against the class names in torchvision.datasets.
DATASETS: dict[str, str | None] = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "kmnist": "KMNIST",
    EMBEDDED: None,
}


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Pictures with their classes. Shared by all who train on them: never changed.

    Attributes:
        key: which data these really are.
        images: float (N, 1, 28, 28) in [-1, 1].
        labels: int64 (N,), classes 0-9.
        fallback: why these are not the data asked for: "" (they are),
            "no_network" or "damaged".
    """

    key: str
    images: Tensor
    labels: Tensor
    fallback: str = ""


class DataUnavailable(RuntimeError):
    """The data are neither on the disk nor to be had from the network.

    ``reason`` is "no_network" or "damaged".
    """

    def __init__(self, key: str, reason: str, detail: object) -> None:
        super().__init__(f"{key} is not available ({reason}): {detail}")
        self.reason = reason


# After a failure nobody else waits for the network until this time has passed.
RETRY_SECONDS = 60.0

_failed: dict[tuple[str, Path], tuple[float, DataUnavailable]] = {}
_cache: dict[tuple[str, bool, Path], ImageSet] = {}
_loading = threading.Lock()
_downloading = threading.Lock()


def data_folder() -> Path:
    """Return where data sets lie: ``$GAN_DATA``, or ``data`` in the working folder."""
    return Path(os.environ.get("GAN_DATA", "data"))


def load_images(
    key: str,
    *,
    train: bool = True,
    folder: Path | None = None,
    fall_back: bool = True,
    download: bool = True,
) -> ImageSet:
    """Return a data set; loaded once per process and then shared.

    A folder in torchvision's layout is used as it is; otherwise, if
    ``download``, the files are downloaded into it. If neither works, the
    embedded digits serve and ``fallback`` says why.

    Raises:
        SettingError: on an unknown key.
        DataUnavailable: if the data cannot be had and ``fall_back`` is false.
    """
    if key not in DATASET_KEYS:
        raise SettingError("dataset", "one of " + ", ".join(DATASET_KEYS), key)
    place = (key, train, (folder or data_folder()).resolve())
    try:
        return _shared(place, download)
    except DataUnavailable as error:
        if not fall_back:
            raise
        digits = _from_disk((EMBEDDED, True, Path()))
        return ImageSet(EMBEDDED, digits.images, digits.labels, error.reason)


def at_hand(key: str, *, train: bool = True, folder: Path | None = None) -> ImageSet | None:
    """Return a data set if it is on this disk or built in; never asks the network."""
    try:
        return load_images(key, train=train, folder=folder, fall_back=False, download=False)
    except DataUnavailable:
        return None


def _shared(place: tuple[str, bool, Path], download: bool) -> ImageSet:
    if not download or place[0] == EMBEDDED:
        return _from_disk(place)
    with _downloading:  # who only asks what is at hand does not wait for this
        try:
            return _from_disk(place)
        except DataUnavailable as error:
            if error.reason != "no_network":
                raise
        _download_unless_just_failed(*place)
        return _from_disk(place)


def _from_disk(place: tuple[str, bool, Path]) -> ImageSet:
    with _loading:  # thirty students, one copy
        if place not in _cache:
            _cache[place] = _load(*place)
        return _cache[place]


def _load(key: str, train: bool, folder: Path) -> ImageSet:
    name = DATASETS[key]
    if name is None:
        return embedded_digits()
    from torchvision import datasets  # seconds to import: only where it is needed

    source = getattr(datasets, name)
    loaded = _read(source, key, train, folder)
    if loaded is None:
        raise DataUnavailable(key, "no_network", "not on this disk")
    images = loaded.data
    labels = loaded.targets
    if images.shape[1:] != (28, 28) or len(images) != len(labels) or labels.max() > 9:
        raise DataUnavailable(key, "damaged", f"shape {tuple(images.shape)}")
    return ImageSet(key, _scaled(images), labels.long())


def _read(source: Any, key: str, train: bool, folder: Path) -> Any:
    """Read the files that are there; return None where there are none."""
    try:
        return source(str(folder), train=train)
    except Exception as error:  # torchvision has no error of its own for a damaged file
        if isinstance(error, RuntimeError) and "not found" in str(error):
            return None
        raise DataUnavailable(key, "damaged", error) from error


def _download_unless_just_failed(key: str, train: bool, folder: Path) -> None:
    from torchvision import datasets

    place = (key, folder)
    if place in _failed and time.monotonic() - _failed[place][0] < RETRY_SECONDS:
        raise _failed[place][1]
    try:
        _download(getattr(datasets, str(DATASETS[key])), key, train, folder)
    except DataUnavailable as error:
        _failed[place] = (time.monotonic(), error)
        raise


def _download(source: type, key: str, train: bool, folder: Path) -> None:
    """Download by torchvision's loader, but give up in time: it has no limit of its own."""
    outcome: list[object] = []

    def fetch() -> None:
        try:
            outcome.append(source(str(folder), train=train, download=True))
        except Exception as error:  # whatever the network did, the page has one sentence for it
            outcome.append(error)

    worker = threading.Thread(target=fetch, daemon=True, name=f"download-{key}")
    worker.start()
    worker.join(DOWNLOAD_SECONDS)
    result = outcome[0] if outcome else TimeoutError(f"no answer in {DOWNLOAD_SECONDS:g} s")
    if isinstance(result, Exception):
        raise DataUnavailable(key, "no_network", result) from result


def _scaled(grey: Tensor) -> Tensor:
    """Bring (N, 28, 28) bytes to float (N, 1, 28, 28) in [-1, 1], G's tanh range."""
    return grey.unsqueeze(1).float().div_(127.5).sub_(1)


def embedded_digits() -> ImageSet:
    """Return the 1,797 handwritten digits that come with scikit-learn, at 28×28.

    Real handwriting (UCI, Alpaydin & Kaynak 1998), 8×8 in 17 greys; enlarged
    to 20×20 and framed as MNIST frames its digits. Enough to learn a game on,
    and always there.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    small = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    large = interpolate(small, size=(20, 20), mode="bicubic", align_corners=False).clamp_(0, 1)
    images = pad(large, (4, 4, 4, 4)) * 2 - 1
    return ImageSet(EMBEDDED, images.contiguous(), torch.from_numpy(bunch.target).long())
