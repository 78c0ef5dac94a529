"""The course without a browser."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import __main__ as command_line
from gan_core import checkpoint, pretrained
from gan_core.__main__ import main
from gan_core.conditional import one_hot, wanted_labels, with_classes
from gan_core.config import TrainConfig
from gan_core.data.images import embedded_digits
from gan_core.latent import draw
from gan_core.pictures import contact_sheet, to_grey
from gan_core.trainer import Trainer, TrainingDiverged

ROOT = Path(__file__).parents[2]
AGREEMENT = "class_agreement"
QUICK = [
    *("train", "--dataset", "digits", "--model", "dcgan"),
    *("--latent-dim", "3", "--batch-size", "4", "--iterations"),
]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder without data or network."""

    def unreachable(*_arguments: object, **_options: object) -> None:
        raise URLError("no network in tests")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("urllib.request.urlopen", unreachable)


def train(*more: str, iterations: int = 3) -> None:
    assert main([*QUICK, str(iterations), *more]) == 0


def picture(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def status(arguments: list[str]) -> int | str | None:
    """Return the exit status, whether argparse or the command says it."""
    try:
        return main(arguments)
    except SystemExit as stopped:
        return stopped.code


def test_train_saves_a_run(tmp_path):
    train("--save", "run.safetensors")
    saved = checkpoint.read(tmp_path / "run.safetensors")
    assert saved.about == {"iteration": 3}
    assert (saved.config.model, saved.config.latent_dim) == ("dcgan", 3)


def test_train_draws_64_samples():
    train("--samples", "samples.png")
    assert picture("samples.png").shape == (2 * 8 * 28, 2 * 8 * 28)


def test_train_makes_a_film_of_several_sheets():
    train("--film", "film.png", iterations=7)
    assert picture("film.png").shape == (2 * 4 * 28, 2 * (8 * 4 * 28 + 7 * 6))


def test_train_leaves_nothing_else_behind(tmp_path):
    train("--save", "run.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["run.safetensors"]


def test_a_resumed_training_equals_one_without_a_break(tmp_path, assert_same):
    train("--save", "whole", iterations=5)
    train("--save", "half", iterations=2)
    train("--resume", "half", "--save", "resumed", iterations=3)
    states = [checkpoint.read(tmp_path / name).state for name in ("resumed", "whole")]
    assert_same(*states)


def test_seconds_may_be_given_instead_of_iterations(tmp_path):
    assert main([*QUICK[:-1], "--seconds", "0.05", "--save", "run"]) == 0
    assert checkpoint.read(tmp_path / "run").about["iteration"] >= 1


def test_without_data_it_trains_on_the_embedded_digits_and_says_so(tmp_path, capsys):
    train("--dataset", "mnist", "--save", "run")
    assert "training on the embedded digits" in capsys.readouterr().err
    assert checkpoint.read(tmp_path / "run").config.dataset == "digits"


def test_samples_of_a_checkpoint_are_those_of_its_trainer(tmp_path):
    train("--save", "run")
    assert main(["sample", "run", "--count", "9", "--seed", "4", "--out", "nine.png"]) == 0
    saved = checkpoint.read(tmp_path / "run")
    trainer = Trainer(saved.config, torch.zeros(2, 1, 28, 28))
    trainer.load_state_dict(saved.state)
    expected = contact_sheet(to_grey(trainer.sample(9, seed=4))).repeat(2, 0).repeat(2, 1)
    assert np.array_equal(picture("nine.png"), expected)


def test_sample_says_where_the_picture_is(capsys):
    train("--save", "run")
    main(["sample", "run", "--out", "here.png"])
    assert capsys.readouterr().out == "here.png\n"


def test_one_digit_may_be_drawn_of_conditional_weights(tmp_path):
    train("--conditional", "on", "--save", "run", "--samples", "rows.png", "--film", "film.png")
    assert picture("rows.png").shape == (2 * 10 * 28, 2 * 8 * 28)
    assert picture("film.png").shape[0] == 2 * 10 * 28
    saved = checkpoint.read(tmp_path / "run")
    trainer = Trainer(saved.config, torch.zeros(2, 1, 28, 28), torch.tensor([0, 0]))
    trainer.load_state_dict(saved.state)
    for digit in (None, 7):
        words = [] if digit is None else ["--digit", str(digit)]
        assert main(["sample", "run", "--count", "9", *words, "--out", "nine.png"]) == 0
        samples = contact_sheet(to_grey(trainer.sample(9, labels=digit)))
        assert np.array_equal(picture("nine.png"), samples.repeat(2, 0).repeat(2, 1))


def test_a_conditional_training_goes_on(tmp_path, assert_same):
    train("--conditional", "on", "--save", "whole", iterations=4)
    train("--conditional", "on", "--save", "half", iterations=2)
    train("--resume", "half", "--save", "resumed", iterations=2)
    states = [checkpoint.read(tmp_path / name).state for name in ("resumed", "whole")]
    assert_same(*states)


@pytest.mark.parametrize("digit", ["-1", "10", "9" * 5])
def test_a_digit_that_is_none_is_refused(digit, capsys):
    train("--conditional", "on", "--save", "run")
    assert status(["sample", "run", f"--digit={digit}"]) == 2
    assert f"digit must be from 0 to 9, got {digit}" in capsys.readouterr().err


@pytest.mark.parametrize("weights", ["run", "dcgan"])
def test_weights_that_know_no_digits_cannot_be_asked_for_one(weights, capsys):
    train("--save", "run")
    assert status(["sample", weights, "--digit", "7"]) == 2
    assert "--digit needs weights trained with --conditional on" in capsys.readouterr().err


def test_conditional_weights_are_measured_over_all_digits(capsys):
    train("--conditional", "on", "--save", "run")
    assert main(["evaluate", "run", "--count", "50"]) == 0
    assert "N = 50 pictures on either side (digits)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--conditional", "on", "--ship", "dcgan"], "need one another"),
        (["--ship", "conditional"], "need one another"),
        (["--packing", "2", "--ship", "dcgan"], "without company"),
    ],
)
def test_weights_that_nobody_could_load_are_not_shipped(words, reason, monkeypatch, capsys):
    monkeypatch.setattr(Trainer, "step", lambda _trainer: pytest.fail("it trained"))
    assert status([*QUICK, "3", *words]) == 2
    assert reason in capsys.readouterr().err


