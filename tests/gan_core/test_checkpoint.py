"""Runs on disk: bit for bit there and back, and every broken file refused with its reason."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core import checkpoint
from gan_core.checkpoint import CheckpointError
from gan_core.config import TrainConfig
from gan_core.losses import LOSSES
from gan_core.penalties import PENALTIES
from gan_core.trainer import Trainer

ROOT = Path(__file__).parents[2]
SMALL = TrainConfig(model="dcgan", latent_dim=3, batch_size=4, ema_decay=0.9)

# Resuming ---------------------------------------------------------------------------


def played(trainer: Trainer, moves: str) -> Trainer:
    """Make moves: "b" both, "d" D alone, "g" G alone."""
    make = {"b": trainer.step, "d": trainer.step_discriminator, "g": trainer.step_generator}
    for move in moves:
        make[move]()
    return trainer


def revived(content: bytes, pictures: Tensor) -> Trainer:
    saved = checkpoint.from_bytes(content)
    trainer = Trainer(saved.config, pictures)
    trainer.load_state_dict(saved.state)
    return trainer


# Six iterations make an epoch, so "bbbbbbb" ends in the second.
@pytest.mark.parametrize("before", ["", "bb", "bbbbbbb", "bd", "bdd", "d", "g"])
def test_a_resumed_run_goes_on_bit_for_bit(tiny, pictures, assert_same, before):
    trainer = played(Trainer(tiny, pictures), before)
    resumed = revived(checkpoint.to_bytes(tiny, trainer.state_dict()), pictures)
    after = "gbd" if before.endswith("d") else "bbd"
    assert_same(played(resumed, after).state_dict(), played(trainer, after).state_dict())


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_with_any_loss_goes_on_bit_for_bit(tiny, pictures, assert_same, loss):
    goes_on_bit_for_bit(tiny.replace(loss=loss), pictures, assert_same)


@pytest.mark.parametrize(
    "bound",
    [*({key: 0.5} for key in (*PENALTIES, "weight_clip")), {"spectral_norm": "on"}],
    ids=str,
)
def test_a_run_with_any_bound_goes_on_bit_for_bit(tiny, pictures, assert_same, bound):
    goes_on_bit_for_bit(tiny.replace(**bound), pictures, assert_same)


def goes_on_bit_for_bit(config: TrainConfig, pictures: Tensor, assert_same: Any) -> None:
    """Save a run between the two moves of an iteration, and go on from the file."""
    trainer = played(Trainer(config, pictures), "bd")
    resumed = revived(checkpoint.to_bytes(config, trainer.state_dict()), pictures)
    assert_same(played(resumed, "ggdb").state_dict(), played(trainer, "ggdb").state_dict())


def test_a_relativistic_run_goes_on_with_fewer_data(pictures):
    config = SMALL.replace(loss="relativistic")
    content = checkpoint.to_bytes(config, played(Trainer(config, pictures), "bbbbd").state_dict())
    report = revived(content, pictures[:6]).step_generator()
    assert math.isfinite(report.g_loss)


BEFORE_PENALTIES = (
    *("dataset", "model", "loss", "latent_dim", "batch_size", "generator_lr", "discriminator_lr"),
    *("beta1", "beta2", "discriminator_steps", "dropout", "ema_decay", "seed"),
)


def test_a_file_from_before_there_were_penalties_goes_on(tiny, pictures, assert_same):
    trainer = played(Trainer(tiny, pictures), "bd")
    content = checkpoint.to_bytes(tiny, trainer.state_dict())
    settings = {name: tiny.to_dict()[name] for name in BEFORE_PENALTIES}
    resumed = revived(with_settings(content, json.dumps(settings)), pictures)
    assert resumed.config == tiny
    assert_same(played(resumed, "gb").state_dict(), played(trainer, "gb").state_dict())


def test_a_file_with_spectral_norm_does_not_load_without(pictures):
    config = SMALL.replace(spectral_norm="on")
    content = checkpoint.to_bytes(config, Trainer(config, pictures).state_dict())
    settings = json.dumps(SMALL.to_dict())
    assert code(with_settings(content, settings)) == "shape"


def test_a_resumed_run_reports_the_same_numbers(tiny, pictures):
    trainer = played(Trainer(tiny, pictures), "bd")
    resumed = revived(checkpoint.to_bytes(tiny, trainer.state_dict()), pictures)
    assert resumed.step_generator() == trainer.step_generator()
    assert resumed.step() == trainer.step()


def test_loading_into_a_trainer_that_has_moved_on_takes_it_back(tiny, pictures, assert_same):
    trainer = played(Trainer(tiny, pictures), "bd")
    state = trainer.state_dict()
    played(trainer, "bb").load_state_dict(state)
    assert_same(trainer.state_dict(), state)


def test_a_loaded_state_does_not_change_when_training_goes_on(tiny, pictures, assert_same):
    state = played(Trainer(tiny, pictures), "b").state_dict()
    kept = {key: value.clone() for key, value in state.items()}
    trainer = Trainer(tiny, pictures)
    trainer.load_state_dict(state)
    played(trainer, "b")
    assert_same(state, kept)


def test_a_state_survives_a_file(tiny, pictures, tmp_path, assert_same):
    state = played(Trainer(tiny, pictures), "bd").state_dict()
    path = tmp_path / "deep" / "run.safetensors"
    checkpoint.write(path, tiny, state)
    assert_same(checkpoint.read(path).state, state)


def test_the_recipe_survives(tiny, pictures):
    content = checkpoint.to_bytes(tiny, Trainer(tiny, pictures).state_dict())
    assert checkpoint.from_bytes(content).config == tiny


def test_what_is_told_about_a_run_survives(pictures):
    about = {"iteration": 3, "name": "数字", "figures": [1.5, None]}
    content = checkpoint.to_bytes(SMALL, Trainer(SMALL, pictures).state_dict(), **about)
    assert checkpoint.from_bytes(content).about == about


@pytest.mark.parametrize("low_byte", [0x00, 0x50, 0x78, 0x80, 0x88])
def test_a_good_file_is_read_whatever_its_first_byte(pictures, low_byte):
    # The first byte is the low one of the header's length, a multiple of 8; a pickle's is 0x80.
    state = Trainer(SMALL, pictures).state_dict()
    files = (checkpoint.to_bytes(SMALL, state, padding=" " * count) for count in range(0, 512, 4))
    content = next(file for file in files if file[0] == low_byte)
    assert checkpoint.from_bytes(content).config == SMALL


def test_a_checkpoint_of_another_recipe_does_not_load(pictures):
    state = Trainer(SMALL, pictures).state_dict()
    with pytest.raises(ValueError, match="does not fit"):
        Trainer(SMALL.replace(latent_dim=4), pictures).load_state_dict(state)


# Broken files -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(pictures: Tensor) -> bytes:
    """Return a good file: a run with a D-move that waits for G's."""
    return checkpoint.to_bytes(SMALL, played(Trainer(SMALL, pictures), "bd").state_dict())


