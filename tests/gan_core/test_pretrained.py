"""The weights that come with the course."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gan_core import pretrained
from gan_core.classifier import accuracy
from gan_core.config import TrainConfig
from gan_core.data import load_images
from gan_core.data.images import embedded_digits
from gan_core.latent import draw
from gan_core.models import MODELS
from gan_core.pretrained import GENERATORS, card, load_classifier, load_generator, save_weights

SHIPPED = (*GENERATORS, "classifier")
MOST_BYTES = 8_000_000


def test_the_files_are_there_and_small():
    sizes = [(pretrained.FOLDER / f"{name}.safetensors").stat().st_size for name in SHIPPED]
    assert sum(sizes) <= MOST_BYTES
    names = {path.name for path in pretrained.FOLDER.iterdir()}
    assert names == {f"{name}.{kind}" for name in SHIPPED for kind in ("safetensors", "json")}


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_are_kept_in_half_precision(name):
    with safe_open(pretrained.FOLDER / f"{name}.safetensors", "pt") as file:
        types = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118
    assert len(types) >= 4
    whole = {key for key in types if key.endswith("num_batches_tracked")}
    assert {types[key] for key in types.keys() - whole} == {"F16"}
    assert {types[key] for key in whole} <= {"I64"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_card_says_where_the_weights_are_from(name):
    told = card(name)
    assert told["name"] == name
    assert told["command"].startswith("python -m gan_core ")
    assert "/" not in told["command"]  # nothing of the machine that trained them
    assert "mnist" in told["data"]
    assert date.fromisoformat(told["date"]) <= date.today()
    assert told["measured"]
    assert all(isinstance(value, float) and value > 0 for value in told["measured"].values())


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generators_card_has_its_recipe(name):
    told = card(name)
    config = TrainConfig.from_dict(told["config"])
    assert config.model == name
    assert config.dataset == "mnist"
    assert isinstance(told["iterations"], int)
    assert told["iterations"] > 0
    assert f"--ship {name}" in told["command"]
    assert told["weights"] == ("average (EMA)" if config.ema_decay else "raw")


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_draws_pictures(name):
    generator = load_generator(name)
    pictures = generator(draw(32, generator.latent_dim, 0))
    assert pictures.shape == (32, 1, 28, 28)
    assert pictures.dtype == torch.float32
    assert pictures.min() >= -1
    assert pictures.max() <= 1
    assert pictures.std() > 0.1
    assert pictures.std(dim=0).max() > 0.05  # not the same one again and again


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_is_shared_and_never_trained_on(name):
    generator = load_generator(name)
    assert load_generator(name) is generator
    assert not generator.training
    assert not any(weight.requires_grad for weight in generator.parameters())
    z = draw(4, generator.latent_dim, 0)
    assert torch.allclose(generator(z)[:1], generator(z[:1]), atol=1e-5)


def test_loading_leaves_the_shared_random_numbers_alone():
    before = torch.random.get_rng_state()
    load_generator.__wrapped__("dcgan")
    load_classifier.__wrapped__()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", ["classifier", "stylegan", "../mlp", "", "x" * 5000])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(ValueError, match=r"^name must be one of mlp, dcgan, got '.{0,40}'$"):
        load_generator(name)


# The classifier -------------------------------------------------------------------------


def test_the_classifiers_card_says_that_it_is_good():
    assert card("classifier")["measured"]["test_accuracy"] >= 0.99


def test_the_classifier_reads_another_hand():
    """Digits by others, from 8x8 pixels, that it has never seen: 0.949 when it was shipped."""
    digits = embedded_digits()
    assert accuracy(load_classifier(), digits.images, digits.labels) > 0.93


def test_the_classifier_is_as_good_as_its_card_says():
    folder = Path(os.environ.get("GAN_DATA", "data"))
    if not (folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte").exists():
        pytest.skip(f"no MNIST in {folder}: set GAN_DATA to a folder that has it")
    test = load_images("mnist", train=False, folder=folder, fall_back=False)
    told = card("classifier")["measured"]["test_accuracy"]
    assert accuracy(load_classifier(), test.images, test.labels) == pytest.approx(told, abs=5e-4)


# Shipping -------------------------------------------------------------------------------


def test_what_is_shipped_comes_back(tmp_path):
    torch.manual_seed(0)
    generator = MODELS["dcgan"].generator(3).eval()
    told = {"config": TrainConfig(model="dcgan", latent_dim=3).to_dict(), "iterations": 1}
    assert save_weights("dcgan", generator, told, tmp_path) == tmp_path / "dcgan.safetensors"
    assert card("dcgan", tmp_path) == told
    z = draw(4, 3, 0)
    again = load_generator("dcgan", tmp_path)
    assert torch.allclose(again(z), generator(z), atol=1e-2)
