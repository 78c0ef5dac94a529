"""A look at a game of points: what is in it, what it costs, and that it changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_core.config import LOSS_KEYS, NOISE_KEYS, TrainConfig
from gan_core.judging import alone, at_rest
from gan_core.losses import LOSSES
from gan_core.packing import unpack
from gan_core.points import look
from gan_core.points.sets import POINT_SETS, VIEW, load_points
from gan_core.trainer import Trainer

SMALL = TrainConfig(
    model="points", dataset="eight_soft", latent_dim=2, batch_size=16, width=16, layers=2
)


def trained(config: TrainConfig = SMALL, steps: int = 5) -> Trainer:
    trainer = Trainer(config, load_points(config.dataset, 2000).points)
    for _ in trainer.run(steps):
        pass
    return trainer


def decoded(found: look.PointLook) -> dict[str, np.ndarray]:
    """Read the blocks as a browser does: from the layout alone."""
    about, content = unpack(found.page)
    blocks, at = {}, 0
    for name, kind, shape in about["blocks"]:
        numbers = np.frombuffer(content, f"<{kind}", math.prod(shape), at)
        blocks[name] = numbers.reshape(shape)
        at += numbers.nbytes
    assert at == len(content)
    return blocks


def points_of(block: np.ndarray) -> Tensor:
    return torch.from_numpy(block.astype(np.float32)) * (look.REACH / 32767)


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return trained()


@pytest.fixture(scope="module")
def real(trainer) -> Tensor:
    return trainer.data[: look.SHOWN]


# The message ----------------------------------------------------------------------------


def test_points_arrive_within_a_ten_thousandth(trainer, real):
    blocks = decoded(look.look_at(trainer, 1, real))
    assert torch.allclose(points_of(blocks["real"]), real, atol=1e-4)
    assert torch.allclose(points_of(blocks["generated"]), trainer.sample(400), atol=1e-4)


@pytest.mark.parametrize("kind", NOISE_KEYS)
@pytest.mark.parametrize("latent_dim", [1, 2, 16])
def test_the_noise_is_that_of_the_points_shown(kind, latent_dim):
    trainer = trained(SMALL.replace(latent_dim=latent_dim, noise=kind), steps=1)
    found = look.look_at(trainer, 1, trainer.data[: look.SHOWN])
    block = torch.from_numpy(decoded(found)["noise"].astype(np.float32))
    noise = (2 * block / 255 - 1) * found.facts["noise_reach"]
    wanted = trainer.noise(look.SHOWN)[:, :2].clamp(-look.NOISE_REACH, look.NOISE_REACH)
    assert torch.allclose(noise[:, : wanted.shape[1]], wanted, atol=look.NOISE_REACH / 250)
    if latent_dim == 1:
        assert noise[:, 1].abs().max() < 0.02


def test_points_outside_are_put_on_the_edge():
    wild = torch.tensor([[1e9, -1e9], [math.inf, math.nan]])
    assert look.quantised(wild).tolist() == [[32767, -32767], [32767, 0]]


def test_all_numbers_of_two_bytes_come_before_those_of_one(trainer, real):
    kinds = [block.dtype.itemsize for block in look.look_at(trainer, 1, real).blocks.values()]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize("latent_dim", [1, 2, 16])
def test_a_look_is_small(latent_dim):
    trainer = trained(SMALL.replace(latent_dim=latent_dim))
    best = look.best_verdict(trainer.loss, "eight_soft", trainer.sample(4000), 5)
    found = look.look_at(trainer, 1, trainer.data[: look.SHOWN], best)
    assert len(found.page) < 12_000


@pytest.mark.parametrize("loss", LOSS_KEYS)
def test_looking_changes_nothing(loss, assert_same):
    config = SMALL.replace(loss=loss, dropout=0.3, ema_decay=0.9)
    watched, unwatched = trained(config), trained(config)
    for _ in range(3):
        look.look_at(watched, 1, watched.data[:400])
        watched.step()
        unwatched.step()
    assert_same(watched.state_dict(), unwatched.state_dict())
    assert watched.discriminator.training


# D --------------------------------------------------------------------------------------


def test_the_first_row_is_the_bottom_one_and_the_first_column_the_left_one(trainer, real):
    blocks = decoded(look.look_at(trainer, 1, real))
    half = VIEW / look.CELLS
    corner = torch.tensor([[-VIEW + half, -VIEW + half], [VIEW - half, -VIEW + half]])
    with at_rest(trainer.discriminator) as judge, torch.no_grad():
        wanted = (torch.sigmoid(judge(corner)) * 255).round().tolist()
    assert blocks["verdict"][0, [0, -1]].tolist() == wanted


def test_scores_are_told_between_their_own_limits(real):
    trainer = trained(SMALL.replace(loss="wasserstein"))
    found = look.look_at(trainer, 1, real)
    shades = decoded(found)["verdict"]
    assert (shades.min(), shades.max()) == (0, 255)
    scores = found.facts["low"] + shades * (found.facts["high"] - found.facts["low"]) / 255
    assert np.allclose(scores, look.verdict_grid(trainer).numpy(), atol=0.01)


@pytest.mark.parametrize("loss", LOSS_KEYS)
def test_the_middle_is_the_verdict_of_a_d_that_cannot_tell(loss, real):
    trainer = trained(SMALL.replace(loss=loss))
    middle = look.look_at(trainer, 1, real).facts["middle"]
    known = LOSSES[loss].verdict_at_equilibrium
    if known is not None:
        assert middle == known
    else:
        with at_rest(trainer.discriminator) as judge, torch.no_grad():
            both = judge(real[:100]).mean() + judge(trainer.sample(400)[:100]).mean()
        assert middle == pytest.approx(both.item() / 2, rel=1e-3)


# The best D -----------------------------------------------------------------------------


def ratio(found: look.Best) -> np.ndarray:
    return np.where(found.shades == look.UNKNOWN, np.nan, found.shades / 254)


@pytest.mark.parametrize("key", ["gaussians", "ring", "eight_soft", "checkerboard"])
def test_where_g_is_perfect_the_best_d_cannot_tell(key):
    fake = POINT_SETS[key].sample(200_000, torch.Generator().manual_seed(1))
    found = look.best_verdict(LOSSES["minimax"], key, fake, 0)
    mass = look.smoothed(POINT_SETS[key].masses(look.edges()).numpy())
    assert np.allclose(ratio(found)[mass > 1e-4], 0.5, atol=0.06)


def test_the_best_d_is_the_closed_form():
    """q a Gaussian whose cells' mass is known, p likewise: p/(p + q), smoothed alike."""
    width = 0.6
    random = torch.Generator().manual_seed(2)
    fake = width * torch.randn(400_000, 2, generator=random)
    side = torch.special.ndtr(look.edges() / width).diff().numpy()
    q = look.smoothed(np.outer(side, side))
    p = look.smoothed(POINT_SETS["ring"].masses(look.edges()).numpy())
    found = ratio(look.best_verdict(LOSSES["non_saturating"], "ring", fake, 0))
    often = p + q > 2e-4
    assert often.sum() > 600
    assert np.allclose(found[often], (p / (p + q))[often], atol=0.06)
    assert np.abs(found[often] - (p / (p + q))[often]).mean() < 0.01