def opened(content: bytes) -> tuple[dict[str, Any], bytes]:
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def closed(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def code(content: bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.from_bytes(content)
    assert len(str(caught.value)) < 500
    return caught.value.code


def rewritten(content: bytes, **tensors: Tensor | None) -> bytes:
    """Save the run again with some tensors replaced, added or, where None, left out."""
    saved = checkpoint.from_bytes(content)
    state = {key: value for key, value in (saved.state | tensors).items() if value is not None}
    return checkpoint.to_bytes(saved.config, state)


def with_settings(content: bytes, text: str) -> bytes:
    header, body = opened(content)
    header["__metadata__"]["config"] = text
    return closed(header, body)


def test_the_good_file_is_good(whole):
    header, body = opened(whole)
    assert checkpoint.from_bytes(closed(header, body)).config == SMALL


@pytest.mark.parametrize("length", [0, 1, 4, 7])
def test_a_file_without_a_whole_size_is_not_a_checkpoint(whole, length):
    assert code(whole[:length]) == "not_a_checkpoint"


@pytest.mark.parametrize("place", [8, 9, 100, "in the header", "header", "body", "half", "end"])
def test_a_truncated_file_is_called_truncated(whole, place):
    header_end = 8 + int.from_bytes(whole[:8], "little")
    places = {
        "in the header": header_end - 1,
        "header": header_end,
        "body": header_end + 1,
        "half": len(whole) // 2,
        "end": len(whole) - 1,
    }
    assert code(whole[: places.get(place, place)]) == "truncated"


def test_a_file_that_goes_on_after_its_end_is_refused(whole):
    assert code(whole + b"\0") == "truncated"


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_not_a_checkpoint(seed):
    assert code(b"\x01" + random.Random(seed).randbytes(5000)) == "not_a_checkpoint"


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n" + bytes(100), b'{"weights": []}' * 9, b"\0" * 64, b"GIF89a" + bytes(99)],
    ids=["png", "json", "zeros", "gif"],
)
def test_files_of_other_kinds_are_not_checkpoints(content):
    assert code(content) == "not_a_checkpoint"


class _Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def _by_torch(thing: object, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(thing, buffer, **options)
    return buffer.getvalue()


PICKLES = {
    "pickle": pickle.dumps,
    "torch.save": _by_torch,
    "old torch.save": lambda thing: _by_torch(thing, _use_new_zipfile_serialization=False),
}


@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_is_called_a_pickle(kind):
    assert code(PICKLES[kind]({"weight": [1.0]})) == "pickle"


@pytest.mark.parametrize("kind", PICKLES)
def test_a_pickle_is_never_opened(kind, tmp_path):
    with pytest.raises(CheckpointError):
        checkpoint.from_bytes(PICKLES[kind](_Trap(tmp_path / "trace")))
    assert not (tmp_path / "trace").exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(checkpoint.MAX_BYTES + 1)

    def read(_path: Path) -> bytes:
        raise AssertionError("it was read")

    monkeypatch.setattr(Path, "read_bytes", read)
    with pytest.raises(CheckpointError) as caught:
        checkpoint.read(path)
    assert caught.value.code == "too_large"


def test_too_many_bytes_are_refused_before_they_are_parsed(whole, monkeypatch):
    monkeypatch.setattr(checkpoint, "MAX_BYTES", len(whole) - 1)
    assert code(whole) == "too_large"


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.read(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["generator.net.0.weight", "average.net.2.bias", "clock"])
def test_a_missing_tensor_is_refused_by_name(whole, name):
    with pytest.raises(CheckpointError, match=f"{name} is missing") as caught:
        checkpoint.from_bytes(rewritten(whole, **{name: None}))
    assert caught.value.code == "shape"


@pytest.mark.parametrize("part", ["exp_avg", "exp_avg_sq", "step"])
def test_an_optimiser_with_a_part_missing_is_refused(whole, part):
    assert code(rewritten(whole, **{f"discriminator_optimizer.0.{part}": None})) == "shape"


def test_an_optimiser_that_knows_only_some_weights_is_refused(whole):
    parts = ("exp_avg", "exp_avg_sq", "step")
    gone = {f"discriminator_optimizer.0.{part}": None for part in parts}
    assert code(rewritten(whole, **gone)) == "shape"


@pytest.mark.parametrize(
    "name",
    ["extra", "generator.net.9.weight", "generator_optimizer.99.step", "average_optimizer.0.step"],
)
def test_a_tensor_that_does_not_belong_is_refused(whole, name):
    assert code(rewritten(whole, **{name: torch.tensor(1.0)})) == "shape"


@pytest.mark.parametrize(
    "name", ["generator.net.0.weight", "noise", "random", "clock", "generator_optimizer.0.step"]
)
def test_a_tensor_of_another_shape_is_refused(whole, name):
    old = checkpoint.from_bytes(whole).state[name]
    assert code(rewritten(whole, **{name: old.unsqueeze(0)})) == "shape"


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("generator.net.0.weight", torch.float16),
        ("discriminator.net.0.bias", torch.float64),
        ("generator.net.2.num_batches_tracked", torch.int32),
        ("clock", torch.float32),
        ("random", torch.int8),
        ("generator_optimizer.0.step", torch.int64),
    ],
)
def test_a_tensor_of_another_type_is_refused(whole, name, dtype):
    old = checkpoint.from_bytes(whole).state[name]
    assert code(rewritten(whole, **{name: old.to(dtype)})) == "shape"


