"""What a training run is made of, checked once, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

MODEL_KEYS = ("mlp", "dcgan")
# The weights that come with the course: of both models, and of players that are told a class.
CONDITIONAL = "conditional"
SHIPPED_KEYS = (*MODEL_KEYS, CONDITIONAL)
DATASET_KEYS = ("mnist", "fashion_mnist", "kmnist", "digits")
# The players and the data of the playground, which are points in the plane.
POINT_MODEL = "points"
POINT_KEYS = (
    *("line", "gaussians", "ring", "disjoint", "eight"),
    *("eight_soft", "grid", "moons", "spiral", "checkerboard"),
)
OWN_POINTS = "own"
LOSS_KEYS = (
    "non_saturating",
    "minimax",
    "one_sided",
    "least_squares",
    "wasserstein",
    "hinge",
    "relativistic",
)
SWITCH_KEYS = ("off", "on")
NOISE_KEYS = ("gaussian", "uniform")
OPTIMIZER_KEYS = ("adam", "sgd")
# D compares real with generated samples, and some D compare samples of one kind.
FEWEST_PACKS = 2


class SettingError(ValueError):
    """A setting outside its range.

    Carries the field, the range and the value, so that a page can say the
    same in the reader's language.
    """

    def __init__(self, name: str, allowed: str, value: object) -> None:
        shown = repr(value)
        super().__init__(f"{name} must be {allowed}, got {shown[:80]}")
        self.name = name
        self.allowed = allowed
        self.value = shown[:80]


class NobodyMoves(SettingError):
    """Neither player would ever move: D:G is 0:0."""

    def __init__(self) -> None:
        super().__init__("generator_steps", "at least 1 where discriminator_steps is 0", 0)


class UnfilledPacks(SettingError):
    """Samples that do not fill packs: too few for two of them, or a batch with a rest.

    Attributes:
        packing: how many samples make a pack.
        least: how many there must be.
    """

    def __init__(self, name: str, count: int, packing: int) -> None:
        least = FEWEST_PACKS * packing
        allowed = f"at least {least}" if count < least else f"a multiple of {packing}"
        super().__init__(name, allowed, count)
        self.packing = packing
        self.least = least


class OnlyPictures(SettingError):
    """Something that is about pictures switched on where the samples are points."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "off where the model makes points", "on")


def check_packs(name: str, count: int, packing: int, *, no_rest: bool = False) -> None:
    """Refuse samples that do not fill two packs, or that leave a rest where there may be none.

    Raises:
        UnfilledPacks: (a SettingError) naming where the samples come from.
    """
    if count < FEWEST_PACKS * packing or (no_rest and count % packing):
        raise UnfilledPacks(name, count, packing)


def _one_of(default: str, options: tuple[str, ...]) -> Any:
    return field(default=default, metadata={"options": options})


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


