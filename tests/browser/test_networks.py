"""The networks in the browser, against PyTorch: pictures, gradients, latent space, search."""

from __future__ import annotations

import base64
import copy
import json
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page
from torch import Tensor, nn

from gan_core import latent
from gan_core.conditional import (
    CLASSES,
    ConditionalGenerator,
    ProjectionDiscriminator,
    discriminator_of,
    generator_of,
    one_hot,
    with_classes,
)
from gan_core.config import CONDITIONAL, TrainConfig
from gan_core.export import classes_to_bytes, network_to_bytes
from gan_core.models import build_discriminator, build_generator
from gan_core.pretrained import load_classifier, load_discriminator, load_generator

pytestmark = pytest.mark.browser

KINDS = ["mlp", "dcgan"]
# Any answer of the server gives a page of its own origin, from which modules can be imported.
PLAIN_PAGE = "/browser/latent/net.js"
TOOLS = """async () => {
  const decode = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
  const encode = (values) => {
    const bytes = new Uint8Array(values.slice().buffer);
    let signs = "";
    for (let k = 0; k < bytes.length; k += 4096) {
      signs += String.fromCharCode(...bytes.subarray(k, k + 4096));
    }
    return btoa(signs);
  };
  const each = (value, change) => {
    const parts = Object.entries(value).map(([key, part]) => [key, change(part)]);
    return Array.isArray(value) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
  };
  const wrap = (value) => {
    if (value instanceof Float32Array) return { floats: encode(value) };
    if (value instanceof Uint8Array) return { bytes: encode(value) };
    return value && typeof value === "object" ? each(value, wrap) : value;
  };
  const unwrap = (value) => {
    if (value?.floats) return new Float32Array(decode(value.floats));
    return value && typeof value === "object" ? each(value, unwrap) : value;
  };
  const base = document.createElement("base");
  base.href = "/";
  document.head.append(base);
  for (const name of ["net", "space", "search", "models"]) {
    Object.assign(window, await import(`/browser/latent/${name}.js`));
  }
  window.fetchBytes = async (name) => (await fetch(`/networks/${name}`)).arrayBuffer();
  window.read = async (name) => parseNetwork(await fetchBytes(name));
  window.card = async (name) => (await fetch(`/api/latent/model/${name}`)).json();
  window.call = async (work, values) => wrap(await work(unwrap(values)));
}"""


