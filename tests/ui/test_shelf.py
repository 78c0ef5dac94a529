"""Networks on their way to browsers: copies, cards, and what stays on the shelf."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core.conditional import CLASSES, ConditionalGenerator, discriminator_of, generator_of
from gan_core.config import CONDITIONAL, MODEL_KEYS, SHIPPED_KEYS, TrainConfig
from gan_core.export import classes_to_bytes, network_to_bytes
from gan_core.judging import alone, alone_by_class
from gan_core.latent import directions, draw, principal_directions
from gan_core.losses import LOSSES
from gan_core.models import MODELS, Generator
from gan_core.pretrained import card, load_directions, load_discriminator, load_generator
from gan_core.trainer import Trainer
from ui import shelf
from ui.shelf import Shelf, card_of, copy_of, digest, shipped_card


class Tiny(Generator):
    """The smallest network that can be written; each seed is another."""

    def __init__(self, seed: int) -> None:
        super().__init__(3)
        self.layer = nn.Linear(3, 4)
        random = torch.Generator().manual_seed(seed)
        for weight in self.parameters():
            nn.init.uniform_(weight, generator=random)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A small shelf in place of the process's own for copies of runs."""
    small = Shelf(most=2)
    monkeypatch.setattr(shelf, "copies", lambda: small)
    return small


@pytest.fixture
def trainer(pictures: Tensor, tiny: TrainConfig) -> Trainer:
    """A trainer of each model after some steps, D's move for the next one made."""
    trainer = Trainer(tiny, pictures)
    for _ in trainer.run(3):
        pass
    trainer.step_discriminator()
    return trainer


def name_in(address: str) -> str:
    assert address.startswith(("api/latent/network/", "api/latent/pictures/"))
    return address.rpartition("/")[2]


def files_of(told: dict[str, Any]) -> Iterator[str]:
    for part in ("generator", "discriminator", "classifier"):
        yield name_in(told[part])


# Names ------------------------------------------------------------------------------------


def file(header: dict[str, Any], content: bytes = b"12345678") -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # as safetensors pads it
    return len(text).to_bytes(8, "little") + text + content


HEADER = {
    "__metadata__": {"format": "x", "layers": "[]"},
    "0.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
}


def shuffled(header: Any) -> Any:
    """The same header, written from its end."""
    if not isinstance(header, dict):
        return header
    return {key: shuffled(header[key]) for key in reversed(header)}


def test_the_same_content_has_the_same_name_whatever_the_order_of_its_header():
    assert file(HEADER) != file(shuffled(HEADER))
    assert digest(file(HEADER)) == digest(file(shuffled(HEADER)))


def test_another_content_has_another_name():
    other_layers = {**HEADER, "__metadata__": {"format": "x", "layers": "[1]"}}
    other_shape = {**HEADER, "0.weight": {**HEADER["0.weight"], "shape": [1, 2]}}
    contents = [
        file(HEADER),
        file(HEADER, b"12345679"),
        file(other_layers),
        file(other_shape),
    ]
    assert len({digest(content) for content in contents}) == 4


def test_a_name_can_stand_in_an_address():
    assert digest(file(HEADER)).isalnum()
    assert len(digest(file(HEADER))) == 32


def test_a_network_has_one_name_however_often_it_is_written():
    """safetensors writes its notes in another order each time."""
    network = MODELS["dcgan"].discriminator(0.0)
    assert len({digest(network_to_bytes(network)) for _ in range(8)}) == 1


def test_a_network_with_other_weights_has_another_name():
    assert Shelf().keep(Tiny(1)) != Shelf().keep(Tiny(2))
    assert Shelf().keep(Tiny(1)) == Shelf().keep(Tiny(1))


# The shelf --------------------------------------------------------------------------------


def test_what_was_kept_is_found_by_its_name():
    kept, generator = Shelf(), Tiny(1)
    name = kept.keep_generator(generator)
    assert kept.generator(name) is generator
    assert digest(kept.file(name)) == name


