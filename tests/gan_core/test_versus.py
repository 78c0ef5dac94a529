"""GAN against VAE: the table by hand on small nets, and the pair that is shipped."""

from __future__ import annotations

import json
import math
import os
import statistics
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from gan_core import stages
from gan_core.config import SettingError, TrainConfig
from gan_core.data.images import embedded_digits
from gan_core.latent import draw, find
from gan_core.layers import Encoder, Generator
from gan_core.metrics.evaluate import RealPictures, real_pictures
from gan_core.metrics.frechet import features, frechet_distance
from gan_core.metrics.manifolds import neighbourhoods
from gan_core.metrics.sharpness import sharpness
from gan_core.pretrained import load_classifier
from gan_core.trainer import Trainer
from gan_core.vae import SIGMA, Vae, VaeTrainer
from gan_core.versus import shipped
from gan_core.versus.rebuild import walk
from gan_core.versus.recipe import RECIPE, SIDES
from gan_core.versus.shipped import load_gan, load_vae
from gan_core.versus.table import REBUILT, Referee, Scores

MOST_BYTES = 2_000_000
TINY = TrainConfig(model="dcgan", latent_dim=3, batch_size=4, ema_decay=0.9)


class Shade(Generator):
    """Pictures of one grey, tanh of the first coordinate."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z[:, 0]).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)


class Brightness(Encoder):
    """Knows the z of each picture of one grey."""

    def __init__(self) -> None:
        nn.Module.__init__(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = torch.atanh(x.flatten(1).mean(1, keepdim=True).clamp(-0.999, 0.999))
        return mean.expand(-1, 2), torch.full((len(x), 2), -4.0)


@pytest.fixture(scope="module")
def real() -> RealPictures:
    """Two times forty digits that come with the course's libraries."""
    images = embedded_digits().images
    return RealPictures("digits", images[:40], images[40:90], None)


@pytest.fixture(scope="module")
def referee(real) -> Referee:
    return Referee(real, rebuilt=6, restarts=2, steps=12)


# Sharpness --------------------------------------------------------------------------------


def test_sharpness_is_the_variance_of_the_laplacian_by_hand():
    images = torch.rand(3, 1, 6, 5, generator=torch.Generator().manual_seed(2)) * 2 - 1
    expected = []
    for image in ((images.double() + 1) / 2).squeeze(1).numpy():
        answers = [
            image[y - 1, x] + image[y + 1, x] + image[y, x - 1] + image[y, x + 1] - 4 * image[y, x]
            for y in range(1, 5)
            for x in range(1, 4)
        ]
        expected.append(np.var(answers))
    assert sharpness(images) == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_slope_is_not_sharp_and_a_chessboard_is_as_sharp_as_can_be():
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    slope, board = (x + 2 * y) / 81 * 2 - 1, (x + y) % 2 * 2 - 1
    assert sharpness(slope[None, None]) == pytest.approx(0, abs=1e-10)
    assert sharpness(board[None, None]) == pytest.approx(16)  # answers of 4 and -4


def test_blur_lowers_sharpness_and_noise_raises_it(real):
    digits = real.reference
    blurred = nn.functional.avg_pool2d(digits, 3, stride=1, padding=1)
    noise = torch.randn(digits.shape, generator=torch.Generator().manual_seed(0))
    assert sharpness(blurred) < sharpness(digits) / 2
    assert sharpness(digits + 0.3 * noise) > sharpness(digits)


# The table --------------------------------------------------------------------------------


def test_the_samples_are_measured_as_the_metrics_say(real, referee):
    """The Fréchet distance and the neighbourhoods of the same samples, each on its own."""
    generator = Trainer(TINY, real.reference).generator.eval()
    row = referee.gan(generator)
    with torch.no_grad():
        made = generator(draw(40, 3, 1))
    known, found = (features(load_classifier(), side) for side in (real.reference, made))
    assert row.frechet == pytest.approx(frechet_distance(known, found), rel=1e-6)
    fidelity, spread = (neighbourhoods(known, found, k=k) for k in (3, 5))
    assert (row.precision, row.recall) == (fidelity.precision, fidelity.recall)
    assert (row.density, row.coverage) == (spread.density, spread.coverage)
    assert row.sharpness == sharpness(made)


def test_the_gans_error_is_that_of_a_search_for_each(real, referee):
    generator = Trainer(TINY, real.reference).generator.eval()
    errors = []
    for target in real.reference[:6]:
        *_, search = find(generator, target, restarts=2, steps=12)
        errors.append(search.error)
    row = referee.gan(generator)
    assert row.error == pytest.approx(np.mean(errors), rel=1e-3)
    assert row.searched == row.error