class Lab:
    """An empty page with our modules in it, and networks it can fetch by name."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.files: dict[str, bytes] = {}
        page.route("**/networks/*", self._serve)
        page.goto(PLAIN_PAGE)
        page.evaluate(TOOLS)

    def _serve(self, route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        route.fulfill(body=self.files[name], content_type="application/octet-stream")

    def put(self, name: str, *parts: nn.Module) -> None:
        """Make a network known to the page."""
        self.files[name] = network_to_bytes(*parts)

    def run(self, work: str, **values: Any) -> Any:
        """Call a JavaScript function of one object; tensors become typed arrays and back."""
        return _unwrap(self.page.evaluate(f"(values) => call({work}, values)", _wrap(values)))


def _wrap(value: Any) -> Any:
    match value:
        case Tensor():
            content = value.detach().float().contiguous().numpy().tobytes()
            return {"floats": base64.b64encode(content).decode()}
        case dict():
            return {key: _wrap(part) for key, part in value.items()}
        case list() | tuple():
            return [_wrap(part) for part in value]
    return value


def _unwrap(value: Any) -> Any:
    match value:
        case {"floats": content}:
            return torch.from_numpy(np.frombuffer(base64.b64decode(content), "<f4").copy())
        case {"bytes": content}:
            return torch.from_numpy(np.frombuffer(base64.b64decode(content), "u1").copy())
        case dict():
            return {key: _unwrap(part) for key, part in value.items()}
        case list():
            return [_unwrap(part) for part in value]
    return value


# One page for all: most tests only compute, and opening a page takes longer than that.
@pytest.fixture(scope="module")
def lab(chromium: Browser, app_url: str) -> Iterator[Lab]:
    """Return an empty page with the modules of the latent studio in it."""
    context = chromium.new_context(base_url=app_url)
    yield Lab(context.new_page())
    context.close()


@lru_cache(maxsize=16)
def networks(name: str) -> tuple[nn.Module, ...]:
    """Return a network by name, as the parts that its file has."""
    kind = name.split("-")[-1]
    match name.split("-")[0]:
        case "shipped":
            return (load_generator(kind),)
        case "opponent":
            return (load_discriminator(kind),)
        case "classifier":
            return (load_classifier().features, load_classifier().head)
        case "fresh":
            build = build_generator if "generator" in name else build_discriminator
            config = TrainConfig(model=kind, latent_dim=50)
            return (as_written(build(config, torch.Generator().manual_seed(3))),)
    raise ValueError(name)


def as_written(network: nn.Module) -> nn.Module:
    """Round the weights as the file does, so that both sides compute with the same numbers."""
    for weight in network.parameters():
        if weight.ndim > 1:
            weight.data = weight.data.half().float()
    return network.eval().requires_grad_(False)


GENERATORS = [f"{age}-{kind}" for age in ("shipped", "fresh-generator") for kind in KINDS]
JUDGES = [f"{age}-{kind}" for age in ("opponent", "fresh-discriminator") for kind in KINDS]


def draws(name: str, count: int) -> Tensor:
    """Return inputs for a network: z for a generator, pictures of noise for all else."""
    if name in GENERATORS:
        return latent.draw(count, networks(name)[0].latent_dim, seed=1)
    return latent.draw(count, 784, seed=1).tanh().view(count, 1, 28, 28)


# Players that are told a class: who reads it how, and how the browser is given it.
TOLD = ["shipped", "fresh-mlp", "fresh-dcgan"]


@lru_cache(maxsize=4)
def told(name: str) -> tuple[ConditionalGenerator, ProjectionDiscriminator]:
    """Return a pair that is told classes, by name, as the files have its weights."""
    if name == "shipped":
        generator, judge = load_generator(CONDITIONAL), load_discriminator(CONDITIONAL)
    else:
        config = TrainConfig(model=name.split("-")[1], latent_dim=50, conditional="on")
        random = torch.Generator().manual_seed(3)
        generator = as_written(build_generator(config, random))
        judge = as_written(build_discriminator(config, random))
    assert isinstance(generator, ConditionalGenerator)
    assert isinstance(judge, ProjectionDiscriminator)
    return generator, judge


def put_told(lab: Lab, name: str) -> None:
    """Make both of a pair known to the page, as files of all ten classes."""
    generator, judge = told(name)
    of_g = [generator_of(generator, label) for label in range(CLASSES)]
    of_d = [discriminator_of(judge, label) for label in range(CLASSES)]
    lab.files |= {f"{name}-g": classes_to_bytes(of_g), f"{name}-d": classes_to_bytes(of_d)}


OF_CLASS = "async ({ name, x, count, label }) => (await read(name)).of(label).forward(x, count)"


@pytest.mark.parametrize("name", TOLD)
def test_the_browser_draws_what_it_is_asked_for_as_pytorch_does(lab, name):
    generator, _ = told(name)
    put_told(lab, name)
    z = latent.draw(20, generator.latent_dim, seed=1)
    for label in range(CLASSES):
        pictures = lab.run(OF_CLASS, name=f"{name}-g", x=z, count=20, label=label)
        expected = generator(with_classes(z, torch.full((20,), label))).detach()
        torch.testing.assert_close(pictures.view_as(expected), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", TOLD)
def test_the_browser_judges_what_was_asked_for_as_pytorch_does(lab, name):
    _, judge = told(name)
    put_told(lab, name)
    x = latent.draw(20, 784, seed=1).tanh().view(20, 1, 28, 28)
    for label in range(CLASSES):
        logits = lab.run(OF_CLASS, name=f"{name}-d", x=x, count=20, label=label)
        expected = judge(x, one_hot(torch.full((20,), label))).detach()
        torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)


def test_the_gradient_is_that_of_the_class_asked_for(lab):
    generator, _ = told("shipped")
    put_told(lab, "shipped")
    z = latent.draw(9, generator.latent_dim, seed=1).requires_grad_()
    output = generator(with_classes(z, torch.full((9,), 3)))
    gradient = latent.draw(9, 784, seed=2)
    (expected,) = torch.autograd.grad(output, z, gradient.view_as(output))
    work = """async ({ z, gradient }) => {
      const network = (await read("shipped-g")).of(3);
      return network.record(z, 9).backward(gradient);
    }"""
    back = lab.run(work, z=z, gradient=gradient)
    torch.testing.assert_close(back.view_as(z), expected, atol=1e-4, rtol=1e-4)


def test_a_pass_for_one_class_ends_that_for_another(lab):
    """They share their buffers: the way back of the first would be that of the second."""
    put_told(lab, "shipped")
    work = """async ({ z }) => {
      const network = await read("shipped-g");
      const { output, backward } = network.of(3).record(z);
      network.of(4).forward(z);
      try { backward(output); } catch (error) { return error.message; }
    }"""
    assert "has run again" in lab.run(work, z=latent.draw(1, 64, seed=1))


def test_a_network_that_is_told_a_class_runs_for_one_alone(lab):
    put_told(lab, "shipped")
    work = """async ({ z }) => {
      const network = await read("shipped-g");
      const same = network.of(3) === network.of(3) && network.of(3).of(5) === network.of(3);
      const told = [network.isTold, network.of(3).isTold, network.inputSize];
      try { network.forward(z); } catch (error) { return [same, told, error.message]; }
    }"""
    same, known, message = lab.run(work, z=latent.draw(1, 64, seed=1))
    assert same
    assert known == [True, False, 64]
    assert "is told a class" in message


def apply(name: str, x: Tensor) -> Tensor:
    """Run a network in PyTorch; returns one row for each example."""
    return nn.Sequential(*networks(name))(x).reshape(len(x), -1)


FORWARD = "async ({ name, x, count }) => (await read(name)).forward(x, count)"


@pytest.mark.parametrize("name", GENERATORS)
def test_the_browser_makes_the_pictures_that_pytorch_makes(lab, name):
    z = draws(name, 100)
    lab.put(name, *networks(name))
    pictures = lab.run(FORWARD, name=name, x=z, count=100)
    torch.testing.assert_close(pictures.view(100, -1), apply(name, z), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", JUDGES)
def test_the_browser_judges_as_pytorch_does(lab, name):
    x = draws(name, 20)
    lab.put(name, *networks(name))
    logits = lab.run(FORWARD, name=name, x=x, count=20)
    torch.testing.assert_close(logits.view(20, 1), apply(name, x), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_browser_judges_as_a_normalised_discriminator_does(lab, kind):
    config = TrainConfig(model=kind, spectral_norm="on")
    judge = build_discriminator(config, torch.Generator().manual_seed(3)).eval()
    x = draws(f"opponent-{kind}", 20)
    name = f"normalised-{kind}"
    lab.put(name, judge)
    logits = lab.run(FORWARD, name=name, x=x, count=20)
    torch.testing.assert_close(logits.view(20), judge(x).detach(), atol=2e-3, rtol=0)  # rounded


def test_features_and_classes_are_those_of_pytorch(lab):
    features, head = networks("classifier")
    x = torch.cat([draws("classifier", 10), load_generator("mlp")(draws("shipped-mlp", 10))])
    lab.put("classifier", features, head)
    work = """async ({ pictures }) => {
      const network = await read("classifier");
      return pictures.map((picture) => network.forwardParts(picture));
    }"""
    answers = lab.run(work, pictures=list(x))
    expected = features(x)
    ours = [torch.stack(part) for part in zip(*answers, strict=True)]
    torch.testing.assert_close(ours[0], expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(ours[1], head(expected), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", [*GENERATORS, *JUDGES, "classifier"])
def test_many_examples_at_once_are_the_same_as_one_by_one(lab, name):
    x = draws(name, 37)
    lab.put(name, *networks(name))
    work = """async ({ name, x }) => {
      const network = await read(name);
      const together = network.forward(x, 37);
      const alone = new Float32Array(together.length);
      for (let k = 0; k < 37; k += 1) {
        const one = x.subarray(k * network.inputSize, (k + 1) * network.inputSize);
        alone.set(network.forward(one), k * network.outputSize);
      }
      return { together, alone };
    }"""
    answer = lab.run(work, name=name, x=x)
    torch.testing.assert_close(answer["together"], answer["alone"], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", [*GENERATORS, *JUDGES, "classifier"])
def test_the_gradient_is_that_of_autograd(lab, name):
    x = draws(name, 9).requires_grad_()
    output = apply(name, x)
    gradient = latent.draw(9, output.shape[1], seed=2)
    (expected,) = torch.autograd.grad(output, x, gradient)
    lab.put(name, *networks(name))
    work = """async ({ name, x, gradient }) => {
      const { output, backward } = (await read(name)).record(x, 9);
      return { output: output.slice(), back: backward(gradient) };
    }"""
    answer = lab.run(work, name=name, x=x, gradient=gradient)
    torch.testing.assert_close(answer["output"].view_as(output), output, atol=1e-4, rtol=0)
    size = expected.abs().max()  # of a fresh network the gradient is tiny: measure against it
    torch.testing.assert_close(answer["back"].view_as(x) / size, expected / size, atol=1e-4, rtol=0)


def test_a_gradient_can_start_from_the_features(lab):
    features, head = networks("classifier")
    x = draws("classifier", 2).requires_grad_()
    output = features(x)
    gradient = latent.draw(2, 64, seed=2)
    (expected,) = torch.autograd.grad(output, x, gradient)
    lab.put("classifier", features, head)
    work = (
        'async ({ x, gradient }) => (await read("classifier")).record(x, 2, 0).backward(gradient)'
    )
    back = lab.run(work, x=x, gradient=gradient)
    torch.testing.assert_close(back.view_as(x), expected, atol=1e-4, rtol=1e-4)


def test_an_old_pass_gives_no_gradient(lab):
    lab.put("mlp", *networks("shipped-mlp"))
    work = """async ({ z }) => {
      const network = await read("mlp");
      const { output, backward } = network.record(z);
      network.forward(z);
      try { backward(output); } catch (error) { return error.message; }
    }"""
    assert "has run again" in lab.run(work, z=draws("shipped-mlp", 1))


# Files that are none ---------------------------------------------------------------------


def rewritten(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Change the header of a safetensors file and leave its data as they are."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def with_layers(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[bytes], bytes]:
    """Return a function that changes the list of layers of a network file."""

    def rewrite(header: dict[str, Any]) -> None:
        layers = json.loads(header["__metadata__"]["layers"])
        change(layers)
        header["__metadata__"]["layers"] = json.dumps(layers)

    return lambda content: rewritten(content, rewrite)


def with_header(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    """Return a function that changes the header of a network file."""
    return lambda content: rewritten(content, change)


def first_tensor(header: dict[str, Any]) -> dict[str, Any]:
    """Return what a header says of a tensor."""
    return next(entry for name, entry in header.items() if name != "__metadata__")


BROKEN = {
    "nothing": (lambda _: b"", "truncated"),
    "a few bytes": (lambda content: content[:5], "truncated"),
    "half a header": (lambda content: content[:100], "truncated"),
    "half the weights": (lambda content: content[: len(content) // 2], "truncated"),
    "a byte short": (lambda content: content[:-1], "truncated"),
    "a byte long": (lambda content: content + b"\0", "damaged"),
    "a web page": (lambda _: b"<!doctype html><title>Not found</title>", "foreign"),
    "a picture": (lambda _: b"\x89PNG\r\n\x1a\n" + bytes(100), "foreign"),
    "zeros": (lambda _: bytes(100), "foreign"),
    "weights without a plan": (with_header(lambda h: h.pop("__metadata__")), "foreign"),
    "a later format": (
        with_header(lambda h: h["__metadata__"].update(format="gan-course-network-2")),
        "foreign",
    ),
    "a header that is no JSON": (lambda c: c[:8] + b"{" + b"?" * 50 + c[59:], "damaged"),
    "parts beyond the layers": (
        with_header(lambda h: h["__metadata__"].update(parts="[99]")),
        "damaged",
    ),
    "another output": (
        with_header(lambda h: h["__metadata__"].update(output="[783]")),
        "damaged",
    ),
    "layers that are no JSON": (
        with_header(lambda h: h["__metadata__"].update(layers="[{")),
        "damaged",
    ),
    "an unknown kind of number": (
        with_header(lambda h: first_tensor(h).update(dtype="F8")),
        "damaged",
    ),
    "weights of another shape": (
        with_header(lambda h: first_tensor(h)["shape"].append(2)),
        "damaged",
    ),
    "weights before the start": (
        with_header(lambda h: first_tensor(h).update(data_offsets=[-4, 0])),
        "damaged",
    ),
    "an unknown layer": (with_layers(lambda ls: ls[0].update(op="attention")), "unknown_layer"),
    "a layer named like a method": (
        with_layers(lambda ls: ls[0].update(op="toString")),
        "unknown_layer",
    ),
    "a layer without weights": (with_layers(lambda ls: ls[0].update(weight="none")), "damaged"),
    "a layer left out": (with_layers(lambda ls: ls.pop(0)), "damaged"),
    "a rising ReLU": (with_layers(lambda ls: ls[1].update(slope=-1)), "damaged"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_reason(lab, case):
    damage, code = BROKEN[case]
    sound = network_to_bytes(nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)))
    lab.files["sound"] = sound
    lab.files["broken"] = damage(sound)
    work = """async ({ name }) => {
      const bytes = await fetchBytes(name);
      try { parseNetwork(bytes); } catch (error) { return error.code ?? `no code: ${error}`; }
      return "accepted";
    }"""
    assert lab.run(work, name="sound") == "accepted"
    assert lab.run(work, name="broken") == code


def of_two_classes() -> bytes:
    """Return a file of networks whose last bias alone is of a class."""
    torch.manual_seed(0)
    one = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    other = copy.deepcopy(one)
    nn.init.ones_(other[-1].bias)
    return classes_to_bytes([one, other])


def shape_of_bias(*shape: int) -> Callable[[bytes], bytes]:
    """Return a function that gives the bias of both classes another shape."""
    return with_header(lambda header: header["2.bias"].update(shape=list(shape)))


BROKEN_CLASSES = {
    "a bias of no class": shape_of_bias(6),
    "a bias of another length": shape_of_bias(3, 2),
    "a bias with an axis too many": shape_of_bias(1, 2, 3),
    "a plain layer that has classes": with_layers(lambda ls: ls[2].update(op="linear")),
    "a layer of classes that has none": with_layers(lambda ls: ls[0].update(op="linear_of_class")),
    "a layer of classes without a bias": with_layers(lambda ls: ls[2].update(bias=None)),
}


@pytest.mark.parametrize("case", BROKEN_CLASSES)
def test_a_broken_file_of_classes_is_refused(lab, case):
    sound = of_two_classes()
    lab.files |= {"sound": sound, "broken": BROKEN_CLASSES[case](sound)}
    work = """async ({ name }) => {
      const bytes = await fetchBytes(name);
      try { parseNetwork(bytes); } catch (error) { return error.code ?? `no code: ${error}`; }
      return "accepted";
    }"""
    assert lab.run(work, name="sound") == "accepted"
    assert lab.run(work, name="broken") == "damaged"


def test_half_precision_is_read_as_numpy_reads_it(lab):
    bits = torch.arange(65536)
    work = "({ bits }) => decodeHalves(Uint16Array.from(bits))"
    expected = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
    ours = lab.run(work, bits=bits).numpy()
    np.testing.assert_array_equal(ours, expected)  # takes NaN for equal to NaN


# The latent space ------------------------------------------------------------------------

A, B = latent.draw(2, 100, seed=4)
PAIRS = {
    "two draws": (A, B),
    "the same point": (A, A),
    "parallel": (A, 2 * A),
    "opposite": (A, -A),
    "zero": (torch.zeros(100), A),
    "two zeros": (torch.zeros(100), torch.zeros(100)),
    "one dimension": (A[:1], B[:1]),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("walk", ["lerp", "slerp"])
def test_both_languages_walk_the_same_way(lab, walk, pair):
    a, b = PAIRS[pair]
    steps = [0, 0.25, 0.5, 0.9, 1]
    ours = lab.run(
        f"({{ a, b, steps }}) => steps.map((t) => {walk}(a, b, t))", a=a, b=b, steps=steps
    )
    expected = torch.stack([getattr(latent, walk)(a, b, t) for t in steps])
    torch.testing.assert_close(torch.stack(ours), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("u", "v"), [(0, 0), (1, 0), (0, 1), (1, 1), (0.3, 0.8), (0.5, 0.5)])
def test_both_languages_mix_four_corners_alike(lab, u, v):
    corners = latent.draw(4, 64, seed=5)
    ours = lab.run("({ corners, u, v }) => blend(corners, u, v)", corners=list(corners), u=u, v=v)
    torch.testing.assert_close(ours, latent.blend(corners, u, v), atol=1e-5, rtol=1e-5)


def test_norms_sums_and_ways_are_those_of_pytorch(lab):
    points = latent.draw(9, 64, seed=6)
    directions = nn.functional.normalize(latent.draw(3, 64, seed=7), dim=1)
    work = """({ points, directions, amounts }) => ({
      norm: norm(points[0]),
      mean: mean(points),
      move: move(points[0], directions, amounts),
      combine: combine(points.slice(0, 3), points.slice(3, 6), points.slice(6)),
      path: pathLength(points),
      nowhere: pathLength(points.slice(0, 1)),
    })"""
    amounts = [2.0, -3.5, 0.0]
    ours = lab.run(work, points=list(points), directions=list(directions), amounts=amounts)
    assert ours["norm"] == pytest.approx(points[0].norm().item())
    assert ours["path"] == pytest.approx(latent.path_length(points))
    assert ours["nowhere"] == 0
    moved = points[0] + torch.tensor(amounts) @ directions
    combined = latent.combine(points[:3], points[3:6], points[6:])
    for name, expected in (("mean", points.mean(0)), ("move", moved), ("combine", combined)):
        torch.testing.assert_close(ours[name], expected, atol=1e-5, rtol=1e-5)


def test_fresh_points_are_standard_normal(lab):
    work = "() => Array.from({ length: 400 }, (_, seed) => gaussian(seed, 101))"
    points = torch.stack(lab.run(work))
    count = points.numel()
    assert points.mean().abs() < 4 / count**0.5
    assert (points.var() - 1).abs() < 4 * (2 / count) ** 0.5
    assert (points.pow(4).mean() - 3).abs() < 4 * (96 / count) ** 0.5  # neither flat nor spiky
    neighbours = (points[1:] * points[:-1]).mean()
    assert neighbours.abs() < 4 / count**0.5  # one seed says nothing of the next
    assert len(points.unique(dim=0)) == 400


def test_a_fresh_point_depends_on_its_seed_and_size_alone(lab, open_page):
    work = "() => [gaussian(7, 64), gaussian(8, 64), gaussian(7, 64)]"
    first, other, again = lab.run(work)
    assert first.equal(again)
    assert not first.equal(other)
    assert Lab(open_page()).run(work)[0].equal(first)


def test_a_point_is_written_as_numpy_would_write_it(lab):
    edges = [0.0, -0.0, 1.0, -1.0, 65504.0, 65519.9, 65520.0, -1e9, 2.0**-14, 2.0**-24, 2.0**-25]
    edges += [1.5 * 2.0**-24, 2.5 * 2.0**-24, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 6.0975e-05]
    z = torch.cat([torch.tensor(edges), latent.draw(1, 20000, seed=8)[0] * 3])
    assert lab.run("({ z }) => encodePoint(z)", z=z) == latent.encode_point(z)
    short = latent.draw(1, 5, seed=9)[0]
    assert lab.run("({ z }) => encodePoint(z)", z=short) == latent.encode_point(short)


# The search ------------------------------------------------------------------------------

SEARCH = """async ({ name, target, options }) => {
  const steps = search(await read(name), target, options);
  const seen = [];
  for (;;) {
    const { done, value } = steps.next();
    if (done) return { ...value, seen };
    seen.push({ done: value.done, alive: value.alive.length, best: value.best.error });
  }
}"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_the_generator_made_is_found_again(lab, kind):
    name = f"shipped-{kind}"
    lab.put(name, *networks(name))
    target = apply(name, latent.draw(1, networks(name)[0].latent_dim, seed=11))[0]
    found = lab.run(SEARCH, name=name, target=target, options={"seed": 1})
    assert found["error"] < 0.002
    picture = apply(name, found["z"][None])[0]
    torch.testing.assert_close(found["picture"], picture, atol=1e-4, rtol=0)
    assert found["error"] == pytest.approx(
        ((picture - target) / 2).square().mean().item(), rel=1e-2
    )
    assert found["z"].norm() < 1.3 * len(found["z"]) ** 0.5