def test_what_was_never_kept_is_not_found():
    assert Shelf().file("0" * 32) is None
    assert Shelf().generator("0" * 32) is None


def test_only_a_generator_makes_pictures():
    kept = Shelf()
    name = kept.keep(nn.Linear(3, 1))
    assert kept.file(name) is not None
    assert kept.generator(name) is None


def test_the_oldest_copy_goes_first():
    kept = Shelf(most=2)
    names = [kept.keep_generator(Tiny(seed)) for seed in range(5)]
    assert [kept.generator(name) is not None for name in names] == [False] * 3 + [True] * 2
    # A generator's file and its discriminator's: twice as many.
    assert [kept.file(name) is not None for name in names] == [False] + [True] * 4


def test_the_files_of_what_makes_pictures_are_there_too():
    kept = Shelf(most=2)
    for seed in range(10):
        name, judge = kept.keep_generator(Tiny(seed)), kept.keep(Tiny(100 + seed))
        assert None not in (kept.generator(name), kept.file(name), kept.file(judge))
        assert len(kept._files) <= 4
        assert len(kept._generators) <= 2


def test_what_is_kept_again_is_new_again():
    """Its card has just been handed out: it must not be the next to go."""
    kept = Shelf(most=2)
    first = kept.keep_generator(Tiny(0))
    for seed in (1, 2, 3):
        kept.keep(Tiny(seed))
    assert kept.keep_generator(Tiny(0)) == first
    kept.keep_generator(Tiny(4))
    assert kept.file(first) is not None
    assert kept.generator(first) is not None


def test_keeping_the_same_again_takes_no_room():
    kept = Shelf(most=2)
    other = kept.keep_generator(Tiny(9))
    for _ in range(10):
        kept.keep_generator(Tiny(0))
    assert kept.generator(other) is not None
    assert kept.file(other) is not None