def test_where_nobody_has_points_the_best_d_is_not_known():
    fake = torch.full((4000, 2), 1.4)
    found = ratio(look.best_verdict(LOSSES["minimax"], "disjoint", fake, 0))
    assert np.isnan(found[0, 0])
    assert found[-2, -2] == 0
    assert np.nanmax(found) == 1


def test_smoothed_labels_lower_the_best_verdict():
    fake = torch.full((4000, 2), 1.4)
    found = look.best_verdict(LOSSES["one_sided"], "disjoint", fake, 0)
    assert np.nanmax(ratio(found)) == pytest.approx(0.9, abs=0.003)


@pytest.mark.parametrize("loss", LOSS_KEYS)
def test_it_is_said_whether_the_best_d_is_that_ratio(loss, real):
    wanted = {"minimax", "non_saturating", "one_sided", "least_squares"}
    facts = look.look_at(trained(SMALL.replace(loss=loss), 1), 1, real).facts
    assert facts["optimal_is"] == ("verdict" if loss in wanted else "ratio")


# G --------------------------------------------------------------------------------------


def loss_at(trainer: Trainer, x: Tensor, real: Tensor) -> float:
    """Write down G's loss at one point, in float64."""
    with at_rest(trainer.discriminator) as judge:
        double = judge.double()
        with torch.no_grad():
            on_fake, on_real = double(x[None].double()), double(real.double())
        judge.float()
    if trainer.loss.compares:
        return trainer.loss.generator(real=on_real, fake=on_fake.expand(len(real))).mean().item()
    return trainer.loss.generator(real=None, fake=on_fake).item()


@pytest.mark.parametrize("loss", LOSS_KEYS)
def test_arrows_go_down_the_loss_in_use(loss):
    """Central differences of the loss itself, in float64, at each of a few points."""
    trainer = trained(SMALL.replace(loss=loss))
    real, fake = trainer.data[:50], trainer.sample(6)
    found = look.arrows(trainer, fake, real)
    step = 1e-6
    for point, arrow in zip(fake.double(), found, strict=True):
        for axis in range(2):
            there = torch.zeros(2, dtype=torch.float64)
            there[axis] = step
            rise = loss_at(trainer, point + there, real) - loss_at(trainer, point - there, real)
            assert arrow[axis].item() == pytest.approx(-rise / (2 * step), rel=1e-3, abs=1e-6)