def test_a_search_gives_the_worse_half_up_and_never_loses_its_best(lab):
    lab.put("dcgan", *networks("shipped-dcgan"))
    target = -torch.ones(784)
    options = {"restarts": 5, "steps": 12, "seed": 3}
    found = lab.run(SEARCH, name="dcgan", target=target, options=options)
    seen = found["seen"]
    assert [moment["alive"] for moment in seen] == [5] * 3 + [3] * 9
    shares = [moment["done"] for moment in seen]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.2
    bests = [moment["best"] for moment in seen] + [found["error"]]
    assert bests == sorted(bests, reverse=True)
    assert len(found["errors"]) == 5
    again = lab.run(SEARCH, name="dcgan", target=target, options=options)
    assert again["z"].equal(found["z"])


# Models, as the page has them ------------------------------------------------------------


@pytest.fixture
def studio(lab: Lab) -> Iterator[Lab]:
    """Return a page with a model open on it, as ``model``."""
    lab.run("async () => { window.model = await openModel(await card('dcgan')); return null; }")
    yield lab
    lab.run("() => { model.close(); return null; }")


def grey(pictures: Tensor) -> Tensor:
    """Return pictures as grey numbers, 0 to 255."""
    return ((pictures + 1) * 127.5).round()


def test_pictures_come_at_once_here_and_in_order_from_the_worker(studio):
    z = draws("shipped-dcgan", 11)
    work = """async ({ zs }) => {
      const order = [];
      const made = await model.pictures(zs, { onSome: (index, grey) => order.push([index, grey]) });
      return { remote: model.remote, here: model.picture(zs[0]), made, order };
    }"""
    answer = studio.run(work, zs=list(z))
    expected = grey(apply("shipped-dcgan", z))
    assert answer["remote"] is False
    assert [index for index, _ in answer["order"]] == list(range(11))
    for pictures in (answer["made"], [picture for _, picture in answer["order"]]):
        assert (torch.stack(pictures) - expected).abs().max() <= 1  # a tie may round either way
    assert answer["here"].equal(answer["made"][0])


