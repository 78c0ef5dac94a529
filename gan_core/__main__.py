"""``python -m gan_core train | sample | evaluate | …``: the course without a browser."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gan_core.config import CONDITIONAL, POINT_MODEL, PRESETS, TrainConfig
from gan_core.data import ImageSet, load_images
from gan_core.data.images import DataUnavailable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    options.command_line = "python -m gan_core " + shlex.join(words)
    try:
        options.run(options)
    except (ValueError, OSError, ArithmeticError, DataUnavailable) as error:
        print(f"gan_core: {error}", file=sys.stderr)
        return 2
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text}")
    return number


def _duration(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be more than 0 seconds, got {text}")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gan_core", description=__doc__)
    commands = parser.add_subparsers(required=True)

    train = commands.add_parser("train", help="train a GAN and save it")
    train.add_argument("--preset", choices=PRESETS, default="lesson")
    for spec in fields(TrainConfig):
        kind = type(spec.default)
        train.add_argument(f"--{spec.name.replace('_', '-')}", type=kind, dest=spec.name)
    length = train.add_mutually_exclusive_group()
    length.add_argument("--iterations", type=_positive, default=2000)
    length.add_argument("--seconds", type=_duration, help="seconds of training instead")
    train.add_argument("--data-dir", type=Path, help="torchvision's folder (default: $GAN_DATA)")
    train.add_argument("--resume", type=Path, help="go on from this checkpoint")
    train.add_argument("--save", type=Path, help="write a checkpoint here")
    train.add_argument("--samples", type=Path, help="write a PNG of 64 samples here")
    train.add_argument("--film", type=Path, help="write a PNG strip of the samples over time here")
    train.add_argument("--ship", metavar="NAME", help="write assets/pretrained/NAME with its card")
    train.add_argument("--threads", type=_positive, help="torch threads (default: all cores)")
    train.set_defaults(run=_train)

    sample = commands.add_parser("sample", help="draw pictures from trained weights")
    sample.add_argument("weights", help="a checkpoint file, or the name of shipped weights")
    sample.add_argument("--count", type=int, default=64)
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--digit", type=int, help="draw this class alone (conditional weights)")
    sample.add_argument("--out", type=Path, default=Path("samples.png"))
    sample.set_defaults(run=_sample)

    evaluate = commands.add_parser("evaluate", help="measure generated pictures")
    evaluate.add_argument("weights", help="a checkpoint file, or the name of shipped weights")
    evaluate.add_argument("--count", type=_positive, default=10_000, help="pictures on either side")
    evaluate.add_argument("--seed", type=int, default=1)
    evaluate.add_argument("--data-dir", type=Path, help="torchvision's folder (default: $GAN_DATA)")
    evaluate.add_argument("--threads", type=_positive, help="torch threads (default: all cores)")
    evaluate.set_defaults(run=_evaluate, digit=None)

    classifier = commands.add_parser("classifier", help="train the digit classifier")
    classifier.add_argument("--data-dir", type=Path)
    classifier.add_argument("--epochs", type=int, default=8)
    classifier.set_defaults(run=_classifier)

    stages = commands.add_parser("stages", help="train and keep a GAN at four moments")
    stages.add_argument("--data-dir", type=Path)
    stages.add_argument("--out", type=Path, help="a folder other than the shipped one")
    stages.add_argument("--threads", type=_positive, help="torch threads (default: all cores)")
    stages.set_defaults(run=_stages)
    return parser


def _train(options: argparse.Namespace) -> None:
    import torch

    from gan_core import checkpoint
    from gan_core.pictures import film_strip, png
    from gan_core.trainer import Trainer

    if options.threads:
        torch.set_num_threads(options.threads)
    saved = checkpoint.read(options.resume) if options.resume else None
    config = saved.config if saved else _config(options)
    if options.ship:
        _refuse_shipping(options.ship, config)
    data = load_images(config.dataset, folder=options.data_dir)
    if data.fallback:
        print(
            f"{config.dataset}: {data.fallback}; training on the embedded digits", file=sys.stderr
        )
        config = config.replace(dataset=data.key)
    trainer = Trainer(config, data.images, data.labels)
    if saved:
        trainer.load_state_dict(saved.state)
    film = [_sheet(trainer, 4)]
    began = time.perf_counter()
    for fraction in _iterate(trainer, options):
        if options.film and fraction >= len(film) / 7:
            film.append(_sheet(trainer, 4))
    seconds = time.perf_counter() - began
    if options.save:
        checkpoint.write(options.save, config, trainer.state_dict(), iteration=trainer.iteration)
    if options.samples:
        checkpoint.write_atomically(options.samples, png(_sheet(trainer, 8), 2))
    if options.film:
        checkpoint.write_atomically(options.film, png(film_strip(film), 2))
    if options.ship:
        _ship(options, trainer, seconds)


def _refuse_shipping(name: str, config: TrainConfig) -> None:
    """Refuse, before anything is trained, what could not be loaded by its name."""
    from gan_core.judging import judges_without_company

    if not judges_without_company(config):
        raise ValueError("--ship needs a discriminator of single pictures, without company")
    if (name == CONDITIONAL) != (config.conditional == "on"):
        raise ValueError(f"--ship {CONDITIONAL} and --conditional on need one another")


def _sheet(trainer: Any, columns: int) -> Any:
    """Lay out samples; where G is told classes, every row is one."""
    from gan_core.conditional import sheet_of_samples
    from gan_core.pictures import contact_sheet, to_grey

    return contact_sheet(to_grey(sheet_of_samples(trainer, columns)), columns)


def _config(options: argparse.Namespace) -> TrainConfig:
    chosen = {spec.name: getattr(options, spec.name) for spec in fields(TrainConfig)}
    given = {name: value for name, value in chosen.items() if value is not None}
    return PRESETS[options.preset].replace(**given)


def _iterate(trainer: Any, options: argparse.Namespace) -> Iterator[float]:
    """Train with a progress bar; yield the share done after each iteration."""
    total = options.seconds or options.iterations
    begin = time.perf_counter()
    layout = "{l_bar}{bar}| {n:.0f}/{total:.0f} [{elapsed}<{remaining}{postfix}]"
    bar = tqdm(total=total, bar_format=layout, disable=None, mininterval=0.5)
    done = 0
    while True:
        report = trainer.step()
        done += 1
        elapsed = time.perf_counter() - begin
        progress = elapsed if options.seconds else done
        bar.update(min(progress, total) - bar.n)
        bar.set_postfix_str(
            f"iteration {report.iteration}, {done / elapsed:.1f} it/s, "
            f"L_D {report.d_loss:.3f}, L_G {report.g_loss:.3f}",
            refresh=False,
        )
        yield progress / total
        if progress >= total:
            bar.close()
            return


def _ship(options: argparse.Namespace, trainer: Any, seconds: float) -> None:
    from gan_core.pretrained import OPPONENT, save_card, save_directions, save_weights

    generator = trainer.average or trainer.generator
    card = {
        "name": options.ship,
        "config": trainer.config.to_dict(),
        "iterations": trainer.iteration,
        "training_seconds": round(seconds),
        "weights": "average (EMA)" if trainer.average is not None else "raw",
        "command": _public(options),
        "data": f"{trainer.config.dataset}, {len(trainer.data)} training images",
        "date": date.today().isoformat(),
        "measured": _measure(trainer, options.data_dir),
    }
    save_weights(options.ship + OPPONENT, trainer.discriminator)
    save_directions(options.ship, generator)
    save_card(options.ship, card)
    print(save_weights(options.ship, generator))


def _public(options: argparse.Namespace) -> str:
    """The command without the place of the data on this computer."""
    words = shlex.split(options.command_line)
    if "--data-dir" in words:
        place = words.index("--data-dir")
        del words[place : place + 2]
    words = [word for word in words if not word.startswith("--data-dir=")]
    return shlex.join(words)


def _measure(trainer: Any, folder: Path | None) -> dict[str, float]:
    """Measure 10,000 samples against the 10,000 test images, raw and averaged.

    The Fréchet distance, and where G is asked for a class, for each as often: the share of the
    samples in which the classifier reads the class that was asked for.
    """
    from gan_core.conditional import wanted_labels
    from gan_core.metrics.frechet import features, frechet_distance
    from gan_core.pretrained import load_classifier

    model = load_classifier()
    real = features(model, load_images("mnist", train=False, folder=folder, fall_back=False).images)
    average, figures = trainer.average, {}
    for name in ("raw", "average") if average is not None else ("raw",):
        trainer.average = average if name == "average" else None
        fake = features(model, trainer.sample(10_000, seed=1))
        figures[f"frechet_distance_{name}"] = round(frechet_distance(real, fake), 1)
        if trainer.config.conditional == "on":
            read = model.head(fake).argmax(1)
            agreed = (read == wanted_labels(None, len(fake))).float().mean().item()
            figures[f"class_agreement_{name}"] = round(agreed, 4)
    trainer.average = average
    return figures


def _sample(options: argparse.Namespace) -> None:
    from gan_core.checkpoint import write_atomically
    from gan_core.pictures import contact_sheet, png, to_grey

    images, _dataset = _generated(options)
    write_atomically(options.out, png(contact_sheet(to_grey(images)), 2))
    print(options.out)


def _generated(options: argparse.Namespace) -> tuple[Any, str]:
    """Draw pictures; return them and the data that their maker was trained on."""
    import torch

    from gan_core import checkpoint
    from gan_core.conditional import CLASSES, LABELS, wanted_labels, with_classes
    from gan_core.latent import draw
    from gan_core.pretrained import GENERATORS, card, load_generator
    from gan_core.trainer import Trainer

    if not 1 <= options.count <= 10_000:
        raise ValueError(f"count must be from 1 to 10000, got {options.count}")
    if options.digit is not None and not 0 <= options.digit < CLASSES:
        raise ValueError(f"digit must be {LABELS}, got {str(options.digit)[:40]}")
    if not 0 <= options.seed < 2**63:
        raise ValueError(f"seed must be from 0 to 2^63 - 1, got {str(options.seed)[:40]}")
    if options.weights in GENERATORS:
        generator = load_generator(options.weights)
        noise = draw(options.count, generator.latent_dim, options.seed)
        if options.weights == CONDITIONAL:
            noise = with_classes(noise, wanted_labels(options.digit, options.count))
        else:
            _refuse_digit(options)
        return generator(noise), card(options.weights)["config"]["dataset"]
    saved = checkpoint.read(Path(options.weights))
    if saved.config.model == POINT_MODEL:
        raise ValueError(f"weights must make pictures, but {options.weights} makes points")
    if saved.config.conditional == "off":
        _refuse_digit(options)
    size = saved.config.batch_size
    blank, labels = torch.zeros(size, 1, 28, 28), torch.zeros(size, dtype=torch.int64)
    trainer = Trainer(saved.config, blank, labels)
    trainer.load_state_dict(saved.state)
    return trainer.sample(options.count, options.seed, options.digit), saved.config.dataset


def _refuse_digit(options: argparse.Namespace) -> None:
    if options.digit is not None:
        raise ValueError(
            f"--digit needs weights trained with --conditional on, not {options.weights}"
        )


def _evaluate(options: argparse.Namespace) -> None:
    import torch

    from gan_core.metrics.evaluate import evaluate, real_pictures
    from gan_core.metrics.table import as_text

    if options.threads:
        torch.set_num_threads(options.threads)
    images, dataset = _generated(options)
    real = real_pictures(dataset, options.count, options.data_dir)
    if real.fallback:
        print(f"{dataset}: {real.fallback}; measured against the embedded digits", file=sys.stderr)
    layout = "{l_bar}{bar}| [{elapsed}<{remaining}]"
    with tqdm(total=100, desc="measuring", bar_format=layout, disable=None) as bar:
        report = evaluate(images, real, lambda share: bar.update(100 * share - bar.n) and None)
    print(f"{options.weights}, seed {options.seed}\n")
    print(as_text(report))


def _classifier(options: argparse.Namespace) -> None:
    from gan_core.classifier import accuracy, train_classifier
    from gan_core.pretrained import save_card, save_weights

    train: ImageSet = load_images("mnist", folder=options.data_dir, fall_back=False)
    test = load_images("mnist", train=False, folder=options.data_dir, fall_back=False)
    model = train_classifier(train.images, train.labels, epochs=options.epochs)
    score = accuracy(model, test.images, test.labels)
    card = {
        "name": "classifier",
        "command": _public(options),
        "data": f"mnist, {len(train.images)} training images",
        "date": date.today().isoformat(),
        "measured": {"test_accuracy": round(score, 4)},
    }
    save_card("classifier", card)
    print(save_weights("classifier", model), f"test accuracy {score:.4f}")


def _stages(options: argparse.Namespace) -> None:
    import torch

    from gan_core import pretrained, stages

    if options.threads:
        torch.set_num_threads(options.threads)
    config = TrainConfig.from_dict(pretrained.card("dcgan")["config"])
    train = load_images("mnist", folder=options.data_dir, fall_back=False)
    test = load_images("mnist", train=False, folder=options.data_dir, fall_back=False)
    folder = options.out or stages.FOLDER
    card: dict[str, Any] = {
        "name": "stages",
        "config": config.to_dict(),
        "iterations": stages.STAGES,
        "weights": "generator: average (EMA); discriminator: raw",
        "command": _public(options),
        "data": f"mnist, {len(train.images)} training images",
        "date": date.today().isoformat(),
        "measured": {},
    }
    stages.save_card(card, folder)
    sheet = folder / stages.REAL_SHEET.name if options.out else stages.REAL_SHEET
    print(stages.save_real_sheet(stages.pick_real(test.images, test.labels), sheet))
    with tqdm(total=max(stages.STAGES.values()), disable=None) as bar:
        for key, weights in stages.train_stages(
            config, train.images, seen=lambda _report: bar.update()
        ):
            print(stages.save_stage(key, weights, folder))
    for key in stages.STAGES:  # what is measured is what was written, in float16
        found = stages.accuracy(stages.load_stage(key, folder), test.images[:500])
        card["measured"][key] = {f"accuracy_{name}": share for name, share in found.items()}
    print(stages.save_card(card, folder))


if __name__ == "__main__":
    raise SystemExit(main())
