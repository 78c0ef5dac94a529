"""Runs on disk: one safetensors file, the recipe as JSON in its header.

Nothing else is ever read: no pickle, no code. Sizes and shapes are checked
on the header before any tensor is loaded.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gan_core.config import SettingError, TrainConfig
from gan_core.models import without_weights
from gan_core.optimizers import COUNTS, MOMENTS

FORMAT = "gan-course-run-1"
MAX_BYTES = 128 * 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024


class CheckpointError(ValueError):
    """A file that is not a usable checkpoint.

    ``code`` says why: "too_large", "pickle", "truncated", "not_a_checkpoint",
    "settings" or "shape".
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"not a usable checkpoint ({code}): {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run as it was saved: ``Trainer(config, data).load_state_dict(state)``."""

    config: TrainConfig
    state: dict[str, Tensor]
    about: dict[str, Any]


def to_bytes(config: TrainConfig, state: Mapping[str, Tensor], **about: Any) -> bytes:
    """Serialise a run; ``about`` is anything JSON can hold."""
    metadata = {
        "format": FORMAT,
        "config": json.dumps(config.to_dict()),
        "about": json.dumps(about),
    }
    return save({key: value.contiguous() for key, value in state.items()}, metadata=metadata)


def write(path: Path, config: TrainConfig, state: Mapping[str, Tensor], **about: Any) -> None:
    """Save a run so that ``path`` holds the old file or the new one, never a part.

    The bytes go to a file beside it, reach the disk, and take its name at once.
    """
    write_atomically(path, to_bytes(config, state, **about))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as one step; a crash leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.*.part"):
        stale.unlink(missing_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)  # mkstemp makes it readable by its owner alone
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def read(path: Path) -> Checkpoint:
    """Load a run from a file.

    Raises:
        CheckpointError: if it is too large (said before it is read), truncated,
            a pickle, of another shape, or holds settings out of range.
        FileNotFoundError: if there is no such file.
    """
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError("too_large", f"more than {MAX_BYTES >> 20} MB")
    return from_bytes(path.read_bytes())


def from_bytes(content: bytes) -> Checkpoint:
    """Load a run from the bytes of a file; raises as :func:`read` does."""
    header = read_header(content)
    metadata = header.pop("__metadata__", {})
    config, about = _settings(metadata)
    _check_shapes(header, config)
    try:
        state = load(content)
    except SafetensorError as error:
        raise CheckpointError("truncated", str(error)) from error
    return Checkpoint(config, state, about)


def read_header(content: bytes) -> dict[str, Any]:
    """Return the JSON header of a safetensors file, after checking its sizes."""
    if len(content) > MAX_BYTES:
        raise CheckpointError("too_large", f"more than {MAX_BYTES >> 20} MB")
    # A header of ours begins with a brace; its length, which comes first, may begin like a pickle.
    if content[8:9] != b"{" and (content[:4] == b"PK\x03\x04" or content[:1] == b"\x80"):
        raise CheckpointError("pickle", "pickled files can run code and are never opened")
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size < 2:
        raise CheckpointError("not_a_checkpoint", "no safetensors header")
    if size > MAX_HEADER_BYTES:
        raise CheckpointError("not_a_checkpoint", "the header is larger than any of ours")
    if len(content) < 8 + size:
        raise CheckpointError("truncated", "the file ends inside its header")
    try:
        header = json.loads(content[8 : 8 + size])
        ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError) as error:
        raise CheckpointError("not_a_checkpoint", "the header is not safetensors") from error
    if not ends or not all(isinstance(end, int) for end in ends):
        raise CheckpointError("not_a_checkpoint", "no tensors inside")
    if len(content) != 8 + size + max(ends):
        raise CheckpointError("truncated", "the file is not as long as its header says")
    return header


def _settings(metadata: Any) -> tuple[TrainConfig, dict[str, Any]]:
    try:
        if metadata["format"] != FORMAT:
            raise KeyError("format")
        values, about = json.loads(metadata["config"]), json.loads(metadata["about"])
        if not isinstance(values, dict) or not isinstance(about, dict):
            raise TypeError("not objects")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError("not_a_checkpoint", "it was not saved by this course") from error
    try:
        return TrainConfig.from_dict(values), about
    except SettingError as error:
        raise CheckpointError("settings", str(error)) from error


def _check_shapes(header: Mapping[str, Any], config: TrainConfig) -> None:
    """Compare names, shapes and types with what a trainer of this config holds."""
    expected, optional = _expected_shapes(config)
    for name, shape in expected.items():
        if name not in header:
            raise CheckpointError("shape", f"{name} is missing")
        _check_entry(name, header[name], shape)
    for name in header.keys() - expected.keys():
        if name not in optional:
            raise CheckpointError("shape", f"{name[:60]} does not belong to this model")
        _check_entry(name, header[name], optional[name])
    for player in ("generator_optimizer.", "discriminator_optimizer."):
        moments = {name for name in optional if name.startswith(player)}
        if 0 < len(moments & header.keys()) < len(moments):
            raise CheckpointError("shape", f"a part of {player[:-1]} is missing")


def _check_entry(name: str, entry: Any, shape: tuple[int, ...]) -> None:
    if entry.get("shape") != list(shape):
        raise CheckpointError("shape", f"{name} has shape {entry.get('shape')}, not {list(shape)}")
    whole = re.search(r"clock$|num_batches_tracked$", name) is not None
    dtype = "I64" if whole else "U8" if name == "random" else "F32"
    if entry.get("dtype") != dtype:
        raise CheckpointError("shape", f"{name} has type {entry.get('dtype')}, not {dtype}")


def _expected_shapes(
    config: TrainConfig,
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
    generator, discriminator = without_weights(config)
    networks = {"generator": generator, "discriminator": discriminator}
    if config.ema_decay:
        networks["average"] = generator
    required = {"random": tuple(torch.Generator().get_state().shape), "clock": (5,)}
    optional: dict[str, tuple[int, ...]] = {"noise": (config.batch_size, generator.inputs)}
    for name, module in networks.items():
        required |= {f"{name}.{key}": tuple(t.shape) for key, t in module.state_dict().items()}
        if name == "average":  # follows the generator without an optimiser
            continue
        for index, weight in enumerate(module.parameters()):
            entry = f"{name}_optimizer.{index}"
            optional |= {f"{entry}.{key}": tuple(weight.shape) for key in MOMENTS[config.optimizer]}
            optional |= {f"{entry}.{key}": () for key in COUNTS[config.optimizer]}
    return required, optional