def test_a_verdict_is_that_of_the_networks_in_pytorch(studio):
    z = draws("shipped-dcgan", 1)
    judged = studio.run(
        "async ({ z }) => ({ ...(await model.judge(z)), kind: model.card.verdict })", z=z
    )
    picture = load_generator("dcgan")(z)
    logit = load_discriminator("dcgan")(picture)[0]
    expected = logit.sigmoid() if judged["kind"] == "probability" else logit
    assert judged["logit"] == pytest.approx(logit.item(), abs=1e-3)
    assert judged["verdict"] == pytest.approx(expected.item(), abs=1e-3)
    torch.testing.assert_close(judged["classes"], load_classifier()(picture)[0], atol=1e-3, rtol=0)
    features = load_classifier().features(picture)[0]
    torch.testing.assert_close(judged["features"], features, atol=1e-3, rtol=0)
    several = studio.run("async ({ zs }) => model.features(zs)", zs=[z, z])
    torch.testing.assert_close(several[1], features, atol=1e-3, rtol=0)


def test_of_many_questions_the_last_is_answered(studio):
    work = """async ({ zs }) => {
      await model.warm();
      const answers = await Promise.all(zs.map((z) => model.judge(z)));
      return answers.map((answer) => answer?.logit ?? null);
    }"""
    z = draws("shipped-dcgan", 30)
    answers = studio.run(work, zs=list(z))
    logits = load_discriminator("dcgan")(load_generator("dcgan")(z))
    assert answers[-1] == pytest.approx(logits[-1].item(), abs=1e-3)
    assert answers.count(None) == 28  # the first was under way, the last is the latest
    alone = studio.run("async ({ z }) => (await model.judge(z)).logit", z=z[3])
    assert alone == pytest.approx(logits[3].item(), abs=1e-3)