@pytest.mark.parametrize(
    "change", [{"latent_dim": 4}, {"model": "mlp"}, {"batch_size": 8}, {"ema_decay": 0.0}]
)
def test_weights_of_another_recipe_are_refused(whole, change):
    assert code(with_settings(whole, json.dumps(SMALL.to_dict() | change))) == "shape"


@pytest.mark.parametrize("lie", [2, 100, -1, 1, 10**6])
def test_a_size_that_lies_is_refused(whole, lie):
    size = int.from_bytes(whole[:8], "little")
    told = size + lie if lie in (-1, 1) else lie
    assert code(told.to_bytes(8, "little") + whole[8:]) in ("not_a_checkpoint", "truncated")


@pytest.mark.parametrize("told", [checkpoint.MAX_HEADER_BYTES + 1, 2**63, 2**64 - 1])
def test_a_header_larger_than_any_of_ours_is_refused(whole, told):
    assert code(told.to_bytes(8, "little") + whole[8:]) == "not_a_checkpoint"


SETTINGS = {
    "latent_dim too small": '{"latent_dim": 0}',
    "latent_dim too large": '{"latent_dim": 1000000000}',
    "latent_dim endless": '{"latent_dim": 1e999}',
    "latent_dim of 400 digits": '{"latent_dim": ' + "9" * 400 + "}",
    "batch size as text": '{"batch_size": "64"}',
    "seed as list": '{"seed": [1]}',
    "learning rate not a number": '{"generator_lr": NaN}',
    "unknown model": '{"model": "transformer"}',
    "model as object": '{"model": {"a": 1}}',
    "unknown setting": '{"colour": "red"}',
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_out_of_range_are_refused(whole, kind):
    assert code(with_settings(whole, SETTINGS[kind])) == "settings"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "[" * 200_000], ids=["", "{", "[]", "3", "null", "deep"]
)
def test_settings_that_are_no_json_object_are_not_a_checkpoint(whole, text):
    assert code(with_settings(whole, text)) == "not_a_checkpoint"


