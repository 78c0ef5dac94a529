"""The weights that come with the course."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from gan_core import pretrained
from gan_core.classifier import accuracy
from gan_core.conditional import CLASSES, one_hot, wanted_labels, with_classes
from gan_core.config import CONDITIONAL, TrainConfig
from gan_core.data import load_images
from gan_core.data.images import embedded_digits
from gan_core.latent import draw, principal_directions
from gan_core.models import MODELS, Dropout, build_discriminator
from gan_core.pretrained import (
    DIRECTIONS,
    GENERATORS,
    OPPONENT,
    card,
    load_classifier,
    load_directions,
    load_discriminator,
    load_generator,
    save_card,
    save_directions,
    save_weights,
)

SHIPPED = (*GENERATORS, "classifier")
OPPONENTS = tuple(name + OPPONENT for name in GENERATORS)  # told of on the generators' cards
WEIGHTS = (*SHIPPED, *OPPONENTS)
MOST_BYTES = 8_000_000
# The networks of each name, and whether they are told classes.
RECIPES = {"mlp": ("mlp", "off"), "dcgan": ("dcgan", "off"), CONDITIONAL: ("dcgan", "on")}


def mnist() -> Path:
    """Return where MNIST lies on this disk; skips the test where it does not."""
    folder = Path(os.environ.get("GAN_DATA", "data"))
    if not (folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte").exists():
        pytest.skip(f"no MNIST in {folder}: set GAN_DATA to a folder that has it")
    return folder


def test_the_files_are_there_and_small():
    sizes = [(pretrained.FOLDER / f"{name}.safetensors").stat().st_size for name in WEIGHTS]
    assert sum(sizes) <= MOST_BYTES
    names = {path.name for path in pretrained.FOLDER.iterdir() if path.is_file()}
    weights = {f"{name}.safetensors" for name in WEIGHTS}
    found = {f"{name}_directions.safetensors" for name in GENERATORS}
    assert names == weights | found | {f"{name}.json" for name in SHIPPED}


@pytest.mark.parametrize("name", WEIGHTS)
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
    assert (config.model, config.conditional) == RECIPES[name]
    assert config.dataset == "mnist"
    assert isinstance(told["iterations"], int)
    assert told["iterations"] > 0
    assert f"--ship {name}" in told["command"]
    assert told["weights"] == ("average (EMA)" if config.ema_decay else "raw")


def test_the_card_of_the_conditional_pair_says_how_often_g_obeys():
    """Of pictures in which a classifier that is right 99 times of 100 reads the class."""
    told = card(CONDITIONAL)["measured"]
    for kind in ("raw", "average"):
        assert 0.9 < told[f"class_agreement_{kind}"] <= 1
        assert f"frechet_distance_{kind}" in told


def test_the_conditional_generator_draws_what_it_is_asked_for():
    """The card's share is of 10,000; these are 500 others."""
    generator = load_generator(CONDITIONAL)
    labels = wanted_labels(None, 500)
    pictures = generator(with_classes(draw(500, generator.latent_dim, 7), labels))
    read = load_classifier()(pictures).argmax(1)
    assert (read == labels).float().mean() == pytest.approx(
        card(CONDITIONAL)["measured"]["class_agreement_average"], abs=0.025
    )


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_draws_pictures(name):
    pictures = own_pictures(name, 32)
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
    z = noise_of(name, 4)
    assert torch.allclose(generator(z)[:1], generator(z[:1]), atol=1e-5)


def test_loading_leaves_the_shared_random_numbers_alone():
    before = torch.random.get_rng_state()
    load_generator.__wrapped__("dcgan")
    load_discriminator.__wrapped__("dcgan")
    load_classifier.__wrapped__()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", ["classifier", "stylegan", "../mlp", "", "x" * 5000])
def test_an_unknown_name_is_refused(name):
    for load in (load_generator, load_discriminator, load_directions):
        with pytest.raises(
            ValueError, match=r"^name must be one of mlp, dcgan, conditional, got '"
        ):
            load(name)


# The opponents --------------------------------------------------------------------------


def noise_of(name: str, count: int) -> Tensor:
    """Return what a generator is given: noise, and where it is told classes, all in turn."""
    noise = draw(count, load_generator(name).latent_dim, 0)
    return with_classes(noise, wanted_labels(None, count)) if name == CONDITIONAL else noise


def own_pictures(name: str, count: int = 200) -> Tensor:
    return load_generator(name)(noise_of(name, count))


