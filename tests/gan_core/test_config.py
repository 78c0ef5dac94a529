"""The recipe: defaults, ranges, and what is said of a wrong value."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from gan_core.config import OWN_POINTS, PRESETS, SettingError, TrainConfig, field_range
from gan_core.data import DATASETS
from gan_core.latent import NOISES
from gan_core.losses import LOSSES
from gan_core.models import MODELS
from gan_core.optimizers import OPTIMIZERS
from gan_core.points.sets import POINT_SETS

FIELDS = dataclasses.fields(TrainConfig)
NUMBERS = [spec.name for spec in FIELDS if "range" in spec.metadata]
WHOLE = [spec.name for spec in FIELDS if isinstance(spec.default, int)]
CHOICES = [spec.name for spec in FIELDS if "options" in spec.metadata]


def test_the_defaults_are_the_lessons_gan():
    config = TrainConfig()
    assert (config.latent_dim, config.batch_size, config.dropout) == (100, 64, 0.3)
    assert (config.generator_lr, config.discriminator_lr) == (2e-4, 2e-4)
    assert (config.beta1, config.beta2, config.discriminator_steps) == (0.5, 0.999, 1)
    assert (config.model, config.loss) == ("mlp", "non_saturating")


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        ("model", MODELS),
        ("loss", LOSSES),
        ("dataset", (*DATASETS, *POINT_SETS, OWN_POINTS)),
        ("noise", NOISES),
        ("optimizer", OPTIMIZERS),
    ],
)
def test_the_options_are_the_keys_of_the_registry(name, registry):
    options = next(spec for spec in FIELDS if spec.name == name).metadata["options"]
    assert set(options) == set(registry)


def test_a_game_in_which_nobody_moves_is_refused():
    with pytest.raises(SettingError, match="generator_steps must be at least 1") as caught:
        TrainConfig(discriminator_steps=0, generator_steps=0)
    assert caught.value.name == "generator_steps"
    assert TrainConfig(discriminator_steps=0).generator_steps == 1


def test_the_sizes_and_the_fall_of_rates_change_no_default():
    config = TrainConfig()
    assert (config.generator_steps, config.noise, config.optimizer) == (1, "gaussian", "adam")
    assert config.lr_decay_moves == 0


@pytest.mark.parametrize("key", PRESETS)
def test_every_preset_survives_json(key):
    preset = PRESETS[key]
    assert TrainConfig.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range_are_allowed(name):
    for value in field_range(name):
        assert getattr(TrainConfig(**{name: value}), name) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("outside", ["below", "above"])
def test_a_number_outside_its_range_is_refused_by_name(name, outside):
    low, high = field_range(name)
    value = low - 1 if outside == "below" else high + 1
    limits = f"{low} to {high}" if isinstance(low, int) else f"{low:g} to {high:g}"
    said = rf"^{name} must be .*from {re.escape(limits)}"
    with pytest.raises(SettingError, match=said) as caught:
        TrainConfig(**{name: value})
    assert caught.value.name == name


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 10**400, "1", None, True, [1], 1j],
    ids=["nan", "inf", "-inf", "huge", "text", "none", "bool", "list", "complex"],
)
def test_what_is_not_a_finite_number_is_refused(name, value):
    with pytest.raises(SettingError):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("name", WHOLE)
def test_a_fraction_is_refused_where_a_whole_number_is_meant(name):
    with pytest.raises(SettingError, match="whole number"):
        TrainConfig(**{name: field_range(name)[0] + 0.5})


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", ["", "nonsense", None, 3, ["mlp"]])
def test_an_unknown_option_is_refused_with_the_known_ones(name, value):
    with pytest.raises(SettingError, match=f"^{name} must be one of "):
        TrainConfig(**{name: value})


def test_a_whole_float_becomes_an_int():
    assert isinstance(TrainConfig(batch_size=32.0).batch_size, int)


def test_replace_checks_again():
    with pytest.raises(SettingError, match="batch_size"):
        TrainConfig().replace(batch_size=0)


def test_replace_leaves_the_original_alone():
    config = TrainConfig()
    config.replace(seed=5)
    assert config.seed == 0


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(SettingError, match="colour must be a known setting"):
        TrainConfig.from_dict({"colour": "red"})


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().seed = 1


def test_a_setting_error_is_a_value_error():
    assert issubclass(SettingError, ValueError)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(SettingError) as caught:
        TrainConfig(model="x" * 10_000)
    assert len(str(caught.value)) < 200