def test_a_later_sheet_on_the_same_lane_ends_the_earlier_one(studio):
    work = """async ({ zs }) => {
      const first = model.pictures(zs, { lane: "sheet" });
      const beside = model.pictures(zs.slice(0, 2), { lane: "strip" });
      const second = model.pictures(zs.slice(0, 3), { lane: "sheet" });
      const third = model.pictures(zs.slice(0, 1), { lane: "sheet" });
      return (await Promise.all([first, beside, second, third])).map((made) => made && made.length);
    }"""
    answer = studio.run(work, zs=list(draws("shipped-dcgan", 60)))
    assert answer == [None, 2, None, 1]


def test_a_verdict_gets_in_while_a_search_runs(studio):
    work = """async ({ target, z }) => {
      await model.warm();
      const stop = new AbortController();
      const seen = [];
      const onProgress = (moment) => seen.push(moment);
      const { signal } = stop;
      const search = model.search(target, { steps: 100000 }, { onProgress, signal });
      while (!seen.length) await new Promise((resolve) => setTimeout(resolve, 20));
      const judged = await model.judge(z);
      stop.abort();
      return { judged: judged !== null, found: await search, moment: seen[0] };
    }"""
    z = draws("shipped-dcgan", 1)
    answer = studio.run(work, target=apply("shipped-dcgan", z)[0], z=z)
    assert answer["judged"]
    assert answer["found"] is None
    moment = answer["moment"]
    assert moment["steps"] == 100000
    assert moment["secondsLeft"] > 1
    assert len(moment["errors"]) == 8
    assert moment["best"]["picture"].shape == (784,)