def verdicts_on(name: str, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
    """Return what D says of pictures, those of a D that is told classes of all in turn."""
    discriminator = load_discriminator(name)
    if name != CONDITIONAL:
        return discriminator(pictures)
    labels = wanted_labels(None, len(pictures)) if labels is None else labels
    return discriminator(pictures, one_hot(labels))


@pytest.mark.parametrize("name", GENERATORS)
def test_an_opponent_judges_every_picture_on_its_own(name):
    pictures = own_pictures(name)[:8]
    verdicts = verdicts_on(name, pictures)
    assert verdicts.shape == (8,)
    assert torch.equal(verdicts_on(name, pictures), verdicts)  # its dropout is at rest
    assert torch.allclose(verdicts_on(name, pictures[:1]), verdicts[:1], atol=1e-4)


@pytest.mark.parametrize("name", GENERATORS)
def test_an_opponent_is_shared_and_never_trained_on(name):
    discriminator = load_discriminator(name)
    assert load_discriminator(name) is discriminator
    assert not discriminator.training
    assert not any(weight.requires_grad for weight in discriminator.parameters())


@pytest.mark.parametrize("name", GENERATORS)
def test_an_opponent_has_learnt_to_have_an_opinion(name):
    """Fresh weights answer every picture with nearly the same number."""
    assert verdicts_on(name, own_pictures(name)).std() > 0.2


@pytest.mark.parametrize("name", GENERATORS)
def test_an_opponent_trusts_real_digits_more(name):
    real = load_images("mnist", train=False, folder=mnist(), fall_back=False)
    verdicts = verdicts_on(name, real.images[:500], real.labels[:500])
    assert verdicts.mean() > verdicts_on(name, own_pictures(name)).mean()


def test_the_conditional_opponent_says_nothing_of_a_class_that_is_wrong():
    """What the lesson says of it: G obeys, so D never met a 7 that was called a 3.

    log p(x, y)/q(x, y) compares nothing where neither has any pairs. If D did judge the class,
    most pictures would fare best in their own.
    """
    pictures = own_pictures(CONDITIONAL, 100)
    by_class = torch.stack(
        [verdicts_on(CONDITIONAL, pictures, wanted_labels(label, 100)) for label in range(CLASSES)]
    )
    right = by_class.argmax(0) == wanted_labels(None, 100)
    assert right.float().mean() < 0.5


# Directions -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", GENERATORS)
def test_the_shipped_directions_are_the_generators_principal_ones(name):
    """Found again here, where another processor may round otherwise."""
    kept, generator = load_directions(name), load_generator(name)
    assert kept.shape == (DIRECTIONS, generator.latent_dim)
    assert kept.dtype == torch.float32
    found = principal_directions(generator, DIRECTIONS)
    assert ((kept * found).sum(1) > 0.99).all()


def test_directions_that_are_shipped_come_back(tmp_path):
    torch.manual_seed(0)
    generator = MODELS["dcgan"].generator(8).eval()
    save_card("dcgan", {"config": TrainConfig(model="dcgan", latent_dim=8).to_dict()}, tmp_path)
    written = save_directions("dcgan", generator, tmp_path)
    assert written == tmp_path / "dcgan_directions.safetensors"
    found = principal_directions(generator, DIRECTIONS)
    assert torch.allclose(load_directions("dcgan", tmp_path), found)


# The classifier -------------------------------------------------------------------------


def test_the_classifiers_card_says_that_it_is_good():
    assert card("classifier")["measured"]["test_accuracy"] >= 0.99


def test_the_classifier_reads_another_hand():
    """Digits by others, from 8x8 pixels, that it has never seen: 0.949 when it was shipped."""
    digits = embedded_digits()
    assert accuracy(load_classifier(), digits.images, digits.labels) > 0.93


def test_the_classifier_is_as_good_as_its_card_says():
    test = load_images("mnist", train=False, folder=mnist(), fall_back=False)
    told = card("classifier")["measured"]["test_accuracy"]
    assert accuracy(load_classifier(), test.images, test.labels) == pytest.approx(told, abs=5e-4)


# Shipping -------------------------------------------------------------------------------


def test_what_is_shipped_comes_back(tmp_path):
    torch.manual_seed(0)
    pair = MODELS["dcgan"]
    generator, discriminator = pair.generator(3).eval(), pair.discriminator(0.5).eval()
    recipe = TrainConfig(model="dcgan", latent_dim=3, dropout=0.5)
    told = {"config": recipe.to_dict(), "iterations": 1}
    assert save_card("dcgan", told, tmp_path) == tmp_path / "dcgan.json"
    assert save_weights("dcgan", generator, tmp_path) == tmp_path / "dcgan.safetensors"
    save_weights("dcgan" + OPPONENT, discriminator, tmp_path)

    assert card("dcgan", tmp_path) == told
    z = draw(4, 3, 0)
    pictures = generator(z)
    assert torch.allclose(load_generator("dcgan", tmp_path)(z), pictures, atol=1e-2)
    again = load_discriminator("dcgan", tmp_path)
    assert torch.allclose(again(pictures), discriminator(pictures), atol=1e-2)
    rates = [one.probability for one in again.modules() if isinstance(one, Dropout)]
    assert set(rates) == {0.5}


def test_a_normalised_opponent_that_is_shipped_comes_back(tmp_path, pictures):
    recipe = TrainConfig(model="dcgan", latent_dim=3, spectral_norm="on")
    discriminator = build_discriminator(recipe, torch.Generator().manual_seed(0)).eval()
    save_card("dcgan", {"config": recipe.to_dict()}, tmp_path)
    save_weights("dcgan" + OPPONENT, discriminator, tmp_path)
    again = load_discriminator("dcgan", tmp_path)
    assert torch.allclose(again(pictures), discriminator(pictures), atol=1e-2)


def test_weights_can_be_shipped_without_a_card(tmp_path):
    save_weights("classifier", load_classifier(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["classifier.safetensors"]


def test_shipping_changes_neither_the_network_nor_its_mode(tmp_path, assert_same):
    network = MODELS["dcgan"].generator(3)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    save_weights("dcgan", network, tmp_path)
    assert network.training
    assert_same(network.state_dict(), before)


def test_a_card_is_a_text_for_people_too(tmp_path):
    text = save_card("mlp", {"name": "mlp", "measured": {"score": 0.5}}, tmp_path).read_text()
    assert text.endswith("}\n")
    assert '\n  "name": "mlp",\n' in text