def test_arrows_travel_in_units_of_the_longest(trainer, real):
    found = look.look_at(trainer, 1, real)
    wanted = look.arrows(trainer, trainer.sample(400)[:100], real[:100])
    vectors = torch.from_numpy(decoded(found)["arrows"] * (found.facts["arrow"] / 32767))
    assert torch.allclose(vectors.float(), wanted, atol=found.facts["arrow"] * 1e-4)


def test_a_flat_d_gives_no_arrows(real):
    trainer = trained()
    with torch.no_grad():
        for weight in trainer.discriminator.parameters():
            weight.zero_()
    found = look.look_at(trainer, 1, real)
    assert found.facts["arrow"] == 0
    assert not decoded(found)["arrows"].any()


@pytest.mark.parametrize(
    ("latent_dim", "kind", "shape"),
    [(1, "line", (401, 2)), (2, "grid", (21, 21, 2)), (4, "slice", (21, 21, 2))],
)
@pytest.mark.parametrize("noise", ["gaussian", "uniform"])
def test_the_manifold_is_what_g_makes_of_a_mesh(latent_dim, kind, shape, noise):
    trainer = trained(SMALL.replace(latent_dim=latent_dim, noise=noise))
    told, nodes = look.manifold(trainer)
    assert (told, tuple(nodes.shape)) == (kind, shape)
    last = look.quantiles(noise, shape[0])[-1]
    z = torch.zeros(1, latent_dim)
    z[0, : min(2, latent_dim)] = last
    assert torch.allclose(nodes.view(-1, 2)[-1], trainer.generate(z)[0], atol=1e-5)


def test_the_columns_of_the_manifold_are_the_first_coordinate(trainer):
    _, nodes = look.manifold(trainer)
    along = look.quantiles("gaussian", 21)
    z = torch.tensor([[along[3], along[7]]])
    assert torch.allclose(nodes[7, 3], trainer.generate(z)[0], atol=1e-5)


@pytest.mark.parametrize("noise", ["gaussian", "uniform"])
def test_every_cell_of_the_noise_holds_the_same_share(noise):
    places = look.quantiles(noise, 21).double()
    shares = torch.special.ndtr(places) if noise == "gaussian" else (places + 1) / 2
    assert torch.allclose(shares[1:-1].diff(), torch.full((18,), 0.05, dtype=torch.float64))
    assert torch.isfinite(places).all()


# A D that judges more than a point ----------------------------------------------------------

COMPANY = {"packing": 4, "minibatch_stddev": "on", "batch_norm": "on", "instance_noise": 0.5}


@pytest.mark.parametrize("name", COMPANY)
def test_what_d_sees_of_points_in_company_is_told_of_one(name, real):
    """The heat map is D on copies, or among real points; the best D is told as a ratio."""
    trainer = trained(SMALL.replace(**{name: COMPANY[name]}))
    before = {key: value.clone() for key, value in trainer.state_dict().items()}
    shown = look.look_at(trainer, 1, real)
    judge = alone(trainer.discriminator, trainer.data)
    expected = torch.sigmoid(judge(look.cell_centres())).view(look.CELLS, look.CELLS)
    told = torch.from_numpy(shown.blocks["verdict"]) / 255
    assert torch.allclose(told, expected, atol=0.003)
    assert shown.facts["optimal_is"] == "ratio"
    assert all(torch.equal(value, before[key]) for key, value in trainer.state_dict().items())


def test_noise_that_is_gone_counts_no_more(real):
    config = SMALL.replace(instance_noise=0.5, instance_noise_moves=3)
    assert look.look_at(trained(config, 2), 1, real).facts["optimal_is"] == "ratio"
    assert look.look_at(trained(config, 3), 1, real).facts["optimal_is"] == "verdict"


def test_arrows_of_a_d_of_packs_are_those_of_copies():
    trainer = trained(SMALL.replace(packing=2))
    x = torch.tensor([[0.3, -0.2]], requires_grad=True)
    with at_rest(trainer.discriminator) as judge:
        loss = -torch.log(torch.sigmoid(judge(torch.cat([x, x], 1)))).sum()
    (slope,) = torch.autograd.grad(loss, x)
    ours = look.arrows(trainer, x.detach(), trainer.data[:4])
    assert torch.allclose(ours, -slope, atol=1e-6)