def test_a_search_in_the_worker_finds_and_reports(studio):
    work = """async ({ target }) => {
      const moments = [];
      const onProgress = ({ step }) => moments.push(step);
      const found = await model.search(target, { restarts: 2, steps: 40 }, { onProgress });
      return { ...found, moments };
    }"""
    target = apply("shipped-dcgan", draws("shipped-dcgan", 1))[0]
    found = studio.run(work, target=target)
    assert found["moments"] == sorted(found["moments"])
    expected = grey(apply("shipped-dcgan", found["z"][None])[0])
    assert (found["picture"] - expected).abs().max() <= 1


@pytest.fixture
def asked(lab: Lab) -> Iterator[Lab]:
    """Return a page with the model open on it that is told a digit, as ``model``."""
    work = "async () => { window.model = await openModel(await card('conditional')); return null; }"
    lab.run(work)
    yield lab
    lab.run("() => { model.close(); return null; }")


def drawn(z: Tensor, digit: int) -> Tensor:
    """Return what the shipped generator draws when it is asked for a digit."""
    return load_generator(CONDITIONAL)(with_classes(z, torch.full((len(z),), digit)))


def test_a_model_draws_judges_and_finds_the_digit_it_is_asked_for(asked):
    z, digit = latent.draw(5, 64, seed=1), 7
    work = """async ({ zs, digit, target }) => {
      model.digit = digit;
      return {
        told: model.isTold, dim: model.latentDim,
        here: model.picture(zs[0]), other: model.picture(zs[0], 2), made: await model.pictures(zs),
        judged: await model.judge(zs[0]), features: await model.features(zs),
        found: await model.search(target, { restarts: 2, steps: 40 }),
      };
    }"""
    target = drawn(latent.draw(1, 64, seed=3), digit).view(-1)
    answer = asked.run(work, zs=list(z), digit=digit, target=target)
    pictures = drawn(z, digit)
    assert (answer["told"], answer["dim"]) == (True, 64)
    assert (torch.stack(answer["made"]) - grey(pictures).view(5, -1)).abs().max() <= 1
    assert answer["here"].equal(answer["made"][0])
    assert (answer["other"] - grey(drawn(z[:1], 2)).view(-1)).abs().max() <= 1
    logit = load_discriminator(CONDITIONAL)(pictures[:1], one_hot(torch.tensor([digit])))
    assert answer["judged"]["logit"] == pytest.approx(logit.item(), abs=1e-3)
    features = load_classifier().features(pictures)
    torch.testing.assert_close(torch.stack(answer["features"]), features, atol=1e-3, rtol=0)
    found = grey(drawn(answer["found"]["z"][None], digit)).view(-1)
    assert (answer["found"]["picture"] - found).abs().max() <= 1