@pytest.mark.parametrize("name", ["format", "config", "about"])
def test_a_file_without_our_metadata_is_not_a_checkpoint(whole, name):
    header, body = opened(whole)
    del header["__metadata__"][name]
    assert code(closed(header, body)) == "not_a_checkpoint"


@pytest.mark.parametrize("metadata", [None, [], "text", 3, {}, {"format": "other"}])
def test_metadata_of_another_kind_are_not_a_checkpoint(whole, metadata):
    header, body = opened(whole)
    assert code(closed(header | {"__metadata__": metadata}, body)) == "not_a_checkpoint"


@pytest.mark.parametrize(
    "header",
    [b"[]", b"3", b"null", b"{}", b"\xff\xfe\xfa", b"[" * 400_001, b'{"a":' * 100_000],
    ids=["list", "number", "null", "empty", "no text", "deep list", "deep object"],
)
def test_a_header_of_another_kind_is_not_a_checkpoint(header):
    assert code(closed(header, b"")) == "not_a_checkpoint"


ENTRIES = {
    "number": 3,
    "text": "weights",
    "null": None,
    "list": [],
    "no offsets": {"dtype": "F32", "shape": []},
    "offsets as text": {"dtype": "F32", "shape": [], "data_offsets": "04"},
    "one offset": {"dtype": "F32", "shape": [], "data_offsets": [0]},
    "shape as number": {"dtype": "I64", "shape": 5, "data_offsets": [0, 40]},
    "shape null": {"dtype": "I64", "shape": None, "data_offsets": [0, 40]},
    "shape of objects": {"dtype": "I64", "shape": [{}], "data_offsets": [0, 40]},
    "dtype as list": {"dtype": ["I64"], "shape": [5], "data_offsets": [0, 40]},
    "offsets turned round": {"dtype": "I64", "shape": [5], "data_offsets": [40, 0]},
    "offsets below zero": {"dtype": "I64", "shape": [5], "data_offsets": [-40, 0]},
    "offsets of another": {"dtype": "I64", "shape": [5], "data_offsets": [1, 41]},
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_crooked_entry_is_refused(whole, kind):
    header, body = opened(whole)
    assert code(closed(header | {"clock": ENTRIES[kind]}, body)) in (
        "not_a_checkpoint",
        "shape",
        "truncated",
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_header_with_scrambled_bytes_is_refused_or_read_but_never_worse(whole, seed):
    chance = random.Random(seed)
    size = int.from_bytes(whole[:8], "little")
    for _ in range(20):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            spoilt[8 + chance.randrange(size)] = chance.choice(b'09-"{}[],:.eE nulltrue')
        with contextlib.suppress(CheckpointError):
            read = checkpoint.from_bytes(bytes(spoilt))
            assert "clock" in read.state


# Saving -------------------------------------------------------------------------------

SAVER = """
import json, os, random, signal, sys, time
from pathlib import Path
import torch
from gan_core import checkpoint
from gan_core.config import TrainConfig
from gan_core.trainer import Trainer

torch.set_num_threads(1)
path = Path(sys.argv[1])
config = TrainConfig(model="dcgan", latent_dim=3, batch_size=4)
data = torch.zeros(8, 1, 28, 28)
states = [Trainer(config.replace(seed=seed), data).state_dict() for seed in (0, 1)]
checkpoint.write(path, config, states[0], which=0)
for _ in range(10):
    child = os.fork()
    if child == 0:
        try:
            while True:
                for which in (1, 0):
                    checkpoint.write(path, config, states[which], which=which)
        finally:
            os._exit(1)
    time.sleep(random.uniform(0.002, 0.06))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    saved = checkpoint.read(path)
    expected = states[saved.about["which"]]
    whole = all(torch.equal(saved.state[key], expected[key]) for key in expected)
    print(json.dumps({"killed": os.WTERMSIG(status), "whole": whole}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 needs a POSIX system")
def test_a_save_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "run.safetensors"
    outcome = subprocess.run(
        [sys.executable, "-c", SAVER, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    kills = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert kills == [{"killed": 9, "whole": True}] * 10


def test_what_a_killed_save_left_is_cleaned_by_the_next(tmp_path, pictures):
    path = tmp_path / "run.safetensors"
    (tmp_path / f".{path.name}.abc123.part").write_bytes(b"half a file")
    checkpoint.write(path, SMALL, Trainer(SMALL, pictures).state_dict())
    assert list(tmp_path.iterdir()) == [path]


def test_what_others_left_is_not_touched(tmp_path):
    other = tmp_path / ".other.safetensors.abc123.part"
    other.write_bytes(b"somebody else's")
    checkpoint.write_atomically(tmp_path / "run.safetensors", b"new")
    assert other.exists()


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"old")

    def full(*_arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(f"gan_core.checkpoint.os.{failing}", full)
    with pytest.raises(OSError, match="no space"):
        checkpoint.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_reach_the_disk_before_they_take_the_name(tmp_path, monkeypatch):
    order: list[str] = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr("gan_core.checkpoint.os.fsync", lambda f: (order.append("fsync"), sync(f)))
    monkeypatch.setattr(
        "gan_core.checkpoint.os.replace", lambda a, b: (order.append("replace"), replace(a, b))
    )
    checkpoint.write_atomically(tmp_path / "file", b"new")
    assert order == ["fsync", "replace"]


def test_a_saved_file_may_be_read_by_others(tmp_path):
    checkpoint.write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