def test_the_vaes_error_is_its_encoders(real, referee):
    trainer = VaeTrainer(TINY, real.reference)
    row = referee.vae(trainer.average)
    targets = (real.reference[:6].double() + 1) / 2
    rebuilt = (trainer.reconstruct(real.reference[:6]).double() + 1) / 2
    assert row.error == pytest.approx((targets - rebuilt).square().mean().item(), rel=1e-5)
    assert row.searched == referee.gan(trainer.average.generator).error
    assert row.frechet == referee.gan(trainer.average.generator).frechet


def test_an_encoder_that_knows_rebuilds_and_a_search_finds_the_same():
    """All real pictures have one grey, and both sides can make them."""
    greys = torch.linspace(-0.9, 0.9, 12).view(-1, 1, 1, 1).expand(-1, 1, 28, 28).contiguous()
    referee = Referee(RealPictures("digits", greys, greys.flip(0), None), rebuilt=12)
    row = referee.vae(Vae(Brightness(), Shade(2), 0.5))
    assert row.error == pytest.approx(0, abs=1e-8)
    assert row.searched == pytest.approx(0, abs=1e-4)
    assert row.sharpness == 0
    variance = ((greys.double() + 1) / 2).flatten(1)[:, 0].var(correction=0).item()
    assert referee.mean_picture_error() == pytest.approx(variance, rel=1e-5)


def test_real_pictures_score_best(real, referee):
    as_real = referee.real()
    made = referee.gan(Trainer(TINY, real.reference).generator.eval())
    assert (as_real.error, as_real.searched) == (None, None)
    assert as_real.frechet < made.frechet
    assert as_real.coverage > made.coverage
    assert as_real.sharpness == sharpness(real.other[:40])
    assert all(math.isfinite(value) for value in asdict(as_real).values() if value is not None)


def test_the_same_question_gets_the_same_answer_and_changes_nothing(real, referee, assert_same):
    trainer = VaeTrainer(TINY, real.reference)
    trainer.step()
    before, numbers = trainer.state_dict(), torch.get_rng_state()
    assert referee.vae(trainer.average) == referee.vae(trainer.average)
    assert_same(trainer.state_dict(), before)
    assert torch.equal(torch.get_rng_state(), numbers)
    assert all(weight.grad is None for weight in trainer.average.parameters())


def test_pictures_that_are_not_finite_are_refused(referee):
    class Nothing(Shade):
        def forward(self, z: Tensor) -> Tensor:
            return super().forward(z) * math.nan

    with pytest.raises(ValueError, match="images must be finite"):
        referee.gan(Nothing(2))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("rebuilt", 0, "from 1 to 40"),
        ("rebuilt", 41, "from 1 to 40"),
        ("restarts", 0, "from 1 to 64"),
        ("restarts", 1.5, "from 1 to 64"),
        ("steps", 0, "from 1 to 10000"),
        ("steps", 10_001, "from 1 to 10000"),
    ],
)
def test_a_setting_out_of_range_is_named(real, name, value, allowed):
    settings = {"rebuilt": 1} | {name: value}
    with pytest.raises(SettingError, match=f"{name} must be a whole number {allowed}") as caught:
        Referee(real, **settings)
    assert caught.value.name == name


def test_too_few_real_pictures_are_refused(real):
    few = RealPictures("digits", real.reference[:5], real.other, None)
    with pytest.raises(ValueError, match="count must be more than 5, got 5"):
        Referee(few, rebuilt=1)


def test_a_walk_begins_and_ends_where_it_says():
    a, b = draw(2, 2, 8)
    pictures = walk(Shade(2), a, b, 5)
    assert pictures.shape == (5, 1, 28, 28)
    assert pictures[:, 0, 0, 0][[0, -1]].tolist() == pytest.approx(
        [math.tanh(a[0]), math.tanh(b[0])], rel=1e-5
    )
    angle = math.acos((a @ b / a.norm() / b.norm()).item())
    middle = (a[0] + b[0]).item() * math.sin(angle / 2) / math.sin(angle)
    assert pictures[2, 0, 0, 0].item() == pytest.approx(math.tanh(middle), rel=1e-4)


# The shipped pair ----------------------------------------------------------