def test_pictures_under_way_keep_the_digit_that_they_were_asked_for(asked):
    z = latent.draw(9, 64, seed=1)
    work = """async ({ zs }) => {
      const made = [3, 8].map((digit) => {
        model.digit = digit;
        return model.pictures(zs);
      });
      model.digit = 0;
      return Promise.all(made);
    }"""
    for pictures, digit in zip(asked.run(work, zs=list(z)), (3, 8), strict=True):
        assert (torch.stack(pictures) - grey(drawn(z, digit)).view(9, -1)).abs().max() <= 1


def test_a_model_that_is_told_nothing_does_not_care_for_the_digit(studio):
    z = draws("shipped-dcgan", 2)
    work = """async ({ zs }) => {
      model.digit = 7;
      return { told: model.isTold, here: model.picture(zs[0], 3), made: await model.pictures(zs) };
    }"""
    answer = studio.run(work, zs=list(z))
    assert answer["told"] is False
    assert answer["here"].equal(answer["made"][0])
    assert (torch.stack(answer["made"]) - grey(apply("shipped-dcgan", z))).abs().max() <= 1


def test_the_server_draws_the_digit_asked_for_where_the_browser_cannot(page):
    page.add_init_script("delete window.Worker")
    z = latent.draw(3, 64, seed=1)
    work = """async ({ zs }) => {
      const model = await openModel(await card("conditional"));
      model.digit = 7;
      const made = await model.pictures(zs);
      return { told: model.isTold, made, three: await model.pictures(zs, { digits: [7, 0, 9] }) };
    }"""
    answer = Lab(page).run(work, zs=list(z))
    assert answer["told"] is True
    assert (torch.stack(answer["made"]) - grey(drawn(z, 7)).view(3, -1)).abs().max() <= 1
    each = load_generator(CONDITIONAL)(with_classes(z, torch.tensor([7, 0, 9])))
    assert (torch.stack(answer["three"]) - grey(each).view(3, -1)).abs().max() <= 1


