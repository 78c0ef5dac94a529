"""Where pictures come from, and what is said when they cannot be had."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision import datasets

from gan_core.config import SettingError
from gan_core.data import DATASETS, at_hand, images, load_images

FILES = {
    (True, "images"): "train-images-idx3-ubyte",
    (True, "labels"): "train-labels-idx1-ubyte",
    (False, "images"): "t10k-images-idx3-ubyte",
    (False, "labels"): "t10k-labels-idx1-ubyte",
}
COUNT = 5
DOWNLOADED = [key for key, name in DATASETS.items() if name is not None]


def grey(train: bool) -> torch.Tensor:
    random = torch.Generator().manual_seed(int(train))
    return torch.randint(0, 256, (COUNT, 28, 28), generator=random, dtype=torch.uint8)


def idx(content: bytes, *sizes: int) -> bytes:
    """Write bytes as LeCun's idx format: type 8, number of axes, sizes, content."""
    head = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return head + content


def write_idx(folder: Path, key: str) -> Path:
    """Write a tiny set in torchvision's layout; return the folder of its files."""
    raw = folder / str(DATASETS[key]) / "raw"
    raw.mkdir(parents=True)
    for train in (True, False):
        pixels = grey(train).numpy().tobytes()
        (raw / FILES[train, "images"]).write_bytes(idx(pixels, COUNT, 28, 28))
        (raw / FILES[train, "labels"]).write_bytes(idx(bytes(range(COUNT)), COUNT))
    return raw


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_arguments: object, **_options: object) -> None:
        raise URLError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)


# The embedded digits ----------------------------------------------------------------


def test_there_are_1797_embedded_digits_of_28_by_28():
    assert load_images("digits").images.shape == (1797, 1, 28, 28)


def test_the_embedded_digits_are_what_the_trainer_takes():
    digits = load_images("digits").images
    assert digits.dtype == torch.float32
    assert (digits.min().item(), digits.max().item()) == (-1, 1)


def test_the_embedded_digits_hold_all_ten_classes_evenly():
    labels = load_images("digits").labels
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_embedded_digits_stand_in_a_black_frame():
    digits = load_images("digits").images
    framed = digits.clone()
    framed[:, :, 4:24, 4:24] = -1
    assert (framed == -1).all()
    assert (digits[:, :, 4:24, 4:24].amax(dim=(1, 2, 3)) > 0).all()


def test_the_embedded_digits_are_no_fall_back_when_asked_for():
    digits = load_images("digits")
    assert (digits.key, digits.fallback) == ("digits", "")