def test_conditional_weights_are_shipped_with_what_was_measured(monkeypatch, tmp_path):
    digits = embedded_digits()
    folder = tmp_path / "pretrained"
    folder.mkdir()
    for write in (pretrained.save_weights, pretrained.save_directions, pretrained.save_card):
        monkeypatch.setattr(pretrained, write.__name__, partial(write, folder=folder))
    monkeypatch.setattr(command_line, "load_images", lambda *_key, **_more: digits)
    train("--conditional", "on", "--ema-decay", "0.9", "--ship", "conditional")
    told = pretrained.card("conditional", folder)
    assert told["config"]["conditional"] == "on"
    kinds = ("raw", "average")
    measured = [f"{what}_{kind}" for kind in kinds for what in ("frechet_distance", AGREEMENT)]
    assert list(told["measured"]) == measured
    generator = pretrained.load_generator("conditional", folder)
    judge = pretrained.load_discriminator("conditional", folder)
    labels = wanted_labels(None, 20)
    made = generator(with_classes(draw(20, generator.latent_dim, 1), labels))
    assert judge(made, one_hot(labels)).shape == (20,)
    assert pretrained.load_directions("conditional", folder).shape == (pretrained.DIRECTIONS, 3)


def test_the_agreement_is_the_share_that_the_classifier_reads_as_asked(monkeypatch):
    """The real pictures as samples: then the share is the classifier's own accuracy on them."""
    digits = embedded_digits()
    monkeypatch.setattr(command_line, "load_images", lambda *_key, **_more: digits)
    labels = wanted_labels(None, 400)
    rows = [torch.nonzero(digits.labels == label).flatten()[:40] for label in range(10)]
    samples = digits.images[torch.stack(rows, 1).flatten()]  # 0, 1, …, 9, 0, …
    trainer = Trainer(TrainConfig(model="dcgan", latent_dim=3, conditional="on"), samples, labels)
    monkeypatch.setattr(Trainer, "sample", lambda *_words, **_more: samples)
    model = pretrained.load_classifier()
    expected = sum(
        int(model(picture[None]).argmax()) == label
        for picture, label in zip(samples, labels.tolist(), strict=True)
    )
    measured = command_line._measure(trainer, None)
    assert measured[f"{AGREEMENT}_raw"] == round(expected / 400, 4)
    assert f"{AGREEMENT}_average" not in measured


@pytest.mark.parametrize("digit", [None, 7])
def test_the_shipped_conditional_weights_draw_the_digit_asked_for(digit):
    words = [] if digit is None else ["--digit", str(digit)]
    assert main(["sample", "conditional", "--count", "9", *words, "--out", "nine.png"]) == 0
    generator = pretrained.load_generator("conditional")
    z = with_classes(draw(9, generator.latent_dim, 0), wanted_labels(digit, 9))
    expected = contact_sheet(to_grey(generator(z))).repeat(2, 0).repeat(2, 1)
    assert np.array_equal(picture("nine.png"), expected)


