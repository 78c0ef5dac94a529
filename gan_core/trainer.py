"""The game: two players, one move each, one report after each iteration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from gan_core.average import average_of, follow
from gan_core.batches import Batches
from gan_core.conditional import checked_labels, one_hot, wanted_labels, with_classes
from gan_core.config import TrainConfig, check_packs
from gan_core.diff_augment import augmented
from gan_core.judging import blurred, compares, group_alike, noise_left, packed
from gan_core.latent import NOISES, draw
from gan_core.layers import following
from gan_core.losses import LOSSES
from gan_core.models import MODELS, build_discriminator, build_generator
from gan_core.moments import Watch, Witness
from gan_core.optimizers import OPTIMIZERS, remaining_share
from gan_core.penalties import Judged, chosen, clip_weights
from gan_core.report import (
    LOSS_LIMIT,
    NO_D_MOVE,
    NO_G_MOVE,
    DiscriminatorMove,
    GeneratorMove,
    StepReport,
    TrainingDiverged,
)
from gan_core.spectral import normalised
from gan_core.state import adapted, gather, restore
from gan_core.unrolling import Weights, descent_of, look_ahead

__all__ = ["StepReport", "Trainer", "TrainingDiverged", "checked_data"]

# D, or what it would be: judges samples, with their classes where it is told them.
Judge = Callable[..., Tensor]


class Trainer:
    """A GAN in training. The object is the state; ``run`` is a view of it.

    Args:
        config: the recipe; its rates are those in use (see :meth:`set_rates`).
        data: N ≥ 2 real samples, float32: pictures (N, 1, 28, 28) in [-1, 1], or
            points (N, 2) where the model is "points". Only the first ``config.examples``
            of them are used, if that is not 0.
        labels: the class of each sample, int64 (N,), 0 to 9. Needed where ``config.conditional``
            is on, and not looked at where it is off.

    Raises:
        ValueError: if ``data`` has another shape or type, or does not fill two packs, or if
            ``labels`` are needed and are not what they should be.

    Every random number (weights, batches, noise, classes, dropout) comes from one
    generator seeded with ``config.seed``; torch's global one is never touched.
    """

    def __init__(self, config: TrainConfig, data: Tensor, labels: Tensor | None = None) -> None:
        self.config = config
        self.data = checked_data(data, config)
        # The classes of the data; None where the players are not told them.
        self.labels = None if config.conditional == "off" else _checked_labels(labels, data, config)
        self.loss = LOSSES[config.loss]
        self.penalties = chosen(config)
        self.random = torch.Generator().manual_seed(config.seed)
        self.generator = build_generator(config, self.random)
        self.discriminator = build_discriminator(config, self.random)
        self._generator_weights: list[Tensor] = list(self.generator.parameters())
        self._discriminator_weights: list[Tensor] = list(self.discriminator.parameters())
        optimizer = OPTIMIZERS[config.optimizer]
        self.generator_optimizer = optimizer(self._generator_weights, config.generator_lr, config)
        self.discriminator_optimizer = optimizer(
            self._discriminator_weights, config.discriminator_lr, config
        )
        self._normalised = normalised(self.discriminator)
        # Whether D must be shown real and generated samples one kind at a time.
        self._apart = compares(self.discriminator)
        self.average = average_of(self.generator) if config.ema_decay else None
        self.iteration = 0
        self.discriminator_moves = 0
        self.generator_moves = 0
        self._batches = Batches(self.data, config.batch_size, config.seed, config.packing)
        group_alike(self.discriminator, self._batches.size // config.packing)
        # What G was given in D's last move (noise, and classes behind it where G is told
        # them) and what it made of it, waiting for G's.
        self._noise: Tensor | None = None
        self._fake: Tensor | None = None

    # The game -----------------------------------------------------------------

    def run(self, iterations: int) -> Iterator[StepReport]:
        """Train, yielding after each iteration; stop iterating to pause."""
        for _ in range(iterations):
            yield self.step()

    def step(self, watch: Watch | None = None) -> StepReport:
        """Make one iteration: first D moves, as often as the recipe says, then G does.

        Args:
            watch: called with a ``Moment`` after each micro-step; the iteration is the same,
                bit for bit, with and without.

        Raises:
            TrainingDiverged: before a move whose loss or gradient is out of bounds.
        """
        d, g = NO_D_MOVE, NO_G_MOVE
        for _ in range(self.config.discriminator_steps):
            d = self._move_discriminator(watch)
        for _ in range(self.config.generator_steps):
            g = self._move_generator(watch)
        return self._report("both", d, g)

    def step_discriminator(self, watch: Watch | None = None) -> StepReport:
        """Let D alone move once; G's weights stay exactly as they are."""
        return self._report("d", self._move_discriminator(watch), NO_G_MOVE)

    def step_generator(self, watch: Watch | None = None) -> StepReport:
        """Let G alone move once; D's weights stay exactly as they are."""
        return self._report("g", NO_D_MOVE, self._move_generator(watch))

    def set_rates(self, generator_lr: float, discriminator_lr: float) -> None:
        """Change both learning rates, between two moves; ``config`` then holds the new ones.

        Raises:
            SettingError: if a rate is out of range; both then stay as they are.
        """
        self.config = self.config.replace(
            generator_lr=generator_lr, discriminator_lr=discriminator_lr
        )
        self.generator_optimizer.param_groups[0]["lr"] = self.config.generator_lr
        self.discriminator_optimizer.param_groups[0]["lr"] = self.config.discriminator_lr

    def _report(self, move: str, d: DiscriminatorMove, g: GeneratorMove) -> StepReport:
        self.iteration += 1
        return StepReport(
            iteration=self.iteration,
            move=move,
            d_loss=d.loss,
            g_loss=g.loss,
            d_real=d.real,
            d_fake=g.fake if d is NO_D_MOVE else d.fake,
            d_terms=d.terms,
            d_grad_norm=d.grad_norm,
            g_grad_norm=g.grad_norm,
        )

    def _move_discriminator(self, watch: Watch | None = None) -> DiscriminatorMove:
        glass = self._witness(watch, "d")
        for layer, weight in self._normalised:
            layer.turn(weight)
        real = self._batches.next()
        self._noise = self._draw_noise()
        if glass:
            glass.tell("sample", real=real, noise=self._noise)
        self._fake = self.generator(self._noise)
        fake = self._fake.detach()
        if glass:
            glass.tell("generate", fake=fake)
        real, fake = self._shown(real), self._shown(fake)
        with following(self.discriminator):
            judged = self._judge(self.discriminator, real=real, fake=fake)
        on_real, on_fake = judged.on_real, judged.on_fake
        if glass:
            glass.tell("judge", real=on_real, fake=on_fake)
        terms = self._discriminator_terms(judged)
        loss = sum(terms[1:], terms[0])
        if glass:
            glass.tell("loss", loss=loss, terms=torch.stack(terms))
        norm = self._differentiate(loss, self._discriminator_weights, "L_D")
        if glass:
            glass.tell_gradient()
        self._slow_down(
            self.discriminator_optimizer, self.config.discriminator_lr, self.discriminator_moves
        )
        self.discriminator_optimizer.step()
        if self.config.weight_clip:
            clip_weights(self._discriminator_weights, self.config.weight_clip)
        if glass:
            glass.tell_move()
        self.discriminator_moves += 1
        return DiscriminatorMove(
            loss=loss.item(),
            terms=tuple(term.item() for term in terms),
            real=self._mean_verdict(on_real),
            fake=self._mean_verdict(on_fake),
            grad_norm=norm,
        )

    def _move_generator(self, watch: Watch | None = None) -> GeneratorMove:
        glass = self._witness(watch, "g")
        fake = self._fake
        if fake is None:  # G moves twice in a row: new noise
            self._noise = self._draw_noise()
            if glass:
                glass.tell("sample", noise=self._noise)
            fake = self.generator(self._noise)
        if glass:
            glass.tell("generate", fake=fake)
        judge = self._future_judge(fake) if self.config.unrolled_steps else self.discriminator
        on_fake = judge(self._shown(fake), *self._classes_of_fake())
        on_real = self._on_last_batch(judge) if self.loss.compares else None
        self._noise = self._fake = None
        if glass:
            glass.tell("judge", real=on_real, fake=on_fake)
        loss = self.loss.generator(real=on_real, fake=on_fake).mean()
        if glass:
            glass.tell("loss", loss=loss)
            (at_fake,) = torch.autograd.grad(loss, fake, retain_graph=True)
        norm = self._differentiate(loss, self._generator_weights, "L_G")
        if glass:
            glass.tell_gradient(fake=at_fake)
        self._slow_down(self.generator_optimizer, self.config.generator_lr, self.generator_moves)
        self.generator_optimizer.step()
        if glass:
            glass.tell_move()
        self.generator_moves += 1
        if self.average is not None:
            follow(self.average, self.generator, self.config.ema_decay, self.generator_moves)
        return GeneratorMove(loss=loss.item(), fake=self._mean_verdict(on_fake), grad_norm=norm)

    def _shown(self, samples: Tensor) -> Tensor:
        """Return samples as D is shown them in training: augmented, with noise, in packs.

        Penalties too are taken at what is shown: D judges nothing else, so it is there that it
        must not be steep.
        """
        if self.config.diff_augment == "on":
            samples = augmented(samples, self.random)
        sigma = noise_left(self.config, self.discriminator_moves)
        return packed(blurred(samples, sigma, self.random), self.config.packing)

    def _judge(self, judge: Judge, *, real: Tensor, fake: Tensor, attached: bool = False) -> Judged:
        return Judged(
            judge,
            real=real,
            fake=fake,
            random=self.random,
            classes=(*self._classes_of_real(), *self._classes_of_fake()),
            apart=self._apart,
            attached=attached,
        )

    def _classes_of_real(self) -> tuple[Tensor, ...]:
        """Return the classes of the last batch as D is told them; none where it is not."""
        if self.labels is None:
            return ()
        return (packed(one_hot(self.labels[self._batches.places]), self.config.packing),)

    def _classes_of_fake(self) -> tuple[Tensor, ...]:
        """Return the classes that the waiting fakes were to be, likewise."""
        if self.labels is None:
            return ()
        assert self._noise is not None, "fakes wait with what they were made from"
        return (packed(self._noise[:, self.config.latent_dim :], self.config.packing),)

    def _discriminator_terms(self, judged: Judged) -> list[Tensor]:
        """Return the means that add up to L_D: the terms of the loss, then the penalties."""
        losses = self.loss.discriminator_terms(real=judged.on_real, fake=judged.on_fake)
        penalties = [penalty(judged) for penalty in self.penalties]
        return [each.mean() for each in (*losses, *penalties)]

    def _on_last_batch(self, judge: Judge) -> Tensor:
        """Return D's logits on the real pictures of its last move.

        The waiting fakes were paired with these, and a second look needs neither new
        data (``epoch`` counts what D learned from) nor anything more in a saved state.
        """
        # A D that is to come depends on G; the one that is there does not.
        with torch.set_grad_enabled(judge is not self.discriminator):
            return judge(self._shown(self._batches.last()), *self._classes_of_real())

    def _future_judge(self, fake: Tensor) -> Judge:
        """Return D as it would be after ``unrolled_steps`` more moves against these fakes.

        D, its optimiser and the random numbers are afterwards as they were before.
        """
        rate = self.config.discriminator_lr * self._share_left(self.discriminator_moves)
        descent = descent_of(self.config, self.discriminator_optimizer, rate)
        real = self._batches.last()

        def loss(weights: Weights) -> Tensor:
            judge = _with_weights(self.discriminator, weights)
            shown = {"real": self._shown(real), "fake": self._shown(fake)}
            terms = self._discriminator_terms(self._judge(judge, **shown, attached=True))
            return sum(terms[1:], terms[0])

        before = self.random.get_state()
        now = dict(self.discriminator.named_parameters())
        later = look_ahead(now, loss, descent, self.config.unrolled_steps)
        self.random.set_state(before)
        return _with_weights(self.discriminator, later)

    def _differentiate(self, loss: Tensor, weights: list[Tensor], name: str) -> float:
        """Set the gradients of ``weights``, the other player's stay as they are; return the norm.

        Raises:
            TrainingDiverged: if the loss or the gradient is out of bounds.
        """
        for weight in weights:
            weight.grad = None
        loss.backward(inputs=weights)
        norm = torch.nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None]).item()
        if not abs(loss.item()) <= LOSS_LIMIT:  # nan is caught here too
            raise TrainingDiverged(self.iteration + 1, name)
        if not math.isfinite(norm):
            raise TrainingDiverged(self.iteration + 1, f"the gradient of {name}")
        return norm

    def _slow_down(self, optimizer: Optimizer, rate: float, moves: int) -> None:
        """Let the learning rate fall as far as ``lr_decay_moves`` says."""
        if self.config.lr_decay_moves:
            optimizer.param_groups[0]["lr"] = rate * self._share_left(moves)

    def _share_left(self, moves: int) -> float:
        return remaining_share(moves, self.config.lr_decay_moves)

    def _witness(self, watch: Watch | None, player: str) -> Witness | None:
        if watch is None:
            return None
        return Witness(watch, player, {"d": self.discriminator, "g": self.generator})

    # Looking, which never changes training --------------------------------------

    @property
    def epoch(self) -> float:
        """How often D has seen the whole data set."""
        return self._batches.epoch

    def noise(self, count: int, seed: int = 0) -> Tensor:
        """Return (count, latent_dim) noise that depends on nothing but ``seed``."""
        return draw(count, self.config.latent_dim, seed, self.config.noise)

    @torch.no_grad()
    def generate(self, z: Tensor, labels: int | Tensor | None = None) -> Tensor:
        """Turn noise (N, latent_dim) into samples, (N, 1, 28, 28) or (N, 2).

        Uses the averaged weights where the config asks for an average.

        Args:
            z: the noise.
            labels: which class they shall be: one for all, or int64 (N,). Without it, all in
                turn: 0, 1, …, 9, 0, …

        Raises:
            ValueError: if a class is not from 0 to 9, or is asked of a G that is told none.
        """
        if self.config.conditional == "on":
            z = with_classes(z, wanted_labels(labels, len(z)))
        elif labels is not None:
            raise ValueError("labels must be left out where conditional is off")
        if self.average is not None:
            return self.average(z)
        self.generator.eval()
        try:
            return self.generator(z)
        finally:
            self.generator.train()

    def sample(self, count: int = 64, seed: int = 0, labels: int | Tensor | None = None) -> Tensor:
        """Return ``count`` samples, from the same noise at every call; see :meth:`generate`."""
        return self.generate(self.noise(count, seed), labels)

    # State --------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that training depends on, as flat named tensors.

        A trainer that loads it continues bit for bit.
        """
        state = gather(self._networks(), self._optimizers())
        if self._noise is not None:
            state["noise"] = self._noise
        state["random"] = self.random.get_state()
        state["clock"] = torch.tensor(
            [
                self.iteration,
                self.discriminator_moves,
                self.generator_moves,
                self._batches.passes,
                self._batches.cursor,
            ]
        )
        return {key: value.detach().clone() for key, value in state.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over a state from :meth:`state_dict` of a trainer with the same config.

        Raises:
            ValueError: if a tensor is missing or has another shape.
        """
        try:
            self._restore(state)
        except (KeyError, RuntimeError, IndexError) as error:
            raise ValueError(f"the state does not fit this model: {error}") from error

    def adopt(self, state: dict[str, Tensor]) -> None:
        """Take over a state from a trainer whose config differs in ``KEEPS_SHAPES`` alone.

        Both players go on with their weights, clocks and random numbers; where nothing
        differs, bit for bit. What this recipe needs and the state has not starts afresh: an
        average as a copy of G, the moments of another optimiser as at the beginning, and
        where the batch has another size G makes new samples instead of those that waited.

        Raises:
            ValueError: if a weight is missing or has another shape.
        """
        self.load_state_dict(adapted(state, self.config))

    def _restore(self, state: dict[str, Tensor]) -> None:
        self._noise = state["noise"].clone() if "noise" in state else None
        restore(state, self._networks(), self._optimizers())
        self._fake = None if self._noise is None else self._repeated(self._noise)
        self.random.set_state(state["random"])
        clock = [int(value) for value in state["clock"]]
        if min(clock) < 0:
            raise RuntimeError("the clock stands before the beginning")
        self.iteration, self.discriminator_moves, self.generator_moves, passes, cursor = clock
        self._batches.go_to(passes=passes, cursor=cursor)

    def _repeated(self, noise: Tensor) -> Tensor:
        """Make the waiting pictures again; the batch-norm averages have seen them already."""
        buffers = {name: value.clone() for name, value in self.generator.named_buffers()}
        return torch.func.functional_call(self.generator, buffers, (noise,))

    def _networks(self) -> dict[str, nn.Module]:
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        if self.average is not None:
            networks["average"] = self.average
        return networks

    def _optimizers(self) -> dict[str, Optimizer]:
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }

    # Parts ----------------------------------------------------------------------

    def _draw_noise(self) -> Tensor:
        shape = (self.config.batch_size, self.config.latent_dim)
        noise = NOISES[self.config.noise](shape, self.random)
        return noise if self.labels is None else with_classes(noise, self._drawn(self.labels))

    def _drawn(self, labels: Tensor) -> Tensor:
        """Draw as many labels as a batch has, each as often as among the data."""
        places = torch.randint(len(labels), (self.config.batch_size,), generator=self.random)
        return labels[places]

    @torch.no_grad()
    def _mean_verdict(self, logits: Tensor) -> float:
        return self.loss.verdict(logits).mean().item()


def _with_weights(discriminator: nn.Module, weights: Weights) -> Judge:
    """Return D with other weights; its own stay as they are."""
    return lambda *shown: functional_call(discriminator, dict(weights), shown)


def checked_data(data: Tensor, config: TrainConfig) -> Tensor:
    """Return the samples that a recipe trains on: the first ``examples`` of them, or all.

    Raises:
        ValueError: if ``data`` has another shape or type, or does not fill two packs.
    """
    shape = MODELS[config.model].sample_shape
    if data.ndim == 0 or tuple(data.shape[1:]) != shape or len(data) < 2:
        wanted = ", ".join(map(str, ("N >= 2", *shape)))
        raise ValueError(f"data must have shape ({wanted}), got {tuple(data.shape)}")
    if data.dtype != torch.float32:
        raise ValueError(f"data must be float32, got {data.dtype}")
    check_packs("the number of samples", len(data), config.packing)
    return data[: config.examples] if config.examples else data


def _checked_labels(labels: Tensor | None, data: Tensor, config: TrainConfig) -> Tensor:
    if labels is None:
        raise ValueError("labels must be given where conditional is on, got none")
    return checked_labels(labels, len(data))[: config.examples or None]