def test_a_closed_model_lets_nobody_wait(lab):
    work = """async ({ zs }) => {
      const [one, two] = [await openModel(await card("mlp")), await openModel(await card("dcgan"))];
      const waiting = [two.pictures(zs), two.judge(zs[0]), two.features(zs)];
      two.close();
      two.close();
      const ended = await Promise.all([...waiting, two.pictures(zs), two.judge(zs[0])]);
      const other = await one.pictures([new Float32Array(one.latentDim)]);
      one.close();
      const anew = await openModel(await card("dcgan"));
      const made = await anew.pictures(zs);
      anew.close();
      return { ended, others: other.length, made: made.length };
    }"""
    answer = lab.run(work, zs=list(draws("shipped-dcgan", 40)))
    assert answer == {"ended": [None] * 5, "others": 1, "made": 40}


def test_weights_are_fetched_once_and_the_judges_only_after_the_first_picture(page):
    lab = Lab(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    card = lab.run("async () => (window.named = await card('mlp'))")
    names = [card[role].rsplit("/", 1)[1] for role in ("generator", "discriminator", "classifier")]
    work = """async () => {
      window.ready = 0;
      window.model = await openModel(named, { onReady: () => (window.ready += 1) });
      return null;
    }"""
    lab.run(work)
    assert names[0] in asked
    assert not set(names[1:]) & set(asked)
    work = """async () => {
      const z = new Float32Array(model.latentDim);
      model.picture(z);
      await new Promise((resolve) => setTimeout(resolve));
      await model.warm();
      await model.judge(z);
      await model.pictures([z, z]);
      return window.ready;
    }"""
    assert lab.run(work) == 1
    assert [asked.count(name) for name in names] == [1, 1, 1]


REMOTE = """async ({ zs }) => {
  const model = await openModel(await card("dcgan"));
  const order = [];
  const made = await model.pictures(zs, { onSome: (index) => order.push(index) });
  return {
    remote: model.remote, reason: model.reason, latentDim: model.latentDim, made, order,
    here: model.picture(zs[0]), judged: await model.judge(zs[0]),
    features: await model.features(zs),
    found: await model.search(new Float32Array(784)), missing: missingFeatures(),
  };
}"""


@pytest.mark.parametrize("case", ["no workers", "no weights", "broken weights"])
def test_the_server_makes_the_pictures_where_the_browser_cannot(page, case):
    if case == "no workers":
        page.add_init_script("delete window.Worker")
    elif case == "no weights":
        page.route("**/api/latent/network/*", lambda route: route.fulfill(status=503))
    else:
        page.route("**/api/latent/network/*", lambda route: route.fulfill(body=b"oops"))
    z = draws("shipped-dcgan", 3)
    answer = Lab(page).run(REMOTE, zs=list(z))
    assert answer["remote"] is True
    assert answer["reason"] == ("features" if case == "no workers" else "weights")
    assert answer["missing"] == (["Worker"] if case == "no workers" else [])
    assert answer["latentDim"] == 64
    assert answer["order"] == [0, 1, 2]
    assert (torch.stack(answer["made"]) - grey(apply("shipped-dcgan", z))).abs().max() <= 1
    assert [answer[name] for name in ("here", "judged", "features", "found")] == [None] * 4


def test_a_worker_that_cannot_be_made_is_no_end(page):
    page.route("**/latent/worker.js", lambda route: route.fulfill(status=404))
    answer = Lab(page).run(REMOTE, zs=list(draws("shipped-dcgan", 3)))
    assert (answer["remote"], answer["reason"], len(answer["made"])) == (True, "features", 3)


def test_without_the_discriminator_there_is_no_verdict(lab):
    work = """async ({ z }) => {
      const model = await openModel({ ...(await card("dcgan")), discriminator: null });
      const judged = await model.judge(z);
      model.close();
      return { logit: judged.logit, verdict: judged.verdict, classes: judged.classes.length };
    }"""
    answer = lab.run(work, z=draws("shipped-dcgan", 1))
    assert answer == {"logit": None, "verdict": None, "classes": 10}


def test_grey_bytes_become_pixels_and_back(lab):
    work = "({ bytes }) => toGrey(fromGrey(Uint8Array.from(bytes)))"
    assert lab.run(work, bytes=list(range(256))).tolist() == list(range(256))
    edges = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0, float("nan")])
    assert lab.run("({ x }) => toGrey(x)", x=edges).tolist() == [0, 0, 128, 255, 255, 0]
