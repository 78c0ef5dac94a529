"""How fast is a step? Our ``Trainer`` against the loop that most tutorials teach.

``python -m benchmarks.training`` trains the lesson's pair at batch 64 on the
same pictures, in turns: a few seconds of ours, a few of the tutorial's, and
again. The ratio of each round, and the median of the rounds, are printed.
Turns within one run make the ratio hold on a machine that others use, too.

What the tutorial loop does, one iteration of which is one D-move and one G-move:

* ``DataLoader(TensorDataset(...), batch_size=64, shuffle=True, drop_last=True)``,
  on pictures that are tensors already: no decoding, no workers, no transforms.
* G and D are ``nn.Sequential`` of ``nn.Linear``, ``nn.LeakyReLU``, ``nn.Dropout``; D
  ends in ``nn.Sigmoid`` and the loss is ``nn.BCELoss`` against ones and zeros.
* D's move: one pass on the real pictures, one on ``fake.detach()``.
* G's move: fresh noise, a second pass through G, and ``loss.backward()``
  through everything, D's weights included; D's gradients are then thrown away.
* ``torch.optim.Adam(lr, betas)`` as it comes, and ``optimizer.zero_grad()``.
* Both losses are read with ``.item()`` in every iteration, as for a progress bar.

Ours makes the same moves with the same layers, losses and step sizes (a test
in tests/gan_core/test_trainer.py holds that, given the same fakes), and besides
measures D's verdicts and both gradient norms in every iteration.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gan_core.config import TrainConfig
from gan_core.data import load_images
from gan_core.trainer import Trainer

Step = Callable[[], object]


def main() -> None:
    """Run the rounds and print the figures."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = TrainConfig()
    data = load_images(config.dataset)
    print(_machine())
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"data: {data.key}, {len(data.images)} pictures; batch {config.batch_size}")
    ours, tutorial = our_step(config, data.images), tutorial_step(config, data.images)
    for step in (ours, tutorial):
        _rate(step, 0.5)  # the first calls allocate
    ratios = []
    for number in range(1, options.rounds + 1):
        # Who begins changes, so that neither always follows the other.
        pair = (ours, tutorial) if number % 2 else (tutorial, ours)
        rates = {step: _rate(step, options.seconds) for step in pair}
        ratios.append(rates[ours] / rates[tutorial])
        print(
            f"round {number}: ours {rates[ours]:.1f} it/s, "
            f"tutorial {rates[tutorial]:.1f} it/s, ratio {ratios[-1]:.2f}",
            flush=True,
        )
    low, high = min(ratios), max(ratios)
    print(f"median ratio {statistics.median(ratios):.2f} (from {low:.2f} to {high:.2f})")


def our_step(config: TrainConfig, images: Tensor) -> Step:
    """Return a function that makes one iteration of our trainer."""
    return Trainer(config, images).step


def tutorial_step(config: TrainConfig, images: Tensor) -> Step:
    """Return a function that makes one iteration of the tutorial loop."""
    iterations = tutorial(config, images)
    return lambda: next(iterations)


def tutorial(config: TrainConfig, images: Tensor) -> Iterator[tuple[float, float]]:
    """Train as most tutorials do; yield both losses after each iteration."""
    loader = DataLoader(
        TensorDataset(images), batch_size=config.batch_size, shuffle=True, drop_last=True
    )
    generator, discriminator = tutorial_pair(config)
    betas = (config.beta1, config.beta2)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=config.generator_lr, betas=betas)
    optimizer_d = torch.optim.Adam(
        discriminator.parameters(), lr=config.discriminator_lr, betas=betas
    )
    criterion = nn.BCELoss()
    while True:
        for (real,) in loader:
            size = len(real)
            ones, zeros = torch.ones(size, 1), torch.zeros(size, 1)

            optimizer_d.zero_grad()
            fake = generator(torch.randn(size, config.latent_dim))
            loss_real = criterion(discriminator(real.view(size, -1)), ones)
            loss_fake = criterion(discriminator(fake.detach()), zeros)
            loss_d = loss_real + loss_fake
            loss_d.backward()
            optimizer_d.step()

            optimizer_g.zero_grad()
            fake = generator(torch.randn(size, config.latent_dim))
            loss_g = criterion(discriminator(fake), ones)
            loss_g.backward()
            optimizer_g.step()

            yield loss_d.item(), loss_g.item()


def tutorial_pair(config: TrainConfig) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the lesson's pair as a tutorial writes it, D with a sigmoid at its end."""
    generator = nn.Sequential(
        nn.Linear(config.latent_dim, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 1024),
        nn.LeakyReLU(0.2),
        nn.Linear(1024, 784),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Linear(784, 1024),
        nn.LeakyReLU(0.2),
        nn.Dropout(config.dropout),
        nn.Linear(1024, 512),
        nn.LeakyReLU(0.2),
        nn.Dropout(config.dropout),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2),
        nn.Dropout(config.dropout),
        nn.Linear(256, 1),
        nn.Sigmoid(),
    )
    return generator, discriminator


def _rate(step: Step, seconds: float) -> float:
    """Return iterations a second, measured over about ``seconds``."""
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        step()
        count += 1
    return count / (time.perf_counter() - begin)


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {_processor()}, {platform.system()}{load}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0, help="per side and round")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