def test_a_pair_comes_back_as_it_was_saved(tmp_path, pictures, assert_same):
    gan, vae = Trainer(TINY, pictures), VaeTrainer(TINY, pictures, 0.8)
    shipped.save_side("gan", gan.average, tmp_path / "new")
    shipped.save_side("vae", vae.average, tmp_path / "new")
    shipped.save_card({"config": TINY.to_dict(), "sigma": 0.8}, tmp_path / "new")
    for found, kept in (
        (load_gan(tmp_path / "new"), gan.average),
        (load_vae(tmp_path / "new"), vae.average),
    ):
        rounded = {
            key: value.half().float() if value.is_floating_point() else value
            for key, value in kept.state_dict().items()
        }
        assert_same(found.state_dict(), rounded)
        assert not found.training
        assert not any(weight.requires_grad for weight in found.parameters())
    assert load_vae(tmp_path / "new").sigma == 0.8


@pytest.mark.parametrize("side", ["", "GAN", "../gan", "x" * 5000])
def test_an_unknown_side_is_refused(side, tmp_path):
    with pytest.raises(SettingError, match=r"^side must be one of gan, vae, got"):
        shipped.save_side(side, Shade(2), tmp_path)
    assert list(tmp_path.iterdir()) == []


def figures() -> dict[str, Any]:
    return json.loads((shipped.FOLDER.parents[1] / "figures" / "vae.json").read_text("utf-8"))


def test_the_files_are_there_and_small():
    sizes = {path.name: path.stat().st_size for path in shipped.FOLDER.iterdir()}
    assert sizes.keys() == {"gan.safetensors", "vae.safetensors", "versus.json"}
    assert max(sizes.values()) <= MOST_BYTES


@pytest.mark.parametrize("side", SIDES)
def test_weights_are_kept_in_half_precision(side):
    with safe_open(shipped.FOLDER / f"{side}.safetensors", "pt") as file:
        types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    whole = {name for name in types if name.endswith("num_batches_tracked")}
    assert {types[name] for name in types.keys() - whole} == {"F16"}


def test_the_card_says_where_they_are_from():
    told = shipped.card()
    assert told["command"].startswith("python -m benchmarks.vae")
    assert "/" not in told["command"]
    assert date.fromisoformat(told["date"]) <= date.today()
    assert told["sigma"] == SIGMA == load_vae().sigma
    assert shipped.recipe() == RECIPE
    for side in SIDES:
        assert told["iterations"][side] > 0


def test_the_card_tells_of_the_first_seed_and_the_table_of_all():
    told, table = shipped.card(), figures()
    assert told["command"] == table["command"]
    for side in SIDES:
        known = {
            **told["measured"][side],
            "iterations": told["iterations"][side],
            "seconds": told["training_seconds"][side],
        }
        assert known == {name: found["seeds"][0] for name, found in table["sides"][side].items()}
        for found in table["sides"][side].values():
            seeds = found["seeds"]
            assert (found["low"], found["high"]) == (min(seeds), max(seeds))
            assert found["median"] == pytest.approx(statistics.median(seeds), rel=1e-3)
        assert set(table["sides"][side]) >= {spec.name for spec in fields(Scores)}
    assert set(table["real"]) == {spec.name for spec in fields(Scores)}


def test_the_shipped_pair_makes_and_rebuilds_digits():
    """Real digits that both have never seen."""
    digits, mean = stages.real_pictures(), stages.real_pictures().mean(0)
    loss = (load_vae().reconstruct(digits) - digits).square().mean()
    assert loss < 0.4 * (mean - digits).square().mean()
    for generator in (load_gan(), load_vae().generator):
        made = generator(draw(64, generator.latent_dim, 0))
        assert made.shape == (64, 1, 28, 28)
        assert made.std().item() == pytest.approx(digits.std().item(), abs=0.15)


def test_the_card_holds_what_the_shipped_weights_measure():
    folder = Path(os.environ.get("GAN_DATA", "data"))
    if not (folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte").exists():
        pytest.skip(f"no MNIST in {folder}: set GAN_DATA to a folder that has it")
    targets = real_pictures("mnist", REBUILT).reference
    error = (load_vae().reconstruct(targets) - targets).div(2).square().mean().item()
    told = shipped.card()["measured"]
    assert error == pytest.approx(told["vae"]["error"], rel=0.01)
    for side, generator in (("gan", load_gan()), ("vae", load_vae().generator)):
        made = generator(draw(2000, generator.latent_dim, 1))
        assert sharpness(made) == pytest.approx(told[side]["sharpness"], rel=0.1)
