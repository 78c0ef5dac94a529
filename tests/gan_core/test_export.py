"""Network files, read by another program: a few lines that know the format and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from gan_core.classifier import FEATURES
from gan_core.conditional import CLASSES, discriminator_of, generator_of, one_hot, with_classes
from gan_core.config import CONDITIONAL, MODEL_KEYS, TrainConfig
from gan_core.export import FORMAT, classes_to_bytes, network_to_bytes
from gan_core.judging import alone, alone_by_class
from gan_core.latent import draw
from gan_core.models import IMAGE_SHAPE, MODELS, Generator, build_discriminator
from gan_core.pretrained import load_classifier, load_discriminator, load_generator
from gan_core.trainer import Trainer

TYPES = {"F16": "<f2", "F32": "<f4"}
MOST_BYTES = 3_500_000


# The other program ------------------------------------------------------------------------


def read(content: bytes) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, str]]:
    """Take a file apart by hand: what it says, its tensors in float64, and their types."""
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    said = head.pop("__metadata__")
    said |= {key: json.loads(said[key]) for key in ("input", "output", "parts", "layers")}
    tensors, types = {}, {}
    for name, entry in head.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(content[8 + length :][begin:end], TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(flat.astype(np.float64)).reshape(entry["shape"])
        types[name] = entry["dtype"]
    return said, tensors, types


def answers(content: bytes, x: Tensor, label: int = 0) -> Iterator[Tensor]:
    """Yield what each part of a network answers, in float64; of several classes, for this one."""
    said, tensors, _ = read(content)
    x = x.double()
    assert list(x.shape[1:]) == said["input"]
    for number, layer in enumerate(said["layers"], start=1):
        x = act(layer, tensors, x, label)
        if number in said["parts"]:
            yield x
    assert list(x.shape[1:]) == said["output"]


def act(layer: dict[str, Any], tensors: dict[str, Tensor], x: Tensor, label: int) -> Tensor:
    def tensor(role: str) -> Tensor | None:
        return tensors[layer[role]] if layer[role] is not None else None

    match layer["op"]:
        case "linear":
            return F.linear(x, tensor("weight"), tensor("bias"))
        case "linear_of_class":
            weight, bias = tensor("weight"), tensor("bias")
            weight = weight[label] if weight.ndim == 3 else weight
            return F.linear(x, weight, bias[label] if bias.ndim == 2 else bias)
        case "conv":
            steps = {name: layer[name] for name in ("stride", "padding")}
            return F.conv2d(x, tensor("weight"), tensor("bias"), **steps)
        case "conv_transpose":
            steps = {name: layer[name] for name in ("stride", "padding")}
            return F.conv_transpose2d(x, tensor("weight"), tensor("bias"), **steps)
        case "affine":
            view = (-1, *[1] * (x.ndim - 2))
            return x * tensor("scale").view(view) + tensor("shift").view(view)
        case "leaky_relu":
            return torch.where(x > 0, x, layer["slope"] * x)
        case "tanh":
            return torch.tanh(x)
        case "max_pool":
            size, (count, channels, height, width) = layer["size"], x.shape
            tiles = x.reshape(count, channels, height // size, size, width // size, size)
            return tiles.amax((3, 5))
        case "reshape":
            return x.reshape(len(x), *layer["shape"])
    raise AssertionError(layer["op"])


def agree(found: Tensor, expected: Tensor) -> None:
    assert torch.allclose(found, expected.double(), rtol=1e-4, atol=1e-4)


def rounded(network: nn.Module) -> nn.Module:
    """Return a copy at rest with the weights as the file keeps them."""
    kept = copy.deepcopy(network).eval().requires_grad_(False)
    for weight in kept.parameters():
        if weight.ndim > 1:
            weight.copy_(weight.half().float())
    return kept


# It acts as the network does ---------------------------------------------------------------


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_shipped_generator_makes_the_same_pictures(name):
    generator = load_generator(name)
    z = draw(9, generator.latent_dim, 5)
    (pictures,) = answers(network_to_bytes(generator), z)
    agree(pictures.reshape(9, *IMAGE_SHAPE), generator(z))


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_shipped_discriminator_gives_the_same_verdicts(name, pictures):
    discriminator = load_discriminator(name)
    (verdicts,) = answers(network_to_bytes(discriminator), pictures)
    agree(verdicts.squeeze(1), discriminator(pictures))


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_dropout_is_at_rest_also_where_the_network_is_not(name, pictures):
    config = TrainConfig(model=name, dropout=0.5)
    discriminator = build_discriminator(config, torch.Generator().manual_seed(1))
    assert discriminator.training
    (verdicts,) = answers(network_to_bytes(discriminator), pictures)
    agree(verdicts.squeeze(1), rounded(discriminator)(pictures))


def normalised(name: str) -> nn.Module:
    """Build a discriminator with spectral normalisation, as it is in training."""
    config = TrainConfig(model=name, dropout=0.5, spectral_norm="on")
    return build_discriminator(config, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_normalised_discriminator_gives_the_same_verdicts(name, pictures):
    discriminator = normalised(name)
    (verdicts,) = answers(network_to_bytes(discriminator), pictures)
    expected = discriminator.eval()(pictures).detach().double()
    assert torch.allclose(verdicts.squeeze(1), expected, rtol=0, atol=2e-3)  # half precision


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_normalised_discriminator_is_written_as_plain_layers(name):
    discriminator = normalised(name)
    said, tensors, _ = read(network_to_bytes(discriminator))
    assert said["layers"] == read(network_to_bytes(MODELS[name].discriminator(0.5)))[0]["layers"]
    written = [tensors[layer["weight"]] for layer in said["layers"] if "weight" in layer]
    layers = [one for one in discriminator.modules() if isinstance(one, nn.Linear | nn.Conv2d)]
    for weight, layer in zip(written, layers, strict=True):
        assert torch.equal(weight, layer.weight.detach().half().double())
        assert torch.linalg.svdvals(weight.flatten(1))[0] == pytest.approx(1, abs=0.1)


def judge_with(name: str, pictures: Tensor, **changes: object) -> Trainer:
    recipe = TrainConfig(model=name, latent_dim=5, batch_size=8, dropout=0.5, **changes)
    trainer = Trainer(recipe, pictures)
    for _ in trainer.run(3):
        pass
    return trainer


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_batch_norm_of_a_discriminator_is_written_as_it_acts_at_rest(name, pictures):
    discriminator = judge_with(name, pictures, batch_norm="on").discriminator
    said, _, _ = read(network_to_bytes(discriminator))
    assert "affine" in [layer["op"] for layer in said["layers"]]
    (verdicts,) = answers(network_to_bytes(discriminator), pictures)
    expected = discriminator.eval()(pictures).detach().double()
    assert torch.allclose(verdicts.squeeze(1), expected, rtol=0, atol=5e-3)  # half precision


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_discriminator_that_needs_company_is_written_as_it_judges_alone(name, pictures):
    changes = {"packing": 4, "minibatch_stddev": "on", "spectral_norm": "on"}
    trainer = judge_with(name, pictures, **changes)
    judge = alone(trainer.discriminator, trainer.data)
    content = network_to_bytes(judge)
    assert (
        read(content)[0]["layers"]
        == read(network_to_bytes(MODELS[name].discriminator(0.5)))[0]["layers"]
    )
    (verdicts,) = answers(content, pictures)
    assert torch.allclose(verdicts.squeeze(1), judge(pictures).double(), rtol=0, atol=5e-3)


@pytest.mark.parametrize("change", [{"packing": 2}, {"minibatch_stddev": "on"}])
@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_discriminator_that_needs_company_is_not_written_as_it_is(name, change):
    config = TrainConfig(model=name, **change)
    discriminator = build_discriminator(config, torch.Generator().manual_seed(1))
    with pytest.raises(ValueError, match="the format knows no"):
        network_to_bytes(discriminator)


def test_the_classifiers_two_parts_answer_one_after_the_other(pictures):
    model = load_classifier()
    features, logits = answers(network_to_bytes(model.features, model.head), pictures)
    assert features.shape == (len(pictures), FEATURES)
    agree(features, model.features(pictures))
    agree(logits, model(pictures))


@pytest.fixture(scope="module")
def trained(pictures: Tensor) -> Trainer:
    """A DCGAN whose batch normalisation has seen something."""
    trainer = Trainer(TrainConfig(model="dcgan", latent_dim=5, batch_size=8), pictures)
    for _ in trainer.run(6):
        pass
    return trainer


def test_a_generator_in_training_is_written_as_it_acts_at_rest(trained):
    z = draw(9, 5, 0)
    (pictures,) = answers(network_to_bytes(trained.generator), z)
    agree(pictures, rounded(trained.generator)(z))


def test_half_precision_costs_less_than_a_grey(trained):
    z = draw(9, 5, 0)
    (pictures,) = answers(network_to_bytes(trained.generator), z)
    assert (pictures - trained.generate(z)).abs().max() < 2 / 255


def test_batch_normalisation_is_a_scale_and_a_shift(trained):
    said, tensors, _ = read(network_to_bytes(trained.generator))
    layers = [layer for layer in said["layers"] if layer["op"] == "affine"]
    norms = [one for one in trained.generator.modules() if isinstance(one, nn.BatchNorm2d)]
    assert len(layers) == len(norms) == 2
    for layer, norm in zip(layers, norms, strict=True):
        mean, variance = norm.running_mean.double(), norm.running_var.double()
        scale = norm.weight.double() / (variance + norm.eps) ** 0.5
        assert torch.allclose(tensors[layer["scale"]], scale, rtol=1e-6)
        shift = norm.bias.double() - scale * mean
        assert torch.allclose(tensors[layer["shift"]], shift, rtol=1e-5, atol=1e-7)


# Classes -----------------------------------------------------------------------------------


def told(name: str, pictures: Tensor, **changes: Any) -> Trainer:
    """A pair that is told classes, after a few moves."""
    recipe = {"latent_dim": 5, "batch_size": 8, "dropout": 0.5, "conditional": "on", **changes}
    labels = torch.arange(len(pictures)) % CLASSES
    trainer = Trainer(TrainConfig(model=name, **recipe), pictures, labels)
    for _ in trainer.run(3):
        pass
    return trainer


def of_each(generator: nn.Module) -> list[nn.Module]:
    return [generator_of(generator, label) for label in range(CLASSES)]


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_one_file_makes_the_pictures_of_every_class(name, pictures):
    networks = of_each(told(name, pictures).generator)
    content, z = classes_to_bytes(networks), draw(4, 5, 0)
    for label, network in enumerate(networks):
        (made,) = answers(content, z, label)
        agree(made.reshape(4, *IMAGE_SHAPE), rounded(network)(z))


@pytest.mark.parametrize("name", MODEL_KEYS)
@pytest.mark.parametrize("change", [{}, {"packing": 2}, {"minibatch_stddev": "on"}])
@pytest.mark.parametrize("normalised", ["off", "on"])
def test_one_file_gives_the_verdicts_of_every_class(name, change, normalised, pictures):
    trainer = told(name, pictures, spectral_norm=normalised, **change)
    judges = alone_by_class(trainer.discriminator, trainer.data)
    content = classes_to_bytes(judges)
    for label, judge in enumerate(judges):
        (verdicts,) = answers(content, pictures, label)
        expected = judge(pictures).double()
        assert torch.allclose(verdicts.squeeze(1), expected, rtol=0, atol=5e-3)  # half precision


def test_what_is_shipped_for_every_class_travels_without_loss(pictures):
    generator, judge = load_generator(CONDITIONAL), load_discriminator(CONDITIONAL)
    of_g = classes_to_bytes(of_each(generator))
    of_d = classes_to_bytes([discriminator_of(judge, label) for label in range(CLASSES)])
    z = draw(4, generator.latent_dim, 0)
    for label in range(CLASSES):
        (made,) = answers(of_g, z, label)
        wanted = torch.full((4,), label)
        agree(made.reshape(4, *IMAGE_SHAPE), generator(with_classes(z, wanted)))
        (verdicts,) = answers(of_d, pictures[:4], label)
        agree(verdicts.squeeze(1), judge(pictures[:4], one_hot(wanted)))


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_only_what_a_class_changes_is_there_ten_times(name, pictures):
    trainer = told(name, pictures)
    judges = alone_by_class(trainer.discriminator, trainer.data)
    for networks, role, place in ((of_each(trainer.generator), "bias", 0), (judges, "weight", -1)):
        content = classes_to_bytes(networks)
        said, tensors, types = read(content)
        changed = [layer for layer in said["layers"] if layer["op"] == "linear_of_class"]
        weighted = [layer for layer in said["layers"] if "weight" in layer]
        assert changed == [weighted[place]]
        assert types[changed[0][role]] == "F32"
        ten = tensors[changed[0][role]]
        assert len(ten) == CLASSES
        more = len(content) - len(network_to_bytes(networks[0]))
        assert more <= 4 * ten.numel() + 200


def test_of_one_class_the_file_is_that_of_the_network(trained):
    one = classes_to_bytes([trained.generator])
    assert read(one)[0] == read(network_to_bytes(trained.generator))[0]


def test_networks_that_differ_elsewhere_are_not_of_one_kind(pictures):
    one, other = (judge_with("dcgan", pictures, seed=seed).discriminator for seed in (0, 1))
    with pytest.raises(ValueError, match="classes in linear layers alone"):
        classes_to_bytes([one, other])
    with pytest.raises(ValueError, match="the same layers"):
        classes_to_bytes([nn.Sequential(nn.Linear(2, 2), last) for last in (nn.ReLU(), nn.Tanh())])


def test_what_is_told_a_class_is_written_class_by_class_alone(pictures):
    trainer = told("dcgan", pictures)
    for player in (trainer.generator, trainer.discriminator):
        for write in (network_to_bytes, lambda network: classes_to_bytes([network])):
            with pytest.raises(ValueError, match="only those of one"):
                write(player)


# Writing changes nothing -------------------------------------------------------------------


def test_writing_changes_neither_the_network_nor_its_mode(trained, assert_same):
    for network in (trained.generator, trained.discriminator, normalised("dcgan")):
        before = {key: value.clone() for key, value in network.state_dict().items()}
        gradients = [weight.grad for weight in network.parameters()]
        network_to_bytes(network)
        assert network.training
        assert all(weight.requires_grad for weight in network.parameters())
        after = [weight.grad for weight in network.parameters()]
        assert all(one is other for one, other in zip(gradients, after, strict=True))
        assert_same(before, network.state_dict())


def test_writing_leaves_the_shared_random_numbers_alone(trained):
    before = torch.random.get_rng_state(), trained.random.get_state()
    network_to_bytes(trained.generator)
    network_to_bytes(trained.discriminator)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert torch.equal(trained.random.get_state(), before[1])


# The file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_shipped_generator_is_small_enough_to_travel(name):
    assert len(network_to_bytes(load_generator(name))) <= MOST_BYTES


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_matrices_travel_in_half_precision_and_the_rest_in_full(name):
    for network in (load_generator(name), load_discriminator(name)):
        _, tensors, types = read(network_to_bytes(network))
        assert types
        for key, tensor in tensors.items():
            assert types[key] == ("F16" if tensor.ndim > 1 else "F32")


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_shipped_weights_travel_without_loss(name):
    generator = load_generator(name)
    _, tensors, _ = read(network_to_bytes(generator))
    matrices = [weight for weight in generator.parameters() if weight.ndim > 1]
    kept = [tensor for tensor in tensors.values() if tensor.ndim > 1]
    assert len(kept) == len(matrices)
    for weight in matrices:
        assert any(
            tensor.shape == weight.shape and torch.equal(tensor, weight.double()) for tensor in kept
        )


def test_the_header_says_what_goes_in_and_what_comes_out():
    generator = load_generator("dcgan")
    said, tensors, _ = read(network_to_bytes(generator))
    assert said["format"] == FORMAT
    assert said["input"] == [generator.latent_dim]
    assert said["output"] == list(IMAGE_SHAPE)
    assert said["parts"] == [len(said["layers"])]
    roles = ("weight", "bias", "scale", "shift")
    named = [layer[role] for layer in said["layers"] for role in roles if layer.get(role)]
    assert sorted(named) == sorted(tensors)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (nn.Sigmoid(), "Sigmoid"),
        (nn.Dropout(0.3), "Dropout"),  # draws from the shared numbers: none of ours
        (nn.AvgPool2d(2), "AvgPool2d"),
        (nn.BatchNorm2d(1, track_running_stats=False), "BatchNorm2d"),
    ],
)
def test_an_unknown_layer_is_refused_by_its_name(layer, name):
    with pytest.raises(ValueError, match=rf"knows no layer {name}$"):
        network_to_bytes(nn.Sequential(nn.Conv2d(1, 1, 3), layer))


@pytest.mark.parametrize("name", MODEL_KEYS)
def test_a_generator_of_one_coordinate_can_be_written(name):
    generator: Generator = MODELS[name].generator(1).eval()
    z = draw(3, 1, 0)
    (pictures,) = answers(network_to_bytes(generator), z)
    agree(pictures.reshape(3, *IMAGE_SHAPE), rounded(generator)(z))
