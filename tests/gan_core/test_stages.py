"""The stages of one training: what is shipped, and that the command makes them."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from gan_core import __main__ as command_line
from gan_core import pretrained, stages
from gan_core.config import SettingError, TrainConfig
from gan_core.data.images import embedded_digits
from gan_core.pictures import to_grey
from gan_core.stages import STAGES, load_stage, real_pictures, train_stages
from gan_core.trainer import Trainer

MOST_BYTES = 1_700_000
TINY = TrainConfig(model="dcgan", latent_dim=3, batch_size=4, ema_decay=0.9)
MOMENTS = {"start": 0, "early": 2, "middle": 3, "late": 5}


def test_the_files_are_there_and_small():
    names = {path.name for path in stages.FOLDER.iterdir()}
    assert names == {"stages.json", *(f"{key}.safetensors" for key in STAGES)}
    assert sum(path.stat().st_size for path in stages.FOLDER.iterdir()) <= MOST_BYTES


@pytest.mark.parametrize("key", STAGES)
def test_weights_are_kept_in_half_precision(key):
    with safe_open(stages.FOLDER / f"{key}.safetensors", "pt") as file:
        types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
    whole = {name for name in types if name.endswith("num_batches_tracked")}
    assert {types[name] for name in types.keys() - whole} == {"F16"}
    assert {name.split(".")[0] for name in types} == {"generator", "discriminator"}


def test_the_card_says_where_they_are_from():
    told = stages.card()
    assert told["command"].startswith("python -m gan_core stages")
    assert "/" not in told["command"]
    assert told["iterations"] == STAGES
    same, shipped = (
        TrainConfig.from_dict(one["config"]) for one in (told, pretrained.card("dcgan"))
    )
    assert same == shipped
    assert date.fromisoformat(told["date"]) <= date.today()
    for key in STAGES:
        shares = told["measured"][key]
        assert set(shares) == {f"accuracy_{name}" for name in ("all", "real", "fake", "pairs")}
        both = (shares["accuracy_real"] + shares["accuracy_fake"]) / 2
        assert shares["accuracy_all"] == pytest.approx(both, abs=1e-4)


@pytest.mark.parametrize("key", STAGES)
def test_both_players_play(key):
    stage = load_stage(key)
    assert stage.iteration == STAGES[key]
    fakes = stage.fakes(16, seed=3)
    assert fakes.shape == (16, 1, 28, 28)
    assert fakes.min() >= -1
    assert fakes.max() <= 1
    verdicts = stage.judge(torch.cat([fakes, real_pictures()]))
    assert verdicts.shape == (116,)
    assert ((verdicts > 0) & (verdicts < 1)).all()
    assert torch.equal(stage.fakes(16, seed=3), fakes)
    assert not torch.equal(stage.fakes(16, seed=4), fakes) or key == "start"


def test_the_generator_gets_better():
    """Before training the pictures are grey; later they are as bright as handwriting."""
    contrast = [load_stage(key).fakes(64, seed=1).std().item() for key in STAGES]
    assert contrast[0] < 0.05
    assert contrast[-1] == pytest.approx(real_pictures().std().item(), abs=0.1)


@pytest.mark.parametrize("key", STAGES)
def test_a_stage_is_shared_and_never_trained_on(key):
    stage = load_stage(key)
    assert load_stage(key) is stage
    for player in (stage.generator, stage.discriminator):
        assert not player.training
        assert not any(weight.requires_grad for weight in player.parameters())


def test_loading_leaves_the_shared_random_numbers_alone():
    before = torch.random.get_rng_state()
    load_stage.__wrapped__("early").fakes(2, seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("key", ["", "end", "../dcgan", "x" * 5000])
def test_an_unknown_stage_is_refused(key):
    with pytest.raises(SettingError, match=r"^stage must be one of start, early, middle, late"):
        load_stage(key)


def test_one_hundred_real_pictures_come_along():
    images = real_pictures()
    assert images.shape == (100, 1, 28, 28)
    assert images.min() == -1
    assert images.max() == 1
    assert stages.REAL_SHEET.stat().st_size < 25_000
    assert "CC BY-SA 3.0" in stages.REAL_SHEET.with_suffix(".md").read_text("utf-8")
    classes = pretrained.load_classifier()(images).argmax(1).view(10, 10)
    assert (classes == torch.arange(10)[:, None]).double().mean() > 0.95  # a row for each digit


# Making them ----------------------------------------------------------------------------


def test_training_once_gives_what_training_so_far_gives(pictures, assert_same):
    kept = dict(train_stages(TINY, pictures, MOMENTS))
    for key, iteration in MOMENTS.items():
        trainer = Trainer(TINY, pictures)
        for _ in trainer.run(iteration):
            pass
        own = {f"generator.{name}": value for name, value in trainer.average.state_dict().items()}
        other = trainer.discriminator.state_dict()
        own |= {f"discriminator.{name}": value for name, value in other.items()}
        assert_same(kept[key], own)


@pytest.mark.parametrize("change", [{"packing": 2}, {"minibatch_stddev": "on"}])
def test_a_judge_who_needs_company_is_not_kept(pictures, change):
    with pytest.raises(ValueError, match="single pictures"):
        next(train_stages(TINY.replace(**change), pictures, MOMENTS))


def test_without_an_average_there_is_nothing_to_keep(pictures):
    with pytest.raises(ValueError, match="ema_decay"):
        next(train_stages(TINY.replace(ema_decay=0.0), pictures, MOMENTS))


def test_a_sheet_comes_back_as_it_was(tmp_path):
    digits = embedded_digits()
    chosen = stages.pick_real(digits.images, digits.labels, per_class=2)
    path = stages.save_real_sheet(chosen, tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        assert sheet.size == (280, 56)
    again = real_pictures.__wrapped__(path)
    assert torch.allclose(again, chosen, atol=1.01 / 255)


def test_the_command_makes_stages_that_load(tmp_path, monkeypatch, capsys):
    digits = embedded_digits()
    monkeypatch.setattr(command_line, "load_images", lambda *_arguments, **_options: digits)
    monkeypatch.setattr(stages.train_stages, "__defaults__", (MOMENTS, lambda _report: None))
    out = tmp_path / "new"
    assert command_line.main(["stages", "--out", str(out), "--threads", "1"]) == 0
    assert str(out / "late.safetensors") in capsys.readouterr().out
    stage = load_stage.__wrapped__("late", out)
    assert stage.fakes(2, seed=0).shape == (2, 1, 28, 28)
    told = json.loads((out / "stages.json").read_text("utf-8"))
    assert set(told["measured"]) == set(STAGES)


def test_shares_are_counted_by_hand():
    """A D that judges by the mean: bright is real."""

    class Bright(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((1, 2, 3))

    class Grey(torch.nn.Module):
        latent_dim = 2

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.full((len(z), 1, 28, 28), 0.2)

    stage = stages.Stage("start", 0, Grey(), Bright())
    real = torch.tensor([-0.5, 0.1, 0.5, 0.9]).view(4, 1, 1, 1).expand(4, 1, 28, 28)
    found = stages.accuracy(stage, real)
    assert found == {"real": 0.75, "fake": 0.0, "pairs": 0.5, "all": 0.375}


def test_grey_is_what_a_screen_shows():
    grey = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)
    assert np.array_equal(to_grey(stages.from_grey(grey)), grey)
