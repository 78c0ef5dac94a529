"""Networks as plain files that another program can run, such as a browser.

One safetensors file: the weights, and in its header the list of layers. No code
travels. Batch normalisation is written as it acts at rest, a scale and a shift
per channel, spectral normalisation as the weights that it gives; dropout, which
does nothing at rest, is left out. Of networks that are told a class, the linear
layer that reads it is written as it is for each class.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_core.conditional import ConditionalGenerator, ProjectionDiscriminator
from gan_core.layers import BatchNorm, Discriminator, Dropout
from gan_core.models import IMAGE_SHAPE

FORMAT = "gan-course-network-1"

# An operation with its settings, and the tensors it needs by name.
Layer = tuple[dict[str, Any], dict[str, Tensor]]


@torch.no_grad()
def network_to_bytes(*parts: nn.Module) -> bytes:
    """Serialise networks that follow one another; one file, one list of layers.

    Args:
        parts: networks made of linear layers, convolutions, transposed
            convolutions, batch normalisation, (leaky) ReLU, tanh, max pooling,
            flatten and unflatten, one after the other. Where a part ends is
            kept, so that a reader can take the output of each.

    Weights of two and more dimensions are rounded to float16: half the bytes,
    and exact for the shipped weights, which are float16 already. Everything
    else stays float32.

    Raises:
        ValueError: on a layer that the format does not know, and on a D that judges packs or
            compares pictures: ``judging.alone`` makes one that judges single ones. Also on
            networks that are told classes: see :func:`classes_to_bytes`.
    """
    return _written([(part,) for part in parts])


@torch.no_grad()
def classes_to_bytes(networks: Sequence[nn.Module]) -> bytes:
    """Serialise what a network is for each of its classes: one file, which is hardly longer.

    Args:
        networks: those of class 0, 1, … as ``conditional.generator_of`` and
            ``judging.alone_by_class`` make them. They have the same layers and the same
            tensors, but for linear layers whose weight or bias is another in each: such a
            tensor, a sum of a common part and one of the class, is written class after class
            and in float32.

    Raises:
        ValueError: as :func:`network_to_bytes`, and if they differ elsewhere.
    """
    return _written([tuple(networks)])


def _written(parts: Sequence[Sequence[nn.Module]]) -> bytes:
    """Write parts that follow one another, each for one class or for all of them."""
    for network in (network for part in parts for network in part):
        if isinstance(network, ConditionalGenerator | ProjectionDiscriminator):
            raise ValueError("the format knows no network that is told classes, only those of one")
        if isinstance(network, Discriminator) and network.packing > 1:
            raise ValueError("the format knows no discriminator of packs")
    layers: list[dict[str, Any]] = []
    tensors: dict[str, Tensor] = {}
    ends: list[int] = []
    shape: tuple[int, ...] = ()
    for part in parts:
        for modules in zip(*(_leaves(network) for network in part), strict=True):
            shape = shape or _input_shape(modules[0])
            operation, weights = _as_one([_layer(module, shape) for module in modules])
            names = {role: f"{len(layers)}.{role}" for role in weights}
            tensors |= {names[role]: weight for role, weight in weights.items()}
            layers.append(operation | names)
            shape = _output_shape(modules[0], shape)
        ends.append(len(layers))
    metadata = {
        "format": FORMAT,
        "input": json.dumps(_input_shape(next(_leaves(parts[0][0])))),
        "output": json.dumps(shape),
        "parts": json.dumps(ends),
        "layers": json.dumps(layers),
    }
    return save(tensors, metadata=metadata)


def _as_one(layers: Sequence[Layer]) -> Layer:
    """Put the layers of all classes into one; a tensor that they do not share gets one axis more.

    Raises:
        ValueError: if they differ, and are not linear.
    """
    operation, weights = layers[0]
    if any(other != operation for other, _ in layers):
        raise ValueError("networks of classes must have the same layers")
    whole = {role: _as_one_tensor([one[role] for _, one in layers]) for role in weights}
    if all(tensor.ndim == weights[role].ndim for role, tensor in whole.items()):
        return operation, whole
    if operation["op"] != "linear":
        raise ValueError("the format knows classes in linear layers alone")
    return operation | {"op": "linear_of_class"}, whole


def _as_one_tensor(tensors: Sequence[Tensor]) -> Tensor:
    if all(torch.equal(tensors[0], other) for other in tensors[1:]):
        return _compact(tensors[0])
    return torch.stack([tensor.float() for tensor in tensors])


def _leaves(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers in the order they act; dropout is at rest.

    What makes a layer's weight out of another one is part of the layer.
    """
    parts = [] if is_parametrized(network) else list(network.children())
    if not parts and not isinstance(network, Dropout):
        yield network
    for part in parts:
        yield from _leaves(part)


def _input_shape(first: nn.Module) -> tuple[int, ...]:
    return (first.in_features,) if isinstance(first, nn.Linear) else IMAGE_SHAPE


def _output_shape(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(module, nn.BatchNorm2d | BatchNorm):  # would count this as a batch it has seen
        return shape
    return tuple(module(torch.zeros(1, *shape)).shape[1:])


def _layer(module: nn.Module, shape: tuple[int, ...]) -> Layer:
    match module:
        case nn.Linear():
            return {"op": "linear", "bias": None}, _weights(module)
        case nn.Conv2d() | nn.ConvTranspose2d():
            kind = "conv" if isinstance(module, nn.Conv2d) else "conv_transpose"
            steps = {"stride": module.stride[0], "padding": module.padding[0]}
            return {"op": kind, "bias": None, **steps}, _weights(module)
        case (
            nn.BatchNorm2d(running_mean=Tensor() as mean, running_var=Tensor() as variance)
            | BatchNorm(running_mean=Tensor() as mean, running_var=Tensor() as variance)
        ):
            scale = module.weight / (variance + module.eps).sqrt()
            return {"op": "affine"}, {"scale": scale, "shift": module.bias - mean * scale}
        case nn.ReLU():
            return {"op": "leaky_relu", "slope": 0.0}, {}
        case nn.LeakyReLU():
            return {"op": "leaky_relu", "slope": module.negative_slope}, {}
        case nn.Tanh():
            return {"op": "tanh"}, {}
        case nn.MaxPool2d():
            return {"op": "max_pool", "size": module.kernel_size}, {}
        case nn.Flatten() | nn.Unflatten():
            return {"op": "reshape", "shape": _output_shape(module, shape)}, {}
    raise ValueError(f"the format knows no layer {type(module).__name__}")


def _weights(module: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> dict[str, Tensor]:
    """Return the weights that the layer works with; its parameters may be others."""
    found = {"weight": module.weight, "bias": module.bias}
    return {role: weight for role, weight in found.items() if weight is not None}


def _compact(weight: Tensor) -> Tensor:
    return (weight.half() if weight.ndim > 1 else weight.float()).contiguous()