def test_many_threads_may_keep_at_once():
    kept = Shelf(most=12)
    found: list[bool] = []

    def put(first: int) -> None:
        for seed in range(first, first + 10):
            name = kept.keep_generator(Tiny(seed % 12))
            found.append(None not in (kept.file(name), kept.generator(name)))

    threads = [threading.Thread(target=put, args=(first,)) for first in range(0, 40, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40
    assert len(kept._files) == len(kept._generators) == 12


# Copies of runs -----------------------------------------------------------------------------


def test_copying_changes_nothing_that_training_depends_on(pictures, tiny, trainer, assert_same):
    undisturbed = Trainer(tiny, pictures)
    for _ in undisturbed.run(3):
        pass
    undisturbed.step_discriminator()
    before = torch.random.get_rng_state()
    copy_of(trainer)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert trainer.generator.training
    assert trainer.discriminator.training
    assert_same(trainer.state_dict(), undisturbed.state_dict())
    for _ in range(3):
        assert trainer.step() == undisturbed.step()
    assert_same(trainer.state_dict(), undisturbed.state_dict())


def test_using_a_copy_changes_nothing_either(pictures, tiny, trainer, copies, assert_same):
    assert shelf.copies() is copies
    undisturbed = Trainer(tiny, pictures)
    undisturbed.load_state_dict(trainer.state_dict())
    kept = copy_of(trainer)
    card_of(kept)
    kept.judges[0].train()(kept.generator.train()(draw(4, 3, 0)))  # dropout, batch norm
    for _ in range(2):
        trainer.step()
        undisturbed.step()
    assert_same(trainer.state_dict(), undisturbed.state_dict())


def test_a_copy_makes_the_pictures_of_the_run(trainer):
    kept = copy_of(trainer)
    z = trainer.noise(5)
    assert torch.equal(kept.generator(z), trainer.sample(5))
    assert (kept.iteration, kept.dataset, kept.loss) == (4, "mnist", "non_saturating")


@pytest.mark.parametrize("model", MODEL_KEYS)
def test_a_normalised_discriminator_is_copied_and_written_too(pictures, model, copies):
    config = TrainConfig(model=model, latent_dim=3, batch_size=4, loss="hinge", spectral_norm="on")
    trainer = Trainer(config, pictures)
    trainer.step()
    kept = copy_of(trainer)
    judge = copy.deepcopy(trainer.discriminator).eval()
    assert torch.equal(kept.judges[0](pictures), judge(pictures))
    assert copies.file(name_in(card_of(kept)["discriminator"])) is not None


@pytest.mark.parametrize("change", [{"packing": 2}, {"minibatch_stddev": "on"}])
@pytest.mark.parametrize("model", MODEL_KEYS)
def test_a_copy_of_a_judge_in_company_judges_single_pictures(pictures, model, change, copies):
    config = TrainConfig(model=model, latent_dim=3, batch_size=4, **change)
    trainer = Trainer(config, pictures)
    trainer.step()
    kept = copy_of(trainer)
    judge = alone(trainer.discriminator, trainer.data)
    assert torch.equal(kept.judges[0](pictures), judge(pictures))
    assert copies.file(name_in(card_of(kept)["discriminator"])) is not None


@pytest.mark.parametrize("model", MODEL_KEYS)
def test_a_copy_without_an_average_is_of_the_generator_itself(pictures, model):
    trainer = Trainer(TrainConfig(model=model, latent_dim=3, batch_size=4), pictures)
    trainer.step()
    assert torch.equal(copy_of(trainer).generator(trainer.noise(5)), trainer.sample(5))


def test_a_copy_judges_as_the_run_does_at_rest(trainer, pictures):
    kept = copy_of(trainer)
    judge = copy.deepcopy(trainer.discriminator).eval()
    assert torch.equal(kept.judges[0](pictures), judge(pictures))


def test_a_copy_stays_as_it_is_while_the_run_goes_on(trainer, assert_same):
    kept = copy_of(trainer)
    networks = (kept.generator, *kept.judges)
    before = [{key: value.clone() for key, value in one.state_dict().items()} for one in networks]
    for _ in range(2):
        trainer.step()
    for network, state in zip(networks, before, strict=True):
        assert_same(network.state_dict(), state)
        assert not network.training
        assert not any(weight.requires_grad for weight in network.parameters())
        assert all(weight.grad is None for weight in network.parameters())


# Cards --------------------------------------------------------------------------------------

FIELDS = {
    "name",
    "conditional",
    "agreement",
    "latent_dim",
    "iteration",
    "dataset",
    "verdict",
    "generator",
    "discriminator",
    "classifier",
    "pictures",
    "sefa",
    "ganspace",
}


@pytest.mark.parametrize("name", SHIPPED_KEYS)
def test_a_shipped_card_says_everything(name):
    told = shipped_card(name)
    generator = load_generator(name)
    assert told["conditional"] == (name == CONDITIONAL)
    assert told["agreement"] == card(name)["measured"].get("class_agreement_average")
    assert set(told) == FIELDS
    assert told["name"] == name
    assert told["latent_dim"] == generator.latent_dim
    assert told["iteration"] == card(name)["iterations"]
    assert told["dataset"] == "mnist"
    assert told["verdict"] == "probability"
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_shipped_cards_addresses_lead_to_its_networks(name):
    told = shipped_card(name)
    generator, judge = load_generator(name), load_discriminator(name)
    assert name_in(told["generator"]) == digest(network_to_bytes(generator))
    assert name_in(told["discriminator"]) == digest(network_to_bytes(judge))
    for address in files_of(told):
        assert digest(shelf.find(lambda one, name=address: one.file(name))) == address
    maker = name_in(told["pictures"])
    assert shelf.find(lambda one: one.generator(maker)) is generator


@pytest.mark.parametrize("name", SHIPPED_KEYS)
def test_a_cards_directions_are_the_cores(name):
    told, generator = shipped_card(name), load_generator(name)
    for rows, found in (
        (told["sefa"], directions(generator, 6)),
        (told["ganspace"], load_directions(name)),
    ):
        assert len(rows) == 6
        assert torch.allclose(torch.tensor(rows), found, atol=1e-5)


def test_a_shipped_card_is_made_once():
    assert shipped_card("dcgan") is shipped_card("dcgan")


@pytest.mark.parametrize("name", ["stylegan", "run", "", "../mlp"])
def test_an_unknown_name_has_no_card(name):
    with pytest.raises(ValueError, match=r"^name must be one of mlp, dcgan"):
        shipped_card(name)


def test_a_copys_card_says_everything(trainer, copies):
    kept = copy_of(trainer)
    told = card_of(kept)
    assert set(told) == FIELDS
    assert (told["name"], told["iteration"], told["dataset"]) == ("run", 4, "mnist")
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert copies.generator(name_in(told["pictures"])) is kept.generator
    for address in files_of(told):
        assert shelf.find(lambda one, name=address: one.file(name)) is not None


@pytest.mark.usefixtures("copies")
@pytest.mark.parametrize("loss", LOSSES)
def test_a_card_says_whether_d_gives_a_probability_or_a_score(pictures, loss):
    trainer = Trainer(TrainConfig(model="dcgan", latent_dim=1, batch_size=4, loss=loss), pictures)
    bounded = loss in ("non_saturating", "minimax", "one_sided")
    assert card_of(copy_of(trainer))["verdict"] == ("probability" if bounded else "score")


@pytest.mark.usefixtures("copies")
def test_a_card_has_no_more_directions_than_the_space(trainer):
    told = card_of(copy_of(trainer))
    assert told["latent_dim"] == 3
    for family in ("sefa", "ganspace"):
        assert [len(row) for row in told[family]] == [3, 3, 3]
        lengths = torch.tensor(told[family]).norm(dim=1)
        assert torch.allclose(lengths, torch.ones(3), atol=1e-4)


@pytest.mark.usefixtures("copies")
def test_a_copys_directions_are_the_cores(trainer):
    kept = copy_of(trainer)
    told = card_of(kept)
    for rows, found in (
        (told["sefa"], directions(kept.generator, 3)),
        (told["ganspace"], principal_directions(kept.generator, 3)),
    ):
        assert torch.allclose(torch.tensor(rows), found, atol=1e-4)


@pytest.mark.usefixtures("copies")
@pytest.mark.parametrize("model", MODEL_KEYS)
def test_a_space_of_one_coordinate_has_a_card(pictures, model):
    trainer = Trainer(TrainConfig(model=model, latent_dim=1, batch_size=4), pictures)
    told = card_of(copy_of(trainer))
    assert told["sefa"] == told["ganspace"] == [[1.0]]


def test_a_copy_taken_twice_is_one_copy(trainer, copies):
    assert card_of(copy_of(trainer)) == card_of(copy_of(trainer))
    assert len(copies._files) == 2


def test_copies_never_push_out_what_comes_with_the_course(trainer, copies):
    told = shipped_card("dcgan")
    for _ in range(3):
        trainer.step()
        last = card_of(copy_of(trainer))
    assert len(copies._generators) == 2
    for address in (*files_of(told), *files_of(last)):
        assert shelf.find(lambda one, name=address: one.file(name)) is not None
    maker = name_in(told["pictures"])
    assert shelf.find(lambda one: one.generator(maker)) is load_generator("dcgan")


# Pairs that are told classes ------------------------------------------------------------------


@pytest.fixture
def told(pictures: Tensor, tiny: TrainConfig) -> Trainer:
    """A trainer whose players are told classes, after some steps."""
    labels = torch.arange(len(pictures)) % CLASSES
    trainer = Trainer(tiny.replace(conditional="on"), pictures, labels)
    for _ in trainer.run(3):
        pass
    return trainer


def test_copying_a_pair_that_is_told_classes_changes_nothing(told, tiny, pictures, copies):
    assert shelf.copies() is copies
    labels = torch.arange(len(pictures)) % CLASSES
    undisturbed = Trainer(tiny.replace(conditional="on"), pictures, labels)
    undisturbed.load_state_dict(told.state_dict())
    before = torch.random.get_rng_state()
    card_of(copy_of(told))
    assert torch.equal(torch.random.get_rng_state(), before)
    for _ in range(2):
        assert told.step() == undisturbed.step()


def test_a_copy_draws_what_it_is_asked_for_as_the_run_does(told):
    kept = copy_of(told)
    assert isinstance(kept.generator, ConditionalGenerator)
    z = told.noise(5)
    for label in (0, 7):
        drawn = generator_of(kept.generator, label)(z)
        torch.testing.assert_close(drawn, told.generate(z, label), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", [{}, {"packing": 2}, {"minibatch_stddev": "on"}])
@pytest.mark.parametrize("model", MODEL_KEYS)
def test_a_copy_has_a_judge_for_each_class(pictures, model, change, copies):
    recipe = {"latent_dim": 3, "batch_size": 4, "conditional": "on", **change}
    labels = torch.arange(len(pictures)) % CLASSES
    trainer = Trainer(TrainConfig(model=model, **recipe), pictures, labels)
    trainer.step()
    kept = copy_of(trainer)
    judges = alone_by_class(trainer.discriminator, trainer.data)
    assert len(kept.judges) == CLASSES
    for judge, expected in zip(kept.judges, judges, strict=True):
        assert torch.equal(judge(pictures), expected(pictures))
        assert not any(weight.requires_grad for weight in judge.parameters())
    name = name_in(card_of(kept)["discriminator"])
    assert name == digest(classes_to_bytes(judges))
    assert copies.file(name) is not None


def test_the_card_of_a_pair_that_is_told_classes_says_so(told, copies):
    kept = copy_of(told)
    said = card_of(kept)
    assert set(said) == FIELDS
    assert (said["conditional"], said["agreement"], said["latent_dim"]) == (True, None, 3)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    of_each = [generator_of(kept.generator, label) for label in range(CLASSES)]
    assert name_in(said["generator"]) == digest(classes_to_bytes(of_each))
    assert copies.generator(name_in(said["pictures"])) is kept.generator
    assert len(copies._files) == 2
    for rows, found in (
        (said["sefa"], directions(kept.generator, 3)),
        (said["ganspace"], principal_directions(kept.generator, 3)),
    ):
        assert torch.allclose(torch.tensor(rows), found, atol=1e-4)


def test_the_shipped_pair_that_is_told_classes_lies_on_its_shelf_in_two_files():
    said = shipped_card(CONDITIONAL)
    generator, judge = load_generator(CONDITIONAL), load_discriminator(CONDITIONAL)
    of_g = [generator_of(generator, label) for label in range(CLASSES)]
    of_d = [discriminator_of(judge, label) for label in range(CLASSES)]
    assert name_in(said["generator"]) == digest(classes_to_bytes(of_g))
    assert name_in(said["discriminator"]) == digest(classes_to_bytes(of_d))
    for address in files_of(said):
        assert digest(shelf.find(lambda one, name=address: one.file(name))) == address
    maker = name_in(said["pictures"])
    assert shelf.find(lambda one: one.generator(maker)) is generator


@pytest.mark.usefixtures("copies")
def test_making_cards_leaves_the_shared_random_numbers_alone(trainer):
    before = torch.random.get_rng_state()
    card_of(copy_of(trainer))
    shelf._shipped_card.__wrapped__("dcgan")
    assert torch.equal(torch.random.get_rng_state(), before)
