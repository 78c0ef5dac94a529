"""The state of networks and optimisers as flat named tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_core.config import TrainConfig
from gan_core.optimizers import COUNTS, MOMENTS

if TYPE_CHECKING:
    from gan_core.batches import Batches


def gather(
    networks: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer]
) -> dict[str, Tensor]:
    """Return ``network.layer.weight`` and ``optimizer.0.exp_avg``, …; the tensors themselves."""
    state: dict[str, Tensor] = {}
    for name, module in networks.items():
        state |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        for index, entry in optimizer.state_dict()["state"].items():
            state |= {f"{name}.{index}.{key}": value for key, value in entry.items()}
    return state


def restore(
    state: Mapping[str, Tensor],
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
) -> None:
    """Copy such tensors back, bit for bit.

    Raises:
        KeyError, RuntimeError, IndexError: if a tensor is missing or has another shape.
    """
    for name, module in networks.items():
        module.load_state_dict(_part(state, name))
    for name, optimizer in optimizers.items():
        groups = optimizer.state_dict()["param_groups"]
        moments = _by_index(_part(state, name), optimizer.param_groups[0]["params"])
        optimizer.load_state_dict({"state": moments, "param_groups": groups})


def gather_one(
    networks: Mapping[str, nn.Module],
    optimizer: Optimizer,
    random: torch.Generator,
    batches: Batches,
    iteration: int,
) -> dict[str, Tensor]:
    """Return, as copies, all that a training by one optimiser depends on."""
    state = gather(networks, {"optimizer": optimizer})
    state["random"] = random.get_state()
    state["clock"] = torch.tensor((iteration, batches.passes, batches.cursor))
    return {key: value.detach().clone() for key, value in state.items()}


def restore_one(
    state: Mapping[str, Tensor],
    networks: Mapping[str, nn.Module],
    optimizer: Optimizer,
    random: torch.Generator,
    batches: Batches,
    *,
    of: str,
) -> int:
    """Take over a state from :func:`gather_one`, bit for bit; return its iteration.

    ``of``: what it is the state of, for the error.

    Raises:
        ValueError: if a tensor is missing or has another shape.
    """
    try:
        restore(state, networks, {"optimizer": optimizer})
        random.set_state(state["random"])
        iteration, passes, cursor = (int(value) for value in state["clock"])
        if min(iteration, passes, cursor) < 0:
            raise RuntimeError("the clock stands before the beginning")
    except (KeyError, RuntimeError, IndexError) as error:
        raise ValueError(f"the state does not fit this {of}: {error}") from error
    batches.go_to(passes=passes, cursor=cursor)
    return iteration


def adapted(state: Mapping[str, Tensor], config: TrainConfig) -> dict[str, Tensor]:
    """Return a trainer's state as one of another recipe can take it over.

    An average that is not there yet begins as a copy of G; moments of another optimiser and
    noise for another batch size are left out.
    """
    kept = {"average" + key.removeprefix("generator"): w for key, w in state.items() if _is_g(key)}
    kept |= state  # an average that is there goes on
    if "noise" in kept and len(kept["noise"]) != config.batch_size:
        del kept["noise"]
    remembered = (*MOMENTS[config.optimizer], *COUNTS[config.optimizer])
    return {
        key: value
        for key, value in kept.items()
        if "_optimizer." not in key or key.rsplit(".", 1)[1] in remembered
    }


def _is_g(key: str) -> bool:
    return key.startswith("generator.")


def _part(state: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    prefix = name + "."
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def _by_index(flat: dict[str, Tensor], weights: list[Tensor]) -> dict[int, dict[str, Tensor]]:
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in flat.items():
        index, name = key.split(".", 1)
        weight = weights[int(index)]
        # Fused Adam walks through memory: a moment must lie in it as its weight does.
        like = torch.empty_like(weight) if value.shape == weight.shape else torch.empty_like(value)
        entries.setdefault(int(index), {})[name] = like.detach().copy_(value)
    return entries