def test_the_embedded_digits_need_no_torchvision(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torchvision", None)
    assert len(images.embedded_digits().images) == 1797


# A folder in torchvision's layout -------------------------------------------------------


@pytest.mark.parametrize("key", DOWNLOADED)
@pytest.mark.parametrize("train", [True, False])
def test_a_folder_in_torchvisions_layout_is_used_as_it_is(tmp_path, key, train):
    write_idx(tmp_path, key)
    loaded = load_images(key, train=train, folder=tmp_path)
    assert (loaded.key, loaded.fallback) == (key, "")
    assert torch.equal(loaded.images, grey(train).unsqueeze(1) / 127.5 - 1)


def test_the_labels_belong_to_the_pictures(tmp_path):
    write_idx(tmp_path, "mnist")
    labels = load_images("mnist", folder=tmp_path).labels
    assert labels.dtype == torch.int64
    assert labels.tolist() == [0, 1, 2, 3, 4]


def test_the_folder_may_come_from_the_environment(tmp_path, monkeypatch):
    write_idx(tmp_path, "mnist")
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    assert len(load_images("mnist").images) == COUNT


def test_using_a_folder_writes_nothing_into_it(tmp_path):
    write_idx(tmp_path, "mnist")
    before = sorted(tmp_path.rglob("*"))
    load_images("mnist", folder=tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_data_are_loaded_once_and_shared(tmp_path):
    write_idx(tmp_path, "mnist")
    assert load_images("mnist", folder=tmp_path) is load_images("mnist", folder=tmp_path)


def test_thirty_who_ask_at_once_share_one_loading(tmp_path, monkeypatch):
    write_idx(tmp_path, "mnist")
    loadings: list[str] = []
    load: Callable[..., images.ImageSet] = images._load

    def count(key: str, *rest: object) -> images.ImageSet:
        loadings.append(key)
        return load(key, *rest)

    monkeypatch.setattr(images, "_load", count)
    threads = [
        threading.Thread(target=load_images, args=("mnist",), kwargs={"folder": tmp_path})
        for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loadings == ["mnist"]


@pytest.mark.parametrize("key", ["", "cifar10", "MNIST", None])
def test_an_unknown_key_is_refused_with_the_known_ones(key):
    with pytest.raises(SettingError, match="mnist, fashion_mnist, kmnist, digits"):
        load_images(key)


# No network -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", DOWNLOADED)
def test_without_a_network_the_embedded_digits_serve(tmp_path, key):
    loaded = load_images(key, folder=tmp_path)
    assert (loaded.key, loaded.fallback) == ("digits", "no_network")
    assert torch.equal(loaded.images, load_images("digits").images)


def test_without_a_network_the_absence_is_an_error_where_digits_will_not_do(tmp_path):
    with pytest.raises(images.DataUnavailable) as caught:
        load_images("mnist", folder=tmp_path, fall_back=False)
    assert caught.value.reason == "no_network"


def test_a_download_that_never_ends_is_given_up(tmp_path, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(images, "DOWNLOAD_SECONDS", 0.01)
    monkeypatch.setattr(datasets.MNIST, "download", lambda _self: released.wait(60))
    loaded = load_images("mnist", folder=tmp_path)
    released.set()
    assert loaded.fallback == "no_network"


def test_a_download_that_fails_is_tried_again_when_asked_again(tmp_path):
    assert load_images("mnist", folder=tmp_path).fallback == "no_network"
    write_idx(tmp_path / "later", "mnist")
    (tmp_path / "MNIST").rename(tmp_path / "empty")
    (tmp_path / "later" / "MNIST").rename(tmp_path / "MNIST")
    assert load_images("mnist", folder=tmp_path).fallback == ""


def test_all_who_fall_back_share_one_copy_of_the_digits(tmp_path):
    one, other = (load_images(key, folder=tmp_path) for key in ("mnist", "kmnist"))
    assert one.images.data_ptr() == other.images.data_ptr()


# Damaged files --------------------------------------------------------------------------


def garbage(seed: int) -> bytes:
    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (500,), generator=random, dtype=torch.uint8).numpy().tobytes()


WHOLE = idx(grey(True).numpy().tobytes(), COUNT, 28, 28)
DAMAGED_IMAGES = {
    "empty": b"",
    "cut off in its header": WHOLE[:10],
    "cut off after its header": WHOLE[:16],
    "cut off in its pixels": WHOLE[:2000],
    "cut off by a byte": WHOLE[:-1],
    "one byte too long": WHOLE + b"\0",
    "garbage": garbage(1),
    "a page of HTML": b"<!doctype html><title>Sign in to the network</title>" * 20,
    "of an unknown type": bytes([0, 0, 10, 3]) + WHOLE[4:],
    "of floats": bytes([0, 0, 13, 3]) + WHOLE[4:16] + bytes(COUNT * 28 * 28 * 4),
    "of pictures of another size": idx(bytes(COUNT * 14 * 14), COUNT, 14, 14),
    "without pictures": idx(b"", 0, 28, 28),
    "labels instead of pictures": idx(bytes(range(COUNT)), COUNT),
}
LABELS = idx(bytes(range(COUNT)), COUNT)
DAMAGED_LABELS = {
    "empty": b"",
    "cut off": LABELS[:-2],
    "too few": idx(bytes(3), 3),
    "of two axes": idx(bytes(COUNT * 2), COUNT, 2),
    "of shorts": bytes([0, 0, 11, 1]) + LABELS[4:8] + bytes(COUNT * 2),
    "beyond the ten classes": idx(bytes([0, 1, 2, 3, 200]), COUNT),
}


@pytest.mark.parametrize("kind", DAMAGED_IMAGES)
def test_damaged_pictures_are_called_damaged(tmp_path, kind):
    (write_idx(tmp_path, "mnist") / FILES[True, "images"]).write_bytes(DAMAGED_IMAGES[kind])
    loaded = load_images("mnist", folder=tmp_path)
    assert (loaded.key, loaded.fallback) == ("digits", "damaged")


@pytest.mark.parametrize("kind", DAMAGED_LABELS)
def test_damaged_labels_are_called_damaged(tmp_path, kind):
    (write_idx(tmp_path, "mnist") / FILES[True, "labels"]).write_bytes(DAMAGED_LABELS[kind])
    loaded = load_images("mnist", folder=tmp_path)
    assert (loaded.key, loaded.fallback) == ("digits", "damaged")


def test_damage_is_an_error_where_digits_will_not_do(tmp_path):
    (write_idx(tmp_path, "mnist") / FILES[True, "images"]).write_bytes(b"")
    with pytest.raises(images.DataUnavailable) as caught:
        load_images("mnist", folder=tmp_path, fall_back=False)
    assert caught.value.reason == "damaged"


# At hand --------------------------------------------------------------------------------


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail that asks for a download, whatever becomes of it."""

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a download was asked for")

    monkeypatch.setattr(images, "_download", refuse)
    for key in DOWNLOADED:
        monkeypatch.setattr(getattr(datasets, str(DATASETS[key])), "download", refuse)


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("key", DOWNLOADED)
@pytest.mark.parametrize("train", [True, False])
def test_data_that_are_not_on_the_disk_are_not_at_hand(tmp_path, key, train):
    assert at_hand(key, train=train, folder=tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("key", DOWNLOADED)
@pytest.mark.parametrize("train", [True, False])
def test_data_on_the_disk_are_at_hand(tmp_path, key, train):
    write_idx(tmp_path, key)
    found = at_hand(key, train=train, folder=tmp_path)
    assert found is not None
    assert (found.key, found.fallback) == (key, "")
    assert torch.equal(found.images, grey(train).unsqueeze(1) / 127.5 - 1)
    assert at_hand(key, train=train, folder=tmp_path) is found


@pytest.mark.usefixtures("no_download")
@pytest.mark.parametrize("train", [True, False])
def test_the_embedded_digits_are_always_at_hand(tmp_path, train):
    found = at_hand("digits", train=train, folder=tmp_path)
    assert found is not None
    assert (found.key, found.fallback, len(found.images)) == ("digits", "", 1797)


@pytest.mark.usefixtures("no_download")
def test_data_that_come_later_are_at_hand_then(tmp_path):
    assert at_hand("mnist", folder=tmp_path) is None
    write_idx(tmp_path, "mnist")
    assert at_hand("mnist", folder=tmp_path) is not None


@pytest.mark.usefixtures("no_download")
def test_damaged_data_are_not_at_hand(tmp_path):
    (write_idx(tmp_path, "mnist") / FILES[True, "images"]).write_bytes(b"")
    assert at_hand("mnist", folder=tmp_path) is None
    assert at_hand("mnist", train=False, folder=tmp_path) is not None


def test_asking_what_is_at_hand_does_not_keep_anybody_from_downloading(tmp_path, monkeypatch):
    assert at_hand("mnist", folder=tmp_path) is None
    asked: list[object] = []
    monkeypatch.setattr(datasets.MNIST, "download", lambda self: asked.append(self))
    load_images("mnist", folder=tmp_path)
    assert len(asked) == 1


def test_who_asks_what_is_at_hand_does_not_wait_for_somebodys_download(tmp_path, monkeypatch):
    asked, released = threading.Event(), threading.Event()

    def slow(_self: object) -> None:
        asked.set()
        released.wait(60)

    monkeypatch.setattr(datasets.MNIST, "download", slow)
    loading = threading.Thread(target=load_images, args=("mnist",), kwargs={"folder": tmp_path})
    loading.start()
    try:
        assert asked.wait(60)
        found: list[object] = []
        looking = threading.Thread(
            target=lambda: found.extend(
                at_hand(key, folder=tmp_path) for key in ("mnist", "digits")
            )
        )
        looking.start()
        looking.join(10)
        assert len(found) == 2
    finally:
        released.set()
        loading.join()
        looking.join()


@pytest.mark.parametrize("key", ["", "cifar10", "MNIST", None])
def test_what_is_unknown_cannot_be_at_hand(key):
    with pytest.raises(SettingError, match="mnist, fashion_mnist, kmnist, digits"):
        at_hand(key)


def test_without_downloading_the_embedded_digits_serve(tmp_path):
    loaded = load_images("mnist", folder=tmp_path, download=False)
    assert (loaded.key, loaded.fallback) == ("digits", "no_network")