# Switches that points cannot have: they have no classes and no rows of pixels.
_ABOUT_PICTURES = ("conditional", "diff_augment")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The recipe of one run. The defaults are *the lesson's GAN*.

    Every field is checked on construction.

    Raises:
        SettingError: (a ValueError) naming the field and its range.
    """

    # Name of the data, kept for the record; the trainer trains on the tensor it is given.
    dataset: str = _one_of("mnist", (*DATASET_KEYS, *POINT_KEYS, OWN_POINTS))
    model: str = _one_of("mlp", (*MODEL_KEYS, POINT_MODEL))
    # The loss people mean by "the GAN loss" (Goodfellow 2014, section 3).
    loss: str = _one_of("non_saturating", LOSS_KEYS)
    # 100 coordinates of noise, as in DCGAN (Radford 2016) and most lessons since.
    latent_dim: int = _number(100, 1, 512)
    # Small batches make more moves a second; on two cores they win the first minutes.
    batch_size: int = _number(64, 2, 1024)
    # Adam at 2e-4 with beta1 = .5: DCGAN's advice; with .9 the game oscillates more.
    generator_lr: float = _number(2e-4, 1e-6, 10.0)
    discriminator_lr: float = _number(2e-4, 1e-6, 10.0)
    beta1: float = _number(0.5, 0.0, 0.99)
    beta2: float = _number(0.999, 0.5, 0.99999)
    # D-moves for one G-move. One each keeps the game even; more make D a better judge.
    discriminator_steps: int = _number(1, 0, 20)
    # G-moves an iteration. With 0 of either, that player stays as it is; not both may.
    generator_steps: int = _number(1, 0, 20)
    # Dropout in the MLP discriminator, as the lesson has it.
    dropout: float = _number(0.3, 0.0, 0.9)
    # What bounds the slope of D (gan_core/penalties.py, gan_core/spectral.py). All off: the
    # first GANs had nothing of the kind, and what goes wrong without it is part of the lesson.
    # R1 and R2 are the γ of γ/2 E‖∇D‖². It grows with the number of pixels: try .1 to 10 here.
    r1: float = _number(0.0, 0.0, 1000.0)
    r2: float = _number(0.0, 0.0, 1000.0)
    # λ of the WGAN-GP penalty λ E(‖∇D‖ - 1)²; the paper took 10 for everything it tried.
    gradient_penalty: float = _number(0.0, 0.0, 1000.0)
    # Largest weight of D; the first WGAN took .01. A wide net may need less, a narrow one more.
    weight_clip: float = _number(0.0, 0.0, 10.0)
    # Every layer of D divided by its largest singular value, as hinge GANs have it (SNGAN).
    spectral_norm: str = _one_of("off", SWITCH_KEYS)
    # More remedies (gan_core/judging.py, gan_core/layers.py, gan_core/unrolling.py). All off.
    # σ of the noise on everything D is shown in training, real or generated (Sønderby 2016).
    # Within so many D-moves it falls to 0 along a line; with 0 it stays.
    instance_noise: float = _number(0.0, 0.0, 2.0)
    instance_noise_moves: int = _number(0, 0, 1_000_000)
    # So many samples of one kind are judged together (PacGAN, Lin 2018; 2 to 4 there).
    packing: int = _number(1, 1, 8)
    # D is told how much the samples beside it differ (progressive GANs, Karras 2018).
    minibatch_stddev: str = _one_of("off", SWITCH_KEYS)
    # G looks so many moves of D ahead (Metz 2017; 5 to 10 there).
    unrolled_steps: int = _number(0, 0, 20)
    # In D's hidden layers. D then judges a sample by its batch: a failure to show, no remedy.
    batch_norm: str = _one_of("off", SWITCH_KEYS)
    # Both players are told which class a picture is, and G can be asked for one
    # (gan_core/conditional.py). Off: the first GAN knows nothing but pictures.
    conditional: str = _one_of("off", SWITCH_KEYS)
    # All that D is shown is moved and partly covered (gan_core/diff_augment.py), so that a D with
    # few pictures cannot learn them by heart (DiffAugment, Zhao 2020). For pictures alone.
    diff_augment: str = _one_of("off", SWITCH_KEYS)
    # Averaging of G's weights for the pictures (0 = off). .999 looks back about 1,000 moves.
    ema_decay: float = _number(0.0, 0.0, 0.99999)
    # Standard normal, or uniform in [-1, 1] per coordinate: a sheet with an edge.
    noise: str = _one_of("gaussian", NOISE_KEYS)
    # Plain gradient descent is what theorems are about; it needs far larger rates than Adam.
    optimizer: str = _one_of("adam", OPTIMIZER_KEYS)
    # Both rates fall along half a cosine to 5 % within so many moves of their player, and
    # stay there (0 = no fall). Late in training smaller moves settle what large ones found.
    lr_decay_moves: int = _number(0, 0, 1_000_000)
    # Hidden layers of both players and units in each; the picture models have their own.
    layers: int = _number(3, 0, 5)
    width: int = _number(128, 1, 256)
    # Only the first so many samples of the data are trained on (0 = all): with few of them
    # a D that can tell them by heart shows what memorising looks like.
    examples: int = _number(0, 0, 60_000)
    # The same seed gives the same weights, batches and noise.
    seed: int = _number(0, 0, 2**31 - 1)

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if "options" in spec.metadata:
                _check_option(spec.name, value, spec.metadata["options"])
            else:
                whole = isinstance(spec.default, int)
                checked = _check_number(spec.name, value, spec.metadata["range"], whole=whole)
                object.__setattr__(self, spec.name, checked)
        if self.discriminator_steps == self.generator_steps == 0:
            raise NobodyMoves
        for name in _ABOUT_PICTURES:
            if getattr(self, name) == "on" and self.model == POINT_MODEL:
                raise OnlyPictures(name)
        check_packs("batch_size", self.batch_size, self.packing, no_rest=True)
        if self.examples:
            check_packs("examples", self.examples, self.packing)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, checked again."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from JSON values.

        Raises:
            SettingError: on an unknown field or a value out of range.
        """
        known = {spec.name for spec in fields(cls)}
        for name in values:
            if name not in known:
                raise SettingError(str(name)[:40], "a known setting", values[name])
        return cls(**values)


def field_range(name: str) -> tuple[float, float]:
    """Return the smallest and largest allowed value of a numeric field."""
    low, high = next(spec for spec in fields(TrainConfig) if spec.name == name).metadata["range"]
    return low, high


def _check_option(name: str, value: object, options: tuple[str, ...]) -> None:
    if value not in options:
        raise SettingError(name, "one of " + ", ".join(options), value)


def _check_number(
    name: str, value: object, limits: tuple[float, float], *, whole: bool
) -> float | int:
    low, high = limits
    allowed = f"a whole number from {low} to {high}" if whole else f"from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SettingError(name, allowed, value)
    if not low <= value <= high or (whole and value != int(value)):  # nan is never within
        raise SettingError(name, allowed, value)
    return int(value) if whole else float(value)


# What the names and shapes of the players' weights depend on.
_SHAPES = frozenset(
    {
        *("model", "latent_dim", "layers", "width"),
        *("spectral_norm", "packing", "minibatch_stddev", "batch_norm", "conditional"),
    }
)
# Settings that may change while the weights of both players stay usable (``Trainer.adopt``).
KEEPS_SHAPES = frozenset(spec.name for spec in fields(TrainConfig)) - _SHAPES


# Each preset is named for what it teaches; the figures behind it are in the README.
PRESETS: dict[str, TrainConfig] = {
    "lesson": TrainConfig(),
    # Small batches, a fast G and no momentum: the best of some fifteen settings tried
    # for the first minute on one core (measured again by python -m benchmarks.digits).
    "fast": TrainConfig(
        model="dcgan",
        latent_dim=64,
        batch_size=16,
        generator_lr=2e-3,
        discriminator_lr=1e-3,
        beta1=0.0,
        beta2=0.99,
        dropout=0.0,
        ema_decay=0.995,
    ),
    "minimax": TrainConfig(loss="minimax"),
}