def test_evaluate_says_what_a_checkpoint_is_worth(capsys):
    train("--save", "run")
    assert main(["evaluate", "run", "--count", "50"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("run, seed 1\n")
    assert "N = 50 pictures on either side (digits)" in told
    assert "real v. real" in told


def test_evaluate_without_mnist_says_what_it_measures_against(capsys):
    assert main(["evaluate", "mlp", "--count", "40"]) == 0
    told = capsys.readouterr()
    assert "mnist: no_network; measured against the embedded digits" in told.err
    assert "(digits)" in told.out


def test_points_cannot_be_evaluated_as_pictures(capsys):
    config = TrainConfig(model="points", dataset="ring", latent_dim=2, batch_size=4)
    trainer = Trainer(config, torch.zeros(8, 2))
    checkpoint.write(Path("points"), config, trainer.state_dict(), iteration=0)
    assert main(["evaluate", "points"]) == 2
    assert "makes points" in capsys.readouterr().err


BAD = {
    "no command": [],
    "an unknown command": ["fly"],
    "an unknown preset": ["train", "--preset", "magic"],
    "an unknown data set": ["train", "--dataset", "cifar10"],
    "a latent dimension of 0": ["train", "--latent-dim", "0"],
    "a latent dimension that is no number": ["train", "--latent-dim", "many"],
    "a learning rate that is not finite": ["train", "--generator-lr", "nan"],
    "a batch of one": ["train", "--batch-size", "1"],
    "no iterations": [*QUICK, "0"],
    "fewer than no iterations": [*QUICK, "-3"],
    "no seconds": [*QUICK[:-1], "--seconds", "0"],
    "seconds that are not a number": [*QUICK[:-1], "--seconds", "nan"],
    "iterations and seconds": [*QUICK, "3", "--seconds", "1"],
    "fewer than no threads": [*QUICK, "1", "--threads", "-1"],
    "nothing to resume": ["train", "--resume", "nothing"],
    "a batch that leaves a rest of a pack": ["train", "--packing", "3"],
    "a single example": ["train", "--examples", "1"],
    "shipping a judge of packs": [*QUICK, "3", "--packing", "2", "--ship", "packs"],
    "shipping a judge in company": [*QUICK, "3", "--minibatch-stddev", "on", "--ship", "told"],
    "a resumed file that is no checkpoint": ["train", "--resume", "text"],
    "no samples": ["sample", "mlp", "--count", "0"],
    "too many samples": ["sample", "mlp", "--count", "1000000"],
    "samples of nothing": ["sample", "nothing"],
    "samples of a file that is no checkpoint": ["sample", "text"],
    "an evaluation of nothing": ["evaluate", "nothing"],
    "an evaluation of no pictures": ["evaluate", "mlp", "--count", "0"],
    "an evaluation of five pictures": ["evaluate", "mlp", "--count", "5"],
    "an evaluation of too many pictures": ["evaluate", "mlp", "--count", "20000"],
    "a classifier without data": ["classifier"],
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_settings_exit_2_with_a_sentence(kind, tmp_path, capsys, monkeypatch):
    (tmp_path / "text").write_text("not a checkpoint, but long enough to look like one")
    # A wrong length must be refused before training, or it would never end.
    monkeypatch.setattr(Trainer, "step", lambda _trainer: pytest.fail("it trained"))
    assert status(BAD[kind]) == 2
    said = capsys.readouterr().err
    assert "gan_core" in said
    assert "Traceback" not in said


def test_a_seed_beyond_all_counting_is_refused(capsys):
    train("--save", "run")
    assert status(["sample", "run", "--seed", "9" * 30]) == 2
    assert "seed" in capsys.readouterr().err


def test_a_training_that_diverges_ends_with_a_sentence(monkeypatch, capsys):
    def diverge(_trainer: Trainer) -> None:
        raise TrainingDiverged(41, "L_D")

    monkeypatch.setattr(Trainer, "step", diverge)
    assert status([*QUICK, "3"]) == 2
    assert "diverged at iteration 41" in capsys.readouterr().err


@pytest.mark.parametrize("place", [["--data-dir", "/home/ada"], ["--data-dir=/home/ada"]])
def test_a_card_does_not_tell_where_the_data_lie(place):
    words = " ".join(["python -m gan_core train", *place, "--seconds 3"])
    told = command_line._public(argparse.Namespace(command_line=words))
    assert told == "python -m gan_core train --seconds 3"


def test_the_module_runs_as_a_command():
    outcome = subprocess.run(
        [sys.executable, "-m", "gan_core", "train", "--latent-dim", "0"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stderr == "gan_core: latent_dim must be a whole number from 1 to 512, got 0\n"


def test_losses_and_bounds_are_options_like_any_other(tmp_path):
    bounds = ["--r1", "0.5", "--gradient-penalty", "10", "--weight-clip", "0.5"]
    train("--loss", "hinge", "--spectral-norm", "on", *bounds, "--save", "run.safetensors")
    config = checkpoint.read(tmp_path / "run.safetensors").config
    assert (config.loss, config.spectral_norm) == ("hinge", "on")
    assert (config.r1, config.r2, config.gradient_penalty, config.weight_clip) == (0.5, 0, 10, 0.5)


def test_remedies_are_options_like_any_other(tmp_path):
    words = {
        "instance-noise": "0.5",
        "instance-noise-moves": "9",
        "packing": "2",
        "minibatch-stddev": "on",
        "unrolled-steps": "1",
        "batch-norm": "on",
        "diff-augment": "on",
        "examples": "100",
    }
    train(
        *[word for name, value in words.items() for word in (f"--{name}", value)], "--save", "run"
    )
    config = checkpoint.read(tmp_path / "run").config
    asked = {name: str(getattr(config, name.replace("-", "_"))) for name in words}
    assert asked == words
    assert main(["sample", "run", "--count", "9", "--out", "nine.png"]) == 0
    assert picture("nine.png").shape == (2 * 3 * 28, 2 * 3 * 28)
