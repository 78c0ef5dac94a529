"""How fast is a step? Our ``Trainer`` against the loop that most tutorials teach.

``python -m benchmarks.training`` trains the lesson's pair at batch 64 on the
same pictures, in turns of a quarter of a second: ours, the tutorial's, and
again. The ratio of each round, and the median of the rounds, are printed.
Turns that short make the ratio hold on a machine that others use, too.

What the tutorial loop does, one iteration of which is one D-move and one G-move:

* ``DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True)`` over a data set
  that does what ``torchvision.datasets.MNIST`` does with
  ``Compose([ToTensor(), Normalize((0.5,), (0.5,))])``: every picture becomes a PIL image
  and is transformed each time it is drawn. ``--loader tensors`` takes a
  ``TensorDataset`` of finished tensors instead, which few tutorials do.
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
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from benchmarks.machine import machine
from gan_core.config import TrainConfig
from gan_core.data import load_images
from gan_core.pictures import to_grey
from gan_core.trainer import Trainer

Step = Callable[[], object]
TURN_SECONDS = 0.25


class LikeTorchvision(Dataset[tuple[Tensor]]):
    """What ``torchvision.datasets.MNIST`` does for each picture, on pictures we have."""

    def __init__(self, images: Tensor) -> None:
        self.greys = torch.from_numpy(to_grey(images))
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))]
        )

    def __len__(self) -> int:
        return len(self.greys)

    def __getitem__(self, index: int) -> tuple[Tensor]:
        return (self.transform(Image.fromarray(self.greys[index].numpy())),)


LOADERS: dict[str, Callable[[Tensor], Dataset[Any]]] = {
    "dataset": LikeTorchvision,
    "tensors": TensorDataset,
}


def main() -> None:
    """Run the rounds and print the figures."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = TrainConfig()
    data = load_images(config.dataset)
    print(machine())
    print(f"threads: {torch.get_num_threads()}; load {os.getloadavg()[0]:.1f} at the beginning")
    print(f"data: {data.key}, {len(data.images)} pictures; batch {config.batch_size}")
    print(f"the tutorial's DataLoader draws from: {options.loader}")
    ours = our_step(config, data.images)
    tutorial = tutorial_step(config, LOADERS[options.loader](data.images))
    _round(ours, tutorial, 2 * TURN_SECONDS)  # the first calls allocate
    ratios = []
    for number in range(1, options.rounds + 1):
        fast, slow = _round(ours, tutorial, options.seconds)
        ratios.append(fast / slow)
        print(
            f"round {number}: ours {fast:.1f} it/s, tutorial {slow:.1f} it/s, "
            f"ratio {ratios[-1]:.2f}",
            flush=True,
        )
    low, high = min(ratios), max(ratios)
    print(f"median ratio {statistics.median(ratios):.2f} (from {low:.2f} to {high:.2f})")


def our_step(config: TrainConfig, images: Tensor) -> Step:
    """Return a function that makes one iteration of our trainer."""
    return Trainer(config, images).step


def tutorial_step(config: TrainConfig, dataset: Dataset[Any]) -> Step:
    """Return a function that makes one iteration of the tutorial loop."""
    iterations = tutorial_loop(config, dataset)
    return lambda: next(iterations)


def tutorial_loop(config: TrainConfig, dataset: Dataset[Any]) -> Iterator[tuple[float, float]]:
    """Train as most tutorials do; yield both losses after each iteration."""
    loader = DataLoader(dataset, batch_size=config.batch_size, shuffle=True, drop_last=True)
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


def _round(ours: Step, tutorial: Step, seconds: float) -> tuple[float, float]:
    """Return iterations a second of both, after about ``seconds`` each in short turns."""
    spent, made = {ours: 0.0, tutorial: 0.0}, {ours: 0, tutorial: 0}
    while min(spent.values()) < seconds:
        for step in (ours, tutorial):
            begin = time.perf_counter()
            while time.perf_counter() - begin < TURN_SECONDS:
                step()
                made[step] += 1
            spent[step] += time.perf_counter() - begin
    return made[ours] / spent[ours], made[tutorial] / spent[tutorial]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0, help="per side and round")
    parser.add_argument("--loader", choices=LOADERS, default="dataset")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
